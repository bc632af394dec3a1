"""The syntax tree: frozen dataclasses with a span on every node, and no meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..diagnostics.source import Source, Span


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier where it is declared or used."""

    span: Span
    text: str


# --- expressions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """`text` as written; a whole number has no point and no exponent."""

    span: Span
    value: int | float


@dataclass(frozen=True, slots=True)
class Text:
    span: Span
    value: str


@dataclass(frozen=True, slots=True)
class Boolean:
    span: Span
    value: bool


@dataclass(frozen=True, slots=True)
class Variable:
    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    span: Span
    op: str  # "-" "!"
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """`op`: `|| && ^ == != < <= > >= + - * / % @ **`. Chains are deep on the left, but for `**`."""

    span: Span
    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class RangeExpr:
    """`a..b`, half open; inside an index either end may be missing."""

    span: Span
    start: Expr | None
    stop: Expr | None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call, `name` when given by name."""

    span: Span
    name: Name | None
    value: Expr


@dataclass(frozen=True, slots=True)
class CallExpr:
    """`callee(args)`; with `clauses` the one argument is repeated: `sum(x[i] for i in 0..n)`."""

    span: Span
    callee: Expr
    args: tuple[Argument, ...]
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """`base[i, j]`; a slice is a `RangeExpr`."""

    span: Span
    base: Expr
    indices: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """`base.name`."""

    span: Span
    base: Expr
    name: Name


@dataclass(frozen=True, slots=True)
class ListExpr:
    """`[a, b]`; with `clauses` a comprehension of its one item."""

    span: Span
    items: tuple[Expr, ...]
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class TupleExpr:
    """`(a, b)`, two or more; only in `data` and `train` blocks."""

    span: Span
    items: tuple[Expr, ...]


Expr: TypeAlias = (
    "Number | Text | Boolean | Variable | Unary | Binary | RangeExpr | CallExpr | Index | Field"
    " | ListExpr | TupleExpr"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """`i in 0..n`, `(a, b) in pairs(q)`."""

    span: Span
    targets: tuple[Name, ...]
    unpack: bool  # written in parentheses
    iterable: Expr


# --- types and small declarations ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TypeExpr:
    """`real[d, 2]`, `qubit`, `seq real[1]`. `dims` None when there are no brackets."""

    span: Span
    name: Name
    dims: tuple[Expr, ...] | None
    seq: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a `def`, `gate`, `cell` or `model`, or a quantum operand of a `gate`."""

    span: Span
    name: Name
    type: TypeExpr
    default: Expr | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """`~ uniform(a, b)`, `~ haar`."""

    span: Span
    name: Name
    args: tuple[Argument, ...]


# --- statements ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputDecl:
    span: Span
    name: Name
    type: TypeExpr
    doc: str = ""


@dataclass(frozen=True, slots=True)
class TargetDecl:
    span: Span
    name: Name
    type: TypeExpr
    doc: str = ""


