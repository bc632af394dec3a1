"""Files and their items: imports, the standard library, the three namespaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..diagnostics import Diagnostic, Label, Source, Span
from ..syntax.limits import read
from ..syntax.parser import parse
from ..syntax.tree import (
    CellItem,
    ConstItem,
    DefItem,
    Expr,
    Field,
    File,
    GateItem,
    ImportItem,
    ModelItem,
    Name,
    Variable,
)
from .gates import GATES
from .report import Reporter, suggestion
from .values import Value

if TYPE_CHECKING:
    from .unrolled import Within

IMPORT_DEPTH = 32
STD = Path(__file__).resolve().parent.parent / "std"
#: Modules whose names are in scope without an import.
PRELUDE = ("linear",)
STD_MODULES = ("ansatz", "encoding", "cells", "baselines")

T = TypeVar("T")
Declared: TypeAlias = ConstItem | DefItem | GateItem | CellItem | ModelItem


@dataclass(eq=False)
class Module:
    """One file. `values`, `gates`, `cells` hold what is in scope: own items and imported ones."""

    source: Source
    file: File | None
    values: dict[str, tuple[ConstItem | DefItem, Module]] = field(default_factory=dict)
    gates: dict[str, tuple[GateItem, Module]] = field(default_factory=dict)
    cells: dict[str, tuple[CellItem, Module]] = field(default_factory=dict)
    models: dict[str, tuple[ModelItem, Module]] = field(default_factory=dict)
    aliases: dict[str, Module] = field(default_factory=dict)
    own: list[Declared] = field(default_factory=list)
    used_imports: set[str] = field(default_factory=set)
    constants: dict[str, Value | None] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)  # constants with an error of their own
    # What is told of its items from the text, by their ids: see `held` and `within`.
    held: dict[int, frozenset[str]] = field(default_factory=dict)
    within: dict[int, Within] = field(default_factory=dict)

    def find_cell(self, expr: Expr) -> tuple[CellItem, Module] | None:
        return self._find(expr, lambda module: module.cells)

    def find_gate(self, expr: Expr) -> tuple[GateItem, Module] | None:
        return self._find(expr, lambda module: module.gates)

    def find_value(self, expr: Expr) -> tuple[ConstItem | DefItem, Module] | None:
        return self._find(expr, lambda module: module.values)

    def _find(
        self, expr: Expr, table: Callable[[Module], dict[str, tuple[T, Module]]]
    ) -> tuple[T, Module] | None:
        """`name` in scope here, or `alias.name` among the own items of an imported file."""
        match expr:
            case Variable(name=name):
                return table(self).get(name)
            case Field(base=Variable(name=alias), name=Name(text=name)) if alias in self.aliases:
                there = self.aliases[alias]
                found = table(there).get(name)
                return found if found and any(found[0] is own for own in there.own) else None
        return None


@dataclass(eq=False)
class Loader:
    """Reads files once each. `files` are texts that need no disk (an opened artefact).

    `folder` is the root as the user wrote it, for diagnostics in imported files.
    """

    report: Reporter
    root: Path | None
    folder: Path = Path()
    files: Mapping[str, str] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)  # imported files, by path below the root

    def load(
        self, source: Source, folder: PurePosixPath, chain: tuple[tuple[str, Span | None], ...]
    ) -> Module:
        """The module of a source whose imports are relative to `folder` (below the root)."""
        file, found = parse(source)
        for diagnostic in found:
            self.report.add(diagnostic)
        module = Module(source, file)
        if file is None:
            return module
        self.report.broken.update(file.broken)
        self.report.lost += file.lost
        for name in PRELUDE if source.name != _std_name("linear") else ():
            self._bind_all(module, self._std(name), None)
        if any(d.severity == "error" and _on_import(d) for d in found):
            self.report.short.add(source)
        for item in file.items:
            if isinstance(item, ImportItem) and not self._import(module, item, folder, chain):
                self.report.short.add(source)
                if item.alias is not None:
                    self.report.broken.add(item.alias.text)
        for item in file.items:
            if not isinstance(item, ImportItem):
                self._declare(module, item)
        return module

    # --- declarations -----------------------------------------------------------------------

    def _declare(self, module: Module, item: Declared) -> None:
        name = item.name
        table = _table(module, item)
        if isinstance(item, GateItem) and (name.text in GATES or name.text in ("apply", *CHANNELS)):
            self.report.error(
                "E0205",
                f"`{name.text}` is a gate of the language",
                name.span,
                "already defined",
                help="choose another name",
            )
            return
        before = table.get(name.text)
        if before is None and isinstance(item, CellItem | ModelItem):
            before = module.models.get(name.text) or module.cells.get(name.text)
        if before is not None and before[1] is module:
            self.report.error(
                "E0205",
                f"`{name.text}` is declared twice",
                name.span,
                "declared again",
                labels=(Label(before[0].name.span, "first declared here"),),
                help="rename one of them",
            )
            return
        table[name.text] = (item, module)
        module.own.append(item)

    # --- imports ----------------------------------------------------------------------------

    def _import(
        self,
        module: Module,
        item: ImportItem,
        folder: PurePosixPath,
        chain: tuple[tuple[str, Span | None], ...],
    ) -> bool:
        """Bring in what an import names; False, with an error reported, if that failed."""
        if item.path is None:
            return self._import_std(module, item)
        notes = tuple(f"imported from `{name}`" for name, _ in reversed(chain[:-1]))
        if self.root is None and not self.files:
            self.report.error(
                "E0209",
                "a program given as text cannot import files",
                item.span,
                "there is no folder to look in",
                help="save it to a file and load that",
            )
            return False
        target = _join(folder, item.path.value)
        if target is None:
            self.report.error(
                "E0211",
                f"`{item.path.value}` lies outside the project folder",
                item.path.span,
                "above the folder of the file given to the compiler",
                notes=notes,
                help="move the imported file below that folder",
            )
            return False
        key = str(target)
        if any(key == name for name, _ in chain):
            loop = [name for name, _ in chain]
            path = " → ".join([*loop[loop.index(key) :], key])
            self.report.error(
                "E0210",
                "files import each other in a circle",
                item.span,
                "closes the circle",
                notes=(path,),
            )
            return False
        if len(chain) > IMPORT_DEPTH:
            self.report.error(
                "E0703",
                f"imports are nested more than {IMPORT_DEPTH} deep",
                item.span,
                "one too many",
                notes=notes,
            )
            return False
        imported = self.modules.get(key)
        if imported is None:
            text = self._read(target, item, notes)
            if text is None:
                return False
            self.texts[key] = text
            source = Source(str(self.folder / target), text)
            imported = self.load(source, target.parent, (*chain, (key, item.span)))
            self.modules[key] = imported
        if item.alias is not None:
            module.aliases[item.alias.text] = imported
        else:
            self._bind_all(module, imported, item)
        return imported.file is not None

    def _read(self, target: PurePosixPath, item: ImportItem, notes: tuple[str, ...]) -> str | None:
        if str(target) in self.files:
            return self.files[str(target)]
        assert item.path is not None
        if self.root is None:
            reason = "it is not among the files"
        else:
            path = self.root / target
            if not path.resolve().is_relative_to(self.root.resolve()):
                self.report.error(
                    "E0211",
                    f"`{item.path.value}` lies outside the project folder",
                    item.path.span,
                    "a link leads out of it",
                    notes=notes,
                )
                return None
            try:
                return read(path)
            except UnicodeDecodeError:
                reason = "it is not UTF-8 text"
            except OSError as error:
                reason = (error.strerror or "it cannot be read").lower()
        self.report.error(
            "E0209", f"cannot import `{item.path.value}`", item.path.span, reason, notes=notes
        )
        return None

    def _import_std(self, module: Module, item: ImportItem) -> bool:
        name = ".".join(n.text for n in item.module)
        known = [f"std.{m}" for m in STD_MODULES]
        if name not in known:
            self.report.error(
                "E0214",
                f"there is no module `{name}`",
                item.module[0].span.to(item.module[-1].span),
                "unknown module",
                help=_meant(item, name, known),
            )
            return False
        imported = self._std(name.removeprefix("std."))
        if item.alias is not None:
            module.aliases[item.alias.text] = imported
        else:
            self._bind_all(module, imported, item)
        return True

    def _std(self, name: str) -> Module:
        """A module of the standard library: a file, or a folder of files bound together."""
        key = _std_name(name)
        if key not in self.modules:
            place = STD.joinpath(*name.split("."))
            if place.is_dir():
                whole = self.modules[key] = Module(Source(key, ""), None)
                for part in sorted(place.glob("*.qrnn")):
                    items = self._std(f"{name}.{part.stem}")
                    self._bind_all(whole, items, None)
                    whole.own += items.own
            else:
                text = place.with_suffix(".qrnn").read_text(encoding="utf-8")
                self.modules[key] = self.load(Source(key, text), PurePosixPath(), ())
        return self.modules[key]

    def _bind_all(self, module: Module, imported: Module, item: ImportItem | None) -> None:
        for own in imported.own:
            table = _table(module, own)
            name = own.name.text
            before, found = table.get(name), _table(imported, own)[name]
            if item is not None and before is not None and before[1] is not found[1]:
                if before[1].source.name.startswith("<std"):
                    continue
                self.report.error(
                    "E0205",
                    f"`{name}` is imported twice",
                    item.span,
                    f"brings in another `{name}`",
                    labels=(Label(before[0].name.span, "the first one"),),
                    help='import one of the files under a name: `import "…" as b;`',
                )
                continue
            table[name] = found


CHANNELS = {
    "bit_flip": 1,
    "phase_flip": 1,
    "depolarizing": 1,
    "amplitude_damping": 1,
    "phase_damping": 1,
    "pauli_channel": 3,
}


def _table(module: Module, item: Declared) -> dict[str, tuple[Declared, Module]]:
    match item:
        case ConstItem() | DefItem():
            return module.values  # type: ignore[return-value]
        case GateItem():
            return module.gates  # type: ignore[return-value]
        case CellItem():
            return module.cells  # type: ignore[return-value]
        case _:
            return module.models  # type: ignore[return-value]


def _on_import(diagnostic: Diagnostic) -> bool:
    """Whether a syntax error lies in a line that imports something."""
    line = diagnostic.span.source.line(diagnostic.line)
    return line.lstrip().startswith("import")


def _std_name(name: str) -> str:
    return f"<std.{name}>"


def _join(folder: PurePosixPath, path: str) -> PurePosixPath | None:
    """`path` relative to `folder`, normalised; None when it leads above the root."""
    parts: list[str] = list(folder.parts)
    if path.startswith("/"):
        return None
    for part in PurePosixPath(path).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _meant(item: ImportItem, name: str, known: list[str]) -> str:
    """The module that an import may have meant, or how a file is imported."""
    if found := suggestion(name, known):
        return found
    if item.module[0].text == "std":
        return f"modules: {', '.join(f'`{k}`' for k in known)}"
    alias = f" as {item.alias.text}" if item.alias else ""
    path = name.replace(".", "/")
    return f'a file is imported by its path in quotes: `import "{path}.qrnn"{alias};`'
