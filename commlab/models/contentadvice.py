"""What to do, read off the figures of notebook 10: only what the data carry beyond chance."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commlab.estimate import Estimate
from commlab.models.contentrates import ContentRates
from commlab.text import Words, has, word

SILENT_DAYS = 28  # four weeks without content
UNSENT = 0.05  # of planned sends: below it there is nothing to ask about
MOST_NAMED = 3  # forms that a sentence names

Advice = tuple[str, dict[str, Any]]


def send_advice(
    rates: pd.DataFrame | None, tired: pd.DataFrame | None, tagged: pd.DataFrame | None
) -> list[Advice]:
    """Return what to do about sends.

    Args:
        rates: `metrics.send_rates`; None: not known.
        tired: `metrics.send_fatigue`.
        tagged: `metrics.tag_gain`.

    Returns:
        Names of actions under `content.action`, each with what fills its sentence.
    """
    found: list[Advice] = []
    if rates is not None:
        by_person = rates[rates["executed_rate"].notna()]
        planned, executed = by_person["planned"].sum(), by_person["executed"].sum()
        if planned and 1 - executed / planned >= UNSENT:
            share = Estimate(value=1 - executed / planned, n=int(planned), unit="share")
            found.append(("unsent", {"share": share}))
    if tired is not None:
        row = tired[(tired["recent"] == 1) & (tired["ratio_high"] < 1)]
        if len(row):
            found.append(("tired", {"ratio": _ratio(row.iloc[0])}))
    if tagged is not None and float(tagged["ratio_low"].iloc[0]) > 1:
        found.append(("tag", {"ratio": _ratio(tagged.iloc[0])}))
    return found


def _ratio(row: pd.Series) -> Estimate:
    return Estimate(
        value=float(row["ratio"]), low=float(row["ratio_low"]), high=float(row["ratio_high"]),
        n=int(row["delivered"]), unit="ratio",
    )  # fmt: skip


def content_advice(
    forms: ContentRates | None,
    parts: ContentRates | None,
    winners: pd.DataFrame | None,
    cadence: pd.DataFrame | None,
) -> list[Advice]:
    """Return what to do about contents.

    Args:
        forms: `content_rates(…, "form")`; None: not known.
        parts: `content_rates(…, "part")`.
        winners: `content_winners`.
        cadence: `metrics.group_cadence`.
    """
    found: list[Advice] = []
    if forms is not None:
        could = forms.frame.loc[forms.frame["could_be_best"], "form"]
        if len(could) == 1:
            values = {"form": level_word("form", forms.best), "p": forms.p_best}
            found.append(("form", values))
        elif len(could) <= MOST_NAMED:
            found.append(("forms", {"forms": _listed([level_word("form", one) for one in could])}))
    if parts is not None and parts.frame["could_be_best"].sum() == 1:
        found.append(("hour", {"part": level_word("part", parts.best), "p": parts.p_best}))
    if winners is not None and winners["winner"].any():
        found.append(("repeat", {"pieces": int(winners["winner"].sum())}))
    if cadence is not None:
        silent = int((cadence["gap_days"] >= SILENT_DAYS).sum())
        if silent:
            found.append(("neglected", {"groups": silent}))
    return found


def demand_advice(signals: pd.DataFrame | None) -> list[Advice]:
    """Return the categories that are bought more by those who name or click them.

    Args:
        signals: `metrics.demand_signals`; None: not known.
    """
    if signals is None:
        return []
    more = signals[signals["flagged"] & (signals["ratio"] > 1)]
    more = more.sort_values("ratio", ascending=False, kind="stable").head(MOST_NAMED)
    return [
        (
            "demand",
            {
                "category": str(row["category"]),
                "ratio": Estimate(
                    value=float(row["ratio"]), low=float(row["low"]), high=float(row["high"]),
                    n=int(row["people"]), unit="ratio",
                ),
            },
        )
        for _, row in more.iterrows()
    ]  # fmt: skip


def level_word(factor: str, level: str) -> Words | str:
    """Return what a form or a part of the day is called, in any language."""
    key = f"content.{factor}.{level}"
    return word(key) if has(key) else level


def _listed(names: list[Words | str]) -> Words | str:
    """Return names one after another."""
    out = names[0]
    for name in names[1:]:
        out = word("content.best.two", first=out, second=name)
    return out


def complaint_advice(alerts: pd.DataFrame) -> Advice:
    """Return whether some groups complain more than they used to.

    Args:
        alerts: `complaint_alerts`.
    """
    groups = int(alerts["flagged"].sum())
    return ("complaints", {"groups": groups}) if groups else ("read", {})


__all__: list[str] = [
    "SILENT_DAYS", "complaint_advice", "content_advice", "demand_advice", "level_word",
    "send_advice",
]  # fmt: skip
