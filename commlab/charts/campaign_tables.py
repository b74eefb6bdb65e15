"""Tables of notebook 08: all campaigns, what can be claimed of one, what tries to refute it."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.campaign_cells import (
    difference,
    named,
    p_value,
    why,
    with_interval,
)
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, fmt, t

# Verdict → shape and class: never colour alone.
_VERDICTS = {
    "gain": ("▲", "good"), "harm": ("▼", "bad"), "nothing": ("○", "quiet"),
    "higher": ("△", "watch"), "lower": ("▽", "watch"), "alike": ("○", "quiet"),
    "cannot_tell": ("?", "watch"), "broken": ("✕", "bad"), "too_few": ("–", "quiet"),
    "refused": ("–", "quiet"),
}  # fmt: skip
_STANDINGS = {"naive": ("✕", "quiet"), "association": ("△", "watch"), "effect": ("●", "good")}
_RESULTS = {"True": ("✓", "good"), "False": ("✕", "bad"), "None": ("–", "quiet")}


def _marks(prefix: str, shapes: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str, str]]:
    return {name: (shape, f"{prefix}.{name.lower()}", kind)
            for name, (shape, kind) in shapes.items()}  # fmt: skip


def _prose(prefix: str, column: str) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        return f'<span class="long">{escape(t(f"{prefix}.{row[column]}", lang))}</span>'

    return cell


def overview(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return a line for each campaign: design, figure with interval, corrected p, verdict.

    Args:
        frame: `models.campaign_overview`: name, kind, design, starts_on, arm, people, difference,
            low, high, p_adjusted, unit, verdict, status, reason.
        lang: "en" or "zh".
        currency: ISO code of money.
        title: Head of the table.
    """
    need = ["name", "kind", "design", "starts_on", "arm", "people", "difference", "low", "high",
            "p_adjusted", "unit", "verdict"]  # fmt: skip
    frames.need(frame, need, "charts.campaign.overview")
    unit = "money" if (frame["unit"] == "money").any() else "orders"
    rows = frame.assign(kind=frame["kind"].fillna("other").replace("", "other"))
    columns = [
        Column(t("common.column.campaign", lang), tables.text("name"), False),
        Column(t("common.column.verdict", lang),
               tables.mark("verdict", _marks("campaign.verdict", _VERDICTS)), False),
        *([Column(t("campaign.table.arm", lang), tables.text("arm"), False)]
          if frame["campaign"].duplicated().any() else []),
        Column(t(f"campaign.table.difference_{unit}", lang),
               difference("difference", currency=currency)),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("campaign.table.p", lang), p_value("p_adjusted")),
        Column(t("campaign.table.kind", lang), named("campaign.kind", "kind"), False),
        Column(t("campaign.table.design", lang), named("campaign.design", "design"), False),
        Column(t("campaign.table.starts", lang), _day("starts_on"), False),
    ]  # fmt: skip
    return tables.build(
        rows, columns, name="campaign.overview", lang=lang,
        title=title or t("campaign.overview.title", lang), note=t("campaign.overview.note", lang),
    )  # fmt: skip


def claims_table(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return the eleven claims: figure or reason, people, what must hold, what it is worth.

    Args:
        frame: `Claims.rows`: row, value, low, high, people, unit, status, reason, assumption,
            standing.
        lang: "en" or "zh".
        currency: ISO code of money.
        title: Head of the table.
    """
    need = ["row", "value", "low", "high", "people", "unit", "assumption", "standing"]
    frames.need(frame, need, "charts.campaign.claims_table")
    # In claims a share is a gain against the month before, not a share of people.
    rows = frame.assign(unit=frame["unit"].replace({"share": "ratio"}))
    columns = [
        Column(t("campaign.table.claim", lang), named("campaign.row", "row"), False),
        Column(t("campaign.table.figure", lang), _claim(currency)),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("campaign.table.standing", lang), _standing, False),
        Column(t("campaign.table.holds_if", lang), _prose("campaign.assumption", "assumption"),
               False),
    ]  # fmt: skip
    return tables.build(
        rows, columns, name="campaign.claims", lang=lang,
        title=title or t("campaign.claims_table.title", lang),
        note=t("campaign.claims_table.note", lang),
    )  # fmt: skip


def _claim(currency: str) -> Cell:
    plain = difference(currency=currency)

    def cell(row: pd.Series, lang: str) -> str:
        if pd.isna(row["value"]):
            return plain(row, lang)
        unit = str(row["unit"])
        kind = "total" if row["row"] == "net_money" else "each" if unit == "money" else unit
        below = escape(t(f"campaign.unit.{kind}", lang))
        return f'{plain(row, lang)}<span class="track quiet">{below}</span>'

    return cell


def _standing(row: pd.Series, lang: str) -> str:
    if pd.isna(row["value"]):
        return f'<span class="quiet">{escape(fmt.MISSING)}</span>'
    return tables.mark("standing", _marks("campaign.standing", _STANDINGS))(row, lang)


def checks(
    frame: pd.DataFrame, *, lang: str, unit: str = "orders", currency: str = "CNY",
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return the refutation panel: check, result, figures, and what it looks for.

    Args:
        frame: `Claims.panel`: check, passed, value, low, high, p, reason.
        lang: "en" or "zh".
        unit: Unit of the metric.
        currency: ISO code of money.
        title: Head of the table.
    """
    frames.need(frame, ["check", "passed", "value", "low", "high", "p"], "charts.campaign.checks")
    passed = [None if pd.isna(x) else bool(x) for x in frame["passed"]]
    rows = frame.assign(result=[str(x) for x in passed])
    columns = [
        Column(t("campaign.table.check", lang), named("campaign.check", "check"), False),
        Column(t("campaign.table.result", lang),
               tables.mark("result", _marks("campaign.result", _RESULTS)), False),
        Column(t("campaign.table.figure", lang), _check(unit, currency)),
        Column(t("campaign.table.looks_for", lang), _prose("campaign.looks_for", "check"), False),
    ]  # fmt: skip
    return tables.build(
        rows, columns, name="campaign.checks", lang=lang, title=title
        or t("campaign.checks.title", lang), note=t("campaign.checks.note", lang),
    )  # fmt: skip


def _check(unit: str, currency: str) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        if row["result"] == "None":
            return f'<span class="quiet">{escape(why(row, lang))}</span>'
        name, value = str(row["check"]), float(row["value"])
        if name in ("sample_ratio", "pre_trend"):
            text = f"p {fmt.p_value(row['p'])}"
        elif name in ("overlap", "robustness"):
            text = fmt.share(value, lang)
        elif name == "balance":
            text = fmt.number(value, lang, decimals=2)
        else:
            own = "orders" if name == "negative_control" else unit
            text = with_interval(value, float(row["low"]), float(row["high"]), own, lang, currency)
        return f'<span class="figure">{escape(text)}</span>'

    return cell


def _day(name: str) -> Cell:
    return lambda row, lang: escape(fmt.date(row[name], lang))
