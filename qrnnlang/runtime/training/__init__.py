"""Training: options, optimisers, the loop and what comes out of it."""

from .run import Run, TrainingError

__all__ = ["Run", "TrainingError"]
