"""What a verb raises, as an exit code: no traceback reaches the user."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from ..diagnostics import CompileError, DataError
from .errors import (
    CLOSED_PIPE,
    FAILED_RUN,
    INTERNAL,
    INTERRUPTED,
    WRONG_INPUT,
    CliError,
)
from .streams import fail, say, show


def guarded(run: Callable[[], int], argv: Sequence[str]) -> int:
    """The exit code of a verb, whatever it raises."""
    try:
        code = run()
        sys.stdout.flush()
        return code
    except CompileError as error:
        show(error.diagnostics)
        return WRONG_INPUT
    except DataError as error:
        fail(str(error))
        return WRONG_INPUT
    except CliError as error:
        fail(str(error))
        return error.code
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return CLOSED_PIPE
    except OSError as error:
        if error.errno == errno.EPIPE:
            _forget_output()
            return CLOSED_PIPE
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{(error.strerror or str(error)).lower()}")
        return FAILED_RUN
    except MemoryError:
        fail("out of memory")
        return FAILED_RUN
    except Exception as error:
        if "RESOURCE_EXHAUSTED" in str(error):  # as JAX says it
            fail("out of memory")
            return FAILED_RUN
        return _internal(error, argv)


def _forget_output() -> None:
    """Nobody reads any more; without this Python complains once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _internal(error: Exception, argv: Sequence[str]) -> int:
    from .reproducer import write_reproducer

    path = write_reproducer(error, argv)
    fail(f"internal error: {type(error).__name__}: {error}")
    say("this is a bug in qrnnlang, not in your program; please report it")
    if path is not None:
        say(f"with this file, which holds the command, the sources and the traceback: {path}")
    return INTERNAL
