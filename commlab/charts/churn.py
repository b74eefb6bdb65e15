"""Charts of notebook 05: how well churn was foretold, what it rests on, who comes back.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, rows as laid
from commlab.charts.churn_tables import bands, drift, layers, methods_table
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

__all__ = [
    "bands",
    "drift",
    "importance",
    "layers",
    "methods",
    "methods_table",
    "reliability",
    "returns",
]

_MOST_FEATURES = {False: 10, True: 8}


@chart
def methods(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    chosen: str = "",
) -> Chart:
    """Return the log loss of every method with its interval, the one used in colour.

    Args:
        frame: `ChurnBacktest.to_frame()`: method, score, value, low, high, n.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title names the method used.
        as_of: Last day of the data.
        chosen: The method used.
    """
    frames.need(
        frame, ["method", "score", "value", "low", "high", "people"], "charts.churn.methods"
    )
    rows = frame[frame["score"] == "log_loss"].reset_index(drop=True)
    frames.need(rows, (), "charts.churn.methods")
    finding = "title" if chosen else "title_open"
    shades = [colours.ACCENT if name == chosen else colours.GREY for name in rows["method"]]
    names = [t(f"churn.method.{name}", lang) for name in rows["method"]]
    used = word(f"churn.method.{chosen}") if chosen else ""
    made = figure(
        title=title or word(f"churn.methods.{finding}", method=used),
        subtitle=t("churn.methods.subtitle", lang),
        foot=foot(lang, n=float(rows["people"].max()), unit="buyers", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )
    laid.dots(made, rows, "value", names, shades, [fmt.number(x, lang, decimals=3)
                                              for x in rows["value"]], lang)  # fmt: skip
    return made


@chart
def importance(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return by how much the log loss rises when a feature is dealt out at random.

    Args:
        frame: `models.permutation_importance`: feature, rise, low, high, people.
        lang: "en" or "zh".
        narrow: The form for phones: 8 features; otherwise 10.
        title: The finding; without it the title names the feature that matters most.
        as_of: Last day of the data.
    """
    frames.need(frame, ["feature", "rise", "low", "high", "people"], "charts.churn.importance")
    rows = frame.head(_MOST_FEATURES[narrow]).reset_index(drop=True)
    rest = len(frame) - len(rows)
    sure = frames.numbers(rows, "low") > 0
    first = word(f"churn.feature.{rows['feature'].iloc[0]}")
    shown = title or word(f"churn.importance.title{'' if sure[0] else '_chance'}", feature=first)
    names = [t(f"churn.feature.{name}", lang) for name in rows["feature"]]
    shades = [colours.ACCENT if ok else colours.GREY for ok in sure]
    made = figure(
        title=shown,
        subtitle=t("churn.importance.subtitle", lang),
        foot=foot(
            lang, n=float(rows["people"].max()), unit="buyers", as_of=as_of, level=LEVEL,
            extra=[laid.not_shown(rest, lang)],
        ),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    values = [fmt.number(x, lang, decimals=3) for x in rows["rise"]]
    laid.dots(made, rows, "rise", names, shades, values, lang)
    return made


@chart
def reliability(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the risk that was said against the share that did not come back.

    Args:
        frame: `models.reliability`: said, happened, low, high, people.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title counts the groups whose interval holds it.
        as_of: Last day of the data.
    """
    frames.need(frame, ["said", "happened", "low", "high", "people"], "charts.churn.reliability")
    frames.need(frame.dropna(subset=["happened"]), (), "charts.churn.reliability")
    rows = frame.dropna(subset=["happened"])
    x, y, low, high = (frames.numbers(rows, name) for name in ("said", "happened", "low", "high"))
    held = int(((low <= x) & (x <= high)).sum())
    made = figure(
        title=title or word("churn.reliability.title", held=held, groups=len(rows)),
        subtitle=t("churn.reliability.subtitle", lang),
        foot=foot(lang, n=float(rows["people"].sum()), unit="", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    ends = min(x.min(), low.min()), max(x.max(), high.max())
    pad = 0.04 * (ends[1] - ends[0])
    ax.plot(ends, ends, color=colours.QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.vlines(x, low, high, color=colours.ACCENT, linewidth=2)
    ax.plot(x, y, "o", color=colours.ACCENT, markersize=6)
    ax.set_xlim(ends[0] - pad, ends[1] + pad)
    ax.set_ylim(max(0.0, ends[0] - pad), min(1.0, ends[1] + pad))
    axes.share_axis(ax, lang)
    axes.share_axis(ax, lang, axis="x", steps=4 if narrow else 6)
    ax.set_xlabel(t("churn.reliability.axis", lang), size=made.size("small"), loc="left")
    return made


@chart
def returns(
    frame: pd.DataFrame,
    sends: pd.DataFrame | None = None,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    horizon: int = 0,
) -> Chart:
    """Return the share that came back by band of silence, with and without a send.

    Args:
        frame: `metrics.dormant_bands`: band, from_day, at_risk, rate, low, high, status.
        sends: The same by `send` ("sent", "not_sent"): drawn instead of the whole.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the first and the last band.
        as_of: Last day of the data.
        horizon: Days within which they came back.
    """
    need = ["band", "from_day", "at_risk", "rate", "low", "high"]
    frames.need(frame, need, "charts.churn.returns")
    every = _known(frame)
    frames.need(every, (), "charts.churn.returns")
    parts = [("all", colours.ACCENT, every)]
    if sends is not None:
        frames.need(sends, [*need, "send"], "charts.churn.returns")
        rows = _known(sends)
        shades = (("sent", colours.ACCENT), ("not_sent", colours.GREY))
        parts = [(arm, shade, rows[rows["send"] == arm]) for arm, shade in shades]
    names = list(every["band"])
    ends = every.iloc[[0, -1]]
    made = figure(
        title=title or word("churn.returns.title", first=str(ends["band"].iloc[0]),
                            early=float(ends["rate"].iloc[0]), last=str(ends["band"].iloc[1]),
                            late=float(ends["rate"].iloc[1])),
        subtitle=t("churn.returns.subtitle", lang, horizon=horizon),
        foot=foot(lang, n=float(every["at_risk"].sum()), unit="", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    for step, (_, shade, rows) in enumerate(parts):
        one = rows[rows["band"].isin(names)]
        at = np.array([names.index(band) for band in one["band"]], dtype=float)
        at += (step - (len(parts) - 1) / 2) * 0.2
        low, high = frames.numbers(one, "low"), frames.numbers(one, "high")
        ax.vlines(at, low, high, color=shade, linewidth=2)
        ax.plot(at, frames.numbers(one, "rate"), "o", color=shade, markersize=6)
    ax.set_ylim(bottom=0)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_xticks(range(len(names)), names, size=made.size())
    axes.share_axis(ax, lang)
    ax.set_xlabel(t("churn.returns.axis", lang), size=made.size("small"), loc="left")
    if len(parts) > 1:
        axes.keep_top(made, 2.7 * made.size("small") + 4)
        settle(made)
        axes.label_row(ax, [(t(f"churn.returns.{arm}", lang), shade) for arm, shade, _ in parts])
    return made


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a rate, the shortest silence first."""
    rows = frame[frames.status(frame) == "ok"]
    return rows[rows["rate"].notna()].sort_values("from_day", kind="stable")
