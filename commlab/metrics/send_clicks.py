"""Clicks within a person: after how many sends, and by tag against everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats as distributions

from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.clustered import cluster_sums, clustered_rates, held, two_way_error
from commlab.metrics.sends import WINDOW_DAYS, known_receivers

if TYPE_CHECKING:
    from commlab.dataset import Dataset

RECENT_DAYS = 7
MOST_BAND = 3  # three sends and more in a week are one band
MIN_PEOPLE = 30  # receivers with both kinds of send


def _clickable(ds: Dataset, window_days: int) -> ir.Table:
    rows = known_receivers(ds, window_days)
    if "clicked_at" not in ds.columns("sends"):
        raise MissingTableError(
            "clicks need sends.clicked_at.", where=ds.name, fix="Export who clicked each send."
        )
    return rows


def send_fatigue(
    ds: Dataset, window_days: int = WINDOW_DAYS, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return the click rate by how many sends the person got in the seven days before.

    Args:
        ds: The dataset, with sends by receiver and clicks.
        window_days: Days up to `as_of`.
        level: Confidence level.

    Returns:
        Frame by band (0, 1, 2, 3 for three and more): recent, batches, delivered, clicked, rate,
        low, high (batches as clusters), ratio, ratio_low, ratio_high (of the click rates of the
        same people in this band and after no send), status.

    Raises:
        MissingTableError: No sends by receiver, or no clicks.
        NotEnoughDataError: Nobody clicked.
    """
    rows = _clickable(ds, window_days)
    window = ibis.range_window(
        group_by="member_id", order_by="second", preceding=(RECENT_DAYS * 86_400, 1)
    )
    rows = rows.mutate(recent=rows.delivered.sum().over(window).fill_null(0).cast("int64"))
    rows = rows.filter(rows.over)
    rows = rows.select(
        "member_id", "batch", "clicked", band=ibis.least(rows.recent, MOST_BAND),
        one=ibis.literal(1, "int64"),
    )  # fmt: skip
    rows = held(ds, rows)
    sums = ds.frame(cluster_sums(rows, ["band"], "batch", "clicked", "one"), ["band"])
    if sums.empty or sums["y"].sum() == 0:
        raise NotEnoughDataError("no send to a person was clicked.")
    frame = pd.DataFrame(
        {
            "recent": sums["band"].astype("int64"), "batches": sums["clusters"].astype("int64"),
            "delivered": sums["x"].astype("int64"), "clicked": sums["y"].astype("int64"),
        }
    )  # fmt: skip
    frame = frame.join(clustered_rates(sums, level=level)[["rate", "low", "high"]])
    ratios = []
    for band in frame["recent"]:
        part = rows.filter((rows.band == int(band)) | (rows.band == 0))
        ratios.append(
            (1.0, np.nan, np.nan) if band == 0
            else _within(ds, part, part.band == int(band), level)[:3]
        )  # fmt: skip
    for place, name in enumerate(("ratio", "ratio_low", "ratio_high")):
        frame[name] = [item[place] for item in ratios]
    frame["status"] = np.where(frame["rate"].notna(), "ok", "too_few")
    return frame


def tag_gain(ds: Dataset, window_days: int = WINDOW_DAYS, *, level: float = LEVEL) -> pd.DataFrame:
    """Return click rates of sends by tag and to everyone, among people who got both.

    People who carry a tag have told something about themselves and click more anyway; so each is
    compared with herself (Mantel & Haenszel 1959, a stratum a person).

    Args:
        ds: The dataset, with sends by receiver, tags and clicks.
        window_days: Days up to `as_of`.
        level: Confidence level.

    Returns:
        Frame of one row: people, batches, delivered, clicked, ratio, ratio_low, ratio_high,
        status.

    Raises:
        MissingTableError: No sends by receiver, no clicks or no tags of sends.
        NotEnoughDataError: Fewer than 30 people got both.
    """
    rows = _clickable(ds, window_days)
    if "tag" not in ds.columns("sends"):
        raise MissingTableError(
            "sends by tag need sends.tag.", where=ds.name, fix="Export the tag of each send."
        )
    rows = rows.filter(rows.over, rows.kind != "moments")
    ratio, low, high, facts = _within(ds, rows, rows.targeted, level)
    if facts["people"] < MIN_PEOPLE:
        raise NotEnoughDataError(
            f"{facts['people']} people got both sends by tag and sends to everyone."
        )
    return pd.DataFrame(
        [{**facts, "ratio": ratio, "ratio_low": low, "ratio_high": high,
          "status": "ok" if np.isfinite(ratio) else "too_few"}]
    )  # fmt: skip


def _within(
    ds: Dataset, rows: ir.Table, treated: ir.BooleanValue, level: float
) -> tuple[float, float, float, dict[str, int]]:
    """Return the ratio of click rates within persons, its ends, and what it rests on."""
    rows = rows.select("member_id", "batch", "clicked", t=treated.ifelse(1, 0).cast("int64"))
    everyone = ibis.window(group_by="member_id")
    rows = rows.mutate(
        n1=rows.t.sum().over(everyone).cast("float64"),
        n=rows.t.count().over(everyone).cast("float64"),
        clicks=rows.clicked.sum().over(everyone).cast("float64"),
    )
    rows = held(ds, rows.filter(rows.n1 > 0, rows.n1 < rows.n))
    weight = ((rows.t == 1).ifelse(rows.n - rows.n1, rows.n1)) / rows.n
    sums = ds.frame(
        rows.agg(
            a=(rows.clicked * weight).sum(where=rows.t == 1),
            b=(rows.clicked * weight).sum(where=rows.t == 0),
            people=rows.member_id.nunique(), batches=rows.batch.nunique(), delivered=rows.count(),
            clicked=rows.clicked.sum(),
        )
    ).iloc[0]  # fmt: skip
    facts = {name: int(sums[name] or 0)
             for name in ("people", "batches", "delivered", "clicked")}  # fmt: skip
    top, base = float(sums["a"] or 0.0), float(sums["b"] or 0.0)
    if facts["people"] < MIN_PEOPLE or min(top, base) <= 0 or facts["batches"] < 3:
        return np.nan, np.nan, np.nan, facts
    ratio = top / base
    # What each click is beyond what this person's own rate, times the ratio, lets expect; a rate
    # learnt from n sends takes 1 / n of their spread away.
    own = rows.clicks / (rows.n - rows.n1 + ratio * rows.n1)
    usual = own * (rows.t == 1).ifelse(ratio, 1.0)
    sign = (rows.t == 1).ifelse(1.0, -ratio)
    spread = (rows.n / (rows.n - 1)).sqrt()
    rows = rows.mutate(e=sign * weight * (rows.clicked - usual) * spread / top)
    error, clusters = two_way_error(ds, rows, "e", "batch", "member_id")
    half = float(distributions.t.ppf(0.5 + level / 2, clusters - 1)) * error
    return ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half)), facts
