"""The experiments, by name."""

from __future__ import annotations

from ..harness import Experiment
from . import covariates, engagement, friends, money, purchases, retention, sparse, spend, survival

_MODULES = (retention, engagement, friends, money, survival, purchases, covariates, spend, sparse)
EXPERIMENTS: dict[str, Experiment] = {
    item.name: item for module in _MODULES for item in module.EXPERIMENTS
}
