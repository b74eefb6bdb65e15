"""Predictive draws of what customers leave: of each, and of the sums of segments.

Up to `MOST` customers everybody is drawn. Beyond, the most valuable are, and some of the others,
who stand for the rest: a draw of a sum is moved by its parameters as the expected sum of those
drawn is, and by chance as theirs is, which grows as the square root of numbers, not as numbers.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.models._parameter_draws import draw_interval, parameter_draws, with_parameters

Array = npt.NDArray[np.float64]
_CELLS = 2**21  # drawn values held at once: 16 MB, with their temporaries some 100
MOST = 150_000  # with 200 draws about a minute
TOP = 100_000  # of these the most valuable: those whose own intervals are read
_LEAST = 200  # drawn of every segment: chance then moves its sum by a twentieth of itself


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be drawn.

    Attributes:
        factor: Share left of a purchase by discounting, shape (n,).
        gross: Expected margin of each, discounted, shape (n,).
        place: Number of the segment of each, shape (n,).
        places: Segments.
        horizon: Time ahead.
        level: Level of the intervals of persons.
        draws: Draws.
        seed: Seed.
    """

    factor: Array
    gross: Array
    place: npt.NDArray[np.intp]
    places: int
    horizon: float
    level: float
    draws: int
    seed: int


def drawn_values(
    rfm: pd.DataFrame, purchases: Any, spend: Any, plan: Plan
) -> tuple[Array, Array, Array]:
    """Return ends of each person's interval, and the sums of segments, shape (draws, segments)."""
    if len(rfm) <= MOST:
        return _every_one(rfm, purchases, spend, plan)
    top, some = _chosen(plan)
    # A cell is a segment among the most valuable, or among the others.
    cell = 2 * plan.place + top
    cells = 2 * plan.places
    few = dataclasses.replace(
        plan, factor=plan.factor[some], gross=plan.gross[some], place=cell[some], places=cells
    )
    block = rfm.iloc[some]
    block.attrs.update(rfm.attrs)
    low, high = np.full(len(rfm), np.nan), np.full(len(rfm), np.nan)
    low[some], high[some], sums = _every_one(block, purchases, spend, few)
    whole = np.bincount(cell, minlength=cells).astype(float)
    held = np.maximum(np.bincount(few.place, minlength=cells), 1)
    value = np.bincount(cell, weights=plan.gross, minlength=cells)
    known = np.bincount(few.place, weights=few.gross, minlength=cells)
    moved = _moved(block, purchases, spend, few)
    drawn = value * moved + (sums - known * moved) * np.sqrt(whole / held)
    return low, high, drawn.reshape(plan.draws, plan.places, 2).sum(axis=2)


def _chosen(plan: Plan) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return who is among the most valuable (1 or 0), and the places of those drawn."""
    n = len(plan.gross)
    top = np.zeros(n, dtype=np.intp)
    top[np.argsort(-plan.gross, kind="stable")[:TOP]] = 1
    share = (MOST - TOP) / (n - TOP)
    rng = np.random.default_rng([plan.seed, n])
    rest = rng.permutation(np.flatnonzero(top == 0))
    order = rest[np.argsort(plan.place[rest], kind="stable")]
    size = np.bincount(plan.place[order], minlength=plan.places)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    wanted = np.maximum(_LEAST, np.ceil(share * size))[plan.place[order]]
    return top, np.sort(np.concatenate([np.flatnonzero(top), order[rank < wanted]]))


def _moved(rfm: pd.DataFrame, purchases: Any, spend: Any, plan: Plan) -> Array:
    """Return what each draw of the parameters makes of the expected sums, shape (draws, places).

    On the log scale in a straight line: among so many customers parameters hardly leave it.
    """
    bought = purchases.expected_purchases(rfm, plan.horizon).to_numpy()
    margin = spend.expected_spend(rfm).to_numpy()

    def sums(each: Array) -> Array:
        return np.asarray(np.bincount(plan.place, weights=each, minlength=plan.places), float)

    logs = np.zeros((plan.draws, plan.places))
    asked = (
        (purchases, lambda one: one.expected_purchases(rfm, plan.horizon).to_numpy() * margin),
        (spend, lambda one: one.expected_spend(rfm).to_numpy() * bought),
    )
    for number, (model, ask) in enumerate(asked):
        points = parameter_draws(model, plan.draws, plan.seed + number)
        if not hasattr(model, "_maximum"):  # with covariates: asked at each draw
            now = sums(plan.factor * ask(model))
            each = [sums(plan.factor * ask(one)) for one in with_parameters(model, points)]
            logs += np.log(np.divide(each, now, out=np.ones_like(logs), where=now > 0))
            continue
        centre, spread = model._maximum.point, np.diag(model._log_covariance)
        for index in np.flatnonzero(np.isfinite(spread) & (spread > 0)):
            # A tenth of a standard error: wide enough for the digits, narrow enough to be straight.
            step = np.zeros(len(centre))
            step[index] = 0.1 * spread[index] ** 0.5
            pair = np.array([centre + step, centre - step])
            up, down = (sums(plan.factor * ask(one)) for one in with_parameters(model, pair))
            usable = (up > 0) & (down > 0)
            slope = np.zeros(plan.places)
            slope[usable] = np.log(up[usable] / down[usable]) / (2 * step[index])
            logs += np.outer(points[:, index] - centre[index], slope)
    return np.exp(logs)


def _every_one(
    rfm: pd.DataFrame, purchases: Any, spend: Any, plan: Plan
) -> tuple[Array, Array, Array]:
    """Draw every customer given: ends of each, and the sums of segments."""
    horizon, level, draws, seed = plan.horizon, plan.level, plan.draws, plan.seed
    factor, place = plan.factor, plan.place
    points = parameter_draws(purchases, draws, seed), parameter_draws(spend, draws, seed + 1)
    n, width = len(rfm), max(1, _CELLS // draws)
    low, high, sums = np.empty(n), np.empty(n), np.zeros((draws, plan.places))
    for number, start in enumerate(range(0, n, width)):
        rows = slice(start, min(start + width, n))
        block, where = rfm.iloc[rows], place[rows]
        drawn = np.empty((draws, len(block)))
        pairs = zip(*(with_parameters(m, p) for m, p in zip((purchases, spend), points,
                                                           strict=True)), strict=True)  # fmt: skip
        for at, (one, two) in enumerate(pairs):
            # A stream for each block and draw: the same whatever the width of blocks before it.
            child = np.random.SeedSequence([seed, number, at])
            states = child.generate_state(3)
            bought = one.sample_purchases(block, horizon, draws=1, seed=int(states[0]))[0]
            mean = two.sample_spend(block, draws=1, seed=int(states[1]))[0]
            # n purchases of mean m: a sum of n gammas of shape p (Gamma–Gamma, eq. 1).
            p = float(two.params_["p"])
            total = np.random.default_rng(states[2]).gamma(p * np.maximum(bought, 1e-12)) / p
            drawn[at] = np.where(bought > 0, mean * total, 0.0) * factor[rows]
            sums[at] += np.bincount(where, weights=drawn[at], minlength=plan.places)
        low[rows], high[rows] = draw_interval(drawn, level)
    return low, high, sums
