"""Charts of the hours at which members write."""

from __future__ import annotations

import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.text import Words, lookup, t, word

_SCALE = mpl.colormaps["viridis_r"]
_ENDS = (0.04, 0.92)  # neither glaring yellow nor near black
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def clock(hour: int) -> str:
    """Return an hour as a clock shows it.

    Example:
        >>> clock(8), clock(24)
        ('08:00', '00:00')
    """
    return f"{int(hour) % 24:02d}:00"


@chart
def windows(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share of a day's activity in each window, those in colour that could be the best.

    Args:
        frame: `PushWindows.to_frame()`: start, end, share, low, high, could_be_best, people, days.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title names the best window, and how many others could
            be.
        as_of: Last day of the data.
    """
    need = ["start", "end", "share", "low", "high", "could_be_best", "days"]
    frames.need(frame, need, "charts.hours.windows")
    rows = frame.sort_values("start").reset_index(drop=True)
    best = rows.iloc[int(rows["share"].argmax())]
    others = int(rows["could_be_best"].sum()) - 1
    key = "title" if others <= 0 else "title_several"
    made = figure(
        title=title
        or word(
            f"grouphealth.windows.{key}", start=clock(best["start"]), end=clock(best["end"]),
            share=float(best["share"]), others=others,
        ),
        subtitle=t("grouphealth.windows.subtitle", lang),
        foot=foot(
            lang, n=float(rows["days"].max()), unit="days", as_of=as_of, level=LEVEL,
            extra=[t("grouphealth.windows.foot", lang)],
        ),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    x, share = frames.numbers(rows, "start"), frames.numbers(rows, "share")
    could = frames.flags(rows, "could_be_best")
    shades = [colours.ACCENT if yes else colours.GREY for yes in could]
    ax.vlines(x, frames.numbers(rows, "low"), frames.numbers(rows, "high"), colors=shades,
              linewidth=2.4)  # fmt: skip
    for at, height, shade in zip(x, share, shades, strict=True):
        ax.plot(at, height, "o", color=shade, markersize=5.5)
    ax.set_ylim(0, float(np.nanmax(frames.numbers(rows, "high"))) * 1.08)
    ax.set_xlim(-0.7, 23.7)
    ticks = range(0, 24, 6 if narrow else 2)
    ax.set_xticks(list(ticks), [clock(tick) for tick in ticks], size=made.size())
    axes.share_axis(ax, lang)
    ax.set_xlabel(t("grouphealth.windows.axis", lang), size=made.size("small"), loc="left")
    settle(made)
    return made


@chart
def week_hours(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return a heat map of weekday by hour: members who write in a usual week.

    Args:
        frame: `metrics.week_profile`: weekday, hour, days, mean, share.
        lang: "en" or "zh".
        narrow: The form for phones: hours go down instead of across.
        title: The finding; without it the title says what is drawn.
        as_of: Last day of the data.
    """
    frames.need(frame, ["weekday", "hour", "days", "mean", "share"], "charts.hours.week_hours")
    made = figure(
        title=title or word("grouphealth.week.title"),
        subtitle=t("grouphealth.week.subtitle", lang),
        foot=foot(lang, n=float(frame.groupby("weekday")["days"].max().sum()), unit="days",
                  as_of=as_of),
        lang=lang,
        narrow=narrow,
        height=6.4 if narrow else 3.9,
    )  # fmt: skip
    table = np.zeros((7, 24))
    # Cells of few people are hidden, and drawn as hours in which nobody writes.
    table[frame["weekday"], frame["hour"]] = np.nan_to_num(frames.numbers(frame, "mean"))
    ax = made.add_subplot()
    scale = table / max(table.max(), 1e-12)
    shades = _SCALE(_ENDS[0] + (_ENDS[1] - _ENDS[0]) * scale)[..., :3]
    names = [lookup(f"grouphealth.weekday.{day}", lang) for day in _DAYS]
    picture = shades.transpose(1, 0, 2) if narrow else shades
    ax.imshow(picture, aspect="auto", interpolation="nearest")
    hours = list(range(0, 24, 3))
    set_days, set_hours = (ax.set_xticks, ax.set_yticks) if narrow else (
        ax.set_yticks, ax.set_xticks,
    )  # fmt: skip
    set_days(range(7), names, size=made.size())
    set_hours(hours, [clock(hour) for hour in hours], size=made.size())
    for spine in ax.spines.values():
        spine.set_visible(False)
    across, down = (7, 24) if narrow else (24, 7)
    ax.set_xticks(np.arange(across + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(down + 1) - 0.5, minor=True)
    ax.grid(visible=True, which="minor", color=colours.CARD, linewidth=1.5)
    ax.tick_params(which="minor", length=0)
    settle(made)
    return made
