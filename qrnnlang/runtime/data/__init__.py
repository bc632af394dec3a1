"""`data` blocks: from files and generators to windows for training, split and scaled."""

from .dataset import Dataset, Part, dataset
from .scaling import Scale
from .tables import Table, read_csv, read_npz

__all__ = ["Dataset", "Part", "Scale", "Table", "dataset", "read_csv", "read_npz"]
