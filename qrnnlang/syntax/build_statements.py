"""Builders of statements, blocks and types. `v` are the symbols of the rule."""

from __future__ import annotations

from typing import Any

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Span
from . import tree
from .build_expressions import name_of, nested
from .context import Context, rule

# --- types and declarations ------------------------------------------------------------------


@rule
def type_plain(context: Context, span: Span, v: list[Any]) -> tree.TypeExpr:
    return tree.TypeExpr(span, name_of(context, v[0]), None)


@rule
def type_dims(context: Context, span: Span, v: list[Any]) -> tree.TypeExpr:
    return tree.TypeExpr(span, name_of(context, v[0]), tuple(v[2]))


@rule
def type_seq(context: Context, span: Span, v: list[Any]) -> tree.TypeExpr:
    return tree.TypeExpr(span, name_of(context, v[1]), None, seq=True)


@rule
def type_seq_dims(context: Context, span: Span, v: list[Any]) -> tree.TypeExpr:
    return tree.TypeExpr(span, name_of(context, v[1]), tuple(v[3]), seq=True)


@rule
def input_decl(context: Context, span: Span, v: list[Any]) -> tree.InputDecl:
    return tree.InputDecl(span, name_of(context, v[1]), v[3], context.doc(span))


@rule
def target_decl(context: Context, span: Span, v: list[Any]) -> tree.TargetDecl:
    return tree.TargetDecl(span, name_of(context, v[1]), v[3], context.doc(span))


@rule
def carry_decl(context: Context, span: Span, v: list[Any]) -> tree.CarryDecl:
    return tree.CarryDecl(span, name_of(context, v[1]), v[3], doc=context.doc(span))


@rule
def carry_start(context: Context, span: Span, v: list[Any]) -> tree.CarryDecl:
    return tree.CarryDecl(span, name_of(context, v[1]), v[3], start=v[5], doc=context.doc(span))


@rule
def carry_body(context: Context, span: Span, v: list[Any]) -> tree.CarryDecl:
    return tree.CarryDecl(span, name_of(context, v[1]), v[3], body=v[4], doc=context.doc(span))


@rule
def fresh_decl(context: Context, span: Span, v: list[Any]) -> tree.FreshDecl:
    return tree.FreshDecl(span, name_of(context, v[1]), v[3], context.doc(span))


@rule
def param_decl(context: Context, span: Span, v: list[Any]) -> tree.ParamDecl:
    return tree.ParamDecl(span, name_of(context, v[1]), v[3], True, v[4], context.doc(span))


@rule
def fixed_decl(context: Context, span: Span, v: list[Any]) -> tree.ParamDecl:
    return tree.ParamDecl(span, name_of(context, v[1]), v[3], False, v[4], context.doc(span))


@rule
def start_value(context: Context, span: Span, v: list[Any]) -> Any:
    return v[1]


@rule
def drawn(context: Context, span: Span, v: list[Any]) -> tree.Drawn:
    return tree.Drawn(span, name_of(context, v[1]), ())


@rule
def drawn_args(context: Context, span: Span, v: list[Any]) -> tree.Drawn:
    return tree.Drawn(span, name_of(context, v[1]), tuple(v[3]))


@rule
def use_decl(context: Context, span: Span, v: list[Any]) -> tree.UseDecl:
    return tree.UseDecl(span, name_of(context, v[1]), v[3], tuple(v[4]), context.doc(span))


# --- classical values ------------------------------------------------------------------------


@rule
def let_stmt(context: Context, span: Span, v: list[Any]) -> tree.LetStmt:
    return tree.LetStmt(span, name_of(context, v[1]), v[3], context.doc(span))


@rule
def measure_expr(context: Context, span: Span, v: list[Any]) -> tree.MeasureExpr:
    return tree.MeasureExpr(span, v[1])


@rule
def postselect_expr(context: Context, span: Span, v: list[Any]) -> tree.PostselectExpr:
    return tree.PostselectExpr(span, v[1], v[3])


@rule
def next_stmt(context: Context, span: Span, v: list[Any]) -> tree.NextStmt:
    return tree.NextStmt(span, name_of(context, v[1]), None, v[3])


@rule
def next_entry(context: Context, span: Span, v: list[Any]) -> tree.NextStmt:
    return tree.NextStmt(span, name_of(context, v[1]), tuple(v[3]), v[6])


@rule
def output_decl(context: Context, span: Span, v: list[Any]) -> tree.OutputStmt:
    return tree.OutputStmt(span, name_of(context, v[1]), v[3], None, None, context.doc(span))


