"""Charts of notebook 09: steps of newcomers, K by generation, the points ledger, coupon batches.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, labels, rows as laid
from commlab.charts.growth_loop_tables import ads, returns, shares, teams
from commlab.charts.growth_members_tables import check_ins, group_ads, packets, trials
from commlab.charts.growth_tables import (
    cohorts,
    coupon_margins,
    dependence,
    generations,
    ledger,
    promises,
    referred,
)
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

__all__ = [
    "ads", "batches", "check_ins", "cohorts", "coupon_margins", "dependence", "generations",
    "group_ads", "k_by_generation", "ledger", "packets", "points", "promises", "referred",
    "returns", "shares", "steps", "streaks", "teams", "trials",
]  # fmt: skip


@chart
def k_by_generation(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return kept invitees per member and cycle, by generation of the member.

    Args:
        frame: `metrics.k_factor`: generation, at_risk, value, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says how many kept invitees a hundred bring.
        as_of: Last day of the data.
    """
    frames.need(frame, ["generation", "at_risk", "value", "low", "high"], "charts.growth.k")
    rows = frame[np.isfinite(frames.numbers(frame, "value"))].reset_index(drop=True)
    frames.need(rows, (), "charts.growth.k")
    whole = rows[rows["generation"] == "all"]
    k = float(whole["value"].iloc[0]) if len(whole) else float(rows["value"].iloc[0])
    made = figure(
        title=title or word("growth.k.title", n=fmt.number(100 * k, lang, decimals=0)),
        subtitle=t("growth.k.subtitle", lang),
        foot=foot(lang, n=float(frames.numbers(rows, "at_risk").max()), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    names = [generation_name(str(name), lang) for name in rows["generation"]]
    shades = [colours.ACCENT if name == "all" else colours.QUIET for name in rows["generation"]]
    values = [fmt.number(float(x), lang, decimals=2) for x in rows["value"]]
    laid.dots(made, rows, "value", names, shades, values, lang)
    return made


def generation_name(name: str, lang: str) -> str:
    """Return the words for a generation: "0" came alone, "1" was brought by one of those, …."""
    if name in ("all", "0"):
        return t(f"growth.generation.{name}", lang)
    return t("growth.generation.other", lang, k=name)


@chart
def points(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the ledger of points by reason: what was given and what was used up.

    Args:
        frame: `metrics.points_by_reason`: reason, points.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says what share of what was given is used up.
        as_of: Last day of the data.
    """
    frames.need(frame, ["reason", "points"], "charts.growth.points")
    rows = frame[frames.numbers(frame, "points") != 0].reset_index(drop=True)
    frames.need(rows, (), "charts.growth.points")
    value = frames.numbers(rows, "points")
    given, gone = value[value > 0].sum(), -value[value < 0].sum()
    share = gone / given if given else float("nan")
    made = figure(
        title=title or word("growth.points.title", share=share),
        subtitle=t("growth.points.subtitle", lang),
        foot=foot(lang, as_of=as_of),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    ax = made.add_subplot()
    shades = [colours.ACCENT if x > 0 else colours.GREY for x in value]
    ax.barh(np.arange(len(rows)), value, color=shades, height=0.62)
    ax.axvline(0, color=colours.QUIET, linewidth=0.9)
    laid.name(ax, [reason_name(str(name), lang) for name in rows["reason"]])
    axes.number_axis(ax, lambda x: fmt.number(x, lang), axis="x", steps=3 if narrow else 6)
    axes.keep_right(made, 62)
    settle(made)
    shown = [(place, fmt.number(float(x), lang)) for place, x in enumerate(value)]
    axes.beside(ax, 56, "", shown, top=-0.6)
    return made


def reason_name(reason: str, lang: str) -> str:
    """Return a reason of the ledger in words where there are any, else as it stands in the data."""
    from commlab.text import has

    key = f"growth.reason.{reason}"
    return t(key, lang) if reason.isidentifier() and has(key) else reason


@chart
def streaks(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share of check-in streaks that go on beyond each day.

    Args:
        frame: `metrics.streak_survival`: days, at_risk, survival, survival_low, survival_high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says how many go on beyond a week.
        as_of: Last day of the data.
    """
    where = "charts.growth.streaks"
    frames.need(frame, ["days", "at_risk", "survival", "survival_low", "survival_high"], where)
    rows = frame[np.isfinite(frames.numbers(frame, "survival"))]
    frames.need(rows, (), where)
    week = rows[rows["days"] <= 7].iloc[-1]
    made = figure(
        title=title or word("growth.streaks.title", share=float(week["survival"]),
                            days=int(week["days"])),
        subtitle=t("growth.streaks.subtitle", lang),
        foot=foot(lang, n=float(frames.numbers(rows, "at_risk")[0]), unit="streaks", as_of=as_of,
                  level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    x = np.concatenate([[0.0], frames.numbers(rows, "days")])
    y, low, high = (np.concatenate([[1.0], frames.numbers(rows, name)])
                    for name in ("survival", "survival_low", "survival_high"))  # fmt: skip
    ax.fill_between(x, low, high, color=colours.ACCENT, alpha=0.16, linewidth=0, step="post")
    ax.step(x, y, color=colours.ACCENT, linewidth=2.2, where="post")
    ax.set_ylim(0, 1.02)
    axes.share_axis(ax, lang)
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(6, integer=True))
    ax.set_xlabel(t("growth.streaks.axis", lang), size=made.size("small"), loc="left")
    settle(made)
    return made


@chart
def batches(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share of coupons used by batch, the latest on top.

    Args:
        frame: `metrics.coupon_batches`: batch, at_risk, passed, rate, low, high.
        lang: "en" or "zh".
        narrow: The form for phones: 8 batches; otherwise 12.
        title: The finding; without it the title says what share of all was used.
        as_of: Last day of the data.
    """
    where = "charts.growth.batches"
    frames.need(frame, ["batch", "at_risk", "passed", "rate", "low", "high"], where)
    known = frame[np.isfinite(frames.numbers(frame, "rate"))]
    frames.need(known, (), where)
    rows = known.head(laid.MOST[narrow]).reset_index(drop=True)
    n, k = (float(known[name].sum()) for name in ("at_risk", "passed"))
    made = figure(
        title=title or word("growth.batches.title", share=k / n),
        subtitle=t("growth.batches.subtitle", lang),
        foot=foot(lang, n=n, unit="coupons", as_of=as_of, level=LEVEL,
                  extra=[laid.not_shown(len(known) - len(rows), lang)]),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    values = [fmt.share(float(x), lang) for x in rows["rate"]]
    names = [str(name) for name in rows["batch"]]
    laid.dots(made, rows, "rate", names, [colours.ACCENT] * len(rows), values, lang, shares=True)
    return made


@chart
def steps(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share of newcomers that took each step, by month of joining.

    Args:
        frame: `metrics.aarrr`: cohort, step, at_risk, rate, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title compares the latest month with the mean before.
        as_of: Last day of the data.
    """
    where = "charts.growth.steps"
    frames.need(frame, ["cohort", "step", "at_risk", "rate", "low", "high"], where)
    rows = frame[np.isfinite(frames.numbers(frame, "rate"))]
    frames.need(rows, (), where)
    months = sorted(rows["cohort"].unique())
    place = {month: k for k, month in enumerate(months)}
    order = list(dict.fromkeys(rows["step"]))
    shades = colours.by_name(order)
    made = figure(
        title=title or word("growth.steps.title", **_latest(rows, order[0])),
        subtitle=t("growth.steps.subtitle", lang),
        foot=foot(lang, n=float(rows.loc[rows["step"] == order[0], "at_risk"].sum()), as_of=as_of,
                  level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    ends = []
    for name in order:
        one = rows[rows["step"] == name]
        x = one["cohort"].map(place).to_numpy(dtype=float)
        y, low, high = (frames.numbers(one, end) for end in ("rate", "low", "high"))
        ax.fill_between(x, low, high, color=shades[name], alpha=0.14, linewidth=0)
        ax.plot(x, y, color=shades[name], linewidth=2.2)
        shown = labels.name(t(f"growth.step.{name}", lang), 78 if narrow else 130, made.size(),
                            lines=2)  # fmt: skip
        ends.append(axes.End(float(x[-1]), float(y[-1]), shown, shades[name]))
    ax.set_ylim(bottom=0)
    axes.share_axis(ax, lang)
    axes.keep_right_for(made, [end.text for end in ends])
    settle(made)
    axes.fit_ticks(ax, list(range(len(months))), months)
    axes.label_ends(ax, ends)
    return made


def _latest(rows: pd.DataFrame, step: str) -> dict[str, object]:
    own = rows[rows["step"] == step].sort_values("cohort")
    last = own.iloc[-1]
    return {"step": word(f"growth.step.{step}"), "rate": float(last["rate"]),
            "cohort": str(last["cohort"])}  # fmt: skip
