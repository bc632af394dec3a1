"""The circuits of the examples: drawn, counted, and placed on two devices of different kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runtime.files import write_text
from .spec import Example

if TYPE_CHECKING:
    from ..runtime.model import Model

#: Snapshots of devices that come with `qiskit-ibm-runtime`.
BACKENDS = ("fake_torino", "fake_sherbrooke")
STEPS = 20
HEAD = f"""# Circuits of the gallery

Every example that is a circuit over its {STEPS} steps: counted as written
(`qrnnc info FILE --steps {STEPS}`), then one step as it is placed and routed for snapshots of
devices (`qrnnc compile FILE --backend NAME -O 2`): two-qubit gates, their depth, how long it takes,
and the probability that none of its gates fails, by the devices' own error rates. An example that
is not here has no qubits, computes with classical numbers between the circuits of a step, or
evolves exactly: `qrnnc compile` says which. A circuit that projects on bits of the data has them
all 1. Written by `qrnnc gallery --circuits --write`.

"""


def cost(file: str, hyper: Mapping[str, Any]) -> dict[str, Any]:
    """Of a model over `STEPS` steps: `qubits`, `depth`, `gates`, `two_qubit`, `devices` by name.

    A device's entry is the compiler's report of the step that repeats, or `error`, a code; a model
    that no single circuit can say has `error` alone.
    """
    from ..diagnostics import CompileError
    from ..runtime.load import load

    model = load(Path(file), set=dict(hyper))
    params = _angles(model)
    # Half of what an input may be is inside the domain of every encoding.
    x = _constant(model, 0.5)
    try:
        circuit = model.to_qiskit(STEPS)
    except CompileError as error:
        if error.diagnostics[0].code != "E0603":
            return {"error": error.diagnostics[0].code}
        x = _constant(model, 1.0)  # bits of the data that are projected on
        circuit = model.to_qiskit(STEPS, params, x)
    if isinstance(circuit, list):
        (circuit,) = circuit
    return {
        "qubits": circuit.num_qubits,
        "depth": circuit.depth(),
        "gates": circuit.size(),
        "two_qubit": circuit.num_nonlocal_gates(),
        "devices": {name: _on(model, params, x, name) for name in BACKENDS},
    }


def _constant(model: Model, value: float) -> dict[str, Any]:
    import numpy as np

    return {p.name: np.full((STEPS, *p.shape), value) for p in model.closed.inputs}


def _angles(model: Model) -> dict[str, Any]:
    """Parameters as they start; drawn from a circle where all start at 0, which is no gate."""
    import numpy as np

    params = model.init(0)
    if any(params[name].any() for name in model.trained):
        return params
    rng = np.random.default_rng(0)
    drawn = {name: rng.uniform(0, 2 * np.pi, params[name].shape) for name in model.trained}
    return {**params, **drawn}


def _on(
    model: Model, params: Mapping[str, Any], x: Mapping[str, Any], backend: str
) -> dict[str, Any]:
    from ..diagnostics import CompileError

    found: list[Mapping[str, Any]] = []
    try:
        model.to_qiskit(STEPS, params, x, backend=backend, report=found.append, optimize=2)
    except CompileError as error:
        return {"error": error.diagnostics[0].code}
    return dict(found[0])


def draw(file: str, hyper: Mapping[str, Any], path: Path) -> None:
    """The cell's drawing as SVG, written to `path`. Raises OSError."""
    from ..runtime.load import load

    load(Path(file), set=dict(hyper)).draw(path)


def page(found: Sequence[tuple[Example, Mapping[str, Any]]]) -> str:
    """A table of what `cost` gave, by example; those that are no circuit are left out."""
    names = " | ".join(BACKENDS)
    lines = [f"| example | qubits | depth | gates | two-qubit gates | {names} |"]
    lines.append("|---" * (5 + len(BACKENDS)) + "|")
    for example, result in found:
        if "error" in result:
            continue
        counts = [result[key] for key in ("qubits", "depth", "gates", "two_qubit")]
        devices = [_said(result["devices"][name]) for name in BACKENDS]
        link = f"[{example.title}](../examples/{example.name}/README.md)"
        lines.append(f"| {' | '.join([link, *map(str, counts), *devices])} |")
    drawings = [
        f"\n## {example.title}\n\n![{example.name}](../examples/{example.name}/cell.svg)\n"
        for example, result in found
        if "error" not in result
    ]
    return HEAD + "\n".join(lines) + "\n" + "".join(drawings)


def _said(device: Mapping[str, Any]) -> str:
    if "error" in device:
        return f"– ({device['error']})"
    return (
        f"{device['two_qubit']:g}, depth {device['two_qubit_depth']:g}, "
        f"{1e6 * device['seconds']:.3g} µs, {device['success']:.3f}"
    )


def publish(found: Sequence[tuple[Example, Mapping[str, Any]]]) -> None:
    """Writes `docs/gallery_circuits.md`, and the drawings beside the examples. Raises OSError."""
    for example, result in found:
        if "error" not in result:
            first = example.experiments[0]
            draw(str(example.folder / first.file), first.set, example.folder / "cell.svg")
    docs = found[0][0].folder.parents[1] / "docs"
    write_text(docs / "gallery_circuits.md", page(found))
