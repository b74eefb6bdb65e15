"""Small and sparse data: no model breaks, and each says how often it does not trust itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from commlab import models
from commlab.errors import CommlabWarning

from ..buyers import ages, leave_after_purchase, leave_any_time
from ..harness import Experiment, Outcome, flag

BUYERS, HORIZON = 400, 26
# Purchases in 30 weeks of somebody who stays, on average: 0.4 and 1.2.
DENSITIES = {"hardly any purchases": (0.2, 15.0), "few purchases": (0.4, 10.0)}
MODELS: dict[str, Callable[[], Any]] = {
    "BG/NBD": models.BetaGeoModel,
    "MBG/NBD": models.ModifiedBetaGeoModel,
    "Pareto/NBD": models.ParetoNBDModel,
    "MBG/NBD by channel": partial(
        models.StaticCovariateModel, models.ModifiedBetaGeoModel(), ["channel"]
    ),
    "Gamma–Gamma": models.GammaGammaModel,
}


def buyers(name: str, density: str, seed: int) -> pd.DataFrame:
    """Return buyers of the model's own law."""
    rng = np.random.default_rng([seed, list(DENSITIES).index(density), list(MODELS).index(name)])
    shape, scale = DENSITIES[density]
    T = ages(rng, BUYERS, 4, 56)
    rate = rng.gamma(shape, 1 / scale, BUYERS)
    if name == "Pareto/NBD":
        until = rng.exponential(size=BUYERS) / rng.gamma(0.7, 1 / 14, BUYERS)
        out = leave_any_time(rng, rate, until, T, HORIZON)
    else:
        leave = rng.beta(0.8, 2.5, BUYERS)
        out = leave_after_purchase(rng, rate, leave, T, HORIZON, first=name.startswith("MBG"))
    x = np.maximum(out["frequency"], 1)
    mean = rng.gamma(6.0 * x) / x / rng.gamma(4.0, 1 / 15, BUYERS)
    money = np.where(out["frequency"] > 0, mean, 0.0)
    channel = rng.choice(["a", "b", "c"], BUYERS, p=[0.8, 0.15, 0.05])
    return out.assign(monetary_value=money, channel=channel)


def flagged(name: str, density: str, seed: int) -> bool:
    """Return whether the fit was flagged.

    Raises:
        AssertionError: A figure is missing, a bound negative, or an end on the wrong side.
    """
    rows = buyers(name, density, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CommlabWarning)
        model = MODELS[name]().fit(rows)
        table = model.confidence_intervals()
        if name == "Gamma–Gamma":
            ahead = model.expected_spend(rows)
        else:
            ahead = model.expected_purchases(rows, HORIZON)
            alive = model.expected_probability_alive(rows)
            assert alive.between(0, 1).all()
    assert np.isfinite(model.params_).all()
    assert np.isfinite(ahead).all()
    assert (ahead >= 0).all()
    assert not table.isna().any(axis=None)
    assert (table["low"] >= 0).all()
    assert (table["low"] <= model.params_ * (1 + 1e-6)).all()
    assert (table["high"] >= model.params_ * (1 - 1e-6)).all()
    return bool(model.flags_)


def look(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at worlds, one after another."""
    return [
        [
            flag(f"{name} flagged, {density}", flagged(name, density, seed))
            for name in MODELS
            for density in DENSITIES
        ]
        for seed in seeds
    ]


_LAWS = " and ".join(
    f"once with {name} (rates Gamma{law} a week)" for name, law in DENSITIES.items()
)
ABOUT = f"""
Each world holds {BUYERS} buyers of the model's own law, seen for 4 to 56 weeks,
{_LAWS}.
In every one of them the fit must end, every parameter, interval and prediction be a number, no
bound be negative and each interval hold its estimate; a world that breaks this ends the run, so the
table stands only where none did. By channel means three channels of some 320, 60 and 20 buyers.

A fit is flagged with fewer than 100 repeat buyers, with a parameter on its bound or without a
maximum; notebooks then show no figure.
"""
EXPERIMENTS = (Experiment("sparse", "Small and sparse data", ABOUT, look),)
