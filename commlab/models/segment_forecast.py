"""What each segment's buyers will buy or leave, drawn towards the whole and by themselves."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import CommlabWarning, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models._discounting import yearly_rate
from commlab.models._parameter_draws import (
    DRAWS,
    draw_interval,
    parameter_draws,
    with_parameters,
)
from commlab.models._scoring import sampled
from commlab.models.staticcovariates import StaticCovariateModel

Array = npt.NDArray[np.float64]
# Buyers on whom each draw of the parameters is asked. The intervals are of what the parameters do
# to a mean, taken as a ratio to the mean of the same buyers: who they are hardly matters.
MOST_DRAWN = 20_000


def segment_forecast(
    rfm: pd.DataFrame,
    model: StaticCovariateModel,
    horizon: float,
    *,
    by: str | None = None,
    spend: Any = None,
    discount_rate: float = 0.0,
    alone: bool = True,
    min_people: int = MIN_AT_RISK,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
    points: Array | None = None,
) -> pd.DataFrame:
    """Return what a buyer of each segment will buy on average, with what he would by himself.

    The intervals are those of the expected mean of these buyers: they hold that the parameters
    (and how far segments differ) are not known, not the chance of what each will do, which
    `lifetime_value` adds.

    Args:
        rfm: The customers, with the columns of the fit; with `spend` also monetary_value.
        model: A fitted `StaticCovariateModel`.
        horizon: Time ahead, in the unit of T.
        by: Which of its covariates; default the first.
        spend: A fitted `GammaGammaModel`: money instead of purchases.
        discount_rate: Yearly, of money.
        alone: Whether to fit each segment by itself too.
        min_people: Segments of fewer buyers are "too_few": their figures are missing.
        level: Level of the intervals.
        draws: Draws of the parameters.
        seed: Seed.
        points: Draws of the parameters (`parameter_draws`), where several covariates are asked
            for; default: drawn here.

    Returns:
        Frame, highest first, those with too few last: segment, buyers, repeat_buyers, value, low,
        high (segments drawn towards the whole), alone, alone_low, alone_high (a model of this
        segment by itself; missing where refused), alone_status ("ok", "refused"), alone_reason,
        pooled (one model for all, no segments), newcomer, newcomer_low, newcomer_high (purchases
        within the horizon of somebody whose first purchase is today), newcomer_pooled (without
        segments), status. Without `alone` its five columns are left out.

    Example:
        >>> import pandas as pd
        >>> import commlab as cl
        >>> rfm = pd.DataFrame({"frequency": [0, 1, 2, 5] * 2, "recency": [0.0, 12, 30, 36] * 2,
        ...                     "T": [38.0, 38, 39, 38] * 2, "channel": ["qr"] * 4 + ["ad"] * 4,
        ...                     "weight": [600, 200, 100, 100, 900, 200, 50, 50]})
        >>> base = cl.models.ModifiedBetaGeoModel()
        >>> model = cl.models.StaticCovariateModel(base, ["channel"]).fit(rfm)
        >>> segment_forecast(rfm, model, horizon=26)["segment"].tolist()
        ['qr', 'ad']
    """
    guards.whole("draws", draws, low=20)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    by = guards.one_of("by", model.covariates[0] if by is None else by, model.covariates)
    rate = yearly_rate(rfm, discount_rate) if spend is not None else 0.0
    rows = _alike(rfm, model, spend)
    names, place = np.unique(rows[by].astype(str).to_numpy(dtype=str), return_inverse=True)
    weight = rows["weight"].to_numpy(dtype=float)
    size = np.bincount(place, weights=weight)
    again = np.bincount(place, weights=weight * (rows["frequency"] > 0))

    def means(one: Any, part: pd.DataFrame = rows, at: Any = place) -> Array:
        if spend is None:
            each = one.expected_purchases(part, horizon).to_numpy()
        else:
            each = one.dert(part, rate, horizon).to_numpy() * part["margin"].to_numpy()
        heavy = part["weight"].to_numpy(dtype=float)
        return _by_place(at, heavy, each, len(names))

    new = _newcomers(rows, names, place, model, by)

    def newcomers(one: Any) -> Array:
        part, at = new
        each = one.expected_purchases(part, horizon).to_numpy()
        heavy = part["weight"].to_numpy(dtype=float)
        return _by_place(at, heavy, each, len(names))

    if points is None:
        points = parameter_draws(model, draws, seed)
    out = pd.DataFrame({"segment": names, "buyers": size, "repeat_buyers": again})
    part = sampled(rows.assign(_place=place), MOST_DRAWN, seed)
    few = part.drop(columns="_place"), part["_place"].to_numpy(dtype=np.intp)
    drawn: Callable[[Any], Array] = lambda one: means(one, *few)  # noqa: E731
    whole = {"value": (means, drawn), "newcomer": (newcomers, newcomers)}
    for name, (ask, ask_few) in whole.items():
        ends = "" if name == "value" else "newcomer_"
        value = ask(model)
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = value / ask_few(model)
        _, low, high = _around(model, points, ask_few, level)
        out[name], out[f"{ends}low"], out[f"{ends}high"] = value, scale * low, scale * high
    out["pooled"], out["newcomer_pooled"] = means(model.pooled_), newcomers(model.pooled_)
    columns = ["alone", "alone_low", "alone_high", "alone_status", "alone_reason"]
    if alone:
        fits = [_alone(model, rows[place == number], means, level, draws, seed)
                for number in range(len(names))]  # fmt: skip
        out[columns] = pd.DataFrame(fits, index=out.index)
    order = ["segment", "buyers", "repeat_buyers", "value", "low", "high",
             *(columns if alone else ()), "pooled", "newcomer", "newcomer_low", "newcomer_high",
             "newcomer_pooled", "status"]  # fmt: skip
    enough = out["buyers"] >= min_people
    figures = out.columns.difference(["segment", "buyers", "repeat_buyers", "alone_status",
                                      "alone_reason"])  # fmt: skip
    out[figures] = out[figures].where(enough)
    out = out.assign(
        buyers=out["buyers"].round().astype(int),
        repeat_buyers=out["repeat_buyers"].round().astype(int),
        status=np.where(enough, "ok", "too_few"),
    )[order]
    out = out.sort_values(["value", "segment"], ascending=[False, True], na_position="last")
    return out.reset_index(drop=True)


def _by_place(at: Any, weight: Array, each: Array, size: int) -> Array:
    """Return the weighted mean of each place; missing where nobody is."""
    total = np.bincount(at, weights=weight * each, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / np.bincount(at, weights=weight, minlength=size))


def _alike(rfm: pd.DataFrame, model: StaticCovariateModel, spend: Any) -> pd.DataFrame:
    """Return one row for all who are alike, with their number and their mean expected margin."""
    keys = ["frequency", "recency", "T", *model.covariates]
    weight = rfm["weight"] if "weight" in rfm else pd.Series(1.0, index=rfm.index)
    margin = spend.expected_spend(rfm) if spend is not None else pd.Series(0.0, index=rfm.index)
    frame = rfm[keys].assign(weight=weight, margin=margin * weight)
    rows = frame[weight > 0].groupby(keys, as_index=False, observed=True, dropna=False).sum()
    rows["margin"] = rows["margin"] / rows["weight"]
    rows.attrs.update(rfm.attrs)
    return rows


def _newcomers(
    rows: pd.DataFrame, names: Array, place: npt.NDArray[np.intp], model: StaticCovariateModel,
    by: str,
) -> tuple[pd.DataFrame, npt.NDArray[np.intp]]:  # fmt: skip
    """Return newcomers of every pattern, as many as there are buyers of it, and their segments."""
    keys = list(model.covariates)
    part = rows.groupby(keys, as_index=False, observed=True)["weight"].sum()
    part = part.assign(frequency=0.0, recency=0.0, T=0.0)
    part.attrs.update(rows.attrs)
    return part, np.searchsorted(names, part[by].astype(str).to_numpy(dtype=str))


def _around(
    model: Any, points: Array, ask: Callable[[Any], Array], level: float
) -> tuple[Array, Array, Array]:
    value = ask(model)
    low, high = draw_interval([ask(one) for one in with_parameters(model, points)], level)
    return value, np.minimum(low, value), np.maximum(high, value)


def _alone(
    model: StaticCovariateModel, rows: pd.DataFrame, means: Callable[..., Array], level: float,
    draws: int, seed: int,
) -> tuple[float, float, float, str, str]:  # fmt: skip
    one = copy.copy(model.model)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CommlabWarning)  # those of all rows were given already
            one.fit(rows, strict=True)
    except NotEnoughDataError as error:
        return np.nan, np.nan, np.nan, "refused", error.what
    at = np.zeros(len(rows), dtype=np.intp)
    points = parameter_draws(one, draws, seed)
    value, low, high = _around(one, points, lambda each: means(each, rows, at), level)
    return float(value[0]), float(low[0]), float(high[0]), "ok", ""
