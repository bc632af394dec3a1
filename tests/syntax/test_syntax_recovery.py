"""Several errors in one run, none of them a consequence of another."""

import pytest

from qrnnlang.diagnostics import Source
from qrnnlang.syntax import parse

BROKEN = """\
qrnn 1.0;

const A = ;
def f(x: real) = x +;

cell One(n int) {
    input x: real
    carry m: qubit[n;
    let y = f(1 2);
    for i of 0..n {
        h m[i]
        let = 3;
    }
    if (x == 1 {
        y = 4;
    } else {
        measure (m);
    }
    rx(t) m;
}

cell Two { output y = 1; }

model Three {
    data csv("a") { x column(0); y = 1 }
    train { epochs = ; batch = 1 seed = 2; }
    loss mse(y, ];
}
"""


def test_all_independent_errors_are_found(places):
    assert places(BROKEN) == [
        ("E0111", 3, 11),
        ("E0111", 4, 21),
        ("E0111", 6, 12),
        ("E0108", 7, 18),
        ("E0109", 8, 19),
        ("E0111", 9, 17),
        ("E0111", 10, 11),
        ("E0108", 11, 15),
        ("E0111", 12, 13),
        ("E0109", 14, 8),
        ("E0117", 15, 11),
        ("E0116", 17, 17),
        ("E0111", 25, 23),
        ("E0108", 25, 39),
        ("E0111", 26, 22),
        ("E0111", 26, 34),
        ("E0110", 27, 17),
    ]


def test_sound_items_survive():
    file, errors = parse(Source("t", BROKEN))
    assert errors
    assert [item.name.text for item in file.items] == ["Two"]
    assert set(file.broken) == {"A", "f", "One", "Three"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a surplus or missing brace, placed by indentation
        ("cell A {\n    x q;\n    }\n    y q;\n}\ncell B { }\n", [("E0110", 4, 5)]),
        ("cell A {\n    for i in x {\n        y q;\n    z q;\n}\ncell B { }\n", [("E0109", 3, 16)]),
        ("cell A {\n    x q;\n\ncell B {\n    y q;\n}\n", [("E0109", 2, 8)]),
        # statements outside of any cell are one mistake
        ("input x: real;\nh q;\noutput y = x;\n", [("E0118", 2, 1)]),
        # the statement after a broken one is read
        ("cell A {\nlet a = 1 +\nlet = 2;\n}", [("E0111", 4, 1), ("E0111", 4, 5)]),
        ("cell A {\nlet a = f(1,\nlet = 2;\n}", [("E0109", 3, 10)]),
        ("cell A { if (a) { let = 1; } else x q; }", [("E0111", 2, 23), ("E0121", 2, 35)]),
        ("cell A { let a = $ + ; }", [("E0103", 2, 18)]),
        ("gate g(a b) q: qubit { let = 1; }", [("E0111", 2, 10), ("E0111", 2, 28)]),
        (
            "cel A { let = 1; }\nmodl B { let = 1; }",
            [("E0120", 2, 1), ("E0111", 2, 13), ("E0120", 3, 1), ("E0111", 3, 14)],
        ),
    ],
)
def test_recovery(places, text, expected):
    assert places(text) == expected


def test_errors_are_in_order_of_place(diagnose):
    offsets = [e.span.start for e in diagnose(BROKEN.replace("rx(t) m;", "rx($) m;"))]
    assert offsets == sorted(offsets)


def test_names_of_broken_items():
    file, errors = parse(
        Source("t", "qrnn 1.0;\ncell A { let = 1; }\ncell B { }\nconst C = (1, 2);\n")
    )
    assert len(errors) == 2
    assert [item.name.text for item in file.items] == ["A", "B"]
    assert file.broken == ("C",)
    assert [lost.span.text for lost in file.lost] == ["let = 1;"]


def test_text_that_is_no_program_ends_soon(diagnose):
    for text in (
        ")" * 100_000,
        "$ " * 100_000,
        "x " * 50_000,
        "let = ;\n" * 20_000,
        "cell A { = }\n" * 10_000,
    ):
        assert 1 <= len(diagnose(text)) <= 202
