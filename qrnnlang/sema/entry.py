"""From a source to a closed model: loading, checking, choosing the entry."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..diagnostics import CompileError, DataError, Diagnostic, Source, Span
from ..syntax.limits import read
from ..syntax.tree import CellItem, ConstItem, ModelItem
from .builder import Builder
from .closed import ClosedModel
from .expr import constant
from .instance import Instance
from .model import cell_as_model, close_model
from .modules import Loader, Module
from .report import Reporter, Skip, suggestion
from .resolve import resolve
from .scope import Env
from .values import Value


@dataclass(frozen=True)
class Program:
    """A loaded source: its closed model, its texts and what was warned of."""

    model: ClosedModel
    text: str
    imports: Mapping[str, str]
    entry: str
    hyper: Mapping[str, object]
    warnings: tuple[Diagnostic, ...]


def load_path(
    path: str | Path, entry: str | None = None, hyper: Mapping[str, object] | None = None
) -> ClosedModel:
    """The closed model of a file. Raises CompileError; DataError when it cannot be read."""
    return load_program(path, entry, hyper).model


def load_program(
    path: str | Path, entry: str | None = None, hyper: Mapping[str, object] | None = None
) -> Program:
    """A file with everything that was read for it."""
    source = read_source(path)
    return _program(source, Path(path).resolve().parent, {}, Path(path).name, entry, hyper or {})


def load_text(
    text: str,
    name: str = "<string>",
    entry: str | None = None,
    hyper: Mapping[str, object] | None = None,
) -> ClosedModel:
    """The closed model of a text, which cannot import files."""
    return load_text_program(text, name, entry, hyper).model


def load_text_program(
    text: str,
    name: str = "<string>",
    entry: str | None = None,
    hyper: Mapping[str, object] | None = None,
    files: Mapping[str, str] | None = None,
) -> Program:
    """A text, with the texts of the files it imports, by their path below its folder."""
    return _program(Source(name, text), None, files or {}, name, entry, hyper or {})


def check_path(path: str | Path) -> tuple[Diagnostic, ...]:
    """All diagnostics of a file; DataError when it cannot be read."""
    source = read_source(path)
    return _check(source, Path(path).resolve().parent, Path(path).name)


def check_text(text: str, name: str = "<string>") -> tuple[Diagnostic, ...]:
    """All diagnostics of a text."""
    return _check(Source(name, text), None, name)


def read_source(path: str | Path) -> Source:
    """A source file as text. DataError in one line when there is none."""
    try:
        text = read(Path(path))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    if not text.strip():
        raise DataError(f"{path}: the file is empty; a program starts with `qrnn 1.0;`")
    return Source(str(path), text)


# --- inside ---------------------------------------------------------------------------------------


@contextmanager
def _deep() -> Iterator[None]:
    """Room for the nesting the language allows: 200 levels, in gates 64 deep."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 200_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _load(
    source: Source, root: Path | None, files: Mapping[str, str], key: str, report: Reporter
) -> tuple[Loader, Module]:
    folder = Path(source.name).parent if root is not None else Path()
    loader = Loader(report, root, folder, files)
    module = loader.load(source, PurePosixPath(), ((key, None),))
    for loaded in [*loader.modules.values(), module]:
        if not loaded.source.name.startswith("<std"):
            resolve(loaded, report)
    return loader, module


def _check(source: Source, root: Path | None, key: str) -> tuple[Diagnostic, ...]:
    report = Reporter()
    with _deep():
        _, module = _load(source, root, {}, key, report)
        return _whole(report, module)


def _program(
    source: Source,
    root: Path | None,
    files: Mapping[str, str],
    key: str,
    entry: str | None,
    hyper: Mapping[str, object],
) -> Program:
    report = Reporter()
    with _deep():
        loader, module = _load(source, root, files, key, report)
        if report.failed:
            raise CompileError(_whole(report, module))
        item = _entry(report, module, entry, source)
        values = _hyper(report, item, hyper) if item is not None else {}
        if item is None or report.failed:
            raise CompileError(report.diagnostics)
        model = _elaborate(report, item, module, values)
    if report.failed or model is None:
        raise CompileError(report.diagnostics)
    return Program(
        model, source.text, dict(loader.texts), item.name.text, dict(hyper), report.diagnostics
    )


