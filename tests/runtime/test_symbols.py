"""Streams of symbols: what is read, what is wanted, and what is asked."""

from __future__ import annotations

import numpy as np
import pytest

from qrnnlang.runtime.series import SERIES
from qrnnlang.sema.series import SERIES as SIGNATURES

TASKS = ("elman_xor", "elman_letters", "dna_marker")


def sentences(name: str, length: int, count: int = 40, **more: int) -> dict[str, np.ndarray]:
    found = SERIES[name](points=count * length, length=length, **more)
    return {k: v.reshape(count, length).astype(int) for k, v in found.items()}


@pytest.mark.parametrize("name", TASKS)
def test_bits_spell_the_symbols(name: str) -> None:
    found = sentences(name, 12)
    assert set(found) == set(SIGNATURES[name].columns)
    width = len([k for k in found if k.startswith("x")])
    assert (sum(found[f"x{b}"] << b for b in range(width)) == found["v"]).all()
    assert (sum(found[f"o{b}"] << b for b in range(width)) == found["next"]).all()


def test_xor_asks_for_every_third_bit() -> None:
    found = sentences("elman_xor", 36)
    v = found["v"]
    assert (v[:, 2::3] == v[:, 0::3] ^ v[:, 1::3]).all()
    assert (found["asked"] == (np.arange(36) % 3 == 1)).all()
    assert (found["next"][:, 1::3] == v[:, 2::3]).all()
    assert (found["next"][found["asked"] == 0] == 2).all()
    assert {(a, b) for a, b in zip(v[:, 0], v[:, 1], strict=True)} == {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    }


def test_letters_are_words_whose_vowels_follow() -> None:
    names = {0: "a", 1: "i", 2: "u", 4: "b", 5: "d", 6: "g"}
    found = sentences("elman_letters", 20)
    for row, wanted in zip(found["v"], found["next"], strict=True):
        text = "".join(names[s] for s in row)
        rest = text
        while rest:
            word = {"b": "ba", "d": "dii", "g": "guuu"}[rest[0]]
            assert word.startswith(rest[: len(word)])
            rest = rest[len(word) :]
        follows = [7 if s >= 4 else s for s in row[1:]]
        assert wanted[:-1].tolist() == follows
    assert found["asked"].all()


@pytest.mark.parametrize("told", [0, 1])
def test_dna_asks_for_the_marked_base(told: int) -> None:
    found = sentences("dna_marker", 11, count=200, told=told)
    places = set()
    for row, wanted, asked in zip(found["v"], found["next"], found["asked"], strict=True):
        (place,) = np.flatnonzero(row >= 4)
        places.add(int(place))
        base = row[place] - 4
        assert asked.tolist() == [0] * 10 + [1]
        assert wanted[-1] == base and not wanted[: place - 1].any()
        if told:
            assert wanted[place - 1] == 4 + base and (wanted[place:] == base).all()
        else:
            assert not wanted[:-1].any()
    assert places == {1, 2, 3, 4, 5}
    assert set(found["next"][:, -1]) == {0, 1, 2, 3}
    with pytest.raises(ValueError, match="`length` is at least 3"):
        SERIES["dna_marker"](length=2)
    with pytest.raises(ValueError, match="`told` is 0 or 1"):
        SERIES["dna_marker"](told=2)


@pytest.mark.parametrize("name", TASKS)
def test_seeds_differ_and_repeat(name: str) -> None:
    first, again = SERIES[name](seed=1)["v"], SERIES[name](seed=1)["v"]
    assert (first == again).all()
    assert (first != SERIES[name](seed=2)["v"]).any()
