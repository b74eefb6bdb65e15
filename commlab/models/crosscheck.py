"""The same model by the lifetimes package, beside ours: what an analyst can hold it against."""

from __future__ import annotations

import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.models.backtest_purchases import MODELS

MOST = 50_000


def beside_lifetimes(rfm: pd.DataFrame, model: str = "mbg", horizon: float = 52.0) -> pd.DataFrame:
    """Return parameters, log-likelihood and expected purchases, by this package and lifetimes.

    Args:
        rfm: Customers, see `BetaGeoModel.fit`.
        model: "bg", "mbg", "pnbd" or "nbd".
        horizon: Time over which purchases are expected.

    Returns:
        Frame: parameter (its name, "log_likelihood" or "expected_purchases", of all customers
        together), own, own_low, own_high (95 % profile-likelihood interval of parameters),
        lifetimes, customers (beyond 50,000 a random sample is compared: it takes minutes else).

    Raises:
        NotEnoughDataError: lifetimes found no fit, or has no such model.
    """
    guards.one_of("model", model, tuple(MODELS))
    if model == "nbd":
        raise NotEnoughDataError("lifetimes has no model without leaving.")
    rfm = rfm if len(rfm) <= MOST else rfm.sample(MOST, random_state=0).sort_index()
    own = MODELS[model]().fit(rfm)
    other = MODELS[model](engine="lifetimes").fit(rfm)  # type: ignore[call-arg]
    ends = own.confidence_intervals_
    rows = [
        {"parameter": name, "own": own.params_[name], "own_low": ends.loc[name, "low"],
         "own_high": ends.loc[name, "high"], "lifetimes": other.params_[name]}
        for name in own.parameters
    ]  # fmt: skip
    rows.append({"parameter": "log_likelihood", "own": own.log_likelihood_,
                 "lifetimes": other.log_likelihood_})  # fmt: skip
    found = other.lifetimes_
    expect = found.conditional_expected_number_of_purchases_up_to_time
    theirs = expect(
        horizon, rfm["frequency"].to_numpy(), rfm["recency"].to_numpy(), rfm["T"].to_numpy()
    )
    rows.append(
        {"parameter": "expected_purchases", "own": own.expected_purchases(rfm, horizon).sum(),
         "lifetimes": float(pd.Series(theirs).sum(skipna=False))}
    )  # fmt: skip
    frame = pd.DataFrame(rows)
    if frame["lifetimes"].isna().any():
        raise NotEnoughDataError("lifetimes gives no number for some of these customers.")
    return frame.assign(customers=len(rfm))
