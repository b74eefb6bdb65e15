"""Tables of notebook 08: all campaigns, what can be claimed of one, what tries to refute it."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.campaign_cells import difference, scale, signed, why, with_interval
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


def _named(prefix: str, column: str) -> Cell:
    return lambda row, lang: escape(t(f"{prefix}.{row[column]}", lang))


def _prose(prefix: str, column: str) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        return f'<span class="long">{escape(t(f"{prefix}.{row[column]}", lang))}</span>'

    return cell


def overview(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return a line for each campaign: design, figure with interval, corrected p, verdict.

    Args:
        frame: `models.campaign_overview`: name, design, starts_on, arm, people, difference, low,
            high, p_adjusted, unit, verdict, status, reason.
        lang: "en" or "zh".
        currency: ISO code of money.
        title: Head of the table.
    """
    need = ["name", "design", "starts_on", "arm", "people", "difference", "low", "high",
            "p_adjusted", "unit", "verdict"]  # fmt: skip
    frames.need(frame, need, "charts.campaign.overview")
    unit = "money" if (frame["unit"] == "money").any() else "orders"
    columns = [
        Column(t("common.column.campaign", lang), tables.text("name"), False),
        Column(t("common.column.verdict", lang),
               tables.mark("verdict", _marks("campaign.verdict", _VERDICTS)), False),
        *([Column(t("campaign.table.arm", lang), tables.text("arm"), False)]
          if frame["campaign"].duplicated().any() else []),
        Column(t(f"campaign.table.difference_{unit}", lang),
               difference("difference", currency=currency)),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("campaign.table.p", lang), _p("p_adjusted")),
        Column(t("campaign.table.design", lang), _named("campaign.design", "design"), False),
        Column(t("campaign.table.starts", lang), _day("starts_on"), False),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="campaign.overview", lang=lang,
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
        Column(t("campaign.table.claim", lang), _named("campaign.row", "row"), False),
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


def _arms(frame: pd.DataFrame, lang: str) -> list[Column]:
    """Return the column of arms, where there are several."""
    if len(set(frame["arm"])) < 2:
        return []
    return [Column(t("campaign.table.arm", lang), tables.text("arm"), False)]


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
        Column(t("campaign.table.check", lang), _named("campaign.check", "check"), False),
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


