"""The campaigns of a world: how people were chosen, and what each campaign truly does."""

from __future__ import annotations

import dataclasses

from commlab import guards

DESIGNS = ("randomised", "clustered", "observational")
HIDDEN = ("", "lasting", "momentary")


@dataclasses.dataclass(frozen=True)
class Campaign:
    """One campaign.

    Attributes:
        campaign_id: Its id.
        name: Its name.
        kind: What it is, as in `campaigns.kind`.
        first_day: First day, counted from the start of the world.
        days: Length in days.
        treated: Probability of the arm `treated` (of a group, where groups are assigned). Where
            people choose for themselves, nothing is assigned and it says nothing.
        extra_orders: Orders that a treated person places because of it: a Bernoulli draw each,
            so also the expected difference in orders. 0 is a null campaign. Where people choose
            for themselves, the participants are the treated.
        price_cut: Share of the list price that the extra orders save.
        take_up: Probability of taking part: of a treated newcomer of average liveliness; where
            people choose for themselves, of a customer without an order in the days of `pull`.
        cost: What it cost the brand, beside the price cut.
        design: One of `DESIGNS`, as in `campaigns.design`.
        lost_orders: Probability with which a treated person forgoes an own repeat order of the
            campaign's days: the harm.
        shared_orders: Clustered: mean orders a person that a group has in common in these days,
            in both arms, and that the campaign does not cause.
        icc: Clustered: intra-class correlation of the shared and of the caused orders.
        pull: Observational: log odds of taking part for one order (3 at the most) in 90 days
            that end `days` before the campaign: the confounding that the tables show.
        hidden: Observational: a cause that no table shows, held by `hidden_share` of the
            customers. "lasting": it brings orders in the campaign's days and in as many days
            before; a placebo outcome sees it. "momentary": in the campaign's days only; no
            placebo sees it. Empty: there is none.
        hidden_share: Share of the customers with the hidden cause.
        hidden_orders: Orders that it brings each of them, in each of the spans.
        hidden_pull: Log odds of taking part that it adds.
    """

    campaign_id: str
    name: str
    kind: str
    first_day: int
    days: int
    treated: float
    extra_orders: float
    price_cut: float
    take_up: float
    cost: float
    design: str = "randomised"
    lost_orders: float = 0.0
    shared_orders: float = 0.0
    icc: float = 0.0
    pull: float = 0.0
    hidden: str = ""
    hidden_share: float = 0.3
    hidden_orders: float = 0.3
    hidden_pull: float = 1.6

    def __post_init__(self) -> None:
        guards.one_of("design", self.design, DESIGNS)
        guards.one_of("hidden", self.hidden, HIDDEN)
        guards.in_range("lost_orders", self.lost_orders, low=0, high=1)
        guards.in_range("icc", self.icc, low=0, high=0.95)

    @property
    def harmful(self) -> bool:
        """Whether it costs orders."""
        return self.lost_orders > 0

    @property
    def null(self) -> bool:
        """Whether it changes nothing."""
        return self.extra_orders == 0 and not self.harmful


# The spans keep clear of the festivals and of each other, but for what a placebo looks back on.
CAMPAIGNS = (
    Campaign("c01", "春日回购券", "coupon", 344, 14, 0.5, 0.10, 0.15, 0.45, 3800.0),
    Campaign("c02", "敏感肌护理小课堂", "lecture", 405, 14, 0.5, 0.0, 0.0, 0.35, 2600.0),
    # Pushes every day to share for a prize: annoyance, and no order of its own.
    Campaign("c03", "分享裂变冲刺", "fission", 366, 14, 0.5, 0.0, 0.0, 0.15, 1800.0,
             lost_orders=0.5),
    Campaign("c04", "拼团周", "team_buy", 384, 14, 0.5, 0.12, 0.20, 0.30, 3000.0,
             design="clustered", shared_orders=0.15, icc=0.20),
    Campaign("c05", "幸运抽奖", "draw", 236, 14, 0.0, 0.15, 0.10, 0.20, 1500.0,
             design="observational", pull=0.6),
    Campaign("c06", "一对一关怀", "care", 264, 14, 0.0, 0.15, 0.0, 0.20, 1500.0,
             design="observational", pull=0.6, hidden="lasting"),
    Campaign("c07", "新品推送", "push", 292, 14, 0.0, 0.15, 0.0, 0.20, 1500.0,
             design="observational", pull=0.6, hidden="momentary"),
)  # fmt: skip
