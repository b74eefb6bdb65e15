"""The parameters of a made-up community: every number that the simulator plants.

Time is in days since the first local midnight unless a name says weeks. Money is in yuan.
"""

from __future__ import annotations

import dataclasses
import math

from commlab import guards
from commlab.errors import ArgumentError
from commlab.simulate.behaviour import (
    Decline,
    Demand,
    Freebies,
    Identifiers,
    Influence,
    Referrals,
)
from commlab.simulate.channels import CHANNEL_CODES, CHANNEL_TYPES, ChannelCode, ChannelType
from commlab.simulate.designs import CAMPAIGNS, Campaign
from commlab.simulate.practice import ContentPlan, Loyalty, Pushes, Service, Surveys, Tagging

# Share of the day's events by hour: chat peaks at 08-10 and 20-22, shopping at noon and 21.
_CHAT_HOURS = (
    10, 5, 3, 2, 2, 4, 14, 34, 66, 70, 42, 34, 44, 34, 28, 28, 30, 34, 40, 50, 78, 84, 52, 26,
)  # fmt: skip
_ORDER_HOURS = (
    18, 8, 4, 3, 2, 3, 8, 16, 28, 40, 48, 50, 58, 46, 38, 38, 38, 36, 36, 48, 70, 84, 66, 38,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class World:
    """All parameters of the made-up community.

    Attributes:
        brand: Name of the made-up brand.
        channels: Kinds of channels.
        codes: Channel codes.
        campaigns: Campaigns of every design; those that do not fit into the months are left out.
        growth: Newcomers a day at the end over those at the start.
        members_per_group: Newcomers for each group; about two thirds of them join one.
        members_per_adviser: Newcomers for each adviser.
        contact_share: Share of newcomers who become the adviser's friend.
        deletion_later: Deletions a day after the first 30 days.
        script_b: Factor on early deletions under invitation script B.
        harsh_adviser: Factor on early deletions with every sixth adviser.
        snapshot_hour: Local hour of the daily snapshot of friends and group members.
        first_snapshot: Day of the first snapshot: who left earlier was never seen.
        removed_share: Share of leavers whom the staff removed.
        lively_leave: Gaussian-copula correlation of liveliness with the leaving probability.
        lively_activity: The same with the rate of messages.
        lively_purchase: The same with the purchase rate.
        inflow_days: Mean age of the groups that newcomers are sent to.
        dead_share: Share of groups that die in mid-life (at least one from four groups on).
        closed_share: Share of groups that are closed, part of their members migrated.
        migrate_share: Share of the members of a closed group who accept to move.
        activity_shape: Gamma shape of a member's message rate (mean 1).
        activity_floor: Share of the message rate that never fades.
        activity_days: Days in which the fading part falls to 1/e.
        group_sd: Standard deviation of the log of a group's liveliness (mean 1).
        reply_share: Probability that a message tries to answer one of the last messages.
        image_share: Share of messages that are pictures.
        revoked_share: Share of messages withdrawn.
        adviser_posts: Posts of the owner in a group and day.
        atmosphere_posts: Posts of atmosphere accounts in a group and day.
        hard_ads: Share of the owner's posts that are hard advertising.
        soft_ads: Share of the owner's posts that are soft advertising.
        chat_hours: 24 weights of chat by hour.
        order_hours: 24 weights of orders by hour.
        festivals: Factor on the purchase rate by festival name of `config.china_calendar`.
        spend_p: Gamma-Gamma shape of an order's amount.
        spend_q: Gamma-Gamma shape of the personal scale; the mean is the channel's.
        refund_share: Probability of a refund.
        refund_whole: Share of refunds that are the whole amount.
        full_price_share: Share of regular orders at full price.
        cost_share: Goods and fulfilment as a share of the list price.
        unknown_share: Orders of unknown buyers for each order of a member.
        trial_price: Price of a trial order.
        membership_price: Price of the membership charge.
        clicks: Clicks and visits a week of the average member in the first days.
        check_in_share: Share of group members who try the check-in.
        check_in_days: Mean length of a streak.
        lively_take_up: Log odds of taking part in a campaign for one unit of liveliness.
        take_up_days: Days since joining in which the will to take part in a campaign falls to 1/e.
        monthly_costs: (category, yuan a month for 1,000 members).
        referrals: Who brings whom.
        influence: Opinion leaders and decoys.
        freebies: Freebie hunters.
        demand: What is bought after it was talked of.
        decline: Why groups die.
        identifiers: Which identifiers are known.
        pushes: Mass sends.
        tagging: Tags.
        content: Contents in groups.
        loyalty: Tiers, points, coupons.
        surveys: Survey waves.
        service: One-to-one service.
    """

    brand: str = "晨雀护肤"
    channels: tuple[ChannelType, ...] = CHANNEL_TYPES
    codes: tuple[ChannelCode, ...] = CHANNEL_CODES
    campaigns: tuple[Campaign, ...] = CAMPAIGNS
    growth: float = 1.5
    members_per_group: int = 80
    members_per_adviser: int = 330
    contact_share: float = 0.93
    deletion_later: float = 0.0004
    script_b: float = 1.5
    harsh_adviser: float = 1.6
    snapshot_hour: float = 3.0
    first_snapshot: int = 45
    removed_share: float = 0.04
    lively_leave: float = -0.35
    lively_activity: float = 0.6
    lively_purchase: float = 0.35
    inflow_days: float = 75.0
    dead_share: float = 0.07
    closed_share: float = 0.07
    migrate_share: float = 0.4
    activity_shape: float = 0.5
    activity_floor: float = 0.12
    activity_days: float = 60.0
    group_sd: float = 0.6
    reply_share: float = 0.34
    image_share: float = 0.07
    revoked_share: float = 0.004
    adviser_posts: float = 1.1
    atmosphere_posts: float = 0.5
    hard_ads: float = 0.25
    soft_ads: float = 0.20
    chat_hours: tuple[float, ...] = _CHAT_HOURS
    order_hours: tuple[float, ...] = _ORDER_HOURS
    festivals: tuple[tuple[str, float], ...] = (
        ("spring_festival", 1.2),
        ("618", 1.5),
        ("double_11", 1.8),
    )
    spend_p: float = 6.0
    spend_q: float = 4.0
    refund_share: float = 0.05
    refund_whole: float = 0.7
    full_price_share: float = 0.45
    cost_share: float = 0.36
    unknown_share: float = 0.08
    trial_price: float = 19.9
    membership_price: float = 99.0
    clicks: float = 0.9
    check_in_share: float = 0.18
    check_in_days: float = 8.0
    lively_take_up: float = 2.0
    take_up_days: float = 240.0
    monthly_costs: tuple[tuple[str, float], ...] = (
        ("content", 1500.0),
        ("event", 1100.0),
        ("staff", 4200.0),
        ("reward", 600.0),
        ("other", 300.0),
    )
    referrals: Referrals = dataclasses.field(default_factory=Referrals)
    influence: Influence = dataclasses.field(default_factory=Influence)
    freebies: Freebies = dataclasses.field(default_factory=Freebies)
    demand: Demand = dataclasses.field(default_factory=Demand)
    decline: Decline = dataclasses.field(default_factory=Decline)
    identifiers: Identifiers = dataclasses.field(default_factory=Identifiers)
    pushes: Pushes = dataclasses.field(default_factory=Pushes)
    tagging: Tagging = dataclasses.field(default_factory=Tagging)
    content: ContentPlan = dataclasses.field(default_factory=ContentPlan)
    loyalty: Loyalty = dataclasses.field(default_factory=Loyalty)
    surveys: Surveys = dataclasses.field(default_factory=Surveys)
    service: Service = dataclasses.field(default_factory=Service)

    def __post_init__(self) -> None:
        names = tuple(item.name for item in self.channels)
        for label, shares in (
            ("channels.share", [item.share for item in self.channels]),
            *(
                (f"codes.share of {name}", [c.share for c in self.codes if c.type == name])
                for name in names
            ),
        ):
            if not math.isclose(sum(shares), 1.0, abs_tol=1e-9):
                raise ArgumentError(f"{label} sums to {sum(shares):g}, must be 1.")
        for code in self.codes:
            guards.one_of("codes.type", code.type, names)
        for field in ("chat_hours", "order_hours"):
            if len(getattr(self, field)) != 24:
                raise ArgumentError(f"{field} has {len(getattr(self, field))} weights, must be 24.")
        guards.in_range("spend_q", self.spend_q, low=1, open_low=True)
        guards.in_range("activity_floor", self.activity_floor, low=0, high=1)
        guards.in_range("activity_days", self.activity_days, low=0, open_low=True)
        guards.in_range("group_sd", self.group_sd, low=0)

    def type_index(self, code: ChannelCode) -> int:
        """Return the place of a code's kind in `channels`."""
        return [item.name for item in self.channels].index(code.type)
