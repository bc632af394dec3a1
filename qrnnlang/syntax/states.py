"""The states of the parser in the words of a reader of the grammar: what has been read of which
construct, and what may come next.

States are numbered anew whenever the grammar changes, so a message about one is kept under its
`StateClass`, which is spelled from the rules themselves. All of this is computed from the table,
and only once there is an error to explain.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .table import Table, load
from .words import ITEM_WORDS, STATEMENT_WORDS

Item = tuple[int, int]  # a rule, and how many symbols of its right side have been read

# The levels of an expression differ in binding strength only: a reader sees one construct.
_LADDER = frozenset(
    [
        "expr", "disjunction", "conjunction", "exclusive", "comparison", "range", "sum", "product",
        "unary", "power", "postfix",
    ]
)  # fmt: skip
_VALUE = frozenset(["(", "[", "NAME", "NUMBER", "STRING", "true", "false"])
_OPERATORS = frozenset(
    ["||", "&&", "^", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "@", "**", ".."]
)
# In this order, the tokens that end an open construct or lead to its next part.
_ENDS = (";", ")", "]", "}", "{", "=", "==", "@", ",", "cell")
_EXPECTED, _MAY = "expected", " may "
# What a set of terminals is called once it is there in full. The first name that fits is taken.
_GROUPS: tuple[tuple[str, frozenset[str]], ...] = (
    ("item", ITEM_WORDS),
    ("statement", STATEMENT_WORDS | {"NAME"}),
    ("key", frozenset(["NAME", "input", "target"])),
    ("expression", _VALUE | {"-", "!"}),
    ("value", _VALUE),
    ("operand", frozenset(["NAME", "["])),
    ("type", frozenset(["NAME", "seq"])),
)


@dataclass(frozen=True, order=True)
class StateClass:
    """States with the same `construct`, read so far, and the same `expected` terminals."""

    construct: str
    expected: str

    def __str__(self) -> str:
        return f"{self.construct} => {self.expected}"


@cache
def classes() -> tuple[StateClass, ...]:
    """The class of every state, in the order of the states."""
    table = load()
    rules = right_sides(table)
    kernels = _kernels(table, rules)
    return tuple(
        StateClass(_construct(table, rules, kernels[state]), _expected(table, state))
        for state in range(len(table.rows))
    )


def right_sides(table: Table) -> list[tuple[int, ...]]:
    """The right side of every rule: the symbols of the last states before any state that reduces
    it, because all ways into that state end with them."""
    before: dict[int, int] = {}
    for state, row in enumerate(table.rows):
        before |= {action: state for action in row.values() if action >= 0}
    sides: list[tuple[int, ...]] = [()] * len(table.rules)
    for state, row in enumerate(table.rows):
        for action in set(row.values()):
            if action >= 0:
                continue
            place, side = state, []
            for _ in range(table.rules[~action][1]):
                side.append(table.accessing[place])
                place = before[place]
            sides[~action] = tuple(reversed(side))
    return sides


def _kernels(table: Table, sides: list[tuple[int, ...]]) -> dict[int, frozenset[Item]]:
    """The items each state was entered with, found by walking the table from its first state."""
    of: dict[int, list[int]] = {}
    for rule, (target, _, _) in enumerate(table.rules):
        of.setdefault(target, []).append(rule)
    start = table.symbols.index("file")
    kernels = {0: frozenset((rule, 0) for rule in of[start]), table.accept: frozenset[Item]()}
    todo = [0]
    while todo:
        state = todo.pop()
        items = set(kernels[state])
        fresh = list(items)
        while fresh:
            rule, dot = fresh.pop()
            if dot < len(sides[rule]):
                found = {(r, 0) for r in of.get(sides[rule][dot], ())} - items
                items |= found
                fresh += found
        for symbol, action in table.rows[state].items():
            if action >= 0 and action not in kernels:
                kernels[action] = frozenset(
                    (rule, dot + 1)
                    for rule, dot in items
                    if sides[rule][dot : dot + 1] == (symbol,)
                )
                todo.append(action)
    return kernels


def _construct(table: Table, sides: list[tuple[int, ...]], kernel: frozenset[Item]) -> str:
    """The rules a state is in and what it has read of them, or the name of what is complete."""
    read = max((sides[rule][:dot] for rule, dot in kernel), key=len, default=())
    if not read:
        return "file:"
    names = {table.symbols[table.rules[rule][0]] for rule, _ in kernel}
    last = table.symbols[read[-1]]
    if len(names) == 1 and all(dot == len(sides[rule]) for rule, dot in kernel):
        (name,) = names
        return "whole " + ("expression" if name in _LADDER else name)
    if names <= _LADDER and last in _OPERATORS | {"!"}:
        return "operator"
    if names <= _LADDER and last in _LADDER and last != "postfix":
        return "part of an expression"
    longest = {
        table.symbols[table.rules[rule][0]] for rule, dot in kernel if sides[rule][:dot] == read
    }
    return f"{' '.join(sorted(longest))}: {' '.join(table.symbols[symbol] for symbol in read)}"


def _expected(table: Table, state: int) -> str:
    """The terminals with an action in a state, the larger sets of them by one name."""
    terminals = {table.symbols[k] for k in table.rows[state] if k < table.terminal_count}
    words: list[str] = []
    for name, group in _GROUPS:
        if group <= terminals:
            words.append(name)
            terminals -= group
    if len(terminals & _OPERATORS) > 1 or (terminals & _OPERATORS and {";", ")"} <= terminals):
        words.append("operator")
        terminals -= _OPERATORS
    return " ".join(sorted([*words, *terminals]))


# --- the messages ---------------------------------------------------------------------------------


@cache
def messages() -> dict[StateClass, str]:
    """The message of every class, read from `states.txt`."""
    found: dict[StateClass, str] = {}
    text = Path(__file__).with_name("states.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for key, message in zip(lines[::2], lines[1::2], strict=True):
        construct, _, expected = key.partition("=>")
        name = StateClass(construct.strip(), expected.strip())
        if name in found or not message.startswith("    ") or key.startswith(" "):
            raise ValueError(f"`states.txt` is wrong at `{key}`")
        found[name] = message.strip()
    return found


def message(state: int) -> str:
    """What to say about a state."""
    return messages()[classes()[state]]


def going_on(states: list[int]) -> tuple[str, str]:
    """Where a parse stands in `states` (bottom first), and, if that is behind a complete part, what
    may continue the part; else an empty text.

    Behind a complete part many constructs may be open, some within others. The one that counts is
    the innermost one that a token of its own can carry on or end, like the `)` of a call.
    """
    table, stack, here = load(), states[:], message(states[-1])
    around = here
    able = table.expected(states)
    ends = [text for text in _ENDS if text in able] or sorted(able)
    while _EXPECTED not in around and ends:
        action = table.rows[stack[-1]][table.number[ends[0]]]
        if action >= 0:
            break
        table.reduce(stack, ~action)
        around = message(stack[-1])
    return around, here if _MAY in here and around != here else ""


def main() -> int:
    """Print classes without a message and messages without a class; returns how many there are."""
    wanted, there = set(classes()), set(messages())
    for name in sorted(wanted - there):
        print(f"no message: {name}")
    for name in sorted(there - wanted):
        print(f"no state: {name}")
    return len(wanted ^ there)


if __name__ == "__main__":
    sys.exit(main())
