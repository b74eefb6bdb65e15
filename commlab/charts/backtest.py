"""Whether a projection can be trusted: what it said earlier beside what came."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from commlab.charts import axes, colours, frames
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

_MOST_CUTOFFS = {False: 3, True: 1}
_SHADES = {"predicted": colours.ACCENT, "actual": colours.INK, "baseline": colours.GREY}


@chart
def backtest(
    scores: Any,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "month",
) -> Chart:
    """Return what was projected at earlier cutoffs beside what came, and what a baseline said.

    Args:
        scores: `models.Backtest`, or its `beside_baseline()`: `cohort` (the cutoff), `period`
            (after it; 0: those who were there), `actual`, `predicted`, `low`, `high`,
            `baseline` (shares still there), `fitted` (True: known at the cutoff).
        lang: "en" or "zh".
        narrow: The form for phones: the latest cutoff; otherwise the latest three.
        title: The finding; without it the title compares the mean absolute errors.
        as_of: Last day of the data.
        unit: Length of a period.
    """
    frame = scores if isinstance(scores, pd.DataFrame) else scores.beside_baseline()
    columns = ["cohort", "period", "actual", "predicted", "low", "high", "baseline"]
    frames.need(frame, columns, "charts.retention.backtest")
    rows = frame.assign(cohort=frames.days(frame, "cohort"), fitted=frames.flags(frame, "fitted"))
    rows = rows.sort_values(["cohort", "period"])
    held = rows[~rows["fitted"]]
    actual = frames.numbers(held, "actual")
    errors = {
        name: float(np.nanmean(np.abs(frames.numbers(held, name) - actual)))
        for name in ("predicted", "baseline")
    }
    cutoffs = sorted(set(rows["cohort"]))
    shown = cutoffs[-_MOST_CUTOFFS[narrow] :]
    rest = len(cutoffs) - len(shown)
    verdict = "better" if errors["predicted"] < errors["baseline"] else "worse"
    made = figure(
        title=title or word(f"retention.backtest.title_{verdict}", **errors),
        subtitle=t("retention.backtest.subtitle", lang),
        foot=foot(
            lang,
            as_of=as_of,
            level=LEVEL,
            extra=[t("common.foot.not_shown", lang, k=rest) if rest else ""],
        ),
        lang=lang,
        narrow=narrow,
    )
    grid = made.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    axes.keep_apart(made, 8)
    drawn = rows[rows["cohort"].isin(shown)]
    lowest = min(float(np.nanmin(frames.numbers(drawn, name))) for name in columns[2:])
    for ax, cutoff in zip(grid, shown, strict=True):
        _panel(ax, drawn[drawn["cohort"] == cutoff], cutoff, unit, lang)
        ax.set_ylim(0 if lowest < 0.5 else max(0.0, lowest - 0.1), 1.03)
    axes.share_axis(grid[0], lang)
    for ax in grid[1:]:
        ax.grid(visible=True, axis="y")
        ax.tick_params(labelleft=False)
    last = drawn[drawn["cohort"] == shown[-1]].iloc[-1]
    ends = [
        axes.End(
            float(last["period"]), float(last[name]), t(f"retention.backtest.{name}", lang), shade
        )
        for name, shade in _SHADES.items()
        if pd.notna(last[name])
    ]
    axes.keep_right_for(made, [end.text for end in ends])
    settle(made)
    axes.label_ends(grid[-1], ends)
    return made


def _panel(ax: Axes, one: pd.DataFrame, cutoff: dt.date, unit: str, lang: str) -> None:
    made = axes.chart_of(ax)
    x = frames.numbers(one, "period")
    low, high = frames.numbers(one, "low"), frames.numbers(one, "high")
    ax.fill_between(x, low, high, color=colours.ACCENT, alpha=0.14, linewidth=0)
    ax.plot(x, frames.numbers(one, "baseline"), color=colours.GREY, linewidth=1.6, dashes=(4, 2))
    ax.plot(x, frames.numbers(one, "predicted"), color=colours.ACCENT, linewidth=2)
    ax.plot(x, frames.numbers(one, "actual"), "o", color=colours.INK, markersize=4.5)
    known = one["fitted"].to_numpy(dtype=bool)
    if known.any() and x[known].max() > x.min():
        ax.axvline(float(x[known].max()), color=colours.QUIET, linewidth=0.9, dashes=(1, 2))
    name = t("retention.backtest.cutoff", lang, day=fmt.date(cutoff, lang))
    ax.set_title(name, size=made.size(), loc="left", color=colours.INK)
    ax.set_xlim(float(x.min()) - 0.02 * float(np.ptp(x)), float(x.max()) + 0.06 * float(np.ptp(x)))
    axes.period_axis(ax, int(x.max()), unit, lang, most=6)
    ax.set_xlabel(t(f"retention.backtest.axis_{unit}", lang), size=made.size("small"), loc="left")
