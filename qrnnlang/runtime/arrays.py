"""Arrays from the user: names, shapes and values, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import DataError
from ..sema.closed import ClosedModel, Port
from ..sema.report import suggestion

Arrays = dict[str, NDArray[Any]]


def by_name(what: str, ports: tuple[Port, ...], given: Any) -> dict[str, Any]:
    """A dict by name; a single input or target may be given bare.

    Raises ValueError for missing and unknown names.
    """
    if not isinstance(given, Mapping):
        if len(ports) != 1:
            names = ", ".join(f"`{p.name}`" for p in ports)
            has = (
                f"the model has {len(ports)} {what}s: {names}"
                if ports
                else f"the model has no {what}"
            )
            raise ValueError(f"{has}; give a dict by name")
        return {ports[0].name: given}
    known = [p.name for p in ports]
    for name in given:
        if name not in known:
            hint = suggestion(str(name), known) or f"it has {', '.join(f'`{k}`' for k in known)}"
            raise ValueError(f"the model has no {what} `{name}`; {hint}")
    missing = [k for k in known if k not in given]
    if missing:
        raise ValueError(f"missing {what} " + ", ".join(f"`{m}`" for m in missing))
    return {k: given[k] for k in known}


def checked(what: str, ports: tuple[Port, ...], given: Any) -> Arrays:
    """Arrays (batch, steps, …) or (batch, …) with shapes, types and values checked."""
    found = {
        port.name: _one(what, port, value)
        for port, value in zip(ports, by_name(what, ports, given).values(), strict=True)
    }
    agree(ports, found)
    return found


def evened(what: str, ports: tuple[Port, ...], given: Any, lengths: Any = None) -> tuple[Any, Any]:
    """Lists of sequences of different length as rectangular arrays, and how many steps count.

    Whatever else is given comes back as it is. Padding repeats the last step. Raises ValueError
    where the lengths contradict each other.
    """
    if len(ports) != 1 and not isinstance(given, Mapping):
        return given, lengths
    named = dict(given) if isinstance(given, Mapping) else {ports[0].name: given}
    for port in ports:
        sizes = _sizes(named.get(port.name)) if port.seq else []
        if len(set(sizes)) < 2:
            continue
        if lengths is not None and not np.array_equal(lengths, sizes):
            raise ValueError(
                f"{what} `{port.name}` has sequences of {sizes[:5]}… steps, not as others"
            )
        lengths, most = sizes, max(sizes)
        rows = [np.asarray(row) for row in named[port.name]]
        try:
            named[port.name] = np.stack(
                [row[np.minimum(np.arange(most), len(row) - 1)] for row in rows]
            )
        except ValueError:
            shapes = sorted({row.shape[1:] for row in rows})
            raise ValueError(
                f"{what} `{port.name}` has steps of different shapes: {shapes}"
            ) from None
    return (named if isinstance(given, Mapping) else named[ports[0].name]), lengths


def _sizes(value: Any) -> list[int]:
    """The lengths of a list's sequences; none for anything else, and for empty ones."""
    if not isinstance(value, list | tuple):
        return []
    try:
        sizes = [len(row) for row in value]
    except TypeError:
        return []
    return sizes if all(sizes) else []


def shaped(what: str, ports: tuple[Port, ...], given: Any) -> dict[str, Any]:
    """Arrays in their ports' shapes; values are not looked at, they may be traced by JAX."""
    named = by_name(what, ports, given)
    found = {}
    for port, value in zip(ports, named.values(), strict=True):
        array = value if hasattr(value, "shape") else rectangular(what, port.name, value)
        found[port.name] = fit_shape(what, port, numbers(what, port.name, array))
    agree(ports, found)
    return found


def rectangular(what: str, name: str, value: Any) -> NDArray[Any]:
    """Nested lists, or an array, as an array. Raises ValueError for lists of different length."""
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{what} `{name}` is no rectangular array; pad sequences of different length and "
            "say how many steps count with lengths="
        ) from None


def numbers(what: str, name: str, array: Any) -> Any:
    """The array, of NumPy or JAX. Raises TypeError unless it holds real numbers."""
    if array.dtype.kind in "cmMOSTU":
        raise TypeError(f"{what} `{name}` needs numbers, not {array.dtype}")
    return array


def _one(what: str, port: Port, value: Any) -> NDArray[Any]:
    array = numbers(what, port.name, rectangular(what, port.name, value))
    array = fit_shape(what, port, array)
    if port.labels is not None:
        return _labels(what, port, array)
    array = np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise DataError(f"{what} `{port.name}` is {array[where]:g} at {place(port, where)}")
    return array


def fit_shape(what: str, port: Port, array: Any) -> Any:
    """The array in its port's shape; a scalar per step and `real[1]` stand for each other."""
    lead = 2 if port.seq else 1
    want, got = port.shape, tuple(array.shape[lead:])
    if array.ndim >= lead and got == want:
        return array
    # (n, 1) for a sequence of `real[1]`: one unbatched sequence, hardly ever n of one step.
    unbatched = what == "input" and port.seq and array.ndim == 2 and array.shape[1] == 1
    if array.ndim >= lead and want == (1,) and got == () and not unbatched:
        return array[..., None]
    if array.ndim >= lead and want == () and got == (1,):
        return array[..., 0]
    axes = ["batch", "steps"][:lead] + [str(n) for n in want]
    hint = ""
    if unbatched:
        hint = (
            "; put a batch axis in front, `x[None]` (or write n sequences of one step as (n, 1, 1))"
        )
    elif array.shape[lead - 1 :] == want or (array.ndim == lead - 1 + len(want)):
        hint = "; an axis is missing: put a batch axis in front, `x[None]`"
    raise ValueError(
        f"{what} `{port.name}` needs shape ({', '.join(axes)}{',' if len(axes) == 1 else ''}), "
        f"got {tuple(array.shape)}{hint}"
    )


