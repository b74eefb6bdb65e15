"""What a purchase model says of each customer's count, and of the community week by week."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
_CELLS = 2**21  # chances held at once: 16 MB
_FLOOR = 1e-300  # log of a chance that underflows: a customer whom the model rules out
# Buyers to whom a model by segment is fitted: with more the effects of segments are known better
# than anybody needs, and every draw asks for the likelihood of all.
MOST_FITTED = 200_000
# Buyers whose chances of each count are told: the difference of two models' log scores, some .05
# a buyer apart, is then known to 2 in 10,000. Expectations and totals are of all.
MOST_SCORED = 50_000
MOST_BINS = 7  # customers with so many repeat purchases or more share a bin, as in the papers


@dataclasses.dataclass(frozen=True)
class CountsAhead:
    """What was promised of each customer, and whether it came.

    Attributes:
        log_chance: Log of the chance given to what came, shape (n,).
        variance: Variance of the count, shape (n,).
        inside: Level → whether what came lies in the central interval, shape (n,).
    """

    log_chance: Array
    variance: Array
    inside: Mapping[float, npt.NDArray[np.bool_]]


def counts_ahead(
    model: Any, rfm: pd.DataFrame, horizon: float, came: Array, levels: Sequence[float]
) -> CountsAhead:
    """Return what a fitted model promised of each customer's purchases in the horizon.

    Args:
        model: A fitted purchase model.
        rfm: Customers.
        horizon: Time ahead, in the unit of T.
        came: What each bought, shape (n,).
        levels: Levels of the intervals.
    """
    expected = model.expected_purchases(rfm, horizon).to_numpy()
    n = len(rfm)
    log_chance, variance = np.empty(n), np.empty(n)
    inside = {level: np.empty(n, dtype=bool) for level in levels}
    order = np.argsort(np.maximum(expected, came), kind="stable")
    start = 0
    while start < n:
        # Rows of like reach go together, so that heavy buyers do not stretch everybody's table.
        stop = min(start + 4096, n)
        rows = order[start:stop]
        reach = float(np.maximum(4 * expected[rows], came[rows]).max()) + 30
        while len(rows) > 1 and len(rows) * reach > _CELLS:
            rows = rows[: len(rows) // 2]
        counts = np.arange(int(reach) + 1)
        chance = model.purchase_pmf(counts, horizon, rfm.iloc[rows]).to_numpy()
        below = np.cumsum(chance, axis=1)
        mean = chance @ counts
        variance[rows] = chance @ counts**2 - mean**2
        held = came[rows].astype(int)
        place = np.arange(len(rows))
        log_chance[rows] = np.log(np.maximum(chance[place, held], _FLOOR))
        for level in levels:
            tail = (1 - level) / 2
            low = (below < tail).sum(axis=1)
            high = (below < 1 - tail).sum(axis=1)
            inside[level][rows] = (held >= low) & (held <= high)
        start += len(rows)
    return CountsAhead(log_chance, variance, inside)


def track(model: Any, T: Array, weight: Array, weekly: pd.DataFrame) -> pd.DataFrame:
    """Return repeat purchases by week, as they came and as the fitted model expects them.

    Expected are those of customers who have just bought first, summed over when each did so.

    Args:
        model: A fitted purchase model, in weeks.
        T: Age at the cutoff, weeks, shape (n,).
        weight: Customers of each row, shape (n,).
        weekly: `week` from the cutoff and `actual`, cumulated.

    Returns:
        Frame: week, actual, predicted, actual_week, predicted_week, customers.
    """
    born, place = np.unique(T, return_inverse=True)
    people = np.bincount(np.ravel(place), weights=weight)
    week = weekly["week"].to_numpy(dtype=float)
    # To a millionth of a week: ages of whole days then meet.
    ages = np.round(np.maximum(born[None, :] + week[:, None], 0.0), 6)
    spans, at = np.unique(ages, return_inverse=True)
    each = model.expected_purchases_new_customer(spans)[np.ravel(at)].reshape(ages.shape)
    predicted, actual = each @ people, weekly["actual"].to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "week": weekly["week"].to_numpy(),
            "actual": actual,
            "predicted": predicted,
            "actual_week": np.diff(actual, prepend=0.0),
            "predicted_week": np.diff(predicted, prepend=0.0),
            "customers": round(float(weight.sum())),
        }
    )


def sampled(rows: pd.DataFrame, most: int, seed: int = 0) -> pd.DataFrame:
    """Return so many customers at most, drawn at random without replacement.

    Args:
        rows: Customers, a row for all who are alike (`weight`), or one each.
        most: Customers to keep: no more rows are left either.
        seed: Seed.
    """
    weight = (
        rows["weight"].to_numpy(dtype=np.int64) if "weight" in rows else np.ones(len(rows), int)
    )
    if weight.sum() <= most:
        return rows
    rng = np.random.default_rng(seed)
    kept = rng.multivariate_hypergeometric(weight, most, method="marginals")
    drawn = rows.assign(weight=kept.astype(float))[kept > 0]
    drawn.attrs.update(rows.attrs)
    return drawn


def rules_of_thumb(rows: pd.DataFrame, horizon: float, weight: Array) -> dict[str, Array]:
    """Return what rules of thumb say of each customer: rate so far, last period, mean of all."""
    x, T = rows["frequency"].to_numpy(dtype=float), rows["T"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(T > 0, x / T, 0.0)
    mean = float(weight @ x) / max(float(weight @ T), 1e-12)
    found = {"past_rate": rate * horizon, "population_mean": np.full(len(x), mean * horizon)}
    if "last" in rows:
        found["last_period"] = rows["last"].to_numpy(dtype=float)
    return found


def figures(expected: Array, came: Array, weight: Array) -> dict[str, float]:
    """Return how far expectations were from what came, customers weighing as they do."""
    miss = expected - came
    n, total = float(weight.sum()), float(weight @ came)
    return {
        "customers": round(n),
        "actual": total,
        "predicted": float(weight @ expected),
        "bias": float(weight @ miss) / total if total else float("nan"),
        "mae": float(weight @ np.abs(miss)) / n,
        "rmse": float(np.sqrt(weight @ miss**2 / n)),
    }


def by_frequency(frequency: Array, expected: Array, came: Array, weight: Array) -> pd.DataFrame:
    """Return mean purchases that came and were expected, by earlier repeat purchases."""
    frame = pd.DataFrame(
        {"frequency": np.minimum(frequency, MOST_BINS).astype(int), "customers": weight,
         "actual_mean": weight * came, "predicted_mean": weight * expected}
    )  # fmt: skip
    sums = frame.groupby("frequency", as_index=False).sum()
    for name in ("actual_mean", "predicted_mean"):
        sums[name] = sums[name] / sums["customers"]
    return sums.assign(customers=sums["customers"].round().astype(int))


def pooled(scores: pd.DataFrame) -> pd.DataFrame:
    """Return each method over all cutoffs, customers weighing alike."""
    rows = scores.assign(
        mae=scores["mae"] * scores["customers"],
        rmse=scores["rmse"] ** 2 * scores["customers"],
        log_score=scores["log_score"] * scores["customers"],
    )
    names = ["customers", "actual", "predicted", "mae", "rmse", "log_score"]
    sums = rows.groupby("method")[names].sum(min_count=1).reset_index()
    n = sums["customers"]
    sums = sums.assign(
        bias=sums["predicted"] / sums["actual"].where(sums["actual"] > 0) - 1,
        mae=sums["mae"] / n,
        rmse=np.sqrt(sums["rmse"] / n),
        log_score=sums["log_score"] / n,
    )
    order = ["log_score", "rmse"]
    sums = sums.sort_values(order, ascending=[False, True], na_position="last", kind="stable")
    columns = ["method", "customers", "actual", "predicted", "bias", "mae", "rmse", "log_score"]
    return sums[columns].reset_index(drop=True)
