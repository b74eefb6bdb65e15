"""Cells that the tables of notebook 07 share."""

from __future__ import annotations

import math

import pandas as pd

from commlab.charts.tables import Cell
from commlab.text import escape, fmt, lookup, t


def named(prefix: str, column: str) -> Cell:
    """Return a cell writer for a word of the catalogue: `<prefix>.<value>`."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(column)
        if value is None or pd.isna(value) or value == "":
            return escape(fmt.MISSING)
        return escape(lookup(f"{prefix}.{value}", lang))

    return cell


def number(name: str, decimals: int = 1) -> Cell:
    """Return a cell writer for numbers."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row[name]
        shown = fmt.MISSING if pd.isna(value) else fmt.number(value, lang, decimals=decimals)
        return escape(shown)

    return cell


def between(value: str, low: str, high: str, decimals: int) -> Cell:
    """Return a cell writer for a number with its interval."""

    def cell(row: pd.Series, lang: str) -> str:
        numbers = [float(row[name]) for name in (value, low, high)]
        if any(map(math.isnan, numbers)):
            status = str(row.get("status", ""))
            key = f"common.status.{status}"
            return escape(lookup(key, lang) if status == "too_few" else fmt.MISSING)
        shown = [fmt.number(x, lang, decimals=decimals) for x in numbers]
        to = "–" if numbers[1] >= 0 else "至" if lang == "zh" else " to "
        inner = f"{shown[1]}{to}{shown[2]}"
        inner, space = (f"（{inner}）", "") if lang == "zh" else (f"({inner})", " ")
        return (
            f'<span class="figure">{escape(shown[0])}</span>{space}'
            f'<span class="interval">{escape(inner)}</span>'
        )

    return cell


def day(name: str) -> Cell:
    """Return a cell writer for days."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(name)
        if value is None or pd.isna(value):
            return escape(fmt.MISSING)
        return escape(fmt.date(pd.Timestamp(value).date(), lang))

    return cell


def sign(name: str) -> Cell:
    """Return a cell writer for yes and no."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(name)
        if value is None or pd.isna(value):
            return escape(fmt.MISSING)
        return escape(lookup(f"common.status.{'yes' if bool(value) else 'no'}", lang))

    return cell


def head(key: str, lang: str) -> str:
    """Return the head of a column."""
    return t(f"grouphealth.column.{key}", lang)
