"""Members compared by the points of the four parts: weights, ranks, stability, a fitting schedule.

Points come first (`metrics.member_points`); ranks are made from them, never the other way round.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError, nearest
from commlab.estimate import Estimate
from commlab.schedule import CUT, PARTS, PointSchedule
from commlab.stats import wilson

Array = npt.NDArray[np.float64]

EQUAL = dict.fromkeys(PARTS, 0.25)
# Of a Dirichlet around the weights: a weight of .25 then has the standard deviation .09, so it
# lies between .1 and .45 in nineteen of twenty draws: about as far as managers disagree.
CONCENTRATION = 20.0
_TOLERANCE = 1e-6  # weights typed by hand to six digits


def check_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return the weight of each part.

    Args:
        weights: Part → weight, parts not named weighing nothing; None: equal weights.

    Raises:
        ArgumentError: An unknown part, a negative weight, or weights that do not sum to 1.

    Example:
        >>> check_weights({"content": 0.5, "social": 0.5})["consumption"]
        0.0
    """
    if weights is None:
        return dict(EQUAL)
    for name, value in weights.items():
        if name not in PARTS:
            raise ArgumentError(f"weights has no part {name!r}.", fix=nearest(name, PARTS))
        guards.in_range(f"weights[{name!r}]", value, low=0)
    total = sum(weights.values())
    if abs(total - 1) > _TOLERANCE:
        raise ArgumentError(
            f"weights sum to {total:g}, must be 1.",
            fix=f"Divide each by {total:g}." if total else "Give at least one part a weight.",
        )
    return {name: float(weights.get(name, 0.0)) for name in PARTS}


def read_weights(text: str) -> dict[str, float]:
    """Return weights written as text, for parameters of notebooks; empty: equal weights.

    Example:
        >>> read_weights("content=0.5 social=0.5")["social"]
        0.5
    """
    if not text.strip():
        return dict(EQUAL)
    found: dict[str, float] = {}
    for item in text.replace(",", " ").split():
        name, _, value = item.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise ArgumentError(
                f"weights has {item!r}, must be part=number.",
                fix="Write e.g. content=0.4 social=0.2 consumption=0.2 interaction=0.2.",
            ) from None
    return check_weights(found)


def part_ranks(points: pd.DataFrame) -> pd.DataFrame:
    """Return the rank of each member in each part, as the share of members below.

    Args:
        points: One row a member with the columns of `PARTS`.

    Returns:
        Frame of the same index and `PARTS`: mid-ranks above 0 and below 1; those with equal
        points have equal ranks, and a part in which all are equal gives everybody 0.5.

    Example:
        >>> points = pd.DataFrame(dict.fromkeys(PARTS, [0.0, 0.0, 9.0]))
        >>> part_ranks(points)["social"].round(3).tolist()
        [0.333, 0.333, 0.833]
    """
    n = max(len(points), 1)
    ranked = {name: (stats.rankdata(points[name]) - 0.5) / n for name in PARTS}
    return pd.DataFrame(ranked, index=points.index)


def composite(points: pd.DataFrame, weights: Mapping[str, float] | None = None) -> pd.Series:
    """Return one score a member: the weighted sum of top-weighted ranks of the parts.

    The rank r of a part counts as −log(1 − r): being among half as many counts the same at every
    level, so the difference between the first and the tenth in a hundred is not lost among ranks
    in the middle (scores of Savage 1956, Annals of Mathematical Statistics 27).

    Args:
        points: One row a member with the columns of `PARTS`.
        weights: See `check_weights`.
    """
    chosen = check_weights(weights)
    return _scores(points) @ pd.Series(chosen)


def savage(values: npt.ArrayLike) -> Array:
    """Return −log(1 − r) of the mid-rank r of each value: mean about 1, half above 0.69.

    Example:
        >>> savage([5, 1, 9]).round(2).tolist()
        [0.69, 0.18, 1.79]
    """
    ranks = stats.rankdata(np.asarray(values, dtype=float))
    return np.asarray(-np.log1p(-(ranks - 0.5) / max(len(ranks), 1)))


def _scores(points: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: savage(points[name]) for name in PARTS}, index=points.index)


def top_count(n: int, share: float) -> int:
    """Return how many of n members a share is: at least one."""
    guards.in_range("share", share, low=0, high=1, open_low=True)
    return max(1, round(n * share))


def _best(score: Array, count: int) -> npt.NDArray[np.bool_]:
    """Return which rows are among the best; ties go to whoever comes first."""
    chosen = np.zeros(len(score), dtype=bool)
    chosen[np.argsort(-score, kind="stable")[:count]] = True
    return chosen


@dataclasses.dataclass(frozen=True)
class Stability:
    """How much the top share hangs on the weights.

    Attributes:
        frequency: By row of the points, the share of draws of weights in which the member is in
            the top share.
        overlap: Mean share of the top of the stated weights that stays, with the range of the
            middle 95 % of draws.
        draws: Number of draws.
    """

    frequency: pd.Series
    overlap: Estimate
    draws: int


