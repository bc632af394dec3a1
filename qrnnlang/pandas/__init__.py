"""Frames of pandas: `predict` gives predictions with a frame's own index. Needs pandas.

Where a model takes arrays it takes frames and series, too: a row a sample, a column a step; and
`model.data(frame)` cuts a frame into windows as the `data` block says.
"""

try:
    import pandas as _pandas  # noqa: F401
except ImportError as error:
    raise ImportError("qrnnlang.pandas needs pandas: pip install pandas") from error

from .frames import outputs, predict

__all__ = ["outputs", "predict"]
