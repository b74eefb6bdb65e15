"""From what a chart function returns to HTML."""

from __future__ import annotations

import html
import io
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from commlab.errors import ArgumentError
from commlab.report.html import DPI, Html, fold, paragraphs, picture, tag
from commlab.text import t

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONG_TABLE = 8  # rows: more push the next finding off the screen


def draw(
    function: Callable[..., Any],
    args: Sequence[Any],
    options: Mapping[str, Any],
    lang: str,
    *,
    fold: bool | None = None,
) -> tuple[str, Html, str]:
    """Call a chart function for one language.

    Args:
        function: Takes `lang`; one that returns a Figure takes `narrow` too.
        args: Its arguments.
        options: Its keyword arguments.
        lang: "en" or "zh".
        fold: Whether a table is folded away; None: when it is long.

    Returns:
        Kind ("chart", "table" or "text"), HTML, and what it says as plain text.

    Raises:
        ArgumentError: It returned something else.
    """
    from great_tables import GT
    from matplotlib.figure import Figure

    result = function(*args, lang=lang, **options)
    if isinstance(result, Figure):
        return _chart(result, lambda: function(*args, lang=lang, narrow=True, **options))
    if isinstance(result, GT):
        return "table", _table(result, lang, fold), "[table]"
    if isinstance(result, str):
        return "text", paragraphs(result), result
    name = getattr(function, "__name__", str(function))
    raise ArgumentError(
        f"{name} returned a {type(result).__name__}, must return a Figure, a GT or text.",
        fix="See commlab.charts for functions to show.",
    )


def _chart(wide: Figure, again: Callable[[], Figure]) -> tuple[str, Html, str]:
    says = title(wide)
    drawn = _png(wide)
    narrow = again()
    return "chart", picture(drawn, _png(narrow), alt=says), says


def _png(figure: Figure) -> bytes:
    from commlab.charts.style import Chart

    try:
        if isinstance(figure, Chart):
            return figure.png()
        # A figure of one's own: without the kit's look, at the resolution of the pages.
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        return buffer.getvalue()
    finally:
        _close(figure)


def _close(figure: Figure) -> None:
    # Figures made by pyplot stay in memory, and are shown once more, until they are closed.
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)


def title(figure: Figure) -> str:
    """Return what a figure says: its title, else that of its first axes that has one."""
    found = [getattr(figure, "alt", ""), figure.get_suptitle()]
    found += [axes.get_title(loc) for axes in figure.axes for loc in ("left", "center", "right")]
    found += [text.get_text() for text in figure.texts]
    return next((" ".join(text.split()) for text in found if text.strip()), "")


def _table(gt: Any, lang: str, folded: bool | None) -> Html:
    from commlab.charts import tables

    try:
        markup = tables.to_html(gt)
    except ArgumentError:
        markup = gt.as_raw_html()  # a table of one's own; the page's style serves it too
    body = tag("div", Html(markup), class_="wide")
    rows = len(re.findall(r"<tr\b", markup.partition("<tbody")[2].partition("</tbody")[0]))
    if not (rows > LONG_TABLE if folded is None else folded):
        return body
    named = re.search(r'gt_title[^>]*><span class="held">(.*?)</span>', markup)
    key = f"report.page.{'titled' if named else 'table'}_row{'' if rows == 1 else 's'}"
    # As plain text: the element escapes it once more.
    summary = t(key, lang, n=rows, title=html.unescape(named[1]) if named else "")
    return fold(summary, body, class_="figures")
