"""The experiments, by name."""

from __future__ import annotations

from ..harness import Experiment
from .retention import EXPERIMENTS as _RETENTION
from .survival import EXPERIMENTS as _SURVIVAL

EXPERIMENTS: dict[str, Experiment] = {item.name: item for item in (*_RETENTION, *_SURVIVAL)}
