"""Checks that try to refute what is said of a campaign, and the gate of the word "causal"."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commlab.config import MIN_AT_RISK
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaigns import ASSIGNED
from commlab.metrics.outcomes import UNTOUCHED, Outcomes
from commlab.models.assignment import SampleRatio, balance
from commlab.models.did import EventStudy
from commlab.models.doubly_robust import doubly_robust
from commlab.models.experiment import headline, readout
from commlab.models.neighbours import leave_one_out, spillover
from commlab.models.observational import Observed, covariates

MOST_TRIMMED = 0.2  # of people without others alike: beyond it the rest is another population
# Checks whose failure takes the ground from an estimate: `DECIDE` where nobody was assigned, the
# sample ratio where somebody was. Of a random assignment the others are luck, and said.
DECIDE = ("placebo", "pre_trend", "fake_date", "fake_group", "balance", "overlap", "robustness",
          "negative_control")  # fmt: skip
_COLUMNS = ["check", "passed", "value", "low", "high", "p", "people", "reason"]


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


class _Panel:
    """Rows of the panel, one a check."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, check: str, passed: bool | None, reason: str = "", **fields: Any) -> None:
        self.rows.append({"check": check, "passed": passed, "reason": reason, **fields})

    def zero(self, check: str, item: Estimate) -> None:
        """Add an estimate that must be 0."""
        if item.ok:
            self.add(check, direction(item) == "none", **_figures(item))
        else:
            self.add(check, None, item.reason)


