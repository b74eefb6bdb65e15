"""When the members of a channel have earned what winning them cost.

Members have been seen for different times, so margins are added up as losses are in a
Kaplan–Meier curve: month by month of age, over those who were seen for the whole of it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import activity as activities
from commlab.metrics.acquisition import acquisition_costs, by_channel
from commlab.metrics.margins import order_margins
from commlab.metrics.rates import minimum
from commlab.stats import quantile

if TYPE_CHECKING:
    from commlab.dataset import Dataset

Floats = npt.NDArray[np.float64]
_EPOCH = dt.date(1970, 1, 1)
MONTH = 30  # days of a month of age: every month alike
COLUMNS = ("channel", "age", "at_risk", "margin", "low", "high", "cost")


def margin_curves(
    ds: Dataset, *, level: float = LEVEL, min_at_risk: int | None = None
) -> pd.DataFrame:
    """Return the margin that a member of each channel has left by age, beside what winning cost.

    The curve is the mean cumulative function of Nelson (1995, Technometrics 37) and its variance
    the robust one of Lawless & Nadeau (1995, Technometrics 37, eq. 2.7), which leaves the
    purchases of one person as dependent as they are.

    Args:
        ds: The dataset, with orders, members and costs that name channels.
        level: Confidence level.
        min_at_risk: A curve ends where fewer members were seen for the whole month; default from
            the settings.

    Returns:
        Frame sorted by channel and age: channel (that costs name), age (months of 30 days, from
        1), at_risk (members seen for the whole month), margin (currency units per member since
        joining, after goods and fulfilment) with low and high (normal), cost (per member who
        joined in the last year, see `acquisition_costs`).

    Raises:
        MissingTableError: No orders, members or costs.
        NotEnoughDataError: No margin is known, no cost names a channel, or nobody has been seen
            for a month.
    """
    smallest = minimum(ds, min_at_risk)
    costs = acquisition_costs(ds, smallest).set_index("channel")["per_member"]
    # Every channel that has a cost, as the cost itself was counted: else its members would be
    # taken for those of the channel that it belongs to.
    people = by_channel(ds, set(costs.index))
    priced = costs.dropna()
    last = (ds.as_of - _EPOCH).days
    begun = ((activities.covered_from(ds, "order") or ds.as_of) - _EPOCH).days
    day = people.joined_at.cast("date").epoch_days().cast("int64")
    people = people.select(
        "member_id",
        "channel",
        day=day,
        # Months of age before orders were recorded are not seen, and not empty.
        entry=ibis.greatest(((begun - day) / MONTH).ceil().cast("int64"), 0),
        seen=((last + 1 - day) / MONTH).floor().cast("int64"),
    )
    people = people.filter(people.channel.isin(sorted(priced.index)) & (people.seen > people.entry))
    key = ["channel", "entry", "seen"]
    counts = ds.frame(people.group_by(key).agg(n=people.count()), key)
    if counts.empty:
        raise NotEnoughDataError(
            "nobody has been seen for a month since joining by such a channel."
        )
    at_risk = _at_risk(counts)
    sums = ds.frame(_sums(ds, people, at_risk), [*key, "age"])
    z = quantile(level)
    parts = []
    for channel, cost in priced.items():
        own = counts[counts["channel"] == channel]
        if own.empty:
            continue
        curve = _curve(own, sums[sums["channel"] == channel], ds.money(1.0))
        enough = (curve["at_risk"] >= smallest).cummin()
        curve = curve[enough]
        half = z * np.sqrt(curve.pop("variance"))
        ends = {"low": curve["margin"] - half, "high": curve["margin"] + half}
        parts.append(curve.assign(channel=str(channel), cost=cost, **ends))
    frame = pd.concat(parts, ignore_index=True)
    if frame.empty:
        raise NotEnoughDataError(
            f"no channel has {smallest} members who were seen for a month since joining."
        )
    return frame[list(COLUMNS)]


def payback(curves: pd.DataFrame) -> pd.DataFrame:
    """Return after how many months the members of each channel have paid for themselves.

    Args:
        curves: From `margin_curves`.

    Returns:
        Frame, soonest first: channel, cost, seen (months that the curve reaches), margin (by
        then, with low and high), ratio (margin / cost), age (months until the curve reaches the
        cost; missing: not within what was seen), age_low and age_high (where the ends of its
        interval do; missing: not within what was seen).
    """
    rows = []
    for channel, curve in curves.groupby("channel", sort=True):
        end, cost = curve.iloc[-1], float(curve["cost"].iloc[0])
        ratio = float(end["margin"]) / cost if cost else np.nan
        reached = {
            "age": _first_age(curve, "margin"),
            "age_low": _first_age(curve, "high"),
            "age_high": _first_age(curve, "low"),
        }
        rows.append({"channel": channel, "cost": cost, "at_risk": int(end["at_risk"]),
                     "seen": int(end["age"]),
                     **{name: float(end[name]) for name in ("margin", "low", "high")},
                     "ratio": ratio, **reached})  # fmt: skip
    frame = pd.DataFrame(rows)
    for name in ("age", "age_low", "age_high"):
        frame[name] = frame[name].astype("Int64")
    order = frame.assign(_never=frame["age"].isna(), _ratio=-frame["ratio"])
    order = order.sort_values(["_never", "age", "_ratio", "channel"], kind="stable")
    return order.drop(columns=["_never", "_ratio"]).reset_index(drop=True)


def _first_age(curve: pd.DataFrame, column: str) -> int | None:
    """Return the age at which a column of a curve reaches the cost."""
    reached = curve.loc[curve[column] >= curve["cost"], "age"]
    return None if reached.empty else int(reached.iloc[0])


def _at_risk(counts: pd.DataFrame) -> pd.DataFrame:
    """Return by channel and age the members who were seen for the whole month."""
    rows = []
    for channel, own in counts.groupby("channel", sort=True):
        entry, seen, n = (own[name].to_numpy() for name in ("entry", "seen", "n"))
        rows += [
            (channel, age, int(n[(entry <= age) & (seen > age)].sum()))
            for age in range(int(seen.max()))
        ]
    return pd.DataFrame(rows, columns=["channel", "age", "at_risk"])


def _sums(ds: Dataset, people: ir.Table, at_risk: pd.DataFrame) -> ir.Table:
    """Return by channel, months seen and age: `step` = Σ x / n and `square`, a step of Σ B².

    B is what a member's margins x, each over the number n at risk at its age, add up to.
    """
    orders = order_margins(ds)
    rows = orders.filter(orders.member_id.notnull()).inner_join(people, "member_id")
    rows = rows.filter(rows.day_right <= rows.day)
    rows = rows.mutate(age=((rows.day - rows.day_right) / MONTH).floor().cast("int64"))
    rows = rows.filter((rows.age >= rows.entry) & (rows.age < rows.seen))
    held = rows.group_by("member_id", "channel", "entry", "seen", "age").agg(x=rows.margin.sum())
    sizes = ibis.memtable(at_risk, schema={"channel": "string", "age": "int64", "at_risk": "int64"})
    held = held.inner_join(sizes, ["channel", "age"])
    held = held.mutate(step=held.x / held.at_risk)
    own = ibis.cumulative_window(group_by="member_id", order_by="age")
    held = held.mutate(reached=held.step.sum().over(own))
    held = held.mutate(square=2 * held.reached * held.step - held.step * held.step)
    return held.group_by("channel", "entry", "seen", "age").agg(
        x=held.x.sum(), step=held.step.sum(), square=held.square.sum()
    )


def _curve(counts: pd.DataFrame, sums: pd.DataFrame, unit: float) -> pd.DataFrame:
    """Return age, at_risk, margin and variance of one channel (in currency units)."""
    ages = int(counts["seen"].max())
    kinds = list(zip(counts["entry"], counts["seen"], strict=True))
    entry, seen = (counts[name].to_numpy(dtype=int) for name in ("entry", "seen"))
    n = counts["n"].to_numpy(dtype=float)
    age = np.arange(ages)
    there = (entry[:, None] <= age) & (seen[:, None] > age)
    at_risk = (n[:, None] * there).sum(axis=0)
    places = {kind: place for place, kind in enumerate(kinds)}
    shape = (len(kinds), ages)
    x, step, square = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    where = [places[kind] for kind in zip(sums["entry"], sums["seen"], strict=True)]
    spot = (np.array(where, dtype=int), sums["age"].to_numpy(dtype=int))
    for grid, name in ((x, "x"), (step, "step"), (square, "square")):
        grid[spot] = sums[name].to_numpy(dtype=float)
    mean = np.divide(x.sum(axis=0), at_risk, out=np.zeros(ages), where=at_risk > 0)
    # Σ over members of (B − A)², A being what the mean adds up to while the member was seen.
    each = np.divide(mean, at_risk, out=np.zeros(ages), where=at_risk > 0)
    added = np.cumsum(each * there, axis=1)
    reached, squares = np.cumsum(step, axis=1), np.cumsum(square, axis=1)
    variance = (squares - 2 * reached * added + n[:, None] * added**2).sum(axis=0)
    return pd.DataFrame(
        {
            "age": np.arange(1, ages + 1),
            "at_risk": at_risk.astype("int64"),
            "margin": np.cumsum(mean) * unit,
            "variance": np.maximum(variance, 0) * unit**2,
        }
    )
