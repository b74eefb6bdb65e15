"""Where it is low: segments against everybody, and friends lost by channel code."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, rows as laid
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL, Estimate
from commlab.text import Words, fmt, has, t, word

# verdict -> colour, shape, filled
_VERDICTS = {
    "below": (colours.BAD, "v", True),
    "above": (colours.GOOD, "^", True),
    "chance": (colours.GREY, "o", False),
}
# From the first day to the thirtieth: the longer the window, the darker.
_WINDOW_SHADES = ("#e69f00", "#d55e00", "#7a2b00")


@chart
def low_points(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    period: int | None = None,
) -> Chart:
    """Return by how much segments are below or above the others, with intervals, worst first.

    Args:
        frame: From `models.lost_members` (against the overall curve) or
            `metrics.compare_retention` (against the rest at one period): `segment`, `at_risk`,
            `difference` (of shares kept), `low`, `high`, `lost` (members more than expected;
            negative: fewer), `p_adjusted` or `flagged`, `status`.
        lang: "en" or "zh".
        narrow: The form for phones: 8 rows; otherwise 12.
        title: The finding; without it the title names the segment that loses most.
        as_of: Last day of the data.
        period: The period to show, where the frame has several.
    """
    rows = compared(frame, period)
    frames.need(rows[rows["status"] == "ok"], (), "charts.retention.low_points")
    rows = rows[rows["status"] == "ok"].reset_index(drop=True)
    against = "all" if "expected" in rows.columns else "others"
    people = float(np.nansum(frames.numbers(rows, "at_risk")))
    left_out = max(0, len(rows) - laid.MOST[narrow])
    rows = rows.head(laid.MOST[narrow])
    extra = [
        t("retention.low.corrected", lang),
        laid.not_shown(left_out, lang),
    ]
    made = figure(
        title=title or _low_title(rows),
        subtitle=t(f"retention.low.subtitle_{against}", lang),
        foot=foot(lang, n=people, unit="", as_of=as_of, level=LEVEL, extra=extra),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow, 1.8),
    )
    ax = made.add_subplot()
    middle, low, high = (frames.numbers(rows, name) for name in ("difference", "low", "high"))
    for place, verdict in enumerate(rows["verdict"]):
        shade, shape, fill = _VERDICTS[verdict]
        # Shape as well as colour says the verdict.
        laid.mark(
            ax, place, (low[place], high[place]), middle[place], shade, shape=shape, filled=fill,
            size=7,
        )  # fmt: skip
    laid.name(ax, list(rows["segment"]))
    axes.points_axis(ax, lang, steps=4 if narrow else 6)
    axes.keep_right(made, 58 if narrow else 126)
    axes.keep_top(made, made.size("small"))
    settle(made)
    columns = [(50, "retention.low.lost_head", "lost")]
    if not narrow:
        columns.append((118, "common.column.at_risk", "at_risk"))
    for offset, head, name in columns:
        values = [fmt.number(round(value), lang) for value in frames.numbers(rows, name)]
        axes.beside(ax, offset, t(head, lang), list(enumerate(values)), top=-0.6)
    return made


def compared(frame: pd.DataFrame, period: int | None = None) -> pd.DataFrame:
    """Return a comparison of segments for one period, most lost first, with a `verdict`.

    Args:
        frame: See `low_points`.
        period: The period, where the frame has several.

    Returns:
        The rows with `status` (default "ok") and `verdict`: "below" or "above" beyond chance
        after correction, "chance", or "" where nothing is said. Those without a figure are last.

    Raises:
        ArgumentError: A column is missing, or the frame has several periods and none is named.
    """
    columns = ["segment", "at_risk", "difference", "low", "high", "lost"]
    frames.need(frame, columns, "segments")
    rows = frame
    if "period" in frame.columns:
        there = sorted(set(frame["period"]))
        if period is None and len(there) > 1:
            raise ArgumentError(
                f"The frame has the periods {there}.", where="segments", fix="Name one: period=1."
            )
        rows = frame if period is None else frame[frame["period"] == period]
        frames.need(rows, (), "segments")
    if "flagged" in rows.columns:
        flagged = frames.flags(rows, "flagged")
    else:
        flagged = frames.numbers(rows, "p_adjusted") < 1 - LEVEL
    state, gap = frames.status(rows), frames.numbers(rows, "difference")
    verdict = np.where(flagged, np.where(gap < 0, "below", "above"), "chance")
    rows = rows.assign(
        segment=rows["segment"].astype(str),
        status=state,
        verdict=np.where(state == "ok", verdict, ""),
        _known=state != "ok",
        _lost=-np.nan_to_num(frames.numbers(rows, "lost")),
    )
    rows = rows.sort_values(["_known", "_lost", "segment"], kind="stable")
    return rows.drop(columns=["_known", "_lost"]).reset_index(drop=True)


def column_name(by: str, lang: str) -> str:
    """Return the head of a column of segments: what tells them apart, in words."""
    key = f"common.column.{by}"
    return t(key if has(key) else "common.column.segment", lang)


def _low_title(rows: pd.DataFrame) -> Words:
    below = rows[rows["verdict"] == "below"]
    if below.empty:
        return word("retention.low.title_none")
    row = below.iloc[0]
    lost = round(float(row["lost"]))
    return word("retention.low.title", segment=row["segment"], lost=lost)


@chart
def friends(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    by: str = "code",
) -> Chart:
    """Return the share of added friends who deleted within each window, by channel code.

    Args:
        frame: `segment`, `days` (length of the window: 1, 7, 30), `friends` (added long enough
            ago for the window to be over), `rate`, `low`, `high`, `status`. Those with the highest
            rate in the longest window are drawn.
        lang: "en" or "zh".
        narrow: The form for phones: 8 codes; otherwise 12.
        title: The finding; without it the title names the code that loses most in the longest
            window.
        as_of: Last day of the data.
        by: What tells segments apart: a key under `[column]` of the common texts.
    """
    frames.need(
        frame, ["segment", "days", "friends", "rate", "low", "high"], "charts.retention.friends"
    )
    ok = frame[frames.status(frame) == "ok"]
    frames.need(ok, (), "charts.retention.friends")
    rows = ok.assign(segment=ok["segment"].astype(str), n=frames.numbers(ok, "friends"))
    windows = sorted(set(rows["days"].astype(int)))[-3:]
    sizes = rows.groupby("segment")["n"].max()
    longest = rows[rows["days"] == windows[-1]].set_index("segment")
    rank = longest["rate"].astype(float).to_dict()
    order = sorted(sizes.index, key=lambda name: (-rank.get(name, -1.0), name))
    left_out = max(0, len(order) - laid.MOST[narrow])
    order = order[: laid.MOST[narrow]]
    made = figure(
        title=title or _friends_title(longest, windows[-1]),
        subtitle=t("retention.friends.subtitle", lang, by=column_name(by, lang)),
        foot=foot(
            lang,
            n=float(sizes.sum()),
            unit="friends",
            as_of=as_of,
            level=LEVEL,
            extra=[laid.not_shown(left_out, lang)],
        ),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(order), narrow, 1.9),
    )
    ax = made.add_subplot()
    shades = dict(zip(windows, _WINDOW_SHADES[-len(windows) :], strict=True))
    for place, name in enumerate(order):
        for step, window in enumerate(windows):
            one = rows[(rows["segment"] == name) & (rows["days"] == window)]
            if one.empty:
                continue
            y = place + (step - (len(windows) - 1) / 2) * 0.22
            low, middle, high = (float(one[key].iloc[0]) for key in ("low", "rate", "high"))
            laid.mark(ax, y, (low, high), middle, shades[window], size=5.5)
    ax.set_xlim(left=0)
    laid.name(ax, order)
    axes.share_axis(ax, lang, axis="x", steps=4 if narrow else 6)
    axes.keep_top(made, 2.7 * made.size("small") + 4)
    axes.keep_right(made, 52)
    settle(made)
    named = [(_window_name(window, lang), shades[window]) for window in windows]
    axes.label_row(ax, named)
    counts = [fmt.number(sizes[name], lang) for name in order]
    axes.beside(ax, 46, t("common.column.n", lang), list(enumerate(counts)), top=-0.6)
    return made


def _window_name(days: int, lang: str) -> str:
    if days == 1:
        return t("retention.friends.within_day", lang)
    return t("retention.friends.within", lang, days=days)


def _friends_title(longest: pd.DataFrame, days: int) -> Words:
    """Return a title that names the segment with the highest rate in the longest window."""
    if longest.empty:
        return word("retention.friends.title_none")
    # The highest of many rates is luck until the comparison with the others says otherwise.
    if "flagged" in longest.columns and len(longest) > 1:
        beyond = frames.flags(longest, "flagged") & (frames.numbers(longest, "difference") > 0)
        if not beyond.any():
            return word("retention.friends.title_alike", days=days)
        longest = longest[beyond]
    row = longest.reset_index().sort_values(["rate", "segment"]).iloc[-1]
    rate, low, high = (float(row[name]) for name in ("rate", "low", "high"))
    worst = Estimate(value=rate, low=low, high=high, unit="share")
    return word("retention.friends.title", segment=row["segment"], rate=worst, days=days)
