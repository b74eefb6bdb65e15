"""The base of every table: great_tables, escaped cells, colours that follow light and dark.

A table is built from `Column`s. Each writes its cells as HTML from one place, so nothing from the
data reaches a page unescaped. Figures stand right, the interval behind its figure, shares may
have a bar; at most `MOST_ROWS` rows are shown, the rest is in the CSV file beside the page.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from great_tables import GT, html

from commlab import guards
from commlab.charts.cells import (
    Cell,
    amount,
    count,
    largest,
    mark,
    money,
    points,
    prose,
    rate,
    share,
    text,
)
from commlab.config import LANGUAGES
from commlab.errors import ArgumentError
from commlab.text import Words, escape, render, t

__all__ = [
    "MOST_ROWS", "Cell", "Column", "amount", "build", "count", "identifier", "largest", "mark",
    "money", "points", "prose", "rate", "share", "text", "titled",
    "to_html",
]  # fmt: skip

MOST_ROWS = 12
_PREFIX = "commlab-table"

# The page's variables, with its light colours for a table that stands alone (JupyterLab).
_CSS = """
#{id} { overflow-x: auto; }
#{id} .gt_table { border-collapse: collapse; width: 100%; margin: 0; border: 0;
  background: transparent; color: var(--ink, #1f2328); font: inherit; font-size: 14px;
  font-variant-numeric: tabular-nums; }
#{id} .gt_table td, #{id} .gt_table th { padding: 6px 10px; border: 0;
  border-bottom: 1px solid var(--line, #e3e0d8); background: transparent; color: inherit;
  vertical-align: baseline; }
#{id} .gt_table thead { border: 0; }
#{id} .gt_col_heading { color: var(--quiet, #5b636d); font-size: 13px; font-weight: 500;
  vertical-align: bottom; }
#{id} .gt_heading { text-align: left; }
#{id} .gt_heading td, #{id} .gt_heading th { padding: 2px 10px; border: 0; }
#{id} .gt_title { font-size: 15px; font-weight: 600; text-align: left; }
#{id} .gt_subtitle { color: var(--quiet, #5b636d); font-size: 13px; text-align: left; }
#{id} .gt_table .gt_sourcenote { color: var(--quiet, #5b636d); font-size: 13px; border: 0; }
#{id} .gt_left { text-align: left; }
#{id} .gt_right { text-align: right; }
#{id} .quiet { color: var(--quiet, #5b636d); }
#{id} .interval { color: var(--quiet, #5b636d); white-space: nowrap; }
#{id} .figure { white-space: nowrap; }
#{id} .bar { display: block; height: 4px; margin-top: 3px; margin-left: auto; border-radius: 2px;
  background: var(--accent, #0b6e6e); }
#{id} .track { display: block; min-width: 64px; }
#{id} .good { color: var(--good, #2e7d4f); }
#{id} .bad { color: var(--bad, #b3402e); }
#{id} .watch { color: var(--watch, #8f5e00); }
#{id} .mark { white-space: nowrap; }
""".strip()


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        head: Head of the column, in the table's language.
        cell: Writes the cell of a row as safe HTML.
        right: Whether it stands right, as figures do.
    """

    head: str
    cell: Cell
    right: bool = True


def build(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    name: str,
    title: str | Words = "",
    subtitle: str = "",
    note: str = "",
    lang: str,
    most: int = MOST_ROWS,
) -> GT:
    """Return a table; the frame's order is kept and `frame` is not changed.

    Args:
        frame: One row a line of the table.
        columns: What is shown of it.
        name: Name of the table, e.g. "retention.segments": its HTML id is made from it.
        title: Head of the table.
        subtitle: Line under the head.
        note: Line under the table.
        lang: "en" or "zh".
        most: Rows shown; the note says how many there are beyond.
    """
    guards.one_of("lang", lang, LANGUAGES)
    rows = [row for _, row in frame.head(most).iterrows()]
    cells = {
        f"c{place}": [column.cell(row, lang) for row in rows]
        for place, column in enumerate(columns)
    }
    made = GT(pd.DataFrame(cells, columns=list(cells), dtype="str"), id=identifier(name, lang))
    made = made.fmt_passthrough(columns=list(cells), escape=False)
    made = made.cols_label(
        {key: html(escape(column.head)) for key, column in zip(cells, columns, strict=True)}
    )
    right = [key for key, column in zip(cells, columns, strict=True) if column.right]
    left = [key for key in cells if key not in right]
    made = made.cols_align("right", columns=right) if right else made
    made = made.cols_align("left", columns=left) if left else made
    head = render(title, lang)
    if head:
        made = made.tab_header(title=_held(head), subtitle=_held(subtitle) if subtitle else None)
    rest = len(frame) - len(rows)
    notes = [note, t("common.foot.more_rows", lang, n=rest) if rest > 0 else ""]
    for line in filter(None, notes):
        made = made.tab_source_note(_held(line))
    return made.tab_options(table_additional_css=_CSS.replace("{id}", identifier(name, lang)))


def _held(text_: str) -> Any:
    """Return a line that stays in sight while a wide table scrolls sideways under it."""
    return html(f'<span class="held">{escape(text_)}</span>')


def titled(name: str, title: str | Words | None) -> str:
    """Return the name of a table that a page shows more than once, each under its own title.

    Example:
        >>> titled("channels.steps", Words("channels.key_rates.title"))
        'channels.steps.channels.key_rates.title'
    """
    return f"{name}.{title.key}" if isinstance(title, Words) else name


def identifier(name: str, lang: str) -> str:
    """Return the HTML id of a table: the same for the same name, safe whatever the name.

    Example:
        >>> identifier("retention.segments", "en")
        'commlab-table-retention-segments-en'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if plain.replace("-", ".") != name.lower().replace("_", ".").replace("-", "."):
        plain = f"{plain or 'x'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{_PREFIX}-{plain}-{lang}"


def to_html(table: GT) -> str:
    """Return a table of `build` as HTML for a page, with its own few rules of style.

    great_tables' style sheet (8 kB a table, with fixed colours) is left out: the page's variables
    decide, so the same markup serves light and dark.

    Raises:
        ArgumentError: The table was not made by `build`.
    """
    raw = table.as_raw_html()
    found = re.search(rf'<div id="({_PREFIX}[a-z0-9-]+)"', raw)
    if found is None:
        raise ArgumentError("The table was not made by commlab.charts.tables.build.")
    heads = dict(re.findall(rf'<th [^>]*id="({found[1]}-c\d+)">(.*?)</th>', raw, re.DOTALL))
    # The head of its column, for phones: there a row with sentences stands as a block.
    raw = re.sub(
        rf'<td headers="({found[1]}-c\d+)"',
        lambda cell: f'{cell[0]} data-label="{re.sub("<[^>]*>", "", heads[cell[1]])}"',
        raw,
    )
    style = f"<style>\n{_CSS.replace('{id}', found[1])}\n</style>"
    return re.sub(r"<style>.*?</style>", lambda _: style, raw, count=1, flags=re.DOTALL)
