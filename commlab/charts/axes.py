"""What charts put on their axes: few ticks, names beside lines, bands of festivals."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine

from commlab.charts import colours, fonts, labels
from commlab.charts.style import LEADING, MARGIN, Chart
from commlab.config import Festival
from commlab.text import fmt, has, lookup, t, tidy


def chart_of(ax: Axes) -> Chart:
    """Return the chart that axes belong to."""
    return cast(Chart, ax.get_figure())


def keep_top(made: Chart, points: float) -> None:
    """Leave room above the axes, in points; call before the chart is settled."""
    engine = cast(ConstrainedLayoutEngine, made.get_layout_engine())
    left, bottom, wide, tall = engine.get()["rect"]
    inches = made.get_size_inches()[1]
    engine.set(rect=(left, bottom, wide, tall - points / 72 / inches))  # type: ignore[union-attr,call-arg]


def keep_apart(made: Chart, points: float) -> None:
    """Leave so many points between axes that stand side by side."""
    engine = cast(ConstrainedLayoutEngine, made.get_layout_engine())
    engine.set(w_pad=points / 2 / 72)


def keep_right(made: Chart, points: float) -> None:
    """Leave room for labels right of the axes, in points; call before the chart is settled."""
    engine = cast(ConstrainedLayoutEngine, made.get_layout_engine())
    left, bottom, wide, tall = engine.get()["rect"]
    inches = made.get_size_inches()[0]
    engine.set(rect=(left, bottom, wide - points / 72 / inches, tall))  # type: ignore[union-attr,call-arg]


def extent(ax: Axes) -> tuple[float, float]:
    """Return width and height of settled axes in points."""
    box = ax.get_position()
    wide, tall = chart_of(ax).get_size_inches()
    return box.width * wide * 72, box.height * tall * 72


def share_axis(ax: Axes, lang: str, *, axis: str = "y", steps: int = 5) -> None:
    """Write an axis of shares in per cent, with few ticks and a faint grid."""
    number_axis(ax, lambda x: fmt.share(x, lang), axis=axis, steps=steps)
    (ax.yaxis if axis == "y" else ax.xaxis).set_major_formatter(_Shares(lang))


class _Shares(mpl.ticker.Formatter):
    """Writes the ticks of one axis with the same decimals: 0 %, 5 %, 10 %."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        decimals = next(d for d in range(4) if d == 3 or _whole(values, 100 * 10**d))
        return [fmt.share(round(x, 6), self.lang, decimals=decimals) for x in values]


def _whole(values: Sequence[float], times: float) -> bool:
    return all(abs(x * times - round(x * times)) < 1e-6 for x in values)


def points_axis(ax: Axes, lang: str, *, axis: str = "x", steps: int = 5) -> None:
    """Write an axis of differences of shares in percentage points."""

    def write(x: float) -> str:
        text = fmt.number(round(100 * x, 4), lang)
        return f"+{text}" if x > 0 else text

    number_axis(ax, write, axis=axis, steps=steps)


def number_axis(
    ax: Axes, write: Callable[[float], str], *, axis: str = "y", steps: int = 5
) -> None:
    """Write an axis of numbers with few ticks, a faint grid and a zero line where zero shows."""
    one = ax.yaxis if axis == "y" else ax.xaxis
    one.set_major_locator(mpl.ticker.MaxNLocator(steps, steps=[1, 2, 2.5, 5, 10]))
    one.set_major_formatter(mpl.ticker.FuncFormatter(lambda x, _: write(float(x))))
    ax.grid(visible=True, axis=axis)  # type: ignore[arg-type]
    made = chart_of(ax)
    one.set_tick_params(labelsize=made.size())
    low, high = ax.get_ylim() if axis == "y" else ax.get_xlim()
    if low <= 0 <= high:
        line = ax.axhline if axis == "y" else ax.axvline
        line(0, color=colours.QUIET, linewidth=0.9, zorder=1.5)


def period_axis(
    ax: Axes, last: int, unit: str, lang: str, *, first: int = 0, most: int | None = None
) -> None:
    """Write an axis of periods since joining along x, with at most `most` ticks."""
    made = chart_of(ax)
    ticks = first + few(last - first + 1, most or (7 if made.narrow else 13))
    ax.set_xticks(ticks, [str(int(tick)) for tick in ticks], size=made.size())
    ax.set_xlabel(t(f"common.axis.{unit}", lang), size=made.size("small"), loc="left")


@dataclasses.dataclass(frozen=True)
class End:
    """The end of a line, and what is written beside it.

    Attributes:
        x: Where the line ends, in data units.
        y: Its height there.
        text: Its name.
        colour: Its colour.
    """

    x: float
    y: float
    text: str
    colour: str


_GAP = 14  # points between the axes and the names beside it


def keep_right_for(made: Chart, texts: Sequence[str]) -> None:
    """Leave as much room right of the axes as names there need; call before `settle`."""
    rows = [row for text in texts for row in text.split("\n")]
    if rows:
        keep_right(made, _GAP + max(labels.width(row, made.size()) for row in rows))


