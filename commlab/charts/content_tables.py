"""Tables of notebook 10."""

from __future__ import annotations

from typing import Any

import pandas as pd
from great_tables import GT

from commlab.charts import frames, groupcells as cells, tables
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, has, lookup, t

_VERDICTS = {
    "True": ("▲", "content.verdict.beyond", "watch"),
    "False": ("○", "common.status.chance", "quiet"),
}
_WINNERS = {
    "True": ("★", "content.verdict.winner", "good"),
    "False": ("○", "common.status.chance", "quiet"),
}


def level_name(factor: str, level: Any, lang: str) -> str:
    """Return what a form or a part of the day is called; topics have the brand's own words."""
    if str(level) == "unknown":
        return lookup("common.other.unknown", lang)
    key = f"content.{factor}.{level}"
    return lookup(key, lang) if factor != "topic" and has(key) else str(level)


def _words(row: pd.Series, lang: str) -> str:
    """Write the words of a topic, apart as the language does."""
    told = str(row["words"]) if lang == "zh" else str(row["words"]).replace("、", ", ")
    return f'<span class="long">{escape(told)}</span>'


def _told(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return "True" or "False"; empty where it is hidden or nothing was judged."""
    told = frame[name].astype("boolean").map({True: "True", False: "False"}).astype("str")
    judged = (frames.status(frame) == "ok") & frame[name].notna().to_numpy()
    return told.where(judged, "")


def _level(factor: str) -> Cell:
    return lambda row, lang: escape(level_name(factor, row[factor], lang))


def _head(key: str, lang: str) -> str:
    return t(f"content.column.{key}", lang)


def _build(
    frame: pd.DataFrame, columns: list[Column], name: str, lang: str, title: str | Words | None,
    **note: Any,
) -> GT:  # fmt: skip
    return tables.build(
        frame, columns, name=f"content.{name}", lang=lang,
        title=title or t(f"content.{name}.title", lang),
        note=t(f"content.{name}.note", lang, **note),
    )  # fmt: skip


def sent(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what became of the sends of each form.

    Args:
        frame: `metrics.send_rates`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["kind", "audience", "planned", "executed_rate"], "charts.content.sent")
    columns = [
        Column(_head("send", lang), cells.named("content.send", "kind"), False),
        Column(_head("audience", lang), cells.named("content.audience", "audience"), False),
        Column(_head("planned", lang), tables.count("planned")),
        *(
            Column(_head(step, lang),
                   tables.rate(f"{step}_rate", f"{step}_low", f"{step}_high"))
            for step in ("executed", "delivered", "clicked")
        ),
    ]  # fmt: skip
    return _build(frame, columns, "sent", lang, title)


def after_sends(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return orders and friend deletions within 72 hours of a send, against matched days.

    Args:
        frame: `metrics.send_orders` and `metrics.send_deletions`, one under the other.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["outcome", "audience", "delivered", "after", "matched", "difference", "low", "high"]
    frames.need(frame, need, "charts.content.after_sends")
    columns = [
        Column(_head("outcome", lang), cells.named("content.outcome", "outcome"), False),
        Column(_head("audience", lang), cells.named("content.audience", "audience"), False),
        Column(_head("delivered_n", lang), tables.count("delivered")),
        Column(_head("after", lang), cells.number("after", 1)),
        Column(_head("matched", lang), cells.number("matched", 1)),
        Column(_head("difference", lang), cells.between("difference", "low", "high", 1)),
    ]
    return _build(frame, columns, "after", lang, title)


def tags(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how much more often the same people click a send by tag.

    Args:
        frame: `metrics.tag_gain`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["people", "delivered", "ratio", "ratio_low"], "charts.content.tags")
    columns = [
        Column(t("common.column.people", lang), tables.count("people")),
        Column(_head("delivered_n", lang), tables.count("delivered")),
        Column(_head("ratio_tag", lang), cells.between("ratio", "ratio_low", "ratio_high", 2)),
    ]
    return _build(frame, columns, "tags", lang, title)


def reactions(
    frame: pd.DataFrame, *, lang: str, factor: str = "form", title: str | Words | None = None
) -> GT:
    """Return comments and shares a time shown, by form or topic, and how likely each is the best.

    Args:
        frame: `models.reaction_rates`: reaction, the factor, posts, exposures, value, low, high,
            p_best, could_be_best, status.
        lang: "en" or "zh".
        factor: "form", "topic" or "part".
        title: Head of the table.
    """
    need = ["reaction", factor, "posts", "exposures", "value", "low", "high", "p_best", "status"]
    frames.need(frame, need, "charts.content.reactions")
    columns = [
        Column(_head("reaction", lang), cells.named("content.reaction", "reaction"), False),
        Column(_head(factor, lang), _level(factor), False),
        Column(_head("posts", lang), tables.count("posts")),
        Column(_head("exposures", lang), tables.count("exposures")),
        Column(_head("reacted", lang), tables.rate("value", "low", "high")),
        Column(_head("p_best", lang), tables.share("p_best")),
    ]
    return _build(frame, columns, "reactions", lang, title)


def winners(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the pieces that did best against what was to be expected.

    Args:
        frame: `models.content_winners` with `group`: content_id, group, posted_at, form, topic,
            exposures, clicks, expected, ratio, winner.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["content_id", "group", "form", "topic", "exposures", "expected", "ratio", "winner"]
    frames.need(frame, need, "charts.content.winners")
    rows = frame.assign(_winner=_told(frame, "winner"))
    columns = [
        Column(_head("piece", lang), tables.text("content_id"), False),
        Column(_head("form", lang), _level("form"), False),
        Column(_head("topic", lang), _level("topic"), False),
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(_head("exposures", lang), tables.count("exposures")),
        Column(_head("raw", lang), tables.share("raw")),
        Column(_head("expected", lang), tables.share("expected")),
        Column(t("common.column.verdict", lang), tables.mark("_winner", _WINNERS), False),
    ]
    return _build(rows, columns, "winners", lang, title)


def neglected(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the groups that got content least steadily.

    Args:
        frame: `metrics.group_cadence` with `group`: group, posts, weeks, silent_weeks, gap_days.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["group", "posts", "weeks", "silent_weeks"], "charts.content.neglected")
    columns = [
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(_head("posts", lang), tables.count("posts")),
        Column(_head("weeks", lang), cells.number("weeks", 0)),
        Column(_head("silent_weeks", lang), cells.number("silent_weeks", 0)),
        Column(_head("gap_days", lang), cells.number("gap_days", 0)),
    ]
    return _build(frame, columns, "neglected", lang, title)


def topics(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what members talk about.

    Args:
        frame: `Topics.to_frame()`: words, messages, people, share, difference, low, high, flagged.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["words", "messages", "people", "share", "difference"], "content.topics")
    rows = frame.assign(_moved=_told(frame, "flagged"))
    columns = [
        Column(_head("words", lang), _words, False),
        Column(_head("messages", lang), tables.count("messages")),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("common.column.share", lang), tables.share("share")),
        Column(_head("change", lang), tables.points("difference", "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("_moved", _VERDICTS), False),
    ]
    return _build(rows, columns, "topics", lang, title)


def complaint_groups(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the groups by their share of complaints.

    Args:
        frame: `models.complaint_alerts` with `group`: group, messages, negative, rate, low, high,
            rate_before, flagged, status.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["group", "messages", "negative", "rate", "low", "high", "rate_before", "flagged"]
    frames.need(frame, need, "charts.content.complaint_groups")
    rows = frame.assign(_more=_told(frame, "flagged"))
    columns = [
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(_head("messages", lang), tables.count("messages")),
        Column(_head("negative", lang), tables.count("negative")),
        Column(_head("negative_share", lang), tables.rate()),
        Column(_head("before", lang), tables.share("rate_before")),
        Column(t("common.column.verdict", lang), tables.mark("_more", _VERDICTS), False),
    ]
    return _build(rows, columns, "complaint_groups", lang, title)


def complaint_terms(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return which words of complaint were used.

    Args:
        frame: `metrics.complaint_terms`: word, messages, people, messages_before.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["word", "messages", "people", "messages_before"], "content.terms")
    columns = [
        Column(_head("word", lang), tables.text("word"), False),
        Column(_head("messages", lang), tables.count("messages")),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(_head("messages_before", lang), tables.count("messages_before")),
    ]
    return _build(frame, columns, "complaint_terms", lang, title)


def demand(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return whether those who mention or click a category buy it next.

    Args:
        frame: `metrics.demand_signals`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["source", "category", "people", "signs", "bought", "expected", "ratio", "low", "high"]
    frames.need(frame, need, "charts.content.demand")
    rows = frame.assign(_more=_told(frame, "flagged"))

    def category(row: pd.Series, lang: str) -> str:
        known = str(row["category"]) == "all"
        return escape(lookup("common.other.all", lang) if known else row["category"])

    columns = [
        Column(_head("source", lang), cells.named("content.source", "source"), False),
        Column(_head("category", lang), category, False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(_head("bought", lang), tables.count("bought")),
        Column(_head("expected_items", lang), cells.number("expected", 1)),
        Column(_head("ratio", lang), cells.between("ratio", "low", "high", 2)),
        Column(t("common.column.verdict", lang), tables.mark("_more", _VERDICTS), False),
    ]
    return _build(rows, columns, "demand", lang, title)


def makers(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what contents of the brand and of members cost and bring.

    Args:
        frame: `metrics.content_makers`.
        lang: "en" or "zh".
        currency: ISO code of the amounts.
        title: Head of the table.
    """
    need = ["maker", "posts", "clicks", "spent", "per_click", "low", "high"]
    frames.need(frame, need, "charts.content.makers")
    columns = [
        Column(_head("maker", lang), cells.named("content.maker", "maker"), False),
        Column(_head("posts", lang), tables.count("posts")),
        Column(_head("creators", lang), tables.count("creators")),
        Column(_head("clicks", lang), tables.count("clicks")),
        Column(_head("spent", lang), tables.money("spent", currency)),
        Column(_head("per_click", lang),
               tables.amount("per_click", "low", "high", currency=currency)),
    ]  # fmt: skip
    return _build(frame, columns, "makers", lang, title)


__all__ = [
    "after_sends", "complaint_groups", "complaint_terms", "demand", "level_name", "makers",
    "neglected", "reactions", "sent", "tags", "topics", "winners",
]  # fmt: skip
