"""Tags on members: how many have one, who set them, how old they are, which contradict.

A member has a tag when it was set by the end of `as_of`, or at a time that is not known. Staff do
not count. A tag without a group is one of the group "*none".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.metrics import periods
from commlab.metrics.departures import absences
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

UNGROUPED = "*none"
OLD_DAYS = 180  # half a year: skin, size of a household and taste are asked again by then
# Sources that know the member by asking or listening; channel codes and rules tag by themselves.
ASKED = ("corporate", "personal", "survey")
EXCLUSIVE = 0.9  # of a group's members have one value: then a second one is a contradiction
ANY, ALL = "*any", "*all"  # no name of a group: the star keeps them apart


def member_tags(ds: Dataset) -> ir.Table:
    """Return tags of members as an expression, each once a member.

    Columns: `member_id`, `tag_group`, `tag`, `first` and `last` (naive local times at which it was
    set; null where no time is known), `asked` (whether a person or survey set it; null source
    counts as one).

    Args:
        ds: The dataset, with tags.
    """
    rows = ds.table("tags")
    rows = rows.filter(rows.member_id.notnull(), rows.tag.notnull())
    rows = rows.semi_join(ds.people(), "member_id")
    asked = rows.source.isnull() | rows.source.isin(ASKED)
    rows = rows.mutate(tag_group=rows.tag_group.fill_null(UNGROUPED), asked=asked.cast("int64"))
    return rows.group_by("member_id", "tag_group", "tag").agg(
        first=rows.tagged_at.min(), last=rows.tagged_at.max(), asked=rows.asked.max()
    )


def present_members(ds: Dataset) -> ir.Table:
    """Return `member_id` of members who have not left: those who can still be asked.

    Args:
        ds: The dataset.
    """
    people = ds.people().select("member_id")
    spells = absences(ds)
    if spells is None:
        return people
    return people.anti_join(spells.filter(spells.gone_until.isnull()), "member_id")


def tag_coverage(ds: Dataset, old_days: int = OLD_DAYS) -> pd.DataFrame:
    """Return how many of the members who are here have a tag of each group, and how old it is.

    Args:
        ds: The dataset, with tags.
        old_days: Days after which a tag is old.

    Returns:
        Frame, most members first, with "*any" (of a person or survey) and "*all" (of any source)
        on top: tag_group, tags (different ones), at_risk (members here), tagged, rate (a full
        count: no interval), dated (of them, with a known time), old (of those, the last tag of
        the group set more than `old_days` before the end of `as_of`), old_rate, median_days
        (since the last one was set).

    Raises:
        MissingTableError: There are no tags.
    """
    guards.whole("old_days", old_days, low=1)
    here = present_members(ds)
    rows = member_tags(ds).semi_join(here, "member_id")
    kinds = ibis.union(
        rows.select("member_id", "tag_group", "tag", "last"),
        rows.mutate(tag_group=ibis.literal(ALL)).select("member_id", "tag_group", "tag", "last"),
        rows.filter(rows.asked == 1).mutate(tag_group=ibis.literal(ANY)).select(
            "member_id", "tag_group", "tag", "last"),
    )  # fmt: skip
    each = kinds.group_by("tag_group", "member_id").agg(last=kinds["last"].max())
    age = periods.number_of(ds.as_of, "day") - periods.number(each["last"], "day")
    counts = each.mutate(age=age).group_by("tag_group", "age").agg(n=lambda t: t.count())
    frame = ds.frame(counts, ["tag_group", "age"])
    names = kinds.group_by("tag_group").agg(tags=kinds.tag.nunique())
    tags = ds.frame(names, ["tag_group"]).set_index("tag_group")["tags"]
    at_risk = int(ds.frame(here.agg(n=here.count()))["n"].iloc[0])
    found = [_aged(str(name), own, old_days) for name, own in frame.groupby("tag_group")]
    columns = [
        "tag_group",
        "tags",
        "at_risk",
        "tagged",
        "rate",
        "dated",
        "old",
        "old_rate",
        "median_days",
    ]
    table = pd.DataFrame(found, columns=["tag_group", "tagged", "dated", "old", "median_days"])
    table["tags"] = table["tag_group"].map(tags).astype("int64")
    table["at_risk"] = at_risk
    table["rate"] = table["tagged"] / at_risk if at_risk else np.nan
    table["old_rate"] = table["old"] / table["dated"].where(table["dated"] > 0)
    order = table.assign(rank=table["tag_group"].map({ANY: 0, ALL: 1}).fillna(2),
                         size=-table["tagged"])  # fmt: skip
    order = order.sort_values(["rank", "size", "tag_group"], kind="stable")
    return table.loc[order.index, columns].reset_index(drop=True)


def tag_ages(ds: Dataset, old_days: int = OLD_DAYS) -> pd.DataFrame:
    """Return each tag with its members, when it was last set at all, and how many are old.

    Tags that fewer members have than may be shown (`small_cell` of the settings) are left out:
    advisers write tags by hand, and what one person alone is called may name that person.

    Args:
        ds: The dataset, with tags.
        old_days: Days after which a tag is old.

    Returns:
        Frame, the most old ones first: tag_group, tag, last_set_on (date; missing where no time
        is known), tagged (members here), dated, old, old_rate, median_days (since it was set).
    """
    guards.whole("old_days", old_days, low=1)
    rows = member_tags(ds).semi_join(present_members(ds), "member_id")
    keys = ["tag_group", "tag"]
    day = periods.number(rows["last"], "day")
    rows = rows.mutate(age=periods.number_of(ds.as_of, "day") - day, day=day)
    counts = rows.group_by(*keys, "age").agg(n=rows.count(), day=rows.day.max())
    frame = ds.frame(counts, [*keys, "age"])
    found = []
    for (group, tag), own in frame.groupby(keys):
        _, *figures = _aged("", own, old_days)
        if figures[0] < ds.settings.small_cell:
            continue
        on = pd.Timestamp(0) + pd.Timedelta(days=int(own["day"].max())) if (
            own["day"].notna().any()) else pd.NaT  # fmt: skip
        found.append((group, tag, on, *figures))
    columns = [*keys, "last_set_on", "tagged", "dated", "old", "median_days"]
    table = pd.DataFrame(found, columns=columns)
    table["last_set_on"] = pd.to_datetime(table["last_set_on"])
    table["old_rate"] = table["old"] / table["dated"].where(table["dated"] > 0)
    order = table.assign(size=-table["old"]).sort_values(["size", *keys], kind="stable")
    names = [*keys, "last_set_on", "tagged", "dated", "old", "old_rate", "median_days"]
    return table.loc[order.index, names].reset_index(drop=True)


def _aged(name: str, own: pd.DataFrame, old_days: int) -> tuple[str, int, int, int, float]:
    """Return name, members, those with a known time, the old ones of them, and the median age."""
    known = own.dropna(subset=["age"]).sort_values("age")
    n = known["n"].to_numpy(dtype=np.int64)
    age = known["age"].to_numpy(dtype=float)
    dated = int(n.sum())
    middle = float(age[np.searchsorted(n.cumsum(), (dated + 1) / 2)]) if dated else np.nan
    return name, int(own["n"].sum()), dated, int(n[age > old_days].sum()), middle


def exclusive_groups(ds: Dataset, named: str = "") -> tuple[str, ...]:
    """Return the groups of tags of which a member can rightly have one only.

    Args:
        ds: The dataset, with tags.
        named: Their names, comma between; empty: groups of at least two tags that enough members
            have, of whom at least 90 % have one value.

    Raises:
        ArgumentError: A group that there is not.
    """
    rows = member_tags(ds)
    each = rows.group_by("tag_group", "member_id").agg(k=rows.count())
    counts = each.group_by("tag_group").agg(n=each.count(), one=(each.k == 1).sum())
    tags = rows.group_by(own="tag_group").agg(tags=rows.tag.nunique())
    frame = ds.frame(counts.inner_join(tags, counts.tag_group == tags.own), ["tag_group"])
    there = list(frame["tag_group"])
    wanted = [name.strip() for name in named.split(",") if name.strip()]
    for name in wanted:
        guards.one_of("exclusive", name, there)
    if wanted:
        return tuple(wanted)
    kept = (frame["tags"] > 1) & (frame["n"] >= minimum(ds, None))
    kept &= (frame["one"] >= EXCLUSIVE * frame["n"]) & (frame["tag_group"] != UNGROUPED)
    return tuple(frame.loc[kept, "tag_group"])


def tag_contradictions(ds: Dataset, exclusive: tuple[str, ...]) -> pd.DataFrame:
    """Return how many members have several values of a group that admits one.

    Args:
        ds: The dataset, with tags.
        exclusive: From `exclusive_groups`.

    Returns:
        Frame, most first: tag_group, tagged (members here with a tag of it), torn (with two or
        more), rate, pair (the two values that meet most often;
        empty where they meet in fewer members than may be shown: see `tag_ages`).
    """
    rows = _exclusive(ds, exclusive)
    each = rows.group_by("tag_group", "member_id").agg(k=rows.count())
    counts = each.group_by("tag_group").agg(tagged=each.count(), torn=(each.k > 1).sum())
    table = ds.frame(counts, ["tag_group"])
    table["rate"] = table["torn"] / table["tagged"]
    other = rows.select(who="member_id", group="tag_group", second="tag")
    pairs = rows.inner_join(
        other, [rows.member_id == other.who, rows.tag_group == other.group,
                rows.tag < other.second],
    )  # fmt: skip
    pairs = pairs.select("tag_group", "tag", "second")
    keys = ["tag_group", "tag", "second"]
    met = ds.frame(pairs.group_by(keys).agg(n=pairs.count()), keys)
    met = met[met["n"] >= ds.settings.small_cell]
    met = met.sort_values("n", ascending=False, kind="stable").drop_duplicates("tag_group")
    met = met.set_index("tag_group")
    words = met["tag"].astype(str) + " / " + met["second"].astype(str)
    table["pair"] = table["tag_group"].map(words).astype("str").fillna("")
    order = table.assign(size=-table["torn"]).sort_values(["size", "tag_group"], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def torn_share(ds: Dataset, exclusive: tuple[str, ...]) -> Estimate:
    """Return the share of members with a tag of an exclusive group who have a contradiction.

    A full count: no interval.

    Args:
        ds: The dataset, with tags.
        exclusive: From `exclusive_groups`.

    Raises:
        NotEnoughDataError: No group of tags admits one value only.
    """
    if not exclusive:
        raise NotEnoughDataError("no group of tags admits one value only.")
    rows = _exclusive(ds, exclusive)
    each = rows.group_by("tag_group", "member_id").agg(k=rows.count())
    each = each.group_by("member_id").agg(k=each.k.max())
    row = ds.frame(each.agg(n=each.count(), torn=(each.k > 1).sum())).iloc[0]
    return _counted(int(row["torn"] or 0), int(row["n"]))


def tagged_share(coverage: pd.DataFrame, kind: str = ANY) -> Estimate:
    """Return the share of members here whom a person or survey has tagged; a full count.

    Args:
        coverage: From `tag_coverage`.
        kind: "*any", "*all" or a group of tags.
    """
    own = coverage[coverage["tag_group"] == kind]
    n = int(coverage["at_risk"].max()) if len(coverage) else 0
    return _counted(int(own["tagged"].sum()), n)


def old_share(coverage: pd.DataFrame, kind: str = ANY) -> Estimate:
    """Return the share of members so tagged whose last such tag is old; a full count.

    Args:
        coverage: From `tag_coverage`.
        kind: "*any", "*all" or a group of tags.
    """
    own = coverage[coverage["tag_group"] == kind]
    return _counted(int(own["old"].sum()), int(own["dated"].sum()))


def _counted(k: int, n: int) -> Estimate:
    if not n:
        return Estimate.too_few(0, unit="share", minimum=1)
    return Estimate(value=k / n, n=n, unit="share", method="full count")


def _exclusive(ds: Dataset, exclusive: tuple[str, ...]) -> ir.Table:
    rows = member_tags(ds).semi_join(present_members(ds), "member_id")
    return rows.filter(rows.tag_group.isin(list(exclusive)))
