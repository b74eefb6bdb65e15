"""Tables of notebook 05: how the methods did, what moved, what to offer to whom."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, fmt, t

SCORES = ("log_loss", "brier", "auc", "lift")
_STATES = {
    "stable": ("○", "churn.drift.stable", "quiet"),
    "moved": ("△", "churn.drift.moved", "watch"),
    "strong": ("▲", "churn.drift.strong", "bad"),
}


def _named(prefix: str, column: str) -> Cell:
    return lambda row, lang: escape(t(f"{prefix}.{row[column]}", lang))


def _figure(value: str, low: str, high: str, decimals: int) -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        numbers = [row[name] for name in (value, low, high)]
        if pd.isna(numbers[0]):
            return escape(fmt.MISSING)
        shown = [fmt.number(float(x), lang, decimals=decimals) for x in numbers if pd.notna(x)]
        text = f'<span class="figure">{escape(shown[0])}</span>'
        if len(shown) == 3:
            ends = f"{shown[1]}–{shown[2]}"
            inner = f"（{ends}）" if lang == "zh" else f"({ends})"
            gap = "" if lang == "zh" else " "
            text += f'{gap}<span class="interval">{escape(inner)}</span>'
        return text

    return cell


def methods_table(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return log loss, Brier score, AUC and lift of every method, with intervals.

    Args:
        frame: `ChurnBacktest.to_frame()`: method, score, value, low, high, people.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["method", "score", "value", "low", "high", "people"], "churn.methods_table")
    wide = pd.DataFrame({"method": list(dict.fromkeys(frame["method"]))})
    columns = [Column(t("churn.table.method", lang), _named("churn.method", "method"), False)]
    for score in SCORES:
        part = frame[frame["score"] == score].set_index("method")
        for name in ("value", "low", "high"):
            wide[f"{score}_{name}"] = wide["method"].map(part[name])
        ends = [f"{score}_{name}" for name in ("value", "low", "high")]
        cell = _figure(ends[0], ends[1], ends[2], 2 if score == "lift" else 3)
        columns.append(Column(t(f"churn.table.{score}", lang), cell))
    return tables.build(
        wide, columns, name="churn.methods", lang=lang,
        title=title or t("churn.table.methods", lang), note=t("churn.table.methods_note", lang),
    )  # fmt: skip


def drift(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how far each feature moved since the model learnt.

    Args:
        frame: `models.feature_drift`: feature, psi, state, people.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["feature", "psi", "state", "people"], "churn.drift")
    columns = [
        Column(t("churn.table.feature", lang), _named("churn.feature", "feature"), False),
        Column(t("churn.table.psi", lang), _figure("psi", "none", "none", 2)),
        Column(t("common.column.verdict", lang), tables.mark("state", _STATES), False),
    ]
    return tables.build(
        frame.assign(none=float("nan")), columns, name="churn.drift", lang=lang,
        title=title or t("churn.drift.title", lang), note=t("churn.drift.note", lang),
    )  # fmt: skip


def layers(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return people, mean risk and value at risk by what to offer them.

    Args:
        frame: `metrics.churn_layers`: action, people, rate, value_at_risk.
        lang: "en" or "zh".
        currency: ISO code of the amounts.
        title: Head of the table.
    """
    frames.need(frame, ["action", "people", "rate", "value_at_risk"], "churn.layers")
    columns = [
        Column(t("churn.table.action", lang), _named("churn.layer", "action"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("churn.table.risk", lang), tables.share("rate")),
        Column(t("churn.table.value_at_risk", lang), tables.money("value_at_risk", currency)),
    ]
    return tables.build(
        frame, columns, name="churn.layers", lang=lang,
        title=title or t("churn.layers.title", lang), note=t("churn.layers.note", lang),
    )  # fmt: skip


def bands(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return who came back by band of silence.

    Args:
        frame: `metrics.dormant_bands`: band, at_risk, returned, rate, low, high, status.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["band", "at_risk", "returned", "rate", "low", "high"], "churn.bands")
    columns = [
        Column(t("churn.table.band", lang), tables.text("band"), False),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
        Column(t("churn.table.returned", lang), tables.count("returned")),
        Column(t("common.column.rate", lang), tables.rate(bar=True)),
    ]
    return tables.build(
        frame, columns, name="churn.bands", lang=lang,
        title=title or t("churn.bands.title", lang), note=t("churn.bands.note", lang),
    )  # fmt: skip
