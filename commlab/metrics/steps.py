"""The steps on the way from a first contact to a repeat order, as events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab import guards
from commlab.errors import ArgumentError, MissingTableError, NotEnoughDataError

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Step -> tables that tell of it beside `touchpoints`: (table, member, time).
_ALSO: dict[str, tuple[str, str, str]] = {
    "added_adviser": ("contacts", "member_id", "added_at"),
    "chatted": ("messages", "member_id", "sent_at"),
    "surveyed": ("surveys", "member_id", "at"),
    "tagged": ("tags", "member_id", "tagged_at"),
    "joined_group": ("memberships", "member_id", "joined_at"),
    "first_order": ("orders", "member_id", "paid_at"),
    "repeat_order": ("orders", "member_id", "paid_at"),
}
_TOUCHES = (
    "exposed", "visited", "clicked", "watched", "sampled", "followed_account", "invited",
    "added_adviser", "chatted", "surveyed", "drawn", "redeemed", "tagged", "joined_group",
    "shared", "carted",
)  # fmt: skip
STEPS = tuple(dict.fromkeys([*_TOUCHES, "first_order", "repeat_order"]))
# The way that most brands take; a blind-box programme surveys and draws before the group, others
# run from the group to the adviser: `steps` says so.
ENTRY = "exposed|followed_account|sampled"  # how people come near, by channel
WAY = (ENTRY, "added_adviser", "joined_group", "first_order", "repeat_order")
# Whoever has done it cannot be lost to it later.
_ONCE = frozenset({"added_adviser", "joined_group", "surveyed", "tagged", "first_order"})
_SET_BY_MACHINE = ("rule", "survey", "channel")  # sources of tags that are nobody's work
_FEW = 5  # persons: a step that fewer took is a slip of the export, not one of the way


def step_events(ds: Dataset, step: str) -> ir.Table:
    """Return the events of one step: `member_id`, `at` (naive local time), persons known.

    Args:
        ds: The dataset.
        step: One of STEPS, or several with "|" between: any of them. "chatted" is a message to
            nobody's group, "tagged" a tag that somebody set by hand, "first_order" the first paid
            order, "repeat_order" any on a later day than the first.

    Raises:
        ArgumentError: Unknown step.
        MissingTableError: No table of the workspace tells of it.
    """
    names = checked(step)
    touched = [name for name in names if name in _TOUCHES]
    parts = []
    if touched and ds.has("touchpoints"):
        touches = ds.table("touchpoints")
        parts.append(touches.filter(touches.event.isin(touched)).select("member_id", "at"))
    parts += [_told(ds, name) for name in names if name in _ALSO and ds.has(_ALSO[name][0])]
    if not parts:
        tables = [_ALSO[name][0] for name in names if name in _ALSO]
        told = " or ".join(dict.fromkeys([*(["touchpoints"] if touched else []), *tables]))
        raise MissingTableError(
            f"step {step!r} needs the table {told}, which the workspace does not have.",
            where=ds.name,
            fix=f"It has: {', '.join(ds.tables)}.",
        )
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return rows.filter(rows["member_id"].notnull() & rows["at"].notnull())


def checked(step: str) -> tuple[str, ...]:
    """Return the names that a step is made of.

    Raises:
        ArgumentError: One is none of STEPS.
    """
    return tuple(guards.one_of("step", name, STEPS) for name in step.split("|"))


def _told(ds: Dataset, step: str) -> ir.Table:
    name, member, time = _ALSO[step]
    rows = ds.table(name)
    if step == "chatted":
        rows = rows.filter(rows.group_id.isnull() & ~rows.revoked)
    if step == "tagged":
        rows = by_hand(ds, rows)
    if step in ("first_order", "repeat_order"):
        rows = rows.filter(rows.member_id.notnull())
        first = rows.group_by("member_id").agg(first_at=rows.paid_at.min())
        if step == "first_order":
            return first.select("member_id", at="first_at")
        rows = rows.inner_join(first, "member_id")
        rows = rows.filter(rows.paid_at.date() > rows.first_at.date())
    return rows.select(member_id=member, at=time)


def by_hand(ds: Dataset, tags: ir.Table) -> ir.Table:
    """Return the rows of `tags` that somebody set, as far as the table says who set them.

    Args:
        ds: The dataset, with tags.
        tags: Its table of tags.
    """
    if "source" not in ds.columns("tags"):
        return tags
    return tags.filter(~tags.source.isin(_SET_BY_MACHINE).fill_null(False))


def served(ds: Dataset) -> ir.Table:
    """Return `member_id`, `unit`: who is served by one adviser is alike; else each for himself.

    Args:
        ds: The dataset.
    """
    people = ds.people()
    if not ds.has("members") or "adviser_id" not in ds.columns("members"):
        return people.select("member_id", unit="member_id")
    return people.select("member_id", unit=ibis.coalesce(people.adviser_id, people.member_id))


def once(step: str) -> bool:
    """Return whether a step is one that a person takes once."""
    return all(name in _ONCE for name in checked(step))


def available_steps(ds: Dataset, wanted: Sequence[str] = WAY) -> tuple[str, ...]:
    """Return those of the wanted steps that at least five persons took, in the given order.

    Args:
        ds: The dataset.
        wanted: Names of STEPS.
    """
    return tuple(step for step, seen in _seen(ds, wanted).items() if seen[0] >= _FEW)


def beginnings(ds: Dataset, steps: Sequence[str]) -> dict[str, dt.datetime | None]:
    """Return the first moment that each step is seen at: before it nobody could be seen to take it.

    Args:
        ds: The dataset.
        steps: Names of STEPS.
    """
    return {step: seen[1] for step, seen in _seen(ds, steps).items()}


def _seen(ds: Dataset, steps: Sequence[str]) -> dict[str, tuple[int, dt.datetime | None]]:
    """Return members who took each step, and when the first did; steps without a table: none."""
    people = ds.people()
    parts = []
    for step in steps:
        try:
            rows = step_events(ds, step).semi_join(people, "member_id")
        except MissingTableError:
            continue
        parts.append(
            rows.agg(
                step=ibis.literal(step), members=rows.member_id.nunique(), first=rows["at"].min()
            )
        )
    if not parts:
        return dict.fromkeys(steps, (0, None))
    frame = ds.frame(ibis.union(*parts) if len(parts) > 1 else parts[0], ["step"])
    found: dict[str, tuple[int, dt.datetime | None]] = {
        str(row["step"]): (int(row["members"]), row["first"] if row["members"] else None)
        for row in frame.to_dict("records")
    }
    return {step: found.get(step, (0, None)) for step in steps}


def chosen(ds: Dataset, steps: Sequence[str] | None) -> tuple[str, ...]:
    """Return the steps of a way, checked: those asked for, or those of WAY that people took.

    Raises:
        ArgumentError: Fewer than two steps named, an unknown one, or one named twice.
        NotEnoughDataError: None is named, and the workspace shows fewer than two of WAY.
    """
    if steps is None:
        way = available_steps(ds)
        if len(way) < 2:
            raise NotEnoughDataError(
                f"of the usual steps the workspace shows {', '.join(way) or 'none'}.",
                where=ds.name,
                fix="A way needs two steps; name them with steps=[…].",
            )
        return way
    way = tuple(steps)
    for step in way:
        checked(step)
    if len(way) < 2 or len(set(way)) < len(way):
        raise ArgumentError(
            f"steps == {list(steps)!r}: a way needs two steps or more, each once.",
            fix=f"Possible: {', '.join(STEPS)}.",
        )
    return way
