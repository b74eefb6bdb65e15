"""How long it takes until a member has a first tag, and which advisers tag in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics import cohorts, periods
from commlab.metrics.tags import ANY, member_tags

if TYPE_CHECKING:
    from commlab.dataset import Dataset

DAYS = 30  # in which a newcomer should be known: the first month decides who stays
_KEYS = ["segment", "stratum", "cluster"]


def tag_time_rows(ds: Dataset, tag_group: str = ANY) -> pd.DataFrame:
    """Return days from joining to the first tag, as `models.survival_curve` takes them.

    Day 1 is the day of joining. Members without a tag are followed until the end of `as_of`, also
    those who left untagged: they stay untagged. Were they taken out when they left, the curve would
    say how many had been tagged if nobody ever left (leaving is a competing event; where all who
    are out of sight are so because of `as_of`, keeping them gives the cumulative incidence: Fine
    & Gray 1999, J. Am. Stat. Assoc. 94). A tag set before joining counts on day 1.
    Members whose only such tags have no known time are left out. The customers of one adviser
    are alike: advisers are the clusters.

    Args:
        ds: The dataset, with members and tags.
        tag_group: "*any" tag of a person or survey, or a group of tags, of whatever source.

    Returns:
        Frame: cluster (adviser; absent where no adviser is known), lower, upper, observed, n; the
        members left out stand in `attrs["undated"]`.

    Raises:
        MissingTableError: There are no members or tags, or tags have no times.
        NotEnoughDataError: Nobody has such a tag.
    """
    rows = _first_tags(ds, tag_group)
    day = periods.number_of(ds.as_of, "day")
    rows = rows.mutate(seen=ibis.greatest(ibis.literal(day + 1, "int64") - rows.joined, 0))
    wait = ibis.greatest(rows.tagged - rows.joined, 0)
    observed = (rows.tagged.notnull() & (wait < rows.seen)).fill_null(False)
    rows = rows.mutate(
        lower=ibis.ifelse(observed, wait, rows.seen),
        upper=ibis.ifelse(observed, wait + 1, rows.seen),
        observed=observed,
    )
    undated = int(ds.frame(rows.agg(n=rows.undated.sum()))["n"].iloc[0] or 0)
    rows = rows.filter(rows.undated == 0)
    keys = ["cluster", "lower", "upper", "observed"]
    frame = ds.frame(rows.group_by(keys).agg(n=rows.count()), keys)
    if not frame["observed"].any():
        raise NotEnoughDataError(f"no member has a tag of {tag_group!r} with a known time.")
    if frame["cluster"].nunique() < 2:
        frame = frame.drop(columns="cluster")
    frame.attrs["undated"] = undated
    return frame


def tagged_sums(ds: Dataset, days: int = DAYS, tag_group: str = ANY) -> pd.DataFrame:
    """Return how many newcomers of each adviser were tagged in time, by month and channel.

    Only members who joined at least `days` before the end of `as_of`; who left untagged counts as
    not tagged. Month of joining and channel are the strata: an adviser who gets people from a
    code that asks nothing is compared with others who do.

    Args:
        ds: The dataset, with members and tags.
        days: Days that a tag may take, the day of joining being the first.
        tag_group: See `tag_time_rows`.

    Returns:
        Frame sorted by segment, stratum and cluster, as `models.ranked_segments` takes it: segment
        (staff id), stratum, cluster (first chat group, missing without), n, total, square.

    Raises:
        MissingTableError: As for `tag_time_rows`, or members have no advisers.
    """
    guards.whole("days", days, low=1)
    if "adviser_id" not in ds.columns("members"):
        raise MissingTableError(
            "advisers compared need members.adviser_id, which the workspace does not have.",
            where=ds.name, fix="Export who is in charge of each member.",
        )  # fmt: skip
    rows = _first_tags(ds, tag_group)
    last = periods.number_of(ds.as_of, "day")
    rows = rows.filter(rows.undated == 0, rows.joined + days <= last + 1)
    hit = ((rows.tagged - rows.joined) < days).fill_null(False)
    rows = rows.select(who="member_id", yes=hit.cast("float64"))
    people = cohorts.members(ds, split="adviser", cluster=ds.has("memberships"))
    channel = ds.people().select(own="member_id", channel="channel")
    people = people.left_join(channel, people.member_id == channel.own).drop("own")
    month = periods.month_name(periods.number(people.anchor, "month"))
    people = people.mutate(
        stratum=month.concat(" ", people.channel.fill_null(cohorts.UNKNOWN)),
        cluster=people.cluster if ds.has("memberships") else ibis.null("string"),
    )
    every = rows.inner_join(people, rows.who == people.member_id).select(*_KEYS, "yes")
    sums = every.group_by(_KEYS).agg(n=every.count(), total=every.yes.sum())
    frame = ds.frame(sums, _KEYS)
    return frame.assign(square=frame["total"])


def _first_tags(ds: Dataset, tag_group: str) -> ir.Table:
    """Return every member: member_id, cluster, joined, tagged (days), undated (0 or 1)."""
    if not ds.has("members", "tags"):
        raise MissingTableError(
            "time to a tag needs the tables 'members' and 'tags'.", where=ds.name
        )
    if "tagged_at" not in ds.columns("tags"):
        raise MissingTableError(
            "time to a tag needs tags.tagged_at, which the workspace does not have.",
            where=ds.name, fix="Export when each tag was set.",
        )  # fmt: skip
    tags = member_tags(ds)
    tags = tags.filter(tags.asked == 1 if tag_group == ANY else tags.tag_group == tag_group)
    tags = tags.group_by(who="member_id").agg(
        tagged=periods.number(tags["first"].min(), "day"), known=tags["first"].count()
    )
    people = ds.people()
    adviser = people.adviser_id.fill_null(cohorts.UNKNOWN)
    people = people.select("member_id", cluster=adviser,
                           joined=periods.number(people.joined_at, "day"))  # fmt: skip
    rows = people.left_join(tags, people.member_id == tags.who)
    rows = rows.select("member_id", "cluster", "joined", "tagged", "known")
    undated = (rows.known == 0).fill_null(False).cast("int64")
    return rows.mutate(undated=undated).drop("known")
