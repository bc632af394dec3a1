"""Names, without sizes: unknown, repeated and unused ones, in every item of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from ..diagnostics import Label, Span
from ..syntax.tree import (
    Argument,
    Assignment,
    Block,
    BoundValue,
    CallExpr,
    CarryDecl,
    CellItem,
    Clause,
    ConstItem,
    DataStmt,
    DefItem,
    Drawn,
    Expr,
    Field,
    ForStmt,
    GateItem,
    GateStmt,
    IfStmt,
    Index,
    Item,
    LetStmt,
    ListExpr,
    LossStmt,
    MeasureExpr,
    MetricStmt,
    ModelItem,
    Name,
    NextStmt,
    OutputStmt,
    ParamDecl,
    PostselectExpr,
    RangeExpr,
    Statement,
    TrainStmt,
    TupleExpr,
    TypeExpr,
    Unary,
    UseDecl,
    Variable,
)
from ..syntax.tree import Binary as BinaryExpr
from .bound_names import Known, Names
from .calls import BUILTINS
from .carried import check_carried
from .expr import CONSTANTS
from .gates import GATES
from .modules import CHANNELS, Module
from .names import advice, unknown_cell, unknown_function, unknown_gate, unknown_value
from .observables import LETTERS
from .placement import check_placement
from .report import Reporter, Skip, suggestion
from .signature import TYPES


class _Resolver:
    """Walks one item with the names in scope."""

    def __init__(self, module: Module, report: Reporter) -> None:
        self.module = module
        self.report = report
        self.names = Names(module, report)
        self.below: dict[str, Span] = {}  # what the statements of the item declare
        self.item_kind = ""
        self.role = ""  # of the expression at hand: "angle", "operand", "loss", "size" or none
        self.quiet = False  # in what cannot stand here at all, and is reported as such

    # --- items ------------------------------------------------------------------------------

    def item(self, item: Item) -> None:
        self.item_kind = type(item).__name__.removesuffix("Item").lower()
        match item:
            case ConstItem(value=value):
                self.expr(value)
            case DefItem(params=params, body=body, result=result):
                self.signature(params)
                if body is not None:
                    self.expr(body)
                for dim in (result.dims or ()) if result else ():
                    self.expr(dim)
                for known in self.names.scopes[-1].values():
                    known.used = known.used or body is None
            case GateItem(params=params, operands=operands, body=body):
                self.signature((*params, *operands))
                self.block(body)
            case CellItem(params=params, body=body) | ModelItem(params=params, body=body):
                for p in params:
                    self.hyper_type(p.type)
                    if p.default is not None:
                        self.expr_as("default", p.default)
                    self.names.declare(p.name, "hyperparameter")
                for statement in body.statements:
                    name = getattr(statement, "name", None)
                    if isinstance(name, Name):
                        self.below.setdefault(name.text, name.span)
                self.statements(body.statements)
                check_carried(item, self.module, self.report)
        self.names.close()

    def signature(self, params: Iterable[object]) -> None:
        from ..syntax.tree import Parameter

        listed = [p for p in params if isinstance(p, Parameter)]
        for p in listed:
            self.names.declare(p.name, "parameter")
        # A size is bound by whichever argument has it bare: `a: real[2 * n], b: real[n]`.
        for p in listed:
            self.bare_sizes(p.type)
        for p in listed:
            self.type(p.type)
            if p.default is not None:
                self.expr(p.default)

    def hyper_type(self, kind: TypeExpr) -> None:
        if kind.name.text not in ("int", "real", "bool", "string") or kind.dims is not None:
            self.report.error(
                "E0302",
                f"a hyperparameter cannot be `{kind.span.text}`",
                kind.span,
                "expected `int`, `real`, `bool` or `string`",
                help="values known only when the model runs are `input`s or `param`s",
            )

    def bare_sizes(self, kind: TypeExpr) -> None:
        for dim in kind.dims or ():
            if isinstance(dim, Variable) and not self.names.known(dim.name):
                self.names.scopes[-1][dim.name] = Known(dim.span, "size")

    def type(self, kind: TypeExpr) -> None:
        if kind.name.text not in TYPES:
            self.report.error(
                "E0217",
                f"there is no type `{kind.name.text}`",
                kind.name.span,
                "unknown type",
                help=suggestion(kind.name.text, TYPES)
                or "types: " + ", ".join(f"`{t}`" for t in TYPES),
            )
        for dim in kind.dims or ():
            self.expr_as("size", dim)

    # --- statements -------------------------------------------------------------------------

    def block(self, body: Block) -> None:
        self.names.scopes.append({})
        self.statements(body.statements)
        self.names.close()

    def statements(self, statements: Iterable[Statement]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        match statement:
            case LetStmt(name=name, value=value):
                self.bound(value)
                self.names.declare(name, "value")
            case NextStmt(name=name, indices=indices, value=value):
                known = self.names.find(name.text)
                if known is not None:
                    known.used = True
                for e in indices or ():
                    self.expr(e)
                self.bound(value)
            case OutputStmt(name=name, type=kind, indices=indices, value=value):
                if kind is not None:
                    self.type(kind)
                for e in (*(indices or ()), *((value,) if value is not None else ())):
                    self.expr(e)
                if self.names.find(name.text) is None:
                    self.names.scopes[0][name.text] = Known(name.span, "output")
            case GateStmt():
                self.gate(statement)
            case ForStmt(clauses=clauses, body=body):
                with_scopes = self.clauses(clauses)
                self.block(body)
                for _ in range(with_scopes):
                    self.names.close()
            case IfStmt(condition=condition, body=body, orelse=orelse):
                self.expr(condition)
                self.block(body)
                if orelse is not None:
                    self.block(orelse)
            case UseDecl(name=name, cell=cell, args=args):
                self.use(cell)
                self.args(args)
                self.names.declare(name, "instance")
                if (known := self.names.scopes[-1].get(name.text)) is not None:
                    known.cell = cell.span.text
            case CarryDecl(name=name, type=kind, start=start, body=body):
                self.type(kind)
                if start is not None:
                    self.expr(start)
                self.names.declare(name, "carried value")
                if body is not None:
                    self.block(body)
            case ParamDecl(name=name, type=kind, start=start):
                self.type(kind)
                if isinstance(start, Drawn):
                    self.args(start.args)
                elif start is not None:
                    self.expr(start)
                self.names.declare(name, "parameter" if statement.trained else "fixed value")
            case DataStmt(source=source, assignments=assignments):
                self.settings(assignments, source)
            case TrainStmt(assignments=assignments):
                self.settings(assignments)
            case LossStmt(value=value) | MetricStmt(value=value):
                self.expr_as("loss", value)
            case _:
                self.plain(statement)

    def plain(self, statement: Statement) -> None:
        """Declarations of a name and a type, and statements that only hold expressions."""
        kind = getattr(statement, "type", None)
        if isinstance(kind, TypeExpr):
            self.type(kind)
        self.args(getattr(statement, "args", ()))
        for e in getattr(statement, "operands", ()):
            self.expr_as("operand", e)
        for key in ("operand", "value"):
            e = getattr(statement, key, None)
            if e is not None:
                self.expr_as("operand" if key == "operand" else "", e)
        name = getattr(statement, "name", None)
        if isinstance(name, Name):
            kinds = {"InputDecl": "input", "TargetDecl": "target", "FreshDecl": "fresh register"}
            self.names.declare(name, kinds[type(statement).__name__])

    def bound(self, value: BoundValue) -> None:
        match value:
            case MeasureExpr(operand=operand):
                self.expr(operand)
            case PostselectExpr(operand=operand, value=wanted):
                self.expr(operand)
                self.expr(wanted)
            case _:
                self.expr(value)

    def gate(self, statement: GateStmt) -> None:
        for m in statement.modifiers:
            if m.arg is not None:
                self.expr(m.arg)
        for a in statement.args:
            self.expr_as("angle", a.value)
        for operand in statement.operands:
            self.expr_as("operand", operand)
        gate = statement.gate
        name = gate.name if isinstance(gate, Variable) else ""
        if name in GATES or name in CHANNELS or name == "apply" or self.module.find_gate(gate):
            return
        self._report(unknown_gate, gate, self.module, statement.operands)

    def use(self, cell: Expr) -> None:
        if self.module.find_cell(cell) is None:
            self._report(unknown_cell, cell, self.module)

    def settings(self, assignments: Iterable[Assignment], *more: Expr) -> None:
        """Blocks have words of their own: only uses are noted here."""
        stack: list[object] = [*more, *(a.value for a in assignments)]
        while stack:
            node = stack.pop()
            match node:
                case Variable(name=name):
                    known = self.names.find(name)
                    if known is not None:
                        known.used = True
                case CallExpr(args=args):
                    stack += [a.value for a in args]
                case TupleExpr(items=items) | ListExpr(items=items):
                    stack += items
                case BinaryExpr(left=left, right=right):
                    stack += [left, right]
                case Unary(operand=operand):
                    stack.append(operand)
        for a in assignments:
            known = self.names.find(a.key.text)
            if known is not None:
                known.used = True

    # --- expressions ------------------------------------------------------------------------

    def args(self, args: Iterable[Argument]) -> None:
        for a in args:
            self.expr(a.value)

    def clauses(self, clauses: Iterable[Clause]) -> int:
        """Declare loop names; returns the number of scopes to close."""
        n = 0
        for clause in clauses:
            self.expr_as("size", clause.iterable)
            self.names.scopes.append({})
            n += 1
            for target in clause.targets:
                self.names.declare(target, "loop")
        return n

    def expr_as(self, role: str, expr: Expr) -> None:
        """An expression with a role of its own, which says what an unknown name should be."""
        before, self.role = self.role, role
        try:
            self.expr(expr)
        finally:
            self.role = before

    def expr(self, expr: Expr) -> None:
        while isinstance(expr, BinaryExpr):
            self.expr(expr.right)
            expr = expr.left
        match expr:
            case Variable(name=name):
                self.variable(name, expr)
            case Unary(operand=operand):
                self.expr(operand)
            case RangeExpr(start=start, stop=stop):
                for e in (start, stop):
                    if e is not None:
                        self.expr(e)
            case Index(base=base, indices=indices):
                self.expr(base)
                for e in indices:
                    self.expr_as("size", e)
            case Field(base=base):
                if self.module.find_value(expr) is None:
                    self.expr(base)
            case CallExpr(callee=callee, args=args, clauses=clauses):
                self.callee(callee, expr)
                reads = isinstance(callee, Variable) and callee.name in ("expect", "prob")
                outer, self.quiet = self.quiet, self.quiet or (reads and self.item_kind == "model")
                n = self.clauses(clauses)
                for a in args:
                    self.expr_as("operand" if _reads_qubits(callee) else self.role, a.value)
                for _ in range(n):
                    self.names.close()
                self.quiet = outer
            case ListExpr(items=items, clauses=clauses):
                n = self.clauses(clauses)
                for e in items:
                    self.expr(e)
                for _ in range(n):
                    self.names.close()
            case TupleExpr(items=items):
                for e in items:
                    self.expr(e)

    def variable(self, name: str, expr: Variable) -> None:
        known = self.names.find(name)
        if known is not None:
            known.used = True
        elif name not in CONSTANTS and self.module.find_value(expr) is None:
            if not self.quiet:
                said = advice(name, expr.span, self.item_kind, self.role)
                labels: tuple[Label, ...] = ()
                if name in self.below:
                    said = "a name is declared before it is used: move the declaration up"
                    labels = (Label(self.below[name], "declared here, further down"),)
                elif name in self.names.ended:
                    said = "a name ends with its block: bind it before the block"
                    labels = (
                        Label(self.names.ended[name], "bound here, in a block that has ended"),
                    )
                self._report(unknown_value, name, expr.span, self.names.visible(), said, labels)
            for meant in get_close_matches(name, self.names.visible(), n=1):
                known = self.names.find(meant)
                assert known is not None
                known.used = True  # one mistake, one finding

    def callee(self, callee: Expr, call: CallExpr) -> None:
        match callee:
            case Variable(name=name):
                known = self.names.find(name)
                if known is not None:
                    known.used = True
                elif name == "bits" or name in BUILTINS or self.module.find_value(callee):
                    return
                else:
                    self._instance_of(call)
                    known_names = [*self.names.visible(), *self.module.values]
                    self._report(unknown_function, call, name, known_names, self.module)
            case Field(name=Name(text=name)) if self.module.find_value(callee) is None:
                self._report(unknown_function, call, name, self.module.values, self.module)
            case Field():
                return
            case _:
                self.expr(callee)

    def _instance_of(self, call: CallExpr) -> None:
        """A cell called by its own name, where it has an instance: that one is meant."""
        cell = call.callee.span.text
        for scope in self.names.scopes:
            for name, known in scope.items():
                if known.cell == cell and self.module.find_cell(call.callee) is not None:
                    known.used = True
                    meant = call.span.text.replace(cell, name, 1)
                    self.report.error(
                        "E0204",
                        f"there is no function `{cell}`",
                        call.callee.span,
                        "unknown function",
                        help=f"`{cell}` is a cell: call its instance, `{meant}`",
                    )

    def _report(self, unknown: Callable[..., object], *args: object) -> None:
        try:
            unknown(self.report, *args)
        except Skip:
            return


def _reads_qubits(callee: Expr) -> bool:
    return isinstance(callee, Variable) and callee.name in (*LETTERS, "prob")


def resolve(module: Module, report: Reporter) -> None:
    """Check the names and the placement of statements in every item of a file."""
    for item in module.own:
        report.enter(item.span)
    for item in module.own:
        check_placement(item, report)
        _Resolver(module, report).item(item)
