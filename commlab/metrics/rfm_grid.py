"""Scores of recency, frequency and money, their cut points, and the grid that they make.

Scores run from 1 to at most `scores`, the best highest. Cut points are quantiles of the buyers at
`as_of`; buyers with the same figure have the same score, so where many bought once there are fewer
scores of frequency than asked for (Fader, Hardie & Lee 2005, RFM and CLV, J. Marketing Research
42, on what such scores hold and lose).
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import periods
from commlab.metrics.rates import minimum
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

SCORES = 5  # the trade's fifths (Hughes 1994, Strategic Database Marketing)
PARTS = ("recency", "frequency", "money")
DAYS = 90  # of what cells bought next: a quarter


def rfm_cuts(ds: Dataset, scores: int = SCORES) -> pd.DataFrame:
    """Return the cut points of the scores, as the buyers of `as_of` draw them.

    Args:
        ds: The dataset, with orders.
        scores: Parts of as equal size as ties allow, 2 to 9.

    Returns:
        Frame by part ("recency" in days since the last purchase, "frequency" in days with a
        purchase, "money" in currency units of net spend so far) and score, best first: part,
        score, above and up_to (the score holds figures above the one and up to the other; missing
        at the ends), buyers.

    Raises:
        MissingTableError: There are no orders.
        NotEnoughDataError: Nobody bought.
    """
    guards.whole("scores", scores, low=2, high=9)
    people = _buyers(ds)
    lines = {part: _lines(ds, people, part, scores) for part in PARTS}
    scored = _scored(people, lines)
    rows = []
    for part in PARTS:
        counts = ds.frame(scored.group_by(score=part).agg(buyers=scored.count()), ["score"])
        unit = ds.money(1.0) if part == "money" else 1.0
        edges = [np.nan, *(unit * line for line in lines[part]), np.nan]
        spans = list(itertools.pairwise(edges))
        # Few days since the last purchase are good: the first span has the highest score.
        spans = spans[::-1] if part == "recency" else spans
        for score, n in counts.sort_values("score", ascending=False).to_numpy().tolist():
            rows.append((part, score, *spans[score - 1], n))
    table = pd.DataFrame(rows, columns=["part", "score", "above", "up_to", "buyers"])
    table.attrs["lines"] = lines
    return table


def rfm_scores(ds: Dataset, cuts: pd.DataFrame) -> ir.Table:
    """Return the scores of each buyer at `as_of` as an expression.

    Columns: `member_id`, `recency`, `frequency`, `money`.

    Args:
        ds: The dataset, with orders; it may be one of an earlier day than the cut points.
        cuts: From `rfm_cuts`.
    """
    return _scored(_buyers(ds), cuts.attrs["lines"]).select("member_id", *PARTS)


def rfm_grid(ds: Dataset, cuts: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return buyers and money by score of recency and frequency.

    Args:
        ds: The dataset, with orders.
        cuts: From `rfm_cuts`.
        level: Confidence level.

    Returns:
        Frame, best cells first: recency, frequency (scores), buyers, share, mean with mean_low
        and mean_high (net spend so far each, Student; currency units), total (of the cell) and
        share_value (of all), status ("ok", "too_few").
    """
    now = _scored(_buyers(ds), cuts.attrs["lines"])
    spend = now.spend.cast("float64")
    sums = now.group_by(_CELL).agg(buyers=now.count(), y=spend.sum(), yy=(spend * spend).sum())
    table = ds.frame(sums, _CELL)
    if table.empty:
        raise NotEnoughDataError("nobody bought anything.")
    unit = ds.money(1.0)
    found = stats.mean_interval(table["buyers"], table["y"], table["yy"], level=level)
    enough = (table["buyers"] >= minimum(ds, None)).to_numpy()
    for name, values in zip(("mean", "mean_low", "mean_high"), found, strict=True):
        table[name] = np.where(enough, unit * values, np.nan)
    table["share"] = table["buyers"] / table["buyers"].sum()
    table["total"] = unit * table["y"]
    table["share_value"] = table["y"] / table["y"].sum()
    table["status"] = np.where(enough, "ok", "too_few")
    table = table.sort_values(_CELL, ascending=False, ignore_index=True)
    return table[[*_CELL, "buyers", "share", "mean", "mean_low", "mean_high", "total",
                  "share_value", "status"]]  # fmt: skip


