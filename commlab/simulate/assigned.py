"""What one campaign did in one chunk: who was assigned, who took part, which orders it caused."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.clock import Clock
from commlab.simulate.designs import Campaign

ARMS = ("control", "treated")
SETTLED_DAYS = 30  # newcomers of the last month are left out of a campaign

_NOBODY = np.empty(0, dtype=np.int64)
_NEVER = np.empty(0)


@dataclasses.dataclass(frozen=True)
class Assigned:
    """One campaign in one chunk.

    Attributes:
        campaign: The campaign.
        member: Local numbers of those assigned (or who could have taken part).
        treated: True in the arm `treated`.
        at: Day of the assignment.
        participated: Day of taking part; NaN for those who did not.
        extra_member: Members who place an order because of the campaign.
        extra_at: Day of that order.
        extra_spend: Its amount in yuan before the price cut.
        effect_orders: Sum over those assigned of what the campaign does to their orders if
            treated, expected over its own luck.
        effect_spend: The same for their spend, before refunds.
        take_up: Probability of taking part if treated, by member.
        team: Number of the buying team of each extra order; -1 for none.
        cluster: Local number of the group that was assigned as one, by member; None: single
            persons were.
        other_member: Members with an order in these days that the campaign did not cause: what
            a group shares, and what a hidden cause brings.
        other_at: Day of that order.
        other_spend: Its amount in yuan.
        lost: Places of the purchases that do not happen because of the campaign.
    """

    campaign: Campaign
    member: np.ndarray
    treated: np.ndarray
    at: float
    participated: np.ndarray
    extra_member: np.ndarray
    extra_at: np.ndarray
    extra_spend: np.ndarray
    effect_orders: float
    effect_spend: float
    take_up: np.ndarray
    team: np.ndarray
    cluster: np.ndarray | None = None
    other_member: np.ndarray = dataclasses.field(default_factory=lambda: _NOBODY)
    other_at: np.ndarray = dataclasses.field(default_factory=lambda: _NEVER)
    other_spend: np.ndarray = dataclasses.field(default_factory=lambda: _NEVER)
    lost: np.ndarray = dataclasses.field(default_factory=lambda: _NOBODY)


@dataclasses.dataclass(frozen=True)
class Extra:
    """Orders beside the purchases of the model: caused by a campaign or a push, or shared.

    Attributes:
        member: Local numbers of the buyers.
        at: Days of payment.
        spend: Amounts in yuan, before the price cut.
        campaign: Place among the running campaigns; -1 for none.
        cut: Share of the list price that they save.
        team: Buying team in the chunk; -1 for none. Empty: no teams.
    """

    member: np.ndarray
    at: np.ndarray
    spend: np.ndarray
    campaign: int = -1
    cut: float = 0.0
    team: np.ndarray = dataclasses.field(default_factory=lambda: _NOBODY)


def window(campaign: Campaign, clock: Clock) -> tuple[float, float]:
    """Return the operational days between which a campaign runs."""
    start, end = clock.operational(
        np.array([campaign.first_day, campaign.first_day + campaign.days], dtype=float)
    )
    return float(start), float(end)
