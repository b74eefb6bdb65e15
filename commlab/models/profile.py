"""Segments of the members beside each other: size, retention and net revenue, compared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from commlab import stats
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.clustered import clustered_rates
from commlab.metrics.cohorts import UNKNOWN
from commlab.models.ranking import ranked_segments

# A tier is given for spending and lost by not spending: to compare it by them says nothing new.
CIRCULAR = ("tier",)
COLUMNS = (
    "attribute", "segment", "people", "share", "share_value", "at_risk", "active", "rate", "low",
    "high",
    "difference", "p_adjusted", "flagged", "status", "net_per_member", "net_low", "net_high",
    "net_difference", "net_p_adjusted", "net_flagged", "net_status",
)  # fmt: skip
_PARTS = {"retained": ("rate", "low", "high", ""), "net": ("net_per_member", "net_low", "net_high",
                                                           "net_")}  # fmt: skip


def profile_table(
    counts: Mapping[str, pd.DataFrame],
    sums: Mapping[tuple[str, str], pd.DataFrame],
    *,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return every segment of every dimension with its share, retention and net revenue.

    Rates and means are as counted, among members who joined before the window; chat groups are
    the clusters of their intervals, members without one a cluster each. The difference
    from the other segments of the same dimension is adjusted for the month of joining, with chat
    groups heeded (`ranked_segments`); Benjamini–Hochberg over all segments of all dimensions, for
    each measure. Tiers are not compared.

    Args:
        counts: Dimension → `metrics.profile_counts`.
        sums: (dimension, measure) → `metrics.profile_sums`.
        level: Confidence level.
        min_people: Segments of fewer people are "too_few"; for means of money fewer than 100 are
            not compared.

    Returns:
        Frame by dimension and segment, in their order: attribute, segment, people (all members),
        share, share_value, at_risk (joined before the window); active (of them, retained), rate
        with low and high (Wilson, n divided by the design effect), difference, p_adjusted,
        flagged, status; net_per_member with net_low and net_high, and net_difference,
        net_p_adjusted, net_flagged, net_status likewise.
    """
    parts = []
    for dimension, frame in counts.items():
        part = frame.assign(attribute=dimension, at_risk=0)
        for measure, (value, low, high, prefix) in _PARTS.items():
            own = sums.get((dimension, measure))
            found = _measured(own, dimension, level, min_people)
            found = found.reindex(part["segment"]).reset_index(drop=True)
            for name, source in ((value, "mean"), (low, "mean_low"), (high, "mean_high"),
                                 ("difference", "difference"), ("p", "p")):  # fmt: skip
                out = f"{prefix}{name}" if name in ("difference", "p") else name
                part[out] = found[source].to_numpy(dtype=float)
            if measure == "retained":
                part["active"] = found["total"].astype("Int64")
            part[f"{prefix}status"] = found["status"].fillna("too_few").to_numpy()
            part["at_risk"] = np.maximum(part["at_risk"], found["people"].fillna(0).astype(int))
        parts.append(part)
    if not parts:
        raise NotEnoughDataError("nothing is known of the members: neither sex nor age nor region.")
    table = pd.concat(parts, ignore_index=True)
    for prefix in ("", "net_"):
        adjusted = stats.benjamini_hochberg(table.pop(f"{prefix}p").to_numpy(dtype=float))
        table[f"{prefix}p_adjusted"] = adjusted
        table[f"{prefix}flagged"] = adjusted < 1 - level
    return table[list(COLUMNS)]


def _measured(
    sums: pd.DataFrame | None, dimension: str, level: float, min_people: int
) -> pd.DataFrame:
    """Return mean, interval, difference and p by segment; missing where they cannot be said."""
    names = ["people", "total", "mean", "mean_low", "mean_high", "difference", "p", "status"]
    if sums is None or sums.empty:
        return pd.DataFrame(columns=names)
    whole = _clusters(sums)
    n, total = (whole[name].to_numpy(dtype=float) for name in ("x", "y"))
    shares = bool((sums["total"] == sums["square"]).all())
    if shares:
        rates = clustered_rates(whole, level=level)
        mean, low, high = (rates[name].to_numpy() for name in ("rate", "low", "high"))
    else:
        parts = [whole[name] for name in ("clusters", "y", "x", "yy", "xx", "xy")]
        mean, low, high = stats.ratio_interval(*parts, level=level)
    # One chat group tells nothing of how much groups vary.
    enough = (n >= min_people) & (whole["clusters"] > 1).to_numpy()
    plain = pd.DataFrame({
        "people": n.astype(int), "total": total,
        **{name: np.where(enough, x, np.nan) for name, x in
           (("mean", mean), ("mean_low", low), ("mean_high", high))},
        "difference": np.nan, "p": np.nan, "status": np.where(enough, "ok", "too_few"),
    }, index=whole.index)  # fmt: skip
    if dimension in CIRCULAR:
        return plain
    try:
        ranked = ranked_segments(sums, level=level, min_people=min_people).set_index("segment")
    except NotEnoughDataError:
        return plain  # one segment, or nobody differs: there is a mean, and nothing to compare
    known = (ranked["status"] == "ok") & (ranked.index != UNKNOWN)
    for name in ("difference", "p"):
        plain[name] = ranked[name].where(known).reindex(plain.index)
    return plain


def _clusters(sums: pd.DataFrame) -> pd.DataFrame:
    """Return by segment what `clustered_rates` takes; members of no chat group stand alone."""
    grouped = sums[sums["cluster"].notna()]
    own = grouped.groupby(["segment", "cluster"])[["n", "total"]].sum()
    own = own.rename(columns={"n": "x", "total": "y"}).astype(float)
    own = own.assign(clusters=1.0, yy=own["y"] ** 2, xx=own["x"] ** 2, xy=own["x"] * own["y"])
    lone = sums[sums["cluster"].isna()].set_index("segment")
    n, total = lone["n"].astype(float), lone["total"].astype(float)
    alone = pd.DataFrame({"x": n, "y": total, "clusters": n, "yy": lone["square"].astype(float),
                          "xx": n, "xy": total})  # fmt: skip
    return pd.concat([own.droplevel("cluster"), alone]).groupby("segment").sum()
