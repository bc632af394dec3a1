"""Mistakes that deserve their own words. Each hint looks at a situation and passes with None."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from ..diagnostics.errors import Diagnostic
from .idioms import IDIOMS
from .messages import Situation, describe, unexpected
from .words import ITEM_WORDS, RESERVED, STATEMENT_WORDS

_VALUES = frozenset({"measure", "postselect"})
# Words of neighbouring languages, and what to write instead.
FOREIGN = {
    "include": 'write `import "file.qrnn";`',
    "from": 'write `import "file.qrnn";` or `import std.ansatz;`',
    "qubit": "declare a register with `carry q: qubit[n];` or `fresh q: qubit[n];`",
    "qreg": "declare a register with `carry q: qubit[n];` or `fresh q: qubit[n];`",
    "bit": "a bit is the result of `let b = measure q;`, or is carried: `carry b: bit[n];`",
    "creg": "a bit is the result of `let b = measure q;`, or is carried: `carry b: bit[n];`",
    "float": "bind a value with `let x = …;`, or declare a trained one with `param x: real;`",
    "int": "bind a value with `let k = …;`, or make it a hyperparameter of the cell",
    "var": "bind a value with `let x = …;`",
    "return": "a cell gives values with `output y = …;`",
    "while": "repetition is `for i in 0..n { … }`, unrolled at compile time",
    "elif": "write `else if (…) { … }`",
    "function": "write `def name(x: real) = …;`",
    "fn": "write `def name(x: real) = …;`",
    "class": "write `cell Name { … }`",
    "parameter": "write `param name: real[n];`",
    "hidden": "write `carry name: real[n];` or `carry name: qubit[n];`",
    "state": "write `carry name: real[n];` or `carry name: qubit[n];`",
}


def second_version(s: Situation) -> Diagnostic | None:
    if s.kind == "items" and s.at_start and s.token.text == "qrnn":
        return Diagnostic(
            "E0101",
            "the version line stands first and only once",
            s.span(),
            label="only comments may stand before the version line",
            help="remove this line, and start the file with `qrnn 1.0;`",
        )
    return None


def assignment(s: Situation) -> Diagnostic | None:
    """`y = …;` as in most languages."""
    if s.token.text != "=" or s.kind != "statements" or "=" in s.expected:
        return None
    line = s.line
    if not line or not line[0].isidentifier() or line[0] in STATEMENT_WORDS or line[0] in RESERVED:
        return None
    if len(line) == 2 and (
        line[0] in FOREIGN or get_close_matches(line[0], STATEMENT_WORDS, 1, 0.7)
    ):
        return None  # `ouput y = …;`: the first word is what is wrong
    target = s.source.text[s.opener.start : s.previous.end]
    if len(line) == 1:
        suggestion = (
            f"write `let {target} = …;` for a new value, `next {target} = …;` for a carried one"
        )
    else:
        suggestion = (
            f"write `next {target} = …;` for a carried value, `output {target} = …;` for an output"
        )
    if len(line) == 1 and s.following()[:1].isupper() and s.following() not in ("X", "Y", "Z", "I"):
        suggestion = f"write `use {target} = …;` for an instance of a cell, {suggestion[6:]}"
    if s.following() == "measure":
        suggestion = f"write `let {line[0]} = measure …;`"
    return Diagnostic(
        "E0117",
        "a value is not assigned to",
        s.span(),
        label="values are bound once",
        help=suggestion,
    )


def value_word(s: Situation) -> Diagnostic | None:
    """`measure` or `postselect` inside an expression."""
    if s.token.text not in _VALUES or "NUMBER" not in s.expected:
        return None
    word = s.token.text
    example = "measure q" if word == "measure" else "postselect q == 0"
    return Diagnostic(
        "E0113",
        f"`{word}` is not part of an expression",
        s.span(),
        label=f"`{word}` is the whole right side of a `let` or a `next`",
        help=f"bind it first: `let b = {example};`, then use `b`",
    )


def reserved(s: Situation) -> Diagnostic | None:
    """A reserved word where a name should be."""
    word = s.token.text
    if word not in RESERVED or "NAME" not in s.expected or s.at_start or not s.same_line():
        return None
    if "NUMBER" in s.expected and s.following() not in ("=", ",", ")", "]", ";", ":"):
        return None
    return Diagnostic(
        "E0107",
        f"`{word}` is a reserved word and cannot be a name",
        s.span(),
        label="reserved",
        notes=("the reserved words are " + ", ".join(f"`{w}`" for w in sorted(RESERVED)),),
        help=f"choose another name, for example `{word}_`",
    )


def foreign(s: Situation) -> Diagnostic | None:
    """A word of another language, or a misspelt one, at the start of a statement."""
    word = s.opener.text
    if not word.isidentifier() or word in RESERVED or s.kind == "assignments":
        return None
    if word in STATEMENT_WORDS or word in ITEM_WORDS:
        return None
    if s.kind == "statements" and (s.at_start or s.token.text in (";", ",", "@")):
        return None
    known = sorted(ITEM_WORDS if s.kind == "items" else STATEMENT_WORDS)
    opened = "an item" if s.kind == "items" else "a statement"
    if word in FOREIGN:
        suggestion = FOREIGN[word]
    elif (close := get_close_matches(word, known, 1, 0.7)) and s.position - s.begin <= 3:
        suggestion = f"did you mean `{close[0]}`?"
    else:
        return None
    return Diagnostic(
        "E0120",
        f"`{word}` does not open {opened}",
        s.span(s.opener),
        label=f"expected the word that opens {opened}"
        if s.kind == "statements"
        else "unknown word",
        help=suggestion,
    )


def misplaced_statement(s: Situation) -> Diagnostic | None:
    """A statement at the level of the file."""
    if s.kind != "items" or not s.at_start or s.token.kind == 0:
        return None
    word = s.token.text
    statement = word in STATEMENT_WORDS or (
        word.isidentifier() and s.following()[:1].isidentifier()
    )
    if not statement:
        return None
    return Diagnostic(
        "E0118",
        "a statement stands in a `cell`, `model` or `gate`",
        s.span(),
        label="not inside a cell, model or gate",
        help="write `cell Name { … }` around the statements",
    )


def misplaced_item(s: Situation) -> Diagnostic | None:
    """An item within a block: its word was read as the name of a gate."""
    word = s.opener.text
    if s.kind != "statements" or word not in ITEM_WORDS or s.at_start:
        return None
    return Diagnostic(
        "E0119",
        f"a `{word}` does not stand inside a block",
        s.span(s.opener),
        label="items stand at the level of the file",
        help=f"move the `{word}` out, or close the block before it with `}}`"
        if word != "const"
        else f"here write `let {s.line[1]} = …;`"
        if len(s.line) > 1
        else "here write `let`",
    )


def operand(s: Situation) -> Diagnostic | None:
    """An operand in parentheses, or one that is no name."""
    if not {"NAME", "["} <= s.expected or "NUMBER" in s.expected or s.at_start:
        return None
    token = s.token
    if token.text == "(":
        return Diagnostic(
            "E0116",
            "an operand is not parenthesised",
            s.span(),
            label="expected a register, a concatenation `[…]` or a call",
            help="leave out the parentheses",
        )
    if token.text[:1].isdigit() or token.text[:1] in ('"', "-", "!"):
        return Diagnostic(
            "E0116",
            f"{describe(s, token)} is not an operand",
            s.span(),
            label="expected a register, a concatenation `[…]` or a call",
        )
    return None


def arrow(s: Situation) -> Diagnostic | None:
    """`measure q -> c;`"""
    if s.token.text == "->" and s.opener.text == "measure":
        return unexpected(s, help="write `let c = measure q;`")
    return None


def braces(s: Situation) -> Diagnostic | None:
    """`if` and `for` without the punctuation they need."""
    token, word = s.token, s.opener.text
    if word == "for" and s.position > s.begin and s.line[1:2] == ["("] and token.text == "in":
        return unexpected(s, "E0121", "no parentheses around the clauses: `for i in 0..n { … }`")
    if word == "for" and token.text in (":", "to"):
        return unexpected(s, help="a range is written `0..n`")
    return None


def colon_slice(s: Situation) -> Diagnostic | None:
    if s.token.text == ":" and ("]" in s.expected or _in_index(s)):
        return unexpected(s, help="a slice is written `a..b`, with `..` for everything")
    return None


def _in_index(s: Situation) -> bool:
    """Whether the refused token is the first of an entry between `[` and `]`."""
    if s.previous.text not in ("[", ","):
        return False
    depth = 0
    for text in reversed(s.line):
        depth += (text in (")", "]")) - (text in ("(", "["))
        if depth < 0:
            return text == "["
    return False


def range_chain(s: Situation) -> Diagnostic | None:
    if s.token.text == ".." and ".." not in s.expected and "+" in s.expected:
        return unexpected(s, help="a range with a step is `range(a, b, step)`")
    return None


def typed_output(s: Situation) -> Diagnostic | None:
    if s.opener.text == "output" and s.token.text == "=" and ":" in s.line:
        return unexpected(s, help="an output takes its type from its value: `output y = …;`")
    return None


def untyped(s: Situation) -> Diagnostic | None:
    """A declaration or parameter without its type."""
    if ":" not in s.expected or not s.previous.text.isidentifier():
        return None
    example = _TYPES.get(s.opener.text)
    if (
        s.opener.text == "gate"
        and "(" not in s.line[-2:]
        and s.line.count("(") == s.line.count(")")
    ):
        example = "qubit[n]"
    return unexpected(s, help=f"give the type: `{s.previous.text}: {example}`") if example else None


_TYPES = {
    "cell": "int",
    "model": "int",
    "gate": "angle",
    "def": "real[n]",
    "extern": "real[n]",
    "input": "real[n]",
    "target": "real[n]",
    "param": "real[n]",
    "fixed": "real[n]",
    "carry": "qubit[n]",
    "fresh": "qubit[n]",
}


def item_parts(s: Situation) -> Diagnostic | None:
    """Items that lack something."""
    if "->" in s.expected and s.opener.text == "extern":
        return unexpected(s, help="an `extern def` names its result: `-> real[n]`")
    if s.opener.text == "import" and s.token.text == "/":
        return unexpected(
            s, help='a file is imported by its path in quotes: `import "file.qrnn" as b;`'
        )
    if s.opener.text == "def" and s.token.text == "{":
        return unexpected(s, help="the body of a function is one expression: `def f(x: real) = …;`")
    return None


def words_as_operators(s: Situation) -> Diagnostic | None:
    instead = {"and": "&&", "or": "||", "not": "!", "if": "", "div": "div(a, b)"}.get(s.token.text)
    if not instead or "+" not in s.expected:
        return None
    return unexpected(s, help=f"write `{instead}`")


def statement_start(s: Situation) -> Diagnostic | None:
    """Something that cannot open a statement at all."""
    if not s.at_start:
        return None
    if s.token.text == ";":
        return unexpected(
            s, help="remove the `;`: there are no empty statements, and none after a `}`"
        )
    if s.token.text == "else":
        return unexpected(s, help="an `else` follows the `}` of its `if` directly")
    return None


HINTS: tuple[Callable[[Situation], Diagnostic | None], ...] = (
    second_version,
    *IDIOMS,
    misplaced_item,
    assignment,
    value_word,
    reserved,
    foreign,
    misplaced_statement,
    operand,
    arrow,
    braces,
    colon_slice,
    range_chain,
    typed_output,
    words_as_operators,
    untyped,
    item_parts,
    statement_start,
)
