"""Parameters of what single people do beyond chatting and buying.

Referrals, opinion leaders and those taken for them, freebie hunters, demand, groups that die for a
reason, and identifiers. Time is in days, money in yuan, a share is of all members of a chunk.
"""

from __future__ import annotations

import dataclasses

from commlab import guards


@dataclasses.dataclass(frozen=True)
class Referrals:
    """Members who bring members: a branching process, and rings that only feign it.

    Attributes:
        channel: Kind of channel of everybody who was invited. Its `ChannelType.share` is what the
            process comes to in the default world; who joins by the other kinds begins a tree.
        invitees: Expected invitees of a member within a cycle of joining, by the generation of the
            inviter (0: came without one); the last holds for all later generations.
        cycle_days: All invitations fall within so many days of the inviter's joining.
        delay_days: Scale of the wait until an invitee comes: exponential, cut at `cycle_days`.
        shape: Gamma shape of a member's own factor on `invitees` (mean 1).
        lively: Gaussian-copula correlation of liveliness with that factor.
        kept_weeks: An invitee is kept who joined a group and did not leave it in so many weeks.
        reward: Paid for each invitee, feigned ones included.
        share_step: Probability that an invitation leaves a `shared` step of the inviter.
        vain_shares: Mean number of `shared` steps a member that bring nobody.
        rewarded_share: Share of all those steps that were made for the reward.
        ring_share: Accounts in self-referral rings.
        ring_size: Accounts of a ring.
        ring_hours: Hours in which all accounts of a ring come.
    """

    channel: str = "referral"
    invitees: tuple[float, ...] = (0.155, 0.11, 0.08, 0.05)
    cycle_days: float = 30.0
    delay_days: float = 9.0
    shape: float = 0.5
    lively: float = 0.4
    kept_weeks: int = 4
    reward: float = 12.0
    share_step: float = 0.8
    vain_shares: float = 0.25
    rewarded_share: float = 0.6
    ring_share: float = 0.006
    ring_size: int = 5
    ring_hours: float = 5.0

    def __post_init__(self) -> None:
        # From 1 on, trees grow without end.
        for k in self.invitees:
            guards.in_range("referrals.invitees", k, low=0, high=0.95)
        guards.in_range("referrals.cycle_days", self.cycle_days, low=0, open_low=True)
        guards.in_range("referrals.delay_days", self.delay_days, low=0, open_low=True)
        guards.in_range("referrals.ring_share", self.ring_share, low=0, high=0.5)
        guards.whole("referrals.ring_size", self.ring_size, low=3)


@dataclasses.dataclass(frozen=True)
class Influence:
    """Key opinion consumers, whose posts sell, and decoys, whose posts do not.

    Attributes:
        koc_share: Key opinion consumers.
        lift: Orders that one original post of a KOC adds for each member present: a Bernoulli
            draw each. 0 is a world without influence: the same people, the same posts.
        lift_days: All those orders fall within so many days after the post.
        fade_days: Scale of their wait: exponential, cut at `lift_days`.
        posts: Original posts of a KOC a week.
        pull: Share of what members write within half a day after such a post that answers it.
        answers: Share of the questions in the group that each KOC answers.
        asks: Share of a KOC's posts that ask; they move others like all of them.
        helper_share: Decoys who answer as many questions as a KOC, write like anybody and move
            nobody.
        loud_share: Decoys who write very much and move nobody.
        loud_messages: Their messages a week, beside those of their own rate.
        spender_share: Decoys who merely spend most: the first by money, KOC aside.
        cluster_share: Members of homophilous clusters: people alike who buy at the same time.
        cluster_size: Members of a cluster; one of them, the hub, posts at those times.
        cluster_every: Days between the times at which a cluster buys.
        cluster_orders: Probability that a member of it places an order around such a time.
        cluster_spread: Those orders fall evenly within so many days before and after it.
        settled_days: Only who stays so long in a lasting group, and joined so long before the end,
            becomes one of them.
    """

    koc_share: float = 0.008
    lift: float = 0.010
    lift_days: float = 3.0
    fade_days: float = 1.2
    posts: float = 1.2
    pull: float = 0.6
    answers: float = 0.2
    asks: float = 0.0
    helper_share: float = 0.0
    loud_share: float = 0.006
    loud_messages: float = 10.0
    spender_share: float = 0.008
    cluster_share: float = 0.012
    cluster_size: int = 8
    cluster_every: float = 24.0
    cluster_orders: float = 0.12
    cluster_spread: float = 2.0
    settled_days: float = 90.0

    def __post_init__(self) -> None:
        for name in ("koc_share", "loud_share", "spender_share", "cluster_share", "helper_share"):
            guards.in_range(f"influence.{name}", getattr(self, name), low=0, high=0.2)
        for name in ("lift", "pull", "answers", "asks", "cluster_orders"):
            guards.in_range(f"influence.{name}", getattr(self, name), low=0, high=1)
        for name in ("lift_days", "fade_days", "cluster_every", "cluster_spread"):
            guards.in_range(f"influence.{name}", getattr(self, name), low=0, open_low=True)


