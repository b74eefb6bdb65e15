"""A campaign that nobody was assigned to: participants against alike others, and its placebos."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models.doubly_robust import MAX_ROWS, DoublyRobust, default_classifier, doubly_robust
from commlab.models.sensitivity import Robustness, robustness


@dataclasses.dataclass(frozen=True)
class Observed:
    """What can be said without a holdout.

    Attributes:
        effect: Adjusted difference in the campaign's days.
        placebo: The same in as many days right before it, where it must be 0.
        fake_group: The same between others and others who look like participants: must be 0.
        after: The same in as many days after it; None while they are not over.
        robustness: How strong a hidden cause would have to be; None where it cannot be said.
        n: People that were looked at.
        of: People there are.
    """

    effect: DoublyRobust
    placebo: DoublyRobust
    fake_group: DoublyRobust
    after: DoublyRobust | None
    robustness: Robustness | None
    n: int
    of: int


def covariates(outcomes: Outcomes, span: str = "earlier_") -> list[str]:
    """Return the columns that are adjusted for: those of a span before, and tenure."""
    return [span + metric for metric in outcomes.metrics if metric != "margin"] + ["tenure"]


def observe(
    outcomes: Outcomes,
    metric: str = "orders",
    *,
    arm: str | None = None,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> Observed:
    """Return the adjusted difference of participants and others, with its placebos.

    All is adjusted for the 90 days that end as long before the campaign as it lasts, so that the
    days in between are a placebo: what still differs there, the adjustment has missed.

    Args:
        outcomes: Outcomes of a campaign.
        metric: The metric.
        arm: Arm that took part; None: all but the control arm.
        level: Confidence level.
        min_people: People on either side below which nothing is said.
        seed: Seed of folds, of the fake group, and of the sample where there are very many people.
    """
    guards.one_of("metric", metric, outcomes.metrics)
    names = covariates(outcomes)
    spans = [metric, f"placebo_{metric}", f"after_{metric}"]
    frame = outcomes.frame(list(dict.fromkeys(["member_id", "arm", "unit", *spans, *names])))
    if arm is not None:
        guards.one_of("arm", arm, outcomes.arms)
        frame = frame[frame["arm"].isin([arm, outcomes.control])]
    of = len(frame)
    if of > MAX_ROWS:
        frame = frame.sample(MAX_ROWS, random_state=seed)
    frame = frame.reset_index(drop=True)
    d = (frame["arm"] != outcomes.control).to_numpy()
    X, unit = frame[names], UNITS[metric]

    def adjusted(column: str, rows: np.ndarray, side: np.ndarray) -> DoublyRobust:
        return doubly_robust(
            frame.loc[rows, column], side[rows], X[rows], groups=frame.loc[rows, "unit"],
            unit=unit, level=level, min_people=min_people, seed=seed,
        )  # fmt: skip

    everybody = np.ones(len(frame), dtype=bool)
    closed = outcomes.after_seen >= outcomes.campaign.days
    return Observed(
        effect=adjusted(metric, everybody, d),
        placebo=adjusted(f"placebo_{metric}", everybody, d),
        fake_group=adjusted(metric, ~d, _look_alikes(X, d, min_people, seed)),
        after=adjusted(f"after_{metric}", everybody, d) if closed else None,
        robustness=_robust(frame[metric], d, X, metric, level),
        n=len(frame),
        of=of,
    )


def _look_alikes(X: pd.DataFrame, d: np.ndarray, min_people: int, seed: int) -> np.ndarray:
    """Draw a fake group among the others, each with the chance of one like them to take part."""
    if min(int(d.sum()), int((~d).sum())) < min_people:
        return np.zeros(len(d), dtype=bool)
    chance = default_classifier().fit(X.astype(float), d).predict_proba(X.astype(float))[:, 1]
    return np.asarray(np.random.default_rng(seed).random(len(d)) < chance) & ~d


def _robust(
    y: pd.Series, d: np.ndarray, X: pd.DataFrame, metric: str, level: float
) -> Robustness | None:
    filled = X.astype(float).fillna(X.astype(float).median()).fillna(0.0)
    varying = [name for name in filled.columns if filled[name].std() > 0]
    benchmark = "earlier_revenue" if "earlier_revenue" in varying else f"earlier_{metric}"
    try:
        return robustness(y, d, filled[varying], names=varying, benchmark=benchmark, level=level)
    except NotEnoughDataError:
        return None


def flagged(found: Observed) -> tuple[str, ...]:
    """Return which of the checks that data can make failed: "placebo" and so on."""
    failed = []
    for name in ("placebo", "fake_group"):
        item: DoublyRobust = getattr(found, name)
        if item.estimate.ok and not _holds_zero(item.estimate):
            failed.append(name)
    if found.effect.estimate.ok and not found.effect.balanced:
        failed.append("balance")
    if not found.effect.estimate.ok:
        failed.append("overlap")
    if found.robustness is not None and found.robustness.explained_away:
        failed.append("robustness")
    return tuple(failed)


def _holds_zero(estimate: Estimate) -> bool:
    return bool(estimate.low is None or estimate.high is None
                or estimate.low <= 0 <= estimate.high)  # fmt: skip
