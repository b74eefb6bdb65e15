"""Chart and tables of notebook 00: what the data cover, what is wrong, what they can answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from great_tables import GT
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from commlab.charts import axes, colours, frames, tables
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.charts.tables import Column
from commlab.text import Words, escape, fmt, lookup, t, word

_MONTHS = {False: 36, True: 15}
_SCALE = mpl.colormaps["viridis_r"]
_SEVERITIES = {
    "error": ("■", "common.severity.error", "bad"),
    "warning": ("▲", "common.severity.warning", "watch"),
    "note": ("○", "common.severity.note", "quiet"),
}
_ANSWERS = {
    "can": ("●", "health.answers.can", "good"),
    "partly": ("◐", "health.answers.partly", "watch"),
    "cannot": ("○", "health.answers.cannot", "bad"),
}


@chart
def coverage(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return rows per table and month as strips; months without a row are outlined.

    Args:
        frame: `table`, `month` (first day), `rows`. A month without rows (0, or absent) between
            the first and the last month of a table is a gap.
        lang: "en" or "zh".
        narrow: The form for phones: the last 15 months; otherwise 36.
        title: The finding; without it the title counts the gaps.
        as_of: Last day of the data.
    """
    frames.need(frame, ["table", "month", "rows"], "charts.health.coverage")
    month = np.array([day.year * 12 + day.month - 1 for day in frames.days(frame, "month")])
    rows = frames.numbers(frame, "rows")
    rows = np.where(np.isnan(rows), 1.0, rows)  # hidden: some, but few
    table = frame["table"].astype(str).to_numpy()
    names = list(dict.fromkeys(table))
    last = int(month.max())
    first = max(int(month.min()), last - _MONTHS[narrow] + 1)
    made = figure(
        title=title or _coverage_title(table, month, rows),
        subtitle=t("health.coverage.subtitle", lang),
        foot=foot(lang, as_of=as_of),
        lang=lang,
        narrow=narrow,
        height=max(2.6, 0.3 * len(names) + 1.7),
    )
    ax = made.add_subplot()
    ax.set_xlim(first - 0.5, last + 0.5)
    ax.set_ylim(len(names) - 0.4, -0.6)
    totals = []
    for place, name in enumerate(names):
        of = table == name
        counts = dict(zip(month[of].tolist(), np.nan_to_num(rows[of]).tolist(), strict=True))
        start, holes = _gaps(counts)
        totals.append((float(place), fmt.number(sum(counts.values()), lang)))
        for number in range(max(first, start), last + 1):
            share = counts.get(number, 0.0) / max(*counts.values(), 1.0)
            _month(ax, number, place, share, number in holes)
    ax.set_yticks(np.arange(len(names)), names, size=made.size())
    ax.tick_params(axis="y", labelcolor=colours.INK)
    axes.keep_right(made, 52)
    axes.keep_top(made, made.size("small"))
    settle(made)
    axes.beside(ax, 46, t("health.coverage.total", lang), totals, top=-0.6)
    numbers = list(range(first, last + 1))
    axes.fit_ticks(ax, numbers, [f"{number // 12}-{number % 12 + 1:02d}" for number in numbers])
    return made


def _month(ax: Axes, number: int, place: int, share: float, gap: bool) -> None:
    """Draw one month of one table: shaded, or an outline where there is no row."""
    empty = share == 0
    edge = (colours.BAD if gap else colours.HATCH) if empty else "none"
    ax.add_patch(
        Rectangle(
            (number - 0.44, place - 0.36), 0.88, 0.72, linewidth=1.3 if empty else 0,
            facecolor=colours.CARD if empty else _SCALE(0.12 + 0.7 * share)[:3], edgecolor=edge,
        )
    )  # fmt: skip


