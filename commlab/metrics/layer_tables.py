"""How many are in each layer, what a layer buys next, and who moved between layers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import periods
from commlab.metrics.clustered import cluster_sums, clustered_rates, flag
from commlab.metrics.layers import (
    ACTIONS,
    ALIVE_DAYS,
    BROAD,
    BROAD_LAYERS,
    LAYERS,
    YEAR,
    LayerRules,
    first_day,
    member_layers,
    signs_since,
)
from commlab.metrics.rates import minimum
from commlab.metrics.transitions import NEW, moves, transition_table

if TYPE_CHECKING:
    from commlab.dataset import Dataset

DAYS = 90  # back: a quarter, so that most who buy at all have had the time
SPELLS = 3  # looked back over: three quarters hold more people and more of the seasons
MONTHS = 6  # of the history: a season, and few enough columns to read
VALUED = ("loyal", "fading")
# Days of orders before a day on which somebody can be called valuable, of the 365 that count:
# with less than half of them known few would be, whatever they spend.
KNOWN = YEAR // 2


def layer_table(
    ds: Dataset, rules: LayerRules, days: int = DAYS, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return each layer with its people, and what such people went on to buy.

    What to expect is measured, not modelled: what those who were in the layer at the beginning of
    each of the last spells of `days` (up to three, end to end) bought until its end, by the same
    lines. It is what comes when nothing is changed, not what an action adds. A member may be in
    several spells, so members are the units.

    Args:
        ds: The dataset.
        rules: From `layer_rules`.
        days: Days of a spell.
        level: Confidence level.

    Returns:
        Frame in the order of `LAYERS`: segment (layer), advice (`ACTIONS`), people (now), share
        (of all members), at_risk (members in the layer at the beginning of a spell), rate with
        low and high (of spells, with a purchase in it; Wilson), net_per_member with net_low and
        net_high (net revenue in a spell, delta method on the log scale; currency units), total
        with total_low and total_high (that times people), status. Without orders, or where the
        data do not reach back, nothing is said of what follows and the status is "refused".
    """
    guards.whole("days", days, low=1)
    now = member_layers(ds, rules)
    counts = ds.frame(now.group_by("layer").agg(people=now.count()), ["layer"])
    people = counts.set_index("layer")["people"].reindex(LAYERS).fillna(0).astype("int64")
    people = people[people.gt(0)]
    table = pd.DataFrame({"segment": people.index, "people": people.to_numpy()})
    table.insert(1, "advice", table["segment"].map(ACTIONS))
    table["share"] = table["people"] / table["people"].sum()
    starts = [day for day in (_earlier(ds, days * k) for k in range(1, SPELLS + 1))
              if ds.has("orders") and _reaches(ds, rules, day)]  # fmt: skip
    if not starts:
        return table.assign(at_risk=0, **dict.fromkeys(_FOLLOWS, np.nan), status="refused")
    spells = [_spell(ds, rules, day, days) for day in starts]
    rows = ibis.union(*spells) if len(spells) > 1 else spells[0]
    bought, net = (_sums(ds, rows, name) for name in ("bought", "net"))
    bought, net = bought.reindex(table["segment"]), net.reindex(table["segment"])
    table["at_risk"] = net["clusters"].fillna(0).astype("int64").to_numpy()
    enough = table["at_risk"] >= minimum(ds, None)
    rates = clustered_rates(bought, level=level)
    sums = [net[name] for name in ("clusters", "y", "x", "yy", "xx", "xy")]
    ends = stats.ratio_interval(*sums, level=level, log=True)
    unit = ds.money(1.0)
    for name in ("rate", "low", "high"):
        table[name] = pd.Series(rates[name].to_numpy()).where(enough)
    for name, values in zip(("net_per_member", "net_low", "net_high"), ends, strict=True):
        table[name] = pd.Series(unit * values).where(enough)
        table[_TOTAL[name]] = table[name] * table["people"]
    return table.assign(status=np.where(enough, "ok", "too_few"))


_TOTAL = {"net_per_member": "total", "net_low": "total_low", "net_high": "total_high"}
_FOLLOWS = ("rate", "low", "high", *_TOTAL, *_TOTAL.values())


def _spell(ds: Dataset, rules: LayerRules, day: dt.date, days: int) -> ir.Table:
    """Return member_id, layer at the end of a day, net and bought of the days after, and one."""
    held = member_layers(ds.at(day), rules).select("member_id", "layer")
    first = periods.number_of(day, "day")
    orders = ds.table("orders")
    when = periods.number(orders.paid_at, "day")
    orders = orders.filter(when > first, when <= first + days, orders.member_id.notnull())
    sums = orders.group_by(buyer="member_id").agg(
        net=(orders.amount - orders.refund_amount).sum().cast("int64")
    )
    rows = held.left_join(sums, held.member_id == sums.buyer)
    return rows.select("member_id", "layer", net=rows.net.fill_null(0), bought=flag(rows.net > 0),
                       one=ibis.literal(1, "int64"))  # fmt: skip


def _sums(ds: Dataset, rows: ir.Table, name: str) -> pd.DataFrame:
    found = cluster_sums(rows, ["layer"], "member_id", name, "one")
    return ds.frame(found, ["layer"]).set_index("layer")


