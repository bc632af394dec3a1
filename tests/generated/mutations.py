"""Texts damaged in bytes, in tokens and in whole subtrees."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qrnnlang.diagnostics import Source, Span
from qrnnlang.syntax import parse

from .programs import program

TESTS = Path(__file__).parents[1]
TOKENS = re.compile(r'\w+|\s+|"[^"\n]*"|\.\.|[<>=!]=|&&|\|\||\*\*|[^\w\s]')
BYTES = [b"\x00", b"\xff", b"\xc3", b'"', b"/*", b"*/", b"//", b"\n", b"\r", b"\t", "⟩".encode(), b"(", b"}", b"@", b"9" * 30]  # fmt: skip


@cache
def sources() -> list[str]:
    """Programs to begin from: the golden ones, those of the syntax tests, and generated ones."""
    golden = [
        path.read_text(encoding="utf-8")
        for folder in ("errors", "syntax/programs")
        for path in sorted((TESTS / folder).rglob("*.qrnn"))
        if path.stat().st_size < 4000 and "limits" not in path.parts
    ]
    made = [program(random.Random(seed)) for seed in range(100)]
    return [*golden, *(text for text in made if len(text) < 2000)]


@cache
def words() -> list[str]:
    return sorted({t for text in sources() for t in TOKENS.findall(text) if t.strip()})


@cache
def subtrees() -> dict[type, list[str]]:
    """Texts of nodes of the syntax tree, by the node's class."""
    found: dict[type, set[str]] = {}
    for text in sources():
        for node in _nodes(text):
            found.setdefault(type(node), set()).add(node.span.text)
    return {kind: sorted(texts) for kind, texts in found.items()}


def mutated(rng: random.Random) -> str:
    """A program with one to three pieces of damage."""
    text = rng.choice(sources())
    if rng.random() < 0.4:
        text = _in_subtrees(rng, text)
        if rng.random() < 0.6:
            return text
    damage = rng.choice((_in_bytes, _in_tokens, _in_tokens))
    for _ in range(rng.randint(1, 3)):
        text = damage(rng, text)
    return text


def _in_bytes(rng: random.Random, text: str) -> str:
    data = text.encode("utf-8", "replace")
    place = rng.randrange(len(data) + 1)
    cut = rng.choice((0, 0, 1, 2, 20))
    put = rng.choice((b"", rng.choice(BYTES), bytes([rng.randrange(256)])))
    return (data[:place] + put + data[place + cut :]).decode("utf-8", "replace")


def _in_tokens(rng: random.Random, text: str) -> str:
    tokens = TOKENS.findall(text)
    if not tokens:
        return text
    a, b = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    match rng.choice("odrrrxi"):
        case "o":
            tokens[a] = ""
        case "d":
            tokens.insert(a, tokens[a])
        case "r":
            tokens[a] = rng.choice(words())
        case "i":
            tokens.insert(a, f" {rng.choice(words())} ")
        case "x":
            tokens[a], tokens[b] = tokens[b], tokens[a]
    return "".join(tokens)


def _in_subtrees(rng: random.Random, text: str) -> str:
    """A node of a source for another of its class, from any program, or twice, or left out."""
    nodes = _nodes(text)
    if not nodes:
        return text
    node = rng.choice(nodes)
    start, end = node.span.start, node.span.end
    match rng.choice("rrrdo"):
        case "r":
            put = rng.choice(subtrees()[type(node)])
        case "d":
            put = node.span.text * 2
        case _:
            put = ""
    return text[:start] + put + text[end:]


@cache
def _nodes(text: str) -> list[Any]:
    """Every node below the file of a source."""
    return list(_walk(text))


def _walk(text: str) -> Iterator[Any]:
    file, _ = parse(Source("t", text))
    stack: list[Any] = list(file.items) if file is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
        elif is_dataclass(node) and not isinstance(node, Span | Source | type):
            yield node
            stack.extend(getattr(node, f.name) for f in fields(node) if f.name != "span")
