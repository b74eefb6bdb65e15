"""What is true of each campaign, for `truth.json`."""

from __future__ import annotations

from typing import Any

import numpy as np

from commlab.simulate.assigned import Assigned
from commlab.simulate.designs import Campaign
from commlab.simulate.team_buying import TEAM_SIZES

_OF = {
    "randomised": "expected difference between the arms a person",
    "clustered": "expected difference between the arms a person; groups were assigned",
    "observational": "effect of taking part on a customer: nobody was assigned, arms are chosen",
}


def blank_campaign() -> dict[str, Any]:
    """Return the sums of a campaign before any chunk."""
    return {
        "control": 0, "treated": 0, "participants": 0, "extra": 0, "other": 0, "lost": 0,
        "orders": 0.0, "spend": 0.0, "take_up": 0.0, "clusters": 0, "alone": 0,
        "teams": dict.fromkeys(TEAM_SIZES, 0),
    }  # fmt: skip


def count_campaign(total: dict[str, Any], item: Assigned) -> None:
    """Add one chunk to the sums of a campaign."""
    total["control"] += int((~item.treated).sum())
    total["treated"] += int(item.treated.sum())
    total["participants"] += int(np.isfinite(item.participated).sum())
    total["extra"] += item.extra_member.size
    total["other"] += item.other_member.size
    total["lost"] += item.lost.size
    total["orders"] += item.effect_orders
    total["spend"] += item.effect_spend
    total["take_up"] += float(item.take_up.sum())
    if item.cluster is not None:
        total["clusters"] += np.unique(item.cluster).size
        sizes = np.bincount(item.team[item.team >= 0])
        for size in TEAM_SIZES:
            total["teams"][size] += int((sizes == size).sum())
        total["alone"] += int((item.team < 0).sum())


def campaign_truth(item: Campaign, total: dict[str, Any]) -> dict[str, Any]:
    """Return the truth of one campaign.

    Args:
        item: The campaign.
        total: Sums over the chunks.
    """
    assigned = max(total["control"] + total["treated"], 1)
    effect, take_up = total["orders"] / assigned, total["take_up"] / assigned
    facts: dict[str, Any] = {
        "design": item.design,
        "null": item.null,
        "harmful": item.harmful,
        "effect_orders": round(effect, 8),
        "effect_spend": round(total["spend"] / assigned, 6),
        "effect_is": f"{_OF[item.design]}, over the campaign's days, orders of the campaign "
        "included, before refunds",
        **{name: total[name] for name in ("control", "treated", "participants")},
        "orders_caused": total["extra"],
        "orders_lost": total["lost"],
        "take_up": round(take_up, 8),
    }
    if item.design == "observational":
        facts["confounding"] = {
            "seen": f"orders in the 90 days that end {item.days} days before the campaign",
            "hidden": item.hidden or None,
            "a_placebo_sees_it": {"lasting": True, "momentary": False}.get(item.hidden),
            "orders_of_the_hidden_cause": total["other"],
        }
    elif item.harmful:
        # The harm reaches all who are treated, so taking part is no instrument's channel.
        facts["effect_on_compliers"] = None
    else:
        facts["effect_on_compliers"] = round(effect / take_up, 8) if take_up else None
    if item.design == "clustered":
        facts["clusters"] = total["clusters"]
        facts["icc"] = item.icc
        facts["orders_shared"] = total["other"]
        facts["teams"] = {str(size): n for size, n in total["teams"].items()}
        facts["bought_alone"] = total["alone"]
    return facts
