"""Charts of notebook 11 on tags: coverage, time to the first tag, what followed.

The tables on the same things are here by name too.
"""

from __future__ import annotations

import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, rows as laid
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.charts.tagging_tables import ages, followed, group_name, groups, in_time, torn
from commlab.estimate import LEVEL
from commlab.metrics.tags import ALL, ANY
from commlab.text import Words, fmt, t, word

__all__ = ["ages", "coverage", "followed", "groups", "in_time", "separates", "times", "torn"]

# verdict -> colour, shape, filled
_VERDICTS = {
    "less": (colours.BAD, "v", True), "more": (colours.GOOD, "^", True),
    "chance": (colours.GREY, "o", False),
}  # fmt: skip


@chart
def coverage(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share of members with a tag of each group, old ones lighter.

    Args:
        frame: `metrics.tag_coverage`.
        lang: "en" or "zh".
        narrow: The form for phones: 8 groups; otherwise 12.
        title: The finding; without it the title says how many a person or survey has tagged.
        as_of: Last day of the data.
    """
    where = "charts.tagging.coverage"
    frames.need(frame, ["tag_group", "at_risk", "tagged", "rate", "old"], where)
    known = frame[np.isfinite(frames.numbers(frame, "rate"))].reset_index(drop=True)
    frames.need(known, (), where)
    asked = known[known["tag_group"] == ANY]
    rows = known[known["tag_group"] != ALL].head(laid.MOST[narrow]).reset_index(drop=True)
    share = float(asked["rate"].iloc[0]) if len(asked) else 0.0
    n = float(frames.numbers(known, "at_risk").max())
    made = figure(
        title=title or word("segments.coverage.title", share=share),
        subtitle=t("segments.coverage.subtitle", lang),
        foot=foot(lang, n=n, as_of=as_of),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )
    ax = made.add_subplot()
    rate = frames.numbers(rows, "rate")
    old = np.nan_to_num(frames.numbers(rows, "old") / n)
    shades = [colours.ACCENT if name == ANY else colours.QUIET for name in rows["tag_group"]]
    ax.barh(np.arange(len(rows)), rate, color=[colours.mix(shade, 0.45) for shade in shades],
            height=0.62)  # fmt: skip
    ax.barh(np.arange(len(rows)), rate - old, color=shades, height=0.62)
    ax.set_xlim(0, 1)
    laid.name(ax, [group_name(str(name), lang) for name in rows["tag_group"]], room=(112, 200))
    axes.share_axis(ax, lang, axis="x", steps=4 if narrow else 6)
    axes.keep_right(made, 52)
    axes.keep_top(made, 2.4 * made.size("small"))
    settle(made)
    axes.label_row(
        ax,
        [
            (t("segments.coverage.fresh", lang), colours.ACCENT),
            (t("segments.coverage.old", lang), colours.mix(colours.ACCENT, 0.45)),
        ],
    )
    axes.beside(ax, 46, "", [(k, fmt.share(float(x), lang)) for k, x in enumerate(rate)], top=-0.6)
    return made


@chart
def times(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    days: int = 30,
) -> Chart:
    """Return the share of members with a first tag, by day since joining.

    Args:
        frame: `models.survival_curve` of `metrics.tag_time_rows`; the first 90 days are drawn.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the share after `days`.
        as_of: Last day of the data.
        days: Days that a tag should take at most.
    """
    where = "charts.tagging.times"
    frames.need(frame, ["day", "at_risk", "survival", "low", "high"], where)
    rows = frame[(frame["day"] <= 90) & np.isfinite(frames.numbers(frame, "survival"))]
    frames.need(rows, (), where)
    at = rows[rows["day"] <= days].iloc[-1]
    made = figure(
        title=title or word("segments.times.title", share=1 - float(at["survival"]),
                            days=int(at["day"])),
        subtitle=t("segments.times.subtitle", lang),
        foot=foot(lang, n=float(frames.numbers(rows, "at_risk")[0]), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    x, y, low, high = (frames.numbers(rows, name) for name in ("day", "survival", "low", "high"))
    ax.fill_between(x, 1 - high, 1 - low, color=colours.ACCENT, alpha=0.16, linewidth=0,
                    step="post")  # fmt: skip
    ax.step(x, 1 - y, color=colours.ACCENT, linewidth=2.2, where="post")
    ax.set_ylim(0, 1.02)
    ax.set_xlim(left=0)
    axes.share_axis(ax, lang)
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(6, integer=True))
    ax.set_xlabel(t("segments.times.axis", lang), size=made.size("small"), loc="left")
    settle(made)
    return made


@chart
def separates(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    days: int = 90,
) -> Chart:
    """Return by how much members with a tag bought more or less often than alike ones without.

    Args:
        frame: `metrics.tag_outcomes`; the tags with the largest differences are drawn.
        lang: "en" or "zh".
        narrow: The form for phones: 8 tags; otherwise 12.
        title: The finding; without it the title counts the tags that part people beyond chance.
        as_of: Last day of the data.
        days: Days of what followed.
    """
    where = "charts.tagging.separates"
    frames.need(frame, ["tag", "outcome", "at_risk", "difference", "low", "high", "flagged"], where)
    outcome = "bought" if (frame["outcome"] == "bought").any() else str(frame["outcome"].iloc[0])
    known = frame[(frame["outcome"] == outcome) & np.isfinite(frames.numbers(frame, "difference"))]
    frames.need(known, (), where)
    rows = known.head(laid.MOST[narrow]).sort_values("difference", ascending=False, kind="stable")
    rows = rows.reset_index(drop=True)
    sure = int(np.sum(frames.flags(known, "flagged")))
    made = figure(
        title=title or _separating(sure, len(known)),
        subtitle=t("segments.separates.subtitle", lang, days=days),
        foot=foot(lang, as_of=as_of, level=LEVEL,
                  extra=[laid.not_shown(len(known) - len(rows), lang)]),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    ax = made.add_subplot()
    gap, low, high = (frames.numbers(rows, name) for name in ("difference", "low", "high"))
    for place, flag in enumerate(frames.flags(rows, "flagged")):
        kind = "chance" if not flag else "more" if gap[place] > 0 else "less"
        shade, shape, fill = _VERDICTS[kind]
        laid.mark(ax, place, (low[place], high[place]), gap[place], shade, shape=shape, filled=fill)
    laid.name(ax, [str(name) for name in rows["tag"]], room=(100, 190))
    axes.points_axis(ax, lang, steps=4 if narrow else 6)
    axes.keep_right(made, 58)
    axes.keep_top(made, made.size("small"))
    settle(made)
    counts = [(k, fmt.number(x, lang)) for k, x in enumerate(frames.numbers(rows, "at_risk"))]
    axes.beside(ax, 50, t("common.column.n", lang), counts, top=-0.6)
    return made


def _separating(sure: int, of: int) -> Words:
    # Their number, not the largest: the largest of many is larger than it will prove to be.
    if not sure:
        return word("segments.separates.title_none")
    return word(f"segments.separates.title{'_one' if sure == 1 else ''}", n=sure, of=of)
