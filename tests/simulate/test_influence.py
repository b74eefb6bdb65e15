"""The planted lift, decoys without one, and worlds without influence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from commlab.simulate.chunk import Chunk, Frame, draw_chunk, frame
from commlab.simulate.messages import MEMBER
from commlab.simulate.world import World

from .conftest import DAYS, PLAIN, START

PLAN = PLAIN.influence
ALONE = dataclasses.replace(PLAIN, campaigns=())  # no orders caused by anything else


def originals(drawn: Chunk, writers: np.ndarray) -> np.ndarray:
    """Places of the messages of some members that answer nobody."""
    said = drawn.messages
    ours = (said.source == MEMBER) & (said.reply_to < 0)
    return np.flatnonzero(ours & writers[np.where(ours, said.writer, 0)])


def event_study(drawn: Chunk, shared: Frame, writers: np.ndarray) -> tuple[float, float, int]:
    """Estimate the orders that a post adds for each member present, from tables alone.

    Of members in their group for over a week: those who just came buy most and heard no post.

    Orders of members present by group and day, weighted least squares on the dose that the posts
    bring to the day, with an effect of each group and week; errors clustered in groups. Days are
    drawn at midnight, the dose falls as the planted wait does.
    """
    stays, said, orders = drawn.stays, drawn.messages, drawn.orders
    groups = len(drawn.groups)
    days = np.arange(DAYS)
    present = np.zeros((groups, DAYS))
    since = np.floor(stays.joined) + 8
    for begin, until, group in zip(since, stays.until, stays.group, strict=True):
        present[group, int(begin) : int(min(until, DAYS))] += 1
    dose = np.zeros((groups, DAYS))
    posts = originals(drawn, writers)
    for post in posts:
        group, at = said.group[post], said.at[post]
        at = shared.shop.operational(at)
        reach = np.arange(int(at), min(int(at) + 5, DAYS))
        edges = np.clip(np.append(reach, reach[-1] + 1) - at, 0, PLAN.lift_days)
        share = -np.expm1(-edges / PLAN.fade_days) / -np.expm1(-PLAN.lift_days / PLAN.fade_days)
        dose[group, reach] += np.diff(share)
    bought = np.zeros((groups, DAYS))
    stay_of = np.full(len(drawn.people), -1)
    stay_of[stays.member] = np.arange(len(stays))
    row = np.where(orders.member >= 0, stay_of[orders.member], -1)
    at = orders.at
    ours = (row >= 0) & (since[row] <= at) & (at < stays.until[row])
    np.add.at(bought, (stays.group[row[ours]], at[ours].astype(int)), 1)
    cell = present > 0
    # Weeks in which a writer comes or goes are left out: posts fill one side of them only, while
    # the rate of a young group falls from day to day.
    stay = drawn.roles.stay[np.flatnonzero(writers)]
    for moment in (stays.joined[stay], np.minimum(stays.until[stay], DAYS - 1)):
        first = (moment // 7).astype(int) * 7
        for offset in range(7):
            cell[stays.group[stay], np.minimum(first + offset, DAYS - 1)] = False
    # Who is in the group for a week was there at the posts of the last days, the writer aside.
    rate, x = bought[cell] / present[cell], dose[cell] * (1 - 1 / present[cell])
    weight = present[cell]
    group = np.broadcast_to(np.arange(groups)[:, None], cell.shape)[cell]
    # Within group and week: newcomers buy most, so a group's rate falls as it ages, and groups
    # with many posts are not of the same age as others.
    effect = group * DAYS + np.broadcast_to(days[None, :] // 7, cell.shape)[cell]
    total = np.maximum(np.bincount(effect, weight), 1)
    rate = rate - (np.bincount(effect, weight * rate) / total)[effect]
    x = x - (np.bincount(effect, weight * x) / total)[effect]
    lift = (weight * x * rate).sum() / (weight * x * x).sum()
    score = np.bincount(group, weight * x * (rate - lift * x), minlength=groups)
    return float(lift), float(np.sqrt((score**2).sum()) / (weight * x * x).sum()), posts.size


@pytest.fixture(scope="module")
def alone() -> tuple[Frame, Chunk]:
    shared = frame(ALONE, 17, START, DAYS)
    return shared, draw_chunk(shared, 0, 20_000)


def test_an_event_study_recovers_the_planted_lift(alone: tuple[Frame, Chunk]) -> None:
    shared, drawn = alone
    lift, error, posts = event_study(drawn, shared, drawn.roles.koc)
    assert posts > 3000
    assert abs(lift - PLAN.lift) < 4 * error
    assert lift > 4 * error


def test_loud_decoys_move_nobody(alone: tuple[Frame, Chunk]) -> None:
    shared, drawn = alone
    lift, error, posts = event_study(drawn, shared, drawn.roles.loud)
    assert posts > 10_000
    assert abs(lift) < 4 * error
    assert error < PLAN.lift / 4  # a lift like that of KOC would have been seen


def test_without_influence_the_same_posts_move_nobody(alone: tuple[Frame, Chunk]) -> None:
    _, drawn = alone
    still = dataclasses.replace(ALONE, influence=dataclasses.replace(PLAN, lift=0.0))
    twin_frame = frame(still, 17, START, DAYS)
    twin = draw_chunk(twin_frame, 0, 20_000)
    lift, error, _ = event_study(twin, twin_frame, twin.roles.koc)
    assert abs(lift) < 4 * error
    assert not (twin.caused.by >= 0).any()
    assert np.array_equal(twin.roles.koc, drawn.roles.koc)
    assert np.array_equal(twin.messages.at, drawn.messages.at)
    assert np.array_equal(twin.purchases.at, drawn.purchases.at)


def test_orders_caused_are_as_many_as_planted(more: list[Chunk]) -> None:
    caused = sum(int((drawn.caused.by >= 0).sum()) for drawn in more)
    expected = PLAN.lift * sum(int(drawn.caused.audience.sum()) for drawn in more)
    # Less what would come after the end: posts of the last days, 0.5 % of the time.
    assert abs(caused - expected) < 4 * np.sqrt(expected) + 0.005 * expected


def test_what_is_caused_comes_within_the_days_after_a_post(big: Chunk) -> None:
    caused, said, stays = big.caused, big.messages, big.stays
    of_koc = originals(big, big.roles.koc)
    for who in np.flatnonzero(big.roles.koc)[:40]:
        posts = np.sort(said.at[of_koc[said.writer[of_koc] == who]])
        orders = caused.at[caused.by == who]
        last = posts[np.searchsorted(posts, orders) - 1]
        assert (orders >= last).all()
        assert (orders - last < PLAN.lift_days + 1e-9).all()
        group = stays.group[big.roles.stay[who]]
        buyers = caused.member[caused.by == who]
        assert who not in buyers
        assert np.isin(buyers, stays.member[stays.group == group]).all()


def test_clusters_buy_as_much_before_their_hub_posts_as_after(more: list[Chunk]) -> None:
    before = after = 0
    for drawn in more:
        said, orders, roles = drawn.messages, drawn.orders, drawn.roles
        for post in originals(drawn, roles.hub):
            at, hub = said.at[post], said.writer[post]
            mates = (roles.cluster == roles.cluster[hub]) & ~roles.hub
            theirs = orders.at[(orders.member >= 0) & mates[orders.member]]
            before += int(((theirs >= at - PLAN.cluster_spread) & (theirs < at)).sum())
            after += int(((theirs >= at) & (theirs < at + PLAN.cluster_spread)).sum())
    assert before + after > 400
    # A fair coin: the hub's posts change nothing ...
    assert abs(before - after) < 4 * np.sqrt(before + after)
    # ... though its mates buy far more around them than at other times.
    mates = sum(int(((d.roles.cluster >= 0) & ~d.roles.hub).sum()) for d in more)
    posts = sum(originals(drawn, drawn.roles.hub).size for drawn in more)
    moments = posts * (PLAN.cluster_size - 1)
    own = sum(
        int(np.isin(d.purchases.member, np.flatnonzero(d.roles.cluster >= 0)).sum()) for d in more
    )
    usual = own / mates / DAYS * 2 * PLAN.cluster_spread * moments
    assert before + after > 1.5 * usual


def test_koc_are_answered_and_decoys_merely_write(big: Chunk) -> None:
    said, roles = big.messages, big.roles
    count = np.bincount(said.writer[said.source == MEMBER], minlength=len(big.people))
    answered = said.reply_to[said.reply_to >= 0]
    answered = answered[said.source[answered] == MEMBER]
    replies = np.bincount(said.writer[answered], minlength=len(big.people))
    assert np.median(count[roles.loud]) > 2 * np.median(count[roles.koc])
    per_post = [replies[mask].sum() / originals(big, mask).size for mask in (roles.koc, roles.loud)]
    assert per_post[0] > 2 * per_post[1]
    money = np.bincount(big.purchases.member, big.purchases.spend, minlength=len(big.people))
    assert money[roles.spender].min() >= money[~roles.spender & ~roles.koc].max()


def test_roles_have_their_shares_and_do_not_overlap(more: list[Chunk]) -> None:
    for drawn in more:
        roles, n = drawn.roles, len(drawn.people)
        for mask, share in ((roles.koc, PLAN.koc_share), (roles.loud, PLAN.loud_share),
                            (roles.cluster >= 0, PLAN.cluster_share)):  # fmt: skip
            assert abs(mask.sum() - n * share) <= max(1, PLAN.cluster_size)
        apart = roles.koc.astype(int) + roles.loud + (roles.cluster >= 0) + roles.hunter
        apart += drawn.people.ring >= 0
        assert apart.max() == 1
        assert not (roles.spender & roles.koc).any()
        assert roles.hub.sum() == roles.cluster.max() + 1
        assert (roles.cluster[roles.hub] >= 0).all()


def test_roles_can_be_left_out() -> None:
    plan = dataclasses.replace(
        PLAN, koc_share=0.0, loud_share=0.0, cluster_share=0.0, spender_share=0.0
    )
    drawn = draw_chunk(frame(dataclasses.replace(World(), influence=plan), 1, START, DAYS), 0, 3000)
    assert drawn.caused.member.size == 0
    assert not (drawn.roles.koc | drawn.roles.loud | drawn.roles.spender).any()
