"""Orders as a shop exports them: prices, discounts, refunds, lines, and buyers it does not know."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate import texts
from commlab.simulate.assigned import Extra
from commlab.simulate.clock import Clock
from commlab.simulate.groups import Groups, Stays
from commlab.simulate.people import People
from commlab.simulate.purchases import Purchases
from commlab.simulate.roles import Roles
from commlab.simulate.streams import stream
from commlab.simulate.world import World

KINDS = ("trial", "membership", "regular")
TRIAL, MEMBERSHIP, REGULAR = range(3)
SHOPS = ("mini_program", "tmall", "douyin")
_DISCOUNTS = np.array([0.05, 0.10, 0.15, 0.20, 0.30])


@dataclasses.dataclass(frozen=True)
class Orders:
    """Orders of one chunk, by time; money in fen.

    Attributes:
        member: Local number of the buyer; -1 where the shop does not know.
        at: Day of payment.
        kind: Place in `KINDS`.
        amount: Paid.
        list_amount: Price before discount.
        cost: Goods and fulfilment.
        refund: Refunded by the end of the world.
        refunded: Day of the refund; NaN for none.
        campaign: Place among the running campaigns; -1 for none.
        team: Number of the buying team in the chunk; -1 for none.
        group: Local number of the group that it came from; -1 for none.
        with_adviser: True when it is booked to the buyer's adviser.
        shop: Place in `SHOPS`.
    """

    member: np.ndarray
    at: np.ndarray
    kind: np.ndarray
    amount: np.ndarray
    list_amount: np.ndarray
    cost: np.ndarray
    refund: np.ndarray
    refunded: np.ndarray
    campaign: np.ndarray
    team: np.ndarray
    group: np.ndarray
    with_adviser: np.ndarray
    shop: np.ndarray

    def __len__(self) -> int:
        return self.member.size


def draw_orders(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    purchases: Purchases,
    extras: list[Extra],
    roles: Roles,
    groups: Groups,
    stays: Stays,
    clock: Clock,
    days: int,
) -> Orders:
    """Turn purchases into orders, and add the extra ones and those of unknown buyers."""
    rng = stream(seed, "baskets", chunk)
    strange = stream(seed, "unknown_buyers", chunk)
    kind = _first_kind(world, rng, people, purchases)
    unknown = strange.poisson(world.unknown_share * purchases.member.size)
    end = float(clock.operational(float(days)))
    unknown_at = clock.calendar(strange.random(unknown) * end)
    shares = np.array([item.share for item in world.channels])
    means = np.array([item.spend for item in world.channels])
    unknown_spend = strange.choice(means, size=unknown, p=shares) * strange.gamma(
        3.0, 1 / 3.0, unknown
    )
    strangers = np.full(unknown, -1)
    parts = [
        Extra(purchases.member, purchases.at, purchases.spend),
        Extra(strangers, unknown_at, unknown_spend),
        *extras,
    ]
    sizes = [part.member.size for part in parts]
    member = np.concatenate([part.member for part in parts])
    at = np.concatenate([part.at for part in parts])
    spend = np.concatenate([part.spend for part in parts])
    kind = np.concatenate([kind, np.full(member.size - kind.size, REGULAR)])
    campaign = np.repeat([part.campaign for part in parts], sizes)
    cut = np.repeat([part.cut for part in parts], sizes)
    team = np.concatenate(
        [p.team if p.team.size else np.full(n, -1) for p, n in zip(parts, sizes, strict=True)]
    )
    # Freebie hunters pay no full price, whoever makes them buy.
    hunter = (member >= 0) & roles.hunter[member]
    cut = np.where(hunter, np.maximum(cut, world.freebies.cut), cut)
    order = np.lexsort((member, at))
    member, at, kind, spend, campaign, cut, team = (
        item[order] for item in (member, at, kind, spend, campaign, cut, team)
    )
    amount, list_amount = _prices(world, rng, kind, spend, cut)
    n = member.size
    cost = np.round(list_amount * world.cost_share * np.exp(0.05 * rng.standard_normal(n)))
    refund, refunded = _refunds(world, rng, at, amount, days)
    group = _group_then(stays, member, at, len(people))
    group = np.where(rng.random(n) < 0.35, group, -1)
    return Orders(
        member=member,
        at=at,
        kind=kind,
        amount=amount,
        list_amount=list_amount,
        cost=cost.astype(np.int64),
        refund=refund,
        refunded=refunded,
        campaign=campaign,
        team=team,
        group=group,
        with_adviser=(member >= 0) & (rng.random(n) < 0.4),
        shop=rng.choice(3, size=n, p=[0.58, 0.27, 0.15]),
    )


@dataclasses.dataclass(frozen=True)
class Items:
    """Lines of orders; their amounts add up to the order's, to the fen."""

    order: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    amount: np.ndarray


