"""Tables of notebook 04: methods compared, segments, concentration, cycles, cross-check."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.segments import column_name
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, fmt, has, lookup, t, word

_VERDICTS = {
    "below": ("▼", "ltv.segments.below", "bad"),
    "above": ("▲", "ltv.segments.above", "good"),
    "chance": ("○", "ltv.segments.chance", "quiet"),
}


def _plain(name: str, decimals: int) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(name)
        return escape(
            fmt.MISSING if value is None or pd.isna(value) else
            fmt.number(float(value), lang, decimals=decimals)
        )  # fmt: skip

    return cell


def methods(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how each model and rule of thumb did on earlier days.

    Args:
        frame: `PurchaseBacktest.summary()`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    needed = ["method", "customers", "actual", "predicted", "bias", "mae", "rmse", "log_score"]
    frames.need(frame, needed, "charts.ltv_tables.methods")
    chosen = frames.flags(frame, "chosen")
    names = [
        t("ltv.methods.chosen", lang, name=word(f"ltv.method.{name}"))
        if own
        else lookup(f"ltv.method.{name}", lang)
        for name, own in zip(frame["method"], chosen, strict=True)
    ]
    columns = [
        Column(t("ltv.methods.method", lang), tables.text("_name"), False),
        Column(t("ltv.methods.predicted", lang), tables.count("predicted")),
        Column(t("ltv.methods.actual", lang), tables.count("actual")),
        Column(t("ltv.methods.bias", lang), tables.points("bias")),
        Column(t("ltv.methods.mae", lang), _plain("mae", 2)),
        Column(t("ltv.methods.rmse", lang), _plain("rmse", 2)),
        Column(t("ltv.methods.log_score", lang), _plain("log_score", 3)),
        *(
            Column(t("ltv.methods.covered", lang, level=level / 100),
                   tables.share(f"covered{level}"))
            for level in (50, 80, 95)
        ),
    ]  # fmt: skip
    return tables.build(
        frame.assign(_name=names),
        columns,
        name="ltv.methods",
        title=title or lookup("ltv.methods.title", lang),
        subtitle=lookup("ltv.methods.subtitle", lang),
        note=lookup("ltv.methods.note", lang),
        lang=lang,
    )


def by_segment(
    frame: pd.DataFrame,
    *,
    lang: str,
    by: str = "segment",
    currency: str = "CNY",
    title: str | Words | None = None,
) -> GT:
    """Return the expected value of a buyer by segment, as it is and drawn towards the whole.

    Args:
        frame: From `models.shrunk_means`.
        lang: "en" or "zh".
        by: What tells segments apart: a key under `[column]` of the common texts.
        currency: ISO 4217 code.
        title: Head of the table.
    """
    needed = ["segment", "buyers", "mean", "value", "low", "high", "weight"]
    frames.need(frame, needed, "charts.ltv_tables.by_segment")
    gap, sure = frames.numbers(frame, "difference"), frames.flags(frame, "flagged")
    verdict = [
        "" if state != "ok" else "chance" if not beyond else "above" if size > 0 else "below"
        for state, beyond, size in zip(frames.status(frame), sure, gap, strict=True)
    ]
    value = tables.amount("value", "low", "high", currency=currency)
    head, note = f"ltv.segments.head_{by}", f"ltv.segments.note_{by}"
    named = frame["segment"].astype(str).map(lambda name: _group(by, name, lang))
    columns = [
        Column(column_name(by, lang), tables.text("_name"), False),
        Column(t("ltv.segments.buyers", lang), tables.count("buyers")),
        Column(t("ltv.segments.value", lang), value),
        Column(t("ltv.segments.mean", lang), tables.money("mean", currency)),
        Column(t("ltv.segments.weight", lang), tables.share("weight")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]
    return tables.build(
        frame.assign(verdict=verdict, _name=named),
        columns,
        name=f"ltv.segments.{by}",
        title=title or lookup(head if has(head) else "ltv.segments.head", lang),
        note=lookup(note if has(note) else "ltv.segments.note", lang),
        lang=lang,
    )


def _group(by: str, name: str, lang: str) -> str:
    """Return a group in words, where it has some."""
    key = f"ltv.{by}.{name}"
    return lookup(key, lang) if by == "rfm" and has(key) else name


def acquisition(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what each channel cost for each who joined, and for each who bought first.

    Args:
        frame: From `metrics.acquisition_costs`.
        lang: "en" or "zh".
        currency: ISO 4217 code.
        title: Head of the table.
    """
    frames.need(frame, ["channel", "spent", "joined", "buyers"], "charts.ltv_tables.acquisition")
    columns = [
        Column(column_name("channel", lang), tables.text("channel"), False),
        Column(t("ltv.acquisition.spent", lang), tables.money("spent", currency)),
        Column(t("ltv.acquisition.joined", lang), tables.count("joined")),
        Column(t("ltv.acquisition.per_member", lang), tables.money("per_member", currency)),
        Column(t("ltv.acquisition.buyers", lang), tables.count("buyers")),
        Column(t("ltv.acquisition.per_buyer", lang), tables.money("per_buyer", currency)),
    ]
    return tables.build(
        frame,
        columns,
        name="ltv.acquisition",
        title=title or lookup("ltv.acquisition.title", lang),
        note=lookup("ltv.acquisition.note", lang),
        lang=lang,
    )


