"""Members against others: who buys again, and how long the buying lasts.

Nobody is made a member at random: what differs is association, adjusted for what was known at the
first order, with the strength that a hidden cause would need beside it.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.buyer_lives import IN, OUT, UNKNOWN
from commlab.models.doubly_robust import doubly_robust
from commlab.models.sensitivity import robustness
from commlab.stats import quantile

Array = npt.NDArray[np.float64]
_EPOCH = dt.date(1970, 1, 1)
HORIZON = 90  # days in which a second purchase counts: that of the other pages
SPAN = 180  # days of the restricted mean: half a year
_MOST_CHANNELS = 8  # rarer channels are one
COLUMNS = ["measure", "members_in", "members_out", "rate_in", "rate_out", "naive", "naive_low",
           "naive_high", "value", "low", "high", "status", "reason", "trimmed", "balanced",
           "robust", "robust_low", "benchmark", "benchmarked"]  # fmt: skip


def compare_buyers(
    lives: pd.DataFrame,
    as_of: dt.date,
    *,
    horizon: int = HORIZON,
    span: int = SPAN,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> pd.DataFrame:
    """Return repurchase and days of buying of the two sides, as counted and adjusted.

    Only buyers whose horizon is over count. Adjusted for month, value, channel and kind of the
    first order (see `doubly_robust`): what the members' figure is above that of alike others.

    Args:
        lives: From `metrics.buyer_lives`.
        as_of: Day that is read last.
        horizon: Days in which a second purchase counts.
        span: Days to which lives are cut (restricted mean).
        level: Confidence level.
        min_people: People on either side below which nothing is said.
        seed: Seed of the folds.

    Returns:
        Frame of two rows, measure "repurchase" (share) and "life" (days within `span`):
        members_in, members_out (buyers), rate_in, rate_out, naive (difference) with naive_low and
        naive_high, value (adjusted difference) with low and high, status, reason, trimmed (share
        without alike others), balanced (whether the adjusted sides are alike), robust (share that
        a hidden cause must explain of both, membership and outcome, to bring the difference to 0),
        robust_low (to make it unsure), benchmark (first_net) and benchmarked (what would be left
        beside a hidden cause as strong as the value of the first order).
    """
    guards.whole("horizon", horizon, low=1)
    guards.whole("span", span, low=1)
    known = lives[lives["side"].isin([IN, OUT])]
    over = {
        "repurchase": known[known["first"] <= (as_of - _EPOCH).days - horizon],
        "life": known[known["first"] <= lives.attrs["read_to"] - span],
    }
    rows = []
    for measure, people in over.items():
        if measure == "repurchase":
            y = (people["second"].astype("Float64").fillna(math.inf) <= horizon).to_numpy(float)
        else:
            y = np.minimum(people["life"].to_numpy(dtype=float), span)
        rows.append({"measure": measure, **_row(people, y, level, min_people, seed)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    people: pd.DataFrame, y: Array, level: float, min_people: int, seed: int
) -> dict[str, Any]:
    d = (people["side"] == IN).to_numpy()
    sizes = {"members_in": int(d.sum()), "members_out": int((~d).sum())}
    if min(sizes.values()) < min_people:
        return {**sizes, "status": "too_few"}
    naive, low, high = difference(y, d, people["home"].to_numpy(), level)
    out: dict[str, Any] = {**sizes, "rate_in": float(y[d].mean()), "rate_out": float(y[~d].mean()),
                           "naive": naive, "naive_low": low, "naive_high": high}  # fmt: skip
    X = covariates(people)
    found = doubly_robust(y, d, X, groups=people["home"].to_numpy(), level=level,
                          min_people=min_people, seed=seed)  # fmt: skip
    est = found.estimate
    out |= {"value": est.value, "low": est.low, "high": est.high, "status": est.status,
            "reason": est.reason, "trimmed": found.trimmed, "balanced": found.balanced}  # fmt: skip
    try:
        strength = robustness(y, d, X.to_numpy(dtype=float), names=list(X.columns),
                              benchmark="first_net", level=level)  # fmt: skip
    except NotEnoughDataError:
        return out
    return out | {"robust": strength.value, "robust_low": strength.value_alpha,
                  "benchmark": strength.benchmark, "benchmarked": strength.benchmarked}  # fmt: skip


def adjusted_repurchase(table: pd.DataFrame) -> Estimate:
    """Return the adjusted difference in repurchase of `compare_buyers` as an estimate."""
    row = table[table["measure"] == "repurchase"].iloc[0]
    n = int(row["members_in"] + row["members_out"])
    if row["status"] == "too_few":
        few = int(min(row["members_in"], row["members_out"]))
        return Estimate.too_few(few, unit="share", minimum=MIN_AT_RISK)
    if row["status"] != "ok":
        return Estimate.refused(str(row["reason"]), unit="share", n=n)
    return Estimate(value=row["value"], low=row["low"], high=row["high"], n=n, unit="share",
                    method="doubly robust, association")  # fmt: skip


def covariates(people: pd.DataFrame) -> pd.DataFrame:
    """Return what was known at the first order: its value, month, channel and kind."""
    parts = {"first_net": np.log1p(people["first_net"].clip(lower=0)).to_numpy()}
    for name, most in (("month", 36), ("channel", _MOST_CHANNELS), ("kind", 3)):
        values = people[name].astype(str)
        common = values.value_counts()
        common = common[common >= MIN_AT_RISK].sort_index().sort_values(kind="stable")
        # The most frequent is what the others are held against.
        for label in common.index[:-1][-most:]:
            parts[f"{name} {label}"] = (values == label).to_numpy(dtype=float)
    return pd.DataFrame(parts, index=people.index)


def difference(
    y: Array, d: npt.NDArray[np.bool_], homes: Any, level: float = LEVEL
) -> tuple[float, float, float]:
    """Return the difference of the two means, its interval by clusters (linearised)."""
    mine, others = float(y[d].mean()), float(y[~d].mean())
    parts = np.where(d, (y - mine) / d.sum(), -(y - others) / (~d).sum())
    sums = np.bincount(pd.factorize(homes)[0], weights=parts)
    half = quantile(level) * math.sqrt(len(sums) / max(len(sums) - 1, 1) * float(sums @ sums))
    return mine - others, mine - others - half, mine - others + half


def life_rows(lives: pd.DataFrame) -> pd.DataFrame:
    """Return lives as rows of stays for `survival_curve` and `restricted_mean`.

    Everybody is read to the same day, up to which it is known who had stopped.

    Args:
        lives: From `metrics.buyer_lives`.

    Returns:
        Frame: segment (side), lower, upper, observed, n.
    """
    known = lives[lives["side"].isin([IN, OUT]) & (lives["first"] <= lives.attrs["read_to"])]
    followed = lives.attrs["read_to"] - known["first"]
    ended = known["life"] < followed
    lower = known["life"].where(ended, followed)
    rows = pd.DataFrame({"segment": known["side"], "lower": lower, "upper": lower + ended,
                         "observed": ended})  # fmt: skip
    keys = ["segment", "lower", "upper", "observed"]
    return rows.groupby(keys, as_index=False).size().rename(columns={"size": "n"})


def repurchase_bounds(
    lives: pd.DataFrame, as_of: dt.date, unnamed: int, horizon: int = HORIZON
) -> Estimate:
    """Return between which ends the raw difference lies, whoever the unknown buyers are.

    Not a confidence interval: nothing is assumed (Manski 2003, Partial Identification of
    Probability Distributions). Known buyers of unknown side go to the side where they help or
    harm most. Each order without a buyer is the only order of somebody, on either side, or the
    second order of a known buyer who seemed not to come back.

    Args:
        lives: From `metrics.buyer_lives`.
        as_of: Day that is read last.
        unnamed: Orders without a buyer, see `metrics.unnamed_orders`.
        horizon: Days in which a second purchase counts.

    Returns:
        Estimate (unit "share") of the difference in repurchase of known buyers; its ends are the
        bounds.
    """
    over = lives[lives["first"] <= (as_of - _EPOCH).days - horizon]
    again = (over["second"].astype("Float64").fillna(math.inf) <= horizon).to_numpy(bool)
    side = over["side"].to_numpy()
    count = {name: int((side == name).sum()) for name in (IN, OUT, UNKNOWN)}
    came = {name: int(again[side == name].sum()) for name in (IN, OUT, UNKNOWN)}
    if min(count[IN], count[OUT]) == 0:
        return Estimate.too_few(min(count[IN], count[OUT]), unit="share", minimum=1)
    value = came[IN] / count[IN] - came[OUT] / count[OUT]
    stayed, gone = came[UNKNOWN], count[UNKNOWN] - came[UNKNOWN]
    ends = []
    for worse, better in ((IN, OUT), (OUT, IN)):
        split = np.arange(unnamed + 1)  # so many are single orders of the worse side's buyers
        low = came[worse] / (count[worse] + gone + split)
        high = (came[better] + stayed + unnamed - split) / (count[better] + stayed)
        ends.append(float((low - np.minimum(high, 1.0)).min()))
    return Estimate(value=value, low=ends[0], high=-ends[1], n=len(over), unit="share",
                    method="bounds for unknown buyers")  # fmt: skip
