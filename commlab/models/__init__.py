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
    from commlab.models.backtest_churn import ChurnBacktest, Fold, churn_backtest
    from commlab.models.backtest_purchases import PurchaseBacktest, purchase_backtest
    from commlab.models.backtest_survival import Backtest, Verdict, backtest
    from commlab.models.bgnbd import BetaGeoModel
    from commlab.models.btyd_churn import add_btyd, alive_score, base_score
    from commlab.models.by_segment import segment_forecast
    from commlab.models.churn import ChurnModel
    from commlab.models.churn_drift import feature_drift
    from commlab.models.churn_reasons import (
        held_out_importance,
        permutation_importance,
        top_reasons,
        with_reasons,
    )
    from commlab.models.churn_scoring import (
        ChurnBefore,
        churn_before,
        churn_folds,
        churned_share,
        expected_share,
        scoring_model,
    )
    from commlab.models.clv import (
        LifetimeValue,
        at_risk,
        lifetime_value,
        new_customer_value,
        value_models,
    )
    from commlab.models.concentration import lorenz, top_share, top_shares
    from commlab.models.crosscheck import beside_lifetimes
    from commlab.models.decomposition import Decomposition, decompose
    from commlab.models.gammagamma import GammaGammaModel
    from commlab.models.holdout import holdout_arms
    from commlab.models.mbgnbd import ModifiedBetaGeoModel
    from commlab.models.nbd import NBDModel
    from commlab.models.paretonbd import ParetoNBDModel
    from commlab.models.projection import project
    from commlab.models.residual import ResidualValue, residual_value
    from commlab.models.sbg import ShiftedBetaGeometricModel
    from commlab.models.segments import lost_members
    from commlab.models.shrinkage import shrunk_means
    from commlab.models.staticcovariates import StaticCovariateModel
    from commlab.models.survival import (
        ended_by,
        median_time,
        restricted_mean,
        survival_at,
        survival_curve,
    )
    from commlab.models.value_readings import (
        bought_again,
        corrected_total,
        time_to_second,
        value_before,
    )

_HOMES = {
    "Backtest": "backtest_survival",
    "BetaGeoModel": "bgnbd",
    "ChurnBacktest": "backtest_churn",
    "ChurnBefore": "churn_scoring",
    "ChurnModel": "churn",
    "Decomposition": "decomposition",
    "Fold": "backtest_churn",
    "GammaGammaModel": "gammagamma",
    "LifetimeValue": "clv",
    "ModifiedBetaGeoModel": "mbgnbd",
    "NBDModel": "nbd",
    "ParetoNBDModel": "paretonbd",
    "PurchaseBacktest": "backtest_purchases",
    "ResidualValue": "residual",
    "ShiftedBetaGeometricModel": "sbg",
    "StaticCovariateModel": "staticcovariates",
    "Verdict": "backtest_survival",
    "add_btyd": "btyd_churn",
    "alive_score": "btyd_churn",
    "at_risk": "clv",
    "backtest": "backtest_survival",
    "base_score": "btyd_churn",
    "beside_lifetimes": "crosscheck",
    "bought_again": "value_readings",
    "churn_backtest": "backtest_churn",
    "churn_before": "churn_scoring",
    "churn_folds": "churn_scoring",
    "churned_share": "churn_scoring",
    "corrected_total": "value_readings",
    "decompose": "decomposition",
    "ended_by": "survival",
    "expected_share": "churn_scoring",
    "feature_drift": "churn_drift",
    "held_out_importance": "churn_reasons",
    "holdout_arms": "holdout",
    "lifetime_value": "clv",
    "lorenz": "concentration",
    "lost_members": "segments",
    "median_time": "survival",
    "new_customer_value": "clv",
    "permutation_importance": "churn_reasons",
    "project": "projection",
    "purchase_backtest": "backtest_purchases",
    "residual_value": "residual",
    "restricted_mean": "survival",
    "scoring_model": "churn_scoring",
    "segment_forecast": "by_segment",
    "shrunk_means": "shrinkage",
    "survival_at": "survival",
    "survival_curve": "survival",
    "time_to_second": "value_readings",
    "top_reasons": "churn_reasons",
    "top_share": "concentration",
    "top_shares": "concentration",
    "value_before": "value_readings",
    "value_models": "clv",
    "with_reasons": "churn_reasons",
}

__all__ = [
    "Backtest",
    "BetaGeoModel",
    "ChurnBacktest",
    "ChurnBefore",
    "ChurnModel",
    "Decomposition",
    "Fold",
    "GammaGammaModel",
    "LifetimeValue",
    "ModifiedBetaGeoModel",
    "NBDModel",
    "ParetoNBDModel",
    "PurchaseBacktest",
    "ResidualValue",
    "ShiftedBetaGeometricModel",
    "StaticCovariateModel",
    "Verdict",
    "add_btyd",
    "alive_score",
    "at_risk",
    "backtest",
    "base_score",
    "beside_lifetimes",
    "bought_again",
    "churn_backtest",
    "churn_before",
    "churn_folds",
    "churned_share",
    "corrected_total",
    "decompose",
    "ended_by",
    "expected_share",
    "feature_drift",
    "held_out_importance",
    "holdout_arms",
    "lifetime_value",
    "lorenz",
    "lost_members",
    "median_time",
    "new_customer_value",
    "permutation_importance",
    "project",
    "purchase_backtest",
    "residual_value",
    "restricted_mean",
    "scoring_model",
    "segment_forecast",
    "shrunk_means",
    "survival_at",
    "survival_curve",
    "time_to_second",
    "top_reasons",
    "top_share",
    "top_shares",
    "value_before",
    "value_models",
    "with_reasons",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'commlab.models' has no attribute {name!r}")
    return getattr(importlib.import_module(f"commlab.models.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
