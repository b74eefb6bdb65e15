"""The difference of one part of the members from the rest, with chat groups heeded."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse, special

from commlab import stats
from commlab.metrics.cells import Cells
from commlab.metrics.similarity import Similarity, estimate

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Parts:
    """Members who share target, stratum and chat group; columns are periods.

    Attributes:
        target: Code of the segment (or cohort) of each part.
        stratum: Code of what is held constant: cohort (or segment).
        cluster: Code of the chat group, -1 for members without one.
        people: Members at risk, shape (parts, columns); 0 where not known.
        active: Active members, same shape; 0 where not known.
        similarity: How alike the members of one group are.
    """

    target: Ints
    stratum: Ints
    cluster: Ints
    people: Floats
    active: Floats
    similarity: Similarity


@dataclasses.dataclass(frozen=True)
class Contrasts:
    """A target against the rest; arrays of shape (targets, columns).

    Attributes:
        at_risk: Members of the target in strata where the rest has members, too.
        active: Active ones among them.
        rest_at_risk: Members of the rest in these strata.
        expected: Active members, had the target the rest's rate in each stratum.
        half: Half width of the interval of the difference of rates.
        p: Two-sided p-value of no difference.
    """

    at_risk: Floats
    active: Floats
    rest_at_risk: Floats
    expected: Floats
    half: Floats
    p: Floats


def similarity(counts: Cells) -> Similarity:
    """Return how alike members of one group are, segments apart where the groups allow it.

    What tells segments apart is no likeness of groups, so each row's own rate is removed. Where
    that leaves less than half of the degrees of freedom (segments of one group each), only the
    cohorts' rates are: a true difference then makes the test more careful.
    """
    whole = counts.similarity()
    grouped = counts.cluster >= 0
    if not grouped.any() or len(np.unique(counts.segments.astype(str))) < 2:
        return whole
    rows, row = np.unique(counts.row[grouped], return_inverse=True)
    names, group = np.unique(counts.cluster[grouped], return_inverse=True)
    sizes = np.zeros((len(names), len(rows)))
    np.add.at(sizes, (group, row), counts.people[grouped])
    active = np.zeros((*sizes.shape, len(counts.first)))
    np.add.at(active, (group, row), counts.active[grouped])
    within = estimate(sizes, active, counts.known[rows])
    return within if within.degrees >= whole.degrees / 2 else whole


def contrasts(parts: Parts, level: float) -> Contrasts:
    """Return each target against the rest, standardised to the target's strata.

    The number kept more than expected is D = Σ w k over parts, with w = 1 in the target and
    −n_target / n_rest of the stratum in the rest. Two standard errors of it are formed, and the
    more careful one holds, for the interval and for p:

    - from the groups' own scores (Liang & Zeger 1986, Biometrika 73; factor G / (G − 1)), against
      rates that are stratum plus difference, with Student's t for Kish's effective number of
      groups less one. It needs no model, but sees too little where a segment has few groups;
    - from one intra-class correlation, icc (Σ w n s)² per group beside the binomial part, never
      below that, with Student's t as in `Similarity.design_effect`. It knows how much one or two
      groups vary from all others, but not that groups serve some segments worse.

    Without groups it is the binomial variance alone: pooled for p, for the interval as in
    Agresti & Caffo (2000, Am. Stat. 54).

    Args:
        parts: The counts.
        level: Confidence level.
    """
    number = int(parts.target.max()) + 1 if len(parts.target) else 0
    results = [_one(parts, parts.target == code, level) for code in range(number)]
    empty = np.zeros((0, parts.people.shape[1]))
    columns = zip(*results, strict=True) if results else [()] * 6
    return Contrasts(*(np.vstack([empty, *column]) for column in columns))


def _indicator(codes: Ints) -> Any:
    """Return the sparse matrix that sums parts by code; negative codes are left out."""
    held = np.flatnonzero(codes >= 0)
    names, place = np.unique(codes[held], return_inverse=True)
    shape = (len(names), len(codes))
    return sparse.csr_array((np.ones(len(held)), (place.ravel(), held)), shape=shape)


def _one(parts: Parts, mine: npt.NDArray[np.bool_], level: float) -> tuple[Floats, ...]:
    _, stratum = np.unique(parts.stratum, return_inverse=True)
    total = _indicator(stratum)
    own = mine[:, None]
    n, k = parts.people, parts.active
    n_own, k_own = total @ (n * own), total @ (k * own)
    n_rest, k_rest = total @ (n * ~own), total @ (k * ~own)
    paired = (n_own > 0) & (n_rest > 0)
    n_own, k_own, n_rest, k_rest = (x * paired for x in (n_own, k_own, n_rest, k_rest))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(paired, n_own / n_rest, 0.0)
        pooled = np.where(paired, (k_own + k_rest) / (n_own + n_rest), 0.0)
        part = np.where(paired, n_own / (n_own + n_rest), 0.0)
    at_risk, active, expected = n_own.sum(0), k_own.sum(0), (ratio * k_rest).sum(0)
    size = np.where(at_risk > 0, at_risk, np.nan)
    gap = (active - expected) / size
    binomial = (pooled * (1 - pooled) * (n_own + ratio * n_own)).sum(0)
    # One success and one failure more: rates of 0 and 1 are not known without error.
    rates = [(y + 1) / (x + 2) for x, y in ((n_own, k_own), (n_rest, k_rest))]
    careful = n_own * rates[0] * (1 - rates[0]) + ratio * n_own * rates[1] * (1 - rates[1])
    error = careful.sum(0)

    weight = np.where(own, 1.0, -ratio[stratum]) * paired[stratum]
    shift = np.where(own, 1 - part[stratum], -part[stratum]) * np.nan_to_num(gap)
    fitted = pooled[stratum] + shift
    gathered = _indicator(parts.cluster)
    extra, degrees = _model(parts, gathered, weight, pooled[stratum], binomial)
    answers = [(binomial + extra, error + extra, degrees)]
    if gathered.shape[0]:
        robust, clusters = _robust(parts, gathered, weight, fitted)
        answers.append((robust, robust, clusters - 1))
    half, p = np.zeros_like(gap), np.zeros_like(gap)
    for null, wide, freedom in answers:
        quantile = _quantile(level, freedom)
        half = np.maximum(half, quantile * np.sqrt(wide) / size)
        with np.errstate(invalid="ignore", divide="ignore"):
            t = np.where(gap == 0, 0.0, np.abs(gap) * size / np.sqrt(null))
        tail = np.where(np.isfinite(freedom), special.stdtr(_finite(freedom), -t), special.ndtr(-t))
        p = np.maximum(p, 2 * tail)
    return at_risk, active, n_rest.sum(0), expected, half, p


def _model(
    parts: Parts, gathered: Any, weight: Floats, rate: Floats, binomial: Floats
) -> tuple[Floats, Floats]:
    """Return the variance that likeness adds to the binomial, and its degrees of freedom."""
    alike = parts.similarity
    spread = rate * (1 - rate)
    joint = gathered @ (weight * parts.people * np.sqrt(spread))
    apart = gathered @ (weight**2 * parts.people * spread)
    room = np.maximum((joint**2 - apart).sum(0), 0.0)
    extra = alike.icc * room
    degrees = np.full(extra.shape, np.inf)
    if alike.degrees <= 0 or alike.typical <= 1 or alike.icc == 0:
        return np.zeros_like(extra), degrees
    with np.errstate(invalid="ignore", divide="ignore"):
        known = 1 + (alike.typical - 1) * alike.icc
        reach = room * known / ((alike.typical - 1) * (binomial + extra))
        return extra, np.where(reach > 0, np.maximum(alike.degrees / reach**2, 1.0), np.inf)


def _robust(parts: Parts, gathered: Any, weight: Floats, fitted: Floats) -> tuple[Floats, Floats]:
    """Return the variance from scores of groups and lone members, and the effective number."""
    n, k = parts.people, parts.active
    score = gathered @ (weight * (k - n * fitted))
    lone = (parts.cluster < 0)[:, None]
    # Σ (y − f)² over members who are 0 or 1, each a cluster of one.
    own = lone * weight**2 * (k * (1 - 2 * fitted) + n * fitted**2)
    reach = gathered @ (np.abs(weight) * n)
    number = (reach > 0).sum(0) + (lone * n * (weight != 0)).sum(0)
    total = reach.sum(0) + (lone * np.abs(weight) * n).sum(0)
    square = (reach**2).sum(0) + (lone * weight**2 * n).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(number > 1, number / (number - 1), 1.0)
        effective = np.where(square > 0, total**2 / square, 2.0)
    # Less than one degree has no use: then the correlation of all groups has to tell.
    return factor * ((score**2).sum(0) + own.sum(0)), np.maximum(effective, 2.0)


def _finite(degrees: Floats) -> Floats:
    return np.where(np.isfinite(degrees), degrees, 1.0)


def _quantile(level: float, degrees: Floats) -> Floats:
    student = special.stdtrit(_finite(degrees), 0.5 + level / 2)
    return np.where(np.isfinite(degrees), student, stats.quantile(level))
