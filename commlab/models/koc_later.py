"""Do they stay what they were: opinion leaders of the first half in the second."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from commlab import guards, metrics
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models.koc import SHARE, kept_in, select_koc
from commlab.models.suspects import find_suspects
from commlab.schedule import PARTS

if TYPE_CHECKING:
    from commlab.dataset import Dataset

MATCHES = 5  # members of equal value for each: more are farther away
LEAST = 5  # opinion leaders: below, one of them decides


@dataclasses.dataclass(frozen=True)
class LaterHalf:
    """Opinion leaders of the first half, in the second.

    Attributes:
        parts: A row for each part and for points: part, people (opinion leaders), mean (points in
            the second half), own (the same of their matches), difference, low, high (Student's t
            over opinion leaders, each with his matches).
        kept: Share of them who are among the top 5 % of the second half.
    """

    parts: pd.DataFrame
    kept: Estimate


def later_half(
    ds: Dataset,
    window_days: int = 90,
    *,
    weights: Mapping[str, float] | None = None,
    share: float = SHARE,
    matches: int = MATCHES,
    level: float = LEVEL,
) -> LaterHalf:
    """Return what opinion leaders of the first half of a window do in the second.

    They are chosen from what was known at the end of the first half. Each is compared with the
    members whose points then were nearest to his own, and who were not chosen.

    Args:
        ds: The dataset.
        window_days: Days of both halves together, at least 14.
        weights: See `select_koc`.
        share: Share to choose.
        matches: Members to compare each with.
        level: Confidence level.

    Raises:
        NotEnoughDataError: Fewer than five were chosen, or too few to compare them with.
    """
    guards.whole("window_days", window_days, low=14)
    guards.whole("matches", matches, low=1)
    half = window_days // 2
    then = ds.at(ds.as_of - dt.timedelta(days=half))
    first = metrics.member_profiles(then, half)
    known = find_suspects(then)
    away: dict[str, Any] = {
        "rings": known.rings["member_id"],
        "freebies": known.freebies["member_id"],
        "staff": known.staff,
    }
    found = select_koc(first, weights=weights, share=share, **away)
    again = select_koc(metrics.member_profiles(ds, half), weights=weights, share=share, **away)
    chosen = found.chosen["member_id"]
    if len(chosen) < LEAST:
        raise NotEnoughDataError(
            f"{len(chosen)} opinion leaders in the first half: fewer than {LEAST} say nothing.",
            fix="Use a larger share or a longer window.",
        )
    ranked = found.members
    others = ranked.loc[(ranked["state"] == "") & (ranked["left_out"] == ""), "member_id"]
    worth = first.set_index("member_id")["points"]
    pairs = _nearest(worth[chosen], worth[others], matches)
    later = metrics.member_points(ds, half).set_index("member_id")
    rows = []
    for part in (*PARTS, "points"):
        mine = later[part].reindex(chosen).fillna(0.0).to_numpy()
        theirs = later[part].reindex(pairs.ravel()).fillna(0.0).to_numpy().reshape(pairs.shape)
        gap = mine - theirs.mean(axis=1)
        error = gap.std(ddof=1) / np.sqrt(len(gap))
        reach = stats.t.ppf(0.5 + level / 2, len(gap) - 1) * error
        rows.append(
            {
                "part": part, "people": len(gap), "mean": mine.mean(), "own": theirs.mean(),
                "difference": gap.mean(), "low": gap.mean() - reach, "high": gap.mean() + reach,
            }
        )  # fmt: skip
    return LaterHalf(pd.DataFrame(rows), kept_in(found, again))


def _nearest(mine: pd.Series, others: pd.Series, matches: int) -> np.ndarray:
    """Return for each of `mine` the ids of others with the nearest values; each id once."""
    if len(others) < matches * len(mine):
        raise NotEnoughDataError(
            f"{len(others)} other members are too few to match {len(mine)} opinion leaders.",
            fix="Use a smaller share.",
        )
    free, names = others.to_numpy(dtype=float), others.index.to_numpy(object)
    taken = np.zeros(len(free), dtype=bool)
    out = np.empty((len(mine), matches), dtype=object)
    for place, value in enumerate(mine.to_numpy(dtype=float)):  # one step an opinion leader
        gap = np.where(taken, np.inf, np.abs(free - value))
        best = np.argsort(gap, kind="stable")[:matches]
        taken[best] = True
        out[place] = names[best]
    return out
