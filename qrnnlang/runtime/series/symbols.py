"""Streams of symbols, written as bits, for models that predict the next one.

Every row holds a symbol `v` and its bits `x0 x1 …` (`x0` the least significant), and what is wanted
next: the class `next`, its bits `o0 o1 …`, and `asked`, 1 where the prediction counts. What cannot
be known is wanted as a marker, a class of its own. Sentences of `length` rows are independent of
each other, so a window and a stride of `length` take one at a time. The tasks, their codes and what
is asked are those of Bausch (arXiv 2006.14619) and of the code published with it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..init import generator
from .numerics import Columns

Symbols = npt.NDArray[np.int64]

#: The letters a i u b d g, and the marker of a consonant to come.
LETTERS = {"a": 0, "i": 1, "u": 2, "b": 4, "d": 5, "g": 6}
CONSONANT = 7
WORDS = ("ba", "dii", "guuu")

#: What is added to the base that is asked for at the end.
MARKED = 4


def elman_xor(points: int = 3000, length: int = 36, seed: int = 0) -> Columns:
    """The stream a, b, a xor b, a′, b′, … of random bits (Elman, Cognitive Science 14 (1990) 179).

    Two bits wide: every third symbol follows from the two before it, and is asked; in place of the
    others the marker 2 is wanted.
    """
    sentences = -(-points // length)
    triples = -(-(length + 1) // 3)
    bits = generator(seed, "series.elman_xor").integers(0, 2, (sentences, triples, 2))
    stream = np.concatenate([bits, bits.sum(axis=-1, keepdims=True) % 2], axis=-1)
    said = stream.reshape(sentences, -1)[:, : length + 1]
    known = np.arange(1, length + 1) % 3 == 2
    wanted = np.where(known, said[:, 1:], 2)
    asked = np.broadcast_to(known, wanted.shape)
    return _cut(symbol_columns(said[:, :-1], wanted, asked, 2), points)


def elman_letters(points: int = 3600, length: int = 36, seed: int = 0) -> Columns:
    """Random consonants b, d, g as the words ba, dii, guuu (Elman, as above).

    Three bits wide: a 0, i 1, u 2, b 4, d 5, g 6. Every vowel follows from what was before it;
    where a consonant comes, the marker 7 is wanted.
    """
    sentences = -(-points // length)
    words = generator(seed, "series.elman_letters").integers(0, 3, (sentences, length + 1))
    said = np.array(
        [[LETTERS[c] for c in "".join(WORDS[w] for w in row)[: length + 1]] for row in words]
    )
    wanted = np.where(said[:, 1:] >= LETTERS["b"], CONSONANT, said[:, 1:])
    return _cut(symbol_columns(said[:, :-1], wanted, np.ones_like(wanted), 3), points)


def dna_marker(points: int = 12800, length: int = 10, told: int = 0, seed: int = 0) -> Columns:
    """Random bases 0 to 3 and in each sentence one that is marked, 4 to 7: which base was it?

    Three bits wide; the marked base b, written 4 + b, is in the first half. Asked is b, at the end
    of the sentence; before that 0 is wanted, or with `told = 1`, as in the published code, b in
    every row after the marked one: models that project on what is wanted are told it all the way.
    """
    if length < 3:
        raise ValueError("`length` is at least 3")
    if told not in (0, 1):
        raise ValueError("`told` is 0 or 1")
    sentences = -(-points // length)
    draw = generator(seed, "series.dna_marker")
    said = draw.integers(0, 4, (sentences, length))
    place = draw.integers(1, (length + 1) // 2, sentences)
    every = np.arange(sentences)
    base = said[every, place]
    said[every, place] += MARKED
    after = np.arange(1, length + 1) > place[:, None]
    wanted = np.where(after & bool(told), base[:, None], 0)
    if told:
        wanted[every, place - 1] = said[every, place]
    wanted[:, -1] = base
    asked = np.zeros_like(wanted)
    asked[:, -1] = 1
    return _cut(symbol_columns(said, wanted, asked, 3), points)


def symbol_columns(
    said: Symbols, wanted: Symbols, asked: npt.NDArray[np.generic], width: int
) -> Columns:
    """The columns of sentences, arrays (sentence, row), whose symbols have `width` bits."""
    found = {"v": said, "next": wanted, "asked": asked}
    for bit in range(width):
        found[f"x{bit}"] = said >> bit & 1
        found[f"o{bit}"] = wanted >> bit & 1
    return {k: np.asarray(v, dtype=np.float64).ravel() for k, v in found.items()}


def _cut(columns: Columns, points: int) -> Columns:
    return {key: column[:points] for key, column in columns.items()}
