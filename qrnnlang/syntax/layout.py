"""Breaking one statement into lines: Oppen's printer on a list of commands, without recursion.

D. C. Oppen, "Prettyprinting", ACM TOPLAS 2 (1980) 465-483. A group that fits on the rest of the
line is printed flat; else its breaks become new lines, all of them if it is consistent, else only
those whose following part does not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 100
INDENT = 4
_NEVER = 10**9


@dataclass(frozen=True, slots=True)
class Put:
    """Text; one that does not count, such as a comment at the end of a line, has `width` 0."""

    text: str
    width: int


@dataclass(frozen=True, slots=True)
class Break:
    """`blank` when flat, else a new line at the group's indentation plus `offset`; always so if
    `hard`."""

    blank: str = " "
    offset: int = 0
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """A group. Its indentation is `indent` more than that of the current line or of the group
    around."""

    indent: int
    consistent: bool
    from_line: bool = True


@dataclass(frozen=True, slots=True)
class End:
    """The end of the innermost group."""


@dataclass(frozen=True, slots=True)
class BrokenComma:
    """A `,` if the group around is broken."""


Command: TypeAlias = Put | Break | Begin | End | BrokenComma


def put(text: str) -> Put:
    return Put(text, len(text))


def layout(commands: list[Command], indent: int, width: int = WIDTH) -> str:
    """The text of `commands` for a statement indented by `indent` columns, which it leaves out."""
    sizes = _sizes(commands)
    out: list[str] = []
    # Indentation of each open group, and whether it is flat (None) or broken consistently or not.
    groups: list[tuple[int, bool | None]] = [(indent, False)]
    column = line = indent
    fresh = True  # nothing on this line yet
    pending = False
    for k, command in enumerate(commands):
        base, mode = groups[-1]
        match command:
            case Put(text):
                if pending:
                    out.append("\n" + " " * line)
                    text = text.lstrip(" ")  # of a comment that no longer ends a line
                    pending = False
                out.append(text)
                fresh = False
                cut = text.rfind("\n")
                column = column + len(text) if cut < 0 else len(text) - cut - 1
            case Begin(more, consistent, from_line):
                start = line if from_line else base
                fits = mode is None or sizes[k] <= width - column
                groups.append((start + more, None if fits else consistent))
            case End():
                groups.pop()
            case BrokenComma():
                if mode is not None:
                    out.append(",")
            case Break(blank, offset, hard):
                if hard or mode is True or (mode is False and sizes[k] > width - column):
                    if not (fresh and not pending):
                        pending = fresh = True
                    column = line = base + offset
                elif not fresh:
                    out.append(blank)
                    column += len(blank)
    return "".join(out)


def _sizes(commands: list[Command]) -> list[int]:
    """For a group its flat width and for a break that of what follows it in its group, each with
    the text up to the next break after."""
    count = len(commands)
    widths, tails, sizes = [0] * (count + 1), [0] * (count + 1), [0] * count
    for k in range(count - 1, -1, -1):
        match commands[k]:
            case Put(_, width):
                own, tails[k] = width, width + tails[k + 1]
            case Break(blank, _, hard):
                own, tails[k] = (_NEVER if hard else len(blank)), 0
            case BrokenComma():  # nothing when flat; else whoever ends a line here has it behind
                own, tails[k] = 0, 1 + tails[k + 1]
            case _:
                own, tails[k] = 0, tails[k + 1]
        widths[k] = own + widths[k + 1]
    ends: list[int] = []  # of the groups around, innermost last
    following: list[int] = []  # the next break of each such group, or its end
    for k in range(count - 1, -1, -1):
        match commands[k]:
            case End():
                ends.append(k)
                following.append(k)
            case Begin():
                end = ends.pop()
                following.pop()
                sizes[k] = widths[k] - widths[end] + tails[end]
            case Break():
                after = following[-1] if following else count
                ended = after == count or isinstance(commands[after], End)
                sizes[k] = widths[k] - widths[after] + (tails[after] if ended else 0)
                if following:
                    following[-1] = k
    return sizes