def _labels(what: str, port: Port, array: NDArray[Any]) -> NDArray[np.int64]:
    assert port.labels is not None
    whole = array.astype(np.int64) if np.all(np.isfinite(array)) else np.full(array.shape, -1)
    bad = np.argwhere((whole != array) | (whole < 0) | (whole >= port.labels))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise DataError(
            f"{what} `{port.name}` is {array[where]} at {place(port, where)}: "
            f"a label is a whole number from 0 to {port.labels - 1}"
        )
    return whole


def place(port: Port, where: tuple[int, ...]) -> str:
    """An index into an input in words: "sample 3, step 7, component 0"."""
    words = ["sample", "step"][: 2 if port.seq else 1]
    named = [f"{w} {i}" for w, i in zip(words, where, strict=False)]
    rest = where[len(words) :]
    if rest:
        named.append("component " + (str(rest[0]) if len(rest) == 1 else str(list(rest))))
    return ", ".join(named)


def agree(ports: Iterable[Port], found: Arrays) -> None:
    """One batch size and one number of steps over all arrays, and neither of them 0."""
    batch: dict[int, str] = {}
    steps: dict[int, str] = {}
    for port in ports:
        shape = found[port.name].shape
        batch.setdefault(shape[0], port.name)
        if port.seq:
            steps.setdefault(shape[1], port.name)
    for sizes, axis in ((batch, "batch"), (steps, "steps")):
        if len(sizes) > 1:
            said = ", ".join(f"`{name}` has {n}" for n, name in sizes.items())
            raise ValueError(f"the {axis} axis differs: {said}")
        if 0 in sizes:
            raise ValueError(f"`{sizes[0]}` is empty along its {axis} axis")


def names_of_params(model: ClosedModel, params: Any) -> None:
    """Raises ValueError for missing and unknown paths, TypeError for what is no dict."""
    if not isinstance(params, Mapping):
        raise TypeError(
            f"params is a dict by path, as `init(seed)` gives it, not {type(params).__name__}"
        )
    specs = {s.name: s for s in model.params}
    for name in params:
        if name not in specs:
            hint = suggestion(str(name), specs)
            raise ValueError(f"the model has no parameter `{name}`" + (f"; {hint}" if hint else ""))
    missing = [s for s in model.params if s.name not in params]
    if missing:
        said = ", ".join(
            f"{'param' if s.trained else 'fixed'} `{s.name}` {s.shape}" for s in missing
        )
        raise ValueError(f"missing {said}; `init(seed)` gives all of them")


def checked_params(
    model: ClosedModel, params: Mapping[str, Any], *, partial: bool = False
) -> Arrays:
    """Parameters, float64, by path, in the model's order; all of them unless `partial`.

    Raises ValueError for missing, unknown and misshapen ones, DataError for values not finite.
    """
    given = dict.fromkeys(s.name for s in model.params) if partial else {}
    names_of_params(
        model, {**given, **params} if partial and isinstance(params, Mapping) else params
    )
    found: Arrays = {}
    for spec in model.params:
        if spec.name not in params:
            continue
        array = _reals(spec.name, params[spec.name])
        if array.shape != spec.shape and {array.shape, spec.shape} == {(), (1,)}:
            array = array.reshape(spec.shape)
        if array.shape != spec.shape:
            raise ValueError(f"parameter `{spec.name}` needs shape {spec.shape}, got {array.shape}")
        if not np.isfinite(array).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise DataError(f"parameter `{spec.name}` is {array[where]:g} at {list(where)}")
        found[spec.name] = array
    return found


def _reals(name: str, value: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(value)
    except ValueError:  # ragged lists
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"parameter `{name}` needs real numbers, got {value!r:.60}")
    return np.asarray(array, dtype=np.float64)


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number that an argument is. Raises TypeError, or ValueError below the least."""
    try:
        found = index(value)
    except TypeError:
        raise TypeError(f"{name} is a whole number, not {value!r}") from None
    if found < least:
        raise ValueError(f"{name} is at least {least}, not {found}")
    return found


def checked_lengths(lengths: Any, batch: int, steps: int) -> NDArray[np.int64]:
    """Lengths of the sequences, one per sample, from 1 to the number of steps."""
    array = numbers("the argument", "lengths", rectangular("the argument", "lengths", lengths))
    if array.shape != (batch,):
        raise ValueError(f"lengths needs shape ({batch},), got {array.shape}")
    found: NDArray[np.int64] = array.astype(np.int64)
    if np.any(found != array) or np.any(found < 1) or np.any(found > steps):
        raise ValueError(f"lengths are whole numbers from 1 to {steps}, the number of steps")
    return found
