"""From rows by cutoff to folds of a backtest, and to the model that scores everybody now."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab import stats
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.churn_features import MOST_ROWS, Cutoffs, churn_rows
from commlab.metrics.churn_list import value_at_risk
from commlab.models.backtest_churn import Fold
from commlab.models.btyd_churn import add_btyd
from commlab.models.churn import ChurnModel

if TYPE_CHECKING:
    from commlab.dataset import Dataset


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


@dataclasses.dataclass(frozen=True)
class ChurnBefore:
    """The headline figures four weeks earlier; None where they cannot be said.

    Attributes:
        rate: Share that had not come back at the test date before the latest.
        expected: Share that was expected not to come back, by the way used now.
        value_at_risk: What they would have brought, by the way used now.
    """

    rate: Estimate | None = None
    expected: Estimate | None = None
    value_at_risk: Estimate | None = None


def churn_before(
    ds: Dataset,
    method: str,
    rows: Mapping[dt.date, pd.DataFrame],
    cutoffs: Sequence[Cutoffs],
    horizon: int,
    *,
    seed: int = 0,
) -> ChurnBefore:
    """Return the headline figures as they were one test date, four weeks, earlier.

    What would have been learnt from then are the rows that the second test date used, so only
    those who were scored then are read anew (a sample of them beyond 200,000, so then without
    the value at risk).

    Args:
        ds: The dataset.
        method: What the backtest chose.
        rows: Labelled rows by cutoff.
        cutoffs: Of the backtest, the latest first.
        horizon: Days that the labels look ahead.
        seed: Seed of what is random.
    """
    if len(cutoffs) < 2:
        return ChurnBefore()
    earlier = cutoffs[1]
    day = earlier.test + dt.timedelta(days=horizon)
    try:
        then = add_btyd(churn_rows(ds, day), horizon)
        learnt = Cutoffs(earlier.calibrate, earlier.test, day)
        risk = scoring_model(method, rows, learnt, seed=seed).predict(then)
    except (NotEnoughDataError, ArgumentError):
        return ChurnBefore(rate=churned_share(rows[earlier.test]))
    whole = len(then) < MOST_ROWS
    return ChurnBefore(
        rate=churned_share(rows[earlier.test]),
        expected=expected_share(risk),
        value_at_risk=value_at_risk(then, risk, horizon) if whole else None,
    )


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
