"""The experiments, by name."""

from __future__ import annotations

from ..harness import Experiment
from . import (
    churn,
    covariates,
    engagement,
    friends,
    koc,
    money,
    purchases,
    retention,
    sparse,
    spend,
    survival,
)

_MODULES = (
    retention, engagement, friends, koc, money, survival,
    purchases, covariates, spend, sparse, churn,
)  # fmt: skip
EXPERIMENTS: dict[str, Experiment] = {
    item.name: item for module in _MODULES for item in module.EXPERIMENTS
}