@dataclass(frozen=True, slots=True)
class CarryDecl:
    """`carry m: qubit[k] { h m; }` or `carry c: real[h] = 0;`."""

    span: Span
    name: Name
    type: TypeExpr
    start: Expr | None = None
    body: Block | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class FreshDecl:
    span: Span
    name: Name
    type: TypeExpr
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ParamDecl:
    """`param` when `trained`, else `fixed`."""

    span: Span
    name: Name
    type: TypeExpr
    trained: bool
    start: Expr | Drawn | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class UseDecl:
    """`use f = Vqc(n = 4);`"""

    span: Span
    name: Name
    cell: Expr  # Variable or Field
    args: tuple[Argument, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class MeasureExpr:
    span: Span
    operand: Expr


@dataclass(frozen=True, slots=True)
class PostselectExpr:
    span: Span
    operand: Expr
    value: Expr


BoundValue: TypeAlias = "Expr | MeasureExpr | PostselectExpr"


@dataclass(frozen=True, slots=True)
class LetStmt:
    span: Span
    name: Name
    value: BoundValue
    doc: str = ""


@dataclass(frozen=True, slots=True)
class NextStmt:
    """`next c = …;`, `next c[i] = …;`"""

    span: Span
    name: Name
    indices: tuple[Expr, ...] | None
    value: BoundValue


@dataclass(frozen=True, slots=True)
class OutputStmt:
    """`output y = …;`, `output z[k, ..] = …;`, or, with `type` alone, `output z: real[n];`."""

    span: Span
    name: Name
    type: TypeExpr | None
    indices: tuple[Expr, ...] | None
    value: Expr | None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Modifier:
    """`ctrl @`, `negctrl(2) @`, `inv @`, `pow(k) @`."""

    span: Span
    name: Name
    arg: Expr | None


@dataclass(frozen=True, slots=True)
class GateStmt:
    """A gate, noise channel or `apply(U)` on operands; `gate` is a Variable or Field."""

    span: Span
    modifiers: tuple[Modifier, ...]
    gate: Expr
    args: tuple[Argument, ...]
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ResetStmt:
    span: Span
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class BarrierStmt:
    span: Span
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class MeasureStmt:
    """`measure q;` with the result dropped."""

    span: Span
    operand: Expr


@dataclass(frozen=True, slots=True)
class PostselectStmt:
    span: Span
    operand: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class EvolveStmt:
    span: Span
    args: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class PrepareStmt:
    span: Span
    args: tuple[Argument, ...]
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ForStmt:
    """`for i in 0..n, q in m { … }`: nested, the leftmost clause outermost."""

    span: Span
    clauses: tuple[Clause, ...]
    body: Block


@dataclass(frozen=True, slots=True)
class IfStmt:
    """`else if` is an `orelse` block of one `IfStmt`."""

    span: Span
    condition: Expr
    body: Block
    orelse: Block | None


@dataclass(frozen=True, slots=True)
class LossStmt:
    span: Span
    value: Expr


@dataclass(frozen=True, slots=True)
class MetricStmt:
    span: Span
    value: Expr


@dataclass(frozen=True, slots=True)
class Assignment:
    """`key = value;` in a `data` or `train` block; `role` is "input", "target" or None."""

    span: Span
    role: str | None
    key: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class DataStmt:
    span: Span
    source: Expr
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class TrainStmt:
    span: Span
    assignments: tuple[Assignment, ...]


Statement: TypeAlias = (
    "InputDecl | TargetDecl | CarryDecl | FreshDecl | ParamDecl | UseDecl | LetStmt | NextStmt"
    " | OutputStmt | GateStmt | ResetStmt | BarrierStmt | MeasureStmt | PostselectStmt | EvolveStmt"
    " | PrepareStmt | ForStmt | IfStmt | LossStmt | MetricStmt | DataStmt | TrainStmt"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Statements in braces; the span includes the braces."""

    span: Span
    statements: tuple[Statement, ...]


# --- items -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportItem:
    """`import "path" as b;` (`path`) or `import std.ansatz;` (`module`, dotted)."""

    span: Span
    path: Text | None
    module: tuple[Name, ...]
    alias: Name | None


@dataclass(frozen=True, slots=True)
class ConstItem:
    span: Span
    name: Name
    value: Expr
    doc: str = ""


@dataclass(frozen=True, slots=True)
class DefItem:
    """A classical function; `extern` ones have a result type and no body."""

    span: Span
    name: Name
    params: tuple[Parameter, ...]
    body: Expr | None
    result: TypeExpr | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class GateItem:
    span: Span
    name: Name
    params: tuple[Parameter, ...]
    operands: tuple[Parameter, ...]
    body: Block
    doc: str = ""


@dataclass(frozen=True, slots=True)
class CellItem:
    span: Span
    name: Name
    params: tuple[Parameter, ...]
    body: Block
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ModelItem:
    span: Span
    name: Name
    params: tuple[Parameter, ...]
    body: Block
    doc: str = ""


Item: TypeAlias = "ImportItem | ConstItem | DefItem | GateItem | CellItem | ModelItem"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its markers, kept for the formatter."""

    span: Span
    text: str


#: Among the words of what was lost: any word may have been declared there.
ANY = "*any*"


@dataclass(frozen=True, slots=True)
class Lost:
    """What a syntax error left out of an item that is kept: its place and the words in it."""

    span: Span
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class File:
    span: Span
    source: Source
    version: str
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = ()
    broken: tuple[str, ...] = ()  # names of items left out because of a syntax error
    lost: tuple[Lost, ...] = ()
