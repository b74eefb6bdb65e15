"""Figures counted in the engine: Ibis expressions that end in small frames.

Importing the package loads nothing heavy: each public name is imported when it is first used.

Example:
    >>> import commlab as cl
    >>> "retention" in dir(cl.metrics)
    True
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commlab.metrics.acquisition import acquisition_costs
    from commlab.metrics.activity import observed
    from commlab.metrics.buyers import buyer_groups, buyer_splits
    from commlab.metrics.churn_features import (
        churn_cutoffs,
        churn_days,
        churn_horizon,
        churn_rows,
        scoring_cutoffs,
    )
    from commlab.metrics.churn_list import (
        churn_actions,
        churn_layers,
        churn_list,
        listed_value,
        value_at_risk,
    )
    from commlab.metrics.cohorts import available_splits
    from commlab.metrics.comparison import compare_retention
    from commlab.metrics.dormant import cost_per_return, dormant_bands, returned
    from commlab.metrics.engagement import active_days, stickiness
    from commlab.metrics.extent import coverage, freshness
    from commlab.metrics.friendship import friend_loss, friend_splits
    from commlab.metrics.headline import retention_at, retention_change
    from commlab.metrics.health import (
        answers,
        buyer_membership,
        staff_share,
        suspected_staff,
    )
    from commlab.metrics.health_headline import health_headline
    from commlab.metrics.kinds import retention_kinds
    from commlab.metrics.latest import active_members, latest_two, loss_within, span
    from commlab.metrics.lifecycle import lifecycle
    from commlab.metrics.margins import UnitCosts, customer_values, margin_source, unit_costs
    from commlab.metrics.member_value import member_parts, member_points, member_value, value_basis
    from commlab.metrics.previous import figure_before
    from commlab.metrics.purchases import PurchaseHistory, purchase_cutoffs, purchase_history
    from commlab.metrics.repeat_orders import due_members, repurchase_cycles, second_orders
    from commlab.metrics.replies import reply_edges, resolution
    from commlab.metrics.repurchase import repurchase_by_retention
    from commlab.metrics.retention import overall_retention, retention
    from commlab.metrics.revenue import revenue_retention
    from commlab.metrics.rfm import rfm_groups, rfm_summary
    from commlab.metrics.silent import silent_members
    from commlab.metrics.survival import (
        friendship_rows,
        history,
        membership_rows,
        rolling_cutoffs,
        stay_coverage,
    )
    from commlab.metrics.valuable import valuable_members

__all__ = [
    "PurchaseHistory",
    "UnitCosts",
    "acquisition_costs",
    "active_days",
    "active_members",
    "answers",
    "available_splits",
    "buyer_groups",
    "buyer_membership",
    "buyer_splits",
    "churn_actions",
    "churn_cutoffs",
    "churn_days",
    "churn_horizon",
    "churn_layers",
    "churn_list",
    "churn_rows",
    "compare_retention",
    "cost_per_return",
    "coverage",
    "customer_values",
    "dormant_bands",
    "due_members",
    "figure_before",
    "freshness",
    "friend_loss",
    "friend_splits",
    "friendship_rows",
    "health_headline",
    "history",
    "latest_two",
    "lifecycle",
    "listed_value",
    "loss_within",
    "margin_source",
    "member_parts",
    "member_points",
    "member_value",
    "membership_rows",
    "observed",
    "overall_retention",
    "purchase_cutoffs",
    "purchase_history",
    "reply_edges",
    "repurchase_by_retention",
    "repurchase_cycles",
    "resolution",
    "retention",
    "retention_at",
    "retention_change",
    "retention_kinds",
    "returned",
    "revenue_retention",
    "rfm_groups",
    "rfm_summary",
    "rolling_cutoffs",
    "scoring_cutoffs",
    "second_orders",
    "silent_members",
    "span",
    "staff_share",
    "stay_coverage",
    "stickiness",
    "suspected_staff",
    "unit_costs",
    "valuable_members",
    "value_at_risk",
    "value_basis",
]

_HOMES = {
    "PurchaseHistory": "purchases",
    "UnitCosts": "margins",
    "acquisition_costs": "acquisition",
    "active_days": "engagement",
    "active_members": "latest",
    "answers": "health",
    "available_splits": "cohorts",
    "buyer_groups": "buyers",
    "buyer_membership": "health",
    "buyer_splits": "buyers",
    "churn_actions": "churn_list",
    "churn_cutoffs": "churn_features",
    "churn_days": "churn_features",
    "churn_horizon": "churn_features",
    "churn_layers": "churn_list",
    "churn_list": "churn_list",
    "churn_rows": "churn_features",
    "compare_retention": "comparison",
    "cost_per_return": "dormant",
    "coverage": "extent",
    "customer_values": "margins",
    "dormant_bands": "dormant",
    "due_members": "repeat_orders",
    "freshness": "extent",
    "friend_loss": "friendship",
    "friend_splits": "friendship",
    "friendship_rows": "survival",
    "health_headline": "health_headline",
    "history": "survival",
    "latest_two": "latest",
    "lifecycle": "lifecycle",
    "listed_value": "churn_list",
    "loss_within": "latest",
    "margin_source": "margins",
    "member_parts": "member_value",
    "member_points": "member_value",
    "member_value": "member_value",
    "membership_rows": "survival",
    "figure_before": "previous",
    "observed": "activity",
    "overall_retention": "retention",
    "purchase_cutoffs": "purchases",
    "purchase_history": "purchases",
    "reply_edges": "replies",
    "repurchase_by_retention": "repurchase",
    "repurchase_cycles": "repeat_orders",
    "resolution": "replies",
    "retention": "retention",
    "retention_at": "headline",
    "retention_change": "headline",
    "retention_kinds": "kinds",
    "returned": "dormant",
    "revenue_retention": "revenue",
    "rfm_groups": "rfm",
    "rfm_summary": "rfm",
    "rolling_cutoffs": "survival",
    "scoring_cutoffs": "churn_features",
    "second_orders": "repeat_orders",
    "silent_members": "silent",
    "span": "latest",
    "staff_share": "health",
    "stay_coverage": "survival",
    "stickiness": "engagement",
    "suspected_staff": "health",
    "unit_costs": "margins",
    "valuable_members": "valuable",
    "value_at_risk": "churn_list",
    "value_basis": "member_value",
}


class _Metrics(types.ModuleType):
    """The package, in which `retention` is the function although a module has that name.

    Loading a submodule binds it in its package, over the function; here the function stays.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'commlab.metrics' has no attribute {name!r}")
        return getattr(importlib.import_module(f"commlab.metrics.{_HOMES[name]}"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if _HOMES.get(name) == name and isinstance(value, types.ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted(__all__)


sys.modules[__name__].__class__ = _Metrics
