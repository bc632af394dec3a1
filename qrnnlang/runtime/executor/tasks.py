"""Tasks and results, and how a worker makes one of the other."""

from __future__ import annotations

import json
import os
import re
import socket
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib import import_module
from typing import Any

from ... import __version__
from ...diagnostics import CompileError, DataError

#: How often a task is begun whose workers die.
ATTEMPTS = 3
#: What a user can cause: it would fail again, and is told in one line.
_OF_THE_USER = (CompileError, DataError, ValueError)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,99}")


class ExecutorError(Exception):
    """The executor itself cannot go on: no cluster answers, no process starts."""


@dataclass(frozen=True)
class Task:
    """A call of `function`, "package.module:function", with a list or a dict of plain arguments.

    `key` names the task among all that share a store: letters, digits and `_.=-`, at most 100.
    """

    key: str
    function: str
    arguments: Sequence[Any] | Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"not a key of a task: {self.key!r}")
        module, colon, name = self.function.partition(":")
        if not (colon and name.isidentifier() and module.replace(".", "_").isidentifier()):
            raise ValueError(f"not a function `package.module:function`: {self.function!r}")

    def to_json(self) -> str:
        """One line. Raises TypeError for arguments that JSON does not have."""
        return json.dumps({**asdict(self), "version": __version__}, default=_plain)


@dataclass(frozen=True)
class Result:
    """What a task gave: `value`, as JSON has it, or an `error` in one line.

    `kind` is the class of the error, `trace` where it was raised, unless it is one that a user
    causes. `seconds` is how long the worker took; `attempts` counts those that died before, too.
    """

    key: str
    value: Any = None
    error: str | None = None
    kind: str = ""
    trace: str = ""
    seconds: float = 0.0
    worker: str = ""
    attempts: int = 1

    @property
    def final(self) -> bool:
        """Whether a further attempt would end in the same way."""
        return self.error is None or not (self.trace or self.kind == DIED)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Result:
        """Raises ValueError or TypeError for what is no result."""
        return cls(**json.loads(text))


#: The `kind` of a result whose workers died.
DIED = "WorkerDied"


def died(key: str, how: str, attempts: int) -> Result:
    """The result of a task that ended `attempts` workers."""
    times = "once" if attempts == 1 else f"{attempts} times"
    return Result(key, None, f"its worker died {times} ({how})", DIED, attempts=attempts)


def fingerprint(*parts: Any) -> str:
    """A key made of content: equal for equal plain values, 24 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return sha256(text.encode()).hexdigest()[:24]


def perform(text: str) -> str:
    """Carries out a task that is given as JSON; gives the result as JSON, and never raises.

    An interrupt from the keyboard is no error of the task, and passes.
    """
    started = time.monotonic()
    task = json.loads(text)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    try:
        if task["version"] != __version__:
            raise ExecutorError(f"the worker has qrnnlang {__version__}, not {task['version']}")
        value = _call(task["function"], task["arguments"])
        found = Result(task["key"], json.loads(json.dumps(value, default=_plain)), worker=worker)
    except Exception as error:
        told = isinstance(error, _OF_THE_USER)
        found = Result(
            task["key"],
            error=_in_one_line(error),
            kind=type(error).__name__,
            trace="" if told else traceback.format_exc(),
            worker=worker,
        )
    return json.dumps({**asdict(found), "seconds": time.monotonic() - started})


def _call(function: str, arguments: Any) -> Any:
    module, _, name = function.partition(":")
    called = getattr(import_module(module), name)
    return called(**arguments) if isinstance(arguments, Mapping) else called(*arguments)


def _in_one_line(error: Exception) -> str:
    if isinstance(error, CompileError):
        first = error.diagnostics[0]
        return f"{first.message} ({first.code}, line {first.line})"
    lines = str(error).splitlines() or [""]
    if isinstance(error, ValueError | DataError | ExecutorError):
        return lines[0]
    return f"{type(error).__name__}: {lines[0]}".rstrip(": ")


def _plain(value: Any) -> Any:
    """Arrays and numbers of NumPy as JSON has them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"not a plain value: {type(value).__name__}")
