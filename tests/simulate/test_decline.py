"""Why groups die: each cause leaves its planted trace, in groups that are spared as well."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from commlab.simulate.chunk import Chunk, draw_chunk, frame
from commlab.simulate.decline import ADS_ONLY, CAUSES, IMPRECISE, NEGLECT
from commlab.simulate.messages import ADVISER, ATMOSPHERE, MEMBER
from commlab.simulate.sentences import HARD

from .conftest import DAYS, PLAIN, START


def of_staff(drawn: Chunk) -> np.ndarray:
    return np.isin(drawn.messages.source, (ADVISER, ATMOSPHERE))


def test_neglected_groups_hear_nothing_from_the_onset_on(more: list[Chunk]) -> None:
    seen = 0
    for drawn in more:
        said, decline = drawn.messages, drawn.groups.decline
        group = said.group
        neglected = (decline.cause[group] == NEGLECT) & of_staff(drawn)
        silent = neglected & (said.at >= decline.onset[group]) & (said.at < decline.relief[group])
        assert not silent.any()
        for one in np.flatnonzero(decline.cause == NEGLECT):
            begin, end = decline.onset[one], min(decline.died[one], decline.relief[one], DAYS)
            if begin + 28 < DAYS:
                # The rates of the posts say how many were to be expected: 1.6 a day.
                before = (neglected & (group == one) & (said.at < begin)).sum()
                days = begin - drawn.groups.created[one]
                expected = (PLAIN.adviser_posts + PLAIN.atmosphere_posts) * days
                assert abs(before - expected) < 5 * np.sqrt(expected)
                assert end - begin >= min(PLAIN.decline.lag[0], DAYS - begin)
                seen += 1
            if np.isfinite(decline.relief[one]) and decline.relief[one] + 30 < DAYS:
                assert (neglected & (group == one) & (said.at >= decline.relief[one])).any()
    assert seen > 10


def test_groups_of_ads_only_hear_only_ads_from_the_onset_on(more: list[Chunk]) -> None:
    posts, days = 0, 0.0
    for drawn in more:
        said, decline = drawn.messages, drawn.groups.decline
        group = said.group
        ours = (decline.cause[group] == ADS_ONLY) & of_staff(drawn)
        under = ours & (said.at >= decline.onset[group]) & (said.at < decline.relief[group])
        assert (said.subject[under] == HARD).all()
        before = ours & (said.at < decline.onset[group]) & (said.source == ADVISER)
        share = (said.subject[before] == HARD).mean()
        assert abs(share - PLAIN.hard_ads) < 4 * np.sqrt(0.25 * 0.75 / before.sum())
        for one in np.flatnonzero(decline.cause == ADS_ONLY):
            begin = decline.onset[one]
            end = min(decline.died[one], decline.relief[one], drawn.groups.closed[one], DAYS)
            if end > begin:
                here = under & (group == one) & (said.source == ADVISER) & (said.at < end)
                posts, days = posts + int(here.sum()), days + end - begin
    expected = PLAIN.adviser_posts * PLAIN.decline.ad_factor * days
    assert days > 100
    assert abs(posts - expected) < 4 * np.sqrt(expected)


def entropy(drawn: Chunk, group: int) -> float:
    stays = drawn.stays
    codes = drawn.people.code[stays.member[(stays.group == group) & ~stays.migrated_in]]
    share = np.bincount(codes) / codes.size
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def test_imprecise_groups_are_more_mixed(more: list[Chunk]) -> None:
    mixed, others = [], []
    for drawn in more:
        size = np.bincount(drawn.stays.group, minlength=len(drawn.groups))
        cause = drawn.groups.decline.cause
        mixed += [entropy(drawn, g) for g in np.flatnonzero((cause == IMPRECISE) & (size >= 25))]
        others += [entropy(drawn, g) for g in np.flatnonzero((cause < 0) & (size >= 25))]
    a, b = np.array(mixed), np.array(others)
    assert a.size >= 8
    assert a.mean() - b.mean() > 4 * np.sqrt(a.var() / a.size + b.var() / b.size)


def test_home_codes_leave_the_mix_of_channels_alone(more: list[Chunk]) -> None:
    # Who joins a group is chosen by code, so kinds of channels differ no more than by chance:
    # the intra-class correlation of messages stays the closed form.
    excess, cells = 0.0, 0
    for drawn in more:
        stays = drawn.stays
        kinds = len(PLAIN.channels)
        flat = np.bincount(
            stays.group * kinds + drawn.people.type[stays.member],
            minlength=len(drawn.groups) * kinds,
        )
        table = flat.reshape(-1, kinds).astype(float)
        table = table[table.sum(axis=1) >= 20]
        expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
        excess += ((table - expected) ** 2 / expected).sum()
        cells += (table.shape[0] - 1) * (kinds - 1)
    # Chi-square over its degrees of freedom is 1 without any clustering of kinds.
    assert excess / cells < 1.25


def test_causes_take_turns_and_some_groups_are_spared(more: list[Chunk]) -> None:
    cause = np.concatenate([drawn.groups.decline.cause for drawn in more])
    died = np.isfinite(np.concatenate([drawn.groups.died for drawn in more]))
    for one in range(len(CAUSES)):
        assert (died & (cause == one)).sum() >= 10
        assert (~died & (cause == one)).sum() >= 8
    assert not (died & (cause < 0)).any()
    for drawn in more:
        decline = drawn.groups.decline
        dead = np.isfinite(drawn.groups.died)
        age = drawn.groups.died[dead] - drawn.groups.created[dead]
        low, high = (x + y for x, y in zip(PLAIN.decline.onset, PLAIN.decline.lag, strict=True))
        assert ((age >= low) & (age <= high)).all()
        assert not np.isfinite(drawn.groups.closed[decline.cause >= 0]).any()
        said = drawn.messages
        after = said.at >= drawn.groups.died[said.group]
        assert not (said.source[after] == MEMBER).any()


@pytest.mark.parametrize("members", [400, 2000])
def test_small_worlds_have_a_dead_group_from_five_groups_on(members: int) -> None:
    drawn = draw_chunk(frame(PLAIN, 4, START, DAYS), 0, members)
    assert np.isfinite(drawn.groups.died).any()


def test_no_deaths_on_request() -> None:
    world = dataclasses.replace(
        PLAIN, dead_share=0.0, decline=dataclasses.replace(PLAIN.decline, spared_share=0.0)
    )
    assert (draw_chunk(frame(world, 4, START, DAYS), 0, 2000).groups.decline.cause < 0).all()
