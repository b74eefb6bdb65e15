"""Who is moved by a campaign: learners of the difference that treatment makes to each person.

T-, X- and DR-learner as scikit-learn estimators. They need a randomised campaign.
Source: Künzel, Sekhon, Bickel & Yu 2019, PNAS 116 (T, X); Kennedy 2023, Electron. J. Stat. 17
(DR); cross-fitting as in Chernozhukov et al. 2018.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models.doubly_robust import default_regressor, folds_of

Array = npt.NDArray[np.float64]
FEWEST = 20  # people of an arm: fewer teach a learner nothing


def default_learner() -> Any:
    """Return the regressor of a mean: ridge on squashed and curved features.

    Campaigns have thousands of people, not millions, and differences are smaller than noise: what
    is fitted must be simple. Boosting goes in as `learner=`.
    """
    return default_regressor()


class _Uplift(RegressorMixin, BaseEstimator):
    """What the learners share."""

    def __init__(self, learner: Any = None) -> None:
        self.learner = learner

    def fit(self, X: Any, y: Any, treatment: Any = None, *, groups: Any = None) -> _Uplift:
        """Learn from a randomised campaign.

        Args:
            X: Features from before it, shape (n, k).
            y: Outcome, shape (n,): a count, money, or 0 and 1.
            treatment: 1 for those treated, 0 for the control arm.
            groups: Unit of each row: cross-fitting keeps units whole.

        Raises:
            ArgumentError: `treatment` is missing or not 0 and 1.
            NotEnoughDataError: An arm has fewer than 20 people.
        """
        X, y = validate_data(self, X, y, y_numeric=True, ensure_all_finite="allow-nan")
        arms = _arms(treatment, len(y))
        self._learn(np.asarray(X, dtype=float), np.asarray(y, dtype=float), arms, groups)
        return self

    def predict_uplift(self, X: Any) -> Array:
        """Return the expected difference that treatment makes to each person, shape (n,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return self._say(np.asarray(values, dtype=float))

    def predict(self, X: Any) -> Array:
        """Return `predict_uplift(X)`: what scikit-learn's tools call."""
        return self.predict_uplift(X)

    def _new(self) -> Any:
        return clone(self.learner) if self.learner is not None else default_learner()

    def _learn(self, X: Array, y: Array, arms: Any, groups: Any) -> None:
        raise NotImplementedError

    def _say(self, X: Array) -> Array:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        # What is predicted is the difference that treatment makes, not y.
        tags.regressor_tags.poor_score = True
        return tags


class TLearner(_Uplift):
    """Two models of the outcome, one an arm; uplift is their difference.

    Args:
        learner: Regressor of a mean; default `default_learner()`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X, t = rng.normal(size=(4000, 1)), rng.integers(0, 2, 4000)
        >>> y = t * (X[:, 0] > 0) + rng.normal(size=4000)
        >>> gain = TLearner().fit(X, y, t).predict_uplift([[-1.0], [1.0]])
        >>> bool(gain[1] > gain[0] + 0.5)
        True
    """

    def _learn(self, X: Array, y: Array, arms: Any, groups: Any) -> None:
        self.control_ = self._new().fit(X[~arms], y[~arms])
        self.treated_ = self._new().fit(X[arms], y[arms])

    def _say(self, X: Array) -> Array:
        return np.asarray(self.treated_.predict(X) - self.control_.predict(X))


class XLearner(_Uplift):
    """Each person's outcome less what the other arm's model expects of them, learnt again.

    The two answers are weighted by the share of each arm, so that the larger arm's model, the
    better one, is used on the smaller: for holdouts of 10 or 20 %.

    Args:
        learner: Regressor of a mean; default `default_learner()`.
    """

    def _learn(self, X: Array, y: Array, arms: Any, groups: Any) -> None:
        control, treated = self._new().fit(X[~arms], y[~arms]), self._new().fit(X[arms], y[arms])
        self.on_treated_ = self._new().fit(X[arms], y[arms] - control.predict(X[arms]))
        self.on_control_ = self._new().fit(X[~arms], treated.predict(X[~arms]) - y[~arms])
        self.share_ = float(arms.mean())

    def _say(self, X: Array) -> Array:
        mine, theirs = self.on_treated_.predict(X), self.on_control_.predict(X)
        return np.asarray((1 - self.share_) * mine + self.share_ * theirs)


class DRLearner(_Uplift):
    """A regression of doubly robust scores, cross-fitted.

    Args:
        learner: Regressor of a mean; default `default_learner()`.
        folds: Parts of the cross-fitting.
        seed: Seed of the folds.
    """

    def __init__(self, learner: Any = None, *, folds: int = 5, seed: int = 0) -> None:
        super().__init__(learner)
        self.folds = folds
        self.seed = seed

    def _learn(self, X: Array, y: Array, arms: Any, groups: Any) -> None:
        guards.whole("folds", self.folds, low=2)
        labels = np.arange(len(y)) if groups is None else np.asarray(groups)
        score = dr_scores(X, y, arms, labels, self._new, self.folds, self.seed)
        self.model_ = self._new().fit(X, score)

    def _say(self, X: Array) -> Array:
        return np.asarray(self.model_.predict(X))


def dr_scores(X: Array, y: Array, arms: Any, labels: Any, new: Any, folds: int, seed: int) -> Array:
    """Return doubly robust scores whose mean over any people is the effect on them.

    The chance of treatment is the share of the treated: the campaign was randomised.
    """
    fold = folds_of(labels, arms, folds, seed)
    score = np.zeros(len(y))
    for number in range(folds):
        learn, judge = fold != number, fold == number
        if not judge.any():
            continue
        e = float(arms[learn].mean())
        m0 = new().fit(X[learn & ~arms], y[learn & ~arms]).predict(X[judge])
        m1 = new().fit(X[learn & arms], y[learn & arms]).predict(X[judge])
        mine = arms[judge]
        rest = np.where(mine, (y[judge] - m1) / e, -(y[judge] - m0) / (1 - e))
        score[judge] = m1 - m0 + rest
    return score


LEARNERS: dict[str, type[_Uplift]] = {"T": TLearner, "X": XLearner, "DR": DRLearner}


def cross_fitted_uplift(
    learner: _Uplift, X: Any, y: Any, treatment: Any, *, groups: Any = None, folds: int = 5,
    seed: int = 0,
) -> Array:  # fmt: skip
    """Return each person's uplift from a learner that has not seen that person, nor their unit.

    Args:
        learner: A learner, fitted or not; it is cloned.
        X: Features, shape (n, k).
        y: Outcome.
        treatment: 1 treated, 0 control.
        groups: Unit of each row, kept whole.
        folds: Parts.
        seed: Seed of the parts.
    """
    guards.whole("folds", folds, low=2)
    values, outcome = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    arms = _arms(treatment, len(outcome))
    labels = np.arange(len(outcome)) if groups is None else np.asarray(groups)
    fold = folds_of(labels, arms, folds, seed)
    out = np.zeros(len(outcome))
    for number in range(folds):
        learn, judge = fold != number, fold == number
        if judge.any():
            fitted = clone(learner).fit(values[learn], outcome[learn], arms[learn],
                                        groups=labels[learn])  # fmt: skip
            out[judge] = fitted.predict_uplift(values[judge])
    return out


def _arms(treatment: Any, n: int) -> npt.NDArray[np.bool_]:
    if treatment is None:
        raise ArgumentError("treatment is missing.", fix="Call fit(X, y, treatment).")
    found = np.asarray(treatment).ravel()
    if len(found) != n:
        raise ArgumentError(f"len(treatment) == {len(found)}, must be {n}, one a row.")
    if not np.isin(found, (0, 1)).all():
        raise ArgumentError("treatment must be 0 (control) and 1 (treated).")
    arms = found.astype(bool)
    few = min(int(arms.sum()), int((~arms).sum()))
    if few < FEWEST:
        raise NotEnoughDataError(
            f"one arm has {few} people, must be {FEWEST}.", fix="Use a larger campaign."
        )
    return arms
