"""Damaged programs: whatever is wrong, there are diagnostics, and never a hang or a traceback."""

from __future__ import annotations

import random
import re

import pytest
from counted import calls_within

from qrnnlang.diagnostics import CompileError, Source
from qrnnlang.diagnostics.render import render, render_json
from qrnnlang.sema import check_text, load_text
from qrnnlang.syntax.format import format_source

from .cases import CASES, ROOT

_TOKENS = re.compile(r'\w+|\s+|"[^"\n]*"|[^\w\s]')
_SOURCES = [
    (ROOT / f"{case}{end}").read_text(encoding="utf-8")
    for case in CASES
    if not case.startswith("limits")
    for end in (".qrnn", ".ok.qrnn")
]
_WORDS = [t for text in _SOURCES for t in _TOKENS.findall(text) if t.strip()]

#: Of functions, in all that is done with a text of a few lines; and what each character may add.
CALLS = 600_000
CALLS_PER_CHARACTER = 300

#: What once hung or crashed.
ONCE_WRONG = {
    "an item's word at the end": "qrnn 1.0;\ncell A {\n    output y = 1;\ncell",
    "a word read as a name again and again": "qrnn 1.0;\ngate {(a angle) q { x q; }\nextern def f(x: real);\ncell A { output y = 1; }",
    "a brace in the version": "qrnn{1.0;\n\ncell = {\n    output y = tablek];\n}\n",
    "an unknown type of a hyperparameter": "qrnn 1.0; cell A(n: int1 = 2) { output y = n; }",
    "the record of a cell without outputs": "qrnn 1.0; cell N { input x: real; } cell A { use n = N(); output y = n(1); }",
    "a recurrence in the preparation of a register": "qrnn 1.0; cell A { fresh e: qubit; carry m: qubit { input x: real; carry c: real; next c = c + 2 * x; output y = c; } output y = expect(Z(m)); }",
    "an input in a loop of a cell that is called": "qrnn 1.0; cell N { for i in 0..2 { input x: real[6]; output z = x; } } cell A { input v: real; use n = N(); output y = n(v); }",
    "a cell whose outputs are wrong": "qrnn 1.0; cell N { input x: real; output z = q; } cell A { use n = N(); output y = n(1); }",
}


def judge(text: str) -> set[str]:
    """The codes of a text, after everything was tried that a command could do with it."""
    found = check_text(text)
    for diagnostic in found:
        assert render(diagnostic, color=True)
        assert render_json(diagnostic)
    for use in (load_text, lambda text: format_source(Source("<string>", text))):
        try:
            use(text)
        except CompileError as error:
            assert str(error)
    return {d.code for d in found if d.severity == "error"}


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_what_once_was_wrong(name: str) -> None:
    assert calls_within(CALLS, lambda: judge(ONCE_WRONG[name]))


@pytest.mark.parametrize("seed", range(8))
def test_damaged_programs(seed: int) -> None:
    chance = random.Random(seed)
    texts = [_damaged(chance) for _ in range(50)]
    wrong = sum(bool(calls_within(CALLS, lambda text=text: judge(text))) for text in texts)
    assert wrong > 25  # most damage is noticed


def _damaged(chance: random.Random) -> str:
    """A golden program with a few tokens left out, doubled, replaced or exchanged."""
    tokens = _TOKENS.findall(chance.choice(_SOURCES))
    for _ in range(min(len(tokens), chance.randint(1, 4))):
        place, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        match chance.choice("odrrx"):
            case "o":
                tokens[place] = ""
            case "d":
                tokens.insert(place, tokens[place])
            case "r":
                tokens[place] = chance.choice(_WORDS)
            case "x":
                tokens[place], tokens[other] = tokens[other], tokens[place]
    return "".join(tokens)


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x01\x02",
        "qrnn 1.0;" + "(" * 5000,
        "qrnn 1.0; cell A { output y = " + "[" * 150 + "1" + "]" * 150 + "; }",
        "qrnn 1.0; cell A { " + "{" * 5000,
        "qrnn 1.0; cell A { output y = 1" + " + 1" * 10_000 + "; }",
        "qrnn 1.0; " + "x" * 100_000,
        "qrnn 1.0; cell A { output y = " + "9" * 5000 + "; }",
        "qrnn 1.0; cell A { output y = 2 ** 2 ** 2 ** 2 ** 2 ** 2; }",
        "qrnn 1.0; " + "cell A { output y = ; } " * 2000,
        "qrnn 1.0; /*" + "/*" * 20_000,
        "qrnn 1.0; cell \ud800 { }",
    ],
)
def test_hostile_texts(text: str) -> None:
    calls_within(CALLS + CALLS_PER_CHARACTER * len(text), lambda: judge(text))