def layer_moves(
    ds: Dataset,
    rules: LayerRules,
    days: int = DAYS,
    *,
    broad: bool = True,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return who moved between layers in the last days; see `transitions.transition_table`.

    Those who joined since have the origin "new".

    Args:
        ds: The dataset.
        rules: From `layer_rules`.
        days: Days that are looked back.
        broad: Whether layers that differ by taking part alone are put together: "overdue" for
            "lapsed" and "quiet", "unbought" for "prospect" and "silent".
        level: Confidence level.

    Raises:
        NotEnoughDataError: What layers rest on was not recorded then.
    """
    guards.whole("days", days, low=1)
    day = _earlier(ds, days)
    if not _reaches(ds, rules, day):
        raise NotEnoughDataError(
            f"layers of {day.isoformat()} are not known: the data begin too late for it."
        )
    before, after = (_states(at, rules, broad=broad) for at in (ds.at(day), ds))
    counts = moves(ds, before, after)
    states = (*(BROAD_LAYERS if broad else LAYERS), NEW, "unknown")
    return transition_table(counts, states, smallest=minimum(ds, None), level=level)


def _states(ds: Dataset, rules: LayerRules, *, broad: bool) -> ir.Table:
    held = member_layers(ds, rules)
    state = held.layer
    if broad:
        state = ibis.cases(*((held.layer == name, put) for name, put in BROAD.items()),
                           else_=held.layer)  # fmt: skip
    return held.select("member_id", state=state)


def layer_months(ds: Dataset, rules: LayerRules, months: int = MONTHS) -> pd.DataFrame:
    """Return how many were in each layer at the ends of the last months that are over.

    Args:
        ds: The dataset.
        rules: From `layer_rules`.
        months: At most so many; months before which the data do not reach are left out.

    Returns:
        Frame by month, oldest first, and layer that anybody was in: month (first day),
        segment (layer), people, share.

    Raises:
        NotEnoughDataError: Fewer than two months are known.
    """
    guards.whole("months", months, low=2)
    last = periods.last_complete(ds.as_of, "month")
    parts = []
    for number in range(last - months + 1, last + 1):
        month, after = (periods.starts([k], "month")[0] for k in (number, number + 1))
        end = (after - pd.Timedelta(days=1)).date()
        if not _reaches(ds, rules, end):
            continue
        held = member_layers(ds.at(end), rules)
        counts = ds.frame(held.group_by("layer").agg(people=held.count()), ["layer"])
        people = counts.set_index("layer")["people"].reindex(LAYERS).fillna(0).astype("int64")
        parts.append(pd.DataFrame({
            "month": month, "segment": people.index, "people": people.to_numpy(),
            "share": people.to_numpy() / people.sum(),
        }))  # fmt: skip
    if len(parts) < 2:
        raise NotEnoughDataError(f"layers are known at the end of {len(parts)} months, not of two.")
    table = pd.concat(parts, ignore_index=True)
    there = table.groupby("segment")["people"].transform("max") > 0
    return table[there].reset_index(drop=True)


def kept_share(moved: pd.DataFrame, *, level: float = LEVEL) -> Estimate:
    """Return the share of valuable buyers on time who still are, as an estimate.

    Args:
        moved: From `layer_moves`.
        level: Confidence level that it was made with.
    """
    row = moved[(moved["origin"] == "loyal") & (moved["segment"] == "loyal")]
    if row.empty:
        return Estimate.too_few(0, unit="share", minimum=1)
    one = row.iloc[0]
    n = int(one["at_risk"])
    if one["status"] != "ok":
        return Estimate.too_few(n, unit="share", minimum=n + 1)
    return Estimate(
        value=float(one["rate"]), low=float(one["low"]), high=float(one["high"]), level=level, n=n,
        unit="share", method="Wilson, design effect",
    )  # fmt: skip


def fading_share(ds: Dataset, rules: LayerRules, *, level: float = LEVEL) -> Estimate:
    """Return the share of valuable members who are overdue.

    Args:
        ds: The dataset.
        rules: From `layer_rules`.
        level: Confidence level.
    """
    held = member_layers(ds, rules)
    counts = ds.frame(held.group_by("layer").agg(people=held.count()), ["layer"])
    people = counts.set_index("layer")["people"].reindex(VALUED).fillna(0)
    n, k = int(people.sum()), int(people["fading"])
    smallest = minimum(ds, None)
    if n < smallest:
        return Estimate.too_few(n, unit="share", minimum=smallest)
    low, high = stats.wilson(k, n, level=level)
    return Estimate(value=k / n, low=float(low), high=float(high), level=level, n=n, unit="share",
                    method="Wilson")  # fmt: skip


def _earlier(ds: Dataset, days: int) -> dt.date:
    return ds.as_of - dt.timedelta(days=days)


def _reaches(ds: Dataset, rules: LayerRules, day: dt.date) -> bool:
    """Return whether what layers rest on was recorded long enough before a day."""
    begun = []
    if ds.has("orders"):
        begun.append((first_day(ds, "order"), max(rules.overdue_days, KNOWN)))
    if rules.heard:
        begun.append((signs_since(ds), ALIVE_DAYS))
    return all(first is not None and (day - first).days >= back for first, back in begun)
