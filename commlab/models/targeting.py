"""Whom to treat next time, in money: Qini, uplift by decile, policy value and profit curve.

Everything is judged on a randomised campaign by scores that have not seen the person judged.
A ranking is good if treating its first x % gains more than treating x % drawn at random.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from commlab import guards
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL, Estimate

Array = npt.NDArray[np.float64]
SHARES = np.linspace(0.0, 1.0, 21)
DRAWS = 400
DECILES = 10
SPLITS = 20  # halvings: one alone would leave the best profit to the luck of the split


@dataclasses.dataclass(frozen=True)
class Targeting:
    """How well rankings choose whom to treat.

    Attributes:
        curve: Frame by ranking and share: ranking, share (treated, best first), gain (incremental
            outcome a person of all, against treating nobody), random (the same share drawn at
            random), low, high (of gain), profit, profit_low, profit_high (gain · value − share ·
            cost).
        summary: Frame by ranking: ranking, qini (area between its gain and the random one), low,
            high, p (one-sided, no better than random), auuc (area under its gain), best_share
            (that earns most here), best_profit (of choosing the share on one half of the units and
            valuing it on the other, so that luck is not counted as skill), best_low, best_high.
        deciles: Frame of the first ranking by decile, best first: decile, people, predicted,
            uplift, low, high.
        heterogeneous: Whether the first ranking is beyond chance better than a random one.
        n: People.
    """

    curve: pd.DataFrame
    summary: pd.DataFrame
    deciles: pd.DataFrame
    heterogeneous: bool
    n: int

    def qini(self, ranking: str) -> Estimate:
        """Return the Qini coefficient of a ranking."""
        row: Any = self.summary.set_index("ranking").loc[ranking]
        return Estimate(value=row["qini"], low=row["low"], high=row["high"], n=self.n,
                        unit="outcome a person", method="Qini, bootstrap over units")  # fmt: skip


def compare_targeting(
    y: npt.ArrayLike,
    treatment: npt.ArrayLike,
    rankings: Mapping[str, npt.ArrayLike],
    *,
    value: float = 1.0,
    cost: float = 0.0,
    groups: npt.ArrayLike | None = None,
    folds: int | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Targeting:
    """Return what treating the best of each ranking would have gained, against random choice.

    The gain of treating those above a cut is the difference of the arms among them, times their
    share of all (Radcliffe 2007, Using control groups to target on predicted lift; the Qini is
    the area between this and the straight line of random choice, here by inverse probability, so
    that counts, shares and money are treated alike). Intervals from a bootstrap over units.

    Args:
        y: Outcome, shape (n,), e.g. net margin.
        treatment: 1 treated, 0 control, assigned at random.
        rankings: Scores by name, higher first; the first name is the one that is asked about.
            They must come from models that have not seen these people (`cross_fitted_uplift`).
        value: Money that one unit of the outcome is worth.
        cost: Money that treating a person costs.
        groups: Unit of each person.
        folds: Parts of the cross-fitting that made the rankings: folds learn from each other, so
            the error of the Qini is widened as for cross-validation (Nadeau & Bengio 2003, Machine
            Learning 52). None: the rankings come from other data.
        level: Confidence level.
        draws: Bootstrap draws.
        seed: Seed of ties and draws.

    Raises:
        ArgumentError: Lengths differ, or there is one arm only.
    """
    guards.in_range("value", value)
    guards.in_range("cost", cost, low=0)
    guards.whole("draws", draws, low=20)
    outcome, t = np.asarray(y, dtype=float), np.asarray(treatment).astype(bool)
    n = len(outcome)
    if len(t) != n or not rankings:
        raise ArgumentError("y, treatment and at least one ranking of the same length are needed.")
    if t.all() or not t.any():
        raise ArgumentError("there is one arm only.", fix="Uplift needs a control arm.")
    widen = 1.0 if folds is None else math.sqrt(1 + folds / (folds - 1))
    rng = np.random.default_rng(seed)
    codes = np.arange(n) if groups is None else pd.factorize(np.asarray(groups))[0]
    units = int(codes.max()) + 1
    # Poisson weights of units: a bootstrap without moving rows.
    weights = rng.poisson(1.0, size=(draws, units)).astype(float)
    half = (rng.random((SPLITS, units)) < 0.5).astype(float)
    curves, summary, first = [], [], None
    for name, scores in rankings.items():
        score = np.asarray(scores, dtype=float)
        if len(score) != n or not np.isfinite(score).all():
            raise ArgumentError(f"ranking {name!r} must give each of {n} people a finite score.")
        order = np.lexsort((rng.random(n), -score))
        first = order if first is None else first
        gain = _gains(outcome[order], t[order], np.ones((1, n)))[0]
        drawn = np.vstack([
            _gains(outcome[order], t[order], row[codes[order]][None, :]) for row in weights
        ])  # fmt: skip
        halves = _gains(outcome[order], t[order], half[:, codes[order]])
        others = _gains(outcome[order], t[order], 1.0 - half[:, codes[order]])
        curves.append(_curve(name, gain, drawn, value, cost, level))
        summary.append(_summary(name, gain, drawn, (halves, others), value, cost, level, widen))
    table = pd.DataFrame(summary)
    asked = np.asarray(next(iter(rankings.values())), dtype=float)
    return Targeting(
        curve=pd.concat(curves, ignore_index=True),
        summary=table,
        deciles=_deciles(outcome, t, asked, first, level, None if groups is None else codes),
        heterogeneous=bool(table["p"].iloc[0] < 1 - level),
        n=n,
    )


def policy_value(
    y: npt.ArrayLike, treatment: npt.ArrayLike, treat: npt.ArrayLike, *, value: float = 1.0,
    cost: float = 0.0, groups: npt.ArrayLike | None = None, level: float = LEVEL,
) -> Estimate:  # fmt: skip
    """Return what a rule earns a person of all, against treating nobody.

    Args:
        y: Outcome.
        treatment: 1 treated, 0 control, assigned at random.
        treat: Whether the rule would treat each person.
        value: Money a unit of outcome.
        cost: Money a person treated.
        groups: Unit of each person.
        level: Confidence level.
    """
    outcome, t = np.asarray(y, dtype=float), np.asarray(treatment).astype(bool)
    chosen = np.asarray(treat).astype(bool)
    n = len(outcome)
    if not (chosen & t).any() or not (chosen & ~t).any():
        return Estimate(value=0.0, low=0.0, high=0.0, level=level, n=n, unit="money",
                        method="nobody is treated")  # fmt: skip
    mine, theirs = outcome[chosen & t].mean(), outcome[chosen & ~t].mean()
    share = chosen.mean()
    score = share * (
        (chosen & t) * (outcome - mine) / (chosen & t).mean()
        - (chosen & ~t) * (outcome - theirs) / (chosen & ~t).mean()
    )
    score = value * (score + (chosen - share) * (mine - theirs)) - cost * (chosen - share)
    codes = np.arange(n) if groups is None else pd.factorize(np.asarray(groups))[0]
    sums = np.bincount(codes, weights=score) / n
    g = len(sums)
    half = stats.t.ppf(0.5 + level / 2, g - 1) * np.sqrt(g / (g - 1) * (sums**2).sum())
    point = value * share * (mine - theirs) - cost * share
    return Estimate(value=point, low=point - half, high=point + half, level=level, n=n,
                    unit="money", method="policy value")  # fmt: skip


def _gains(y: Array, t: npt.NDArray[np.bool_], weights: Array) -> Array:
    """Return by draw and share the gain a person of all from treating the first of a ranking."""
    total = weights.sum(axis=1, keepdims=True)
    reached = np.cumsum(weights, axis=1)
    sums = [np.cumsum(weights * side, axis=1) for side in (t, ~t, t * y, ~t * y)]
    out = np.zeros((len(weights), len(SHARES)))
    for row in range(len(weights)):
        place = np.searchsorted(reached[row], SHARES[1:] * total[row, 0] - 1e-9)
        place = np.minimum(place, y.size - 1)
        nt, nc, yt, yc = (item[row, place] for item in sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = np.where((nt > 0) & (nc > 0), yt / nt - yc / nc, 0.0)
        out[row, 1:] = gap * SHARES[1:]
    return out


def _curve(
    name: str, gain: Array, drawn: Array, value: float, cost: float, level: float
) -> pd.DataFrame:
    low, high = _basic(gain, drawn, level)
    money, paid = value * gain - cost * SHARES, value * drawn - cost * SHARES
    profit_low, profit_high = _basic(money, paid, level)
    return pd.DataFrame({
        "ranking": name, "share": SHARES, "gain": gain, "random": gain[-1] * SHARES, "low": low,
        "high": high, "profit": money, "profit_low": profit_low, "profit_high": profit_high,
    })  # fmt: skip


def _summary(
    name: str, gain: Array, drawn: Array, halves: tuple[Array, Array], value: float, cost: float,
    level: float, widen: float,
) -> dict[str, object]:  # fmt: skip
    def area(curve: Array) -> Array:
        return np.asarray(np.trapezoid(curve, SHARES, axis=-1))

    qini, spread = area(gain) - gain[-1] / 2, area(drawn) - drawn[:, -1] / 2
    error = widen * float(spread.std(ddof=1))
    half = float(stats.norm.ppf(0.5 + level / 2)) * error
    p = float(stats.norm.sf(qini / error)) if error else 1.0
    money = value * gain - cost * SHARES
    best = int(money.argmax())
    one, two = (value * side - cost * SHARES for side in halves)
    # The best share of one half, valued on the other: the best of all would be valued too high.
    places = np.concatenate([one.argmax(axis=1), two.argmax(axis=1)])
    valued = np.concatenate([two, one])[np.arange(len(places)), places]
    spreads = (value * drawn - cost * SHARES).var(axis=0, ddof=1)
    reach = float(stats.norm.ppf(0.5 + level / 2) * np.sqrt(spreads[places].mean()))
    earned = float(valued.mean())
    return {
        "ranking": name, "qini": float(qini), "low": float(qini) - half, "high": float(qini) + half,
        "p": p, "auuc": float(area(gain)), "best_share": float(SHARES[best]),
        "best_profit": earned, "best_low": earned - reach, "best_high": earned + reach,
    }  # fmt: skip


def _basic(point: Array, drawn: Array, level: float) -> tuple[Array, Array]:
    half = stats.norm.ppf(0.5 + level / 2) * drawn.std(axis=0, ddof=1)
    return point - half, point + half


def _deciles(
    y: Array, t: Array, score: Array, order: Any, level: float, codes: Any
) -> pd.DataFrame:
    rows = []
    for number, place in enumerate(np.array_split(order, DECILES), start=1):
        sides = [place[t[place]], place[~t[place]]]
        row = {"decile": number, "people": len(place), "predicted": float(score[place].mean()),
               "uplift": np.nan, "low": np.nan, "high": np.nan}  # fmt: skip
        if min(map(len, sides)) >= 2:
            gap = float(y[sides[0]].mean() - y[sides[1]].mean())
            reach = _reach([(y[side], side if codes is None else codes[side]) for side in sides],
                           level)  # fmt: skip
            row |= {"uplift": gap}
            if np.isfinite(reach) and reach > 0:
                row |= {"low": gap - reach, "high": gap + reach}
        rows.append(row)
    return pd.DataFrame(rows)


def _reach(sides: list[tuple[Array, Any]], level: float) -> float:
    """Return half the width of the interval of a difference of means (Welch), by unit.

    People of a unit are alike: what counts is the sum over them of the distances from the mean.
    """
    parts = []
    for values, units in sides:
        codes = pd.factorize(units)[0]
        sums = np.bincount(codes, weights=values - values.mean()) / len(values)
        k = len(sums)
        if k < 2:
            return math.nan
        parts.append((k / (k - 1) * float(sums @ sums), k - 1))
    error = sum(variance for variance, _ in parts)
    if not error:
        return 0.0
    freedom = error**2 / sum(variance**2 / k for variance, k in parts)
    return float(stats.t.ppf(0.5 + level / 2, freedom)) * math.sqrt(error)
