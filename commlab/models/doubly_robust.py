"""Participants against alike others: cross-fitted doubly robust estimate with overlap trimmed.

Right if either the model of taking part or that of the outcome is right *and nothing hidden moves
both* (Robins, Rotnitzky & Zhao 1994; cross-fitting: Chernozhukov et al. 2018). That last condition
no data can show: so the same estimate is made of a span before the campaign, where it must be 0.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL, Estimate
from commlab.models.assignment import IMBALANCE
from commlab.models.randomisation import FEW_CLUSTERS, wild_interval

Array = npt.NDArray[np.float64]
ESTIMANDS = ("participants", "all")
FOLDS = 5
TRIM = 0.1  # Crump, Hotz, Imbens & Mitnik 2009: the rule of thumb for where overlap ends
MAX_ROWS = 200_000  # more make the fit slower, not better


@dataclasses.dataclass(frozen=True)
class DoublyRobust:
    """A doubly robust estimate and what it rests on.

    Attributes:
        estimate: The estimate.
        p: p-value of no effect; NaN where there is no estimate.
        balance: Frame by covariate: covariate, before, after (standardised differences without
            and with the weights), alike (|after| <= 0.1, or no more than chance brings).
        trimmed: Share of people outside the overlap, who are left out.
        overlap: Lowest and highest probability of taking part among those kept.
    """

    estimate: Estimate
    p: float
    balance: pd.DataFrame
    trimmed: float
    overlap: tuple[float, float]

    @property
    def balanced(self) -> bool:
        """Whether participants and weighted others are alike in all covariates."""
        return bool(len(self.balance) and self.balance["alike"].all())


def doubly_robust(
    y: npt.ArrayLike,
    treated: npt.ArrayLike,
    X: pd.DataFrame,
    *,
    groups: npt.ArrayLike | None = None,
    estimand: str = "participants",
    trim: float = TRIM,
    folds: int = FOLDS,
    unit: str = "",
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    propensity: Any = None,
    outcome: Any = None,
    seed: int = 0,
) -> DoublyRobust:
    """Return the effect of taking part, adjusted for what was known before.

    Args:
        y: Outcome, shape (n,).
        treated: Whether each took part.
        X: Covariates from before, one row a person; missing values are news of their own.
        groups: Label of the unit whose members move together; folds and errors respect it.
        estimand: "participants": effect on those who took part; "all": on everybody.
        trim: "all": people with a probability outside (trim, 1 − trim) are left out;
            "participants": above 1 − trim, where there are no others alike.
        folds: Parts of the cross-fitting.
        unit: Unit of the estimate.
        level: Confidence level.
        min_people: People on either side below which nothing is said.
        propensity: Classifier; default logistic regression on squashed covariates.
        outcome: Regressor; default ridge regression on the same.
        seed: Seed of the folds.
    """
    guards.one_of("estimand", estimand, ESTIMANDS)
    guards.whole("folds", folds, low=2)
    guards.in_range("trim", trim, low=0, high=0.5, open_high=True)
    outcomes, d = np.asarray(y, dtype=float), np.asarray(treated, dtype=bool)
    if not len(outcomes) == len(d) == len(X):
        raise ArgumentError(f"{len(outcomes)} outcomes, {len(d)} arms and {len(X)} rows differ.")
    labels = np.arange(len(d)) if groups is None else pd.factorize(np.asarray(groups))[0]
    empty = pd.DataFrame(columns=["covariate", "before", "after", "alike"])
    few = min(int(d.sum()), int((~d).sum()))
    if few < max(min_people, folds):
        return DoublyRobust(Estimate.too_few(few, unit=unit, minimum=min_people), math.nan, empty,
                            0.0, (math.nan, math.nan))  # fmt: skip
    chance, m0, m1 = _cross_fit(outcomes, d, X, labels, folds, propensity, outcome, seed)
    keep = chance < 1 - trim
    if estimand == "all":
        keep &= chance > trim
    trimmed = float(1 - keep.mean())
    few = min(int((d & keep).sum()), int((~d & keep).sum()))
    if few < min_people:
        none = Estimate.refused("campaign.why.no_overlap", unit=unit, n=len(d))
        return DoublyRobust(none, math.nan, empty, trimmed, (math.nan, math.nan))
    chance = np.clip(chance, 1e-3, 1 - 1e-3)
    value, influence, weights = _estimate(outcomes, d, chance, m0, m1, keep, estimand)
    low, high, p = _interval(value, influence, labels[keep], level, seed)
    n = int(keep.sum())
    found = Estimate(value=value, low=low, high=high, level=level, n=n, unit=unit,
                     method=f"doubly robust, {folds} folds, {estimand}")  # fmt: skip
    table = _balance(X[keep], d[keep], weights)
    return DoublyRobust(found, p, table, trimmed,
                        (float(chance[keep].min()), float(chance[keep].max())))  # fmt: skip


def _cross_fit(
    y: Array, d: npt.NDArray[np.bool_], X: pd.DataFrame, labels: Any, folds: int,
    propensity: Any, outcome: Any, seed: int,
) -> tuple[Array, Array, Array]:  # fmt: skip
    from sklearn.base import clone

    say_d = propensity if propensity is not None else default_classifier()
    say_y = outcome if outcome is not None else default_regressor()
    chance, m0, m1 = (np.zeros(len(d)) for _ in range(3))
    fold = folds_of(labels, d, folds, seed)
    features = X.astype(float)
    for number in range(folds):
        learn, judge = fold != number, fold == number
        if not judge.any():
            continue
        model = clone(say_d).fit(features[learn], d[learn])
        chance[judge] = model.predict_proba(features[judge])[:, 1]
        for side, into in ((~d, m0), (d, m1)):
            fitted = clone(say_y).fit(features[learn & side], y[learn & side])
            into[judge] = fitted.predict(features[judge])
    return chance, m0, m1


def folds_of(labels: Any, d: npt.NDArray[np.bool_], folds: int, seed: int) -> Any:
    """Return the fold of each row: whole units, both arms in every fold."""
    codes = pd.factorize(np.asarray(labels))[0]
    units = codes.max() + 1
    rng = np.random.default_rng(seed)
    # Units in the order of their share of treated, then dealt out: every fold has both arms.
    share = np.bincount(codes, weights=d, minlength=units) / np.bincount(codes, minlength=units)
    order = np.lexsort((rng.random(units), share))
    of = np.empty(units, dtype=int)
    start = int(rng.integers(folds))
    of[order] = (np.arange(units) + start) % folds
    return of[codes]


def _estimate(
    y: Array, d: Any, chance: Array, m0: Array, m1: Array, keep: Any, estimand: str
) -> tuple[float, Array, Array]:  # fmt: skip
    y, d, e, m0, m1 = (item[keep] for item in (y, d, chance, m0, m1))
    n = len(y)
    if estimand == "all":
        score = m1 - m0 + d * (y - m1) / e - ~d * (y - m0) / (1 - e)
        value = float(score.mean())
        return value, (score - value) / n, np.where(d, 1 / e, 1 / (1 - e))
    rest = y - m0
    odds = np.where(d, 0.0, e / (1 - e))
    mine, others = float(rest[d].mean()), float((odds * rest).sum() / odds.sum())
    influence = d * (rest - mine) / d.sum() - odds * (rest - others) / odds.sum()
    return mine - others, influence, np.where(d, 1.0, odds)


def _interval(
    value: float, influence: Array, labels: Any, level: float, seed: int
) -> tuple[float, float, float]:
    codes = pd.factorize(labels)[0]
    scores = np.bincount(codes, weights=influence)
    g = len(scores)
    if g < FEW_CLUSTERS:
        return wild_interval(scores, value, level=level, seed=seed)
    error = math.sqrt(g / (g - 1) * float((scores**2).sum()))
    half = float(stats.t.ppf(0.5 + level / 2, g - 1)) * error
    return value - half, value + half, float(2 * stats.t.sf(abs(value) / max(error, 1e-300), g - 1))


def _balance(X: pd.DataFrame, d: Any, weights: Array) -> pd.DataFrame:
    rows = []
    # Two samples of the same people differ by as much in one case of twenty.
    bound = max(IMBALANCE, 1.96 * math.sqrt(1 / d.sum() + 1 / (~d).sum()))
    for name in X.columns:
        x = X[name].to_numpy(dtype=float)
        seen = ~np.isnan(x)
        if seen.sum() < 2 or not (seen & d).any() or not (seen & ~d).any():
            continue
        spread = math.sqrt((x[seen & d].var() + x[seen & ~d].var()) / 2)
        if spread == 0:
            continue
        plain = x[seen & d].mean() - x[seen & ~d].mean()
        after = np.average(x[seen & d], weights=weights[seen & d]) - np.average(
            x[seen & ~d], weights=weights[seen & ~d]
        )
        rows.append({"covariate": str(name), "before": plain / spread, "after": after / spread,
                     "alike": bool(abs(after / spread) <= bound)})  # fmt: skip
    return pd.DataFrame(rows, columns=["covariate", "before", "after", "alike"])


def prepared() -> Any:
    """Return the steps before a linear model: long tails squashed, curvature, gaps filled."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        FunctionTransformer(_curved),
        StandardScaler(),
    )


def _curved(X: Any) -> Any:
    """Return sign(x) log(1 + |x|), x and whether x is above 0: counts and money have long tails."""
    values = np.asarray(X, dtype=float)
    return np.hstack([np.sign(values) * np.log1p(np.abs(values)), values, values > 0])


def default_classifier() -> Any:
    """Return the model of taking part."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(prepared(), LogisticRegression(max_iter=2000))


def default_regressor() -> Any:
    """Return the model of the outcome."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(prepared(), Ridge(alpha=10.0))
