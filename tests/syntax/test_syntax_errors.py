"""Syntax errors: code, place, and the words that help."""

import pytest

from qrnnlang.diagnostics import Source
from qrnnlang.syntax import parse

# Text (after the version line, which is line 1), code, line, column.
CASES = [
    # lexing
    ("const A = $;", "E0103", 2, 11),
    ("const A = 1 # 2;", "E0103", 2, 13),
    ("const A = 'text';", "E0103", 2, 11),
    ("const A = 2 * π;", "E0103", 2, 15),
    ('const A = "text;\nconst B = 1;', "E0104", 2, 11),
    ("const A = 1; /* a /* b */", "E0105", 2, 14),
    ("const A = 1.;", "E0106", 2, 11),
    ("const A = .5;", "E0106", 2, 11),
    ("const A = 1__0;", "E0106", 2, 11),
    ("const A = 3x;", "E0106", 2, 11),
    ("const A = 1e;", "E0106", 2, 11),
    ("const A = 1.e5;", "E0106", 2, 11),
    ("const A = 0x1F;", "E0106", 2, 11),
    # reserved words, semicolons, brackets
    ("cell for { }", "E0107", 2, 6),
    ("cell A { let x = f(a, if); }", "E0107", 2, 23),
    ("const A = 1\nconst B = 2;", "E0108", 2, 12),
    ("cell A { let x = 1 }", "E0108", 2, 19),
    ("cell A {\nh\nlet b = 4;\n}", "E0108", 3, 2),
    ("cell A { let a = 3 let b = 4; }", "E0108", 2, 19),
    ("cell A {\nx q;\n", "E0109", 2, 8),
    ("cell A { let x = f(1; }", "E0109", 2, 19),
    ("cell A {\nlet x = f(1, 2\nlet y = 1;\n}", "E0109", 3, 10),
    ("const A = f(1, [2, 3);", "E0109", 2, 16),
    ("cell A { x q; } }", "E0110", 2, 17),
    ("const A = 1);", "E0110", 2, 12),
    ("const A = [1, 2);", "E0110", 2, 16),
    # the general case
    ("const A 1;", "E0111", 2, 9),
    ("const A = 1 +;", "E0111", 2, 14),
    ("const A = 1 + * 2;", "E0111", 2, 15),
    ("cell A { let = 1; }", "E0111", 2, 14),
    ("cell A { let a = 1 +\nlet b = 2; }", "E0111", 3, 1),
    ("cell A { for i of x { } }", "E0111", 2, 16),
    ("cell A { ; }", "E0111", 2, 10),
    ("cell A { let x = y[]; }", "E0111", 2, 20),
    ("cell A { output y: real = 1; }", "E0111", 2, 25),
    ("cell A(n) { }", "E0111", 2, 9),
    ("import std.;", "E0111", 2, 12),
    ("import foo/bar as b;", "E0111", 2, 11),
    ("const A = 0..3..1;", "E0111", 2, 15),
    # one code each
    ("cell A { let x = (1, 2); }", "E0112", 2, 18),
    ("cell A { let x = 1 + measure q; }", "E0113", 2, 22),
    ("cell A { loss f(postselect q == 0); }", "E0113", 2, 17),
    ("cell A { if (a < b < c) { } }", "E0114", 2, 14),
    ("cell A { b.ctrl @ x q; }", "E0115", 2, 10),
    ("cell A { ctrl(1, 2) @ x q; }", "E0115", 2, 10),
    ("cell A { ctrl(n = 1) @ x q; }", "E0115", 2, 10),
    ("cell A { rx(t) (q); }", "E0116", 2, 16),
    ("cell A { measure (q); }", "E0116", 2, 18),
    ("cell A { x 3; }", "E0116", 2, 12),
    ("cell A { y = 3; }", "E0117", 2, 12),
    ("cell A { c[0] = 3; }", "E0117", 2, 15),
    ("input x: real;", "E0118", 2, 1),
    ("h q;", "E0118", 2, 1),
    ("cell A { gate g q: qubit { x q; } }", "E0119", 2, 10),
    ("cel A { }", "E0120", 2, 1),
    ("cell A { prams w: angle; }", "E0120", 2, 10),
    ("cell A { ouput y = 1; }", "E0120", 2, 10),
    ("cell A { float k = 3; }", "E0120", 2, 10),
    ("cell A { qubit[2] q; }", "E0120", 2, 10),
    ("cell A { while (x) { y q; } }", "E0120", 2, 10),
    ("cell A { if x { y q; } }", "E0121", 2, 13),
    ("cell A { if (x) y q; }", "E0121", 2, 17),
    ("cell A { for (i in 0..3) { y q; } }", "E0121", 2, 17),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), CASES)
def test_one_mistake_is_one_error(diagnose, text, code, line, column):
    errors = diagnose(text)
    assert [(e.code, e.line, e.column) for e in errors] == [(code, line, column)]
    (error,) = errors
    assert error.message[0] in "`" or error.message[0].islower()
    assert not error.message.endswith(".")
    assert error.label


VERSION_CASES = [
    ("", "E0101", 1, 1),
    ("// only a comment", "E0101", 1, 18),
    ("cell A { }", "E0101", 1, 1),
    ("OPENQASM 3.0;\ncell A { }", "E0101", 1, 1),
    ("qrnn;\ncell A { }", "E0101", 1, 5),
    ('qrnn "1.0";', "E0101", 1, 6),
    ("const A = 1;\nqrnn 1.0;", "E0101", 1, 1),
    ("qrnn 1.0;\nqrnn 1.0;", "E0101", 2, 1),
    ("qrnn 2.0;\nwhatever {", "E0102", 1, 6),
    ("qrnn 1;", "E0102", 1, 6),
    ("qrnn 1.;", "E0106", 1, 6),
    ("qrnn 1.0\ncell A { }", "E0108", 1, 9),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), VERSION_CASES)
