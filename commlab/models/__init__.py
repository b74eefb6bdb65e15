"""What is inferred from small frames: curves, projections, comparisons, each with its interval.

Importing the package loads nothing heavy: each public name is imported when it is first used.

Example:
    >>> import commlab as cl
    >>> "ShiftedBetaGeometricModel" in dir(cl.models)
    True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commlab.models.backtest_survival import Backtest, Verdict, backtest
    from commlab.models.bgnbd import BetaGeoModel
    from commlab.models.churn import ChurnModel, churn_backtest
    from commlab.models.decomposition import Decomposition, decompose
    from commlab.models.gammagamma import GammaGammaModel
    from commlab.models.holdout import holdout_arms
    from commlab.models.mbgnbd import ModifiedBetaGeoModel
    from commlab.models.paretonbd import ParetoNBDModel
    from commlab.models.projection import project
    from commlab.models.sbg import ShiftedBetaGeometricModel
    from commlab.models.segments import lost_members
    from commlab.models.survival import restricted_mean, survival_at, survival_curve

_HOMES = {
    "Backtest": "backtest_survival",
    "BetaGeoModel": "bgnbd",
    "ChurnModel": "churn",
    "Decomposition": "decomposition",
    "GammaGammaModel": "gammagamma",
    "ModifiedBetaGeoModel": "mbgnbd",
    "ParetoNBDModel": "paretonbd",
    "ShiftedBetaGeometricModel": "sbg",
    "Verdict": "backtest_survival",
    "backtest": "backtest_survival",
    "churn_backtest": "churn",
    "decompose": "decomposition",
    "holdout_arms": "holdout",
    "lost_members": "segments",
    "project": "projection",
    "restricted_mean": "survival",
    "survival_at": "survival",
    "survival_curve": "survival",
}

__all__ = [
    "Backtest",
    "BetaGeoModel",
    "ChurnModel",
    "Decomposition",
    "GammaGammaModel",
    "ModifiedBetaGeoModel",
    "ParetoNBDModel",
    "ShiftedBetaGeometricModel",
    "Verdict",
    "backtest",
    "churn_backtest",
    "decompose",
    "holdout_arms",
    "lost_members",
    "project",
    "restricted_mean",
    "survival_at",
    "survival_curve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'commlab.models' has no attribute {name!r}")
    return getattr(importlib.import_module(f"commlab.models.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
