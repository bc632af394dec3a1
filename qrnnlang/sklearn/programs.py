"""The model that an estimator trains: the user's own, or a cell with a linear layer behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from ..runtime.load import load, load_parts, loads
from ..runtime.model import Model
from ..runtime.starting import STARTS, probed, used

#: The name of the model that is written around a cell.
NAME = "Estimated"
#: Models that are kept compiled: fitting again, as a search does, compiles nothing.
_KEPT = 16
_HEAD = """
model {name} {{
    use cell = {use};
    use head = Linear(inputs = {width}, outputs = {outputs});
    input x: seq real{dims};
    target y: {target};
    output {output} = head(last(cell(x)));
    loss {loss}({output}, y);
    train {{ optimizer = adam(lr = 0.05); epochs = 100; batch = 32; }}
}}
"""


def given_model(given: Any, hyper: Mapping[str, Any], features: int) -> Model:
    """What the user gave, compiled; without a loss it is a cell that one is written around.

    `given`: a model, the path of a file, the text of a source, or the name of a cell of `std`.
    Raises TypeError, ValueError, DataError or CompileError.
    """
    match given:
        case Model():
            if hyper:
                raise ValueError("hyperparameters go with a name, a file or a text, not a Model")
            return given
        case str() if given.isidentifier():
            if given not in STARTS or given == "Bausch":
                known = ", ".join(cell for cell in STARTS if cell != "Bausch")
                raise ValueError(f"no cell to estimate with is called `{given}`; there are {known}")
            return probed(given, features, hyper)
        case Path():
            return load(given, set=hyper)
        case str():
            return load(given, set=hyper) if given.endswith(".qrnn") else loads(given, set=hyper)
    raise TypeError(f"model is a name, a path, a source or a Model, not {type(given).__name__}")


def trainable(
    given: Any, hyper: Mapping[str, Any], features: int, outputs: int, labels: int
) -> Model:
    """A model with a loss, for a target of `outputs` numbers, or of `labels` classes if not 0.

    Raises what `given_model` raises, and ValueError for a model that does not fit.
    """
    model = given_model(given, hyper, features)
    if model.closed.loss is not None:
        return model
    program = model.program
    outs, ins = model.closed.outputs, model.closed.inputs
    if len(ins) != 1 or len(outs) != 1 or ins[0].labels is not None:
        raise ValueError(f"`{model.closed.name}` needs one input of real numbers and one output")
    if given in STARTS if isinstance(given, str) else False:
        text, use = "qrnn 1.0;\nimport std.cells;\n", used(given, features, hyper)
    elif re.search(rf"\bcell\s+{program.entry}\b", program.text):
        text, use = program.text, used(program.entry, features, program.hyper)
    else:
        raise ValueError(f"`{program.entry}` has no loss: add `loss mse(prediction, target);`")
    whole = text + _HEAD.format(
        name=NAME,
        use=use,
        width=prod(outs[0].shape),
        outputs=labels or outputs,
        dims=f"[{ins[0].shape[0]}]" if ins[0].shape else "",
        target=f"class[{labels}]" if labels else f"real[{outputs}]",
        output="logits" if labels else "pred",
        loss="cross_entropy_logits" if labels else "mse",
    )
    return _compiled(whole, tuple(program.imports.items()), model.precision)


@lru_cache(_KEPT)
def _compiled(text: str, imports: Any, precision: Any) -> Model:
    return load_parts(text, dict(imports), NAME, {}, precision)