def _gaps(counts: Mapping[int, float]) -> tuple[int, set[int]]:
    """Return the first month with rows, and the months without that are gaps.

    A table that has rows in fewer than three of four months of its span is about rare events,
    campaigns for instance: its empty months are none.
    """
    filled = [number for number, value in counts.items() if value > 0]
    if not filled:
        return max(counts) + 1, set()
    empty = set(range(min(filled), max(filled))) - set(filled)
    return min(filled), empty if len(filled) >= 3 * len(empty) else set()


def _coverage_title(table: np.ndarray, month: np.ndarray, rows: np.ndarray) -> Words:
    gaps: dict[str, int] = {}
    for name in dict.fromkeys(table):
        of = table == name
        gaps[name] = len(_gaps(dict(zip(month[of].tolist(), rows[of].tolist(), strict=True)))[1])
    holed = [name for name, count in gaps.items() if count]
    if not holed:
        return word("health.coverage.title_complete")
    if len(holed) == 1:
        return word("health.coverage.title_gaps_one", table=holed[0], gaps=gaps[holed[0]])
    return word("health.coverage.title_gaps", gaps=sum(gaps.values()), tables=len(holed))


def findings(found: Any, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what the checks found, worst first.

    Args:
        found: `quality.Findings`, or a frame with `severity`, `table`, `column`, `rule`, `rows`,
            `share`, `what`, `fix` in the order to show.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frame = found if isinstance(found, pd.DataFrame) else found.to_frame(lang)
    note = lookup("health.findings.clean", lang) if frame.empty else ""
    columns = [
        Column(
            t("common.column.severity", lang), tables.mark("severity", _SEVERITIES), right=False
        ),
        Column(t("health.findings.place", lang), _place, right=False),
        Column(t("health.findings.what", lang), tables.prose("what"), right=False),
        Column(t("common.column.rows", lang), tables.count("rows")),
        Column(t("common.column.share", lang), tables.share("share")),
        Column(t("common.column.fix", lang), tables.prose("fix"), right=False),
    ]
    return tables.build(
        frame,
        columns,
        name="health.findings",
        title=title or lookup("health.findings.title", lang),
        note=note,
        lang=lang,
    )


def _place(row: pd.Series, lang: str) -> str:
    parts = [row.get("table"), row.get("column")]
    known = [escape(part) for part in parts if part and not pd.isna(part)]
    return ".<wbr>".join(known) or escape(fmt.MISSING)  # a narrow column may break it there


def answers(
    frame: pd.DataFrame,
    *,
    lang: str,
    title: str | Words | None = None,
    names: Mapping[str, Mapping[str, str]] | None = None,
) -> GT:
    """Return which report these data can make, and what the others would need.

    Args:
        frame: `notebook`, `status` ("can", "partly", "cannot"), `missing` (tables).
        lang: "en" or "zh".
        title: Head of the table.
        names: Notebook → language → title; the notebook's own name without it.
    """
    frames.need(frame, ["notebook", "status", "missing"], "charts.health.answers")
    shown = [(names or {}).get(name, {}).get(lang, name) for name in frame["notebook"]]
    missing = [
        names_ if isinstance(names_, str) else ", ".join(map(str, names_))
        for names_ in frame["missing"]
    ]
    # What a report cannot do without, and what would only add to it, are two things.
    missing = [
        t(f"health.answers.{'needs' if state == 'cannot' else 'more'}", lang, tables=text)
        if text else fmt.MISSING
        for state, text in zip(frame["status"], missing, strict=True)
    ]  # fmt: skip
    columns = [
        Column(t("common.column.notebook", lang), tables.text("_notebook"), right=False),
        Column(t("common.column.answer", lang), tables.mark("status", _ANSWERS), right=False),
        Column(t("health.answers.adds", lang), tables.text("_missing"), right=False),
    ]
    return tables.build(
        frame.assign(_notebook=shown, _missing=missing),
        columns,
        name="health.answers",
        title=title or lookup("health.answers.title", lang),
        lang=lang,
        most=16,  # all notebooks there are
    )
