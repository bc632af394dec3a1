"""The names that an item has bound, block by block, while they are resolved."""

from __future__ import annotations

from dataclasses import dataclass

from ..diagnostics import Diagnostic, Label, Span
from ..syntax.tree import Name
from .modules import Module
from .report import Reporter


@dataclass(eq=False, slots=True)
class Known:
    """A name: where it is bound, to what, and whether it is used."""

    span: Span
    kind: str
    used: bool = False
    cell: str = ""  # of an instance


class Names:
    """The scopes of an item, the innermost last."""

    def __init__(self, module: Module, report: Reporter) -> None:
        self.module = module
        self.report = report
        self.scopes: list[dict[str, Known]] = [{}]
        self.ended: dict[str, Span] = {}  # names of blocks that have been left

    def declare(self, name: Name, kind: str) -> None:
        for scope in self.scopes:
            before = scope.get(name.text)
            if before is not None and before.kind != "output":
                self.report.error(
                    "E0205",
                    f"`{name.text}` is declared twice",
                    name.span,
                    "declared again",
                    labels=(Label(before.span, "first declared here"),),
                    help="names cannot be declared again, nor hide an outer one: rename it",
                )
                return
        self.scopes[-1][name.text] = Known(name.span, kind)

    def find(self, name: str) -> Known | None:
        return next((s[name] for s in reversed(self.scopes) if name in s), None)

    def known(self, name: str) -> bool:
        return self.find(name) is not None or name in self.module.values

    def close(self) -> None:
        """Leave a scope, with a warning for every name that was never used."""
        for name, known in self.scopes.pop().items():
            self.ended[name] = known.span
            quiet = known.used or name.startswith("_") or known.kind in ("loop", "size", "output")
            if quiet or self.module.source.name.startswith("<std"):
                continue
            self.report.add(
                Diagnostic(
                    "W0201",
                    f"{known.kind} `{name}` is never used",
                    known.span,
                    "unused",
                    help=f"remove it, or call it `_{name}`",
                )
            )

    def visible(self) -> list[str]:
        return [n for s in self.scopes for n in s]
