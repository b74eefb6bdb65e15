"""Groups: fading, stages, push windows. The worlds are drawn here, from laws written down here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from commlab import models

from ..harness import Experiment, Outcome, covers, flag, rejects

GROUPS, WEEKS = 24, 30
FED, ALONE = 0.02, 0.06  # fading a week with and without newcomers
HALF = {"with_inflow": np.log(2) / FED, "without_inflow": np.log(2) / ALONE}


def fading(seed: int, alone: float = ALONE, fed: float = FED) -> pd.DataFrame:
    """Group weeks that fade, with noise that hangs together from week to week in a group."""
    rng = np.random.default_rng(seed)
    parts = []
    for group in range(GROUPS):
        # Groups are fed at first, later now and then: as brands do.
        fresh = rng.random(WEEKS) < np.where(np.arange(WEEKS) < rng.integers(4, 16), 0.8, 0.25)
        members = np.round(30 * np.exp(np.cumsum(np.where(fresh, 0.03, -0.02))) + 10)
        noise = np.zeros(WEEKS)
        for week in range(1, WEEKS):
            noise[week] = 0.6 * noise[week - 1] + 0.25 * rng.standard_normal()
        level = 1.2 + 0.5 * rng.standard_normal()
        path = -fed * fresh.cumsum() - alone * (~fresh).cumsum()
        parts.append(
            pd.DataFrame(
                {
                    "group_id": f"g{group:02}", "messages": rng.poisson(
                        members * np.exp(level + path + noise)).astype(float),
                    "members": members, "with_inflow": fresh.cumsum().astype(float),
                    "without_inflow": (~fresh).cumsum().astype(float), "festival": 0.0,
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def look_decay(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at worlds, one after another."""
    return [_decay(seed) for seed in seeds]


def _decay(seed: int) -> list[Outcome]:
    fit = models.fit_decay(fading(seed))
    found = []
    for name, true in HALF.items():
        low, high = fit.ends[name]
        words = name.replace("_", " ")
        found.append(covers(f"half-life {words}", true, low, high))
        found.append(flag(f"half-life {words} has an upper end", np.isfinite(high)))
    slope = fit.coefficients.set_index("term").loc["without_inflow"]
    found.append(covers("fading a week without inflow", -ALONE, slope["low"], slope["high"]))
    lasting = models.fit_decay(fading(seed + 10_000_000, alone=0.0, fed=0.0))
    p = lasting.coefficients.set_index("term").loc["without_inflow", "p"]
    found.append(rejects("groups that do not fade are said to", float(p)))
    return found


def sums(means: np.ndarray, people: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Sums of the share of four weeks in which members wrote; members differ within a group."""
    rows = []
    for place, (mean, n) in enumerate(zip(means, people, strict=True)):
        own = rng.beta(1.2 * mean, 1.2 * (1 - mean), n)
        share = rng.binomial(4, own) / 4
        rows.append((f"g{place:02}", n, share.sum(), (share**2).sum()))
    return pd.DataFrame(rows, columns=["group_id", "people", "total", "square"])


def look_stages(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at worlds, one after another."""
    return [_stages(seed) for seed in seeds]


def _stages(seed: int) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    people = rng.integers(12, 70, 20)
    means = np.clip(rng.normal(0.35, 0.08, 20), 0.05, 0.95)
    table = models.group_stages(sums(means, people, rng)).set_index("group_id")
    one = int(rng.integers(20))
    row = table.loc[f"g{one:02}"]
    alike = models.group_stages(sums(np.full(20, 0.35), people, rng))
    counts = models.stage_counts(alike)
    return [
        covers("mean of one group", means[one], row["mean_low"], row["mean_high"]),
        covers("mean of one group, drawn towards the whole", means[one], row["low"], row["high"]),
        rejects("any group told apart where none differs", bool(alike["flagged"].any()),
                rule="at_most"),
        flag("a group is silver by rank where none differs", counts["silver"] > 0),
    ]  # fmt: skip


HOURS = np.array(
    [1, 0.5, 0.3, 0.3, 0.4, 1, 3, 6, 8, 7, 5, 4, 5, 4.5, 4, 4, 4.5, 5, 6, 7, 8, 8.4, 6, 3]
)
SHARE = HOURS / HOURS.sum()
TRUE = SHARE + np.roll(SHARE, -1)


def hours(seed: int, groups: int = 1) -> pd.DataFrame:
    """Member-hours of 84 days, each day with a profile and a size of its own."""
    rng = np.random.default_rng(seed)
    # A day has one profile, shared by the groups: an event, a sale, the weather.
    profiles = rng.dirichlet(60 * SHARE, size=84)
    table = np.empty((groups, 84, 24), dtype=int)
    for group in range(groups):
        size = rng.negative_binomial(3, 3 / (3 + 90 / groups), 84)
        table[group] = rng.poisson(size[:, None] * profiles)
    group, day, hour = np.nonzero(table)
    return pd.DataFrame({"group_id": group, "day": day, "hour": hour,
                         "people": table[group, day, hour]})  # fmt: skip


def look_windows(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at worlds, one after another."""
    return [_windows(seed) for seed in seeds]


def _windows(seed: int) -> list[Outcome]:
    found = models.push_windows(hours(seed))
    frame = found.to_frame()
    held = bool(((frame["low"] <= TRUE) & (frame["high"] >= TRUE)).all())
    apart = models.group_windows(hours(seed + 10_000_000, groups=12))
    return [
        Outcome("all 24 windows within their intervals", held, 0.95, "at_least"),
        Outcome("the truly best window is among those that could be", int(TRUE.argmax())
                in found.candidates, 0.95, "at_least"),
        rejects("any group with other hours where none has", bool(apart["flagged"].any()),
                rule="at_most"),
        flag("the leading window is truly the best", found.best == int(TRUE.argmax())),
        flag("only one window could be the best", len(found.candidates) == 1),
    ]  # fmt: skip


ABOUT_DECAY = """
Each world is 24 groups over 30 weeks. Messages are Poisson around members × a level of the group's
own × fading of 2 % in weeks with newcomers and 6 % in weeks without × noise that hangs together
from week to week (autoregressive, 0.6). Newcomers come often at first, later now and then. An
interval may have no upper end: then fading may be none at all. The last row is of worlds without
any fading.
"""
ABOUT_STAGES = """
Each world is 20 groups of 12 to 69 members, whose means differ with a standard deviation of 0.08
around 0.35; members of a group differ too. Each member writes in 0 to 4 of four weeks. In a second
half of the world no group differs from another.
"""
ABOUT_WINDOWS = """
Each world is 84 days of activity of a community with two peaks, the second a little higher. Days
differ in size and in profile, so hours of a day hang together. In a second half of the world twelve
groups share the profile of each day.
"""
EXPERIMENTS = (
    Experiment("group-decay", "How groups fade", ABOUT_DECAY, look_decay),
    Experiment("group-stages", "Stages of groups", ABOUT_STAGES, look_stages),
    Experiment("push-windows", "Push windows", ABOUT_WINDOWS, look_windows),
)
