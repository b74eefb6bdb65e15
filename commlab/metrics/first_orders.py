"""What people buy first, trial, membership or regular, and whether they come back (B12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.intervals import median_interval
from commlab.metrics import cohorts
from commlab.metrics.clustered import cluster_sums, clustered_rates, flag
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

SECOND_DAYS = 90  # days for the second order: those of the funnel
REGULAR = "regular"


def first_order_kinds(
    ds: Dataset,
    *,
    second_days: int = SECOND_DAYS,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return the kinds of first orders: how many, how soon after joining, and the second order.

    Who begins with a trial differs from who pays in full at once: association.

    Args:
        ds: The dataset, with orders.
        second_days: Days after the first order in which a second one, on a later day, counts.
        level: Confidence level.
        min_at_risk: Buyers below which figures are "too few"; default from the settings.

    Returns:
        Frame by buyers, most first: kind, people (first buyers), share of all with share_low and
        share_high (Wilson), cycle with cycle_low and cycle_high (median days from joining to the
        first order, of those who joined before it; order statistics), at_risk (whose
        `second_days` are over), returned (bought again in time), rate with low and high (Wilson;
        first buyers of one chat group are a cluster), deff, difference (from all other kinds),
        p_adjusted (Benjamini–Hochberg), flagged, status.

    Raises:
        MissingTableError: No orders.
        NotEnoughDataError: Nobody has bought.
    """
    guards.whole("second_days", second_days, low=1)
    smallest = minimum(ds, min_at_risk)
    first = _first(ds, second_days)
    counted = ds.frame(first.group_by("kind").agg(people=first.count()), ["kind"])
    if counted.empty:
        raise NotEnoughDataError("nobody has bought.", where=ds.name)
    judged = first.filter(first.over)
    sums = ds.frame(cluster_sums(judged, ["kind"], "unit", "again", "one"), ["kind"])
    frame = counted.merge(sums, on="kind", how="left")
    frame = pd.concat([frame, clustered_rates(frame, level=level)], axis=1)
    whole = int(frame["people"].sum())
    frame["share"] = frame["people"] / whole
    frame["share_low"], frame["share_high"] = stats.wilson(frame["people"], whole, level=level)
    frame["at_risk"] = frame["x"].fillna(0).astype("int64")
    frame["returned"] = frame["y"].fillna(0).astype("int64")
    waits = first.filter(first.wait >= 0)
    waits = ds.frame(waits.group_by("kind", "wait").agg(n=waits.count()), ["kind", "wait"])
    nothing = (np.nan, np.nan, np.nan)
    medians = {
        kind: median_interval(rows["wait"], rows["n"], level=level)
        if rows["n"].sum() >= smallest else nothing
        for kind, rows in waits.groupby("kind")
    }  # fmt: skip
    times = np.array([medians.get(kind, nothing) for kind in frame["kind"]])
    frame["cycle"], frame["cycle_low"], frame["cycle_high"] = times.T
    rest, rest_again = (frame[x].sum() - frame[x] for x in ("at_risk", "returned"))
    # Buyers of either side may be alike: the side that widens more counts.
    own = frame["deff"].fillna(1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        others = ((own * frame["at_risk"]).sum() - own * frame["at_risk"]) / rest
    p = stats.two_proportion_p(frame["returned"], frame["at_risk"], rest_again, rest,
                               deff=np.fmax(own, others))  # fmt: skip
    # One chat group tells nothing of how much groups vary.
    enough = (frame["at_risk"] >= smallest).to_numpy() & frame["rate"].notna().to_numpy()
    compared = enough & (rest >= smallest).to_numpy()
    for name in ("rate", "low", "high", "deff"):
        frame[name] = frame[name].where(enough)
    with np.errstate(invalid="ignore", divide="ignore"):
        frame["difference"] = (frame["rate"] - rest_again / rest).where(compared)
    frame["p_adjusted"] = stats.benjamini_hochberg(np.where(compared, p, np.nan))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    frame = frame.sort_values(["people", "kind"], ascending=[False, True], ignore_index=True)
    return frame[["kind", "people", "share", "share_low", "share_high", "cycle", "cycle_low",
                  "cycle_high", "at_risk", "returned", "rate", "low", "high", "deff",
                  "difference", "p_adjusted", "flagged", "status"]]  # fmt: skip


def _first(ds: Dataset, days: int) -> ir.Table:
    """Return the first buyers: kind, wait (days since joining), over, again, one, unit."""
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull()).anti_join(ds.staff_ids(), "member_id")
    kind = orders.kind if "kind" in ds.columns("orders") else ibis.literal(REGULAR)
    orders = orders.select("member_id", "order_id", "paid_at", kind=kind.fill_null(REGULAR))
    # Of orders paid at the same moment the least id is the first: engines agree.
    own = ibis.window(group_by="member_id", order_by=["paid_at", "order_id"])
    ranked = orders.mutate(place=ibis.row_number().over(own))
    first = ranked.filter(ranked.place == 0).select("member_id", "kind", begin="paid_at")
    later = orders.inner_join(first.select("member_id", "begin"), "member_id")
    later = later.filter(later.paid_at.date() > later.begin.date(),
                         later.paid_at < later.begin + ibis.interval(days=days))  # fmt: skip
    back = later.select("member_id").distinct().mutate(back=ibis.literal(1))
    rows = first.left_join(back, "member_id").drop("member_id_right")
    people = cohorts.members(ds, cluster=ds.has("memberships"))
    joined = people.select("member_id", "anchor", *(["cluster"] if ds.has("memberships") else []))
    rows = rows.left_join(joined, "member_id").drop("member_id_right")
    group = rows.cluster if ds.has("memberships") else ibis.null("string")
    begun = rows.begin.date().epoch_days() - rows.anchor.date().epoch_days()
    return rows.select(
        "kind", wait=begun.cast("int64"), again=flag(rows.back.notnull()),
        one=ibis.literal(1, "int64"), unit=ibis.coalesce(group, rows.member_id),
        over=rows.begin + ibis.interval(days=days) <= ibis.literal(ds.end, "timestamp(6)"),
    )  # fmt: skip
