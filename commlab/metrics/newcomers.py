"""What those who joined by each channel did afterwards, as sums that a model can compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import MissingTableError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import activity as activities, cohorts, periods
from commlab.metrics.margins import margin_source, order_margins

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Outcome -> first day after joining that counts, and the first that does not any more.
_SPANS = {
    "activated_7": (0, 7),
    "retained_30": (30, 60),
    "retained_90": (90, 120),
    "bought_90": (0, 90),
    "margin_90": (0, 90),
    "brought_30": (0, 30),
}
OUTCOMES = tuple(_SPANS)
STRATA = ("month", "region")
_HELD = (*STRATA, "channel")
_INSIDE = {"city": ("city", "region")}
SPLITS = ("channel", "region", "city", "gender", "adviser", "campaign")
_KEYS = ("segment", "stratum", "cluster")
COLUMNS = (*_KEYS, "n", "total", "square")


def newcomer_splits(ds: Dataset) -> tuple[str, ...]:
    """Return the splits of `newcomer_outcomes` for which the workspace holds what they need.

    Args:
        ds: The dataset.
    """
    there = cohorts.available_splits(ds)
    held = ds.has("members") and "adviser_id" in ds.columns("members")
    return tuple(name for name in SPLITS if name in there or (name == "adviser" and held))


def newcomer_measures(ds: Dataset) -> tuple[str, ...]:
    """Return the outcomes for which the workspace holds what they need.

    Args:
        ds: The dataset.
    """
    held = []
    try:
        activities.sources(ds, "any")
        held += ["retained_30", "retained_90"]
    except MissingTableError:
        pass
    if ds.has("orders"):
        held.append("bought_90")
        if ds.settings.margin is not None or margin_source(ds) == "cost":
            held.append("margin_90")
    return tuple(held)


def newcomer_outcomes(
    ds: Dataset,
    outcome: str,
    split: str | None = "channel",
    *,
    strata: Sequence[str] = STRATA,
    segments: ir.Table | None = None,
) -> pd.DataFrame:
    """Return what members did after joining, summed by segment, stratum and chat group.

    Only members whose span is over at the end of `as_of`; of those who joined before what the
    outcome rests on was recorded nothing is known, so they are left out.

    Args:
        ds: The dataset, with members.
        outcome: "activated_7": a sign of life (message, order, check-in or click) in the first 7
            days, "retained_30": in days 30 to 59 after joining, "retained_90": in days 90 to 119;
            "bought_90": a paid order within 90 days; "brought_30": brought somebody within 30;
            "margin_90": what orders of the first 90 days left after goods and fulfilment, refunds
            known at `as_of` taken off (currency units).
        split: What tells segments apart: known at joining (SPLITS), or None for all together. What
            becomes known later (a group, a first product) would single out those who got so far.
        strata: What is held constant: "month" (of joining), "region" and "channel", those that
            the workspace holds.
        segments: Segments of one's own (member_id, segment, and held: what else is held constant)
            instead of `split`; members who are not in it are left out.

    Returns:
        Frame sorted by segment, stratum and cluster: segment, stratum ("2026-03 east"), cluster
        (first chat group joined, missing without one), n (members), total and square (sums of
        their values and of the squares).

    Raises:
        ArgumentError: Unknown outcome or split.
        MissingTableError: The workspace lacks a table that they need.
        NotEnoughDataError: margin_90 without costs of orders or a margin of the workspace.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> cl.metrics.newcomer_outcomes(ds, "bought_90")  # doctest: +SKIP
    """
    guards.one_of("outcome", outcome, OUTCOMES)
    first, stop = _SPANS[outcome]
    people = _people(ds, split, strata, segments)
    people = people.filter(people.anchor + ibis.interval(days=stop) <= _literal(ds.end))
    rows, begun = _VALUES[outcome](ds)
    if begun is not None:
        start = _literal(dt.datetime.combine(begun, dt.time()))
        people = people.filter(people.anchor + ibis.interval(days=first) >= start)
    inside = rows.inner_join(people.select("member_id", "anchor"), "member_id")
    inside = inside.filter(
        inside["at"] >= inside.anchor + ibis.interval(days=first),
        inside["at"] < inside.anchor + ibis.interval(days=stop),
    )
    value = inside.value.sum() if outcome == "margin_90" else inside.value.max()
    values = inside.group_by("member_id").agg(value=value.cast("float64"))
    every = people.left_join(values, "member_id").drop("member_id_right")
    every = every.mutate(value=every.value.fill_null(0.0))
    sums = every.group_by(*_KEYS).agg(
        n=every.count(), total=every.value.sum(), square=(every.value * every.value).sum()
    )
    frame = ds.frame(sums, list(_KEYS))
    if outcome == "margin_90":
        unit = ds.money(1.0)
        frame = frame.assign(total=frame["total"] * unit, square=frame["square"] * unit**2)
    return frame[list(COLUMNS)]


def newcomer_mean(
    sums: pd.DataFrame,
    *,
    unit: str = "share",
    months: int | None = None,
    back: int = 0,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> Estimate:
    """Return the mean over newcomers of all segments, or of the latest months of joining.

    Args:
        sums: From `newcomer_outcomes` with "month" first among the strata.
        unit: "share" (Wilson) or "money" (normal, from moments).
        months: Months of joining that count, the latest that are there; default all.
        back: How many months further back these lie.
        level: Confidence level.
        min_people: Fewer are "too few".
    """
    rows = sums
    if months is not None:
        month = sums["stratum"].str[:7]
        known = sorted(month.unique())
        kept = known[len(known) - back - months : len(known) - back]
        rows = sums[month.isin(kept)] if len(known) >= back + months else sums.iloc[:0]
    n, total, square = (float(rows[name].sum()) for name in ("n", "total", "square"))
    if n < max(min_people, 2):
        return Estimate.too_few(int(n), unit=unit, minimum=min_people)
    if unit == "share":
        deff = _design_effect(rows)
        low, high = stats.wilson(total, n, level=level, deff=deff)
        method = "Wilson" if deff == 1 else f"Wilson, design effect {deff:.2f}"
    else:
        _, low, high = stats.mean_interval(n, total, square, level=level)
        method = "normal"
    return Estimate(
        value=total / n, low=float(low), high=float(high), level=level, n=int(n), unit=unit,
        method=method,
    )  # fmt: skip


def _design_effect(rows: pd.DataFrame) -> float:
    """Return by how much chat groups widen the variance of a share; 1 without groups."""
    groups = rows.dropna(subset=["cluster"]).groupby("cluster")[["n", "total"]].sum()
    n, total = float(rows["n"].sum()), float(rows["total"].sum())
    rate = total / n
    if len(groups) < 2 or not 0 < rate < 1:
        return 1.0
    lone = n - float(groups["n"].sum())
    between = len(groups) / (len(groups) - 1) * float(
        ((groups["total"] - rate * groups["n"]) ** 2).sum()
    )  # fmt: skip
    return max(1.0, (between + lone * rate * (1 - rate)) / (n * rate * (1 - rate)))


def newcomer_values(
    ds: Dataset,
    values: pd.Series,
    split: str | None = "channel",
    *,
    strata: Sequence[str] = STRATA,
    min_days: int = 0,
) -> pd.DataFrame:
    """Return values that are known by member, summed by segment, stratum and chat group.

    Args:
        ds: The dataset, with members.
        values: A number or bool a member, by member_id; members not named are left out.
        min_days: Only members who joined at least so many days before the end of `as_of`.
        split: See `newcomer_outcomes`.
        strata: See `newcomer_outcomes`.

    Returns:
        The frame of `newcomer_outcomes`.
    """
    rows = _people(ds, split, strata)
    rows = rows.filter(rows.anchor + ibis.interval(days=min_days) <= _literal(ds.end))
    people = ds.frame(rows.drop("anchor"), ["member_id"])
    value = people["member_id"].map(values.astype(float))
    known = people.assign(total=value, square=value**2).dropna(subset=["total"])
    grouped = known.groupby(list(_KEYS), sort=True, dropna=False)
    sums = grouped.agg(n=("total", "size"), total=("total", "sum"), square=("square", "sum"))
    return sums.reset_index()[list(COLUMNS)]


def _people(
    ds: Dataset, split: str | None, strata: Sequence[str], segments: ir.Table | None = None
) -> ir.Table:
    """Return `member_id`, `anchor`, `segment`, `stratum`."""
    for name in strata:
        guards.one_of("strata", name, _HELD)
    if split is not None:
        guards.one_of("split", split, SPLITS)
    # Held constant, what is compared (or holds it: a city lies in one region) would vanish.
    own = None if segments is not None else split
    strata = [name for name in strata if name not in _INSIDE.get(own or "", (own,))]
    # Where members of a chat group are alike: activity is (see `retention`), and what follows it.
    people = cohorts.members(ds, split=own, cluster=ds.has("memberships"))
    if segments is not None:
        people = people.inner_join(segments, "member_id")
    elif split is None:
        people = people.mutate(segment=ibis.literal("all"))
    people = people.mutate(month=periods.month_name(periods.number(people.anchor, "month")))
    held = [
        name
        for name in strata
        if name == "month" or (ds.has("members") and name in ds.columns("members"))
    ]
    if set(held) - {"month"}:
        known = ds.people().select("member_id", *(name for name in held if name != "month"))
        people = people.left_join(known, "member_id").drop("member_id_right")
    parts = [people[name].fill_null(cohorts.UNKNOWN) for name in held]
    stratum = parts[0] if parts else ibis.literal("all")
    for part in parts[1:]:
        stratum = stratum.concat(" ", part)
    if segments is not None and "held" in segments.columns:
        stratum = stratum.concat(" ", people.held)
    group = people.cluster if ds.has("memberships") else ibis.null("string")
    return people.select("member_id", "anchor", "segment", stratum=stratum, cluster=group)


def _literal(moment: dt.datetime) -> ir.Value:
    return ibis.literal(moment, "timestamp(6)")


def _lives(ds: Dataset) -> tuple[ir.Table, dt.date | None]:
    rows = activities.events(ds, "any")
    # Who joined before messages were kept would look silent beside who joined after.
    begun = [
        activities.covered_from(ds, name)
        for name in ("message", "order")
        if name in activities.sources(ds, "any")
    ]
    known = [day for day in begun if day is not None]
    return rows.mutate(value=ibis.literal(1.0)), max(known) if known else None


def _bought(ds: Dataset) -> tuple[ir.Table, dt.date | None]:
    orders = ds.table("orders")
    rows = orders.filter(orders.member_id.notnull()).select("member_id", at="paid_at")
    return rows.mutate(value=ibis.literal(1.0)), activities.covered_from(ds, "order")


def _brought(ds: Dataset) -> tuple[ir.Table, dt.date | None]:
    links = ds.table("referrals")
    links = links.filter(links.inviter_id != links.invitee_id)
    rows = links.select(member_id="inviter_id", at="at", value=ibis.literal(1.0))
    first = ds.frame(rows.agg(first=rows["at"].min()))["first"].iloc[0]
    return rows, None if pd.isna(first) else first.date()


def _left(ds: Dataset) -> tuple[ir.Table, dt.date | None]:
    rows = order_margins(ds)
    rows = rows.filter(rows.member_id.notnull()).select("member_id", "at", value="margin")
    return rows, activities.covered_from(ds, "order")


_VALUES: dict[str, Callable[[Dataset], tuple[ir.Table, dt.date | None]]] = {
    "activated_7": _lives,
    "retained_30": _lives,
    "retained_90": _lives,
    "bought_90": _bought,
    "margin_90": _left,
    "brought_30": _brought,
}
