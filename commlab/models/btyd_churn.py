"""The baseline that buy-till-you-die models give: no purchase within a horizon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.models.bgnbd import BetaGeoModel
from commlab.models.churn import BTYD
from commlab.models.mbgnbd import ModifiedBetaGeoModel
from commlab.models.nbd import NBDModel
from commlab.models.scores import SURE, log_losses, mean_estimate

Array = npt.NDArray[np.float64]

LEAST = 1e-3  # of log odds: below it is arithmetic, not a reason
WEEK = 7.0  # days; frequency, recency and T of `churn_rows` are in weeks
Model = ModifiedBetaGeoModel | BetaGeoModel | NBDModel
LEAVING = (ModifiedBetaGeoModel, BetaGeoModel)
# The last is what the others become where nobody is seen to leave.
FAMILIES = (*LEAVING, NBDModel)


def fitted(rows: pd.DataFrame, families: Sequence[type[Model]] = FAMILIES) -> Model:
    """Return the model of highest likelihood on these rows, of those that are not refused.

    Args:
        rows: Columns frequency, recency, T in weeks, one row a buyer.
        families: Models to try.

    Raises:
        NotEnoughDataError: All are refused: too few repeat buyers, or a parameter on its bound.
    """
    # Who first bought on the last day says nothing of buying again.
    summary = rows.loc[rows["T"] > 0, ["frequency", "recency", "T"]]
    found: list[Model] = []
    refused: NotEnoughDataError | None = None
    for family in families:
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


def btyd_reasons(rows: pd.DataFrame, usual: pd.DataFrame, horizon_days: int) -> list[list[str]]:
    """Return, for each row, which of silence and number of orders raises its risk, strongest first.

    As `top_reasons`, with the two things that the model reads: days since the last order set to
    the median, then the number of orders.

    Args:
        rows: Rows to explain.
        usual: All rows of the same cutoff: the model is fitted on them.
        horizon_days: Days after the cutoff.
    """
    model, ahead = fitted(usual), horizon_days / WEEK
    own = rows[["frequency", "recency", "T"]].reset_index(drop=True)
    silence = float(usual["days_since_order"].median()) / WEEK
    sooner = own.copy()
    again = own["frequency"] > 0
    sooner.loc[again, "recency"] = np.maximum(own["T"] - silence, own["recency"])[again]
    sooner.loc[~again, "T"] = np.minimum(own["T"], silence)[~again]
    often = own.copy()
    middle = float(usual["frequency"].median())
    often.loc[again, "frequency"] = np.maximum(own["frequency"], middle)[again]
    now = _log_odds_of_churn(model, own, ahead)
    rises = {
        name: now - _log_odds_of_churn(model, changed, ahead)
        for name, changed in (("days_since_order", sooner), ("orders_count", often))
    }
    return [
        sorted((n for n in rises if rises[n][row] > LEAST), key=lambda n: -rises[n][row])
        for row in range(len(own))
    ]


def btyd_importance(rows: pd.DataFrame, horizon_days: int, *, repeats: int = 5, seed: int = 0
                    ) -> pd.DataFrame:  # fmt: skip
    """Return by how much the log loss rises when silence or the number of orders is dealt out.

    As `permutation_importance`, with the two things that the model reads. Silence is dealt out
    among all; the number of orders among those who bought again, because one order alone leaves
    no time between the first and the last.

    Args:
        rows: Labelled rows that the model is held against.
        horizon_days: Days after the cutoff.
        repeats: Permutations.
        seed: Seed of them.

    Returns:
        See `permutation_importance`.
    """
    model, ahead = fitted(rows), horizon_days / WEEK
    rng = np.random.default_rng(guards.whole("seed", seed))
    own = rows[["frequency", "recency", "T"]].astype(float).reset_index(drop=True)
    again = (own["frequency"] > 0).to_numpy()
    silence = np.where(again, own["T"] - own["recency"], own["T"])
    y = rows["churned"].astype(int).to_numpy()

    def losses(changed: pd.DataFrame) -> Array:
        said = 1 - model.probability_of_purchase(changed, ahead).to_numpy(float)
        return log_losses(y, np.clip(said, SURE, 1 - SURE))

    def silent() -> pd.DataFrame:
        dealt = rng.permutation(silence)
        # The last of several purchases came a day after the first at the earliest.
        last = np.maximum(own["T"] - dealt, 1 / WEEK)
        return own.assign(recency=np.where(again, np.minimum(last, own["T"]), 0.0),
                          T=np.where(again, own["T"], dealt))  # fmt: skip

    def often() -> pd.DataFrame:
        count = own["frequency"].to_numpy().copy()
        count[again] = rng.permutation(count[again])
        return own.assign(frequency=count)

    before, found = losses(own), []
    for name, deal in (("days_since_order", silent), ("orders_count", often)):
        after = np.mean([losses(deal()) for _ in range(repeats)], axis=0)
        rise = mean_estimate(after - before, clusters=rows["member_id"], unit="nats")
        found.append((name, rise.value, rise.low, rise.high, rise.n))
    frame = pd.DataFrame(found, columns=["feature", "rise", "low", "high", "people"])
    return frame.sort_values("rise", ascending=False, ignore_index=True)


def _log_odds_of_churn(model: Model, rows: pd.DataFrame, ahead: float) -> Array:
    again = np.clip(model.probability_of_purchase(rows, ahead).to_numpy(float), SURE, 1 - SURE)
    return np.log1p(-again) - np.log(again)


def alive_score(rows: pd.DataFrame) -> Estimate:
    """Return the log loss of 1 − P(alive) taken for a risk of churn, to show that it is none.

    P(alive) is about customers who have ended for good; whoever buys rarely is alive and yet
    does not come within a horizon. Under BG/NBD everybody who bought once is alive for ever.

    Args:
        rows: Labelled rows of `churn_rows`.

    Raises:
        NotEnoughDataError: The models are refused, as they are where nobody is seen to leave.
    """
    alive = fitted(rows, LEAVING).expected_probability_alive(rows[["frequency", "recency", "T"]])
    return _log_loss(rows, 1 - alive.to_numpy(float))


def base_score(learnt: pd.DataFrame, rows: pd.DataFrame) -> Estimate:
    """Return the log loss of the same risk for everybody, to set others against.

    Args:
        learnt: Labelled rows whose rate of churn is said of everybody.
        rows: Labelled rows of a later cutoff.
    """
    return _log_loss(rows, np.full(len(rows), float(learnt["churned"].mean())))


def _log_loss(rows: pd.DataFrame, risk: Array) -> Estimate:
    losses = log_losses(rows["churned"].astype(int), risk)
    return mean_estimate(losses, clusters=rows["member_id"], unit="nats")
