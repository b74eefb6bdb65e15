"""Freebie hunters: their planted shares, and that they take and do not give."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from commlab.errors import ArgumentError
from commlab.simulate.behaviour import Freebies
from commlab.simulate.chunk import Chunk, draw_chunk, frame
from commlab.simulate.messages import MEMBER
from commlab.simulate.roles import hunter_shares
from commlab.simulate.touches import CLICKED, VISITED
from commlab.simulate.world import World

from .conftest import DAYS, PLAIN, START, z_of_share

PLAN = PLAIN.freebies


def test_shares_by_channel(more: list[Chunk]) -> None:
    planted = dict(PLAN.shares)
    scores = []
    for number, kind in enumerate(PLAIN.channels):
        # The last month aside: who would join a group after the end is not in it.
        ours = [(d.people.type == number) & (d.people.ring < 0) & (d.people.joined < DAYS - 30)
                for d in more]  # fmt: skip
        hits = sum(int(d.roles.hunter[mask].sum()) for d, mask in zip(more, ours, strict=True))
        scores.append(z_of_share(hits, sum(mask.sum() for mask in ours), planted[kind.name]))
    assert np.sum(np.square(scores)) < stats.chi2.ppf(0.999, len(scores))


def test_they_take_much_and_give_nothing(big: Chunk) -> None:
    hunter = big.roles.hunter
    ran = [part for c in big.campaigns for part in (c.extra_member, c.other_member)]
    caused = np.concatenate([big.caused.member, big.sends.orders.member, *ran])
    assert not hunter[big.purchases.member].any()
    orders = big.orders
    theirs = (orders.member >= 0) & hunter[orders.member]
    assert np.isin(orders.member[theirs], caused).all()
    assert (orders.amount < orders.list_amount)[theirs].all()  # none at full price
    said = big.messages
    assert not hunter[said.writer[said.source == MEMBER]].any()
    stays = big.stays
    ours = hunter[stays.member]
    assert (stays.until - stays.joined < 7 * PLAN.leave_weeks)[ours].all()
    assert not np.isin(np.flatnonzero(hunter), big.check_ins.member).any()
    taken = np.bincount(big.takes.member, minlength=len(big.people))
    settled = big.people.joined < DAYS - PLAN.take_days - 1  # had time to take
    mean = taken[hunter & settled]
    assert abs(mean.mean() - PLAN.takes) < 4 * mean.std() / np.sqrt(mean.size)
    others = taken[~hunter & settled]
    assert abs(others.mean() - PLAN.ordinary) < 4 * others.std() / np.sqrt(others.size)


def test_no_step_after_the_last_free_thing(big: Chunk) -> None:
    steps, takes = big.touches, big.takes
    free = steps.campaign < 0
    inside = np.isin(steps.event, (CLICKED, VISITED)) & free & big.roles.hunter[steps.member]
    begun = steps.at == big.people.joined[steps.member]  # the visit by which somebody came
    assert (steps.at <= takes.last[steps.member])[inside & ~begun].all()
    assert (inside & ~begun).sum() > 0


def test_a_share_above_what_is_possible_is_cut_to_it() -> None:
    world = dataclasses.replace(
        PLAIN, freebies=dataclasses.replace(PLAN, shares=(("referral", 0.9),))
    )
    kind = world.channels[4]
    possible = hunter_shares(world)
    assert 0 < possible[4] < 1 - kind.buyer_share
    assert (possible[:4] == 0).all()
    drawn = draw_chunk(frame(world, 3, START, DAYS), 0, 20_000)
    ours = (drawn.people.type == 4) & (drawn.people.ring < 0) & (drawn.people.joined < DAYS - 30)
    assert abs(z_of_share(drawn.roles.hunter[ours].sum(), ours.sum(), possible[4])) < 4
    assert not drawn.roles.hunter[drawn.people.type != 4].any()


def test_no_hunters_on_request() -> None:
    world = dataclasses.replace(World(), freebies=Freebies(shares=()))
    assert not draw_chunk(frame(world, 3, START, DAYS), 0, 2000).roles.hunter.any()


def test_bad_shares_are_named() -> None:
    with pytest.raises(ArgumentError, match="shares of search"):
        Freebies(shares=(("search", 1.5),))
