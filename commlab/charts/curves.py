"""Retention by period: one panel while the bands can be told apart, else one a segment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from commlab.charts import axes, colours, frames, labels
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

_MOST_SEGMENTS = 6
_TOGETHER = 3  # bands of more segments hide each other
_FAINT = colours.mix(colours.GREY, 0.6)


@chart
def curves(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "month",
    activity: str = "any",
    among: Sequence[str] = (),
    first: int = 0,
) -> Chart:
    """Return retention by period, with bands.

    Up to three segments share a panel, their names at the ends of their lines. Of more, the six
    largest have a panel each, all the others in grey behind.

    Args:
        frame: `period`, `at_risk`, `rate`, `low`, `high`, `status`; `segment` where there are
            several.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title names the best and the worst segment shown, and
            says so where their intervals overlap.
        as_of: Last day of the data.
        unit: Length of a period.
        activity: What counts as active.
        among: All segments there are, so that each keeps its colour from chart to chart.
        first: First period drawn; 1 leaves out the joining period.
    """
    where = "charts.retention.curves"
    frames.need(frame, ["period", "at_risk", "rate", "low", "high"], where)
    rows = frame[(frames.status(frame) == "ok") & (frame["period"] >= first)]
    rows = rows[np.isfinite(frames.numbers(rows, "rate"))]
    frames.need(rows, (), where)
    names = rows["segment"] if "segment" in rows.columns else t("common.other.all", lang)
    rows = rows.assign(
        segment=names, **{name: frames.numbers(rows, name) for name in _FIGURES}
    ).astype({"segment": str})
    sizes = rows.groupby("segment")["at_risk"].max().sort_index()
    order = list(sizes.sort_values(ascending=False, kind="stable").index)
    top = order[:_MOST_SEGMENTS]
    apart = len(order) > _TOGETHER
    shades = {top[0]: colours.ACCENT} if len(order) == 1 else colours.by_name(top, among)
    rest = len(order) - len(top)
    made = figure(
        title=title or _title(rows[rows["segment"].isin(top)], unit, lang),
        subtitle=t(
            f"retention.curves.subtitle{'_apart' if apart else ''}",
            lang,
            activity=t(f"retention.activity.{activity}", lang),
        ),
        foot=foot(
            lang,
            n=float(sizes.sum()),
            as_of=as_of,
            level=LEVEL,
            extra=[t("common.foot.others", lang, k=rest) if rest else ""],
        ),
        lang=lang,
        narrow=narrow,
        height=_tall(len(top), narrow) if apart else None,
    )
    high = float(np.nanmax(rows.loc[rows["segment"].isin(top), "high"]))
    limits = (first, float(rows["period"].max()), min(1.03, high * 1.06))
    if apart:
        _panels(made, rows, top, shades, limits, unit)
    else:
        _together(made, rows, top, shades, limits, unit)
    return made


_FIGURES = ("at_risk", "rate", "low", "high")


def _tall(panels: int, narrow: bool) -> float:
    return 1.9 + 1.35 * -(-panels // 2) if narrow else 1.6 + 1.8 * -(-panels // 3)


def _line(ax: Axes, one: pd.DataFrame, shade: str, *, dots: bool) -> None:
    x = one["period"].to_numpy(dtype=float)
    ax.fill_between(x, one["low"], one["high"], color=shade, alpha=0.16, linewidth=0)
    ax.plot(x, one["rate"], color=shade, linewidth=2.2, marker="o", markersize=4 if dots else 0)


def _together(
    made: Chart,
    rows: pd.DataFrame,
    top: list[str],
    shades: dict[str, str],
    limits: tuple[int, float, float],
    unit: str,
) -> None:
    first, last, high = limits
    ax = made.add_subplot()
    ends = []
    for name in reversed(top):
        one = rows[rows["segment"] == name].sort_values("period")
        _line(ax, one, shades[name], dots=not made.narrow or len(one) < 3)
        x, y = float(one["period"].iloc[-1]), float(one["rate"].iloc[-1])
        text = fmt.share(y, made.lang)
        if len(top) > 1:
            room = 66 if made.narrow else 130
            text = f"{labels.name(name, room, made.size(), lines=2)}  {text}"
        ends.append(axes.End(x, y, text, shades[name]))
    ax.set_xlim(first - 0.1, last + 0.02 * (last - first) + 0.05)
    ax.set_ylim(0, high)
    axes.share_axis(ax, made.lang)
    axes.period_axis(ax, int(last), unit, made.lang, first=first)
    axes.keep_right_for(made, [end.text for end in ends])
    settle(made)
    axes.label_ends(ax, ends)


def _panels(
    made: Chart,
    rows: pd.DataFrame,
    top: list[str],
    shades: dict[str, str],
    limits: tuple[int, float, float],
    unit: str,
) -> None:
    first, last, high = limits
    across = 2 if made.narrow else 3
    down = -(-len(top) // across)
    grid = made.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    axes.keep_apart(made, 8)
    room = 72 * made.get_figwidth() / across - 92
    for place, ax in enumerate(grid.flat):
        if place >= len(top):
            ax.remove()
            continue
        name = top[place]
        for _, other in rows[rows["segment"] != name].groupby("segment"):
            other = other.sort_values("period")
            ax.plot(other["period"], other["rate"], color=_FAINT, linewidth=0.9)
        one = rows[rows["segment"] == name].sort_values("period")
        _line(ax, one, shades[name], dots=len(one) < 3)
        end = fmt.share(float(one["rate"].iloc[-1]), made.lang)
        ax.set_title(
            f"{labels.name(name, room, made.size())}  {end}", loc="left", pad=4,
            size=made.size(), color=colours.text_in(shades[name]),
        )  # fmt: skip
        ax.set_xlim(first - 0.1, last + 0.1)
        ax.set_ylim(0, high)
        axes.share_axis(ax, made.lang, steps=3)
        axes.period_axis(ax, int(last), unit, made.lang, first=first, most=6)
        lowest = place + across >= len(top)
        ax.tick_params(labelleft=place % across == 0, labelbottom=lowest)
        if not (lowest and place % across == 0):
            ax.set_xlabel("")


def _title(rows: pd.DataFrame, unit: str, lang: str) -> Words:
    """Return a title that gives the span of the segments at the last common period."""
    common = rows.groupby("segment")["period"].max().min()
    at = rows[rows["period"] == common].sort_values(["rate", "segment"])
    when = t(f"common.period.{unit}", lang, k=str(int(common)))
    best, worst = at.iloc[-1], at.iloc[0]
    if len(at) == 1:
        return word("retention.curves.title_one", when=when, rate=float(best["rate"]))
    # Which of many is best or worst is for the corrected comparison to say, not for a title.
    return word(
        "retention.curves.title", when=when, low=float(worst["rate"]), high=float(best["rate"])
    )
