"""Survival in groups: Kaplan–Meier, the sBG model, its projection, and the backtest's verdict."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from commlab.errors import CommlabWarning
from commlab.metrics.survival import history, membership_rows, rolling_cutoffs
from commlab.models.backtest_survival import backtest
from commlab.models.curves import fit_curves
from commlab.models.projection import project, to_periods
from commlab.models.sbg import ShiftedBetaGeometricModel
from commlab.models.survival import restricted_mean, survival_at
from commlab.simulate.channels import CHANNEL_CODES, CHANNEL_TYPES, ChannelType
from commlab.simulate.closed_forms import membership_survival
from commlab.simulate.world import World
from commlab.stats import quantile

from ..harness import Experiment, Outcome, covers, flag
from ..stays import START, alike_stays
from ..worlds import community, one_kind

MEMBERS, MONTHS = 1000, 15
GROUPS, LIKENESS = 25, 0.15
KIND = CHANNEL_TYPES[1]
# Nothing but stays matters here, so hardly anybody speaks, clicks or buys.
_QUIET = {"messages": 0.01, "buyer_share": 0.02, "join_rate": 1.0}
_SILENT: dict[str, Any] = {
    "festivals": (),
    "campaigns": (),
    "dead_share": 0.0,
    "closed_share": 0.0,
    "adviser_posts": 0.01,
    "atmosphere_posts": 0.01,
    "clicks": 0.01,
    "check_in_share": 0.01,
}
ONE = World(**_SILENT, **one_kind(dataclasses.replace(KIND, **_QUIET)))  # type: ignore[arg-type]
MIXED = World(
    **_SILENT,
    channels=tuple(dataclasses.replace(kind, **_QUIET) for kind in CHANNEL_TYPES),
    codes=CHANNEL_CODES,
)
Curve = Callable[[float], float]


def true_curve(kinds: tuple[ChannelType, ...]) -> Curve:
    """Return true survival by age in days: closed form at whole weeks, straight between."""
    weeks = np.arange(0, 100)
    shares = np.array([kind.share for kind in kinds])
    curve = shares / shares.sum() @ np.array([membership_survival(k, weeks) for k in kinds])
    return lambda days: float(np.interp(days / 7, weeks, curve))


def look_simulated(world: World, judged: bool, seed: int, _: object) -> list[Outcome]:
    """Look at a simulated community."""
    with community(world, seed, MEMBERS, start=START, months=MONTHS) as ds:
        rows = membership_rows(ds)
    return _read(rows, true_curve(world.channels), seed, judged=judged, model=len(world.channels) == 1)


def look_alike(seed: int, _: object) -> list[Outcome]:
    """Look at stays that are alike within groups, and at the same without the groups."""
    with alike_stays(KIND, seed, MEMBERS, groups=GROUPS, likeness=LIKENESS) as ds:
        rows = membership_rows(ds)
    truth = true_curve((KIND,))
    found = _read(rows, truth, seed, judged=True, model=False)
    naive = _read(rows.drop(columns="cluster"), truth, seed, judged=False, model=True)
    return found + [dataclasses.replace(o, name=f"{o.name}, groups not heeded") for o in naive]


def _read(
    rows: pd.DataFrame, truth: Curve, seed: int, *, judged: bool, model: bool
) -> list[Outcome]:
    rule = "range" if judged else "shown"
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CommlabWarning)
        share, mean = survival_at(rows, 90), restricted_mean(rows, 180)
        ahead = project(rows, 84, seed=seed).iloc[[0, -1]]
        curve = fit_curves(rows)["all"]
        fitted = ShiftedBetaGeometricModel().fit(to_periods(curve, 7).counts())
    name = "Kaplan–Meier at 90 days"
    found.append(covers(name, truth(90), share.low, share.high, rule=rule))
    name = "mean days stayed of the first 180"
    days = np.arange(181)
    area = float(np.trapezoid([truth(day) for day in days], days))
    found.append(covers(name, area, mean.low, mean.high, rule=rule))
    for name, (_, row) in zip(
        ("last day that was followed", "projected 84 days beyond it"), ahead.iterrows(), strict=True
    ):
        found.append(covers(name, truth(row["day"]), row["low"], row["high"], rule=rule))
    if not model:
        return found
    row = fitted.survival_interval([12]).iloc[0]
    found.append(covers("sBG at 84 days, profile", truth(84), row["low"], row["high"], rule=rule))
    table = fitted.parameter_intervals().set_index("parameter")
    for name, value in (("alpha", KIND.leave_a), ("beta", KIND.leave_b)):
        low, high = table.loc[name, ["low", "high"]]
        found.append(covers(f"sBG {name}, profile", value, low, high, rule=rule))
        half = quantile(0.95) * fitted.standard_errors_[name]
        ends = fitted.params_[name] + np.array([-half, half])
        found.append(covers(f"sBG {name}, estimate ± error", value, *ends, rule="shown"))
    return found


def look_back(world: World, judged: bool, seed: int, _: object) -> list[Outcome]:
    """Ask what the backtest says of the projection."""
    with community(world, seed, MEMBERS, start=START, months=MONTHS) as ds:
        known = history(ds, rolling_cutoffs(ds))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CommlabWarning)
        result = backtest(known, seed=seed)
    verdict, scores = result.verdict, result.frame
    found = [
        flag("verdict: the sBG projection is usable", verdict.usable),
        *(
            flag(f"verdict: {reason.replace('_', ' ')}", verdict.reason == reason)
            for reason in ("baseline_as_good", "intervals_miss", "too_few_cutoffs")
        ),
    ]
    last = scores[scores["cutoff"] == scores["cutoff"].max()]
    for method in ("sbg", "constant", "last"):
        row = last[(last["method"] == method) & (last["horizon"] == 84)]
        rule = "range" if judged and method == "sbg" else "shown"
        name = f"what happened in 84 days after the last cutoff, by {method!r}"
        hit = None if row.empty else bool(row["covered"].iloc[0])
        found.append(Outcome(name, hit, 0.95, rule))
    return found


ABOUT = ""
EXPERIMENTS = (
    Experiment(
        "survival", "Survival and sBG projection, the model true", ABOUT,
        partial(look_simulated, ONE, True),
    ),
    Experiment(
        "survival-alike", "Survival and sBG projection, members of a group alike", ABOUT,
        look_alike,
    ),
    Experiment(
        "survival-mixed", "Survival and sBG projection, five kinds of people mixed", ABOUT,
        partial(look_simulated, MIXED, False),
    ),
    Experiment(
        "backtest", "The backtest of the projection, the model true", ABOUT,
        partial(look_back, ONE, True),
    ),
)  # fmt: skip
