"""Freebie hunters (羊毛党): who takes much more than others and gives nothing.

A score with stated features, no black box: what was taken beyond the usual, times how much of the
rest fits. Where a brand has marked some hunters a calibrated logistic regression learns from them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.errors import ArgumentError, NotEnoughDataError

SIGNS = ("never_full_price", "writes_nothing", "no_step_after", "left")
# One free thing is what everybody is offered; hunters come back for more.
LEAST_TAKES = 2
LEAST_KNOWN = 3  # signs of the four: fewer fit many who are no hunters
_FEWEST_LABELS = 20  # of each kind: below, five folds hold fewer than four of one kind
CUT = 0.5


def freebie_signs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return which signs of a freebie hunter each member shows; missing where it is not known.

    Args:
        rows: What `metrics.freebie_rows` returned.

    Returns:
        Frame of the same index with a nullable bool for each of `SIGNS`.
    """
    counts = {
        "never_full_price": "full_price",
        "writes_nothing": "messages",
        "no_step_after": "steps_after",
    }
    signs = {name: rows[column].astype("Float64") == 0 for name, column in counts.items()}
    return pd.DataFrame({**signs, "left": rows["left"].astype("boolean")}, index=rows.index)


def freebie_score(
    rows: pd.DataFrame, labels: pd.Series | None = None, *, seed: int = 0
) -> pd.Series:
    """Return a score between 0 and 1: higher fits a freebie hunter better.

    Without labels: (1 − 2^−(takes − 1)) × (signs shown / signs known)², 0 for who took fewer than
    two free things. Of fewer than three known signs each counts a third: what is not known is no
    sign. With labels: the probability by logistic regression on the logarithms of the counts,
    predicted for each member by a model that has not seen it (five folds).

    Args:
        rows: What `metrics.freebie_rows` returned.
        labels: By member_id, whether somebody is a known hunter; those not named are unknown.
        seed: Seed of the folds.

    Raises:
        ArgumentError: Labels name nobody in the rows.
        NotEnoughDataError: Fewer than 20 labels of either kind.
    """
    if labels is not None:
        return _learnt(rows, labels, seed)
    takes = rows["takes"].to_numpy(dtype=float)
    beyond = np.where(takes >= LEAST_TAKES, 1 - 0.5 ** (takes - 1), 0.0)
    signs = freebie_signs(rows)
    known = np.maximum(signs.notna().sum(axis=1).to_numpy(), LEAST_KNOWN)
    fits = signs.fillna(False).sum(axis=1).to_numpy(dtype=float) / known
    return pd.Series(beyond * fits**2, index=rows.index)


def freebie_hunters(rows: pd.DataFrame, score: pd.Series, cut: float = CUT) -> pd.Series:
    """Return which members count as freebie hunters.

    Args:
        rows: What `metrics.freebie_rows` returned.
        score: What `freebie_score` returned.
        cut: Score from which: at 0.5 two free things and all signs, or three and all but one.
    """
    return (score >= cut) & (rows["takes"] >= LEAST_TAKES)


def _learnt(rows: pd.DataFrame, labels: pd.Series, seed: int) -> pd.Series:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = rows["member_id"].isin(labels.index).to_numpy()
    if not known.any():
        raise ArgumentError("labels name none of the members.", fix="Index them by member_id.")
    y = labels.reindex(rows.loc[known, "member_id"]).to_numpy(dtype=bool)
    if min(y.sum(), (~y).sum()) < _FEWEST_LABELS:
        raise NotEnoughDataError(
            f"{int(y.sum())} labelled hunters and {int((~y).sum())} others: too few to learn from.",
            fix=f"Label {_FEWEST_LABELS} of each, or leave labels out.",
        )
    X = _features(rows)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    out = np.zeros(len(rows))
    mine = np.flatnonzero(known)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X[mine], y):
        model.fit(X[mine[train]], y[train])
        out[mine[test]] = model.predict_proba(X[mine[test]])[:, 1]
    if not known.all():
        model.fit(X[mine], y)
        out[~known] = model.predict_proba(X[~known])[:, 1]
    return pd.Series(out, index=rows.index)


def _features(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    names = ["takes", "full_price", "messages", "steps_after", "net", "left"]
    # What no table tells is the same for everybody, and teaches nothing.
    told = rows[names].astype("Float64").fillna(0.0).clip(lower=0).to_numpy(dtype=float)
    return np.column_stack([np.log1p(told[:, :-1]), told[:, -1]])