def draw_items(world: World, seed: int, chunk: int, orders: Orders) -> Items:
    """Draw one to three lines an order; trial orders and the membership charge have one."""
    rng = stream(seed, "items", chunk)
    n = len(orders)
    count = np.where(orders.kind == REGULAR, 1 + rng.binomial(2, 0.3, n), 1)
    count = np.minimum(count, np.maximum(orders.amount // 100, 1))
    order = np.repeat(np.arange(n), count)
    nth = np.arange(order.size) - np.repeat(np.cumsum(count) - count, count)
    weight = rng.uniform(0.5, 1.5, order.size)
    total = np.bincount(order, weight, minlength=n)
    amount = np.floor(orders.amount[order] * weight / total[order]).astype(np.int64)
    rest = orders.amount - np.bincount(order, amount, minlength=n).astype(np.int64)
    amount[nth == 0] += rest
    quantity = np.where(rng.random(order.size) < 0.12, 2, 1)
    product = rng.integers(len(texts.PRODUCTS), size=order.size)
    product = np.where(orders.kind[order] == MEMBERSHIP, -1, product)
    return Items(order, product, quantity, amount)


def _first_kind(
    world: World, rng: np.random.Generator, people: People, purchases: Purchases
) -> np.ndarray:
    dice = rng.random(len(people))
    trial = people.value(world, "trial")
    charge = trial + people.value(world, "membership")
    first = np.where(dice < trial, TRIAL, np.where(dice < charge, MEMBERSHIP, REGULAR))
    return np.where(purchases.first, first[purchases.member], REGULAR)


def _prices(
    world: World, rng: np.random.Generator, kind: np.ndarray, spend: np.ndarray, cut: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return paid and list prices in fen; the Gamma-Gamma amount is what is paid."""
    n = kind.size
    discount = rng.choice(_DISCOUNTS, size=n)
    discount = np.where(rng.random(n) < world.full_price_share, 0.0, discount)
    paid = spend * (1.0 - cut)
    list_price = np.where(cut > 0, spend, paid / (1.0 - discount))
    paid = np.where(kind == TRIAL, world.trial_price, paid)
    list_price = np.where(kind == TRIAL, 3.0 * world.trial_price, list_price)
    paid = np.where(kind == MEMBERSHIP, world.membership_price, paid)
    list_price = np.where(kind == MEMBERSHIP, world.membership_price, list_price)
    amount = np.maximum(np.round(paid * 100), 1).astype(np.int64)
    return amount, np.maximum(np.round(list_price * 100).astype(np.int64), amount)


def _refunds(
    world: World, rng: np.random.Generator, at: np.ndarray, amount: np.ndarray, days: int
) -> tuple[np.ndarray, np.ndarray]:
    n = at.size
    share = np.where(rng.random(n) < world.refund_whole, 1.0, rng.uniform(0.2, 0.8, n))
    refunded = at + rng.gamma(2.0, 3.0, n)
    happens = (rng.random(n) < world.refund_share) & (refunded < days)
    refund = np.where(happens, np.round(amount * share), 0).astype(np.int64)
    return refund, np.where(refund > 0, refunded, np.nan)


def _group_then(stays: Stays, member: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    """Return the group in which each buyer was at the time; -1 for none."""
    group = np.full(member.size, -1)
    for rows in (np.flatnonzero(~stays.migrated_in), np.flatnonzero(stays.migrated_in)):
        stay_of = np.full(n, -1)
        stay_of[stays.member[rows]] = rows
        stay = np.where(member >= 0, stay_of[member], -1)
        inside = (stay >= 0) & (stays.joined[stay] <= at) & (at < stays.until[stay])
        group = np.where(inside, stays.group[stay], group)
    return group