def test_version_line(text, code, line, column):
    first = parse(Source("t", text))[1][0]
    assert (first.code, first.line, first.column) == (code, line, column)


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("const A = 1.;", "write `1.0`"),
        ("const A = .5;", "write `0.5`"),
        ("const A = 1.e5;", "write `1.0e5`"),
        ("const A = 0x1F;", "numbers are decimal: write `31`"),
        ("const A = 'text';", 'write `"text"`'),
        ("const A = π;", "write `pi`"),
        ("cell in { }", "choose another name, for example `in_`"),
        ("cel A { }", "did you mean `cell`?"),
        ("cell A { fersh q: qubit; }", "did you mean `fresh`?"),
        ("cell A { c = measure q; }", "write `let c = measure …;`"),
        ("cell A { measure q -> c; }", "write `let c = measure q;`"),
        ("cell A { let x = y[0:3]; }", "a slice is written `a..b`, with `..` for everything"),
        ("const A = 0..3..1;", "a range with a step is `range(a, b, step)`"),
        ("const A = 0 < x < 3;", "write `0 < x && x < 3`"),
        ("cell A { let x = (1, 2); }", "for a vector write `[1, 2]`"),
        ("cell A { let x = a and b; }", "write `&&`"),
        ("cell A(n) { }", "give the type: `n: int`"),
        ("gate g(t) q: qubit { }", "give the type: `t: angle`"),
        ("gate g(t: angle) q { }", "give the type: `q: qubit[n]`"),
        ("extern def f(x: real);", "an `extern def` names its result: `-> real[n]`"),
        (
            "import foo/bar as b;",
            'a file is imported by its path in quotes: `import "file.qrnn" as b;`',
        ),
        ('include "x.qrnn";', 'write `import "file.qrnn";`'),
    ],
)
def test_help(diagnose, text, help):
    assert [e.help for e in diagnose(text)] == [help]


def test_what_was_expected_is_said(diagnose):
    messages = [
        e.message
        for e in diagnose(
            "const A = ;\nconst B 1;\ncell C { let x = f(1 2); x ; y q r; let z = [1, ; }\nfoo;\ncell D {\n  3;\n}"
        )
    ]
    assert messages == [
        "expected an expression, found `;`",
        "expected `=`, found `1`",
        "expected `,` or `)`, found `2`",
        "expected `;` or `,`, found `r`",
        "unclosed `[`",
        "expected an item (`import`, `const`, `def`, `extern def`, `gate`, `cell` or `model`), found `foo`",
        "expected a statement or `}`, found `3`",
    ]


def test_labels_show_the_other_place(diagnose):
    (error,) = diagnose("cell A {\nlet x = f(1;\n}")
    (label,) = error.labels
    assert (label.span.text, label.text) == (";", "a `)` is missing before this")
    (error,) = diagnose("const A = [1, 2);")
    assert [(x.span.text, x.text) for x in error.labels] == [("[", "opened here")]


def test_a_missing_semicolon_is_placed_after_the_statement(diagnose):
    (error,) = diagnose("cell A {\n  let x = f(1)   // why\n  h q;\n}")
    assert (error.code, error.line, error.column, error.length) == ("E0108", 3, 15, 0)


@pytest.mark.parametrize(
    "deep",
    [
        "(" * 300 + "1" + ")" * 300,
        "[" * 300 + "1" + "]" * 300,
        "f(" * 300 + "1" + ")" * 300,
        "-" * 300 + "1",
        "!" * 300 + "a",
        "-" * 100_000 + "1",
        "(" * 300_000,
        " ** ".join("a" * 300),
        " ** ".join("a" * 20_000),
        "x" + "[0]" * 300,
        "x" + ".y" * 300,
        "f" + "()" * 300,
    ],
    ids=lambda text: f"{text[:6]}-{len(text)}",
)
def test_deep_expressions(places, deep):
    (found,) = places(f"const A = {deep};")
    assert found[:2] == ("E0702", 2)


@pytest.mark.parametrize(
    "deep",
    [
        "(" * 198 + "1" + ")" * 198,
        "-" * 199 + "1",
        " ** ".join("a" * 200),
        "x" + "[0]" * 199,
        "f(1 + 2 * " * 60 + "3" + ")" * 60,
    ],
    ids=lambda text: f"{text[:6]}-{len(text)}",
)
def test_what_is_within_the_limit_parses(places, deep):
    assert places(f"const A = {deep};") == []


def test_deep_blocks(places):
    for head in ("if (a) {", "for i in 0..n {", "if (a) { } else {"):
        assert places("cell A {" + head * 150 + "}" * 150 + "}") == []
        assert [p[0] for p in places("cell A {" + head * 250 + "}" * 250 + "}")] == ["E0702"]
    chain = "if (a) { x q; } " + "else if (b) { x q; } " * 150
    assert places(f"cell A {{ {chain} }}") == []
    assert [
        p[0] for p in places(f"cell A {{ {chain + chain.replace('if (a)', 'else if (a)', 1)} }}")
    ] == ["E0702"]
