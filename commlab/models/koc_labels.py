"""Opinion leaders learnt from those whom the brand has marked, against the score without labels.

A logistic regression on the four parts and on voice, calibrated, that has not seen the people it
speaks of (five folds, Platt's sigmoid within each). What counts is precision: of the 0.5 or 1 % at
the top, how many were marked. Beside it stands the score that needs no labels; only a classifier
that beats it by more than chance is worth its labels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.koc import VOICES, resonance, select_koc
from commlab.models.value import _best, top_count
from commlab.schedule import PARTS
from commlab.stats import wilson

SHARES = (0.005, 0.01)  # requirement B13
LEAST_LABELS = 20  # marked people: below, five folds hold fewer than four each
FOLDS = 5


@dataclasses.dataclass(frozen=True)
class LabelledKOC:
    """What labels teach.

    Attributes:
        scores: Frame: method ("labels", "composite"), top (share), people (at the top), hits
            (marked), rate (precision), low, high (Wilson), p (McNemar's exact test of the two
            methods on those whom only one of them has at the top; the same in both rows), status.
        probability: By member_id, how likely the member is one of those marked.
        labelled: Marked people who were active.
        members: Members active.
    """

    scores: pd.DataFrame
    probability: pd.Series
    labelled: int
    members: int

    @property
    def verdict(self) -> str:
        """Which of the two to use: "labels" where they beat the composite beyond chance."""
        last = self.scores[self.scores["top"] == max(SHARES)]
        rate = dict(zip(last["method"], last["rate"], strict=True))
        sure = float(last["p"].iloc[0]) < 1 - LEVEL
        return "labels" if sure and rate["labels"] > rate["composite"] else "composite"

    def to_frame(self) -> pd.DataFrame:
        """Return the precision of both."""
        return self.scores.copy()


def learn_koc(profiles: pd.DataFrame, labels: Iterable[str], *, seed: int = 0) -> LabelledKOC:
    """Learn from marked opinion leaders and say how well that works.

    Args:
        profiles: `metrics.member_profiles`.
        labels: Ids of members whom the brand has marked.
        seed: Seed of the folds.

    Raises:
        ArgumentError: Labels name nobody in the profiles.
        NotEnoughDataError: Fewer than 20 marked members were active.
    """
    marked = profiles["member_id"].isin(set(labels)).to_numpy()
    if not marked.any():
        raise ArgumentError("labels name none of the members who were active.")
    if marked.sum() < LEAST_LABELS or (~marked).sum() < LEAST_LABELS:
        raise NotEnoughDataError(
            f"{int(marked.sum())} marked opinion leaders were active: {LEAST_LABELS} are needed to "
            "learn from.",
        )
    chance = _foretold(_features(profiles), marked, seed)
    ranked = select_koc(profiles).members.set_index("member_id")["score"]
    plain = ranked.reindex(profiles["member_id"]).to_numpy(dtype=float)
    rows = []
    for share in SHARES:
        count = top_count(len(profiles), share)
        tops = {"labels": _best(chance, count), "composite": _best(plain, count)}
        only = [int((tops[one] & ~tops[other] & marked).sum())
                for one, other in (("labels", "composite"), ("composite", "labels"))]  # fmt: skip
        p = distributions.binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0
        for method, top in tops.items():
            hits = int((top & marked).sum())
            low, high = wilson(hits, count)
            ends = (float(low), float(high))
            rows.append((method, share, count, hits, hits / count, *ends, p, "ok"))
    names = ["method", "top", "people", "hits", "rate", "low", "high", "p", "status"]
    probability = pd.Series(chance, index=pd.Index(profiles["member_id"]))
    scores = pd.DataFrame(rows, columns=names)
    return LabelledKOC(scores, probability, int(marked.sum()), len(profiles))


def _features(profiles: pd.DataFrame) -> npt.NDArray[np.float64]:
    parts = np.log1p(profiles[list(PARTS)].to_numpy(dtype=float).clip(min=0))
    if not set(profiles.columns) >= VOICES:
        return np.asarray(parts)
    voices = np.log1p(profiles[sorted(VOICES)].to_numpy(dtype=float).clip(min=0))
    return np.column_stack([parts, voices, resonance(profiles)])


def _foretold(
    X: npt.NDArray[np.float64], y: npt.NDArray[np.bool_], seed: int
) -> npt.NDArray[np.float64]:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model = CalibratedClassifierCV(plain, method="sigmoid", cv=3)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return np.asarray(cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1])
