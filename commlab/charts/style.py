"""The look of every chart: a finding as title, what is drawn as subtitle, n and date as foot.

Only matplotlib's object interface is used and no global state is kept: a chart looks the same
whatever a user's matplotlibrc says, and drawing one leaves the session as it was.
"""

from __future__ import annotations

import datetime as dt
import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from commlab import guards
from commlab.charts import colours, fonts, labels
from commlab.charts.png import encode
from commlab.config import LANGUAGES
from commlab.errors import RunError
from commlab.text import Words, lookup, render, t, tidy

DPI = 160
WIDE, NARROW = (10.0, 5.2), (4.2, 4.6)  # inches; the narrow one is shown about 358 CSS px wide
# Font sizes in points. A phone shows 1 pt of a narrow chart as 1.2 CSS px, so 9.5 pt is the least.
SIZES = {
    False: {"title": 15.0, "subtitle": 10.5, "base": 10.0, "small": 8.5},
    True: {"title": 13.0, "subtitle": 10.0, "base": 10.0, "small": 9.5},
}
MARGIN = 0.16  # inches around everything
LEADING = 1.35  # line height of wrapped text

P = ParamSpec("P")


@functools.cache
def _settings() -> dict[str, Any]:
    """Return the matplotlib settings that differ from its defaults."""
    return {
        "font.family": list(fonts.families()),
        "font.size": SIZES[False]["base"],
        "text.parse_math": False,  # a dollar sign in a channel's name is a dollar sign
        "text.color": colours.INK,
        "axes.edgecolor": colours.LINE,
        "axes.labelcolor": colours.QUIET,
        "axes.axisbelow": True,
        "axes.grid": False,
        "axes.spines.left": False,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "grid.color": colours.LINE,
        "grid.linewidth": 0.8,
        "xtick.color": colours.QUIET,
        "ytick.color": colours.QUIET,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "xtick.major.pad": 6,  # so that the first name stands clear of the lowest one beside it
        "hatch.color": colours.HATCH,
        "hatch.linewidth": 0.8,
        "lines.solid_capstyle": "round",
        "figure.facecolor": colours.CARD,
        "axes.facecolor": colours.CARD,
    }


# Whether the look holds already in this thread or task: setting it checks 300 values anew.
_inside: ContextVar[bool] = ContextVar("_inside", default=False)


@contextmanager
def look() -> Iterator[None]:
    """Draw with the look of commlab inside the block; everything is as before after it."""
    if _inside.get():
        yield
        return
    token = _inside.set(True)
    try:
        with mpl.rc_context(), warnings.catch_warnings():
            warnings.filterwarnings("error", message=r"Glyph \d+")
            mpl.rcdefaults()
            mpl.rcParams.update(_settings())  # type: ignore[arg-type]
            yield
    finally:
        _inside.reset(token)


class Chart(Figure):
    """A figure that is always drawn in the look of commlab.

    Attributes:
        alt: What the picture says, for those who cannot see it.
        lang: Language of its words.
        narrow: Whether it is the form for phones.
    """

    alt: str = ""
    lang: str = "en"
    narrow: bool = False

    def draw(self, renderer: Any) -> None:
        """Draw the figure (called by matplotlib)."""
        with look():
            super().draw(renderer)

    def size(self, kind: str = "base") -> float:
        """Return a font size in points: "title", "subtitle", "base" or "small"."""
        return SIZES[self.narrow][kind]

    def png(self) -> bytes:
        """Return the picture as PNG: the same chart gives the same bytes.

        Raises:
            RunError: A character has no glyph in the fonts.
        """
        try:
            with look():
                canvas = FigureCanvasAgg(self)
                canvas.draw()
        except UserWarning as warning:
            raise RunError(
                f"A chart holds a character that the fonts lack: {warning}.",
                fix="Pass names from data through commlab.charts.labels.name.",
            ) from None
        return encode(np.asarray(canvas.buffer_rgba())[..., :3], DPI)

    def _repr_png_(self) -> bytes:
        return self.png()


def chart(function: Callable[P, Chart]) -> Callable[P, Chart]:
    """Make a function that builds a chart do so in the look of commlab, laid out for good."""

    @functools.wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Chart:
        with look():
            made = function(*args, **kwargs)
            if isinstance(made.get_layout_engine(), ConstrainedLayoutEngine):
                settle(made)  # a layout made anew at every drawing would drift
            return made

    return inside


