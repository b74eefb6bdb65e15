"""What the brand does with its members: tiers, points, coupons, tags, contents, surveys, days.

Nothing here changes what happened: each part is drawn from a chunk that is complete. Mass sends,
which lose friends and bring orders, are in `commlab.simulate.sends`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from commlab.simulate.columns import arrow_table, ids, pick
from commlab.simulate.practice import INTERESTS
from commlab.simulate.programme.contents import (
    Contents,
    content_ids,
    contents_counts,
    contents_table,
    contents_truth,
    draw_contents,
)
from commlab.simulate.programme.coupons import (
    Coupons,
    coupons_counts,
    coupons_table,
    draw_coupons,
)
from commlab.simulate.programme.days import (
    StaffDays,
    draw_staff_days,
    first_day,
    group_days_table,
    staff_days_table,
    staff_truth,
)
from commlab.simulate.programme.points import Points, draw_points, points_counts, points_table
from commlab.simulate.programme.surveys import (
    Answers,
    draw_surveys,
    surveys_table,
    surveys_truth,
)
from commlab.simulate.programme.tags import Tags, draw_tags, tags_counts, tags_table
from commlab.simulate.programme.tiers import Tiers, draw_tiers, tiers_counts, tiers_table
from commlab.simulate.sends import STATUSES, Sends, sends_counts, sends_truth

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels


@dataclasses.dataclass(frozen=True)
class Programme:
    """The programme in one chunk."""

    tiers: Tiers
    points: Points
    coupons: Coupons
    tags: Tags
    contents: Contents
    surveys: Answers
    staff_days: StaffDays


def draw_programme(frame: Frame, number: int, chunk: Chunk) -> Programme:
    """Draw the programme of a chunk."""
    return Programme(
        tiers=draw_tiers(frame, chunk),
        points=draw_points(frame, number, chunk),
        coupons=draw_coupons(frame, number, chunk),
        tags=draw_tags(frame, number, chunk),
        contents=draw_contents(frame, number, chunk),
        surveys=draw_surveys(frame, number, chunk),
        staff_days=draw_staff_days(frame, number, chunk),
    )


class ProgrammeTally:
    """Gathers what is true of the programme chunk by chunk, and counts its ids.

    Args:
        frame: What all chunks share.
    """

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.contents = self.respondents = self.sends = 0
        self._typical: list[float] = []
        self._sums: dict[str, Any] = {}

    def tables(self, labels: Labels, ours: Programme) -> dict[str, pa.Table]:
        """Return the tables of one chunk by name, and count it."""
        chunk, frame = labels.chunk, self.frame
        found = {
            "tiers": tiers_table(labels, ours.tiers),
            "points": points_table(labels, ours.points),
            "coupons": coupons_table(labels, ours.coupons),
            "tags": tags_table(labels, ours.tags),
            "contents": contents_table(labels, ours.contents, self.contents),
            "surveys": surveys_table(labels, ours.surveys, self.respondents),
            "staff_days": staff_days_table(labels, ours.staff_days),
            "group_days": group_days_table(labels),
            "sends": self._sends_table(labels, ours.contents),
        }
        self.contents += int(ours.contents.done.sum())
        self.respondents += len(ours.surveys)
        self.sends += found["sends"].num_rows
        self._typical += ours.staff_days.typical.tolist()
        self._sums = _add(
            self._sums,
            {
                "tiers": tiers_counts(frame, ours.tiers),
                "points": points_counts(frame, ours.points),
                "coupons": coupons_counts(frame, ours.coupons),
                "tags": tags_counts(chunk, ours.tags),
                "contents": contents_counts(frame, ours.contents),
                "sends": sends_counts(chunk.sends),
            },
        )
        return {name: rows for name, rows in found.items() if rows.num_rows}

    def figures(self) -> dict[str, Any]:
        """Return the truth of the programme, by topic."""
        rules, sums = self.frame.world.loyalty, self._sums
        points = sums["points"]
        return {
            "tiers": {
                "rule": "paid in the last 365 days, reviewed on the first of each month: up at "
                "once, down by one step",
                "from_yuan": dict(rules.tiers),
                **sums["tiers"],
            },
            "points": {
                "point_value": rules.point_value,
                **points,
                "liability_fen": round(points["outstanding"] * rules.point_value * 100),
                "order": "first in, first out; refunds take nothing back",
                "effect_of_broken_promises": 0,
            },
            "coupons": {
                "used_where_it_fits": rules.used,
                "orders_caused": "none, but by the coupon of a campaign",
                "by_batch": sums["coupons"],
            },
            "tags": sums["tags"],
            "contents": contents_truth(self.frame, sums["contents"]),
            "sends": sends_truth(self.frame.world, sums["sends"]),
            "surveys": surveys_truth(self.frame),
            "service": staff_truth(self.frame, self._typical),
            "days": {
                "first_day": first_day(self.frame),
                "counts": "everyone in the group, staff included, as the source counts",
            },
        }

    def _sends_table(self, labels: Labels, posts: Contents) -> pa.Table:
        """Return `sends`: to persons, to groups (the planned contents), and moments."""
        persons, groups = _to_persons(labels, labels.chunk.sends), _to_groups(labels, posts, self)
        whole = pa.concat_tables([persons, groups, _moments(labels)])
        whole = whole.sort_by(
            [(name, "ascending") for name in ("planned_at", "kind", "staff_id", "member_id",
                                              "group_id")]
        )  # fmt: skip
        number = ids("s", np.arange(whole.num_rows) + 1 + self.sends, 8)
        return whole.set_column(0, whole.schema.field(0), number)


def _to_persons(labels: Labels, ours: Sends) -> pa.Table:
    return _sends(
        len(ours),
        kind="mass",
        planned_at=labels.times(ours.planned),
        sent_at=labels.times(ours.sent),
        status=pick(STATUSES, ours.status),
        staff_id=labels.advisers(ours.adviser),
        member_id=labels.members(ours.member),
        tag=pick(INTERESTS, ours.interest),
        clicked_at=labels.times(ours.clicked),
    )


def _to_groups(labels: Labels, posts: Contents, tally: ProgrammeTally) -> pa.Table:
    return _sends(
        posts.group.size,
        kind="group_sop",
        planned_at=labels.times(posts.planned),
        sent_at=labels.times(posts.posted),
        status=pick(["unsent", "sent"], posts.done.astype(np.int64)),
        staff_id=labels.advisers(labels.chunk.groups.owner[posts.group]),
        group_id=labels.groups(posts.group),
        content_id=content_ids(posts, tally.contents),
    )


def _moments(labels: Labels) -> pa.Table:
    """Return the moments of the advisers: one every few days at noon, all of them executed."""
    every, days = labels.world.pushes.moments_days, labels.frame.days
    each = np.arange(1.0, days, every)
    adviser = np.repeat(np.arange(labels.chunk.advisers), each.size)
    at = np.floor(np.tile(each, labels.chunk.advisers)) + 12.5 / 24.0
    adviser, at = adviser[at < days], at[at < days]
    return _sends(
        adviser.size,
        kind="moments",
        planned_at=labels.times(at),
        sent_at=labels.times(at),
        status=pick(["sent"], np.zeros(adviser.size)),
        staff_id=labels.advisers(adviser),
    )


def _sends(n: int, kind: str, **columns: Any) -> pa.Table:
    names = ("planned_at", "sent_at", "status", "staff_id", "member_id", "group_id", "content_id",
             "tag", "clicked_at")  # fmt: skip
    missing = {name: pa.nulls(n) for name in names if name not in columns}
    return arrow_table(
        "sends", send_id=pa.nulls(n), kind=pick([kind], np.zeros(n)), **columns, **missing
    )


def _add(old: Any, new: Any) -> Any:
    """Return two trees of numbers added leaf by leaf."""
    if not isinstance(new, dict):
        return new if old is None else old + new
    old = old or {}
    return {name: _add(old.get(name), new.get(name, 0)) for name in {**old, **new}}
