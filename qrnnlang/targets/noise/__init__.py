"""The noise of a backend, taken into a model: exact, as channels after every gate of a device."""

from .noisy import noisy_model as noisy_model
from .typical import Typical as Typical
from .typical import typical as typical