def label_ends(ax: Axes, ends: Sequence[End]) -> None:
    """Write the name of each line beside settled axes instead of a legend, none over another.

    A hairline leads from the end of the line to its name.
    """
    size = chart_of(ax).size()
    low, high = ax.get_ylim()
    left, right = ax.get_xlim()
    beside_ = right + (_GAP - 5) * (right - left) / extent(ax)[0]
    per_point = (high - low) / extent(ax)[1]
    heights = [size * LEADING * (end.text.count("\n") + 1) * per_point for end in ends]
    places = labels.spread([end.y for end in ends], heights, low=low, high=high)
    for end, place in zip(ends, places, strict=True):
        ax.annotate(
            "", (end.x, end.y), xytext=(beside_, float(place)), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "linewidth": 0.7, "alpha": 0.6,
                        "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)},
        )  # fmt: skip
        ax.annotate(
            end.text, (beside_, float(place)), xytext=(5, 0), textcoords="offset points",
            va="center", color=colours.text_in(end.colour), size=size, annotation_clip=False,
            linespacing=LEADING - 0.2,
        )  # fmt: skip


def beside(
    ax: Axes, offset: float, head: str, values: Sequence[tuple[float, str]], *, top: float
) -> None:
    """Write a column of figures right of the axes, its head above.

    Args:
        ax: Axes with rows along y.
        offset: Points from the axes to the right edge of the column.
        head: Head of the column.
        values: Row and figure.
        top: Where the head stands, in rows.
    """
    made = chart_of(ax)
    common: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "xytext": (offset, 0),
              "textcoords": "offset points", "ha": "right", "annotation_clip": False}  # fmt: skip
    ax.annotate(head, (1, top), va="bottom", size=made.size("small"), color=colours.QUIET, **common)
    for place, text in values:
        ax.annotate(text, (1, place), va="center", size=made.size(), **common)


def fit_ticks(ax: Axes, places: Sequence[float], names: Sequence[str]) -> None:
    """Name as many ticks along x of settled axes as stand side by side."""
    size = chart_of(ax).size()
    left, right = ax.get_xlim()
    widest = max(labels.width(name, size) for name in names) + 10
    each = extent(ax)[0] / (right - left)  # points a data unit
    most = max(1, int(abs(places[-1] - places[0]) * each / widest) + 1)
    kept = few(len(places), most)
    ax.set_xticks([places[k] for k in kept], [names[k] for k in kept], size=size)


def label_row(ax: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Write names in their colours in a row above settled axes: what the marks in it mean."""
    made = chart_of(ax)
    size = made.size("small")
    up = 6 + size * LEADING  # above the heads of columns beside the axes
    x = 0.0 if not made.narrow else MARGIN * 72 - ax.get_position().x0 * made.get_figwidth() * 72
    for name, colour in names:
        ax.annotate(
            "●", (0, 1), xycoords="axes fraction", xytext=(x, up), textcoords="offset points",
            size=size - 1, color=colour, annotation_clip=False,
        )  # fmt: skip
        ax.annotate(
            name, (0, 1), xycoords="axes fraction", xytext=(x + size + 2, up),
            textcoords="offset points", size=size, color=colours.text_in(colour),
            annotation_clip=False,
        )  # fmt: skip
        x += 2 * size + labels.width(name, size) + 6


def festival_name(festival: Festival, lang: str) -> str:
    """Return a festival's name; the workspace's own festivals keep theirs."""
    key = f"common.festival.{festival.name}"
    return lookup(key, lang) if has(key) else fonts.drawable(tidy(festival.name))


def festival_bands(
    ax: Axes, festivals: Sequence[Festival], place: Callable[[dt.date], float], lang: str
) -> None:
    """Mark festivals as bands behind settled axes, each named once above them.

    Args:
        ax: Settled axes with time along x.
        festivals: By date.
        place: Position of a day along x.
        lang: "en" or "zh".
    """
    size = chart_of(ax).size("small")
    left, right = ax.get_xlim()
    per_point = (right - left) / extent(ax)[0]
    shown: list[tuple[float, str]] = []
    for festival in festivals:
        start, end = place(festival.starts_on), place(festival.ends_on + dt.timedelta(days=1))
        start, end = max(start, left), min(end, right)
        if end <= start:
            continue
        ax.axvspan(start, end, color=colours.FESTIVAL, linewidth=0, zorder=0)
        name = labels.wrap(festival_name(festival, lang), 44, size, lines=2)
        shown.append(((start + end) / 2, name))
    widths = [
        (max(labels.width(row, size) for row in name.split("\n")) + 6) * per_point
        for _, name in shown
    ]
    if sum(widths) > right - left:  # many years on a phone: the last of each name says what it is
        last = {name: place for place, (_, name) in enumerate(shown)}
        kept = sorted(last.values())
        shown, widths = [shown[k] for k in kept], [widths[k] for k in kept]
    places = labels.spread([centre for centre, _ in shown], widths, low=left, high=right)
    for centre, (_, name) in zip(places, shown, strict=True):
        ax.annotate(
            name, (float(centre), 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", size=size, color=colours.WATCH,
            annotation_clip=False, linespacing=1.05,
        )  # fmt: skip


def few(count: int, most: int) -> np.ndarray:
    """Return at most `most` evenly spaced positions out of `count`, the first among them.

    Example:
        >>> few(15, 5).tolist()
        [0, 3, 6, 9, 12]
    """
    return np.arange(0, count, max(1, -(-count // most)))
