"""Charts of notebook 02: how many stay, of whom, and what they spend.

The other charts and the tables of that notebook are here by name too, so that a notebook finds
them in one place.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import frames, heat
from commlab.charts.backtest import backtest
from commlab.charts.curves import curves
from commlab.charts.lifecycle import active_days, lifecycle_bars
from commlab.charts.retention_tables import by_segment, friend_loss, mix_rate, worth
from commlab.charts.segments import friends, low_points
from commlab.charts.style import Chart, chart, foot
from commlab.charts.survival import survival
from commlab.estimate import Estimate
from commlab.text import Words, fmt, t, word

__all__ = [
    "active_days", "backtest", "by_segment", "curves", "friend_loss", "friends",
    "lifecycle_bars", "low_points", "mix_rate", "revenue_retention", "survival", "triangle",
    "worth",
]  # fmt: skip

_CELLS = ("cohort", "period", "status")


def _finding(frame: pd.DataFrame, topic: str, unit: str, lang: str) -> Words:
    """Return a title that reads one row of the frame out: the latest cohort, one period on."""
    known = frame[(frames.status(frame) == "ok") & (frame["period"] == 1)]
    known = known[np.isfinite(frames.numbers(known, "rate"))].sort_values("cohort")
    if known.empty:
        return word(f"retention.{topic}.title_none")
    row = known.tail(1)
    low, high = (float(frames.numbers(row, name)[0]) for name in ("low", "high"))
    known_ends = bool(np.isfinite([low, high]).all())
    rate = Estimate(
        value=float(row["rate"].iloc[0]),
        low=low if known_ends else None,
        high=high if known_ends else None,
        unit="share",
    )
    cohort = fmt.period(frames.days(row, "cohort")[0], unit, lang)
    cohort = cohort[0].upper() + cohort[1:]
    when = t(f"common.period.{unit}", lang, k="1")
    return word(f"retention.{topic}.title", cohort=cohort, when=when, rate=rate)


@chart
def triangle(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "month",
    activity: str = "any",
) -> Chart:
    """Return the retention triangle: cohorts by periods, the rate in each cell.

    Args:
        frame: `cohort` (first day), `period` (int), `at_risk`, `active`, `rate`, `status` ("ok",
            "open", "too_few", "before_data", "after_data"); `size` and `label` where there are.
        lang: "en" or "zh".
        narrow: The form for phones: the last 8 cohorts, the first 7 periods.
        title: The finding; without it the title reads out the latest cohort one period on.
        as_of: Last day of the data.
        unit: Length of a period, "week" or "month".
        activity: What counts as active, a key under `[activity]` of the retention texts.

    Raises:
        ArgumentError: A column is missing.
        NotEnoughDataError: The frame is empty.
    """
    frames.need(frame, [*_CELLS, "at_risk", "rate"], "charts.retention.triangle")
    cells = heat.grid(frame, "rate", "at_risk", narrow=narrow)
    shown = 100 * cells.value[np.isfinite(cells.value)]
    decimals = 1 if shown.size and shown.max() < 10 else 0
    return heat.draw(
        cells,
        lambda rate: fmt.number(100 * rate, lang, decimals=decimals),
        title=title or _finding(frame, "triangle", unit, lang),
        subtitle=t(
            "retention.triangle.subtitle", lang, activity=t(f"retention.activity.{activity}", lang)
        ),
        foot=foot(lang, n=float(np.nansum(np.maximum(cells.size, 0))), as_of=as_of),
        unit=unit,
        lang=lang,
        narrow=narrow,
    )


@chart
def revenue_retention(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "month",
) -> Chart:
    """Return net revenue of each cohort in period k over that in period 0, as a heat map.

    Args:
        frame: `cohort`, `period`, `at_risk` (members), `rate` (net revenue in k over that in
            period 0, may exceed 1), `status` ("ok", "open", "too_few", "before_data",
            "after_data", "no_base"); `low`, `high`, `size` where there are.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the latest cohort one period on.
        as_of: Last day of the data.
        unit: Length of a period.
    """
    frames.need(frame, [*_CELLS, "rate"], "charts.retention.revenue_retention")
    cells = heat.grid(frame, "rate", "at_risk", narrow=narrow)
    people = float(np.nansum(np.maximum(cells.size, 0)))
    return heat.draw(
        cells,
        lambda ratio: fmt.number(100 * ratio, lang, decimals=0),
        title=title or _finding(frame, "revenue", unit, lang),
        subtitle=t("retention.revenue.subtitle", lang),
        foot=foot(lang, n=people or None, as_of=as_of),
        unit=unit,
        lang=lang,
        narrow=narrow,
    )
