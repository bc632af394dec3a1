"""The seams of a circuit: what only the whole of it shows, in three sweeps over its instructions.

Forwards, what is known of qubits in |0⟩ (the first step); backwards, what nothing later feels (the
last step, and steps whose read-outs are measured elsewhere); then runs of known gates on one qubit.
Contract: the distribution of all classical bits stays, and at level 1, where the second and third
are left out, the state of the carried qubits.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from itertools import accumulate, chain, compress
from typing import NamedTuple

import numpy as np

from ..ir.gates import Matrix, unitary
from ..passes.light_cone import DEAD, Felt
from ..passes.line import Polynomial, Stamp, constant
from ..passes.single import euler
from ..passes.zeros import Zeros
from .program import Instr, Program
from .symbols import mul

_ONE: Polynomial = ((1.0, ()),)


def tidy(program: Program, level: int) -> None:
    """Rewrites the instructions of a program in place."""
    instrs = _forwards(program)
    if level > 1 and program.metadata["outputs"]:
        instrs = _backwards(program, instrs)
    program.instrs = _singles(program, instrs) if level > 1 else instrs


class _Look(NamedTuple):
    """Which instructions of a step stay (None: all), what is felt before it, its new shape."""

    kept: list[bool] | None
    how: dict[int, int]
    shape: object


def unfelt(program: Program) -> None:
    """Removes what no later measurement feels, and nothing else; the steps' bounds move along.

    Steps of the same gates of which the same is felt are looked at once.
    """
    if not any(i.name == "measure" for i in program.instrs):
        return
    felt = Felt()
    known: dict[Hashable, _Look] = {}
    pieces: list[list[Instr]] = []
    shapes: list[object] = []
    ends = [0, *program.bounds, len(program.instrs)]
    given = [None, *program.shapes]
    for a, b, shape in zip(reversed(ends[:-1]), reversed(ends[1:]), reversed(given), strict=True):
        instrs = program.instrs[a:b]
        looks = shape or tuple([(i.name, i.qubits, i.when is None) for i in instrs])
        key = looks, frozenset(felt.how.items())
        look = known.get(key)
        if look is None:
            kept = [_felt(program, felt, instr) for instr in reversed(instrs)]
            everything = all(kept)
            left = shape if everything or shape is None else object()
            look = known[key] = _Look(None if everything else kept[::-1], dict(felt.how), left)
        felt.how = dict(look.how)
        pieces.append(instrs if look.kept is None else list(compress(instrs, look.kept)))
        shapes.append(look.shape)
    pieces.reverse()
    program.bounds = list(accumulate(map(len, pieces)))[:-1]
    program.instrs = list(chain.from_iterable(pieces))
    program.shapes = shapes[-2::-1]


def _stamp(instr: Instr) -> Stamp:
    return Stamp(instr.name, instr.qubits, (_ONE,) * len(instr.angles), instr.when)


def _forwards(program: Program) -> list[Instr]:
    known = Zeros(set(range(program.qubits)))
    out: list[Instr] = []
    for instr in program.instrs:
        match instr.name:
            case "measure" | "barrier" | "store":
                out.append(instr)
            case "reset":
                if not known.zero.issuperset(instr.qubits):
                    out.append(instr)
                if instr.when is None:
                    known.zero.update(instr.qubits)
            case name if name in program.customs:
                known.zero.difference_update(instr.qubits)
                out.append(instr)
            case _ if known.zero.isdisjoint(instr.qubits):
                out.append(instr)
            case _:
                stamp = _stamp(instr)
                left = known.gate(stamp)
                if left is stamp:
                    out.append(instr)
                elif left is not None:
                    factors = (constant(a) or 0.0 for a in left.angles)
                    angles = tuple(mul(c, a) for c, a in zip(factors, instr.angles, strict=True))
                    out.append(instr._replace(name=left.name, qubits=left.wires, angles=angles))
    return out


def _backwards(program: Program, instrs: list[Instr]) -> list[Instr]:
    felt = Felt()
    out = [instr for instr in reversed(instrs) if _felt(program, felt, instr)]
    out.reverse()
    return out


def _felt(program: Program, felt: Felt, instr: Instr) -> bool:
    """Goes back over an instruction; False if nothing feels it."""
    match instr.name:
        case "measure":
            felt.measured(instr.qubits, instr.when is not None)
        case "reset" if instr.when is None:
            keep = any(felt.how.get(q, DEAD) != DEAD for q in instr.qubits)
            felt.begun(instr.qubits)
            return keep
        case "reset":
            return felt.whole(instr.qubits)
        case "barrier" | "store" | "renew":
            pass
        case name if name in program.customs:
            return felt.whole(instr.qubits)
        case _:
            return felt.gate(_stamp(instr))
    return True


def _singles(program: Program, instrs: list[Instr]) -> list[Instr]:
    out: list[Instr | None] = []
    runs: dict[int, list[int]] = {}

    def close(qubit: int) -> None:
        run = runs.pop(qubit, ())
        if len(run) > 1:
            gates = [out[i] for i in run]
            for i in run:
                out[i] = None
            out[run[-1]] = _joined([g for g in gates if g is not None])

    for instr in instrs:
        plain = (
            len(instr.qubits) == 1
            and instr.when is None
            and not instr.clbits
            and instr.name not in ("reset", "barrier")
            and instr.name not in program.customs
            and all(isinstance(a, float) for a in instr.angles)
        )
        if plain:
            runs.setdefault(instr.qubits[0], []).append(len(out))
        else:
            for qubit in instr.qubits:
                close(qubit)
        out.append(instr)
    for qubit in list(runs):
        close(qubit)
    return [i for i in out if i is not None]


def _joined(run: list[Instr]) -> Instr | None:
    whole = _matrix(run[0].name, run[0].angles)
    for instr in run[1:]:
        whole = _matrix(instr.name, instr.angles) @ whole
    angles = euler(*(complex(x) for x in whole.ravel()))
    return None if angles is None else run[0]._replace(name="u", angles=angles)


@lru_cache(maxsize=4096)
def _matrix(name: str, angles: tuple[float, ...]) -> Matrix:
    return np.asarray(unitary(name, angles))
