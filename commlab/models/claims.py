"""The table of claims about one campaign, from what is reported to what the design carries.

Eleven rows, each with its estimate or the reason why there is none; under it the checks that try
to refute it; and the gate that the word "causal" has to pass.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaign_panel import campaign_panel, last_year
from commlab.metrics.campaigns import ASSIGNED
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models.assignment import SampleRatio, balance, sample_ratio
from commlab.models.compliers import effect_on_compliers
from commlab.models.did import EventStudy, before_after, event_study
from commlab.models.experiment import headline, readout
from commlab.models.observational import Observed, observe
from commlab.models.reported import reported

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Row → what must hold for its number to be the effect.
ROWS = {
    "reported": "participants_would_not_have_bought",
    "same_rule": "nothing_was_done",
    "before_after": "nothing_else_changed",
    "calendar": "as_last_year",
    "difference_in_differences": "alike_trends",
    "event_study": "alike_trends_tested",
    "doubly_robust": "nothing_hidden",
    "intention_to_treat": "random_assignment",
    "cuped": "random_assignment",
    "compliers": "only_through_taking_part",
    "net_money": "random_assignment_and_costs",
}
NAIVE = ("reported", "same_rule", "before_after", "calendar")
ADJUSTED = ("difference_in_differences", "event_study", "doubly_robust")


@dataclasses.dataclass(frozen=True)
class Claims:
    """What can be claimed of one campaign and metric.

    Attributes:
        rows: Frame of 11 rows: number, row, value, low, high, level, n, unit, method, status,
            reason, assumption, standing ("naive", "association", "effect"), direction ("up",
            "down", "none", ""): whether the interval lies on one side of 0.
        panel: Frame of the refutation panel: check, passed (True, False; None: not judged), value,
            low, high, p, reason.
        causal: Whether the word may be used.
        failed: Which conditions of the gate failed: "design", "sample_ratio".
        estimates: The estimate of each row by its name.
        event_study: The event study; None where orders do not reach back.
        observed: The adjusted estimates; None where too few took part.
    """

    rows: pd.DataFrame
    panel: pd.DataFrame
    causal: bool
    failed: tuple[str, ...]
    estimates: Mapping[str, Estimate]
    event_study: EventStudy | None
    observed: Observed | None


def causal_gate(outcomes: Outcomes, ratio: SampleRatio | None) -> tuple[str, ...]:
    """Return which conditions of the word "causal" fail; none: it may be used.

    The design must be randomised, the sample ratio as planned (p > 0.001), and errors those of
    what was assigned as one, which `readout` sees to by its units.
    """
    failed = []
    if outcomes.campaign.design not in ASSIGNED:
        failed.append("design")
    if ratio is None or not ratio.ok:
        failed.append("sample_ratio")
    return tuple(failed)


def campaign_claims(
    ds: Dataset,
    outcomes: Outcomes,
    metric: str = "orders",
    *,
    arm: str | None = None,
    planned: Mapping[str, float] | float | None = None,
    peeking: bool = False,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> Claims:
    """Return the table of claims and the refutation panel of a campaign.

    Args:
        ds: The dataset.
        outcomes: See `campaign_outcomes`.
        metric: "orders" or "revenue", a person assigned, over the campaign's days.
        arm: Arm that got something; default the first.
        planned: See `sample_ratio`.
        peeking: See `readout`.
        level: Confidence level.
        min_people: People below which nothing is said.
        seed: Seed of folds and re-randomisations.
    """
    guards.one_of("metric", metric, ("orders", "revenue"))
    arm = outcomes.arms[0] if arm is None else guards.one_of("arm", arm, outcomes.arms)
    randomised = outcomes.campaign.design in ASSIGNED
    unit = UNITS[metric]
    ratio = sample_ratio(outcomes, planned) if randomised else None
    failed = causal_gate(outcomes, ratio)
    study, why = _study(ds, outcomes, metric, arm, level, min_people, seed)
    seen = observe(outcomes, metric, arm=arm, level=level, min_people=min_people, seed=seed)
    refused = Estimate.refused
    claim, same_rule = reported(outcomes, level=level)
    found: dict[str, Estimate] = {"reported": claim, "same_rule": same_rule}
    found["before_after"] = before_after(outcomes, metric, level=level, min_people=min_people)
    past = last_year(ds, outcomes)
    found["calendar"] = (
        refused("orders do not reach back a year", unit=unit)
        if past is None
        else before_after(outcomes, metric, year_ago=past, level=level, min_people=min_people)
    )
    found["difference_in_differences"] = study.estimate if study else refused(why, unit=unit)
    found["event_study"] = _tested(study, why, unit, level)
    found["doubly_robust"] = seen.effect.estimate
    if randomised:
        table = readout(outcomes, [metric], peeking=peeking, level=level, min_people=min_people,
                        seed=seed)  # fmt: skip
        found["intention_to_treat"] = headline(table, metric, arm, "plain")
        cuped = table[(table["arm"] == arm) & (table["adjusted"] == "cuped")].iloc[0]
        found["cuped"] = (
            refused(cuped["reason"], unit=unit)
            if cuped["status"] == "refused"
            else headline(table, metric, arm)
        )
        found["compliers"] = effect_on_compliers(
            outcomes, metric, arm, level=level, min_people=min_people, seed=seed
        )
    else:
        for name in ("intention_to_treat", "cuped", "compliers"):
            found[name] = refused("nobody was assigned at random", unit=unit)
    found["net_money"] = net_money(
        ds, outcomes, arm, peeking=peeking, level=level, min_people=min_people, seed=seed
    )
    rows = _rows(found, causal=not failed)
    panel = _panel(outcomes, metric, ratio, study, seen, arm, level, min_people, seed)
    return Claims(rows, panel, not failed, failed, found, study, seen)


def net_money(
    ds: Dataset, outcomes: Outcomes, arm: str, *, peeking: bool = False, level: float = LEVEL,
    min_people: int = MIN_AT_RISK, seed: int = 0,
) -> Estimate:  # fmt: skip
    """Return the incremental net margin of an arm, all its people together, less what it cost.

    Costs are the lines that name the campaign; with several arms they are not told apart, and
    shared by people.
    """
    if outcomes.campaign.design not in ASSIGNED:
        return Estimate.refused("nobody was assigned at random", unit="money")
    if "margin" not in outcomes.metrics:
        return Estimate.refused("no margin is known: orders have no cost", unit="money")
    table = readout(outcomes, ["margin"], peeking=peeking, level=level, min_people=min_people,
                    seed=seed)  # fmt: skip
    gain = headline(table, "margin", arm)
    if not gain.ok:
        return dataclasses.replace(gain, unit="money")
    row = table[table["arm"] == arm].iloc[0]
    treated = table.drop_duplicates("arm")["n_treated"].sum()
    cost = _cost(ds, outcomes) * row["n_treated"] / treated
    value, low, high = (
        float(x) * float(row["n_treated"]) - cost  # type: ignore[arg-type]
        for x in (gain.value, gain.low, gain.high)
    )
    return Estimate(value=value, low=low, high=high, level=level, n=gain.n, unit="money",
                    method=f"{gain.method}, less cost",
                    reason="" if cost else "no cost line names the campaign")  # fmt: skip


def _cost(ds: Dataset, outcomes: Outcomes) -> float:
    if not ds.has("costs"):
        return 0.0
    costs = ds.table("costs")
    mine = costs.filter(costs.campaign_id == outcomes.campaign.campaign_id)
    total = ds.frame(mine.agg(total=mine.amount.sum()))["total"].iloc[0]
    return 0.0 if pd.isna(total) else float(ds.money(float(total)))


def _study(
    ds: Dataset, outcomes: Outcomes, metric: str, arm: str, level: float, min_people: int, seed: int
) -> tuple[EventStudy | None, str]:
    try:
        panel = campaign_panel(ds, outcomes, metric, arm=arm)
        return event_study(panel, level=level, min_people=min_people, seed=seed), ""
    except NotEnoughDataError as error:
        return None, error.what


def _tested(study: EventStudy | None, why: str, unit: str, level: float) -> Estimate:
    if study is None:
        return Estimate.refused(why, unit=unit)
    if study.pre_trend_p < 1 - level:
        return Estimate.refused(
            f"the sides moved apart before it (p = {study.pre_trend_p:.2g})", unit=unit,
            n=study.estimate.n,
        )  # fmt: skip
    now: Any = study.table.set_index("period").loc[0]
    return Estimate(value=now["difference"], low=now["low"], high=now["high"], level=level,
                    n=study.estimate.n, unit=unit, method="event study, against the last days "
                    "before")  # fmt: skip


def _rows(found: dict[str, Estimate], *, causal: bool) -> pd.DataFrame:
    rows = []
    for number, (name, assumption) in enumerate(ROWS.items(), start=1):
        item = found[name]
        standing = "naive" if name in NAIVE else "association"
        if name not in (*NAIVE, *ADJUSTED) and causal:
            standing = "effect"
        rows.append({"number": number, "row": name, **item.to_dict(), "assumption": assumption,
                     "standing": standing, "direction": _direction(item)})  # fmt: skip
    return pd.DataFrame(rows)


def _direction(item: Estimate) -> str:
    if not item.ok or item.low is None or item.high is None:
        return ""
    return "up" if item.low > 0 else "down" if item.high < 0 else "none"


def _panel(
    outcomes: Outcomes,
    metric: str,
    ratio: SampleRatio | None,
    study: EventStudy | None,
    seen: Observed,
    arm: str,
    level: float,
    min_people: int,
    seed: int,
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []

    def add(check: str, passed: bool | None, reason: str = "", **fields: Any) -> None:
        rows.append({"check": check, "passed": passed, "reason": reason, **fields})

    def zero(check: str, item: Estimate) -> None:
        """An estimate that must be 0."""
        if not item.ok:
            add(check, None, item.reason)
            return
        add(check, _direction(item) == "none", value=item.value, low=item.low, high=item.high)

    if ratio is None:
        add("sample_ratio", None, "nobody was assigned at random")
        zero("placebo", seen.placebo.estimate)
        table = seen.effect.balance
        if len(table):
            add("balance", seen.effect.balanced, value=float(table["after"].abs().max()))
        else:
            add("balance", None, seen.effect.estimate.reason)
    else:
        add("sample_ratio", ratio.ok, p=ratio.p, value=float(ratio.table["share"].iloc[0]))
        before = readout(outcomes, [metric], span="placebo_", level=level, min_people=min_people,
                         seed=seed)  # fmt: skip
        zero("placebo", headline(before, metric, arm, "plain"))
        table, p = balance(outcomes)
        worst = float(table["smd"].abs().max()) if len(table) else None
        # One covariate of many is off by chance: all together decide.
        add("balance", p > 1 - level if p == p else None, p=p, value=worst)
    if study is None:
        add("fake_date", None, "orders do not reach back")
        add("pre_trend", None, "orders do not reach back")
    else:
        zero("fake_date", study.fake)
        known = study.pre_trend_p == study.pre_trend_p
        add("pre_trend", study.pre_trend_p >= 1 - level if known else None, p=study.pre_trend_p)
    zero("fake_group", seen.fake_group.estimate)
    add("overlap", seen.effect.estimate.ok and seen.effect.trimmed < 0.2, value=seen.effect.trimmed,
        low=seen.effect.overlap[0], high=seen.effect.overlap[1])  # fmt: skip
    if seen.robustness is None:
        add("robustness", None, "the covariates leave nothing to compare")
    else:
        add("robustness", not seen.robustness.explained_away, value=seen.robustness.value,
            low=seen.robustness.value_alpha)  # fmt: skip
    if seen.after is None:
        add("pull_forward", None, "the days after it are not over")
    else:
        item = seen.after.estimate
        if ratio is not None:
            later = readout(outcomes, [metric], span="after_", level=level, min_people=min_people,
                            seed=seed)  # fmt: skip
            item = headline(later, metric, arm)
        if item.ok:
            add("pull_forward", _direction(item) != "down", value=item.value, low=item.low,
                high=item.high)  # fmt: skip
        else:
            add("pull_forward", None, item.reason)
    add("negative_control", None, "no outcome is named that the campaign cannot touch")
    columns = ["check", "passed", "value", "low", "high", "p", "reason"]
    return pd.DataFrame(rows).reindex(columns=columns)


def suspicious(found: Claims) -> tuple[str, ...]:
    """Return the checks that failed, for a sentence that names them."""
    failed = found.panel.loc[found.panel["passed"] == False, "check"]  # noqa: E712
    return tuple(failed)
