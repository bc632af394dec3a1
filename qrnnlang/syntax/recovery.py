"""Going on after a syntax error: a missing `;` is supplied, otherwise the statement is left out.

At most one error is reported for a statement. A block whose head is wrong keeps its body, under a
head that means nothing, so that errors inside are found in the same run; the item around an error
is not part of the result.
"""

from __future__ import annotations

from bisect import bisect_left

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Span
from .driver import Driver
from .messages import Situation, explain
from .table import LISTS, Table
from .tokens import Token
from .tree import ANY, Lost
from .words import ITEM_WORDS, MAX_ERRORS, STATEMENT_WORDS, TooMany

_OPENERS = {"(": ")", "[": "]", "{": "}"}
_FLAT_HEADS = {
    "items": ("cell", "NAME"),
    "statements": ("if", "(", "true", ")"),
    "assignments": (),
}
_DECLARING = ("input", "target", "carry", "fresh", "param", "fixed", "use", "let")
_HEADS = {
    "cell": ("cell", "NAME"),
    "model": ("model", "NAME"),
    "gate": ("gate", "NAME"),
    "carry": ("carry", "NAME", ":", "NAME"),
    "data": ("train",),
    "train": ("train",),
}


class Recovery:
    """Takes over from the driver at each token it refuses.

    `places` are the offsets of errors found so far; a statement that holds one gets no second.
    """

    def __init__(self, table: Table, driver: Driver, tokens: list[Token], places: list[int]):
        self.table = table
        self.driver = driver
        self.tokens = tokens
        self.starts = [t.start for t in tokens]
        self.places = sorted(places)
        self.errors: list[Diagnostic] = []
        self.broken: list[str] = []  # names of items left out altogether
        self.lost: list[Lost] = []  # statements, and heads of `for` and `if`, that were left out
        self.mended: list[Diagnostic] = []  # errors after which the tree is as it should be
        self.reread: set[int] = set()  # tokens that were taken for a name once already
        self.match = _matches(tokens)
        self.lists = {k for k, symbol in enumerate(table.symbols) if symbol in LISTS}

    def at(self, position: int) -> int:
        """Deal with the refused token at `position`; the position to go on at."""
        driver, tokens = self.driver, self.tokens
        token = tokens[position]
        before = driver.before
        self.settle(position)
        if self.supply_semicolon(position, before):
            return position
        kind, begin = self.unwind(position)
        missing = ""
        if self.read_as_name(begin, position):
            position -= 1
            before = self.replay(begin, position)
            if self.table.accepts(before, self.table.number[";"]):
                missing = ";"
            end, brace = position, None
        else:
            end, brace = self.statement_end(begin, position, kind)
        head = brace if brace is not None and brace >= position else None
        self.report(kind, begin, position, end if head is None else head, before, missing)
        if kind != "items" and (head is None or tokens[begin].text in ("for", "if")):
            self.lose(begin, end if head is None else head)
        if head is not None and self.feed_head(kind, begin, head):
            return head
        if kind == "items":
            self.broken += self.declared(begin)
        if kind == "items" and begin == position:
            end = self.next_item(end)
        if end == position and token.kind != 0:
            driver.feed(tokens[end])
            return end + 1  # never stand still
        return end

    def settle(self, position: int) -> None:
        """Finish what ended with the token before, although the refused one cannot follow it."""
        driver, table = self.driver, self.table
        ended = position > 0 and self.tokens[position - 1].text in (";", "}")
        while ended:
            actions = set(table.rows[driver.states[-1]].values())
            reductions = {action for action in actions if action < 0}
            if len(reductions) != 1 or table.accessing[driver.states[-1]] in self.lists:
                return
            target, length, _ = table.rules[~min(reductions)]
            if length == 0:
                return
            driver.reduce(~min(reductions), self.tokens[position].start)
            if target in self.lists:
                return

    # --- a missing semicolon ---------------------------------------------------------------------

    def supply_semicolon(self, position: int, before: list[int]) -> bool:
        """Supply a `;` before a token that starts a line or closes a block, if that mends it."""
        tokens, table = self.tokens, self.table
        token, semicolon = tokens[position], table.number[";"]
        if position == 0 or not (
            self.starts_line(position)
            or token.text == "}"
            or token.kind == 0
            or (token.text in STATEMENT_WORDS and tokens[position + 1].text[:1].isidentifier())
        ):
            return False
        after = (semicolon,) if token.kind == 0 else (semicolon, token.kind)
        if not table.shifts(self.driver.states, after) and not (
            token.text[:1].isidentifier()
            and table.shifts(self.driver.states, (semicolon, table.number["NAME"]))
        ):
            return False
        begin = self.statement_begin(position)
        found = len(self.errors)
        self.report("statements", begin, position, position, before, missing=";")
        self.mended += self.errors[found:]
        place = tokens[position - 1].end
        return self.driver.feed(Token(semicolon, ";", place, place))

    def starts_line(self, position: int) -> bool:
        between = self.driver.context.source.text[
            self.tokens[position - 1].end : self.tokens[position].start
        ]
        return "\n" in between

    def statement_begin(self, position: int) -> int:
        """The position of the first token of the innermost statement on the stack."""
        driver = self.driver
        for k in range(len(driver.states) - 1, 0, -1):
            if self.table.accessing[driver.states[k]] in self.lists:
                if k + 1 < len(driver.states):
                    return min(bisect_left(self.starts, driver.starts[k + 1]), position)
                return position
        return position

    # --- leaving a statement out -----------------------------------------------------------------

    def unwind(self, position: int) -> tuple[str, int]:
        """Drop the broken statement from the stack; the list it stood in, and where it began."""
        driver, table = self.driver, self.table
        row = table.rows[driver.states[-1]]
        for action in set(row.values()):
            if action < 0:
                target, length, _ = table.rules[~action]
                if target in self.lists and length == 0:
                    driver.reduce(~action, self.tokens[position].start)
                    break
        begin = self.statement_begin(position)
        for k in range(len(driver.states) - 1, 0, -1):
            symbol = table.accessing[driver.states[k]]
            if symbol in self.lists:
                driver.cut(k + 1)
                return table.symbols[symbol], begin
        return "items", begin

    def read_as_name(self, begin: int, position: int) -> bool:
        """Whether the token before is a keyword at the start of a line that the unfinished
        statement took for a name: `let a = 1 +` and then `let b = 2;`."""
        previous = position - 1
        if previous <= begin or self.tokens[position].kind == 0 or previous in self.reread:
            return False
        text = self.tokens[previous].text
        if text not in STATEMENT_WORDS | ITEM_WORDS or not self.starts_line(previous):
            return False
        self.reread.add(previous)
        return True

    def replay(self, begin: int, position: int) -> list[int]:
        """The states after the list and the tokens from `begin`, before the one at `position`."""
        states = self.driver.states[:]
        for token in self.tokens[begin:position]:
            self.table.advance(states, self.driver.kind(states[-1], token))
        return states

    def next_item(self, position: int) -> int:
        """Step over what does not belong between items, without further errors."""
        tokens = self.tokens
        while tokens[position].kind != 0 and tokens[position].text not in ITEM_WORDS:
            position = self.match.get(position, position) + 1
        return position

    def statement_end(self, begin: int, position: int, kind: str) -> tuple[int, int | None]:
        """Where to go on after the statement from `begin` that is wrong at `position`, and its
        first `{` outside other brackets."""
        tokens, k = self.tokens, begin
        brace: int | None = None
        while k < len(tokens):
            token = tokens[k]
            if token.kind == 0 or token.text == "}":
                return k, brace
            if token.text == ";":
                if k >= position:
                    return k + 1, brace
            elif k > begin and k >= position and self.opens(k, kind):
                return k, brace
            elif token.text == "{":
                brace = k if brace is None else brace
                after = self.match[k] + 1
                if after > position and tokens[after].text != "else":
                    return after, brace
                k = after
                continue
            elif token.text in _OPENERS and self.match[k] < position:
                k = self.match[k]
            k += 1
        return len(tokens) - 1, brace

    def opens(self, position: int, kind: str) -> bool:
        """Whether a new statement seems to start here."""
        words = ITEM_WORDS if kind == "items" else STATEMENT_WORDS
        text = self.tokens[position].text
        if text not in words or not self.starts_line(position):
            return False
        following = self.tokens[position + 1].text
        return following[:1].isidentifier() or following[:1] in ('"', "(", "{")

    def declared(self, begin: int) -> list[str]:
        """The name of the item that begins at a position, if it has one."""
        for token in self.tokens[begin : begin + 3]:
            if token.kind == self.table.number["NAME"]:
                return [token.text]
            if token.text not in ITEM_WORDS or token.text == "import":
                break
        return []

    def feed_head(self, kind: str, begin: int, brace: int) -> bool:
        """Give the block at `brace` of the statement from `begin` a head that parses."""
        word = self.tokens[begin].text
        head = _HEADS.get(word) if kind != "items" or word in ITEM_WORDS else None
        if head is None or (kind == "assignments"):
            head = _FLAT_HEADS[kind]
        place = self.tokens[begin].start
        name = next(iter(self.declared(begin)), "_")
        numbers = [self.table.number[text] for text in head]
        if not self.table.shifts(self.driver.states, [*numbers, self.table.number["{"]]):
            return False
        for text, number in zip(head, numbers, strict=True):
            self.driver.feed(Token(number, name if text == "NAME" else text, place, place))
        return True

    def lose(self, begin: int, end: int) -> None:
        """Note the tokens `begin..end`, which have no part in the tree."""
        lost = self.tokens[begin : max(end, begin + 1)]
        span = Span(self.driver.context.source, lost[0].start, lost[-1].end)
        words = {t.text for t in lost}
        if lost[0].text in _DECLARING and not (len(lost) > 1 and lost[1].text.isidentifier()):
            words.add(ANY)  # it declares a name, and nobody knows which
        self.lost.append(Lost(span, frozenset(words)))

    # --- reporting -------------------------------------------------------------------------------

    def report(
        self, kind: str, begin: int, position: int, end: int, before: list[int], missing: str = ""
    ) -> None:
        """One diagnostic for the tokens `begin..end`, unless they hold one already."""
        tokens = self.tokens
        refused = tokens[position]
        if refused.start == refused.end and refused.text in (")", "]", "}"):
            return  # supplied for an unclosed bracket, which is reported already
        inner = [k for k in range(begin, position) if tokens[k].text == "}"]
        start = tokens[inner[-1]].end if inner else tokens[begin].start
        stop = tokens[max(begin, end - 1)].end
        k = bisect_left(self.places, start)
        if k < len(self.places) and self.places[k] <= stop:
            return
        situation = Situation(
            self.driver.context.source,
            tokens,
            begin,
            position,
            kind,
            self.table.expected(before),
            tuple(before),
            missing,
        )
        diagnostic = explain(situation)
        self.errors.append(diagnostic)
        if len(self.errors) > MAX_ERRORS:
            raise TooMany(self.errors)
        place = diagnostic.span.start
        if position > begin:
            place = min(place, tokens[position - 1].end)  # a refused token may begin the next one
        self.places.insert(bisect_left(self.places, place), place)


def _matches(tokens: list[Token]) -> dict[int, int]:
    """The position of the closing bracket for each opening one; the brackets are balanced."""
    match: dict[int, int] = {}
    stack: list[int] = []
    for k, token in enumerate(tokens):
        if token.text in _OPENERS:
            stack.append(k)
        elif token.text in _OPENERS.values() and stack:
            match[stack.pop()] = k
    return match
