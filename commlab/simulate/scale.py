"""A world in which members buy and write as often as asked for."""

from __future__ import annotations

import dataclasses
import datetime as dt

from commlab.errors import ArgumentError
from commlab.simulate.chunk import draw_chunk, frame
from commlab.simulate.people import draw_people
from commlab.simulate.purchases import draw_purchases
from commlab.simulate.world import World

PILOT = 20_000  # members of the pilot, with 250 groups: both figures are known to some 4 % then
PILOT_SEED = 0  # the same for every seed: worlds of one command are alike
STEPS = 10  # halvings: they leave 0.7 % between the bounds of the factor
WIDEST = 40.0  # the factor on purchases lies between 1 / 40 and 40


def scaled(
    world: World,
    start: dt.date,
    days: int,
    orders: float | None = None,
    messages: float | None = None,
) -> World:
    """Return a world with other rates, all else the same.

    One factor for all channels, found on a pilot, multiplies the rate of purchases after the first
    (alpha is divided by it) and divides the odds of stopping after each (a is divided by it), so
    that buyers buy more often over as long a time; another multiplies the rates of messages. The
    closed forms hold with the new parameters.

    Args:
        world: Parameters.
        start: First day.
        days: Length of the world.
        orders: Orders of a workspace for each member; None leaves them.
        messages: Messages for each member, those of staff included; None leaves them.

    Raises:
        ArgumentError: So many, or so few, do not come about.
    """
    if orders is not None:
        world = _orders(world, start, days, orders)
    if messages is not None:
        world = _messages(world, start, days, messages)
    return world


def _orders(world: World, start: dt.date, days: int, wanted: float) -> World:
    """Halve the range of the factor on a log scale: more of a rate gives more orders."""
    shared = frame(world, PILOT_SEED, start, days)
    people = draw_people(world, PILOT_SEED, 0, PILOT, days, shared.chat)
    each = 1.0 + world.unknown_share
    drawn = draw_chunk(shared, 0, PILOT)
    caused = len(drawn.orders) - each * drawn.purchases.member.size  # no matter of rates

    def count(factor: float) -> float:
        there = draw_purchases(_buying(world, factor), PILOT_SEED, 0, people, shared.shop, days)
        return (each * there.member.size + caused) / PILOT

    low, high = 1.0 / WIDEST, WIDEST
    _inside("orders_per_member", wanted, count(low), count(high))
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if count(middle) < wanted else (low, middle)
    return _buying(world, (low * high) ** 0.5)


def _messages(world: World, start: dt.date, days: int, wanted: float) -> World:
    """Messages are a constant and a part in proportion to the rates: two pilots tell both."""
    once, twice = (
        len(draw_chunk(frame(_writing(world, factor), PILOT_SEED, start, days), 0, PILOT).messages)
        / PILOT
        for factor in (1.0, 2.0)
    )
    slope = twice - once
    _inside("messages_per_member", wanted, once - slope, once + (WIDEST - 1.0) * slope)
    return _writing(world, 1.0 + (wanted - once) / slope)


def _inside(name: str, wanted: float, least: float, most: float) -> None:
    if not least < wanted < most:
        raise ArgumentError(
            f"{name} == {wanted:g}, must be between {least:.3g} and {most:.3g} in this world.",
            fix="Change the months, or give a World with other channels.",
        )


def _buying(world: World, factor: float) -> World:
    kinds = [
        dataclasses.replace(item, alpha=item.alpha / factor, a=item.a / factor)
        for item in world.channels
    ]
    return dataclasses.replace(world, channels=tuple(kinds))


def _writing(world: World, factor: float) -> World:
    kinds = [dataclasses.replace(item, messages=item.messages * factor) for item in world.channels]
    return dataclasses.replace(world, channels=tuple(kinds))
