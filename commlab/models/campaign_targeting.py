"""Whom to treat next time, learnt from one randomised campaign."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaigns import ASSIGNED
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models.doubly_robust import folds_of
from commlab.models.targeting import Targeting, compare_targeting
from commlab.models.uplift import LEARNERS, cross_fitted_uplift, default_learner

ASKED = "DR"  # its scores are unbiased for the effect on any people, so it is the one asked about
FOLDS = 5
FEWEST = 500  # people: with fewer the Qini of a strong effect is noise (simulated, see docs)


@dataclasses.dataclass(frozen=True)
class CampaignTargeting:
    """How well people can be told apart by what a campaign does to them.

    Attributes:
        found: How well rankings choose, see `Targeting`.
        scores: Frame, best first: member_id, uplift (expected, a person), treat (whether among
            the best share); scores come from models that have not seen the person.
        arm: The arm that was held against the control arm.
        metric: What was learnt: "margin" where it is known, else "revenue" or "orders".
        cost_each: Cost of treating a person.
        unit: Unit of the metric.
        share: Share to treat, chosen on one half and valued on the other; 1 where no
            heterogeneity can be seen and treating pays on average, else 0.
    """

    found: Targeting
    scores: pd.DataFrame
    arm: str
    metric: str
    cost_each: float
    unit: str
    share: float

    @property
    def earned(self) -> Estimate:
        """What treating the best share earns a person of all, valued on the other half."""
        row = self.found.summary.iloc[0]
        return Estimate(value=row["best_profit"], low=row["best_low"], high=row["best_high"],
                        n=self.found.n, unit=self.unit, method="share chosen on one half, valued "
                        "on the other")  # fmt: skip

    @property
    def qini(self) -> Estimate:
        """The Qini coefficient of the ranking asked about, in units of the metric a person."""
        return dataclasses.replace(self.found.qini(ASKED), unit=self.unit)


def campaign_targeting(
    outcomes: Outcomes,
    arm: str | None = None,
    *,
    metric: str | None = None,
    cost_each: float = 0.0,
    level: float = LEVEL,
    seed: int = 0,
) -> CampaignTargeting:
    """Return how well people could be chosen for an arm of a randomised campaign.

    T-, X- and DR-learner on what was known before, beside a response model: who buys anyway.

    Args:
        outcomes: Outcomes of a randomised or clustered campaign.
        arm: Arm that got something; default the first.
        metric: What is to be gained; default margin, else revenue, else orders.
        cost_each: Cost of treating a person, in units of the metric.
        level: Confidence level.
        seed: Seed of folds and of the bootstrap.

    Raises:
        NotEnoughDataError: Nobody was assigned at random, or fewer than 500 people were.
    """
    arm = outcomes.arms[0] if arm is None else guards.one_of("arm", arm, outcomes.arms)
    if outcomes.campaign.design not in ASSIGNED:
        raise NotEnoughDataError(
            "nobody was assigned at random, so nobody's uplift can be learnt.",
            fix="Hold out a random part of the next list: `commlab assign`.",
        )
    metric = metric or next(m for m in ("margin", "revenue", "orders") if m in outcomes.metrics)
    frame = learning_rows(outcomes, arm, metric)
    if len(frame) < FEWEST:
        raise NotEnoughDataError(
            f"{len(frame)} people: with fewer than {FEWEST} nobody can be told apart.",
            fix="Learn from a larger campaign.",
        )
    X = frame[features(outcomes)].to_numpy(dtype=float)
    y, t = frame[metric].to_numpy(dtype=float), (frame["arm"] == arm).to_numpy()
    unit = frame["unit"] if outcomes.clustered else None
    names = [ASKED, *(name for name in LEARNERS if name != ASKED)]
    fold = folds_of(np.arange(len(y)) if unit is None else unit, t, FOLDS, seed)
    scores = {
        name: cross_fitted_uplift(LEARNERS[name](), X, y, t, groups=unit, folds=FOLDS, seed=seed)
        for name in names
    }
    scores["response"] = _response(X, y, t, fold)
    rankings = {name: within_folds(score, fold) for name, score in scores.items()}
    found = compare_targeting(
        y, t, rankings, cost=cost_each, groups=unit, folds=FOLDS, level=level, seed=seed
    )
    whole = float(found.curve.loc[found.curve["share"] == 1.0, "profit"].iloc[0])
    best = float(found.summary["best_share"].iloc[0])
    share = best if found.heterogeneous else float(whole > 0)
    order = np.argsort(-rankings[ASKED], kind="stable")
    listed = pd.DataFrame({
        "member_id": frame["member_id"].to_numpy()[order], "uplift": scores[ASKED][order],
        "treat": np.arange(len(frame)) < share * len(frame),
    })  # fmt: skip
    return CampaignTargeting(found, listed, arm, metric, cost_each, UNITS[metric], share)


def features(outcomes: Outcomes) -> list[str]:
    """Return the columns, known before a campaign, by which people are told apart."""
    return [f"pre_{name}" for name in outcomes.metrics] + ["tenure", "recency"]


def learning_rows(outcomes: Outcomes, arm: str, metric: str) -> pd.DataFrame:
    """Return what is learnt from: member_id, arm, unit, the metric, and `features`."""
    frame = outcomes.frame(["member_id", "arm", "unit", metric, *features(outcomes)])
    return frame[frame["arm"].isin([arm, outcomes.control])].reset_index(drop=True)


def learnt_targeting(
    outcomes: Outcomes, arm: str, *, cost_each: float = 0.0, seed: int = 0
) -> CampaignTargeting | None:
    """Return `campaign_targeting`; None where the campaign cannot teach it."""
    try:
        return campaign_targeting(outcomes, arm, cost_each=cost_each, seed=seed)
    except NotEnoughDataError:
        return None


def within_folds(score: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return scores less the mean of their fold, plus the mean of all.

    A fold in which treatment did better by chance was left out of the learning of its own scores,
    which are lower for that: pooled as they are, scores rank people against the truth.
    """
    sums = np.bincount(fold, weights=score)
    return np.asarray(score - (sums / np.maximum(np.bincount(fold), 1))[fold] + score.mean())


def _response(X: np.ndarray, y: np.ndarray, t: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return what people are expected to do untreated, by models that have not seen them."""
    out = np.zeros(len(y))
    for number in range(FOLDS):
        learn, judge = (fold != number) & ~t, fold == number
        if judge.any():
            out[judge] = default_learner().fit(X[learn], y[learn]).predict(X[judge])
    return out