def weight_stability(
    points: pd.DataFrame,
    weights: Mapping[str, float] | None = None,
    share: float = 0.01,
    *,
    draws: int = 400,
    concentration: float = CONCENTRATION,
    seed: int = 0,
) -> Stability:
    """Return how stable the top share is when weights vary, Dirichlet around the stated ones.

    Args:
        points: One row a member with the columns of `PARTS`.
        weights: See `check_weights`; a part of weight 0 keeps it.
        share: Share of the members at the top.
        draws: Draws of weights.
        concentration: Sum of the Dirichlet's parameters: higher varies less.
        seed: Seed.

    Raises:
        NotEnoughDataError: There is nobody.
    """
    chosen = check_weights(weights)
    if points.empty:
        raise NotEnoughDataError("nobody was active in the window, so nobody can be ranked.")
    return vary_weights(
        _scores(points), chosen, top_count(len(points), share), draws=draws,
        concentration=concentration, seed=seed,
    )  # fmt: skip


def vary_weights(
    scores: pd.DataFrame,
    weights: Mapping[str, float],
    count: int,
    *,
    draws: int = 400,
    concentration: float = CONCENTRATION,
    seed: int = 0,
) -> Stability:
    """Return how often each row is among the best when weights vary around the stated ones.

    Args:
        scores: One column a criterion, one row a member.
        weights: Criterion → weight; they sum to 1. One of weight 0 keeps it.
        count: Rows at the top.
        draws: Draws of weights.
        concentration: Sum of the Dirichlet's parameters.
        seed: Seed.
    """
    guards.whole("draws", draws, low=20)
    guards.in_range("concentration", concentration, low=0, open_low=True)
    names = [str(name) for name in scores.columns if weights[str(name)] > 0]
    stated = np.array([weights[name] for name in names])
    values = scores[names].to_numpy(dtype=float)
    base = _best(values @ stated, count)
    drawn = np.random.default_rng(seed).dirichlet(concentration * stated, draws)
    times, kept = np.zeros(len(values)), np.zeros(draws)
    for place, weight in enumerate(drawn):
        inside = _best(values @ weight, count)
        times += inside
        kept[place] = (inside & base).sum() / base.sum()
    low, high = np.quantile(kept, [0.025, 0.975])
    overlap = Estimate(
        value=float(kept.mean()), low=float(low), high=float(high), n=len(values),
        unit="share", method="range over Dirichlet weights",
    )  # fmt: skip
    return Stability(pd.Series(times / draws, index=scores.index), overlap, draws)


def share_above(points: pd.DataFrame, cut: float = CUT) -> Estimate:
    """Return the share of members whose points are above a cut."""
    guards.in_range("cut", cut, low=0)
    n = len(points)
    if not n:
        return Estimate.too_few(0, unit="share", minimum=1)
    above = int((points["points"] > cut).sum())
    low, high = wilson(above, n)
    return Estimate(
        value=above / n, low=float(low), high=float(high), n=n, unit="share", method="Wilson"
    )


def schedule_factor(points: pd.DataFrame, share: float = 0.2, cut: float = CUT) -> float:
    """Return by what all prices are multiplied so that the cut divides off the top share.

    Args:
        points: Points of members (`metrics.member_points`, those active).
        share: Share of members that is to lie above the cut (requirement B7 takes the top fifth).
        cut: The cut.

    Raises:
        NotEnoughDataError: Fewer members than the share have any points.

    Example:
        >>> schedule_factor(pd.DataFrame({"points": [0.0, 1.0, 2.0, 4.0, 12.0]}), 0.2)
        2.5
    """
    guards.in_range("share", share, low=0, high=1, open_low=True, open_high=True)
    guards.in_range("cut", cut, low=0, open_low=True)
    ordered = np.sort(points["points"].to_numpy(dtype=float))[::-1]
    count = top_count(len(ordered), share)
    if count >= len(ordered) or not ordered[count - 1] > 0:
        raise NotEnoughDataError(
            f"less than {share:.0%} of the members have any points: no scale puts the cut there.",
            fix="Use a longer window, or only members who were active.",
        )
    level = (ordered[count - 1] + ordered[count]) / 2  # between the last inside and the first out
    return float(cut / level)


def propose_schedule(
    points: pd.DataFrame, schedule: PointSchedule, share: float = 0.2, cut: float = CUT
) -> PointSchedule:
    """Return the schedule, all prices scaled so that the cut divides off the top share.

    Args:
        points: Points of members under the schedule.
        schedule: The schedule that they were counted with.
        share: See `schedule_factor`.
        cut: The cut.

    Raises:
        NotEnoughDataError: Fewer members than the share have any points.
    """
    return schedule.scaled(schedule_factor(points, share, cut))
