"""Retention: rates by cohort, pooled rates, changes and comparisons, with and without likeness."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from commlab import metrics, stats
from commlab.simulate.world import World

from ..counting import counted
from ..harness import Experiment, Outcome, covers, rejects
from ..worlds import steady_world, weekly_rates

ABOUT = """
Each world is a community of 900 people simulated over thirteen weeks. Every figure comes from the
public functions; only the counting itself is done in numpy instead of the engine, which gives the
same frames (`tests/truth/test_counting.py`) ten times as fast. All people are of one kind and
come by four codes that do not differ, newcomers arrive evenly, there are no festivals, no group
dies or closes: so the true rate of week k after joining is the same for every cohort. About 650
of the 900 join one of fifteen chat groups; the groups open one after another.

The truth is counted in plain numpy in 200,000 people of the same law, drawn with other seeds in
chunks of 20,000 with groups of their own: its standard error is under a tenth of that of any
pooled rate here. The truth of all differences between codes and between cohorts is zero by
construction.

Cells of one world share their groups, so one cell is drawn at random in each world. "Groups not
heeded" is the plain Wilson interval of the same counts.
"""

MEMBERS = 900
POOLED = (1, 4)
NULL = "null: one code in one week against the rest, p < .05"
NULLS = "null: any code in any week against the rest, corrected p < .05"
NONE = "difference of one code in one week from the rest (truth: none)"
CHANGE = "messages: change of week 1 against the cohort before (truth: none)"


def look(
    world: World,
    activities: tuple[str, ...],
    rule: str,
    seeds: Sequence[int],
    truth: dict[str, np.ndarray],
) -> list[list[Outcome]]:
    """Look at communities, one after another: likeness is estimated from one's own groups."""
    return [_look(world, activities, rule, seed, truth) for seed in seeds]


def _look(
    world: World, activities: tuple[str, ...], rule: str, seed: int, truth: dict[str, np.ndarray]
) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    found: list[Outcome] = []
    with counted(world, seed, MEMBERS) as ds:
        for activity in activities:
            found += _rates(ds, activity, truth[activity], rng, rule)
        change = metrics.retention_change(ds, 1, cohort="week", activity="message").difference
        ends = (np.nan if end is None else end for end in (change.low, change.high))
        found.append(covers(CHANGE, 0.0, *ends, rule="at_least"))
        table = metrics.compare_retention(ds, split="channel", cohort="week", activity="message")
    shown = table[(table["status"] == "ok") & (table["period"] > 0)]
    row = shown.iloc[int(rng.integers(len(shown)))]
    found.append(covers(NONE, 0.0, row["low"], row["high"], rule="at_least"))
    found.append(rejects(NULL, row["p"], rule="at_most"))
    found.append(rejects(NULLS, bool((shown["p_adjusted"] < 0.05).any()), rule="at_most"))
    return found


def _rates(
    ds: Any, activity: str, rates: np.ndarray, rng: np.random.Generator, rule: str
) -> list[Outcome]:
    naive = activity == "message"
    table = metrics.retention(ds, cohort="week", activity=activity)
    shown = table[(table["status"] == "ok") & (table["period"] > 0)]
    # One cell a world: the cells of one world share their groups.
    cell = shown.iloc[int(rng.integers(len(shown)))]
    name = f"{activity}s: one cohort in one later week"
    found = _rate(name, cell, rates[cell["period"]], rule, naive=naive)
    pooled = metrics.overall_retention(ds, cohort="week", activity=activity).set_index("period")
    for period in POOLED:
        name = f"{activity}s: week {period}, cohorts pooled"
        found += _rate(name, pooled.loc[period], rates[period], rule, naive=naive)
    return found


def _rate(name: str, row: Any, truth: float, rule: str, *, naive: bool) -> list[Outcome]:
    found = [covers(name, truth, row["low"], row["high"], rule=rule)]
    if naive:
        low, high = stats.wilson(float(row["active"]), float(row["at_risk"]))
        name = f"{name}, groups not heeded"
        found.append(covers(name, truth, float(low), float(high), rule="shown"))
    return found


def _experiment(
    name: str,
    title: str,
    about: str,
    reading: str,
    activities: tuple[str, ...],
    rule: str = "range",
    **changes: Any,
) -> Experiment:
    world = steady_world(**changes)
    return Experiment(
        name=name,
        title=title,
        about=f"{about}\n{ABOUT}",
        reading=reading,
        look=partial(look, world, activities, rule),
        prepare=partial(weekly_rates, world),
    )


EXPERIMENTS = (
    _experiment(
        "retention",
        "Retention, members of a group alike",
        "Here groups differ: the log of a group's liveliness has a standard deviation of 0.6, so "
        "that messages in one week have an intra-class correlation of about .04.",
        "The plain interval is far too narrow for pooled rates: 43 members of a group tell less "
        "than 43 strangers. With the design effect the intervals hold what they promise. "
        "Comparisons of codes and changes between cohorts promise care, not exactness: of two "
        "standard errors the larger one holds, and members on both sides are not credited.",
        ("message", "order"),
    ),
    _experiment(
        "retention-apart",
        "Retention, members of a group not alike",
        "Here all groups are equally lively, so that heeding them can only cost.",
        "Heeding groups that do not differ costs little: where the correlation is "
        "estimated as zero the interval is Wilson's own. It cannot be estimated below zero, so on "
        "average the intervals are a little wider than need be, and the promise has one end: "
        "pooled rates of week 1 were held in 972 of 1,000 worlds, one more than an exact 95 % "
        "allows.",
        ("message",),
        rule="at_least",
        group_sd=0.0,
    ),
)
