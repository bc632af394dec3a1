"""How a verb gives up: the exceptions behind the exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from opcode import opmap

OK, WRONG_INPUT, WRONG_USAGE, FAILED_RUN, INTERNAL = 0, 1, 2, 3, 70
INTERRUPTED, CLOSED_PIPE = 130, 141  # as shells report SIGINT and SIGPIPE


class CliError(Exception):
    """A one-line message and the exit code it ends with."""

    def __init__(self, message: str, code: int):
        self.code = code
        super().__init__(message)


def wrong_input(message: str) -> CliError:
    """Something is wrong in what the user gave: a file, a value."""
    return CliError(message, WRONG_INPUT)


def wrong_usage(message: str) -> CliError:
    """The command itself cannot be meant like this."""
    return CliError(message, WRONG_USAGE)


def failed_run(message: str) -> CliError:
    """Nothing is wrong but the machine: a disk, memory, a backend."""
    return CliError(message, FAILED_RUN)


@contextmanager
def values_of_the_user() -> Iterator[None]:
    """Around a call of the Python interface: what it refuses is the user's, in one line."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if not _raised_here(error):
            raise
        raise wrong_input(str(error)) from error


def _raised_here(error: BaseException) -> bool:
    """Whether a `raise` of this package raised it: not a library, and not a mistake of ours."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    frame = trace.tb_frame
    explicit = frame.f_code.co_code[trace.tb_lasti] == opmap["RAISE_VARARGS"]
    return explicit and str(frame.f_globals.get("__name__", "")).startswith("qrnnlang.")
