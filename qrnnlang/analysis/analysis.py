"""All quantities of a model, measured in one go."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..diagnostics import CompileError
from .along import stages
from .capacity import capacity
from .contraction import contraction
from .cost import cost
from .entanglement import entanglement
from .entangling import entangling
from .expressibility import SAMPLES, expressibility
from .finding import Finding, NotDefined
from .fisher import fisher
from .flow import flow
from .fourier import fourier
from .landscape import landscape
from .plateau import plateau
from .pure import States, sampled
from .subject import Subject, subject

if TYPE_CHECKING:
    from ..runtime.data import Dataset
    from ..runtime.model import Model

#: Every quantity, in the order of a report: what it asks.
QUANTITIES = {
    "flow": "do gradients vanish or explode through time?",
    "contraction": "how fast is a change of the state forgotten?",
    "plateau": "how does the variance of gradients fall with size and steps?",
    "landscape": "what does the loss look like along random lines?",
    "fisher": "how many directions of the parameters matter?",
    "expressibility": "how evenly do the circuit's states fill the space?",
    "entangling": "how entangled are they?",
    "capacity": "which functions of past inputs can be read out?",
    "fourier": "which frequencies of the input can an output have?",
    "entanglement": "how entangled is the memory with what is thrown away?",
    "cost": "what does it cost, simulated and on a device?",
}


@dataclass(frozen=True)
class Analysis:
    """`findings` by name, `undefined`: why a quantity has no meaning here; `seconds` of each."""

    name: str
    cell: str
    findings: Mapping[str, Finding]
    undefined: Mapping[str, str]
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Plain values. Times are left out: same model, same seed, same text."""
        return {
            "model": self.name,
            "cell": self.cell,
            "findings": {name: f.as_json() for name, f in self.findings.items()},
            "undefined": dict(self.undefined),
        }


def analyze(
    model: Model,
    only: Sequence[str] | None = None,
    *,
    cell: str | None = None,
    params: Mapping[str, Any] | None = None,
    data: Dataset | None = None,
    domain: tuple[float, float] | None = None,
    along: int | None = None,
    seed: int = 0,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Analysis:
    """Measures the quantities of a model's cell.

    Args:
        only: names of `QUANTITIES`; default: all.
        cell: the instance or name of the cell, where the model has several.
        params: analyse these values, such as trained ones; default: random starts.
        data: where real inputs come from (`model.data()`); default: random inputs.
        domain: the interval of random inputs.
        along: measure gradient flow also at so many places of a training, start and end included.
        options: arguments of single quantities by name, e.g. {"flow": {"steps": 50}}.
        tell: is told the name of each quantity before it is measured.

    Raises ValueError for names that do not exist and for options that make no sense.
    """
    wanted = list(QUANTITIES) if only is None else list(only)
    for name in [*wanted, *(options or {})]:
        if name not in QUANTITIES:
            raise ValueError(f"there is no quantity `{name}`; there are {', '.join(QUANTITIES)}")
    of = subject(model, cell, params, data, domain)
    if along is not None and along < 2:
        raise ValueError("a training has a start and an end: `along` is at least 2")
    measure = Measures(of, seed)
    findings, undefined, seconds = {}, {}, {}
    for name in wanted:
        if tell is not None:
            tell(name)
        started = time.monotonic()
        try:
            given = dict((options or {}).get(name, {}))
            if name == "flow" and along is not None:
                given["stages"] = stages(model, data, along, seed)
            findings[name] = measure(name, given)
        except NotDefined as error:
            undefined[name] = str(error)
        except CompileError as error:
            undefined[name] = error.diagnostics[0].message
        seconds[name] = time.monotonic() - started
    return Analysis(model.closed.name, of.name, findings, undefined, seconds)


@dataclass(eq=False)
class Measures:
    """One quantity after the other, sharing what two of them need."""

    of: Subject
    seed: int
    _states: list[States] | None = None

    def __call__(self, name: str, options: dict[str, Any]) -> Finding:
        options.setdefault("seed", self.seed)
        match name:
            case "expressibility" | "entangling":
                if self._states is None and self.of.trained:
                    self._states = sampled(self.of, SAMPLES, self.seed)
                measure = expressibility if name == "expressibility" else entangling
                return measure(self.of, states=self._states, **options)
        found: Finding = _BY_NAME[name](self.of, **options)
        return found


_BY_NAME: dict[str, Callable[..., Finding]] = {
    "flow": flow,
    "contraction": contraction,
    "plateau": plateau,
    "landscape": landscape,
    "fisher": fisher,
    "capacity": capacity,
    "fourier": fourier,
    "entanglement": entanglement,
    "cost": cost,
}
