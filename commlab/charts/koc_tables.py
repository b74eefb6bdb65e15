"""Tables of notebook 06: cards of opinion leaders, who was left out, referrals, replies."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.tables import Cell, Column
from commlab.schedule import PARTS
from commlab.text import Words, escape, fmt, t


def _number(name: str, decimals: int) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        value = row[name]
        shown = fmt.MISSING if pd.isna(value) else fmt.number(float(value), lang, decimals=decimals)
        return f'<span class="figure">{escape(shown)}</span>'

    return cell


def _named(prefix: str, column: str) -> Cell:
    return lambda row, lang: escape(t(f"{prefix}.{row[column]}", lang))


def _person(row: pd.Series, lang: str) -> str:
    return f'<span class="figure">{escape(str(row["member"]))}</span>'


def cards(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return a line for each opinion leader and candidate: ranks of the parts and a portrait.

    Args:
        frame: `models.koc_cards` behind the gate: member (pseudonym), state, rank, points, the
            ranks of the parts, portrait, portrait_zh.
        lang: "en" or "zh".
        title: Head of the table.
    """
    ranks = [f"{part}_rank" for part in PARTS]
    need = ["member", "state", "rank", "points", *ranks, "portrait", "portrait_zh"]
    frames.need(frame, need, "charts.koc.cards")
    columns = [
        Column(t("koc.table.rank", lang), _number("rank", 0)),
        Column(t("koc.table.member", lang), _person, False),
        Column(t("koc.table.state", lang), _named("koc.state", "state"), False),
        Column(t("koc.table.points", lang), _number("points", 0)),
        *(Column(t(f"koc.part_name.{part}", lang), tables.share(f"{part}_rank"))
          for part in PARTS),
        Column(t("koc.table.portrait", lang),
               tables.prose("portrait" if lang == "en" else "portrait_zh"), False),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="koc.cards", lang=lang,
        title=title or t("koc.cards.title", lang), note=t("koc.cards.note", lang),
    )  # fmt: skip


def marked(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return of how many at the top the brand had marked, with labels and without.

    Args:
        frame: `LabelledKOC.to_frame()`: method, top, people, hits, rate, low, high, status.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["method", "top", "people", "hits", "rate"], "charts.koc.marked")
    columns = [
        Column(t("koc.table.method", lang), _named("koc.method", "method"), False),
        Column(t("koc.table.top", lang), tables.share("top")),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("koc.table.hits", lang), tables.count("hits")),
        Column(t("koc.table.precision", lang), tables.rate()),
    ]
    return tables.build(
        frame, columns, name="koc.labels", lang=lang,
        title=title or t("koc.labels.title", lang), note=t("koc.labels.note", lang),
    )  # fmt: skip


def reasons(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how many were left out of the choice, by reason.

    Args:
        frame: `models.left_out`: reason, people.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["reason", "people"], "charts.koc.reasons")
    columns = [
        Column(t("koc.table.reason", lang), _named("koc.reason", "reason"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("koc.table.how", lang), _named("koc.how", "reason"), False),
    ]
    return tables.build(
        frame, columns, name="koc.reasons", lang=lang,
        title=title or t("koc.reasons.title", lang), note=t("koc.reasons.note", lang),
    )  # fmt: skip


def referral_table(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what those whom members brought are worth, by who brought them.

    Args:
        frame: `models.referral_groups`: group, inviters, invitees, kept, depth, margin, reward,
            net.
        lang: "en" or "zh".
        currency: ISO code of the amounts.
        title: Head of the table.
    """
    need = ["group", "inviters", "invitees", "kept", "depth", "margin", "reward", "net"]
    frames.need(frame, need, "charts.koc.referral_table")
    columns = [
        Column(t("koc.table.by", lang), _named("koc.by", "group"), False),
        Column(t("koc.table.inviters", lang), tables.count("inviters")),
        Column(t("koc.table.invitees", lang), tables.count("invitees")),
        Column(t("koc.table.kept", lang), tables.count("kept")),
        Column(t("koc.table.depth", lang), _number("depth", 0)),
        Column(t("koc.table.margin", lang), tables.money("margin", currency)),
        Column(t("koc.table.reward", lang), tables.money("reward", currency)),
        Column(t("koc.table.net", lang), tables.money("net", currency)),
    ]
    return tables.build(
        frame, columns, name="koc.referrals", lang=lang,
        title=title or t("koc.referrals.title", lang), note=t("koc.referrals.note", lang),
    )  # fmt: skip


def pieces(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how content is clicked and sent again, by who made it.

    Args:
        frame: `models.piece_makers`: maker, creators, posts, exposures, clicks, rate, low, high,
            again, delivered, clicked, status.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["maker", "creators", "posts", "exposures", "rate", "again", "delivered", "clicked"]
    frames.need(frame, need, "charts.koc.pieces")
    columns = [
        Column(t("koc.table.maker", lang), _named("koc.maker", "maker"), False),
        Column(t("koc.table.creators", lang), tables.count("creators")),
        Column(t("koc.table.posts", lang), tables.count("posts")),
        Column(t("koc.table.exposures", lang), tables.count("exposures")),
        Column(t("koc.table.clicked", lang), tables.rate()),
        Column(t("koc.table.again", lang), tables.count("again")),
        Column(t("koc.table.resent", lang), tables.count("delivered")),
        Column(t("koc.table.resent_clicked", lang), tables.count("clicked")),
    ]
    return tables.build(
        frame, columns, name="koc.pieces", lang=lang,
        title=title or t("koc.pieces.title", lang), note=t("koc.pieces.note", lang),
    )  # fmt: skip


def central(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return those at the centre of the reply graph.

    Args:
        frame: `models.central_members` behind the gate: member (pseudonym), pagerank, expertise,
            brokerage, state.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(
        frame, ["member", "pagerank", "expertise", "brokerage", "state"], "charts.koc.central"
    )
    columns = [
        Column(t("koc.table.member", lang), _person, False),
        Column(t("koc.table.pagerank", lang), tables.share("pagerank")),
        Column(t("koc.table.expertise", lang), _number("expertise", 1)),
        Column(t("koc.table.brokerage", lang), _number("brokerage", 2)),
        Column(t("koc.table.state", lang), _named("koc.state", "_state"), False),
    ]
    states = frame["state"].fillna("").replace("", "neither")
    return tables.build(
        frame.assign(_state=states), columns, name="koc.central", lang=lang,
        title=title or t("koc.central.title", lang), note=t("koc.central.note", lang),
    )  # fmt: skip


def signals(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how many messages that address somebody could be given to a person.

    Args:
        frame: `metrics.resolution`: signal, messages, resolved, rate.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["signal", "messages", "resolved", "rate"], "charts.koc.signals")
    columns = [
        Column(t("koc.table.signal", lang), _named("koc.signal", "signal"), False),
        Column(t("koc.table.messages", lang), tables.count("messages")),
        Column(t("koc.table.resolved", lang), tables.count("resolved")),
        Column(t("common.column.rate", lang), tables.share("rate")),
    ]
    return tables.build(
        frame, columns, name="koc.signals", lang=lang,
        title=title or t("koc.signals.title", lang), note=t("koc.signals.note", lang),
    )  # fmt: skip