def refute(
    outcomes: Outcomes,
    metric: str,
    arm: str,
    *,
    ratio: SampleRatio | None,
    study: EventStudy | None,
    seen: Observed,
    found: Estimate,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the refutation panel of one metric and arm.

    Args:
        outcomes: Outcomes of the campaign.
        metric: The metric.
        arm: The arm.
        ratio: Its sample ratio; None where nobody was assigned at random.
        study: Its event study; None where orders do not reach back.
        seen: Its adjusted estimates.
        found: The estimate that is tried: intention to treat, or the difference in differences.
        level: Confidence level.
        min_people: People below which nothing is said.
        seed: Seed of folds and re-randomisations.

    Returns:
        Frame: check, passed (True, False; None: not judged), value, low, high, p, people, reason
        (a text key, why it was not judged).
    """
    panel = _Panel()
    options: dict[str, Any] = {"level": level, "min_people": min_people, "seed": seed}
    if ratio is None:
        panel.add("sample_ratio", None, "campaign.why.not_random")
        panel.zero("placebo", seen.placebo.estimate)
        table = seen.effect.balance
        if len(table):
            worst = float(table["after"].abs().max())
            panel.add("balance", seen.effect.balanced, value=worst)
        else:
            panel.add("balance", None, seen.effect.estimate.reason)
    else:
        panel.add("sample_ratio", ratio.ok, p=ratio.p, value=float(ratio.table["share"].iloc[0]))
        before = readout(outcomes, [metric], span="placebo_", **options)
        panel.zero("placebo", headline(before, metric, arm, "plain"))
        table, p = balance(outcomes)
        # One covariate of many is off by chance: all together decide.
        panel.add("balance", p > 1 - level if p == p else None, p=p,
                  value=float(table["smd"].abs().max()) if len(table) else None)  # fmt: skip
    if study is None:
        panel.add("fake_date", None, "campaign.why.no_trend")
        panel.add("pre_trend", None, "campaign.why.no_trend")
    else:
        panel.zero("fake_date", study.fake)
        known = study.pre_trend_p == study.pre_trend_p
        panel.add("pre_trend", study.pre_trend_p >= 1 - level if known else None,
                  "" if known else "campaign.why.no_trend", p=study.pre_trend_p)  # fmt: skip
    panel.zero("fake_group", seen.fake_group.estimate)
    _negative_control(panel, outcomes, arm, ratio, options)
    _groups(panel, outcomes, metric, arm, found, level, seed)
    _adjustment(panel, seen)
    _later(panel, outcomes, metric, arm, ratio, seen, options)
    return pd.DataFrame(panel.rows).reindex(columns=_COLUMNS)


def _negative_control(
    panel: _Panel, outcomes: Outcomes, arm: str, ratio: SampleRatio | None, options: dict[str, Any]
) -> None:
    if not outcomes.negative_control:
        panel.add("negative_control", None, "campaign.why.no_untouched")
        return
    if ratio is not None:
        rows = readout(outcomes, [UNTOUCHED], **options)
        panel.zero("negative_control", headline(rows, UNTOUCHED, arm, "plain"))
        return
    names = covariates(outcomes)
    frame = outcomes.frame(["member_id", "arm", "unit", UNTOUCHED, *names])
    frame = frame[frame["arm"].isin([arm, outcomes.control])].reset_index(drop=True)
    adjusted = doubly_robust(
        frame[UNTOUCHED], frame["arm"] != outcomes.control, frame[names], groups=frame["unit"],
        unit="orders", **options,
    )  # fmt: skip
    panel.zero("negative_control", adjusted.estimate)


def _groups(
    panel: _Panel, outcomes: Outcomes, metric: str, arm: str, found: Estimate, level: float,
    seed: int,
) -> None:  # fmt: skip
    each = leave_one_out(outcomes, metric, arm)
    values = each["change"].dropna()
    if not found.ok or found.low is None or found.high is None or values.empty:
        panel.add("leave_one_out", None, "campaign.why.few_groups")
    else:
        low, high = (float(found.value or 0.0) + float(x) for x in (values.min(), values.max()))
        # No single group may carry it out of its own interval.
        panel.add("leave_one_out", found.low <= low and high <= found.high, value=found.value,
                  low=low, high=high, people=int(each["people"].sum()))  # fmt: skip
    panel.zero("spillover", spillover(outcomes, metric, arm, level=level, seed=seed))


def _adjustment(panel: _Panel, seen: Observed) -> None:
    enough = seen.effect.trimmed < MOST_TRIMMED
    panel.add("overlap", seen.effect.estimate.ok and enough, value=seen.effect.trimmed,
              low=seen.effect.overlap[0], high=seen.effect.overlap[1])  # fmt: skip
    if seen.robustness is None:
        panel.add("robustness", None, "campaign.why.nothing_left")
    else:
        panel.add("robustness", not seen.robustness.explained_away, value=seen.robustness.value,
                  low=seen.robustness.value_alpha)  # fmt: skip


def _later(
    panel: _Panel, outcomes: Outcomes, metric: str, arm: str, ratio: SampleRatio | None,
    seen: Observed, options: dict[str, Any],
) -> None:  # fmt: skip
    if seen.after is None:
        panel.add("pull_forward", None, "campaign.why.not_over")
        return
    item = seen.after.estimate
    if ratio is not None:
        item = headline(readout(outcomes, [metric], span="after_", **options), metric, arm)
    if item.ok:
        panel.add("pull_forward", direction(item) != "down", **_figures(item))
    else:
        panel.add("pull_forward", None, item.reason)


def _figures(item: Estimate) -> dict[str, Any]:
    return {"value": item.value, "low": item.low, "high": item.high, "people": item.n}


def direction(item: Estimate) -> str:
    """Return on which side of 0 an interval lies: "up", "down", "none"; "" without one."""
    if not item.ok or item.low is None or item.high is None:
        return ""
    return "up" if item.low > 0 else "down" if item.high < 0 else "none"


def failed_checks(panel: pd.DataFrame) -> tuple[str, ...]:
    """Return the checks of a panel that failed, for a sentence that names them."""
    return tuple(panel.loc[panel["passed"] == False, "check"])  # noqa: E712


def deciding(panel: pd.DataFrame, *, randomised: bool) -> tuple[str, ...]:
    """Return the failed checks that take the ground from an estimate."""
    checks = ("sample_ratio",) if randomised else DECIDE
    return tuple(name for name in failed_checks(panel) if name in checks)
