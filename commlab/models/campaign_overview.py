"""All campaigns side by side: what the design of each can say, corrected for their number."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from commlab.config import MIN_AT_RISK
from commlab.errors import (
    ArgumentError,
    DesignError,
    NotEnoughDataError,
    StatisticalWarning,
    nearest,
)
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaign_panel import campaign_panel
from commlab.metrics.campaigns import ASSIGNED, campaigns
from commlab.metrics.outcomes import UNITS, Outcomes, campaign_outcomes
from commlab.models.assignment import sample_ratio
from commlab.models.campaign_verdict import Claims
from commlab.models.did import event_study
from commlab.models.experiment import headline, readout
from commlab.stats import benjamini_hochberg

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_COLUMNS = ["campaign", "name", "kind", "design", "starts_on", "arm", "people", "difference", "low",
            "high", "p", "p_adjusted", "unit", "verdict", "status", "reason"]  # fmt: skip


def choose_campaign(ds: Dataset, campaign_id: str = "") -> str:
    """Return the campaign to look into.

    Args:
        ds: The dataset.
        campaign_id: Its id; empty: of those with people listed the latest that was randomised
            and is over, else the latest.

    Raises:
        ArgumentError: There is no such campaign.
        NotEnoughDataError: No campaign has people listed.
        MissingTableError: There is no table of campaigns or assignments.
    """
    frame = campaigns(ds)
    if campaign_id:
        if campaign_id not in set(frame["campaign_id"]):
            raise ArgumentError(
                f"campaign == {campaign_id!r}, no campaign of this id began by "
                f"{ds.as_of.isoformat()}.",
                fix=nearest(campaign_id, frame["campaign_id"].astype(str)),
            )
        return campaign_id
    listed = frame[frame["assigned"] > 0]
    if listed.empty:
        raise NotEnoughDataError(
            "no campaign has people listed in assignments.",
            where="assignments",
            fix="Assign the next list with `commlab assign LIST --campaign ID --holdout 0.2`.",
        )
    over = listed[listed["design"].isin(ASSIGNED) & (listed["ends_at"] < ds.end)]
    return str((over if len(over) else listed).iloc[-1]["campaign_id"])


def campaign_overview(
    ds: Dataset,
    metric: str = "orders",
    claims: Claims | None = None,
    *,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a line for each campaign and arm: the figure that its design carries.

    Assigned at random: intention to treat, with CUPED where it can be had. Else the difference in
    differences, as association. p-values are corrected for the number of lines.

    Args:
        ds: The dataset.
        metric: "orders" or "revenue", a person assigned.
        claims: Claims of one campaign that has been looked into: where its checks fail, its line
            says so. Checks of an association are not made here.
        level: Confidence level.
        min_people: People an arm below which nothing is said.
        seed: Seed of re-randomisations.

    Returns:
        Frame, the latest first: campaign, name, kind, design, starts_on, arm, people, difference,
        low, high, p, p_adjusted (Benjamini–Hochberg), unit, verdict (see `Claims.verdict`; here
        "gain" and so on need p_adjusted below 1 − level), status, reason.
    """
    rows = []
    for _, item in campaigns(ds).iterrows():
        base = {
            "campaign": str(item["campaign_id"]), "kind": item["kind"], "design": item["design"],
            "name": item["campaign_id"] if pd.isna(item["name"]) else str(item["name"]),
            "starts_on": item["starts_at"].date(), "unit": UNITS[metric],
        }  # fmt: skip
        rows += [
            base | row for row in _lines(ds, base["campaign"], metric, level, min_people, seed)
        ]
    frame = pd.DataFrame(rows).reindex(columns=_COLUMNS).iloc[::-1].reset_index(drop=True)
    for name in ("difference", "low", "high", "p"):
        frame[name] = frame[name].astype("float64")
    frame["people"] = frame["people"].astype("Int64")
    usable = frame["verdict"].eq("")
    frame["p_adjusted"] = np.nan
    frame.loc[usable, "p_adjusted"] = benjamini_hochberg(frame.loc[usable, "p"].to_numpy(float))
    frame.loc[usable, "verdict"] = [
        _verdict(row, level) for _, row in frame.loc[usable].iterrows()
    ]  # fmt: skip
    if claims is not None and claims.doubts:
        own = (frame["campaign"] == claims.campaign_id) & (frame["arm"] == claims.arm)
        frame.loc[own, "verdict"] = claims.verdict
    return frame


def _lines(
    ds: Dataset, campaign_id: str, metric: str, level: float, min_people: int, seed: int
) -> list[dict[str, Any]]:
    try:
        outcomes = campaign_outcomes(ds, campaign_id)
    except DesignError as error:
        return [_nothing(error.said)]
    if outcomes.campaign.design in ASSIGNED:
        return _random(outcomes, metric, level, min_people, seed)
    return [_observed(ds, outcomes, metric, arm, level, min_people, seed) for arm in outcomes.arms]


def _random(
    outcomes: Outcomes, metric: str, level: float, min_people: int, seed: int
) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StatisticalWarning)  # the line itself says it
        ratio = sample_ratio(outcomes)
    table = readout(outcomes, [metric], level=level, min_people=min_people, seed=seed)
    out = []
    for arm in outcomes.arms:
        found = headline(table, metric, arm)
        own = table[(table["arm"] == arm) & (table["status"] == "ok")]
        p = float(own["p"].iloc[-1]) if len(own) else math.nan
        out.append(_line(arm, found, p, "" if ratio.ok else "broken"))
    return out


def _observed(
    ds: Dataset, outcomes: Outcomes, metric: str, arm: str, level: float, min_people: int, seed: int
) -> dict[str, Any]:
    try:
        panel = campaign_panel(ds, outcomes, metric, arm=arm)
        study = event_study(panel, level=level, min_people=min_people, seed=seed)
    except NotEnoughDataError:
        return {"arm": arm, **_nothing("campaign.why.no_trend")}
    item = study.estimate
    width = (float(item.high or 0) - float(item.low or 0)) / 2
    error = width / float(stats.norm.ppf(0.5 + level / 2))
    p = float(2 * stats.norm.sf(abs(float(item.value or 0)) / error)) if error else 1.0
    apart = study.pre_trend_p < 1 - level
    return _line(arm, item, p, "cannot_tell" if apart else "")


def _line(arm: str, item: Estimate, p: float, verdict: str) -> dict[str, Any]:
    if not item.ok:
        verdict = "too_few" if item.status == "too_few" else "refused"
    return {"arm": arm, "people": item.n, "difference": item.value, "low": item.low,
            "high": item.high, "p": p, "verdict": verdict, "status": item.status,
            "reason": item.reason}  # fmt: skip


def _nothing(reason: str) -> dict[str, Any]:
    return {"verdict": "refused", "status": "refused", "reason": reason}


def _verdict(row: pd.Series, level: float) -> str:
    if not row["p_adjusted"] < 1 - level:
        return "nothing" if row["design"] in ASSIGNED else "alike"
    words = ("gain", "harm") if row["design"] in ASSIGNED else ("higher", "lower")
    return words[int(row["difference"] < 0)]
