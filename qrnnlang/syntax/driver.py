"""The LALR driver: shifts tokens, and calls the builder of a rule when it is complete.

Nodes are built bottom-up from a stack, so no depth of nesting can overflow Python's.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics.source import Span
from .context import BUILDERS, Builder, Context
from .limits import MAX_DEPTH, MAX_STACK, TooDeep
from .table import Table
from .tokens import Token
from .words import RESERVED

_DEEPER = frozenset(
    [
        "paren",
        "tuple",
        "call",
        "call_clauses",
        "index",
        "field",
        "list_items",
        "list_clauses",
        "unary",
        "block",
        "if_else_if",
    ]
)
_RIGHT = frozenset({"binary", "power"})


class Driver:
    """The stack of a parse: states, and for each but the first a value, its range and its depth."""

    def __init__(self, table: Table, context: Context):
        self.table = table
        self.context = context
        self.states = [0]
        self.values: list[Any] = [None]
        self.starts = [0]
        self.ends = [0]
        self.depths = [0]
        self.before = [0]  # the states before the reductions that the last token caused
        self.rules: list[tuple[int, int, str, Builder | None]] = [
            (lhs, length, alias, BUILDERS[alias] if alias else None)
            for lhs, length, alias in table.rules
        ]
        self.words = frozenset(k for word, k in table.words.items() if word not in RESERVED)
        self.name = table.number["NAME"]

    def feed(self, token: Token) -> bool:
        """Shift a token, or accept at the end; False if it cannot stand here."""
        states, rows = self.states, self.table.rows
        self.before = states[:]
        kind = self.kind(states[-1], token)
        while True:
            action = rows[states[-1]].get(kind)
            if action is None:
                return False
            if action >= 0:
                states.append(action)
                self.values.append(token)
                self.starts.append(token.start)
                self.ends.append(token.end)
                self.depths.append(0)
                if len(states) > MAX_STACK:
                    raise TooDeep(Span(self.context.source, token.start, token.end))
                return True
            self.reduce(~action, token.start)
            if states[-1] == self.table.accept:
                return True

    def kind(self, state: int, token: Token) -> int:
        """The terminal of a token in a state: a keyword only where the grammar has it."""
        kind = token.kind
        if kind in self.words and kind not in self.table.rows[state]:
            return self.name
        return kind

    def reduce(self, rule: int, at: int) -> None:
        """Replace the right side of a rule on the stack by its left side."""
        target, length, alias, builder = self.rules[rule]
        states = self.states
        if builder is None:
            del states[-1]
            states.append(self.table.rows[states[-1]][target])
            return
        if length:
            start, end = self.starts[-length], self.ends[-1]
            values = self.values[-length:]
            depths = self.depths[-length:]
            depth = max(depths)
            if alias in _DEEPER:
                depth += 1
            elif alias in _RIGHT:
                depth = max(depths[0], depths[2] + 1)
            del states[-length:], self.values[-length:], self.starts[-length:], self.ends[-length:]
            del self.depths[-length:]
        else:
            start = end = at
            values, depth = [], 0
        span = Span(self.context.source, start, end)
        if depth > MAX_DEPTH:
            raise TooDeep(span)
        self.values.append(builder(self.context, span, values))
        self.starts.append(start)
        self.ends.append(end)
        self.depths.append(depth)
        states.append(self.table.rows[states[-1]][target])

    def cut(self, length: int) -> None:
        """Drop everything above the first `length` entries of the stack."""
        for stack in (self.states, self.values, self.starts, self.ends, self.depths):
            del stack[length:]
