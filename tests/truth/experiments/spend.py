"""Gamma–Gamma and lifetime value: parameters, and what buyers leave."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from commlab import models
from commlab.errors import CommlabWarning
from commlab.models._parameter_draws import draw_interval, parameter_draws, with_parameters

from ..buyers import ages, leave_after_purchase
from ..harness import Experiment, Outcome, covers, flag

BUYERS, HORIZON, DRAWS = 1500, 26, 100
PURCHASES = {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5}
MONEY = {"p": 6.0, "q": 4.0, "v": 15.0}
LEVELS = (0.5, 0.8, 0.95)


def world(seed: int) -> pd.DataFrame:
    """Return buyers in two segments with the mean of their repeat purchases and what came after."""
    rng = np.random.default_rng([seed, 6])
    T = ages(rng, BUYERS, 26, 78)
    rate = rng.gamma(PURCHASES["r"], 1 / PURCHASES["alpha"], BUYERS)
    leave = rng.beta(PURCHASES["a"], PURCHASES["b"], BUYERS)
    out = leave_after_purchase(rng, rate, leave, T, HORIZON, first=True)
    scale = 1 / rng.gamma(MONEY["q"], 1 / MONEY["v"], BUYERS)

    def spent(purchases: np.ndarray) -> np.ndarray:
        # A sum of n gammas of shape p is one of shape n·p.
        some = purchases > 0
        return np.where(some, rng.gamma(MONEY["p"] * np.maximum(purchases, 1)) * scale, 0.0)

    x = out["frequency"].to_numpy()
    mean = spent(x) / np.maximum(x, 1)
    came = spent(out["holdout"].to_numpy())
    segment = np.where(rng.random(BUYERS) < 0.1, "small", "large")
    return out.assign(monetary_value=mean, came=came, segment=segment)


def look(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at worlds, one after another."""
    return [_look(seed) for seed in seeds]


def _look(seed: int) -> list[Outcome]:
    buyers = world(seed)
    rng = np.random.default_rng([seed, 7])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CommlabWarning)
        spend = models.GammaGammaModel().fit(buyers)
        purchases = models.ModifiedBetaGeoModel().fit(buyers)
    found = [flag("the fit was flagged", bool(spend.flags_))]
    ends = spend.confidence_intervals()
    for name, truth in MONEY.items():
        found.append(covers(f"{name}, profile likelihood", truth, *ends.loc[name]))
    points = parameter_draws(spend, 2 * DRAWS, seed)
    low, high = draw_interval([one.mean_spend_ for one in with_parameters(spend, points)])
    truth = MONEY["p"] * MONEY["v"] / (MONEY["q"] - 1)
    found.append(covers("mean spend of a purchase", truth, float(low), float(high)))
    again = np.flatnonzero(buyers["frequency"] > 0)
    one = int(rng.choice(again))
    for level in LEVELS:
        worth = models.lifetime_value(
            buyers, purchases, spend, horizon=HORIZON, discount_rate=0.0, level=level,
            draws=DRAWS, seed=seed,
        )  # fmt: skip
        came = buyers["came"].to_numpy()
        person = worth.people.iloc[one]
        found.append(covers(f"one buyer's margin, {level:.0%}", came[one], person["low"],
                            person["high"], level=level, rule="at_least"))  # fmt: skip
        for _, row in worth.segments.iterrows():
            size = "150" if row["segment"] == "small" else "1,350"
            mean = came[buyers["segment"] == row["segment"]].mean()
            found.append(covers(f"mean margin of some {size} buyers, {level:.0%}", mean,
                                row["low"], row["high"], level=level))  # fmt: skip
        found.append(covers(f"margin of all, {level:.0%}", came.sum(), worth.total.low,
                            worth.total.high, level=level))  # fmt: skip
    return found


ABOUT = f"""
Each world holds {BUYERS:,} buyers, MBG/NBD in continuous time with r = {PURCHASES["r"]},
alpha = {PURCHASES["alpha"]}, a = {PURCHASES["a"]}, b = {PURCHASES["b"]} in weeks, whose purchases
leave Gamma–Gamma margins with p = {MONEY["p"]}, q = {MONEY["q"]}, v = {MONEY["v"]}. They are seen
for 26 to 78 weeks; what they leave in the {HORIZON} weeks after is held against `lifetime_value`
with {DRAWS} draws, undiscounted. A tenth of them, chosen by lot, are a segment.

One buyer is one of those who had bought again, chosen at random; many of them leave nothing, so
that row is judged only for too few.
"""
EXPERIMENTS = (Experiment("lifetime-value", "Gamma–Gamma and lifetime value", ABOUT, look),)
