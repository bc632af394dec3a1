"""What is carried from step to step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax

Array = Any


@dataclass(frozen=True)
class Carried:
    """The state between steps: a base (B, H, H) for each group of wires, and the carried reals."""

    bases: tuple[Array, ...]
    reals: tuple[Array, ...]


jax.tree_util.register_dataclass(Carried, data_fields=["bases", "reals"], meta_fields=[])
