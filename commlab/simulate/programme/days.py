"""`group_days` and `staff_days`: what the daily statistics of the source count."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from commlab.simulate.chunk import ATMOSPHERE, BOTS
from commlab.simulate.columns import arrow_table
from commlab.simulate.groups import observe
from commlab.simulate.messages import SOURCES
from commlab.simulate.streams import stream
from commlab.simulate.touches import CHATTED

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels


def first_day(frame: Frame) -> int:
    """Return the first day of the statistics: the first that began under observation."""
    return frame.world.first_snapshot + 1


def group_days_table(labels: Labels) -> pa.Table:
    """Return `group_days`: a recount of `memberships` and `messages`, everyone included.

    As in the source, staff and bot are members of the group and write in it. The counts are
    those of local days; a closed group counts up to the day of its closing.
    """
    frame, chunk = labels.frame, labels.chunk
    g, days, start = len(chunk.groups), frame.days, first_day(frame)
    if start >= days:
        return arrow_table("group_days", group_id=labels.groups(np.empty(0, int)),
                           on=pa.array([], pa.date32()))  # fmt: skip
    each = 1 + ATMOSPHERE + BOTS
    opened = np.repeat(chunk.groups.created, each)
    group = np.concatenate([chunk.stays.group, np.repeat(np.arange(g), each)])
    begin = np.concatenate([chunk.stays.joined, opened])
    until = np.concatenate([chunk.stays.until, np.repeat(chunk.groups.closed, each)])
    seen = observe(frame.world, begin, until, days)
    group, begin, left = group[seen.seen], begin[seen.seen], seen.left[seen.seen]
    joined = _count(group, begin, g, days)
    gone = np.isfinite(left)
    leaving = _count(group[gone], left[gone], g, days)
    present = joined.cumsum(axis=1) - leaving.cumsum(axis=1)
    said = chunk.messages
    written = _count(said.group, said.at, g, days)
    writers = int(said.writer.max(initial=0)) + 1
    who = (said.group * len(SOURCES) + said.source) * writers + said.writer
    once = np.unique(who * days + np.floor(said.at).astype(np.int64))
    active = np.zeros((g, days), dtype=np.int64)
    np.add.at(active, (once // days // writers // len(SOURCES), once % days), 1)
    last = np.minimum(np.floor(chunk.groups.closed), days - 1)
    on = np.arange(days)[None, :]
    shown = (on >= np.maximum(np.floor(chunk.groups.created), start)[:, None]) & (
        on <= last[:, None]
    )
    place, day = np.nonzero(shown)
    return arrow_table(
        "group_days",
        group_id=labels.groups(place),
        on=_dates(frame, day),
        members=present[shown],
        members_active=active[shown],
        messages=written[shown],
        joined=joined[shown],
        left=leaving[shown],
    )


def _count(row: np.ndarray, at: np.ndarray, rows: int, days: int) -> np.ndarray:
    """Return counts by row and day."""
    cell = row * days + np.floor(at).astype(np.int64)
    return np.bincount(cell, minlength=rows * days).reshape(rows, days)


def _dates(frame: Frame, day: np.ndarray) -> pa.Array:
    epoch = (frame.start - dt.date(1970, 1, 1)).days
    return pa.array((day + epoch).astype(np.int32), pa.int32()).cast(pa.date32())


@dataclasses.dataclass(frozen=True)
class StaffDays:
    """Days of advisers in one chunk, by adviser and day; one-to-one service only.

    Attributes:
        adviser: Local number.
        day: Day.
        chats: Chats.
        messages: Messages of the adviser in them.
        answered: Chats answered.
        minutes: Mean minutes to the first reply; NaN without an answer.
        lost: Friends who deleted the adviser.
        added: Friends added.
        typical: Typical minutes to the first reply, by adviser.
    """

    adviser: np.ndarray
    day: np.ndarray
    chats: np.ndarray
    messages: np.ndarray
    answered: np.ndarray
    minutes: np.ndarray
    lost: np.ndarray
    added: np.ndarray
    typical: np.ndarray


def draw_staff_days(frame: Frame, number: int, chunk: Chunk) -> StaffDays:
    """Draw the daily service of the advisers; friends added and lost are a recount."""
    rng = stream(frame.seed, "staff_days", number)
    rules, days, k = frame.world.service, frame.days, chunk.advisers
    friends, start = chunk.contacts, first_day(frame)
    adviser = chunk.people.adviser[friends.member]
    gone = friends.deleted < days
    added = _count(adviser, friends.added, k, days)
    ended = _count(adviser[gone], friends.deleted[gone], k, days)
    angry = gone & ~friends.by_staff
    lost = _count(adviser[angry], friends.deleted[angry], k, days)
    present = np.maximum(added.cumsum(axis=1) - ended.cumsum(axis=1), 0)
    steps = chunk.touches.event == CHATTED
    first = _count(chunk.people.adviser[chunk.touches.member[steps]], chunk.touches.at[steps],
                   k, days)  # fmt: skip
    chats = first + rng.poisson(rules.chats * present)
    typical = rules.reply_minutes * np.exp(rules.minutes_sd * rng.standard_normal(k))
    noise = np.exp(rules.daily_sd * rng.standard_normal((k, days)))
    answered = rng.binomial(chats, rules.reply_share)
    minutes = np.where(answered > 0, typical[:, None] * noise, np.nan)
    messages = rng.poisson(rules.messages * chats)
    shown = np.zeros((k, days), dtype=bool)
    shown[:, start:] = True
    place, day = np.nonzero(shown)
    return StaffDays(
        place, day, chats[shown], messages[shown], answered[shown], minutes[shown],
        lost[shown], added[shown], typical,
    )  # fmt: skip


def staff_days_table(labels: Labels, ours: StaffDays) -> pa.Table:
    """Return `staff_days`; without chats there is no share and no time of replies."""
    share = ours.answered / np.maximum(ours.chats, 1)
    return arrow_table(
        "staff_days",
        staff_id=labels.advisers(ours.adviser),
        on=_dates(labels.frame, ours.day),
        chats=ours.chats,
        messages=ours.messages,
        reply_share=pa.array(share, mask=ours.chats == 0),
        reply_minutes=pa.array(np.nan_to_num(ours.minutes), mask=~np.isfinite(ours.minutes)),
        negative_feedback=ours.lost,
        new_contacts=ours.added,
    )


def staff_truth(frame: Frame, typical: list[float]) -> dict[str, Any]:
    """Return what is true of the service; `typical` has the advisers in the order of their ids."""
    return {
        "reply_share": frame.world.service.reply_share,
        "median_reply_minutes": {
            f"a{place:02d}": round(value, 6) for place, value in enumerate(typical, start=1)
        },
    }
