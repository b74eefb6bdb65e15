"""The baseline that buy-till-you-die models give: no purchase within a horizon."""

from __future__ import annotations

import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.models.bgnbd import BetaGeoModel
from commlab.models.churn import BTYD
from commlab.models.mbgnbd import ModifiedBetaGeoModel
from commlab.models.scores import auc

WEEK = 7.0  # days; frequency, recency and T of `churn_rows` are in weeks
FAMILIES = (ModifiedBetaGeoModel, BetaGeoModel)


def fitted(rows: pd.DataFrame) -> ModifiedBetaGeoModel | BetaGeoModel:
    """Return the model of higher likelihood on these rows, of those that are not refused.

    Args:
        rows: Columns frequency, recency, T in weeks, one row a buyer.

    Raises:
        NotEnoughDataError: Both are refused: too few repeat buyers, or a parameter on its bound.
    """
    summary = rows[["frequency", "recency", "T"]]
    found: list[ModifiedBetaGeoModel | BetaGeoModel] = []
    refused: NotEnoughDataError | None = None
    for family in FAMILIES:
        try:
            found.append(family().fit(summary, strict=True))
        except NotEnoughDataError as error:
            refused = refused or error
    if not found:
        assert refused is not None  # there are families, so one of them said why
        raise refused
    return max(found, key=lambda model: model.log_likelihood_)


def add_btyd(rows: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Return rows with `btyd_churn`, the probability of no purchase within a horizon.

    The model is fitted on the same rows: it reads purchases up to the cutoff only, no label.

    Args:
        rows: What `churn_rows` returned; frequency, recency and T are in weeks.
        horizon_days: Days after the cutoff.

    Returns:
        A copy with the column; without it where the models refuse (too few repeat buyers, a
        parameter on its bound), so that the baseline drops out of the comparison.
    """
    guards.whole("horizon_days", horizon_days, low=1)
    try:
        model = fitted(rows)
    except NotEnoughDataError:
        return rows.copy()
    again = model.probability_of_purchase(rows[["frequency", "recency", "T"]], horizon_days / WEEK)
    return rows.assign(**{BTYD: 1 - again.to_numpy()})


def alive_score(rows: pd.DataFrame) -> Estimate:
    """Return how well 1 − P(alive) ranks who did not come back: AUC, to show that it does not.

    P(alive) is about customers who have ended for good; whoever buys rarely is alive and yet
    does not come within a horizon.

    Args:
        rows: Labelled rows of `churn_rows`.

    Raises:
        NotEnoughDataError: The model is refused.
    """
    alive = fitted(rows).expected_probability_alive(rows[["frequency", "recency", "T"]])
    return auc(rows["churned"], 1 - alive, clusters=rows["member_id"])
