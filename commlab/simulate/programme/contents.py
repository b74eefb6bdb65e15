"""Contents that advisers plan for their groups, and what members make of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from scipy import special

from commlab.simulate.columns import arrow_table, ids, money, pick
from commlab.simulate.streams import stream

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels

EVENING = (20, 22)  # hours
DAY_HOURS = (9, 11, 12, 15, 17)
BY_MEMBERS = ("qa", "topic")


@dataclasses.dataclass(frozen=True)
class Contents:
    """Planned posts of one chunk, by time; those not executed have no content.

    Attributes:
        group: Local number of the group.
        planned: Day planned.
        posted: Day posted; NaN where it never was.
        kind: Place in `World.content.kinds`.
        topic: Place in `World.content.topics`.
        evening: True between 20:00 and 22:00.
        creator: Local number of the member who made it; -1: the brand.
        cost: Fen.
        exposures: Times shown.
        chance: Probability of a click.
        clicks: Clicks.
        comments: Comments.
        shares: Shares.
    """

    group: np.ndarray
    planned: np.ndarray
    posted: np.ndarray
    kind: np.ndarray
    topic: np.ndarray
    evening: np.ndarray
    creator: np.ndarray
    cost: np.ndarray
    exposures: np.ndarray
    chance: np.ndarray
    clicks: np.ndarray
    comments: np.ndarray
    shares: np.ndarray

    @property
    def done(self) -> np.ndarray:
        """True for posts that were made."""
        return np.isfinite(self.posted)


def draw_contents(frame: Frame, number: int, chunk: Chunk) -> Contents:
    """Draw the posts of a chunk.

    The log odds of a click are those of form, topic, hour and group added up; videos come in
    the evening more often, so forms compared without the hour mislead.
    """
    rng = stream(frame.seed, "contents", number)
    plan, groups = frame.world.content, chunk.groups
    last = np.minimum(np.minimum(groups.died, groups.closed), float(frame.days))
    length = np.maximum(last - groups.created, 0.0)
    count = rng.poisson(length / frame.world.pushes.sop_days)
    group = np.repeat(np.arange(len(groups)), count)
    n = group.size
    day = np.floor(groups.created[group] + rng.random(n) * length[group])
    kind = rng.choice(len(plan.kinds), size=n, p=[k[1] for k in plan.kinds])
    topic = rng.choice(len(plan.topics), size=n, p=[t[1] for t in plan.topics])
    is_video = np.array([k[0] == "video" for k in plan.kinds])[kind]
    late = np.where(is_video, plan.video_evening, plan.video_evening / 2)
    evening = rng.random(n) < late
    hour = np.where(evening, rng.integers(*EVENING, size=n), rng.choice(DAY_HOURS, size=n))
    planned = day + hour / 24.0
    inside = (planned > groups.created[group]) & (planned < last[group] - 1.0 / 24.0)
    group, kind, topic, evening, planned = (
        item[inside] for item in (group, kind, topic, evening, planned)
    )
    order = np.lexsort((group, planned))
    group, kind, topic, evening, planned = (
        item[order] for item in (group, kind, topic, evening, planned)
    )
    n = group.size
    done = rng.random(n) < frame.world.pushes.executed
    posted = np.where(done, planned + rng.random(n) / 48.0, np.nan)
    lively = plan.group_sd * rng.standard_normal(len(groups))
    rate = np.array([k[2] for k in plan.kinds])[kind]
    odds = special.logit(rate) + np.array([t[2] for t in plan.topics])[topic]
    chance = special.expit(odds + plan.evening * evening + lively[group])
    present, somebody = _present(rng, chunk, group, planned)
    exposures = np.where(done, rng.binomial(present, plan.seen), 0)
    clicks = rng.binomial(exposures, chance)
    comments = rng.binomial(clicks, plan.comment)
    made_by = np.isin(kind, [i for i, k in enumerate(plan.kinds) if k[0] in BY_MEMBERS])
    made_by &= (rng.random(n) < plan.by_members) & (somebody >= 0)
    price = np.array([k[3] for k in plan.kinds])[kind] * rng.uniform(0.8, 1.2, n)
    return Contents(
        group=group,
        planned=planned,
        posted=posted,
        kind=kind,
        topic=topic,
        evening=evening,
        creator=np.where(made_by, somebody, -1),
        cost=np.round(price * 100).astype(np.int64),
        exposures=exposures,
        chance=chance,
        clicks=clicks,
        comments=comments,
        shares=rng.binomial(comments, plan.comment),
    )


def _present(
    rng: np.random.Generator, chunk: Chunk, group: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many members were in the group at a moment, and one of them (-1: nobody)."""
    stays = chunk.stays
    present, somebody = np.zeros(group.size, dtype=np.int64), np.full(group.size, -1)
    dice = rng.random(group.size)
    by_group = np.argsort(stays.group, kind="stable")
    edges = np.searchsorted(stays.group[by_group], np.arange(len(chunk.groups) + 1))
    for one in np.unique(group):
        posts = np.flatnonzero(group == one)
        ours = by_group[edges[one] : edges[one + 1]]
        if not ours.size:
            continue
        there = (stays.joined[ours][None, :] <= at[posts][:, None]) & (
            stays.until[ours][None, :] > at[posts][:, None]
        )
        present[posts] = there.sum(axis=1)
        some = present[posts] > 0
        nth = np.floor(dice[posts] * present[posts]).astype(np.int64)
        chosen = (there.cumsum(axis=1) == (nth + 1)[:, None]).argmax(axis=1)
        somebody[posts[some]] = stays.member[ours[chosen[some]]]
    return present, somebody


