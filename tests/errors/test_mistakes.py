"""One mistake is one error, with the help that leads out of it; several are all reported."""

from __future__ import annotations

import pytest

from qrnnlang.sema import check_text

from .mistakes import MISTAKES, PROGRAM, Mistake


def test_the_program_without_them() -> None:
    assert check_text(PROGRAM) == ()


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_one_mistake_is_one_error(mistake: Mistake) -> None:
    found = check_text(mistake.text)
    assert [d.code for d in found] == [mistake.code]
    (error,) = found
    assert error.span.text == mistake.at
    assert error.help == mistake.help or not mistake.help
    said = "\n".join((error.message, error.label, *error.notes, *(m.text for m in error.labels)))
    assert mistake.says in said


def test_independent_mistakes_are_all_reported() -> None:
    text = PROGRAM
    for right, wrong in (
        ("ry(x) e;", "ry(v) e;"),
        ("cz e, m[0];", "cz e;"),
        ("head(c(x))", "hed(c(x))"),
        ("epochs = 2", "epoch = 2"),
    ):
        text = text.replace(right, wrong, 1)
    assert [d.code for d in check_text(text)] == ["E0201", "E0403", "E0204", "E0506"]


def test_errors_beside_one_of_syntax_are_reported() -> None:
    text = PROGRAM
    for right, wrong in (
        ("param theta: angle[layers, 3];", "param theta angle[layers, 3];"),
        ("cz e, m[0];", "cz e;"),
        ("next s = s + x;", "next s = s + w"),
        ("loss mse(pred, y);", "loss mse(pred y);"),
        ("epochs = 2", "epoch = 2"),
    ):
        text = text.replace(right, wrong, 1)
    codes = [d.code for d in check_text(text)]
    assert codes == ["E0111", "E0403", "E0201", "E0108", "E0111", "E0506"]


def test_all_that_is_wrong_with_the_blocks_is_reported() -> None:
    text = PROGRAM
    for right, wrong in (
        ('x = column("v")', "x = column(v)"),
        ("window = 8", "window = 0"),
        ("split = (0.8, 0.2)", "split = 0.8"),
        ("lr = 0.05", "learning_rate = 0.05"),
        ("epochs = 2", "epochs = -2"),
    ):
        text = text.replace(right, wrong, 1)
    assert [d.code for d in check_text(text)] == ["E0509", "E0509", "E0509", "E0510", "E0509"]


def test_unused_names_wait_for_the_errors_of_their_item() -> None:
    text = PROGRAM.replace("ry(x) e;", "ry(v) e;").replace("next s = s + x;", "")
    assert [d.code for d in check_text(text)] == ["E0201"]
    text = PROGRAM.replace("ry(x) e;", "let unused = x;")
    assert [d.code for d in check_text(text)] == ["W0201"]
