"""From one state to another: shares of those who began in a state, with chat groups heeded.

A closed account: the rows of one origin add up to the people who began there, wherever they went.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab.estimate import LEVEL
from commlab.metrics import cohorts
from commlab.metrics.clustered import clustered_rates
from commlab.stats import wilson

if TYPE_CHECKING:
    from commlab.dataset import Dataset

NEW = "new"  # origin of those who were not there yet
COLUMNS = ("origin", "segment", "at_risk", "went", "rate", "low", "high", "status")
_SUMS = ("clusters", "y", "x", "yy", "xx", "xy")


def moves(
    ds: Dataset, before: ir.Table, after: ir.Table, *, absent: str = NEW, lost: str = "unknown"
) -> pd.DataFrame:
    """Return people by origin, destination and chat group, counted in the engine.

    Args:
        ds: The dataset.
        before: `member_id`, `state` of those who were there at the start.
        after: The same at the end.
        absent: Origin of those who are in `after` alone.
        lost: Destination of those who are in `before` alone.

    Returns:
        Frame: origin, segment (destination), cluster (first chat group joined; missing without),
        n.
    """
    first, then = (
        before.select("member_id", origin="state"),
        after.select(other="member_id", segment="state"),
    )
    both = first.outer_join(then, first.member_id == then.other)
    # What is computed stands apart from the join, or the next one could not refer to it.
    both = both.select("member_id", "other", "origin", "segment")
    both = both.mutate(
        who=ibis.coalesce(both.member_id, both.other),
        origin=both.origin.fill_null(absent),
        segment=both.segment.fill_null(lost),
    ).drop("member_id", "other")
    if ds.has("memberships"):
        groups = cohorts.members(ds, cluster=True).select("member_id", "cluster")
        both = both.left_join(groups, both.who == groups.member_id).drop("member_id")
    else:
        both = both.mutate(cluster=ibis.null("string"))
    keys = ["origin", "segment", "cluster"]
    return ds.frame(both.group_by(keys).agg(n=both.count()), keys)


def transition_table(
    counts: pd.DataFrame,
    states: Sequence[str],
    *,
    smallest: int,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return the shares of each origin that went to each state, with Wilson intervals.

    Members of one chat group are alike: n is divided by the design effect, groups being the units
    and members without one a unit each.

    Args:
        counts: From `moves`.
        states: Every state, in order; origins and destinations that nobody has are left out.
        smallest: Origins of fewer people are "too_few".
        level: Confidence level.

    Returns:
        Frame by origin and destination, in the order of `states`: origin, segment (destination),
        at_risk (people who began there), went, rate, low, high, status. The
        rows of an origin add up to its at_risk.

    Example:
        >>> counts = pd.DataFrame({"origin": "a", "segment": ["a", "b"], "cluster": None,
        ...                        "n": [60, 40]})
        >>> transition_table(counts, ["a", "b"], smallest=30)["went"].tolist()
        [60, 40]
    """
    order = {state: place for place, state in enumerate(states)}
    origins = [s for s in states if s in set(counts["origin"])]
    ends = [s for s in states if s in set(counts["segment"])]
    rows = [_row(counts, origin, end) for origin in origins for end in ends]
    sums = pd.DataFrame(rows, columns=["origin", "segment", *_SUMS, "grouped"])
    found = clustered_rates(sums, level=level)
    # Members of no group at all are independent.
    plain = ~sums["grouped"].to_numpy(dtype=bool)
    low, high = wilson(sums["y"], sums["x"], level=level)
    for name, values in (("rate", sums["y"] / sums["x"]), ("low", low), ("high", high)):
        found[name] = np.where(plain, values, found[name])
    enough = (sums["x"] >= smallest).to_numpy()
    # One chat group tells nothing of how much groups vary.
    known = enough & found["rate"].notna().to_numpy()
    table = pd.DataFrame({
        "origin": sums["origin"], "segment": sums["segment"], "at_risk": sums["x"].astype("int64"),
        "went": sums["y"].astype("int64"),
        **{name: found[name].where(known) for name in ("rate", "low", "high")},
        "status": np.where(known, "ok", "too_few"),
    })  # fmt: skip
    places = [table[name].map(order) for name in ("origin", "segment")]
    ranked = table.iloc[np.lexsort(places[::-1])].reset_index(drop=True)
    return ranked[list(COLUMNS)]


def _row(counts: pd.DataFrame, origin: str, end: str) -> tuple[object, ...]:
    own = counts[counts["origin"] == origin]
    there = own["segment"] == end
    grouped = own["cluster"].notna()
    n = own["n"].to_numpy(dtype=float)
    lone, hit = float(n[~grouped].sum()), float(n[~grouped & there].sum())
    of = own.assign(y=np.where(there, n, 0.0))[grouped].groupby("cluster")[["n", "y"]].sum()
    x, y = of["n"].to_numpy(dtype=float), of["y"].to_numpy(dtype=float)
    return (origin, end, len(of) + lone, y.sum() + hit, x.sum() + lone, (y**2).sum() + hit,
            (x**2).sum() + lone, (x * y).sum() + hit, len(of) > 0)  # fmt: skip
