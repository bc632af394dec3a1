"""Random texts: never an exception, always an end; and the same language as Lark's own parser."""

from functools import cache
from unittest.mock import patch

from counted import calls_within
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lark import Lark
from lark.exceptions import UnexpectedInput

from qrnnlang.diagnostics import Source
from qrnnlang.syntax import parse
from qrnnlang.syntax.build_table import GRAMMAR
from qrnnlang.syntax.compare import same_tree
from qrnnlang.syntax.format import format_source
from qrnnlang.syntax.table import load

#: Of Python functions, in a parse of a few hundred characters: about 20 a character are usual.
CALLS = 500_000

WORDS = [
    *load().words,
    "x",
    "q",
    "Foo",
    "real",
    "0",
    "1.5",
    '"s"',
    "// c\n",
    "/* c */",
    "/// d\n",
    "\n",
]
SOUP = st.lists(st.sampled_from([*WORDS, *load().punctuation]), max_size=60).map(" ".join)
LIMIT = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))

STATEMENT = st.sampled_from(
    [
        "input x: real[d];", "carry m: qubit[k] { h m; }", "param w: angle[l, k] ~ uniform(-pi, pi);",
        "let v = [x, c];", "next c[i] = tanh(f(v).z);", "output y = expect(Z(e));", "x target;",
        "ctrl(2) @ inv @ b.g(a, n = 1) q, [m, e][0..2];", "let p = postselect q == bits(v);",
        "if (b == 2 && !c) { x q; } else if (d) { } else { y q; }", "for (i, j) in zip(a, b), k in 0..3 { cx i, j; }",
        "let H = sum(J[i, j] * X(m[i]) for (i, j) in pairs(0..n)) + g ** -2 ** 3;", "evolve(H, t, steps = 2,);",
        "train { split = (0.6, 0.4); input y = 1; }", "let x = [1, 2, 3, 4, 5, 6][-1];", "measure q;",
        "loss (a + b) * 2;", "reset q, r;", "let s = x[.., 0, a.., ..b];", "data csv(\"a\") { }",
    ]
)  # fmt: skip
SPACE = st.sampled_from(
    ["", "\n", "\n\n\n", " // note\n", "\n// own\n", "/* in */", "\n/// doc\n", "/* a\n  b */\n"]
)


@st.composite
def programs(draw):
    """A sound program with comments and breaks between its tokens, and its text without them."""
    body = draw(st.lists(STATEMENT, max_size=6))
    text = "qrnn 1.0;\ncell A(n: int = 2) {\n" + "\n".join(body) + "\n}\n"
    pieces = text.split(" ")
    return " ".join(
        piece + draw(SPACE) if draw(st.integers(0, 5)) == 0 else piece for piece in pieces
    )


@given(SOUP)
@LIMIT
def test_token_soup_never_raises(soup):
    for text in (soup, "qrnn 1.0;\n" + soup, "qrnn 1.0; cell A { " + soup + " }"):
        file, errors = calls_within(CALLS, lambda text=text: parse(Source("t", text)))
        assert file is not None or errors


@given(st.text(max_size=200))
@LIMIT
def test_any_text_never_raises(text):
    file, errors = parse(Source("t", text))
    assert file is not None or errors
    for error in errors:
        assert 0 <= error.span.start <= error.span.end <= len(text)


@given(programs(), st.data())
@LIMIT
def test_mutilated_programs_never_raise(text, data):
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 20)))
    file, errors = parse(Source("t", text[:begin] + text[end:]))
    assert file is not None or errors


@cache
def oracle() -> Lark:
    return Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", start="file")


@given(SOUP, programs(), st.data())
@LIMIT
def test_the_driver_accepts_what_lark_accepts(soup, program, data):
    """Judged on texts without comments and tuples, and errors beyond the grammar left aside."""
    words = (
        program.replace("// note", "")
        .replace("// own", "")
        .replace("/// doc", "")
        .replace("/* in */", "")
    )
    words = words.replace("/* a\n  b */", "")
    if data.draw(st.booleans()):
        k = data.draw(st.integers(0, len(words)))
        words = (
            words[:k]
            + data.draw(st.sampled_from([" ", *WORDS[:20], *load().punctuation]))
            + words[k:]
        )
    for text in (
        words,
        "qrnn 1.0; cell A { "
        + soup.replace("// c", "").replace("/// d", "").replace("/* c */", "")
        + " }",
    ):
        try:
            oracle().parse(text)
            accepted = True
        except UnexpectedInput:
            accepted = False
        codes = {e.code for e in parse(Source("t", text))[1]}
        if not codes & {"E0102", "E0106"}:  # a wrong version ends parsing, a wrong number is mended
            assert accepted == (codes <= {"E0112", "E0114", "E0115"}), text


@given(programs(), st.sampled_from([1, 20, 40, 100]))
@example("qrnn 1.0; cell A { ctrl(2) @ // note\n inv @ b.g(a, n = 1) q, [m, e][0..2]; }", 1)
@LIMIT
def test_formatting_changes_neither_tree_nor_comments_and_is_stable(text, width):
    with patch("qrnnlang.syntax.format.WIDTH", width):
        check_formatting(text)


def check_formatting(text):
    file, errors = parse(Source("t", text))
    assert errors == ()
    formatted = format_source(Source("t", text))
    again, errors = parse(Source("t", formatted))
    assert errors == ()
    assert same_tree(file, again)
    assert sorted(c.text for c in file.comments) == sorted(c.text for c in again.comments)
    assert format_source(Source("t", formatted)) == formatted
