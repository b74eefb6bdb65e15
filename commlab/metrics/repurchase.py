"""What staying is worth: later orders and money of members retained, and of those who were not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.estimate import LEVEL
from commlab.metrics import activity as activities, cohorts, periods
from commlab.metrics.rates import minimum
from commlab.metrics.revenue import net_rows

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def repurchase_by_retention(
    ds: Dataset,
    period: int = 1,
    horizon: int = 3,
    *,
    cohort: str = "month",
    activity: str = "any",
    anchor: str = "joined",
    level: float = LEVEL,
    min_at_risk: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what members who were retained, and those who were not, bought afterwards.

    A member is retained when active in period `period` after joining. What is bought is counted
    in the `horizon` periods after that one, so no order stands on both sides. It is an
    association: those who stay differ from those who do not.

    Args:
        ds: The dataset.
        period: Period that decides who was retained.
        horizon: Number of periods afterwards in which orders and money count.
        cohort: "month" or "week".
        activity: See `retention`.
        anchor: See `retention`.
        level: Confidence level.
        min_at_risk: People below which a row says nothing; default from the settings.
        seed: Seed of the bootstrap.

    Returns:
        Two rows, "retained" and "lost" (column `group`), over all cohorts whose horizon is over
        and whose periods the data cover: `members`, `buyers` (members with an order by the end
        of `period`), `repurchasers` (buyers with a further order within the horizon),
        `repurchase_rate`, `repurchase_low`, `repurchase_high` (Wilson), `net_revenue`,
        `net_per_member`, `net_low`, `net_high` (currency units, net of refunds; BCa bootstrap up
        to 20,000 members, moments above), `p_repurchase` (two-sided p-value of equal rates, the
        same in both rows), `status` of the money and `repurchase_status` ("ok" or "too_few").

    Raises:
        MissingTableError: There are no orders, or what the anchor or activity needs is missing.
    """
    guards.whole("period", period)
    guards.whole("horizon", horizon, low=1)
    guards.one_of("cohort", cohort, cohorts.UNITS)
    smallest = minimum(ds, min_at_risk)
    week_start = ds.settings.week_start
    ds.table("orders")
    people = cohorts.members(ds, anchor)
    people = people.mutate(cohort=periods.number(people.anchor, cohort, week_start))
    edge = ds.frame(people.agg(oldest=people.cohort.min()))["oldest"].iloc[0]
    oldest = 0 if pd.isna(edge) else int(edge)
    spans = [activities.covered(ds, name, cohort, oldest) for name in (activity, "order")]
    latest = periods.last_complete(ds.as_of, cohort, week_start) - period - horizon
    unseen = latest + period + 1  # no event at all: no cohort qualifies
    since = max(unseen if first is None else first for first, _ in spans) - period
    # Activity must be covered up to `period`, orders up to the end of the horizon.
    for (_, last), needed in zip(spans, (period, period + horizon), strict=True):
        latest = latest if last is None else min(latest, last - needed)
    people = people.filter((people.cohort >= since) & (people.cohort <= latest))
    members = _outcomes(ds, people, activity, cohort, period, horizon)
    sums = members.group_by("retained").agg(
        members=members.count(),
        buyers=members.buyer.sum(),
        repurchasers=(members.buyer * members.again).sum(),
        net=members.net.sum(),
        squares=(members.net.cast("float64") * members.net.cast("float64")).sum(),
    )
    frame = ds.frame(sums, ["retained"]).set_index("retained").reindex([1, 0], fill_value=0)
    values = members.group_by("retained", "net").agg(people=members.count())
    amounts = ds.frame(values, ["retained", "net"]) if _small(frame) else None
    return _outcome_table(ds, frame, amounts, level, smallest, seed)


def _outcomes(
    ds: Dataset, people: ir.Table, activity: str, unit: str, period: int, horizon: int
) -> ir.Table:
    """Return per member: `retained`, `buyer`, `again` (0 or 1) and `net` in minor units."""
    week_start = ds.settings.week_start
    people = people.select("member_id", "anchor", "cohort")
    seen = activities.by_period(ds, activity, unit).inner_join(people, "member_id")
    seen = seen.filter((seen.period == seen.cohort + period) & (seen["last"] >= seen.anchor))
    seen = seen.select(seen_id="member_id")
    rows = net_rows(ds).inner_join(people, "member_id")
    k = periods.number(rows["at"], unit, week_start) - rows.cohort
    paid_k = periods.number(rows.paid_at, unit, week_start) - rows.cohort
    later = k.between(period + 1, period + horizon)
    rows = rows.mutate(
        buyer=(paid_k <= period).cast("int64"),
        again=paid_k.between(period + 1, period + horizon).cast("int64"),
        value=ibis.ifelse(later & (rows.paid_at >= rows.anchor), rows.net, 0),
    )
    bought = rows.group_by("member_id").agg(
        buyer=rows.buyer.max(), again=rows.again.max(), net=rows.value.sum()
    )
    bought = bought.rename(buyer_id="member_id")
    out = people.left_join(seen, people.member_id == seen.seen_id)
    out = out.left_join(bought, out.member_id == bought.buyer_id)
    return out.select(
        retained=out.seen_id.notnull().cast("int64"),
        buyer=out.buyer.fill_null(0),
        again=out.again.fill_null(0),
        net=out.net.fill_null(0),
    )


def _small(frame: pd.DataFrame) -> bool:
    return int(frame["members"].sum()) <= stats.BOOTSTRAP_LIMIT


def _outcome_table(
    ds: Dataset,
    frame: pd.DataFrame,
    amounts: pd.DataFrame | None,
    level: float,
    smallest: int,
    seed: int,
) -> pd.DataFrame:
    n, buyers, again = (
        frame[name].to_numpy(dtype=float) for name in ("members", "buyers", "repurchasers")
    )
    total = frame["net"].to_numpy(dtype=float)
    mean, low, high = stats.mean_interval(
        n, total, frame["squares"].to_numpy(dtype=float), level=level
    )
    if amounts is not None:
        for place, retained in enumerate(frame.index):
            own = amounts[amounts["retained"] == retained]
            sample = np.repeat(own["net"].to_numpy(dtype=float), own["people"].to_numpy())
            if len(sample) >= max(2, smallest):
                low[place], high[place] = stats.bca_interval(sample, level=level, seed=seed)
    rate_low, rate_high = stats.wilson(again, buyers, level=level)
    p = stats.two_proportion_p(again[0], buyers[0], again[1], buyers[1])
    enough, enough_buyers = n >= smallest, buyers >= smallest
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = again / buyers
    unit = ds.money(1.0)
    return pd.DataFrame(
        {
            "group": ["retained", "lost"],
            "members": n.astype("int64"),
            "buyers": buyers.astype("int64"),
            "repurchasers": again.astype("int64"),
            "repurchase_rate": np.where(enough_buyers, rate, np.nan),
            "repurchase_low": np.where(enough_buyers, rate_low, np.nan),
            "repurchase_high": np.where(enough_buyers, rate_high, np.nan),
            "p_repurchase": float(p) if enough_buyers.all() else np.nan,
            "net_revenue": unit * total,
            "net_per_member": np.where(enough, unit * mean, np.nan),
            "net_low": np.where(enough, unit * low, np.nan),
            "net_high": np.where(enough, unit * high, np.nan),
            "status": np.where(enough, "ok", "too_few"),
            "repurchase_status": np.where(enough_buyers, "ok", "too_few"),
        }
    )
