"""The gallery: published cells, trained as published, beside what was published.

Every folder of `examples/` with a `gallery.toml` is an `Example` of one or more `Experiment`s. An
experiment trains a file by several seeds; its results are kept in the example's `results.json`,
from which the tables of its README and of `docs/gallery.md` are written.
"""

from .experiment import measure
from .spec import Example, Experiment, examples, folder, read

__all__ = ["Example", "Experiment", "examples", "folder", "measure", "read"]
