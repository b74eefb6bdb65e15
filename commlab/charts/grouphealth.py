"""Charts of notebook 07: stages of groups, how long they live, hours of activity.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, rows as laid
from commlab.charts.grouphealth_tables import causes, decay, groups, hazard, steps
from commlab.charts.grouprisk_tables import (
    at_risk,
    kinds,
    other_hours,
    staffing,
    trials,
    warning_scores,
)
from commlab.charts.hours import week_hours, windows
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.models.groupages import CLAIM
from commlab.text import Words, fmt, t, word

__all__ = [
    "at_risk",
    "causes",
    "decay",
    "groups",
    "hazard",
    "kinds",
    "lives",
    "other_hours",
    "staffing",
    "stages",
    "steps",
    "trials",
    "warning_scores",
    "week_hours",
    "windows",
]  # fmt: skip

_MOST = {False: 24, True: 14}  # groups that stay legible
_SHADES = {"below": colours.BAD, "above": colours.ACCENT, "chance": colours.GREY}


@chart
def stages(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    rule: str = "activity",
) -> Chart:
    """Return the mean of each group with its interval, in colour where it differs beyond chance.

    Args:
        frame: `models.group_stages` with `group`: group, people, mean, mean_low, mean_high,
            rank_stage, verdict, status.
        lang: "en" or "zh".
        narrow: The form for phones: the 14 lowest groups; otherwise 24.
        title: The finding; without it the title counts the silver groups that lie below.
        as_of: Last day of the data.
        rule: "activity" (shares) or "value" (points).
    """
    need = ["group", "people", "mean", "mean_low", "mean_high", "rank_stage", "verdict"]
    frames.need(frame, need, "charts.grouphealth.stages")
    every = frame[frames.status(frame) == "ok"].sort_values("mean", kind="stable")
    frames.need(every, (), "charts.grouphealth.stages")
    silver = every["rank_stage"] == "silver"
    rows = every.head(_MOST[narrow]).iloc[::-1]
    rows = rows.assign(low=rows["mean_low"].clip(lower=0), high=rows["mean_high"])
    sure = int((silver & (every["verdict"] == "below")).sum())
    found = word("grouphealth.stages.title", silver=int(silver.sum()), sure=sure)
    rest = len(every) - len(rows)
    sign = t("grouphealth.stages.silver_sign", lang)
    names = [
        f"{sign} {name}" if stage == "silver" else str(name)
        for name, stage in zip(rows["group"], rows["rank_stage"], strict=True)
    ]
    made = figure(
        title=title or found,
        subtitle=t(f"grouphealth.stages.subtitle_{rule}", lang),
        foot=foot(
            lang, n=float(every["people"].sum()), as_of=as_of, level=LEVEL,
            extra=[t("grouphealth.stages.foot", lang),
                   t("common.foot.not_shown", lang, k=rest) if rest else ""],
        ),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    share = rule == "activity"
    values = [
        fmt.share(x, lang) if share else fmt.number(x, lang, decimals=1) for x in rows["mean"]
    ]
    shades = [_SHADES.get(verdict, colours.GREY) for verdict in rows["verdict"]]
    laid.dots(made, rows, "mean", names, shades, values, lang, shares=share)
    return made


@chart
def lives(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    verdict: str = "open",
    groups: int = 0,
) -> Chart:
    """Return the share of groups alive by age, with the life that the trade gives them shaded.

    Args:
        frame: `GroupAges.curve`: week, groups (at risk), survival, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the verdict.
        as_of: Last day of the data.
        verdict: `GroupAges.verdict`.
        groups: Groups behind the curve.
    """
    frames.need(frame, ["week", "groups", "survival", "low", "high"], "charts.grouphealth.lives")
    week = frames.numbers(frame, "week")
    made = figure(
        title=title or word(f"grouphealth.lives.{verdict}"),
        subtitle=t("grouphealth.lives.subtitle", lang),
        foot=foot(lang, n=float(groups), unit="groups", as_of=as_of, level=LEVEL,
                  extra=[t("grouphealth.lives.foot", lang)]),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    first, last = CLAIM
    ax.axvspan(first, last, color=colours.FESTIVAL, linewidth=0, zorder=0)
    low, high = frames.numbers(frame, "low"), frames.numbers(frame, "high")
    known = np.isfinite(low)
    ax.fill_between(
        week[known], low[known], high[known], step="post", color=colours.ACCENT, alpha=0.14,
        linewidth=0,
    )  # fmt: skip
    ax.step(
        week, frames.numbers(frame, "survival"), where="post", color=colours.ACCENT, linewidth=2.2
    )
    ax.axhline(0.5, color=colours.QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.set_ylim(0, 1.03)
    ax.set_xlim(0, float(week.max()) * 1.02)
    axes.share_axis(ax, lang)
    axes.number_axis(ax, lambda x: f"{x:g}", axis="x", steps=5 if narrow else 8)
    ax.set_xlabel(t("grouphealth.lives.axis", lang), size=made.size("small"), loc="left")
    settle(made)
    return made
