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
from commlab.stats import benjamini_hochberg

if TYPE_CHECKING:
    from commlab.dataset import Dataset

MATCHES = 5  # members of equal value for each: more are farther away
CALIPER = 0.2  # of the standard deviation of log points: removes 98 % of the bias (Austin 2011)
LEAST = 5  # opinion leaders: below, one of them decides


@dataclasses.dataclass(frozen=True)
class LaterHalf:
    """Opinion leaders of the first half, in the second.

    Attributes:
        parts: A row for each part and for points: part, people (opinion leaders), mean (points in
            the second half), own (the same of their matches), difference, low, high (Student's t
            over opinion leaders, each with his matches), p, p_adjusted (Benjamini–Hochberg over
            parts), flagged (after correction).
        kept: Share of them who are among the top 5 % of the second half.
        balance: Points of the first half: chosen (opinion leaders), matched (those with somebody
            of as many points), points (their mean), points_matches, gap (difference over the
            standard deviation of all members; matching aims at below 0.1).
    """

    parts: pd.DataFrame
    kept: Estimate
    balance: dict[str, float]


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

    They are chosen from what was known at the end of the first half. Each is compared with up to
    five members who were not chosen and whose points then were nearest to his own, within a
    fifth of the standard deviation of their logarithm (Austin 2011, Pharmaceutical Statistics
    10). Opinion leaders without anybody so near are left out of the comparison, and counted.

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
    held = [bool(len(one)) for one in pairs]
    mine_then = worth[chosen].to_numpy(dtype=float)[held]
    pairs = [one for one in pairs if len(one)]
    if len(pairs) < LEAST:
        raise NotEnoughDataError(
            f"{len(pairs)} of {len(chosen)} opinion leaders have another member with as many "
            f"points: fewer than {LEAST} say nothing.",
            fix="Use a larger share or a longer window.",
        )
    theirs_then = np.array([worth[one].mean() for one in pairs])
    balance = {
        "chosen": len(chosen), "matched": len(pairs), "points": float(mine_then.mean()),
        "points_matches": float(theirs_then.mean()),
        "gap": float((mine_then - theirs_then).mean() / max(worth.std(), 1e-12)),
    }  # fmt: skip
    kept_ids = chosen.to_numpy(object)[held]
    later = metrics.member_points(ds, half).set_index("member_id")
    rows = []
    for part in (*PARTS, "points"):
        mine = later[part].reindex(kept_ids).fillna(0.0).to_numpy()
        theirs = np.array([later[part].reindex(one).fillna(0.0).mean() for one in pairs])
        gap = mine - theirs
        error = gap.std(ddof=1) / np.sqrt(len(gap))
        reach = stats.t.ppf(0.5 + level / 2, len(gap) - 1) * error
        rows.append(
            {
                "part": part, "people": len(gap), "mean": mine.mean(), "own": theirs.mean(),
                "difference": gap.mean(), "low": gap.mean() - reach, "high": gap.mean() + reach,
                "p": 2 * stats.t.sf(abs(gap.mean()) / error, len(gap) - 1) if error > 0 else 1.0,
            }
        )  # fmt: skip
    parts = pd.DataFrame(rows)
    parts["p_adjusted"] = benjamini_hochberg(parts["p"].to_numpy(dtype=float))
    parts["flagged"] = (parts["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    return LaterHalf(parts, kept_in(found, again), balance)


def _nearest(mine: pd.Series, others: pd.Series, matches: int) -> list[np.ndarray]:
    """Return for each of `mine` the ids of others with values near enough; each id once.

    Whoever has fewest within reach chooses first, so that one with many does not take the only
    match of another.
    """
    free = np.log1p(others.to_numpy(dtype=float))
    names = others.index.to_numpy(object)
    own = np.log1p(mine.to_numpy(dtype=float))
    caliper = CALIPER * float(np.concatenate([free, own]).std())
    gaps = np.abs(free[None, :] - own[:, None])
    taken = np.zeros(len(free), dtype=bool)
    out: list[np.ndarray] = [np.array([], dtype=object)] * len(mine)
    for place in np.argsort((gaps <= caliper).sum(axis=1), kind="stable"):
        gap = np.where(taken, np.inf, gaps[place])
        best = np.argsort(gap, kind="stable")[:matches]
        best = best[gap[best] <= caliper]
        taken[best] = True
        out[place] = names[best]
    return out
