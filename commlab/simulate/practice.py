"""What the brand does with its members, in numbers: pushes, tags, contents, loyalty, surveys."""

from __future__ import annotations

import dataclasses

INTERESTS = ("精华", "面霜", "面膜", "防晒", "洁面")
SKINS = ("干皮", "油皮", "混合皮", "敏感肌")
STAGES = ("新客", "老客")


@dataclasses.dataclass(frozen=True)
class Pushes:
    """Mass sends of advisers to their friends.

    Attributes:
        a_day: Mass sends an adviser plans a day.
        targeted: Share of them that go to the holders of an interest tag only.
        executed: Probability that a planned send goes out.
        limited: Share of receivers who have reached their limit of the day.
        click: Probability that an average receiver clicks an untargeted send.
        tag_gain: Factor on it where the send is targeted by a tag.
        fatigue: Factor on it for each send received in the seven days before.
        orders: Orders that one delivered send causes within `within` days, of customers.
        deletions: Probability that a send costs the friendship within `within` days, where it
            is older than 30 days.
        within: Days in which orders and deletions follow.
        listed: Days for which a lost friend still stands on the list of receivers.
        sop_days: Days between the planned posts of a group.
        moments_days: Days between the planned moments of an adviser.
    """

    a_day: float = 1 / 14
    targeted: float = 0.4
    executed: float = 0.86
    limited: float = 0.03
    click: float = 0.11
    tag_gain: float = 1.6
    fatigue: float = 0.8
    orders: float = 0.006
    deletions: float = 0.002
    within: float = 3.0
    listed: float = 30.0
    sop_days: float = 5.0
    moments_days: float = 9.0


@dataclasses.dataclass(frozen=True)
class Tagging:
    """Tags on members.

    Attributes:
        channel: Share of members whose channel code set its tag.
        survey: Share of members who said their interest in a survey.
        survey_days: Mean days until they did.
        skin: Shares of the skin types, `SKINS`.
        contradictory: Share of those with a skin tag who have a second one that contradicts it.
        stale: Share of members whose tag of a new customer was never renewed.
        fresh_days: Days for which a new customer is new.
        personal: Share of friends with a personal tag of their adviser.
    """

    channel: float = 0.96
    survey: float = 0.5
    survey_days: float = 9.0
    skin: tuple[float, ...] = (0.28, 0.27, 0.30, 0.15)
    contradictory: float = 0.05
    stale: float = 0.15
    fresh_days: float = 90.0
    personal: float = 0.08


@dataclasses.dataclass(frozen=True)
class ContentPlan:
    """Contents in groups, and how members take to them.

    Attributes:
        kinds: (form, share of posts, click rate at its reference, cost in yuan).
        topics: (topic, share of posts, log odds beside the reference).
        evening: Log odds of a post between 20:00 and 22:00.
        video_evening: Share of videos posted in the evening; of the others half as many are.
        group_sd: Standard deviation of a group's log odds.
        seen: Share of the members present to whom a post is shown.
        comment: Comments for one click; also the shares for one comment are so many.
        by_members: Share of questions and topics made by a member.
    """

    kinds: tuple[tuple[str, float, float, float], ...] = (
        ("video", 0.16, 0.085, 260.0),
        ("article", 0.18, 0.050, 120.0),
        ("live", 0.06, 0.070, 600.0),
        ("poster", 0.18, 0.035, 40.0),
        ("coupon", 0.12, 0.110, 15.0),
        ("qa", 0.12, 0.060, 20.0),
        ("draw", 0.06, 0.100, 80.0),
        ("topic", 0.12, 0.045, 10.0),
    )
    topics: tuple[tuple[str, float, float], ...] = (
        ("护肤知识", 0.35, 0.0),
        ("新品", 0.25, 0.25),
        ("晒单", 0.20, 0.10),
        ("品牌故事", 0.20, -0.40),
    )
    evening: float = 0.35
    video_evening: float = 0.7
    group_sd: float = 0.3
    seen: float = 0.55
    comment: float = 0.18
    by_members: float = 0.6


@dataclasses.dataclass(frozen=True)
class Loyalty:
    """Tiers, points and coupons.

    Attributes:
        tiers: (tier, yuan paid in the last 365 days from which it is reached), ascending. The
            first of each month reviews: up at once, down by one step.
        point_value: Yuan for one point.
        ledger_day: Day on which the ledger begins; what was earned before is an opening balance.
        life_days: Days after which points lapse.
        binding: Points for joining.
        contact: Points for adding the adviser.
        yuan: Points for one yuan paid.
        check_in: Points for a check-in.
        speech: Points for a week with a message.
        exchange_days: Mean days between the wishes of a member to spend.
        prices: Points that a gift costs.
        promise_days: Days within which a gift is promised.
        late: Share of gifts given too late.
        broken: Share of gifts never given.
        newcomer: Face value of the newcomer's coupon, and its days.
        monthly: Face value of the monthly coupon.
        monthly_share: Share of members who get it, drawn anew each month.
        used: Probability that a coupon is used on an order that it fits.
    """

    tiers: tuple[tuple[str, float], ...] = (
        ("普通", 0.0),
        ("银卡", 300.0),
        ("金卡", 800.0),
        ("钻石", 1600.0),
    )
    point_value: float = 0.01
    ledger_day: int = 60
    life_days: float = 180.0
    binding: int = 50
    contact: int = 20
    yuan: int = 1
    check_in: int = 2
    speech: int = 5
    exchange_days: float = 75.0
    prices: tuple[int, ...] = (100, 200, 400)
    promise_days: float = 7.0
    late: float = 0.10
    broken: float = 0.04
    newcomer: tuple[float, int] = (10.0, 14)
    monthly: float = 15.0
    monthly_share: float = 0.3
    used: float = 0.8


@dataclasses.dataclass(frozen=True)
class Surveys:
    """Survey waves of members and others.

    Attributes:
        every_days: Days between the waves.
        asked: Answers of members in a wave, for 1,000 members there.
        others: Answers of non-members, for 1,000 members.
        mean: Mean of the normal score behind an answer of a non-member, 0 to 10.
        sd: Its standard deviation.
        members: Points by which members lie above.
        lively: Points by which the livelier half lies above the other, among members.
        respond: How many times as likely the livelier half answers; `weight` undoes it.
    """

    every_days: int = 91
    asked: int = 120
    others: int = 120
    mean: float = 7.6
    sd: float = 1.9
    members: float = 0.6
    lively: float = 0.8
    respond: float = 2.0


@dataclasses.dataclass(frozen=True)
class Service:
    """One-to-one service of advisers, as `staff_days` counts it.

    Attributes:
        chats: Chats a friend has with the adviser in a day.
        messages: Messages of the adviser in a chat.
        reply_share: Mean share of chats answered.
        reply_minutes: Median over advisers of the typical minutes to the first reply.
        minutes_sd: Standard deviation of its logarithm between advisers.
        daily_sd: The same between the days of one adviser.
    """

    chats: float = 0.012
    messages: float = 4.0
    reply_share: float = 0.9
    reply_minutes: float = 12.0
    minutes_sd: float = 0.45
    daily_sd: float = 0.5
