"""The planted referral process and rings, looked for in drawn chunks (4 standard errors)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import integrate

from commlab.errors import ArgumentError
from commlab.simulate.behaviour import Referrals
from commlab.simulate.chunk import Chunk, draw_chunk, frame
from commlab.simulate.closed_forms import membership_survival
from commlab.simulate.forest import mean_delay, referral_type
from commlab.simulate.world import World

from .conftest import DAYS, PLAIN, START, z_of_share

PLAN = PLAIN.referrals


def invitees_in_a_cycle(drawn: Chunk) -> np.ndarray:
    """Count by time, as an analyst would: invitees whose joining falls into the cycle."""
    people = drawn.people
    brought = np.flatnonzero((people.inviter >= 0) & (people.ring < 0))
    soon = people.joined[brought] < people.joined[people.inviter[brought]] + PLAN.cycle_days
    return np.bincount(people.inviter[brought[soon]], minlength=len(people))


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_k_by_generation(more: list[Chunk], generation: int) -> None:
    counts = np.concatenate(
        [
            invitees_in_a_cycle(drawn)[
                (drawn.people.generation == generation)
                & (drawn.people.joined < DAYS - PLAN.cycle_days)
            ]
            for drawn in more
        ]
    )
    assert counts.size > 500
    error = counts.std() / np.sqrt(counts.size)
    assert abs(counts.mean() - PLAN.invitees[generation]) < 4 * error
    assert PLAN.invitees[generation] > 4 * error  # so that no referrals at all would be seen


def test_nobody_invites_after_the_cycle(more: list[Chunk]) -> None:
    for drawn in more:
        people = drawn.people
        brought = np.flatnonzero((people.inviter >= 0) & (people.ring < 0))
        wait = people.joined[brought] - people.joined[people.inviter[brought]]
        assert (wait >= 0).all()
        assert wait.max() < PLAN.cycle_days + 1.0  # the chat clock bends the hours of a day
        assert (people.generation[brought] == people.generation[people.inviter[brought]] + 1).all()
        assert (people.type[brought] == referral_type(PLAIN)).all()
        assert ((people.type == referral_type(PLAIN)) == (people.inviter >= 0)).all()


def test_mean_wait_for_an_invitee(more: list[Chunk], plain_frame) -> None:
    scale, cut = PLAN.delay_days, PLAN.cycle_days
    above = integrate.quad(lambda t: t * np.exp(-t / scale), 0, cut)[0]
    expected = above / integrate.quad(lambda t: np.exp(-t / scale), 0, cut)[0]
    assert mean_delay(PLAIN) == pytest.approx(expected, rel=1e-9)
    waits = []
    for drawn in more:
        people = drawn.people
        at = plain_frame.chat.operational(people.joined)
        whole = at + cut < DAYS  # who came too late is known only by quick invitees
        brought = np.flatnonzero((people.inviter >= 0) & (people.ring < 0))
        brought = brought[whole[people.inviter[brought]]]
        waits.append(at[brought] - at[people.inviter[brought]])
    wait = np.concatenate(waits)
    assert abs(wait.mean() - expected) < 4 * wait.std() / np.sqrt(wait.size)


def test_share_of_invitees_kept(more: list[Chunk]) -> None:
    kind = PLAIN.channels[referral_type(PLAIN)]
    share = kind.join_rate * membership_survival(kind, np.array([PLAN.kept_weeks]))[0]
    hits = n = 0
    for drawn in more:
        people, stays = drawn.people, drawn.stays
        brought = (people.generation > 0) & (people.joined < DAYS - 7 * PLAN.kept_weeks - 30)
        entry = ~stays.migrated_in
        # Who was moved to another group stayed: the closing left room for four weeks.
        kept = np.zeros(len(people), dtype=bool)
        kept[stays.member[entry & (stays.until >= stays.joined + 7 * PLAN.kept_weeks)]] = True
        hits, n = hits + int(kept[brought].sum()), n + int(brought.sum())
    assert abs(z_of_share(hits, n, share)) < 4


def test_rings_are_circles_in_a_burst_with_few_phones(more: list[Chunk]) -> None:
    rings = 0
    for drawn in more:
        people, ids = drawn.people, drawn.identities
        for ring in range(people.ring.max() + 1):
            who = np.flatnonzero(people.ring == ring)
            assert who.size == PLAN.ring_size
            seen, at = [], who[0]
            for _ in who:
                at = people.inviter[at]
                seen.append(at)
            assert sorted(seen) == list(who)  # round the circle, through all, back to the start
            assert seen[-1] == who[0]
            # The hours on the chat clock are those of the day bent: some hours more at night.
            assert np.ptp(people.joined[who]) < 0.6
            phone = (ids.kind == 2) & np.isin(ids.member, who)
            assert phone.sum() == who.size
            assert np.unique(ids.value[phone]).size <= 2
            rings += 1
        bought = np.isin(drawn.purchases.member, np.flatnonzero(people.ring >= 0))
        wrote = np.isin(drawn.messages.writer, np.flatnonzero(people.ring >= 0))
        assert not bought.any()
        assert not (wrote & (drawn.messages.source == 0)).any()
    expected = sum(len(drawn.people) for drawn in more) * PLAN.ring_share / PLAN.ring_size
    assert abs(rings - expected) <= len(more)


def test_the_default_share_of_referrals_is_what_the_process_comes_to(more: list[Chunk]) -> None:
    kind = PLAIN.channels[referral_type(PLAIN)]
    shares = [(drawn.people.type == referral_type(PLAIN)).mean() for drawn in more]
    # A statement of the docstring, to the whole per cent.
    assert np.mean(shares) == pytest.approx(kind.share, abs=0.01)


def test_another_k_is_followed() -> None:
    plan = dataclasses.replace(PLAN, invitees=(0.5, 0.3), ring_share=0.0)
    drawn = draw_chunk(frame(dataclasses.replace(PLAIN, referrals=plan), 5, START, DAYS), 0, 8000)
    whole = drawn.people.joined < DAYS - PLAN.cycle_days
    counts = invitees_in_a_cycle(drawn)
    for generation, k in enumerate((0.5, 0.3, 0.3)):
        ours = counts[whole & (drawn.people.generation == generation)]
        assert abs(ours.mean() - k) < 4 * ours.std() / np.sqrt(ours.size)
    assert (drawn.people.ring < 0).all()


def test_no_invitees_no_referrals() -> None:
    plan = dataclasses.replace(PLAN, invitees=(0.0,), ring_share=0.0)
    drawn = draw_chunk(frame(dataclasses.replace(PLAIN, referrals=plan), 5, START, DAYS), 0, 500)
    assert (drawn.people.inviter < 0).all()
    assert len(drawn.people) == 500


def test_a_world_without_that_channel_has_no_forest() -> None:
    world = dataclasses.replace(PLAIN, referrals=Referrals(channel="unheard_of"))
    drawn = draw_chunk(frame(world, 5, START, DAYS), 0, 2000)
    assert (drawn.people.inviter < 0).all()
    share = World().channels[4].share  # the kind is now one like the others
    assert abs(z_of_share((drawn.people.type == 4).sum(), 2000, share)) < 4


def test_trees_without_end_are_refused() -> None:
    with pytest.raises(ArgumentError, match="invitees"):
        Referrals(invitees=(1.2,))