def concentration(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the share of value that the top 5, 10 and 20 % of buyers hold.

    Args:
        frame: From `models.top_shares`: top, buyers, share_value, low, high.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["top", "buyers", "share_value"], "charts.ltv_tables.concentration")
    columns = [
        Column(t("ltv.concentration.top", lang), tables.share("top"), False),
        Column(t("ltv.segments.buyers", lang), tables.count("buyers")),
        Column(t("ltv.concentration.share", lang), tables.rate("share_value", bar=True)),
    ]
    return tables.build(
        frame,
        columns,
        name="ltv.concentration",
        title=title or lookup("ltv.concentration.title", lang),
        lang=lang,
    )


def cycles(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return who buys a category again, and after how many days.

    Args:
        frame: From `metrics.repurchase_cycles`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    needed = ["segment", "at_risk", "rate", "cycle", "cycle_low", "cycle_high"]
    frames.need(frame, needed, "charts.ltv_tables.cycles")

    def median(row: pd.Series, lang: str) -> str:
        value = row["cycle"]
        if pd.isna(value):
            return f'<span class="quiet">{escape(lookup("common.status.too_few", lang))}</span>'
        ends = f"{row['cycle_low']:.0f}–{row['cycle_high']:.0f}"
        return f'{escape(f"{value:.0f}")} <span class="interval">{escape(f"({ends})")}</span>'

    columns = [
        Column(t("ltv.cycles.category", lang), tables.text("segment"), False),
        Column(t("ltv.segments.buyers", lang), tables.count("at_risk")),
        Column(t("ltv.cycles.again", lang),
               tables.rate(bar=True, scale=tables.largest(frame, "rate"))),
        Column(t("ltv.cycles.median", lang), median),
    ]  # fmt: skip
    return tables.build(
        frame,
        columns,
        name="ltv.cycles",
        title=title or lookup("ltv.cycles.title", lang),
        subtitle=lookup("ltv.cycles.subtitle", lang),
        lang=lang,
    )


def crosscheck(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the fit of this package beside that of lifetimes.

    Args:
        frame: From `models.beside_lifetimes`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["parameter", "own", "lifetimes"], "charts.ltv_tables.crosscheck")
    names = [
        lookup(key, lang) if has(key := f"ltv.crosscheck.{name}") else str(name)
        for name in frame["parameter"]
    ]
    columns = [
        Column(t("ltv.crosscheck.parameter", lang), tables.text("_name"), False),
        Column(t("ltv.crosscheck.own", lang), _plain("own", 4)),
        Column(t("ltv.crosscheck.low", lang), _plain("own_low", 4)),
        Column(t("ltv.crosscheck.high", lang), _plain("own_high", 4)),
        Column(t("ltv.crosscheck.lifetimes", lang), _plain("lifetimes", 4)),
    ]
    return tables.build(
        frame.assign(_name=names),
        columns,
        name="ltv.crosscheck",
        title=title or lookup("ltv.crosscheck.title", lang),
        lang=lang,
    )
