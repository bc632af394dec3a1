"""How far a piece of work is: on a terminal, elsewhere, and when nobody wants to know."""

from __future__ import annotations

import pytest

from qrnnlang.runtime import progress
from qrnnlang.runtime.progress import Bar, duration


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_plain_lines_with_the_time_that_is_left(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Bar("sweep", 10) as bar:
        bar.one("of an earlier run")
        for _ in range(4):
            clock.now += 1.0
            bar.one("now")
    out, err = capsys.readouterr()
    assert out == ""
    # Nothing before two seconds, a line every two; what was there at once took no time.
    assert err.splitlines() == ["sweep 3/10  now  7 s left", "sweep 5/10  now  5 s left"]


def test_what_happens_once_is_no_measure(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("epoch", 5, first="compiling") as bar:
        clock.now += 30.0
        bar.at(1)
        clock.now += 3.0
        bar.at(1.5, "loss 2")
    assert capsys.readouterr().err == "epoch 1.50/5  loss 2  21 s left\n"


def test_a_new_round_starts_the_clock_again(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Bar("circuit", 2) as bar:
        clock.now += 60.0
        bar.at(2)
        bar.at(1, total=9)
        clock.now += 4.0
        bar.at(5)
    assert capsys.readouterr().err.splitlines() == [
        "circuit 2/2  0 s left",
        "circuit 5/9  4 s left",
    ]


@pytest.mark.parametrize("given", [{"enabled": False}, {"lines": False}])
def test_quiet(clock: Clock, capsys: pytest.CaptureFixture[str], given: dict[str, bool]) -> None:
    with Bar("epoch", 5, **given) as bar:
        for _ in range(5):
            clock.now += 10.0
            bar.one()
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with Bar("search [a]", 4, lines=False, first="compiling") as bar:
        bar.at(1, "x[0]")
        clock.now += 2.0
        bar.at(3, "x[0]")
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("\x1b[2K")  # it is gone at the end
    assert "search [a] 3/4" in err and "x[0]  1 s left" in err
    monkeypatch.setenv("TERM", "dumb")
    with Bar("epoch", 2) as bar:
        clock.now += 5.0
        bar.one()
    assert capsys.readouterr().err == "epoch 1/2  5 s left\n"


def test_the_bar_ends_with_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyError), Bar("epoch", 2):
        raise KeyError
    assert "\x1b[?25h" in capsys.readouterr().err  # the cursor is back


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7530, "2 h 5 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said
