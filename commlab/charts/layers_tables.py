"""Tables of notebook 11 on layers, moves, the RFM grid, the profile of members and tiers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, fmt, has, t

VERDICTS = {
    "more": ("▲", "segments.verdict.more", "good"),
    "less": ("▼", "segments.verdict.less", "bad"),
    "chance": ("○", "segments.verdict.chance", "quiet"),
}


def layer_name(name: str, lang: str) -> str:
    """Return the words for a layer; what is none stays as it stands."""
    return _worded("segments.layer", name, lang)


def _worded(family: str, code: str, lang: str) -> str:
    key = f"{family}.{code}"
    return t(key, lang) if has(key) else code


def named(column: str, family: str) -> Cell:
    """Return a cell writer for a code: its words where there are any, else as it stands."""
    return lambda row, lang: escape(_worded(f"segments.{family}", str(row[column]), lang))


def verdict(frame: pd.DataFrame, difference: str, flagged: str) -> list[str]:
    """Return what a flag and the sign of a difference say, as states of `VERDICTS`."""
    gaps, sure = frames.numbers(frame, difference), frames.flags(frame, flagged)
    return ["" if np.isnan(gap) else ("more" if gap > 0 else "less") if flag else "chance"
            for gap, flag in zip(gaps, sure, strict=True)]  # fmt: skip


def _signed(plain: Cell, state: str) -> Cell:
    """Return a cell writer with the sign of a verdict before the figure; the note explains it."""

    def cell(row: pd.Series, lang: str) -> str:
        found = str(row[state])
        if found not in ("more", "less"):
            return plain(row, lang)
        shape, key, kind = VERDICTS[found]
        sign = f'<span class="mark {kind}" title="{escape(t(key, lang))}">{shape}</span>'
        return f"{sign} {plain(row, lang)}"

    return cell


def layers(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", days: int = 90,
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return the layers with what to do and what to expect.

    Args:
        frame: `metrics.layer_table`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        days: Days of what followed.
        title: Head of the table.
    """
    frames.need(frame, ["segment", "advice", "people", "share", "at_risk", "rate", "total"],
                "layers.layers")  # fmt: skip
    plain = named("advice", "advice")

    def advice(row: pd.Series, lang: str) -> str:
        return f'<span class="long">{plain(row, lang)}</span>'

    columns = [
        Column(t("segments.table.layer", lang), named("segment", "layer"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("segments.table.share", lang),
               tables.share("share", bar=True, scale=tables.largest(frame, "share"))),
        Column(t("segments.table.advice", lang), advice, False),
    ]  # fmt: skip
    measured = bool(np.isfinite(frames.numbers(frame, "rate")).any())
    if measured:
        columns[3:3] = [
            Column(t("segments.table.bought", lang), tables.rate("rate", "low", "high")),
            Column(t("segments.table.expected", lang),
                   tables.amount("total", "total_low", "total_high", currency=currency)),
        ]  # fmt: skip
    return tables.build(
        frame, columns, name="layers.layers", lang=lang,
        title=title or t("segments.layers.title", lang),
        note=t("segments.layers.note", lang, days=days) if measured else "",
    )  # fmt: skip


def moved(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return moves between layers as a table: from, to, people, share with its interval.

    Args:
        frame: `metrics.layer_moves`; destinations that nobody took are left out.
        lang: "en" or "zh".
        title: Head of the table.
    """
    return _moves(frame, "layers.moved", "layer", lang, title or t("segments.moves.table_title",
                  lang), t("segments.moves.table_note", lang))  # fmt: skip


def tier_moved(
    frame: pd.DataFrame, *, lang: str, days: int = 90, title: str | Words | None = None
) -> GT:
    """Return moves between tiers: from, to, people, share with its interval.

    Args:
        frame: `metrics.tier_moves`; destinations that nobody took are left out.
        lang: "en" or "zh".
        days: Days between the two dates.
        title: Head of the table.
    """
    return _moves(frame, "layers.tier_moved", "short", lang,
                  title or t("segments.tiers.moves_title", lang, days=days),
                  t("segments.tiers.moves_note", lang), only=("new", "none"))  # fmt: skip


def _moves(
    frame: pd.DataFrame, name: str, family: str, lang: str, title: str | Words, note: str,
    only: tuple[str, ...] = (),
) -> GT:  # fmt: skip
    frames.need(frame, ["origin", "segment", "at_risk", "went", "rate", "low", "high"], name)
    rows = frame[~frame["went"].eq(0).fillna(False).astype(bool)]

    def words(column: str) -> Cell:
        # A tier may be called anything: only our own codes have words.
        worded, plain = named(column, family), tables.text(column)
        return lambda row, lang: (worded if not only or row[column] in only else plain)(row, lang)

    columns = [
        Column(t("segments.table.then", lang), words("origin"), False),
        Column(t("segments.table.went", lang), words("segment"), False),
        Column(t("common.column.people", lang), tables.count("went")),
        Column(t("segments.table.of_them", lang), tables.rate("rate", "low", "high", bar=True)),
    ]
    return tables.build(rows, columns, name=name, lang=lang, title=title, note=note, most=60)


def cells(
    frame: pd.DataFrame, *, lang: str, days: int = 90, title: str | Words | None = None
) -> GT:
    """Return how many of those in each cell of the RFM grid bought next.

    Args:
        frame: `metrics.rfm_next`.
        lang: "en" or "zh".
        days: Days of what followed.
        title: Head of the table.
    """
    frames.need(frame, ["recency", "frequency", "at_risk", "took", "rate"], "layers.cells")
    scale = tables.largest(frame, "rate")
    columns = [
        Column(t("segments.table.recency", lang), tables.count("recency")),
        Column(t("segments.table.frequency", lang), tables.count("frequency")),
        Column(t("segments.table.watched", lang), tables.count("at_risk")),
        Column(t("segments.table.took", lang), tables.count("took")),
        Column(t("segments.table.again", lang),
               tables.rate("rate", "low", "high", bar=True, scale=scale)),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="layers.cells", lang=lang, most=81,
        title=title or t("segments.grid.table_title", lang),
        note=t("segments.grid.table_note", lang, days=days),
    )  # fmt: skip


def cuts(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return the cut points of the scores.

    Args:
        frame: `metrics.rfm_cuts`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    frames.need(frame, ["part", "score", "above", "up_to", "buyers"], "layers.cuts")

    def span(row: pd.Series, lang: str) -> str:
        money = row["part"] == "money"
        low, high = (
            None if pd.isna(row[name]) else fmt.money(float(row[name]), lang, currency) if money
            else fmt.number(float(row[name]), lang) for name in ("above", "up_to")
        )  # fmt: skip
        if low is None and high is None:
            return escape(fmt.MISSING)
        key = "to" if low is None else "from" if high is None else "between"
        return escape(t(f"segments.table.{key}", lang, low=low, high=high))

    columns = [
        Column(t("segments.table.part", lang), named("part", "part"), False),
        Column(t("segments.table.score", lang), tables.count("score")),
        Column(t("segments.table.span", lang), span, False),
        Column(t("segments.table.buyers", lang), tables.count("buyers")),
    ]
    return tables.build(
        frame, columns, name="layers.cuts", lang=lang, most=27,
        title=title or t("segments.cuts.title", lang), note=t("segments.cuts.note", lang),
    )  # fmt: skip


def profile(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", days: int = 90,
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return who the members are, who stayed and who spent.

    Args:
        frame: `models.profile_table`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        days: Days of retention and spending.
        title: Head of the table.
    """
    frames.need(frame, ["attribute", "segment", "people", "share", "at_risk", "rate"],
                "layers.profile")  # fmt: skip
    # Largest first within an attribute: the rest is in the file.
    frame = frame.groupby("attribute", sort=False).head(tables.MOST_ROWS)
    rows = frame.assign(stayed=verdict(frame, "difference", "flagged"),
                        spent=verdict(frame, "net_difference", "net_flagged"))  # fmt: skip

    def value(row: pd.Series, lang: str) -> str:
        own = row["attribute"] in ("gender", "age") or row["segment"] in ("unknown", "none")
        return (named("segment", "value") if own else tables.text("segment"))(row, lang)

    columns = [
        Column(t("segments.table.attribute", lang), named("attribute", "attribute"), False),
        Column(t("segments.table.segment", lang), value, False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("segments.table.share", lang), tables.share("share")),
    ]
    if np.isfinite(frames.numbers(frame, "share_value")).any():
        columns.append(Column(t("segments.table.of_money", lang), tables.share("share_value")))
    for figure, state, head in (("rate", "stayed", "stayed"), ("net_per_member", "spent", "each")):
        if np.isfinite(frames.numbers(frame, figure)).any():
            plain = tables.rate("rate", "low", "high") if figure == "rate" else tables.amount(
                "net_per_member", "net_low", "net_high", currency=currency)  # fmt: skip
            columns.append(Column(t(f"segments.table.{head}", lang), _signed(plain, state)))
    return tables.build(
        rows, columns, name="layers.profile", lang=lang, most=len(rows),
        title=title or t("segments.profile.title", lang),
        note=t("segments.profile.note", lang, days=days),
    )  # fmt: skip


def tiers(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return who holds which tier, what they spent, and for how long it is held.

    Args:
        frame: `models.held_tiers`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    frames.need(frame, ["segment", "people", "share", "mean", "value", "low", "high", "horizon"],
                "layers.tiers")  # fmt: skip

    def months(row: pd.Series, lang: str) -> str:
        if pd.isna(row["value"]):
            return escape(fmt.MISSING)
        value, low, high = (fmt.number(float(row[x]), lang, decimals=1)
                            for x in ("value", "low", "high"))  # fmt: skip
        between = "" if lang == "zh" else " "
        ends = escape(t("segments.table.ends", lang, low=low, high=high))
        return (f'<span class="figure">{escape(value)}</span>{between}'
                f'<span class="interval">{ends}</span>')  # fmt: skip

    def tier(row: pd.Series, lang: str) -> str:
        plain = row["segment"] != "none"
        return (tables.text("segment") if plain else named("segment", "value"))(row, lang)

    columns = [
        Column(t("segments.table.tier", lang), tier, False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("segments.table.share", lang), tables.share("share", bar=True)),
    ]
    if np.isfinite(frames.numbers(frame, "mean")).any():
        columns += [
            Column(t("segments.table.year", lang),
                   tables.amount("mean", "mean_low", "mean_high", currency=currency)),
            Column(t("segments.table.of_money", lang), tables.share("share_value")),
        ]  # fmt: skip
    columns.append(Column(t("segments.table.held", lang), months))
    return tables.build(
        frame, columns, name="layers.tiers", lang=lang,
        title=title or t("segments.tiers.title", lang),
        note=t("segments.tiers.note", lang, days=int(frame["horizon"].iloc[0])),
    )  # fmt: skip
