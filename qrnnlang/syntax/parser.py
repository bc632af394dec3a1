"""`parse`: a source to its syntax tree."""

from __future__ import annotations

from dataclasses import replace

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Source, Span

# Imported for their effect: they register the builders of the grammar's rules.
from . import build_items, build_statements, tree  # noqa: F401
from .brackets import balance
from .context import Context
from .driver import Driver
from .limits import TooDeep, too_deep, too_long
from .recovery import Recovery
from .table import load
from .tokens import Lexer, Token
from .trivia import scan
from .version import check_version
from .words import TooMany

# Every call of the recovery makes progress; should one not, parsing ends instead of hanging.
_MAX_STALLED = 4


def parse(source: Source) -> tuple[tree.File | None, tuple[Diagnostic, ...]]:
    """The tree of a source and what is wrong with its syntax, in order of place.

    Without errors the tree is the whole file. With errors it holds the items whose
    structure is known, without the statements in `File.lost`, and `File.broken` names the others,
    so that the rest can still be checked; it is None when nothing can be said about the rest (a
    limit, or another version of the language).
    """
    if error := too_long(source):
        return None, (error,)
    trivia = scan(source)
    lexer = Lexer(source, trivia.text)
    context = Context(source, trivia.docs)
    errors = [*trivia.errors]
    try:
        tokens = lexer.run()
        errors += lexer.errors
        tokens, fatal = check_version(source, tokens, errors)
        if fatal:
            return None, tuple(errors)
        balanced = balance(load(), source, tokens)
        errors += balanced.errors
        file, found, mended = _drive(context, balanced.tokens, [e.span.start for e in errors])
        errors += found
    except TooDeep as deep:
        return None, (too_deep(deep.span),)
    except TooMany as many:
        found = many.errors if many.errors[0] in errors else errors + many.errors
        return None, tuple(sorted(found, key=lambda e: e.span.start))
    errors += context.errors + [_tuple(span) for span in context.tuples]
    errors.sort(key=lambda e: (e.span.start, e.code))
    if file is None:
        return None, tuple(errors)
    harmless = [*mended, *lexer.mended]
    told = [e for e in errors if not any(e is m for m in harmless)]
    return replace(_sound(file, told), comments=trivia.comments), tuple(errors)


def _drive(
    context: Context, tokens: list[Token], places: list[int]
) -> tuple[tree.File | None, list[Diagnostic], list[Diagnostic]]:
    """The tree, its errors, and those of them that are mended."""
    table = load()
    driver = Driver(table, context)
    recovery: Recovery | None = None
    position, stalled, furthest = 0, 0, 0
    while position < len(tokens):
        if driver.feed(tokens[position]):
            position += 1
            if position > furthest:
                furthest, stalled = position, 0
            continue
        recovery = recovery or Recovery(table, driver, tokens, places)
        stalled += 1
        if stalled > _MAX_STALLED:
            return None, recovery.errors, []
        position = recovery.at(position)
    file = driver.values[-1]
    if recovery is None:
        return file, [], []
    file = replace(file, broken=tuple(recovery.broken), lost=tuple(recovery.lost))
    return file, recovery.errors, recovery.mended


def _sound(file: tree.File, errors: list[Diagnostic]) -> tree.File:
    """The file without the items that have errors, but for those in what is lost anyway."""
    if not errors:
        return file
    places = [
        e.span.start
        for e in errors
        if e.code != "E0101"
        and not any(x.span.start <= e.span.start <= x.span.end for x in file.lost)
    ]
    items: list[tree.Item] = []
    broken = [*file.broken]
    for item in file.items:
        if not any(item.span.start <= place <= item.span.end for place in places):
            items.append(item)
        elif not isinstance(item, tree.ImportItem):
            broken.append(item.name.text)
    return replace(file, items=tuple(items), broken=tuple(broken))


def _tuple(span: Span) -> Diagnostic:
    return Diagnostic(
        "E0112",
        "a tuple stands only in `data` and `train` blocks",
        span,
        label="more than one value in parentheses",
        help=f"for a vector write `[{span.text[1:-1].strip()}]`",
    )
