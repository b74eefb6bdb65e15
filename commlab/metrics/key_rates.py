"""What advisers do with newcomers in the first days: into a group, one-to-one talk, tags (B10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab import stats
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import cohorts, steps as ways
from commlab.metrics.clustered import cluster_sums
from commlab.metrics.funnel import WINDOW, funnel
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

START = "added_adviser"
STEPS = ("joined_group", "chatted", "tagged")
FEW_UNITS = 5  # fewer advisers say nothing of how they differ


def key_rates(
    ds: Dataset,
    split: str | None = "channel",
    *,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return the shares that join a group, talk one to one and are tagged within a week.

    Each is counted from the day on which the adviser was added, whatever else was done before:
    a way of two steps of `funnel`, so that open windows, repeats and steps taken before are dealt
    with as there.

    Args:
        ds: The dataset.
        split: What tells segments apart (see `cohorts.members`), or None.
        level: Confidence level.
        min_at_risk: Members below which a rate is "too few"; default from the settings.

    Returns:
        Rows of `funnel` for the steps "joined_group", "chatted" and "tagged", those that at least
        five people took, all with from_step "added_adviser" and place 1; p_adjusted is over the
        segments of one step.

    Raises:
        MissingTableError: Nothing shows who added an adviser.
        NotEnoughDataError: None of the steps is recorded.
    """
    ways.step_events(ds, START)
    there = ways.available_steps(ds, STEPS)
    if not there:
        raise NotEnoughDataError("nothing shows what was done with newcomers.", where=ds.name)
    parts = [
        funnel(ds, (START, step), split=split, level=level, min_at_risk=min_at_risk)
        for step in there
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame[frame["place"] == 1].reset_index(drop=True)


def tags_per_chat(
    ds: Dataset,
    split: str | None = "channel",
    *,
    window_days: int = WINDOW,
    level: float = LEVEL,
    min_people: int | None = None,
) -> pd.DataFrame:
    """Return how many tags advisers set for each day of talk with a newcomer.

    Of members who have been with an adviser for the whole window: tags that somebody set in it,
    over the days of it on which they talked one to one. Advisers are the units where members
    carry one, else members (delta method).

    Args:
        ds: The dataset, with tags and one-to-one talk.
        split: What tells segments apart (see `cohorts.members`), or None.
        window_days: Days from the first addition of an adviser on.
        level: Confidence level.
        min_people: Members who talked below which a row is "too few"; default from the settings.

    Returns:
        Frame sorted by segment: segment, people (who talked), chats (days of talk), per_chat with
        low and high, status.

    Raises:
        MissingTableError: Nothing shows additions, talk or tags.
    """
    if not ds.has("tags"):
        raise MissingTableError("how many tags are set needs the table tags.", where=ds.name)
    smallest = minimum(ds, min_people)
    added = ways.step_events(ds, START).semi_join(ds.people(), "member_id")
    span = ibis.interval(days=window_days)
    begun = added.group_by("member_id").agg(begin=added["at"].min())
    begun = begun.filter(begun.begin + span <= ibis.literal(ds.end, "timestamp(6)"))
    tags = ds.table("tags")
    marks = ways.by_hand(ds, tags).select("member_id", at="tagged_at")
    talks = ways.step_events(ds, "chatted")
    days = talks.select("member_id", at=talks["at"].truncate("D")).distinct()
    counted = begun
    for name, rows in (("tags", marks), ("chats", days)):
        own = rows.inner_join(begun, "member_id")
        first = own.begin.truncate("D") if name == "chats" else own.begin
        inside = own.filter(own["at"] >= first, own["at"] < own.begin + span)
        sums = inside.group_by("member_id").agg(**{name: inside.count()})
        counted = counted.left_join(sums, "member_id").drop("member_id_right")
    people = cohorts.members(ds, split=split) if split else ds.people()
    segment = people.segment if split else ibis.literal("all")
    people = people.select("member_id", segment=segment)
    rows = counted.inner_join(people, "member_id").inner_join(ways.served(ds), "member_id")
    if split == "adviser":  # nobody else's newcomers are like theirs
        rows = rows.mutate(unit=rows.member_id)
    rows = rows.filter(rows.chats > 0).mutate(tags=rows.tags.fill_null(0))
    sums = cluster_sums(rows, ["segment"], "unit", "tags", "chats")
    sizes = rows.group_by("segment").agg(people=rows.count())
    frame = ds.frame(sums.inner_join(sizes, "segment"), ["segment"])
    names: Sequence[str] = ("clusters", "y", "x", "yy", "xx", "xy")
    ratio, low, high = stats.ratio_interval(*(frame[name] for name in names), level=level)
    enough = ((frame["people"] >= smallest) & (frame["clusters"] >= FEW_UNITS)).to_numpy()
    frame["chats"] = frame["x"].astype("int64")
    for name, values in (("per_chat", ratio), ("low", np.maximum(low, 0.0)), ("high", high)):
        frame[name] = np.where(enough, values, np.nan)
    frame["status"] = np.where(enough, "ok", "too_few")
    return frame[["segment", "people", "chats", "per_chat", "low", "high", "status"]]