@rule
def output_stmt(context: Context, span: Span, v: list[Any]) -> tree.OutputStmt:
    return tree.OutputStmt(span, name_of(context, v[1]), None, None, v[3], context.doc(span))


@rule
def output_entry(context: Context, span: Span, v: list[Any]) -> tree.OutputStmt:
    name = name_of(context, v[1])
    return tree.OutputStmt(span, name, None, tuple(v[3]), v[6], context.doc(span))


# --- quantum statements ----------------------------------------------------------------------


@rule
def gate_stmt(context: Context, span: Span, v: list[Any]) -> tree.GateStmt:
    modifiers, gate, args, operands, _ = v
    return tree.GateStmt(span, tuple(modifiers), gate, tuple(args), tuple(operands))


@rule
def modifier(context: Context, span: Span, v: list[Any]) -> tree.Modifier:
    """LALR sees a path and arguments here; a modifier is one word and at most one value."""
    path, args, _ = v
    simple = isinstance(path, tree.Variable) and len(args) <= 1
    if not simple or any(a.name is not None for a in args):
        context.errors.append(
            Diagnostic(
                "E0115",
                f"`{span.text}` is not a gate modifier",
                span,
                label="expected a modifier before `@`",
                help="the modifiers are `ctrl @`, `ctrl(n) @`, `negctrl @`, `negctrl(n) @`, "
                "`inv @` and `pow(k) @`",
            )
        )
    name = tree.Name(path.span, path.span.text)
    return tree.Modifier(span, name, args[0].value if args else None)


@rule
def reset_stmt(context: Context, span: Span, v: list[Any]) -> tree.ResetStmt:
    return tree.ResetStmt(span, tuple(v[1]))


@rule
def barrier_stmt(context: Context, span: Span, v: list[Any]) -> tree.BarrierStmt:
    return tree.BarrierStmt(span, tuple(v[1]))


@rule
def measure_stmt(context: Context, span: Span, v: list[Any]) -> tree.MeasureStmt:
    return tree.MeasureStmt(span, v[1])


@rule
def postselect_stmt(context: Context, span: Span, v: list[Any]) -> tree.PostselectStmt:
    return tree.PostselectStmt(span, v[1], v[3])


@rule
def evolve_stmt(context: Context, span: Span, v: list[Any]) -> tree.EvolveStmt:
    return tree.EvolveStmt(span, tuple(v[2]))


@rule
def prepare_stmt(context: Context, span: Span, v: list[Any]) -> tree.PrepareStmt:
    return tree.PrepareStmt(span, tuple(v[2]), tuple(v[4]))


# --- blocks ----------------------------------------------------------------------------------


@rule
def block(context: Context, span: Span, v: list[Any]) -> tree.Block:
    return tree.Block(span, tuple(v[1]))


@rule
def for_stmt(context: Context, span: Span, v: list[Any]) -> tree.ForStmt:
    return tree.ForStmt(span, nested(v[1]), v[2])


@rule
def if_stmt(context: Context, span: Span, v: list[Any]) -> tree.IfStmt:
    return tree.IfStmt(span, v[2], v[4], None)


@rule
def if_else(context: Context, span: Span, v: list[Any]) -> tree.IfStmt:
    return tree.IfStmt(span, v[2], v[4], v[6])


@rule
def if_else_if(context: Context, span: Span, v: list[Any]) -> tree.IfStmt:
    return tree.IfStmt(span, v[2], v[4], tree.Block(v[6].span, (v[6],)))


# --- models ----------------------------------------------------------------------------------


@rule
def loss_stmt(context: Context, span: Span, v: list[Any]) -> tree.LossStmt:
    return tree.LossStmt(span, v[1])


@rule
def metric_stmt(context: Context, span: Span, v: list[Any]) -> tree.MetricStmt:
    return tree.MetricStmt(span, v[1])


@rule
def assignment(context: Context, span: Span, v: list[Any]) -> tree.Assignment:
    return tree.Assignment(span, None, name_of(context, v[0]), v[2])


@rule
def assignment_role(context: Context, span: Span, v: list[Any]) -> tree.Assignment:
    return tree.Assignment(span, v[0].text, name_of(context, v[1]), v[3])


def _allow_tuples(context: Context, span: Span) -> None:
    context.tuples = [t for t in context.tuples if t.start < span.start]


@rule
def data_stmt(context: Context, span: Span, v: list[Any]) -> tree.DataStmt:
    _allow_tuples(context, span)
    return tree.DataStmt(span, v[1], tuple(v[3]))


@rule
def train_stmt(context: Context, span: Span, v: list[Any]) -> tree.TrainStmt:
    _allow_tuples(context, span)
    return tree.TrainStmt(span, tuple(v[2]))