def _whole(report: Reporter, module: Module) -> tuple[Diagnostic, ...]:
    """Errors of names, and those that elaboration finds besides: all of them in one run."""
    for item in module.own:
        match item:
            case ConstItem():
                with suppress(Skip):
                    constant(Env("const", module, Builder(), report), item, module)
            case CellItem() | ModelItem() if all(p.default is not None for p in item.params):
                _elaborate(report, item, module, {})
    return report.diagnostics


def _elaborate(
    report: Reporter, item: CellItem | ModelItem, module: Module, hyper: Mapping[str, Value]
) -> ClosedModel | None:
    instance = Instance(item, module, hyper)  # type: ignore[arg-type]
    try:
        if isinstance(item, ModelItem):
            return close_model(report, instance)
        return cell_as_model(report, instance)
    except Skip:
        return None


def _entry(
    report: Reporter, module: Module, entry: str | None, source: Source
) -> CellItem | ModelItem | None:
    """The item to compile: the named one, the only model, or the only cell."""
    models = [i for i in module.own if isinstance(i, ModelItem)]
    cells = [i for i in module.own if isinstance(i, CellItem)]
    start = Span(source, 0, 0)
    names = [i.name.text for i in models] + [i.name.text for i in cells]
    listed = ", ".join(f"`{n}`" for n in names)
    if entry is not None:
        both: list[CellItem | ModelItem] = [*models, *cells]
        found = next((i for i in both if i.name.text == entry), None)
        if found is None:
            report.error(
                "E0215",
                f"there is no cell or model `{entry}` in this file",
                start,
                help=suggestion(entry, names) or (f"it has {listed}" if names else ""),
            )
        return found
    candidates: list[CellItem | ModelItem] = [*models] or [*cells]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        report.error("E0215", "this file has no cell and no model", start, "nothing to compile")
        return None
    kind = "models" if models else "cells"
    report.error(
        "E0215",
        f"this file has {len(candidates)} {kind}: which one?",
        candidates[1].name.span,
        "another one",
        help=f'choose with `--entry NAME` or `entry="NAME"`: {listed}',
    )
    return None


def _hyper(
    report: Reporter, item: CellItem | ModelItem, given: Mapping[str, object]
) -> dict[str, Value]:
    params = {p.name.text: p for p in item.params}
    found: dict[str, Value] = {}
    for name, value in given.items():
        if name not in params:
            report.error(
                "E0216",
                f"`{item.name.text}` has no hyperparameter `{name}`",
                item.name.span,
                help=suggestion(name, params)
                or ("it has " + ", ".join(f"`{p}`" for p in params) if params else "it has none"),
            )
            continue
        kind = params[name].type.name.text
        converted = _as(kind, value)
        if converted is None:
            report.error(
                "E0216",
                f"the hyperparameter `{name}` is {kind}, not {value!r}",
                params[name].span,
                "declared here",
            )
        else:
            found[name] = converted
    missing = [n for n, p in params.items() if n not in given and p.default is None]
    if missing:
        report.error(
            "E0216",
            f"`{item.name.text}` needs a value for " + ", ".join(f"`{m}`" for m in missing),
            params[missing[0]].span,
            "has no default",
            help=f"give it as `--set {missing[0]}=…`, or in Python as `load(path, {missing[0]}=…)`",
        )
    return found


def _as(kind: str, value: object) -> Value | None:
    import numpy as np

    if isinstance(value, np.generic):
        value = value.item()
    match kind, value:
        case "bool", bool():
            return value
        case "string", str():
            return value
        case "int", int() if not isinstance(value, bool):
            return value
        case "real", int() | float() if not isinstance(value, bool):
            return float(value)
    return None
