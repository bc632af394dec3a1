"""What Python, OpenQASM and other languages write where qrnn writes something else.

Hints like those in `hints.py`: each looks at a refused token and passes with None.
"""

from __future__ import annotations

import re

from ..diagnostics.errors import Diagnostic
from .messages import Situation, unexpected
from .words import RESERVED

_TYPES = frozenset(["real", "angle", "qubit", "bit", "class", "unitary"])
_MODIFIERS = {
    "ctrl": "ctrl",
    "controlled": "ctrl",
    "control": "ctrl",
    "negctrl": "negctrl",
    "inv": "inv",
    "inverse": "inv",
    "adjoint": "inv",
    "dagger": "inv",
    "pow": "pow(k)",
}
_LINE = re.compile(r"[^\n;{]*")
_RANGE = re.compile(r"range\(\s*(?:([^,()]+),)?\s*((?:[^,()]|\([^()]*\))+)\)")


def python_loop(s: Situation) -> Diagnostic | None:
    """`for l in range(3):`"""
    if s.opener.text != "for" or s.token.text != ":" or "in" not in s.line:
        return None
    names, _, turns = _text(s, s.opener.end, s.token.start).partition(" in ")
    if found := _RANGE.fullmatch(turns.strip()):
        turns = f"{(found[1] or '0').strip()}..{found[2].strip()}"
    return unexpected(s, "E0121", f"write `for {names.strip()} in {turns.strip()} {{ … }}`")


def python_if(s: Situation) -> Diagnostic | None:
    """`if layers > 1:`"""
    if s.opener.text != "if" or s.previous.text != "if" or s.token.text == "(":
        return None
    line = _LINE.match(s.source.text, s.token.start)
    condition = line[0].partition(":")[0].strip() if line else "…"
    return unexpected(
        s, "E0121", f"the condition stands in parentheses: `if ({condition}) {{ … }}`"
    )


def no_braces(s: Situation) -> Diagnostic | None:
    """The body of a loop or a condition without braces."""
    if "{" not in s.expected or s.opener.text not in ("if", "for"):
        return None
    if s.previous.text not in (")", "else"):
        return None
    body = s.source.text[s.token.start :].partition(";")[0].lstrip(":").strip()
    shown = f"{{ {body}; }}" if body and "\n" not in body and "{" not in body else "{ … }"
    return unexpected(s, "E0121", f"the body stands in braces, also a single statement: `{shown}`")


def updated(s: Situation) -> Diagnostic | None:
    """`l += 1`"""
    if s.kind != "statements" or s.following() != "=" or s.token.text not in ("+", "-", "*", "/"):
        return None
    name = s.opener.text
    if not name.isidentifier() or name in RESERVED:
        return None
    return Diagnostic(
        "E0117",
        "a value is not changed",
        s.span(),
        label="values are bound once",
        help=f"sum over a loop with `sum(… for …)`; "
        f"`next {name} = …;` gives a carried value its next one",
    )


def modifier(s: Situation) -> Diagnostic | None:
    """`ctrl ry(x) a, b;`"""
    word = _MODIFIERS.get(s.opener.text)
    if s.kind != "statements" or word is None or s.position - s.begin < 2:
        return None
    if not s.tokens[s.begin + 1].text.isidentifier():
        return None
    rest = s.source.text[s.tokens[s.begin + 1].start :].partition(";")[0].strip()
    return unexpected(s, help=f"write `{word} @ {rest};`")


def typed_let(s: Situation) -> Diagnostic | None:
    if s.opener.text != "let" or s.token.text != ":" or len(s.line) != 2:
        return None
    return unexpected(
        s, help=f"a `let` has no type, its value has one: `let {s.previous.text} = …;`"
    )


def several_instances(s: Situation) -> Diagnostic | None:
    if s.opener.text != "use" or s.token.text != "[" or "=" in s.line:
        return None
    return unexpected(s, help="there are no arrays of instances: write one `use` for each")


def parenthesised_size(s: Situation) -> Diagnostic | None:
    """`qubit(2)`"""
    if s.token.text != "(" or s.previous.text not in _TYPES or ":" not in s.line:
        return None
    size = s.source.text[s.token.end :].partition(")")[0].strip()
    return unexpected(s, help=f"write `{s.previous.text}[{size}]`")


def sizes_one_by_one(s: Situation) -> Diagnostic | None:
    """`angle[layers][3]`"""
    line = s.line
    if s.token.text != "[" or s.previous.text != "]" or ":" not in line or "=" in line:
        return None
    start = s.tokens[s.begin + line.index(":")].end
    first = _text(s, start, s.previous.start).strip()
    second = s.source.text[s.token.end :].partition("]")[0].strip()
    if first.partition("[")[0].strip() not in _TYPES:
        return None
    return unexpected(s, help=f"write `{first}, {second}]`")


def closed_range(s: Situation) -> Diagnostic | None:
    """`1..=n`"""
    if s.token.text != "=" or s.previous.text != "..":
        return None
    first, last = s.tokens[s.position - 2].text, s.following()
    shown = f": `{first}..{last} + 1`" if last.isidentifier() or last.isdigit() else ""
    return unexpected(s, help=f"the end of a range is excluded{shown}")


def filtered(s: Situation) -> Diagnostic | None:
    """`sum(… for i in …, j in … if i < j)`"""
    if s.token.text != "if" or "for" not in s.line or s.opener.text in ("for", "if"):
        return None
    return unexpected(
        s, help="there is no filter: write `for (i, j) in pairs(0..n)`, or `j in i + 1..n`"
    )


def anonymous_function(s: Situation) -> Diagnostic | None:
    if s.previous.text != "lambda":
        return None
    return unexpected(
        s, help="a function has a name, and stands before the cell: `def f(x: real) = …;`"
    )


def misspelt_seq(s: Situation) -> Diagnostic | None:
    """`target y: sq real;`"""
    if s.token.text not in _TYPES or s.line[-2:-1] != [":"] or s.previous.text in _TYPES:
        return None
    return unexpected(s, help=f"did you mean `seq {s.token.text}`?")


def _text(s: Situation, start: int, end: int) -> str:
    return s.source.text[start:end]


IDIOMS = (
    python_loop,
    python_if,
    no_braces,
    updated,
    modifier,
    typed_let,
    several_instances,
    parenthesised_size,
    sizes_one_by_one,
    closed_range,
    filtered,
    anonymous_function,
    misspelt_seq,
)
