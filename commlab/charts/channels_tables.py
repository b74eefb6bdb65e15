"""Tables of notebook 03: steps by channel, what newcomers did, what they cost, advisers."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, fmt, t

# Outcomes of which less is better.
_BAD = frozenset({"freebie"})
_VERDICTS = {
    "better": ("▲", "channels.verdict.better", "good"),
    "worse": ("▼", "channels.verdict.worse", "bad"),
    "more": ("▲", "channels.verdict.more", "bad"),
    "less": ("▼", "channels.verdict.less", "good"),
    "chance": ("○", "channels.verdict.chance", "quiet"),
}


def _step(row: pd.Series, lang: str) -> str:
    names = [t(f"channels.step.{name}", lang) for name in str(row["step"]).split("|")]
    words = names.pop()
    while names:
        words = t("channels.step_either", lang, one=names.pop(), two=words)
    return escape(words)


def _hours(row: pd.Series, lang: str) -> str:
    if pd.isna(row["median_hours"]):
        return escape(fmt.MISSING)
    middle, low, high = (float(row[x]) for x in ("median_hours", "median_low", "median_high"))
    whole = [fmt.number(x, lang, decimals=0) for x in (middle, low, high)]
    return f'<span class="figure">{escape(whole[0])}</span> <span class="interval">' + escape(
        t("channels.table.ends", lang, low=whole[1], high=whole[2])
    ) + "</span>"  # fmt: skip


def _verdict(frame: pd.DataFrame, difference: str, *, bad: bool = False) -> pd.Series:
    up_word, down_word = ("more", "less") if bad else ("better", "worse")
    flagged = frames.flags(frame, "flagged")
    above = frames.numbers(frame, difference) > 0
    words = [(up_word if up else down_word) if sign else "chance"
             for sign, up in zip(flagged, above, strict=True)]  # fmt: skip
    return pd.Series(words, index=frame.index)


def steps(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return every step that a segment takes more or less often than the others, most lost first.

    Args:
        frame: `metrics.funnel` with a split.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["segment", "place", "step", "at_risk", "rate", "low", "high", "lost", "difference",
            "flagged"]  # fmt: skip
    frames.need(frame, need, "channels.steps")
    rows = frame[(frame["place"] > 0) & frame["rate"].notna()].copy()
    rows["verdict"] = _verdict(rows, "difference")
    rows = rows.sort_values(["flagged", "lost"], ascending=[False, False], kind="stable")
    columns = [
        Column(t("common.column.segment", lang), tables.text("segment"), False),
        Column(t("channels.table.step", lang), _step, False),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
        Column(t("channels.table.rate", lang), tables.rate("rate", "low", "high")),
        Column(t("channels.table.lost", lang), tables.count("lost")),
        Column(t("channels.table.hours", lang), _hours),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name=tables.titled("channels.steps", title), lang=lang,
        title=title or t("channels.steps.title", lang), note=t("channels.steps.note", lang),
    )  # fmt: skip


def outcomes(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", outcome: str = "retained_90",
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return one outcome by segment: as counted, adjusted and drawn in, with its verdict.

    Args:
        frame: `models.ranked_segments`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        outcome: One of `metrics.newcomers.OUTCOMES`.
        title: Head of the table.
    """
    need = ["segment", "people", "mean", "value", "low", "high", "best", "difference", "flagged"]
    frames.need(frame, need, "channels.outcomes")
    bad = outcome in _BAD
    rows = frame.assign(verdict=_verdict(frame, "difference", bad=bad))
    if outcome.startswith("margin"):
        raw: Cell = tables.amount("mean", "mean_low", "mean_high", currency=currency)
        drawn: Cell = tables.amount("value", "low", "high", currency=currency)
    else:
        raw = tables.rate("mean", "mean_low", "mean_high")
        drawn = tables.rate("value", "low", "high")
    columns = [
        Column(t("common.column.segment", lang), tables.text("segment"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("channels.table.raw", lang), raw),
        Column(t("channels.table.adjusted", lang), drawn),
        Column(
            t(f"channels.table.{'highest' if bad else 'best'}", lang),
            tables.share("best", bar=True),
        ),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name=tables.titled(f"channels.outcomes.{outcome}", title), lang=lang,
        title=title or t(f"channels.outcome.{outcome}", lang),
        note=t("channels.outcomes.note", lang),
    )  # fmt: skip


def costs(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what winning a member cost, what has come back, and when it had paid for itself.

    Args:
        frame: `metrics.payback`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    frames.need(frame, ["channel", "cost", "seen", "margin", "ratio", "age"], "channels.costs")

    def paid(row: pd.Series, lang: str) -> str:
        if pd.isna(row["age"]):
            return escape(t("channels.table.not_yet", lang, months=int(row["seen"])))
        low, high = (
            t("channels.table.later", lang) if pd.isna(row[x]) else str(int(row[x]))
            for x in ("age_low", "age_high")
        )
        ends = escape(t("channels.table.ends", lang, low=low, high=high))
        return f'<span class="figure">{int(row["age"])}</span> <span class="interval">{ends}</span>'

    def times(row: pd.Series, lang: str) -> str:
        if pd.isna(row["ratio"]):
            return escape(fmt.MISSING)
        return escape(
            t("channels.payback.times", lang, k=fmt.number(float(row["ratio"]), lang, decimals=1))
        )

    columns = [
        Column(t("channels.table.channel", lang), tables.text("channel"), False),
        Column(t("channels.table.cost", lang), tables.money("cost", currency)),
        Column(t("channels.table.margin", lang),
               tables.amount("margin", "low", "high", currency=currency)),
        Column(t("channels.table.seen", lang), tables.count("seen")),
        Column(t("channels.table.ratio", lang), times),
        Column(t("channels.table.payback", lang), paid),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="channels.costs", lang=lang,
        title=title or t("channels.costs.title", lang), note=t("channels.costs.note", lang),
    )  # fmt: skip


def advisers(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return advisers by what became of their customers, adjusted; never a raw league table.

    Args:
        frame: `models.ranked_segments` by adviser with `top` (probability of the top third), and
            chats, reply_share and reply_minutes where known.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["segment", "people", "value", "low", "high", "in_top"], "channels.advisers")

    def minutes(row: pd.Series, lang: str) -> str:
        value = row.get("reply_minutes")
        return escape(fmt.MISSING if pd.isna(value) else fmt.number(float(value), lang, decimals=0))

    columns = [
        Column(t("channels.table.adviser", lang), tables.text("segment"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("channels.table.adjusted", lang), tables.rate("value", "low", "high")),
        Column(t("channels.table.top", lang), tables.share("in_top", bar=True)),
    ]
    if "reply_share" in frame:
        columns += [
            Column(t("channels.table.chats", lang), tables.count("chats")),
            Column(t("channels.table.reply_share", lang), tables.share("reply_share")),
            Column(t("channels.table.reply_minutes", lang), minutes),
        ]
    return tables.build(
        frame, columns, name="channels.advisers", lang=lang,
        title=title or t("channels.advisers.title", lang), note=t("channels.advisers.note", lang),
    )  # fmt: skip
