"""Generated programs in the front end: accepted, formatted, and the whole grammar among them."""

from __future__ import annotations

import random
import re
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings

from qrnnlang.diagnostics import Source
from qrnnlang.sema import check_text
from qrnnlang.sema.functions import ELEMENTWISE, REDUCTIONS
from qrnnlang.sema.gates import GATES
from qrnnlang.sema.iterators import NAMES as ITERATORS
from qrnnlang.sema.seqs import LOSSES
from qrnnlang.sema.training import KEYS, METHODS, SCHEDULES
from qrnnlang.syntax import parse
from qrnnlang.syntax.compare import same_tree
from qrnnlang.syntax.format import WIDTH, format_source

from .programs import program, programs
from .running import load

SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40)


@given(programs)
@SETTINGS
def test_they_are_accepted(text: str) -> None:
    assert [d for d in check_text(text) if d.severity == "error"] == []
    load(text)


@given(programs)
@SETTINGS
def test_formatting_changes_no_tree_and_is_stable(text: str) -> None:
    formats(text)


def formats(text: str) -> None:
    file, errors = parse(Source("t", text))
    assert errors == ()
    once = format_source(Source("t", text))
    again, errors = parse(Source("t", once))
    assert errors == ()
    assert same_tree(file, again)
    assert format_source(Source("t", once)) == once
    assert all(len(line) <= WIDTH for line in once.splitlines())


@pytest.mark.long
@pytest.mark.parametrize("start", range(0, 2000, 200))
def test_many(start: int) -> None:
    for seed in range(start, start + 200):
        text = program(random.Random(seed))
        assert [d for d in check_text(text) if d.severity == "error"] == [], seed
        load(text)
        formats(text)


# --- what is among them -------------------------------------------------------------------------

#: Of each: a regular expression that finds it in the text of a program.
CONSTRUCTS = {
    **{f"gate {name}": rf"\b{name}(\(.*\))? [\w\[]" for name in GATES if name != "gphase"},
    **{f"function {name}": rf"\b{name}\(" for name in (*ELEMENTWISE, *REDUCTIONS)},
    **{f"iterator {name}": rf" in (enumerate\()?{name}\(" for name in ITERATORS},
    **{f"loss {name}": rf"(loss|metric) {name}\(" for name in LOSSES},
    **{f"optimizer {name}": rf"optimizer = {name}\(" for name in METHODS if name != "ridge"},
    **{f"schedule {name}": rf"schedule = {name}\(" for name in SCHEDULES},
    **{f"train {name}": rf"    {name} = " for name in KEYS},
    **{f"data {name}": rf"    {name} = " for name in ("window", "stride", "split", "scale", "shuffle")},
    **{f"sequence {name}": rf"= {name}\(" for name in ("last", "first", "skip", "reverse", "mean")},
    **{f"item {name}": rf"(?m)^{name} " for name in ("const", "def", "extern def", "gate", "cell", "model")},
    **{f"source {name}": rf"data {name}" for name in ("csv", "npz", "series")},
    "import": r"(?m)^import std\.\w+;",
    "import as": r"(?m)^import std\.\w+ as \w+;",
    "gate of a module": r"(?m)^ +\w+\.\w+\(.*\) .*;",
    "size from an argument": r"def \w+\(.*real\[n\d*\]",
    "default of a def": r"def \w+\(.*real = ",
    "argument by name": r"\b\w+\(\w+ = [^;]*\)[^;]*;",
    "recursion": r"gate (\w+)\(\w+: int[^}]*\b\1\(\w+ - 1",
    "hyperparameter int": r"cell \w+\(.*: int = ",
    "hyperparameter real": r"cell \w+\(.*: real = ",
    "hyperparameter bool": r"cell \w+\(.*: bool = ",
    "hyperparameter string": r"cell \w+\(.*: string = ",
    "hyperparameter without a default": r"cell \w+\((.*, )?\w+: (int|real|bool|string)[,)]",
    "override": r"use \w+ = Cell\d*\(.*\w = ",
    "class input": r"input \w+: class",
    "seq class": r"seq class",
    "carry qubit": r"carry \w+: qubit",
    "carry prepared": r"carry \w+: qubit(\[\w+\])? \{",
    "carry real": r"carry \w+: real",
    "carry from a value": r"carry \w+: real.* = ",
    "carry bit": r"carry \w+: bit;",
    "carry bits": r"carry \w+: bit\[",
    "fresh": r"fresh \w+: qubit",
    "haar": r"unitary\[\d\] ~ haar",
    "fixed": r"fixed \w+: (real|angle)",
    "uniform": r"~ uniform\(",
    "normal": r"~ normal\(",
    "param with a start": r"param \w+: .* = ",
    "indexed output": r"output \w+\[",
    "row of an output": r"output \w+\[\w+, \.\.\]",
    "next of a real": r"next c\d* = tanh",
    "next of an entry": r"next c\d*\[",
    "next of a bit": r"next flag\d* = ",
    "next measures": r"next \w+ = measure ",
    "relabelling": r"next m\d* = \[",
    "measure": r"let \w+ = measure ",
    "measure alone": r"(?m)^ +measure ",
    "feedback in a shot": r"if \((flag|b)\d*\) \{",
    "feedback of the ensemble": r"r[xyz]\(.*expect\(.*\) \w",
    "postselect on a number": r"postselect \S+ == \d",
    "postselect on a string": r'postselect .* == "',
    "postselect on bits": r"postselect .* == bits\(",
    "postselect as a value": r"let \w+ = postselect ",
    "prepare real": r"prepare\([^,;]*\) \w",
    "prepare complex": r"(?m)^ +prepare\(.*, .*\) [\w\[]",
    "apply": r"\bapply\(",
    "evolve": r"evolve\([^;]*\);",
    "evolve in steps": r"evolve\(.*steps = ",
    "evolve of second order": r"evolve\(.*order = 2",
    **{f"noise {c}": rf"\b{c}\(" for c in ("bit_flip", "phase_flip", "depolarizing", "amplitude_damping", "phase_damping", "pauli_channel")},
    "barrier": r"barrier \w",
    "barrier of all": r"barrier;",
    "reset": r"reset \w",
    **{f"modifier {m}": rf"{m}( |\(.*\) )@" for m in ("ctrl", "negctrl", "inv", "pow")},
    "controls": r"ctrl\(len\(.*\)\) @",
    "comprehension": r"\[.* for \w+ in .*\]",
    "two clauses": r"for \w+ in [^;{]*, \w+ in [^;{]*\{",
    "prob of bits": r"prob\((flag|b)\d*\)",
    "prob of an event": r"prob\(.* == ",
    "join": r"= \[\w+, \w+\];",
    "else if": r"\} else if \(",
    "matrix product": r"\) @ \(",
    "record": r"\b\w+\.y\d*\b",
}  # fmt: skip


@cache
def corpus() -> str:
    return "\n".join(program(random.Random(seed)) for seed in range(400))


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_the_whole_grammar_is_among_them(name: str) -> None:
    assert re.search(CONSTRUCTS[name], corpus()), name
