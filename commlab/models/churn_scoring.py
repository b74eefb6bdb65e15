"""From rows by cutoff to folds of a backtest, and to the model that scores everybody now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from commlab import stats
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.churn_features import Cutoffs
from commlab.models.backtest_churn import Fold
from commlab.models.btyd_churn import add_btyd
from commlab.models.churn import ChurnModel


def churn_folds(
    rows: Mapping[dt.date, pd.DataFrame], cutoffs: Sequence[Cutoffs], horizon: int
) -> list[Fold]:
    """Return the folds of a backtest, with the buy-till-you-die baseline on the test rows.

    Args:
        rows: Labelled rows of every cutoff that is used.
        cutoffs: Days of each fold.
        horizon: Days that the labels look ahead.
    """
    return [
        Fold(
            train=rows[days.train],
            calibrate=rows[days.calibrate],
            test=add_btyd(rows[days.test], horizon),
            name=days.test.isoformat(),
        )
        for days in cutoffs
    ]


def scoring_model(
    method: str, rows: Mapping[dt.date, pd.DataFrame], cutoffs: Cutoffs, *, seed: int = 0
) -> ChurnModel:
    """Return the chosen method, learnt from the latest cutoffs whose outcomes are over.

    Args:
        method: What the backtest chose.
        rows: Labelled rows of the cutoffs `train` and `calibrate`.
        cutoffs: Of `scoring_cutoffs`.
        seed: Seed of what is random.
    """
    return ChurnModel(method, seed=seed).fit(rows[cutoffs.train], rows[cutoffs.calibrate])


def churned_share(rows: pd.DataFrame) -> Estimate:
    """Return the share of a cutoff's buyers who did not come back (Wilson).

    Args:
        rows: Labelled rows of one cutoff, one a person.
    """
    n, gone = len(rows), int(rows["churned"].sum())
    low, high = stats.wilson(gone, n)
    return Estimate(
        value=gone / n, low=float(low), high=float(high), level=LEVEL, n=n, unit="share",
        method="Wilson",
    )  # fmt: skip


def expected_share(risk: pd.Series) -> Estimate:
    """Return the share of people who are expected not to come back.

    The interval is what chance makes of it if the risks are right and people independent; it
    does not hold the error of the model.

    Args:
        risk: Probability by person.
    """
    p = risk.to_numpy(dtype=float)
    half = stats.quantile(LEVEL) * float(np.sqrt((p * (1 - p)).sum())) / len(p)
    mean = float(p.mean())
    return Estimate(
        value=mean, low=max(0.0, mean - half), high=min(1.0, mean + half), n=len(p),
        unit="share", method="mean risk, chance only",
    )  # fmt: skip
