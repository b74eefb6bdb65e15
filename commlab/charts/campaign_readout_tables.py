"""Tables of notebook 08: metrics, segments, balance, tenths, and what the next one could show."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.campaign_cells import arms, decimals, difference, named, p_value, scale, signed
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, fmt, t


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
        *arms(frame, lang),
        Column(t("campaign.table.metric", lang), named("campaign.metric", "metric"), False),
        Column(t("campaign.table.control", lang), _mean("control", currency)),
        Column(t("campaign.table.treated", lang), _mean("treated", currency)),
        Column(t("campaign.table.plain", lang), difference("difference", currency=currency)),
        Column(t("campaign.table.cuped", lang),
               difference("cuped", "cuped_low", "cuped_high", currency=currency)),
        Column(t("campaign.table.relative", lang), _relative),
        Column(t("campaign.table.p", lang), p_value("p_adjusted")),
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
        *arms(frame, lang),
        Column(t("campaign.table.n_control", lang), tables.count("n_control")),
        Column(t("campaign.table.n_treated", lang), tables.count("n_treated")),
        Column(t(f"campaign.table.difference_{'money' if unit == 'money' else 'orders'}", lang),
               difference("difference", currency=currency)),
        Column(t("campaign.table.p", lang), p_value("p_adjusted")),
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
        *arms(frame, lang),
        Column(t("campaign.table.covariate", lang), named("campaign.covariate", "covariate"),
               False),
        Column(t("campaign.table.smd", lang), decimals("smd", 3)),
        Column("p", p_value("p")),
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
        Column(t("campaign.table.decile", lang), decimals("decile", 0)),
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
