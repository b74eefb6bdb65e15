"""Where retention is low: each segment (or cohort) against the rest, corrected for how many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL
from commlab.metrics import periods as calendar, rates
from commlab.metrics.cells import Cells
from commlab.metrics.contrast import Parts, contrasts, similarity
from commlab.metrics.similarity import Similarity

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_BY = ("segment", "cohort")


def compare_retention(
    source: Dataset | pd.DataFrame,
    by: str = "segment",
    *,
    period: int | None = None,
    level: float = LEVEL,
    min_at_risk: int | None = None,
    anchor: str = "joined",
    cohort: str = "month",
    activity: str = "any",
    kind: str = "on",
    brackets: Sequence[tuple[int, int]] | None = None,
    split: str | None = None,
) -> pd.DataFrame:
    """Return how each segment or cohort differs from all others at the same period.

    Segments are compared within cohorts: the rest is weighted to the segment's own cohorts
    (direct standardisation), so a channel that recruited in a good month gets no credit for the
    month. Cohorts are compared within segments in the same way, where there is a split.

    Members of one chat group are alike, in whatever cohort they joined. So interval and p rest on
    sums over groups, not members, with Student's t (`contrast.contrasts`).

    Args:
        source: The dataset; or a frame that `retention` made, if its members are not clustered
            in chat groups. (Which groups stand on both sides or in two cohorts is not in the
            frame.) With a frame, `anchor` and all after it are not used.
        by: "segment" or "cohort".
        period: One period (for brackets, the first); default each period.
        level: Confidence level.
        min_at_risk: People on either side below which nothing is said; default from the settings.
        anchor: As for `retention`, and so are the others.
        cohort: See `retention`.
        activity: See `retention`.
        kind: See `retention`.
        brackets: See `retention`.
        split: See `retention`; needed to compare segments.

    Returns:
        Frame with `by`, `period`, `at_risk`, `active`, `rate`, `rest_at_risk`, `rest_rate` (of
        the rest, at the same mix), `difference`, `low`, `high`, `p` (for one stratum without
        groups `stats.two_proportion_p`), `p_adjusted` (Benjamini–Hochberg over all rows that
        have a p), `lost` (members kept less than if the segment had kept like the rest; negative:
        kept more), `status` ("ok" or "too_few"). Sorted by period, most lost first. Cells
        without counterpart in the rest are left out of both sides.

    Raises:
        ArgumentError: A frame that lacks a column or whose members are clustered; no `split` to
            compare segments; and as for `retention`.
        MissingTableError: As for `retention`.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> cl.metrics.compare_retention(ds, split="channel", period=1)  # doctest: +SKIP
    """
    guards.one_of("by", by, _BY)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    if period is not None:
        guards.whole("period", period)
    if isinstance(source, pd.DataFrame):
        minimum = MIN_AT_RISK if min_at_risk is None else min_at_risk
        minimum = guards.whole("min_at_risk", minimum, low=1)
        return _of_frame(source, by, period, level, minimum)
    if by == "segment" and split is None:
        raise ArgumentError(
            "by == 'segment' needs a split.", fix="E.g. compare_retention(ds, split='channel')."
        )
    minimum = rates.minimum(source, min_at_risk)
    counts = rates.count(source, anchor, cohort, activity, kind, brackets, split, None)
    table = compare_cells(counts, by, period=period, level=level, minimum=minimum)
    if by == "cohort":
        table["cohort"] = calendar.starts(
            table["cohort"].to_numpy(dtype=np.int64), cohort, source.settings.week_start
        )
    return table


def compare_cells(
    counts: Cells, by: str, *, period: int | None, level: float, minimum: int
) -> pd.DataFrame:
    """Return the comparison from counts; cohorts are named by their numbers.

    The arguments are those of `compare_retention`, checked.
    """
    columns = np.arange(len(counts.first))
    if period is not None:
        columns = columns[counts.first == period]
    segments, segment = np.unique(counts.segments.astype(str), return_inverse=True)
    cohorts, born = np.unique(counts.cohorts, return_inverse=True)
    names = segments.astype(object) if by == "segment" else cohorts
    target, stratum = (segment, born) if by == "segment" else (born, segment)
    known = counts.known[:, columns][counts.row]
    parts = Parts(
        target=target[counts.row],
        stratum=stratum[counts.row],
        cluster=counts.cluster,
        people=counts.people[:, None] * known.astype(float),
        active=counts.active[:, columns] * known.astype(float),
        similarity=similarity(counts),
    )
    return _table(parts, by, names, counts.first[columns], level, minimum)


def _of_frame(
    frame: pd.DataFrame, by: str, period: int | None, level: float, minimum: int
) -> pd.DataFrame:
    needed = [by, "cohort", "period", "at_risk", "active", "deff", "status"]
    lacking = [name for name in needed if name not in frame]
    if lacking:
        raise ArgumentError(
            f"source lacks {', '.join(lacking)}.", fix="Pass what retention(…, split=…) returned."
        )
    known = frame[frame["status"].isin(["ok", "too_few"])]
    if (known["deff"] > 1).any():
        raise ArgumentError(
            "source is a frame whose members are clustered in chat groups.",
            fix="Pass the dataset: compare_retention(ds, split=…) with the arguments of retention.",
        )
    if period is not None:
        known = known[known["period"] == period]
    target, names = pd.factorize(known[by], sort=True)
    other = "cohort" if by == "segment" else "segment"
    stratum = np.zeros(len(known), dtype=np.int64)
    if other in known:
        stratum = pd.factorize(known[other], sort=True)[0]
    column, periods = pd.factorize(known["period"], sort=True)
    shape = (len(known), len(periods))
    place = np.arange(len(known))
    people, active = np.zeros(shape), np.zeros(shape)
    people[place, column] = known["at_risk"].to_numpy(dtype=float)
    active[place, column] = known["active"].to_numpy(dtype=float)
    cluster = np.full(len(known), -1, dtype=np.int64)
    parts = Parts(target, stratum, cluster, people, active, Similarity(0.0, 1.0, 0.0))
    return _table(parts, by, names, np.asarray(periods), level, minimum)


def _table(
    parts: Parts, by: str, names: Any, periods: Any, level: float, minimum: int
) -> pd.DataFrame:
    found = contrasts(parts, level)
    rows, columns = np.nonzero(found.at_risk > 0)
    at_risk, active, rest, expected, half, p = (
        values[rows, columns]
        for values in (
            found.at_risk,
            found.active,
            found.rest_at_risk,
            found.expected,
            found.half,
            found.p,
        )
    )
    few = (at_risk < minimum) | (rest < minimum)
    gap = (active - expected) / at_risk
    table = pd.DataFrame({by: names[rows], "period": periods[columns]})
    for name, number in {"at_risk": at_risk, "active": active, "rest_at_risk": rest}.items():
        table[name] = number.astype("int64")
    figures = {
        "rate": active / at_risk,
        "rest_rate": expected / at_risk,
        "difference": gap,
        "low": np.maximum(gap - half, -1),
        "high": np.minimum(gap + half, 1),
        "p": p,
        "lost": -gap * at_risk,
    }
    for name, values in figures.items():
        table[name] = np.where(few, np.nan, values)
    table["p_adjusted"] = stats.benjamini_hochberg(table["p"].to_numpy(dtype=float))
    table["status"] = np.where(few, "too_few", "ok")
    ordered = [by, "period", "at_risk", "active", "rate", "rest_at_risk", "rest_rate", "difference",
               "low", "high", "p", "p_adjusted", "lost", "status"]  # fmt: skip
    ranked = table.sort_values(["period", "lost", by], ascending=[True, False, True])
    return ranked[ordered].reset_index(drop=True)
