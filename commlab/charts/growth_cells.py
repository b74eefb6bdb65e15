"""Cells that the tables of notebook 09 share."""

from __future__ import annotations

import pandas as pd

from commlab.charts import frames, tables
from commlab.text import escape, fmt, has, t

VERDICTS = {
    "more": ("▲", "growth.verdict.more", "good"),
    "less": ("▼", "growth.verdict.less", "bad"),
    "ad_more": ("▲", "growth.verdict.more", "bad"),
    "ad_less": ("▼", "growth.verdict.less", "good"),
    "chance": ("○", "growth.verdict.chance", "quiet"),
}


def named(column: str, family: str) -> tables.Cell:
    """Return a cell writer for a code: its words where there are any, else as it stands."""

    def cell(row: pd.Series, lang: str) -> str:
        code = str(row[column])
        key = f"growth.{family}.{code}"
        return escape(t(key, lang) if code.isidentifier() and has(key) else code)

    return cell


def per(name: str, decimals: int) -> tables.Cell:
    """Return a cell writer for numbers of one precision."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row[name]
        return escape(fmt.MISSING if pd.isna(value) else fmt.number(float(value), lang,
                                                                    decimals=decimals))  # fmt: skip

    return cell


def with_ends(name: str, low: str, high: str, decimals: int = 3) -> tables.Cell:
    """Return a cell writer for a mean count with its interval; without it, why."""
    plain = tables.rate(name, low, high)

    def cell(row: pd.Series, lang: str) -> str:
        if pd.isna(row[name]):
            return plain(row, lang)
        value, lowest, highest = (fmt.number(float(row[x]), lang, decimals=decimals)
                                  for x in (name, low, high))  # fmt: skip
        ends = escape(t("growth.table.ends", lang, low=lowest, high=highest))
        between = "" if lang == "zh" else " "  # full-width brackets bring their own room
        return (f'<span class="figure">{escape(value)}</span>{between}'
                f'<span class="interval">{ends}</span>')  # fmt: skip

    return cell


def verdict(frame: pd.DataFrame, family: str = "") -> pd.Series:
    """Return what `flagged` and the sign of `difference` say, as states of `VERDICTS`."""
    flagged, up = frames.flags(frame, "flagged"), frames.numbers(frame, "difference") > 0
    words = ["chance" if not sign else f"{family}more" if more else f"{family}less"
             for sign, more in zip(flagged, up, strict=True)]  # fmt: skip
    return pd.Series(words, index=frame.index)
