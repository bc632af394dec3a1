"""Builders of the items of a file. `v` are the symbols of the rule."""

from __future__ import annotations

from typing import Any

from ..diagnostics.source import Span
from . import tree
from .build_expressions import name_of, text
from .context import Context, rule


@rule
def file(context: Context, span: Span, v: list[Any]) -> tree.File:
    whole = Span(context.source, 0, len(context.source.text))
    return tree.File(whole, context.source, v[0], tuple(v[1]))


@rule
def version(context: Context, span: Span, v: list[Any]) -> str:
    written: str = v[1].text
    return written


@rule
def import_file(context: Context, span: Span, v: list[Any]) -> tree.ImportItem:
    return _import(context, span, v, None)


@rule
def import_file_as(context: Context, span: Span, v: list[Any]) -> tree.ImportItem:
    return _import(context, span, v, name_of(context, v[3]))


def _import(context: Context, span: Span, v: list[Any], alias: tree.Name | None) -> tree.ImportItem:
    token = v[1]
    path = text(context, Span(context.source, token.start, token.end), [token])
    return tree.ImportItem(span, path, (), alias)


@rule
def import_module(context: Context, span: Span, v: list[Any]) -> tree.ImportItem:
    return tree.ImportItem(span, None, tuple(v[1]), None)


@rule
def import_module_as(context: Context, span: Span, v: list[Any]) -> tree.ImportItem:
    return tree.ImportItem(span, None, tuple(v[1]), name_of(context, v[3]))


@rule
def const_item(context: Context, span: Span, v: list[Any]) -> tree.ConstItem:
    return tree.ConstItem(span, name_of(context, v[1]), v[3], context.doc(span))


@rule
def def_item(context: Context, span: Span, v: list[Any]) -> tree.DefItem:
    return tree.DefItem(span, name_of(context, v[1]), tuple(v[2]), v[4], None, context.doc(span))


@rule
def extern_item(context: Context, span: Span, v: list[Any]) -> tree.DefItem:
    return tree.DefItem(span, name_of(context, v[2]), tuple(v[3]), None, v[5], context.doc(span))


@rule
def gate_item_bare(context: Context, span: Span, v: list[Any]) -> tree.GateItem:
    return tree.GateItem(span, name_of(context, v[1]), tuple(v[2]), (), v[3], context.doc(span))


@rule
def gate_item(context: Context, span: Span, v: list[Any]) -> tree.GateItem:
    name, params, operands = name_of(context, v[1]), tuple(v[2]), tuple(v[3])
    return tree.GateItem(span, name, params, operands, v[4], context.doc(span))


@rule
def cell_item(context: Context, span: Span, v: list[Any]) -> tree.CellItem:
    return tree.CellItem(span, name_of(context, v[1]), tuple(v[2]), v[3], context.doc(span))


@rule
def model_item(context: Context, span: Span, v: list[Any]) -> tree.ModelItem:
    return tree.ModelItem(span, name_of(context, v[1]), tuple(v[2]), v[3], context.doc(span))


@rule
def parameter(context: Context, span: Span, v: list[Any]) -> tree.Parameter:
    return tree.Parameter(span, name_of(context, v[0]), v[2])


@rule
def parameter_default(context: Context, span: Span, v: list[Any]) -> tree.Parameter:
    return tree.Parameter(span, name_of(context, v[0]), v[2], v[4])
