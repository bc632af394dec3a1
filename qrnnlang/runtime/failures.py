"""What ends a run though nothing is wrong with what was asked."""

from __future__ import annotations


class RunError(RuntimeError):
    """A backend that failed again and again. What had come back before is kept."""
