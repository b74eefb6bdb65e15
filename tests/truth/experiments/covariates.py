"""Purchase models with static covariates: effects of segments, their means, newcomers."""

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

SIZES = (20, 50, 100, 200, 400, 800, 1600)
HORIZON, SPREAD = 26, 0.4
PARAMS = {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5}
DRAWS = 100


def world(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return buyers of seven segments, and the log effects of these on buying and leaving."""
    rng = np.random.default_rng([seed, 5])
    effects = rng.normal(0, SPREAD, (len(SIZES), 2))
    place = np.repeat(np.arange(len(SIZES)), SIZES)
    T = ages(rng, len(place), 26, 78)
    rate = rng.gamma(PARAMS["r"], np.exp(effects[place, 0]) / PARAMS["alpha"])
    leave = rng.beta(PARAMS["a"] * np.exp(effects[place, 1]), PARAMS["b"])
    buyers = leave_after_purchase(rng, rate, leave, T, HORIZON, first=True)
    return buyers.assign(channel=np.array([f"c{i}" for i in range(len(SIZES))])[place]), effects


def true_mean(buyers: pd.DataFrame, effect: np.ndarray) -> float:
    """Return E[purchases of a newcomer] by averaging over people drawn from the law."""
    rng = np.random.default_rng(0)
    n = 40_000  # its error is a hundredth of an interval's width
    rate = rng.gamma(PARAMS["r"], np.exp(effect[0]) / PARAMS["alpha"], n)
    leave = np.maximum(rng.beta(PARAMS["a"] * np.exp(effect[1]), PARAMS["b"], n), 1e-12)
    # While there after k purchases with chance (1 − p)^(k + 1): E = (1 − p)/p·(1 − e^(−λ p t)).
    return float(np.mean((1 - leave) / leave * -np.expm1(-rate * leave * HORIZON)))


def look(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at worlds, one after another."""
    return [_look(seed) for seed in seeds]


def _look(seed: int) -> list[Outcome]:
    buyers, effects = world(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CommlabWarning)
        base = models.ModifiedBetaGeoModel()
        model = models.StaticCovariateModel(base, ["channel"]).fit(buyers)
        table = model.coefficients_.set_index(["level", "effect"])
        spread = model.spread_.set_index("effect")
    found = [flag("the fit was flagged", bool(model.flags_))]
    middle = effects.mean(axis=0)
    for column, effect in enumerate(("purchase", "dropout")):
        for size, label in ((SIZES[0], "c0"), (SIZES[2], "c2"), (SIZES[-1], "c6")):
            row = table.loc[(label, effect)]
            name = f"effect on {effect}, segment of {size:,}"
            truth = effects[int(label[1:]), column] - middle[column]
            found.append(covers(name, truth, row["low"], row["high"]))
        ends = spread.loc[effect]
        name = f"spread of effects on {effect}"
        found.append(covers(name, SPREAD, ends["low"], ends["high"], rule="at_least"))
    ends = model.confidence_intervals()
    for name, truth in PARAMS.items():
        shift = {"alpha": -middle[0], "a": middle[1]}.get(name, 0.0)
        low, high = ends.loc[name]
        found.append(covers(f"{name}, middle of the segments", truth * np.exp(shift), low, high))
    return found + _means(model, buyers, effects, seed)


def _means(model: Any, buyers: pd.DataFrame, effects: np.ndarray, seed: int) -> list[Outcome]:
    new = pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": 0.0, "channel": ["c0", "c2", "c6"]})
    drawn, totals = [], []
    _, place = np.unique(buyers["channel"].to_numpy(dtype=str), return_inverse=True)
    for number, one in enumerate(with_parameters(model, parameter_draws(model, DRAWS, seed))):
        drawn.append(one.expected_purchases(new, HORIZON).to_numpy())
        bought = one.sample_purchases(buyers, HORIZON, draws=1, seed=number)[0]
        totals.append(np.bincount(place, weights=bought))
    low, high = draw_interval(drawn)
    plain = model.pooled_.expected_purchases_new_customer(float(HORIZON))
    own = model.expected_purchases(new, HORIZON).to_numpy()
    found = []
    for at, (size, number) in enumerate(((SIZES[0], 0), (SIZES[2], 2), (SIZES[-1], 6))):
        truth = true_mean(buyers, effects[number])
        found.append(covers(f"purchases of a newcomer, segment of {size:,}", truth, low[at],
                            high[at]))  # fmt: skip
        nearer = bool(abs(own[at] - truth) < abs(float(plain) - truth))
        found.append(flag(f"nearer to the truth than one model for all, segment of {size:,}",
                          nearer))  # fmt: skip
    came = np.bincount(place, weights=buyers["holdout"])
    for level in (0.5, 0.8, 0.95):
        low, high = draw_interval(totals, level)
        whole = draw_interval(np.sum(totals, axis=1), level)
        for size, number in ((SIZES[2], 2), (SIZES[-1], 6)):
            name = f"purchases of all, {level:.0%}, segment of {size:,}"
            found.append(covers(name, came[number], low[number], high[number], level=level,
                                rule="at_least"))  # fmt: skip
        name = f"purchases of all, {level:.0%}, every segment"
        found.append(covers(name, came.sum(), *map(float, whole), level=level, rule="at_least"))
    return found


ABOUT = f"""
Each world holds seven segments of {", ".join(f"{size:,}" for size in SIZES)} buyers, MBG/NBD in
continuous time with r = {PARAMS["r"]}, alpha = {PARAMS["alpha"]}, a = {PARAMS["a"]},
b = {PARAMS["b"]}. The logarithms of each segment's effects on buying (alpha) and on leaving (a) are
drawn from a normal law with standard deviation {SPREAD}, anew in every world: intervals that draw
small segments in promise to hold over segments, not for one that is far out. Buyers are seen for 26
to 78 weeks; purchases of the {HORIZON} weeks after are counted. The truth of a newcomer is the mean
over 40,000 people of the law.

Effects are against the mean of the seven. Totals are whole numbers, so their rows are judged only
for too few; so is the spread, whose prior keeps it off 0.
"""
EXPERIMENTS = (
    Experiment("covariates", "Static covariates: effects, newcomers and totals", ABOUT, look),
)