def rfm_next(
    ds: Dataset, cuts: pd.DataFrame, days: int = DAYS, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return how many of those who were in each cell of the grid have bought since.

    Args:
        ds: The dataset, with orders.
        cuts: From `rfm_cuts`: the same lines for the earlier day.
        days: Days that are looked back.
        level: Confidence level.

    Returns:
        Frame, best cells first: recency, frequency (scores), at_risk (buyers in the cell then),
        took (of them, with a purchase since), rate with low and high (Wilson), status.

    Raises:
        NotEnoughDataError: Nobody had bought by then.
    """
    guards.whole("days", days, low=1)
    day = ds.as_of - dt.timedelta(days=days)
    cut = periods.number_of(day, "day")
    bought = occasions(ds)
    first = ds.frame(bought.agg(first=bought.day.min()))["first"].iloc[0]
    if pd.isna(first) or int(first) > cut:
        raise NotEnoughDataError(f"nobody had bought by {day.isoformat()}.")
    then = rfm_scores(ds.at(day), cuts)
    later = bought.filter(bought.day > cut).select(buyer="member_id").distinct()
    rows = then.left_join(later, then.member_id == later.buyer)
    rows = rows.select(*_CELL, took=ibis.ifelse(rows.buyer.notnull(), 1, 0).cast("int64"))
    sums = rows.group_by(_CELL).agg(at_risk=rows.count(), took=rows.took.sum())
    table = ds.frame(sums, _CELL)
    low, high = stats.wilson(table["took"], table["at_risk"], level=level)
    enough = (table["at_risk"] >= minimum(ds, None)).to_numpy()
    rate = table["took"] / table["at_risk"]
    for name, values in (("rate", rate), ("low", low), ("high", high)):
        table[name] = np.where(enough, values, np.nan)
    table["status"] = np.where(enough, "ok", "too_few")
    return table.sort_values(_CELL, ascending=False, ignore_index=True)


_CELL = ["recency", "frequency"]
# Part -> the figure that is scored.
_RAW = {"recency": "silence", "frequency": "days", "money": "spend"}


def _buyers(ds: Dataset) -> ir.Table:
    """Return member_id, silence (days since the last purchase), days (with one), spend."""
    rows = occasions(ds)
    last = periods.number_of(ds.as_of, "day")
    people = rows.group_by("member_id").agg(
        last=rows.day.max(), days=rows.count().cast("int64"), spend=rows.net.sum().cast("int64")
    )
    return people.select(
        "member_id", "days", "spend",
        silence=(ibis.literal(last, "int64") - people["last"]).cast("int64"),
    )  # fmt: skip


def _lines(ds: Dataset, people: ir.Table, part: str, scores: int) -> list[int]:
    """Return the figures above which a score is one higher (for recency: lower), ascending.

    They are those of the buyers at ranks n/k, 2n/k, …: exact on every engine, unlike a quantile.
    """
    name = _RAW[part]
    counts = ds.frame(people.group_by(name).agg(n=people.count()), [name])
    if counts.empty:
        raise NotEnoughDataError("nobody bought anything.")
    cumulated = counts["n"].cumsum().to_numpy()
    ranks = np.ceil(cumulated[-1] * np.arange(1, scores) / scores)
    places = np.searchsorted(cumulated, ranks)
    found = sorted({int(value) for value in counts[name].to_numpy()[places]})
    # A line at the highest figure parts nobody.
    return [line for line in found if line < int(counts[name].iloc[-1])]


def _scored(people: ir.Table, lines: dict[str, list[int]]) -> ir.Table:
    columns = {}
    for part in PARTS:
        above = ibis.literal(0, "int64")
        for line in lines[part]:
            above = above + ibis.ifelse(people[_RAW[part]] > line, 1, 0).cast("int64")
        # Many days since the last purchase are bad, many purchases are good.
        top = len(lines[part]) + 1
        columns[part] = top - above if part == "recency" else above + 1
    return people.mutate(**columns)
