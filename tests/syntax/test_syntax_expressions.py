"""Expressions: precedence, what follows a primary, ranges, comprehensions, numbers, strings."""

import math

import pytest

from qrnnlang.syntax import tree

PRECEDENCE = [
    ("a || b && c", "(a || (b && c))"),
    ("a && b || c", "((a && b) || c)"),
    ("a || b || c", "((a || b) || c)"),
    ("a && b ^ c", "(a && (b ^ c))"),
    ("a ^ b == c", "(a ^ (b == c))"),
    ("a ^ b ^ c", "((a ^ b) ^ c)"),
    ("a == b..c", "(a == (b..c))"),
    ("a == b != c", "((a == b) != c)"),
    ("a + b <= c - d", "((a + b) <= (c - d))"),
    ("0..n + 1", "(0..(n + 1))"),
    ("a - b - c", "((a - b) - c)"),
    ("a + b * c", "(a + (b * c))"),
    ("a / b * c % d @ e", "((((a / b) * c) % d) @ e)"),
    ("-a * b", "((-a) * b)"),
    ("a * -b", "(a * (-b))"),
    ("-a ** b", "(-(a ** b))"),
    ("a ** -b", "(a ** (-b))"),
    ("a ** b ** c", "(a ** (b ** c))"),
    ("a ** -b ** c", "(a ** (-(b ** c)))"),
    ("!a && b", "((!a) && b)"),
    ("!a == b", "((!a) == b)"),
    ("!!a", "(!(!a))"),
    ("- -a", "(-(-a))"),
    ("-x[0].y(1) ** 2", "(-(x[0].y(1) ** 2))"),
    ("(a + b) * c", "((a + b) * c)"),
    ("(a < b) == (c < d)", "((a < b) == (c < d))"),
    ("b[0] == b[1] == b[2]", "((b[0] == b[1]) == b[2])"),
]


@pytest.mark.parametrize(("text", "meaning"), PRECEDENCE)
def test_precedence(expression, show, text, meaning):
    assert show(expression(text)) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "x[i]",
        "x[i, j]",
        "f()",
        "f(a, b)",
        "f(a, n = b)",
        "f(v).z",
        "f(v)[0][1].z",
        "b.Name(n = 1)",
        "[]",
        "[a, b, c]",
        "[f(x[i]) for i in (0..n)]",
        "[x[i, j] for i in (0..n), (j, k) in zip(a, b)]",
        "sum((w[i] * x[i]) for i in (0..n))",
        '"text"',
        "true",
        "false",
        "x[i, (..)]",
        "x[(a..)]",
        "x[(..b)]",
        "x[(a..b)]",
        "x[(-1)]",
        "x[((-2)..)]",
    ],
)
def test_primaries(expression, show, text):
    bare = text.replace("(..)", "..").replace("(a..)", "a..").replace("(..b)", "..b")
    assert show(expression(bare.replace("((-2)..)", "-2.."))) == text


def test_repeated_for_is_nested_like_a_comma(expression, show):
    assert show(expression("sum(a for i in x for j in y)")) == "sum(a for i in x, j in y)"


def test_trailing_commas(expression, show):
    assert show(expression("f(a, [b, c,],)")) == "f(a, [b, c])"


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("1e-3", 0.001), ("2.5e3", 2500.0), ("1_000", 1000), ("1E+2", 100.0)],
)
def test_numbers(expression, text, value):
    node = expression(text)
    assert node == tree.Number(node.span, value)
    assert type(node.value) is type(value)
    assert node.span.text == text


def test_a_number_of_any_length_is_read(expression):
    assert expression("9" * 900).value == int("9" * 900)
    assert expression("9" * 20_000).value == math.inf


def test_a_range_of_numbers_is_no_decimal(expression, show):
    assert show(expression("0..5")) == "(0..5)"
    assert show(expression("0.5..1.5")) == "(0.5..1.5)"


def test_a_string_may_hold_comment_marks(expression):
    assert expression('f("a // b /* c")').args[0].value.value == "a // b /* c"


def test_spans_cover_the_text(expression):
    node = expression("f(a + 1)[0] * (b - c)")
    assert node.span.text == "f(a + 1)[0] * (b - c)"
    assert node.left.span.text == "f(a + 1)[0]"
    assert node.left.base.args[0].span.text == "a + 1"
    assert node.right.span.text == "(b - c)"
    assert node.right.left.span.text == "b"


def test_a_sum_of_ten_thousand_terms(expression):
    node = expression(" + ".join(f"x{k}" for k in range(10_000)))
    depth = 0
    while isinstance(node, tree.Binary):
        depth += 1
        assert node.right == tree.Variable(node.right.span, f"x{10_000 - depth}")
        node = node.left
    assert (depth, node.name) == (9_999, "x0")


def test_keywords_are_names_inside_expressions(expression, show):
    text = "f(input, carry = data[gate], next.let)"
    assert show(expression(text)) == text
