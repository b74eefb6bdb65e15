"""Tiers: who holds which, who moved up or down, and how long a tier is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab import stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import periods
from commlab.metrics.layers import YEAR
from commlab.metrics.member_profile import NONE, tiers_held
from commlab.metrics.previous import known_then
from commlab.metrics.rates import minimum
from commlab.metrics.rfm import occasions
from commlab.metrics.transitions import NEW, moves, transition_table

if TYPE_CHECKING:
    from commlab.dataset import Dataset

DAYS = 90  # back: a quarter


def tier_holders(ds: Dataset, *, level: float = LEVEL) -> pd.DataFrame:
    """Return who holds which tier at `as_of`, and what they spent in a year.

    Args:
        ds: The dataset, with tiers.
        level: Confidence level.

    Returns:
        Frame, the tier whose holders spent most first (without orders: the rarest first): segment
        (tier; "none" for members without), people, share (of members), mean with mean_low and
        mean_high (net spend of the last 365 days each, Student; currency units), share_value (of
        all members' spend), status.

    Raises:
        MissingTableError: There are no tiers.
        NotEnoughDataError: Nobody holds one.
    """
    held = tiers_held(ds).select(holder="member_id", state="state")
    people = ds.people().select("member_id")
    rows = people.left_join(held, people.member_id == held.holder)
    rows = rows.select("member_id", segment=rows.state.fill_null(NONE))
    value = ibis.literal(0.0, "float64")
    if ds.has("orders"):
        days = occasions(ds)
        days = days.filter(days.day > periods.number_of(ds.as_of, "day") - YEAR)
        spent = days.group_by(buyer="member_id").agg(net=days.net.sum())
        rows = rows.left_join(spent, rows.member_id == spent.buyer)
        rows = rows.select("segment", net=rows.net.fill_null(0).cast("float64"))
    else:
        rows = rows.select("segment", net=value)
    sums = rows.group_by("segment").agg(people=rows.count(), y=rows.net.sum(),
                                        yy=(rows.net * rows.net).sum())  # fmt: skip
    table = ds.frame(sums, ["segment"])
    if not set(table["segment"]) - {NONE}:
        raise NotEnoughDataError("nobody holds a tier.")
    unit = ds.money(1.0)
    found = stats.mean_interval(table["people"], table["y"], table["yy"], level=level)
    enough = (table["people"] >= minimum(ds, None)).to_numpy()
    known = enough & ds.has("orders")
    for name, values in zip(("mean", "mean_low", "mean_high"), found, strict=True):
        table[name] = np.where(known, unit * values, np.nan)
    table["share"] = table["people"] / table["people"].sum()
    total = float(table["y"].sum())
    table["share_value"] = table["y"] / total if total > 0 else np.nan
    table["status"] = np.where(enough, "ok", "too_few")
    rank = table["y"] / table["people"] if ds.has("orders") else -table["people"].astype(float)
    order = table.assign(last=table["segment"].eq(NONE), rank=-rank)
    order = order.sort_values(["last", "rank", "segment"], kind="stable")
    names = ["segment", "people", "share", "mean", "mean_low", "mean_high", "share_value", "status"]
    return table.loc[order.index, names].reset_index(drop=True)


def tier_moves(
    ds: Dataset, tiers: list[str], days: int = DAYS, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return who moved between tiers in the last days; see `transitions.transition_table`.

    Args:
        ds: The dataset, with tiers.
        tiers: The tiers in order, the highest first, as `tier_holders` has them.
        days: Days that are looked back.
        level: Confidence level.

    Raises:
        NotEnoughDataError: Nobody held a tier then, or the data had not begun.
    """
    then = known_then(ds, days)
    before, after = tiers_held(then), tiers_held(ds)
    counts = moves(ds, before, after, absent=NEW, lost=NONE)
    if not (counts["origin"] != NEW).any():
        raise NotEnoughDataError(f"nobody held a tier {days} days ago.")
    # One who held none then and one who was not there yet look alike here: both are new to it.
    known = list(
        dict.fromkeys(
            [
                *(name for name in tiers if name != NONE),
                *sorted({*counts["origin"], *counts["segment"]} - {NEW, NONE}),
            ]
        )
    )
    return transition_table(counts, (*known, NONE, NEW), smallest=minimum(ds, None), level=level)


def tier_spans(ds: Dataset) -> pd.DataFrame:
    """Return how long tiers were held, as `models.survival_curve` takes it, a segment a tier.

    A tier held again within a day of its end goes on. What holds at the end of `as_of` is left
    where it stands. Spells of one member are alike, but few have several of one tier.

    Args:
        ds: The dataset, with tiers.

    Returns:
        Frame: segment (tier), lower, upper (days), observed, n.

    Raises:
        MissingTableError: There are no tiers.
        NotEnoughDataError: There are no spells.
    """
    rows = ds.table("tiers").anti_join(ds.staff_ids(), "member_id")
    last = periods.number_of(ds.as_of, "day")
    rows = rows.select(
        "member_id", segment="tier", begin=periods.number(rows.valid_from, "day"),
        end=periods.number(rows.valid_to, "day").fill_null(last + 1),
    )  # fmt: skip
    own = ibis.window(group_by=["member_id", "segment"], order_by=["begin", "end"])
    rows = rows.mutate(reach=rows.end.cummax().over(own))
    rows = rows.mutate(reached=rows.reach.lag().over(own))
    fresh = ibis.ifelse((rows.reached.isnull() | (rows.begin > rows.reached + 1)), 1, 0)
    rows = rows.mutate(fresh=fresh.cast("int64"))
    rows = rows.mutate(spell=rows.fresh.cumsum().over(own))
    spells = rows.group_by("member_id", "segment", "spell").agg(
        begin=rows.begin.min(), end=rows.end.max()
    )
    ended = spells.end <= last
    held = ibis.greatest(ibis.least(spells.end, last) - spells.begin, 0)
    # Ended on the day it began: it was held for the first day.
    spells = spells.select(
        "segment", observed=ended, lower=held, upper=ibis.ifelse(ended, held + 1, held)
    )
    keys = ["segment", "lower", "upper", "observed"]
    frame = ds.frame(spells.group_by(keys).agg(n=spells.count()), keys)
    if frame.empty:
        raise NotEnoughDataError("there are no spells in a tier.")
    return frame
