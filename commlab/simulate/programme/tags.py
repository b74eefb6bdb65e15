"""Tags: by channel code, by advisers, by rule and by survey; some contradict, some are stale."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from commlab.simulate.columns import arrow_table, joined, pick
from commlab.simulate.practice import INTERESTS, SKINS, STAGES
from commlab.simulate.streams import stream
from commlab.simulate.touches import TAGGED

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels

SOURCES = ("channel", "corporate", "survey", "rule", "personal")
CHANNEL, CORPORATE, SURVEY, RULE, PERSONAL = range(5)
GROUPS = ("来源", "肤质", "兴趣", "生命周期", "备注")  # by source
NOTES = ("爱问成分", "只买活动价", "朋友介绍", "注重包装", "回复慢")
NEW, OLD = range(2)


@dataclasses.dataclass(frozen=True)
class Tags:
    """Tags of one chunk, by time, as they stand at the end.

    Attributes:
        member: Local number.
        source: Place in `SOURCES`.
        value: Place in the words of the source (the channel code for `channel`).
        at: Day.
        contradictory: Members with two skin types.
        stale: Members called new who are not.
    """

    member: np.ndarray
    source: np.ndarray
    value: np.ndarray
    at: np.ndarray
    contradictory: int
    stale: int


def draw_tags(frame: Frame, number: int, chunk: Chunk) -> Tags:
    """Draw the tags of a chunk.

    Advisers tag the skin type at the step `tagged` of `touchpoints`. The rule calls newcomers
    new; who has been here for longer is called old, unless the rule was never run again.
    """
    rng = stream(frame.seed, "tags", number)
    rules, people, days = frame.world.tagging, chunk.people, float(frame.days)
    n = len(people)
    everyone = np.arange(n)
    coded = everyone[rng.random(n) < rules.channel]
    step = chunk.touches.event == TAGGED
    skin_of, skin_at = chunk.touches.member[step], chunk.touches.at[step]
    skin = rng.choice(len(SKINS), size=n, p=rules.skin)
    torn = rng.random(skin_of.size) < rules.contradictory
    other = (skin[skin_of[torn]] + rng.integers(1, len(SKINS), torn.sum())) % len(SKINS)
    again = skin_at[torn] + rng.exponential(30.0, int(torn.sum()))
    torn_of = skin_of[torn][again < days]
    said = np.flatnonzero(chunk.interests.tagged < days)
    aged = people.joined + rules.fresh_days < days
    forgotten = rng.random(n) < rules.stale
    stage = np.where(aged & ~forgotten, OLD, NEW)
    stage_at = people.joined + np.where(stage == OLD, rules.fresh_days, 0.0)
    friends = chunk.contacts
    noted = rng.random(friends.member.size) < rules.personal
    noted_at = friends.added[noted] + rng.exponential(20.0, int(noted.sum()))
    parts = (
        (coded, CHANNEL, people.code[coded], people.joined[coded]),
        (skin_of, CORPORATE, skin[skin_of], skin_at),
        (torn_of, CORPORATE, other[again < days], again[again < days]),
        (said, SURVEY, chunk.interests.interest[said], chunk.interests.tagged[said]),
        (everyone, RULE, stage, stage_at),
        (friends.member[noted], PERSONAL, rng.integers(len(NOTES), size=noted_at.size), noted_at),
    )
    member = np.concatenate([part[0] for part in parts])
    source = np.repeat([part[1] for part in parts], [part[0].size for part in parts])
    value = np.concatenate([part[2] for part in parts])
    at = np.concatenate([part[3] for part in parts])
    order = np.lexsort((source, member, at))
    order = order[at[order] < days]
    return Tags(
        member[order], source[order], value[order], at[order],
        contradictory=int(np.unique(torn_of).size),
        stale=int((aged & forgotten).sum()),
    )  # fmt: skip


def tags_table(labels: Labels, ours: Tags) -> pa.Table:
    """Return `tags`."""
    codes = [item.code for item in labels.world.codes]
    words = [*codes, *SKINS, *INTERESTS, *STAGES, *NOTES]
    start = np.cumsum([0, len(codes), len(SKINS), len(INTERESTS), len(STAGES)])
    prefix = pick(["渠道-", ""], (ours.source != CHANNEL).astype(np.int64))
    return arrow_table(
        "tags",
        member_id=labels.members(ours.member),
        tag=joined(prefix, pick(words, start[ours.source] + ours.value)),
        tag_group=pick(GROUPS, ours.source),
        source=pick(SOURCES, ours.source),
        tagged_at=labels.times(ours.at),
    )


def tags_counts(chunk: Chunk, ours: Tags) -> dict[str, Any]:
    """Return the members with a tag of each source, and the faulty ones, in one chunk."""
    return {
        "members": len(chunk.people),
        "tagged": {
            name: int(np.unique(ours.member[ours.source == place]).size)
            for place, name in enumerate(SOURCES)
        },
        "contradictory": ours.contradictory,
        "stale": ours.stale,
    }