def contents_table(labels: Labels, ours: Contents, before: int) -> pa.Table:
    """Return `contents`.

    Args:
        labels: The chunk and how its things are named.
        ours: The posts.
        before: Contents of earlier chunks.
    """
    plan, done = labels.world.content, np.flatnonzero(ours.done)
    return arrow_table(
        "contents",
        content_id=content_ids(ours, before).take(pa.array(done)),
        group_id=labels.groups(ours.group[done]),
        posted_at=labels.times(ours.posted[done]),
        kind=pick([k[0] for k in plan.kinds], ours.kind[done]),
        topic=pick([t[0] for t in plan.topics], ours.topic[done]),
        creator_id=labels.members(ours.creator[done]),
        cost=money(ours.cost[done]),
        exposures=ours.exposures[done],
        clicks=ours.clicks[done],
        comments=ours.comments[done],
        shares=ours.shares[done],
    )


def content_ids(ours: Contents, before: int) -> pa.Array:
    """Return the id of each post; null where there is no content."""
    return ids("n", np.where(ours.done, np.cumsum(ours.done) + before, -1), 6)


def contents_counts(frame: Frame, ours: Contents) -> dict[str, Any]:
    """Return exposures, clicks and expected clicks by form in one chunk."""
    names = [k[0] for k in frame.world.content.kinds]
    k = len(names)
    expected = np.bincount(ours.kind, ours.exposures * ours.chance, minlength=k)
    columns = {
        "posts": np.bincount(ours.kind[ours.done], minlength=k),
        "exposures": np.bincount(ours.kind, ours.exposures, minlength=k).astype(int),
        "clicks": np.bincount(ours.kind, ours.clicks, minlength=k).astype(int),
        "expected_clicks": expected,
    }
    return {
        name: {column: values[place].item() for column, values in columns.items()}
        for place, name in enumerate(names)
    }


def contents_truth(frame: Frame, totals: dict[str, Any]) -> dict[str, Any]:
    """Return what is true of the contents."""
    plan = frame.world.content
    return {
        "click_rate_by_kind": {k[0]: k[2] for k in plan.kinds},
        "reference": f"topic {plan.topics[0][0]}, by day, average group (on the log odds)",
        "log_odds_by_topic": {t[0]: t[2] for t in plan.topics},
        "log_odds_of_the_evening": plan.evening,
        "evening_share": {"video": plan.video_evening, "others": plan.video_evening / 2},
        "group_sd_of_log_odds": plan.group_sd,
        "by_kind": totals,
    }
