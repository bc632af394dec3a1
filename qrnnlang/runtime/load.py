"""Opening sources: `load`, `loads`, and `open` for artefacts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from ..diagnostics import CompileError, DataError
from ..sema import load_program, load_text_program
from .files import as_path
from .model import Model

Precision = Literal["float64", "float32"]


def load(
    path: str | Path,
    entry: str | None = None,
    set: Mapping[str, Any] | None = None,
    precision: Precision = "float64",
    extern: Mapping[str, Callable[..., Any]] | None = None,
    **hyperparameters: Any,
) -> Model:
    """The model of a `.qrnn` file.

    Args:
        entry: the cell or model to use, when it is not the only one.
        set: hyperparameters whose names collide with an argument of this function.
        precision: of the exact engine.
        extern: functions for the file's `extern def`s, traceable by JAX.
        hyperparameters: compile-time values of the entry.

    Raises:
        CompileError: for everything wrong in the source; DataError: when it cannot be read.
    """
    as_path("path", path)
    _check_options(entry, set, extern)
    _use_float64(precision)
    program = load_program(path, entry, {**hyperparameters, **(set or {})})
    return Model(program, Path(path).resolve().parent, precision, extern or {})


def loads(
    text: str,
    entry: str | None = None,
    set: Mapping[str, Any] | None = None,
    precision: Precision = "float64",
    extern: Mapping[str, Callable[..., Any]] | None = None,
    **hyperparameters: Any,
) -> Model:
    """The model of a source given as text, which cannot import files. Otherwise as `load`.

    Paths in its `data` block are relative to the working folder.
    """
    if not isinstance(text, str):
        raise TypeError(f"`text` is a source, as text, not {text!r:.60}")
    _check_options(entry, set, extern)
    _use_float64(precision)
    program = load_text_program(text, "<string>", entry, {**hyperparameters, **(set or {})})
    return Model(program, None, precision, extern or {})


def load_parts(
    text: str,
    imports: Mapping[str, str],
    entry: str | None,
    hyper: Mapping[str, Any],
    precision: Precision = "float64",
    name: str = "model.qrnn",
    folder: Path | None = None,
) -> Model:
    """The model of a source whose imported files are given as texts, as `Program` holds them.

    `name` is what messages call it; paths in its `data` block are relative to `folder`.
    """
    _use_float64(precision)
    program = load_text_program(text, name, entry, hyper, imports)
    return Model(program, folder, precision, {})


def unpickled(*parts: Any) -> Model:
    """A model from what `Model.__reduce__` gives."""
    *first, scales = parts
    model = load_parts(*first)
    model.scales = scales
    return model


def open_artefact(
    path: str | Path, extern: Mapping[str, Callable[..., Any]] | None = None
) -> tuple[Model, dict[str, Any]]:
    """The model and the parameters of a `.qrnnz` file. Nothing in it is executed.

    Paths in its `data` block are relative to the folder of the file. `extern` as for `load`. Raises
    DataError for a damaged, foreign or newer file.
    """
    from .artefact import check, read
    from .data import Scale

    as_path("path", path)
    _check_options(None, None, extern)
    found = read(path)
    _use_float64(found.precision)
    try:
        program = load_text_program(
            found.source, f"{path}!model.qrnn", found.entry, found.hyper, found.imports
        )
    except CompileError as error:
        first = error.diagnostics[0]
        why = f"{first.message} ({first.code}, line {first.line})"
        raise DataError(f"{path}: its source does not compile: {why}") from error
    check(found, program.model, str(path))
    model = Model(program, Path(path).resolve().parent, found.precision, extern or {})
    ports = {p.name: p for p in (*program.model.inputs, *program.model.targets)}
    try:
        model.scales = {k: Scale.from_json(v, ports[k].shape) for k, v in found.scales.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged: scaling: {error}") from None
    return model, {s.name: found.params[s.name] for s in program.model.params}


def _check_options(entry: Any, set: Any, extern: Any) -> None:
    """Raises TypeError for an entry that is no name, or values and functions that have none."""
    if not isinstance(entry, str | None):
        raise TypeError(f"`entry` is the name of a cell or model, not {entry!r:.60}")
    if not isinstance(set, Mapping | None):
        raise TypeError(f"`set` holds hyperparameters by name, not {set!r:.60}")
    if not isinstance(extern, Mapping | None):
        raise TypeError(f"`extern` holds functions by name, not {extern!r:.60}")


def _use_float64(precision: str) -> None:
    """Turns on JAX's 64-bit mode, by the environment while JAX is not imported."""
    if not isinstance(precision, str) or precision not in ("float64", "float32"):
        raise ValueError(f'precision is "float64" or "float32", not {precision!r}')
    if "jax" in sys.modules:
        import jax

        jax.config.update("jax_enable_x64", True)
    else:
        os.environ["JAX_ENABLE_X64"] = "1"