def foot(
    lang: str,
    *,
    n: float | None = None,
    unit: str = "members",
    as_of: dt.date | None = None,
    level: float | None = None,
    extra: Sequence[str] = (),
) -> str:
    """Return the line under a chart: n, how far the data go, what bands mean.

    Example:
        >>> foot("zh", n=1054, as_of=dt.date(2026, 6, 30))
        '样本量1,054人｜数据截至2026年6月30日'
    """
    parts = []
    if n is not None:
        noun = lookup(f"common.unit.{unit}.{'one' if n == 1 else 'many'}", lang) if unit else ""
        parts.append(t("common.foot.n", lang, n=n, unit=noun.replace("{n}", "").strip()).strip())
    if as_of is not None:
        parts.append(t("common.foot.data_to", lang, as_of=as_of))
    if level is not None:
        parts.append(t("common.foot.level", lang, level=level))
    return lookup("common.foot.separator", lang).join([*parts, *(item for item in extra if item)])


def figure(
    *,
    title: str | Words,
    subtitle: str = "",
    foot: str = "",
    lang: str,
    narrow: bool = False,
    height: float | None = None,
) -> Chart:
    """Return an empty chart with its title, subtitle and foot written; axes fill what is left.

    Args:
        title: The finding, as a sentence.
        subtitle: What is drawn, with its unit.
        foot: From `foot`.
        lang: "en" or "zh".
        narrow: The form for phones.
        height: Height in inches where the content asks for another than the usual one.
    """
    guards.one_of("lang", lang, LANGUAGES)
    wide_inches, usual = NARROW if narrow else WIDE
    tall = height or usual
    made = Chart(figsize=(wide_inches, tall), dpi=DPI)
    FigureCanvasAgg(made)
    made.lang, made.narrow = lang, narrow
    heading = fonts.drawable(tidy(render(title, lang)))
    made.alt = " ".join(part for part in (heading, subtitle) if part)
    room = 72 * (wide_inches - 2 * MARGIN)
    top = tall - MARGIN
    for text, kind, colour in (
        (labels.balance(heading, room, made.size("title")), "title", colours.INK),
        (labels.balance(subtitle, room, made.size("subtitle")), "subtitle", colours.QUIET),
    ):
        if not text:
            continue
        drawn = _line(made, text, top, kind, colour, "top")
        if kind == "title":  # the font has one weight: a hairline round it makes the bold one
            drawn.set_path_effects(
                [patheffects.Stroke(linewidth=0.45, foreground=colour), patheffects.Normal()]
            )
        top -= _height(made, text, kind) + 0.03
    bottom = MARGIN
    if foot:
        between = lookup("common.foot.separator", lang)
        rows = labels.fill(foot.split(between), between, room, made.size("small"))
        _line(made, rows, bottom, "small", colours.QUIET, "bottom")
        bottom += _height(made, rows, "small") + 0.06
    made.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03)
    _set_room(made, left=MARGIN, right=MARGIN, bottom=bottom, top=tall - top + 0.06)
    return made


def _height(made: Chart, text: str, kind: str) -> float:
    return made.size(kind) * LEADING * (text.count("\n") + 1) / 72


def _line(made: Chart, text: str, inches: float, kind: str, colour: str, va: str) -> Text:
    """Write text at the left margin, its upper or lower edge at a height in inches."""
    wide, tall = made.get_size_inches()
    return made.text(
        MARGIN / wide, inches / tall, text, size=made.size(kind), color=colour, va=va,
        linespacing=LEADING - 0.15,
    )  # fmt: skip


def _set_room(made: Chart, *, left: float, right: float, bottom: float, top: float) -> None:
    """Leave so many inches on each side of the axes."""
    wide, tall = made.get_size_inches()
    rect = (left / wide, bottom / tall, 1 - (left + right) / wide, 1 - (bottom + top) / tall)
    engine = made.get_layout_engine()
    if engine is not None:
        engine.set(rect=rect)  # type: ignore[call-arg]  # constrained layout takes it


def settle(made: Chart) -> None:
    """Lay the chart out and fix it, so that labels can be placed by measure."""
    engine = made.get_layout_engine()
    # The layout alone: drawing what is thrown away takes three times as long.
    if engine is not None:
        engine.execute(made)
    made.set_layout_engine("none")
