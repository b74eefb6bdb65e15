"""How long members stay: Kaplan–Meier curves, and the projection beyond them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from commlab.charts import axes, colours, frames, labels, rows as laid
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL, Estimate
from commlab.text import Words, fmt, t, word

_MOST_SEGMENTS = 5


def _segments(frame: pd.DataFrame, lang: str) -> pd.DataFrame:
    rows = frame.copy()
    if "segment" not in rows.columns:
        rows["segment"] = t("common.other.all", lang)
    rows["segment"] = rows["segment"].astype(str)
    return rows


@chart
def survival(
    frame: pd.DataFrame,
    projection: pd.DataFrame | None = None,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    among: Sequence[str] = (),
) -> Chart:
    """Return the share still a member by days since joining: steps with bands, then projection.

    Args:
        frame: `day`, `at_risk`, `survival`, `low`, `high`; `segment` where there are several
            (the five largest are drawn).
        projection: `day`, `survival`, `low`, `high` (and `segment`): dashed, from the day on
            which the data of its segment end; earlier rows are not drawn.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says how many are left where the data end.
        as_of: Last day of the data.
        among: All segments there are, so that each keeps its colour.
    """
    columns = ["day", "survival", "low", "high"]
    frames.need(frame, [*columns, "at_risk"], "charts.retention.survival")
    rows = _segments(frame, lang)
    sizes = rows.assign(n=frames.numbers(rows, "at_risk")).groupby("segment")["n"].max()
    order = sizes.sort_index().sort_values(ascending=False, kind="stable")
    top = list(order.index[:_MOST_SEGMENTS])
    alone = len(top) == 1
    colour = {top[0]: colours.ACCENT} if alone else colours.by_name(top, among)
    ends: list[axes.End] = []
    cutoffs, last = [], float(frames.numbers(rows, "day").max())
    beyond = None
    if projection is not None:
        frames.need(projection, columns, "charts.retention.survival")
        beyond = _segments(projection, lang)
        last = max(last, float(frames.numbers(beyond, "day").max()))
    made = figure(
        title=title or _title(rows[rows["segment"].isin(top)], alone),
        subtitle=t(
            f"retention.survival.subtitle{'_projected' if beyond is not None else ''}", lang
        ),
        foot=foot(
            lang,
            n=float(order[top].sum()),
            unit="",
            as_of=as_of,
            level=LEVEL,
            extra=[laid.not_shown(len(order) - len(top), lang)],
        ),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    for name in reversed(top):
        one = rows[rows["segment"] == name].sort_values("day")
        x, y = frames.numbers(one, "day"), frames.numbers(one, "survival")
        low, high = frames.numbers(one, "low"), frames.numbers(one, "high")
        ax.fill_between(x, low, high, step="post", color=colour[name], alpha=0.14, linewidth=0)
        ax.step(x, y, where="post", color=colour[name], linewidth=2)
        end = float(x[-1]), float(y[-1])
        cutoffs.append(end[0])
        if beyond is not None:
            end = _project(ax, beyond[beyond["segment"] == name], end, colour[name])
        text = fmt.share(end[1], lang)
        if not alone:
            text = f"{labels.name(name, 66 if narrow else 130, made.size(), lines=2)}  {text}"
        ends.append(axes.End(*end, text, colour[name]))
    ax.set_xlim(0, last * 1.01)
    lowest = float(np.nanmin(frames.numbers(rows[rows["segment"].isin(top)], "low")))
    ax.set_ylim(0, 1.02)
    if lowest > 0.8 and beyond is None:  # else all curves stick to the upper edge
        ax.set_ylim(max(0.0, lowest - 0.05), 1.002)
    axes.share_axis(ax, lang)
    ticks = _day_ticks(last, 5 if narrow else 9)
    ax.set_xticks(ticks, [str(int(tick)) for tick in ticks], size=made.size())
    ax.set_xlabel(t("common.axis.day", lang), size=made.size("small"), loc="left")
    axes.keep_right_for(made, [end.text for end in ends])
    settle(made)
    if beyond is not None:
        _mark_cutoff(ax, max(cutoffs), last, lang)
    axes.label_ends(ax, ends)
    return made


def _title(rows: pd.DataFrame, alone: bool) -> Words:
    """Return a title for the last day that all curves reach."""
    day = rows.groupby("segment")["day"].max().min()
    at = rows[rows["day"] <= day].sort_values(["segment", "day"]).groupby("segment").tail(1)
    at = at.sort_values(["survival", "segment"])
    worst, best = at.iloc[0], at.iloc[-1]
    if not alone:
        sure = float(best["low"]) > float(worst["high"])
        return word(
            f"retention.survival.title{'' if sure else '_chance'}",
            days=int(day),
            best=best["segment"],
            high=float(best["survival"]),
            worst=worst["segment"],
            low=float(worst["survival"]),
        )
    value, low, high = (float(best[name]) for name in ("survival", "low", "high"))
    share = Estimate(value=value, low=low, high=high, unit="share")
    return word("retention.survival.title_one", days=int(day), share=share)


def _project(
    ax: Axes, one: pd.DataFrame, start: tuple[float, float], colour: str
) -> tuple[float, float]:
    """Draw a projection from where the data end, and return where it ends itself."""
    one = one.sort_values("day")
    one = one[frames.numbers(one, "day") > start[0]]
    if one.empty:
        return start
    x = np.concatenate([[start[0]], frames.numbers(one, "day")])
    y, low, high = (
        np.concatenate([[start[1]], frames.numbers(one, name)])
        for name in ("survival", "low", "high")
    )
    ax.fill_between(x, low, high, color=colour, alpha=0.08, linewidth=0)
    ax.plot(x, y, color=colour, linewidth=1.8, linestyle=(0, (4, 2.5)))
    return float(x[-1]), float(y[-1])


def _mark_cutoff(ax: Axes, day: float, last: float, lang: str) -> None:
    made = axes.chart_of(ax)
    ax.axvline(day, color=colours.QUIET, linewidth=0.9, linestyle=(0, (1, 2)))
    right = day < 0.75 * last
    ax.annotate(
        t("retention.survival.cutoff", lang), (day, 0), xycoords=("data", "axes fraction"),
        xytext=(4 if right else -4, 4), textcoords="offset points",
        ha="left" if right else "right", size=made.size("small"), color=colours.QUIET,
    )  # fmt: skip


def _day_ticks(last: float, most: int) -> np.ndarray:
    """Return round numbers of days: multiples of 7, 30, 90, 180 or 360."""
    step = next((s for s in (7, 14, 30, 60, 90, 180, 360) if last / s <= most), 720)
    return np.arange(0, last + 1, step)
