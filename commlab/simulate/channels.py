"""Where people come from: kinds of channels, their codes, and how their people behave."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class ChannelType:
    """A kind of channel: how many people it brings, and what they are like.

    Attributes:
        name: Kind of channel, as in `channels.type`.
        parent: Code of the channel that its codes belong to.
        share: Share of newcomers.
        join_rate: Probability of joining a chat group.
        leave_a: First Beta parameter of the weekly probability of leaving the group.
        leave_b: Second Beta parameter; survival is shifted-beta-geometric (Fader & Hardie 2007).
        buyer_share: Probability of ever buying, given endless time.
        first_order_days: Mean wait for the first order of those who ever buy.
        r: Gamma shape of the purchase rate after the first order.
        alpha: Gamma rate of the purchase rate, in weeks.
        a: First Beta parameter of the dropout probability.
        b: Second Beta parameter; together the MBG/NBD of Batislam et al. (2007).
        spend: Mean amount of a regular order.
        trial: Share of first orders that are trial orders.
        membership: Share of first orders that are a membership charge.
        deleted_24h: Probability that the customer deletes the adviser within 24 hours, under
            script A and an ordinary adviser.
        deleted_7d: The same within 7 days.
        deleted_30d: The same within 30 days.
        messages: Messages a week of the average group member in the first days.
        recruit_cost: Platform cost for one newcomer.
    """

    name: str
    parent: str
    share: float
    join_rate: float
    leave_a: float
    leave_b: float
    buyer_share: float
    first_order_days: float
    r: float
    alpha: float
    a: float
    b: float
    spend: float
    trial: float
    membership: float
    deleted_24h: float
    deleted_7d: float
    deleted_30d: float
    messages: float
    recruit_cost: float


@dataclasses.dataclass(frozen=True)
class ChannelCode:
    """One channel code: a QR code or link with its place and invitation text.

    Attributes:
        code: The code.
        type: Name of its `ChannelType`.
        share: Share of the newcomers of the type.
        script: Version of the invitation text, "A" or "B".
        store: Store where it hangs; empty when there is none.
    """

    code: str
    type: str
    share: float
    script: str = "A"
    store: str = ""


CHANNEL_TYPES = (
    ChannelType(
        "official_account", "oa", 0.24, 0.72, 0.45, 14.0, 0.52, 24.0,
        0.95, 7.5, 0.75, 3.6, 168.0, 0.30, 0.12, 0.020, 0.045, 0.080, 2.6, 9.0,
    ),
    ChannelType(
        "sample_machine", "sm", 0.26, 0.58, 0.90, 5.2, 0.27, 30.0,
        0.60, 9.0, 1.10, 2.2, 118.0, 0.62, 0.03, 0.110, 0.190, 0.270, 1.1, 6.5,
    ),
    ChannelType(
        "online_store", "os", 0.25, 0.64, 0.60, 10.0, 0.74, 10.0,
        0.90, 8.0, 0.80, 3.0, 156.0, 0.12, 0.10, 0.030, 0.065, 0.110, 1.7, 3.2,
    ),
    ChannelType(
        "search", "ws", 0.10, 0.60, 0.60, 8.5, 0.50, 18.0,
        0.75, 8.5, 0.90, 2.8, 149.0, 0.28, 0.08, 0.035, 0.075, 0.120, 1.6, 12.0,
    ),
    ChannelType(
        "referral", "rf", 0.15, 0.84, 0.42, 17.0, 0.60, 16.0,
        1.10, 7.0, 0.60, 3.9, 172.0, 0.26, 0.14, 0.012, 0.030, 0.055, 3.2, 4.0,
    ),
)  # fmt: skip

CHANNEL_CODES = (
    ChannelCode("oa01", "official_account", 0.60, "A"),
    ChannelCode("oa02", "official_account", 0.40, "B"),
    ChannelCode("sm01", "sample_machine", 0.30, "A", "s01"),
    ChannelCode("sm02", "sample_machine", 0.30, "B", "s01"),
    ChannelCode("sm03", "sample_machine", 0.20, "A", "s02"),
    ChannelCode("sm04", "sample_machine", 0.20, "B", "s02"),
    ChannelCode("os01", "online_store", 0.50, "A"),
    ChannelCode("os02", "online_store", 0.50, "B"),
    ChannelCode("ws01", "search", 1.00, "A"),
    ChannelCode("rf01", "referral", 1.00, "A"),
)
