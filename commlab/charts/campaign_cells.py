"""How figures of a campaign are written: for each 1,000 people, as money a person, or relative."""

from __future__ import annotations

import math

import pandas as pd

from commlab.charts import tables
from commlab.charts.tables import Cell, Column
from commlab.estimate import Estimate
from commlab.text import escape, fmt, has, t

THOUSAND = 1000.0
_TO = {"en": " to ", "zh": "至"}
# What is counted is written for each 1,000 people; `share` is a relative gain in claims.
PER_THOUSAND = ("orders", "share")


def scale(unit: str) -> float:
    """Return what a figure of a unit is multiplied by before it is written."""
    return THOUSAND if unit in PER_THOUSAND else 1.0


def signed(value: float, unit: str, lang: str, currency: str = "CNY") -> str:
    """Return a difference with its sign: for each 1,000 people, as money, or in per cent.

    Args:
        value: The difference; "orders" a person, "money" a person or in all, "ratio" relative.
        unit: "orders", "share" (of people), "money" or "ratio".
        lang: "en" or "zh".
        currency: ISO code of money.

    Example:
        >>> signed(0.0821, "orders", "en"), signed(-6.4, "money", "en"), signed(1.63, "ratio", "zh")
        ('+82', '−¥6.40', '+163%')
    """
    if unit == "money":
        text = fmt.money(value, lang, currency)
    elif unit == "ratio":
        text = fmt.share(value, lang, decimals=0)
    else:
        shown = value * scale(unit)
        text = fmt.number(shown, lang, decimals=0 if abs(shown) >= 9.95 or not shown else 1)
    plus = value > 0 and any(digit in text for digit in "123456789")
    return f"+{text}" if plus else text


def with_interval(
    value: float, low: float, high: float, unit: str, lang: str, currency: str = "CNY"
) -> str:
    """Return a difference with its interval as plain text."""
    text = signed(value, unit, lang, currency)
    if math.isnan(low) or math.isnan(high):
        return text
    inner = _TO[lang].join(signed(end, unit, lang, currency) for end in (low, high))
    return f"{text}（{inner}）" if lang == "zh" else f"{text} ({inner})"


def difference(
    value: str = "value", low: str = "low", high: str = "high", *, unit: str = "unit",
    currency: str = "CNY",
) -> Cell:  # fmt: skip
    """Return a cell writer for a difference with its interval, or why there is none.

    Args:
        value: Column of the difference.
        low: Column of the lower end.
        high: Column of the upper end.
        unit: Column of the unit, see `signed`.
        currency: ISO code of money.
    """

    def cell(row: pd.Series, lang: str) -> str:
        number = row.get(value)
        if number is None or pd.isna(number):
            return f'<span class="quiet">{escape(why(row, lang))}</span>'
        ends = [float("nan") if pd.isna(row.get(end)) else float(row[end]) for end in (low, high)]
        kind = str(row.get(unit, "orders"))
        text = with_interval(float(number), ends[0], ends[1], kind, lang, currency)
        mark, space = ("（", "") if lang == "zh" else ("(", " ")
        figure, found, rest = text.partition(space + mark)
        inner = f'{space}<span class="interval">{escape(mark + rest)}</span>' if found else ""
        return f'<span class="figure">{escape(figure)}</span>{inner}'

    return cell


def why(row: pd.Series, lang: str) -> str:
    """Return why a row has no figure, in words."""
    reason = str(row.get("reason") or "")
    if has(reason):
        return t(reason, lang)
    status = str(row.get("status", ""))
    key = f"common.status.{status}"
    return t(key if status not in ("", "ok", "nan") and has(key) else "common.status.refused", lang)


def estimate_of(row: pd.Series) -> Estimate:
    """Return a row with value, low, high, people and unit as an estimate."""
    return Estimate(value=float(row["value"]), low=float(row["low"]), high=float(row["high"]),
                    n=int(row["people"]), unit=str(row["unit"]))  # fmt: skip


def named(prefix: str, column: str) -> Cell:
    """Return a cell writer for a text key: a head, and the value of a column."""
    return lambda row, lang: escape(t(f"{prefix}.{row[column]}", lang))


def p_value(name: str) -> Cell:
    """Return a cell writer for p-values."""
    return lambda row, lang: escape(fmt.p_value(row[name]).removeprefix("= "))


def decimals(name: str, decimals: int) -> Cell:
    """Return a cell writer for a number with fixed decimals."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row[name]
        shown = fmt.MISSING if pd.isna(value) else fmt.number(float(value), lang, decimals=decimals)
        return f'<span class="figure">{escape(shown)}</span>'

    return cell


def arms(frame: pd.DataFrame, lang: str) -> list[Column]:
    """Return the column of arms, where there are several."""
    if len(set(frame["arm"])) < 2:
        return []
    return [Column(t("campaign.table.arm", lang), tables.text("arm"), False)]