def readout_table(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return every metric of a random assignment: means of the arms, differences, corrected p.

    Args:
        frame: `models.metrics_table`: arm, metric, unit, control, treated, difference, low, high,
            cuped, cuped_low, cuped_high, relative, p_adjusted, status, reason.
        lang: "en" or "zh".
        currency: ISO code of money.
        title: Head of the table.
    """
    need = ["arm", "metric", "unit", "control", "treated", "difference", "cuped", "relative",
            "p_adjusted"]  # fmt: skip
    frames.need(frame, need, "charts.campaign.readout_table")
    columns = [
        *_arms(frame, lang),
        Column(t("campaign.table.metric", lang), _named("campaign.metric", "metric"), False),
        Column(t("campaign.table.control", lang), _mean("control", currency)),
        Column(t("campaign.table.treated", lang), _mean("treated", currency)),
        Column(t("campaign.table.plain", lang), difference("difference", currency=currency)),
        Column(t("campaign.table.cuped", lang),
               difference("cuped", "cuped_low", "cuped_high", currency=currency)),
        Column(t("campaign.table.relative", lang), _relative),
        Column(t("campaign.table.p", lang), _p("p_adjusted")),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="campaign.readout", lang=lang,
        title=title or t("campaign.readout.title", lang), note=t("campaign.readout.note", lang),
    )  # fmt: skip


def segments(
    frame: pd.DataFrame, *, lang: str, unit: str = "orders", currency: str = "CNY",
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return the difference in each segment that was named before looking.

    Args:
        frame: `models.by_segment`: segment, arm, n_control, n_treated, difference, low, high,
            p_adjusted, status.
        lang: "en" or "zh".
        unit: Unit of the metric.
        currency: ISO code of money.
        title: Head of the table.
    """
    need = ["segment", "arm", "n_control", "n_treated", "difference", "low", "high", "p_adjusted"]
    frames.need(frame, need, "charts.campaign.segments")
    columns = [
        Column(t("common.column.segment", lang), tables.text("segment"), False),
        *_arms(frame, lang),
        Column(t("campaign.table.n_control", lang), tables.count("n_control")),
        Column(t("campaign.table.n_treated", lang), tables.count("n_treated")),
        Column(t(f"campaign.table.difference_{'money' if unit == 'money' else 'orders'}", lang),
               difference("difference", currency=currency)),
        Column(t("campaign.table.p", lang), _p("p_adjusted")),
    ]  # fmt: skip
    return tables.build(
        frame.assign(unit=unit), columns, name="campaign.segments", lang=lang,
        title=title or t("campaign.segments.title", lang), note=t("campaign.segments.note", lang),
    )  # fmt: skip


def balance(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how alike the arms were before the campaign.

    Args:
        frame: `models.balance`: arm, covariate, smd, p.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["arm", "covariate", "smd", "p"], "charts.campaign.balance")
    columns = [
        *_arms(frame, lang),
        Column(t("campaign.table.covariate", lang), _named("campaign.covariate", "covariate"),
               False),
        Column(t("campaign.table.smd", lang), _decimals("smd", 3)),
        Column("p", _p("p")),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="campaign.balance", lang=lang,
        title=title or t("campaign.balance.title", lang), note=t("campaign.balance.note", lang),
    )  # fmt: skip


def deciles_table(
    frame: pd.DataFrame, *, lang: str, unit: str = "money", currency: str = "CNY",
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return uplift by tenth of the ranking, expected and found.

    Args:
        frame: `Targeting.deciles`: decile, people, predicted, uplift, low, high.
        lang: "en" or "zh".
        unit: Unit of the uplift, a person.
        currency: ISO code of money.
        title: Head of the table.
    """
    frames.need(frame, ["decile", "people", "predicted", "uplift"], "charts.campaign.deciles_table")
    columns = [
        Column(t("campaign.table.decile", lang), _decimals("decile", 0)),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(
            t("campaign.table.predicted", lang), difference("predicted", "", "", currency=currency)
        ),
        Column(t("campaign.table.uplift", lang), difference("uplift", currency=currency)),
    ]
    return tables.build(
        frame.assign(unit=unit), columns, name="campaign.deciles", lang=lang,
        title=title or t("campaign.deciles_table.title", lang),
    )  # fmt: skip


def detectable(
    frame: pd.DataFrame, *, lang: str, unit: str = "orders", currency: str = "CNY",
    grouped: bool = False, title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return the smallest difference that so many people would reveal, by share held out.

    Args:
        frame: `NextCampaign.table`: units, people, holdout, detectable.
        lang: "en" or "zh".
        unit: Unit of the metric.
        currency: ISO code of money.
        grouped: Whether groups are assigned.
        title: Head of the table.
    """
    frames.need(frame, ["units", "people", "holdout", "detectable"], "charts.campaign.detectable")
    wide = frame.pivot_table(index=["units", "people"], columns="holdout", values="detectable")
    shares = sorted((float(share) for share in wide.columns), reverse=True)
    rows = wide.reset_index().rename(columns={share: f"h{share:g}" for share in shares})
    columns = [
        *([Column(t("campaign.table.groups", lang), tables.count("units"))] if grouped else []),
        Column(t("common.column.people", lang), tables.count("people")),
        *(Column(t("campaign.table.held_out", lang, share=fmt.share(share, lang)),
                 _least(f"h{share:g}", unit, currency)) for share in shares),
    ]  # fmt: skip
    kind = "money" if unit == "money" else "orders"
    return tables.build(
        rows, columns, name="campaign.detectable", lang=lang,
        title=title or t("campaign.detectable.title", lang),
        note=t(f"campaign.detectable.note_{kind}", lang),
    )  # fmt: skip


def _least(name: str, unit: str, currency: str) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(name)
        if value is None or pd.isna(value):
            return escape(fmt.MISSING)
        text = signed(float(value), unit, lang, currency).removeprefix("+")
        return f'<span class="figure">±{escape(text)}</span>'

    return cell


def _mean(name: str, currency: str) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        value, unit = row[name], str(row["unit"])
        if pd.isna(value):
            return escape(fmt.MISSING)
        if unit == "money":
            return escape(fmt.money(float(value), lang, currency))
        return escape(fmt.number(float(value) * scale(unit), lang, decimals=1))

    return cell


def _relative(row: pd.Series, lang: str) -> str:
    value = row["relative"]
    return escape(fmt.MISSING if pd.isna(value) else signed(float(value), "ratio", lang))


def _day(name: str) -> Cell:
    return lambda row, lang: escape(fmt.date(row[name], lang))


def _decimals(name: str, decimals: int) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        value = row[name]
        shown = fmt.MISSING if pd.isna(value) else fmt.number(float(value), lang, decimals=decimals)
        return f'<span class="figure">{escape(shown)}</span>'

    return cell


def _p(name: str) -> Cell:
    return lambda row, lang: escape(fmt.p_value(row[name]).removeprefix("= "))
