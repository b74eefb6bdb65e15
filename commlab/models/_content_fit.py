"""Log odds of a reaction by additive factors and a level of each group, with cluster errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats as distributions

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
ROUNDS = 60
TIGHT = 1e-9
LOOSE = 1e-4  # prior precision of a factor's levels: a spread of 100, so no prior to speak of


@dataclasses.dataclass(frozen=True)
class Fit:
    """Effects of one factor.

    Attributes:
        levels: Its levels.
        effects: Log odds of each, less their plain mean.
        covariance: Of the effects, groups as clusters.
        degrees: Degrees of freedom: groups less one.
        level_error: Standard error of the level of all posts in these groups, in log odds.
        shown: Exposures of each post.
        rest: Log odds of each post without this factor's effect.
    """

    levels: list[str]
    effects: Array
    covariance: Array
    degrees: int
    level_error: float
    shown: Array
    rest: Array

    def quantile(self, level: float) -> float:
        """Return Student's quantile."""
        return float(distributions.t.ppf(0.5 + level / 2, self.degrees))


def fit_odds(rows: pd.DataFrame, reaction: str, factors: Sequence[str]) -> Fit:
    """Fit the log odds; the effects of the first factor are returned.

    Penalised likelihood by Newton's steps. Groups are many, so their block of the Hessian, which
    is diagonal, is taken out (Schur complement). The spread of groups is set by Schall's
    fixed point (1991, Biometrika 78).

    Args:
        rows: group_id, exposures, the reaction and the factors.
        reaction: Column counted.
        factors: Columns; those with one level only are left out.
    """
    use = [factors[0], *(name for name in factors[1:] if len(set(rows[name])) > 1)]
    columns, names = [np.ones(len(rows))], []
    for name in use:
        codes, labels = pd.factorize(rows[name], sort=True)
        first = 0 if name == factors[0] else 1  # later factors: against their first level
        columns += [(codes == place).astype(float) for place in range(first, len(labels))]
        if name == factors[0]:
            names = [str(label) for label in labels]
    design = np.column_stack(columns[1:])  # the first factor's levels take the intercept
    group, _ = pd.factorize(rows["group_id"], sort=True)
    shown = rows["exposures"].to_numpy(dtype=float)
    count = rows[reaction].to_numpy(dtype=float)
    beta, level, precision = _newton(design, group, shown, count)
    linear = design @ beta + level[group]
    k = len(names)
    covariance = _sandwich(design, group, shown, count, linear, precision)[:k, :k]
    centre = np.eye(k) - 1.0 / k
    effects = centre @ beta[:k]
    rate = special.expit(linear)
    spread = shown * rate * (1 - rate)
    loose = max(len(rows) - design.shape[1] - int(group.max()) - 1, 1)
    dispersion = max(float(((count - shown * rate) ** 2 / spread).sum()) / loose, 1.0)
    error = float(np.sqrt(dispersion / spread.sum()))
    return Fit(
        names, effects, centre @ covariance @ centre, int(group.max()), error, shown,
        linear - design[:, :k] @ effects,
    )  # fmt: skip


def _newton(design: Array, group: Places, shown: Array, count: Array) -> tuple[Array, Array, float]:
    groups = int(group.max()) + 1
    start = special.logit((count.sum() + 0.5) / (shown.sum() + 1))
    beta, level = np.zeros(design.shape[1]), np.zeros(groups)
    beta[_intercepts(design)] = start
    precision = 10.0
    for _ in range(ROUNDS):
        rate = special.expit(design @ beta + level[group])
        weight = shown * rate * (1 - rate)
        left = count - shown * rate
        own = np.bincount(group, weight, groups) + precision
        across = _by_group(design * weight[:, None], group, groups)
        inner = design.T @ (design * weight[:, None]) + LOOSE * np.eye(design.shape[1])
        score = design.T @ left
        score_own = np.bincount(group, left, groups) - precision * level
        schur = inner - across.T @ (across / own[:, None])
        step = np.linalg.solve(schur, score - across.T @ (score_own / own))
        step_own = (score_own - across @ step) / own
        size = max(1.0, float(np.abs(step).max()) / 2, float(np.abs(step_own).max()) / 2)
        beta, level = beta + step / size, level + step_own / size
        # Schall: spread = Σ u² / (groups − precision · trace of the groups' inverse block).
        known = groups - precision * float((1 / own).sum())
        spread = float(level @ level) / max(known, 1e-6)
        new = 1 / max(spread, 1e-4)  # a spread below 1 % in log odds is none
        moved = abs(np.log(new / precision))
        precision = new
        if max(float(np.abs(step).max()), float(np.abs(step_own).max()), moved) < TIGHT:
            break
    return beta, level, precision


def _intercepts(design: Array) -> npt.NDArray[np.bool_]:
    """Return the columns that together cover every row once from the left: the first factor."""
    covered = np.cumsum(design, axis=1).min(axis=0)
    last = int(np.argmax(covered >= 1))
    return np.arange(design.shape[1]) <= last


def _by_group(values: Array, group: Places, groups: int) -> Array:
    out = np.zeros((groups, values.shape[1]))
    np.add.at(out, group, values)
    return out


def _sandwich(
    design: Array, group: Places, shown: Array, count: Array, linear: Array, precision: float
) -> Array:
    """Return the covariance of the factors' coefficients, groups as clusters.

    The group's level is a draw too: the influence of a group on the coefficients is the part of
    its score that its own level does not take up, and what its level departs from 0.
    """
    groups = int(group.max()) + 1
    rate = special.expit(linear)
    weight = shown * rate * (1 - rate)
    own = np.bincount(group, weight, groups) + precision
    across = _by_group(design * weight[:, None], group, groups)
    schur = design.T @ (design * weight[:, None]) - across.T @ (across / own[:, None])
    bread = np.linalg.inv(schur + LOOSE * np.eye(design.shape[1]))
    # At the joint optimum Σ left = precision × level in each group, so the score of the marginal
    # likelihood is the joint one: design' left, group by group.
    score = _by_group(design * (count - shown * rate)[:, None], group, groups)
    meat = score.T @ score * groups / max(groups - 1, 1)
    return bread @ meat @ bread
