"""Tables of notebook 03 on what is done with newcomers: tags, invitations, first orders."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from great_tables import GT

from commlab.charts import colours, frames, rows as laid, tables
from commlab.charts.growth_cells import with_ends
from commlab.charts.style import Chart, chart, figure, foot
from commlab.charts.tables import Column
from commlab.estimate import LEVEL
from commlab.text import Words, escape, fmt, has, t, word

_VERDICTS = {
    "more": ("▲", "channels.verdict.oftener", "good"),
    "less": ("▼", "channels.verdict.seldomer", "bad"),
    "bad_more": ("▲", "channels.verdict.oftener", "bad"),
    "bad_less": ("▼", "channels.verdict.seldomer", "good"),
    "chance": ("○", "channels.verdict.chance", "quiet"),
}


def _named(column: str, family: str) -> tables.Cell:
    """Return a cell writer for a code: its words where there are any, else as it stands."""

    def cell(row: pd.Series, lang: str) -> str:
        code = str(row[column])
        key = f"channels.{family}.{code}"
        return escape(t(key, lang) if code.isidentifier() and has(key) else code)

    return cell


def _verdict(frame: pd.DataFrame) -> pd.Series:
    """Return what `flagged` and the sign of `difference` say; nothing where nothing is compared."""
    flagged, gap = frames.flags(frame, "flagged"), frames.numbers(frame, "difference")
    words = [
        "" if not np.isfinite(one) else "chance" if not sign else "more" if one > 0 else "less"
        for sign, one in zip(flagged, gap, strict=True)
    ]
    return pd.Series(words, index=frame.index)


def _earlier(label: str, lang: str) -> str:
    return t(f"channels.earlier.{'more' if label == '3+' else 'k'}", lang, k=label)


def tagging(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how many tags are set for each day of talk, by segment.

    Args:
        frame: `metrics.tags_per_chat`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["segment", "people", "chats", "per_chat", "low", "high"],
                "channels.tagging")  # fmt: skip
    columns = [
        Column(t("common.column.segment", lang), tables.text("segment"), False),
        Column(t("channels.table.talked", lang), tables.count("people")),
        Column(t("channels.table.talks", lang), tables.count("chats")),
        Column(t("channels.table.per_chat", lang), with_ends("per_chat", "low", "high", 2)),
    ]
    return tables.build(
        frame, columns, name="channels.tagging", lang=lang,
        title=title or t("channels.tagging.title", lang), note=t("channels.tagging.note", lang),
    )  # fmt: skip


@chart
def invited(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share that joins a group after an invitation, by how many there had been.

    Args:
        frame: `metrics.invitation_saturation`: event, label, at_risk, rate, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title sets the first beside the last.
        as_of: Last day of the data.
    """
    where = "charts.channels.invited"
    frames.need(frame, ["event", "label", "at_risk", "rate", "low", "high"], where)
    rows = frame[(frame["event"] == "joined_group") & np.isfinite(frames.numbers(frame, "rate"))]
    frames.need(rows, (), where)
    first, last = rows.iloc[0], rows.iloc[-1]
    made = figure(
        title=title or word("channels.invited.title", first=float(first["rate"]),
                            last=float(last["rate"])),
        subtitle=t("channels.invited.subtitle", lang),
        foot=foot(lang, n=float(rows["at_risk"].sum()), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    names = [_earlier(str(label), lang) for label in rows["label"]]
    values = [fmt.share(float(x), lang) for x in rows["rate"]]
    laid.dots(made, rows, "rate", names, [colours.ACCENT] * len(rows), values, lang, shares=True)
    return made


def invitations(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what follows an invitation by how many there had been: joining, and lost friends.

    Args:
        frame: `metrics.invitation_saturation`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["event", "label", "at_risk", "rate", "low", "high", "difference", "flagged"]
    frames.need(frame, need, "channels.invitations")
    said = _verdict(frame)
    bad = (frame["event"] == "deleted") & said.isin(["more", "less"])
    rows = frame.assign(verdict=said.where(~bad, "bad_" + said))

    def earlier(row: pd.Series, lang: str) -> str:
        return escape(_earlier(str(row["label"]), lang))

    columns = [
        Column(t("channels.table.followed", lang), _named("event", "followed"), False),
        Column(t("channels.table.earlier", lang), earlier, False),
        Column(t("channels.table.invitations", lang), tables.count("at_risk")),
        Column(t("channels.table.happened", lang), tables.rate("rate", "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="channels.invitations", lang=lang,
        title=title or t("channels.invitations.title", lang),
        note=t("channels.invitations.note", lang),
    )  # fmt: skip


def first_orders(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return first orders by kind: share, days from joining, and who comes back.

    Args:
        frame: `metrics.first_order_kinds`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["kind", "people", "share", "share_low", "share_high", "cycle", "cycle_low",
            "cycle_high", "at_risk", "rate", "low", "high", "difference", "flagged"]  # fmt: skip
    frames.need(frame, need, "channels.first_orders")
    rows = frame.assign(verdict=_verdict(frame), known="ok")
    columns = [
        Column(t("channels.table.first_kind", lang), _named("kind", "kind"), False),
        Column(t("channels.table.first_buyers", lang), tables.count("people")),
        Column(t("common.column.share", lang),
               tables.rate("share", "share_low", "share_high", status="known")),
        Column(t("channels.table.days_to_first", lang),
               with_ends("cycle", "cycle_low", "cycle_high", 0)),
        Column(t("channels.table.second", lang), tables.rate("rate", "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]  # fmt: skip
    return tables.build(
        rows, columns, name="channels.first_orders", lang=lang,
        title=title or t("channels.first_orders.title", lang),
        note=t("channels.first_orders.note", lang),
    )  # fmt: skip
