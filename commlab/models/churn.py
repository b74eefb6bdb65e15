"""Who will not come back within a horizon: two classifiers beside three plain baselines.

Nothing in a row of features is later than its cutoff, and the time of what is learnt from is over
before the next step begins: trained at one cutoff, calibrated at a later one, tested at a still
later one. A model that the baselines match is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models.scores import SURE

Array = npt.NDArray[np.float64]

# From the simplest on; the simplest that is as good as the best is used.
METHODS = ("base_rate", "recency", "btyd", "logistic", "boosting")
BASELINES = METHODS[:3]
LEARNT = METHODS[3:]
RECENCY = "days_since_order"  # the one feature of the baseline "recency"
BTYD = "btyd_churn"  # 1 − P(at least one purchase in the horizon), made by `add_btyd`
KEYS = ("member_id", "churned", BTYD, "frequency", "recency", "T")  # no features
MIN_EACH = 50  # of those who churned and who did not: fewer cannot train or judge a classifier
BATCH = 100_000  # rows scored at once
MAX_TRAIN = 200_000  # more rows make a classifier slower, not better


def features_of(frame: pd.DataFrame) -> list[str]:
    """Return the names of the columns that are features."""
    return [str(name) for name in frame.columns if name not in KEYS]


def _telling(train: pd.DataFrame) -> list[str]:
    """Return the features that were ever seen and are not the same for everybody."""
    names = features_of(train)
    return [name for name in names if _varies(train[name])] or [RECENCY]


def _varies(values: pd.Series) -> bool:
    seen = values.dropna()
    return len(seen) > 0 and (len(seen) < len(values) or bool((seen != seen.iloc[0]).any()))


class ChurnModel:
    """One way to say how likely it is that somebody will not come back.

    Args:
        method: One of `METHODS`.
        seed: Seed of the boosting and of the sample it is trained on.

    Attributes:
        features_: Names of the features used.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> days = rng.exponential(60, 400)
        >>> rows = pd.DataFrame({"member_id": range(400), RECENCY: days,
        ...                      "churned": rng.random(400) < days / (days + 60)})
        >>> risk = ChurnModel("recency").fit(rows, rows).predict(rows)
        >>> bool(risk[days.argmax()] == risk.max())
        True
    """

    def __init__(self, method: str, *, seed: int = 0) -> None:
        self.method = guards.one_of("method", method, METHODS)
        self.seed = seed
        self.features_: list[str] = []
        self._say: Callable[[pd.DataFrame], Any] | None = None

    def fit(self, train: pd.DataFrame, calibrate: pd.DataFrame) -> ChurnModel:
        """Learn from one cutoff, calibrate at a later one.

        Args:
            train: Features and `churned`.
            calibrate: The same at a later cutoff; its labels must be over before those to whom
                the model is applied are looked at.

        Raises:
            NotEnoughDataError: Fewer than 50 who churned, or who did not, in either.
            ArgumentError: A column is missing.
        """
        for name, frame in (("train", train), ("calibrate", calibrate)):
            check_rows(name, frame)
        if self.method == "base_rate":
            rate = float(train["churned"].mean())
            self._say = lambda rows: np.full(len(rows), rate)
        elif self.method == "btyd":
            self._say = _as_said
        else:
            need(train, RECENCY)
            self.features_ = [RECENCY] if self.method == "recency" else _telling(train)
            for name in self.features_:
                need(calibrate, name)
            self._say = self._learn(train, calibrate)
        return self

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        """Return the probability that each person does not come back within the horizon.

        Args:
            rows: The columns of training, `churned` aside.
        """
        if self._say is None:
            raise ArgumentError("the model is not fitted.", fix="Call fit(train, calibrate) first.")
        for name in self.features_:
            need(rows, name)
        # In batches: what a pipeline makes of a million rows is several times their size.
        starts = range(0, max(len(rows), 1), BATCH)
        parts = [np.asarray(self._say(rows.iloc[at : at + BATCH]), dtype=float) for at in starts]
        said = np.clip(np.concatenate(parts), SURE, 1 - SURE)
        return pd.Series(said, index=rows.index, name="risk")

    def _learn(self, train: pd.DataFrame, calibrate: pd.DataFrame) -> Callable[[pd.DataFrame], Any]:
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.frozen import FrozenEstimator

        names = self.features_
        sample = train
        if len(train) > MAX_TRAIN:
            sample = train.sample(MAX_TRAIN, random_state=self.seed)
        learner = _logistic() if self.method != "boosting" else _boosting(self.seed)
        learner.fit(sample[names].astype(float), sample["churned"].astype(int))
        # Two parameters on the log odds: isotonic regression needs a thousand rows to be as sure.
        platt = CalibratedClassifierCV(FrozenEstimator(learner), method="sigmoid")
        platt.fit(calibrate[names].astype(float), calibrate["churned"].astype(int))
        return lambda rows: platt.predict_proba(rows[names].astype(float))[:, 1]


def _as_said(rows: pd.DataFrame) -> Array:
    """Return what `add_btyd` put into the rows themselves: labels teach it nothing."""
    need(rows, BTYD)
    return rows[BTYD].to_numpy(dtype=float)


def _squashed(values: Any) -> Any:
    """Return sign(x) · log(1 + |x|): days, counts and money have long tails."""
    return np.sign(values) * np.log1p(np.abs(values))


def _logistic() -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        FunctionTransformer(_squashed),
        # That something was never seen is news of its own.
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=2000),
    )


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    # Shallow and slow, stopped early: communities are small, and trees overfit them quickly.
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=300,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=1.0,
        early_stopping=True,
        validation_fraction=0.15,
        n_iter_no_change=15,
        random_state=seed,
    )


def need(frame: pd.DataFrame, column: str) -> None:
    """Raise where a column is missing."""
    if column not in frame:
        raise ArgumentError(
            f"the rows have no column {column!r}.",
            fix=f"They have: {', '.join(map(str, frame.columns))}.",
        )


def check_rows(name: str, frame: pd.DataFrame) -> None:
    """Raise where rows cannot train or judge a classifier.

    Raises:
        NotEnoughDataError: Fewer than 50 who churned, or who did not.
    """
    need(frame, "churned")
    gone = int(frame["churned"].astype(bool).sum())
    for n, words in ((gone, "did not come back"), (len(frame) - gone, "came back")):
        if n < MIN_EACH:
            raise NotEnoughDataError(
                f"only {n:,} of {len(frame):,} people {words} ({name}), must be {MIN_EACH}.",
                fix="Use another horizon, or wait until there are more data.",
            )
