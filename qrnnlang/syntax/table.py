"""The LALR table as the driver uses it, read once from `table.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LISTS = frozenset({"items", "statements", "assignments"})


@dataclass(frozen=True)
class Table:
    """`rows[state][symbol]` is the action: a state to go to, or `~rule` to reduce.

    `symbols` names every symbol number, terminals first; a literal terminal is named by its text.
    `accessing[state]` is the symbol on top of the stack in a state.
    """

    symbols: tuple[str, ...]
    terminal_count: int
    number: dict[str, int]
    rows: list[dict[int, int]]
    rules: list[tuple[int, int, str]]
    accessing: list[int]
    accept: int
    patterns: dict[str, str]
    words: dict[str, int]
    punctuation: tuple[str, ...]

    def accepts(self, states: list[int], terminal: int) -> bool:
        """Whether `terminal` can come next in `states` (bottom first), perhaps after reductions."""
        return self.shifts(states, (terminal,))

    def shifts(self, states: list[int], terminals: Iterable[int]) -> bool:
        """Whether `terminals` can be shifted one after the other."""
        stack = states[:]
        return all(self.advance(stack, terminal) for terminal in terminals)

    def advance(self, stack: list[int], terminal: int) -> bool:
        """Shift `terminal` on a stack of states, in place, after the reductions it calls for."""
        while True:
            action = self.rows[stack[-1]].get(terminal)
            if action is None:
                return False
            if action >= 0:
                stack.append(action)
                return True
            self.reduce(stack, ~action)
            if stack[-1] == self.accept:
                return terminal == 0

    def reduce(self, stack: list[int], rule: int) -> None:
        """Replace the right side of a rule on a stack of states, in place, by its left side."""
        target, length, _ = self.rules[rule]
        if length:
            del stack[-length:]
        stack.append(self.rows[stack[-1]][target])

    def expected(self, states: list[int]) -> frozenset[str]:
        """Every terminal that could come next in `states`."""
        candidates = (k for k in self.rows[states[-1]] if k < self.terminal_count)
        return frozenset(self.symbols[k] for k in candidates if self.accepts(states, k))


@cache
def load() -> Table:
    """Read the shipped table."""
    data = json.loads(Path(__file__).with_name("table.json").read_text(encoding="utf-8"))
    terminals, patterns = data["terminals"], data["patterns"]
    symbols = (*terminals, *data["nonterminals"])
    rows = [dict(zip(row[::2], row[1::2], strict=True)) for row in data["rows"]]
    number = {text: k for k, text in enumerate(terminals)}
    literals = [t for t in terminals if t != "$END" and t not in patterns]
    return Table(
        symbols=symbols,
        terminal_count=len(terminals),
        number=number,
        rows=[rows[k] for k in data["states"]],
        rules=[(lhs, length, alias) for lhs, length, alias in data["rules"]],
        accessing=data["accessing"],
        accept=data["accept"],
        patterns=patterns,
        words={t: number[t] for t in literals if t[0].isalpha()},
        punctuation=tuple(
            sorted((t for t in literals if not t[0].isalpha()), key=len, reverse=True)
        ),
    )


@cache
def token_pattern() -> re.Pattern[str]:
    """One pattern for every token of the grammar: the only context a token has is whether its word
    may open something there, and that is looked up in the table's row."""
    table = load()
    named = [f"(?P<{name}>{pattern})" for name, pattern in table.patterns.items()]
    marks = "|".join(re.escape(mark) for mark in table.punctuation)
    return re.compile("|".join([*named, r"(?P<WORD>[A-Za-z_][A-Za-z0-9_]*)", f"(?P<MARK>{marks})"]))