@dataclasses.dataclass(frozen=True)
class Freebies:
    """Members who take and do not give.

    They are found among those who by the other draws never buy, and join no group or leave it
    soon: so survival and purchases of their channel stay what its parameters say.

    Attributes:
        shares: (kind of channel, share of hunters among its newcomers); 0 for kinds not named.
            No more than are never-buyers without a group or soon gone.
        leave_weeks: A hunter who joins a group leaves it within so many weeks.
        takes: Mean number of samples, draws and coupons that a hunter takes; at least two.
        take_days: Days since joining in which they are taken.
        ordinary: Mean number that any other member takes in those days.
        keen: Share of all others who take as many as hunters do, and go on as before.
        chatty: Share of the hunters who write like anybody while they are in a group.
        cut: Price cut of the rare order that somebody else makes them place.
    """

    shares: tuple[tuple[str, float], ...] = (
        ("official_account", 0.04),
        ("sample_machine", 0.20),
        ("online_store", 0.025),
        ("search", 0.06),
        ("referral", 0.03),
    )
    leave_weeks: int = 3
    takes: float = 5.0
    take_days: float = 20.0
    ordinary: float = 0.3
    keen: float = 0.0
    chatty: float = 0.0
    cut: float = 0.3

    def __post_init__(self) -> None:
        for name, share in self.shares:
            guards.in_range(f"freebies.shares of {name}", share, low=0, high=1)
        guards.whole("freebies.leave_weeks", self.leave_weeks, low=1)
        guards.in_range("freebies.takes", self.takes, low=2)
        for name in ("keen", "chatty"):
            guards.in_range(f"freebies.{name}", getattr(self, name), low=0, high=1)
        guards.in_range("freebies.cut", self.cut, low=0, high=1, open_low=True)


@dataclasses.dataclass(frozen=True)
class Demand:
    """What members talk of, and buy next: *what* is bought follows talk, not whether.

    Attributes:
        share: Probability that an item bought soon after its buyer named a product is that one;
            else, and by default, products are drawn without regard to talk.
        days: Within so many days after the last time that one was named.
    """

    share: float = 0.0
    days: float = 14.0

    def __post_init__(self) -> None:
        guards.in_range("demand.share", self.share, low=0, high=1)
        guards.in_range("demand.days", self.days, low=0, open_low=True)


@dataclasses.dataclass(frozen=True)
class Decline:
    """Why groups die, and groups that go through the same and live.

    Attributes:
        spared_share: Share of groups that meet a cause and live.
        onset: Days between which, since the opening, a cause sets in.
        lag: Days between which a group dies of it afterwards; a spared one is relieved then.
        ad_factor: Factor on the owner's posts while there are only advertisements.
        home_pull: Factor on the newcomers of the channel code that a group is meant for; groups
            filled imprecisely take all codes alike.
    """

    spared_share: float = 0.06
    onset: tuple[float, float] = (60.0, 90.0)
    lag: tuple[float, float] = (28.0, 56.0)
    ad_factor: float = 1.5
    home_pull: float = 6.0

    def __post_init__(self) -> None:
        guards.in_range("decline.spared_share", self.spared_share, low=0, high=0.5)
        guards.in_range("decline.home_pull", self.home_pull, low=1)


@dataclasses.dataclass(frozen=True)
class Identifiers:
    """Which identifiers of a member are known, and who is there twice.

    Attributes:
        unionid: Share of members with a union id.
        phone: Share of members with a phone.
        shop_nickname: Share of members with a nickname in the shop.
        twice: Persons under two member ids, who share the hash of one phone.
    """

    unionid: float = 0.85
    phone: float = 0.45
    shop_nickname: float = 0.5
    twice: float = 0.003

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            guards.in_range(f"identifiers.{field.name}", getattr(self, field.name), low=0, high=1)
