"""Step to step: one pass a file, each with its contract in its docstring.

The passes work on a `line.Step`: the operations of one time step, gates with symbolic angles. A
step is compiled once, whatever the number of steps it is stamped.
"""

from .line import Item, Polynomial, Stamp, Step
from .pipeline import LAST, LEVELS, PASSES, Settings, Watch, finished, optimised

__all__ = [
    "LAST",
    "LEVELS",
    "PASSES",
    "Item",
    "Polynomial",
    "Settings",
    "Stamp",
    "Step",
    "Watch",
    "finished",
    "optimised",
]
