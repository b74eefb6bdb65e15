"""How good probabilities are: proper scores, ranking, calibration, each with its interval.

Everything takes the outcome (1: it happened) and the probability that was said, one a person,
and is written for rows that are independent; `clusters` names the person where one has several.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab import guards, stats
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate

Array = npt.NDArray[np.float64]
SURE = 1e-6  # a probability of 0 or 1 that is wrong would make the log loss infinite
BINS = 10  # of the reliability table: tenths


def check(outcome: npt.ArrayLike, probability: npt.ArrayLike) -> tuple[Array, Array]:
    """Return both as arrays of float, or raise.

    Raises:
        ArgumentError: Lengths differ, an outcome is neither 0 nor 1, a probability is not one.
        NotEnoughDataError: Nobody, or everybody alike.
    """
    y, p = np.asarray(outcome, dtype=float), np.asarray(probability, dtype=float)
    if y.shape != p.shape or y.ndim != 1:
        raise ArgumentError(f"outcome has shape {y.shape}, probability {p.shape}: must be alike.")
    if not np.isin(y, (0, 1)).all():
        raise ArgumentError("outcome holds other values than 0 and 1.")
    if not ((p >= 0) & (p <= 1)).all():
        bad = int((~((p >= 0) & (p <= 1))).sum())
        raise ArgumentError(f"{bad:,} of {len(p):,} probabilities are not between 0 and 1.")
    if len(y) == 0 or y.min() == y.max():
        raise NotEnoughDataError(
            f"all {len(y):,} outcomes are alike: nothing can be told apart.",
            fix="Use another horizon.",
        )
    return y, p


def log_losses(outcome: npt.ArrayLike, probability: npt.ArrayLike) -> Array:
    """Return −log of the probability given to what happened, one a person.

    Probabilities are kept 1e-6 away from 0 and 1.

    Example:
        >>> log_losses([1, 0], [0.5, 0.9]).round(4).tolist()
        [0.6931, 2.3026]
    """
    y = np.asarray(outcome, dtype=float)
    p = np.clip(np.asarray(probability, dtype=float), SURE, 1 - SURE)
    return -(y * np.log(p) + (1 - y) * np.log1p(-p))


def levelled(probability: npt.ArrayLike, share: float) -> Array:
    """Return probabilities moved by one step of log odds, so that their mean is a given share.

    Args:
        probability: Of each person, shape (n,), inside 0 and 1.
        share: What the mean is to be, inside 0 and 1.

    Example:
        >>> levelled([0.1, 0.3], 0.4).round(3).tolist()
        [0.237, 0.563]
    """
    from scipy import optimize, special

    guards.in_range("share", share, low=0, high=1, open_low=True, open_high=True)
    odds = special.logit(np.clip(np.asarray(probability, dtype=float), SURE, 1 - SURE))
    step = optimize.brentq(lambda move: special.expit(odds + move).mean() - share, -40, 40)
    return np.asarray(special.expit(odds + step))


def mean_estimate(
    values: npt.ArrayLike, *, clusters: npt.ArrayLike | None = None, unit: str, level: float = LEVEL
) -> Estimate:
    """Return a mean with its interval, persons with several rows as clusters (delta method).

    Args:
        values: One a row.
        clusters: Label of the person of each row; None: every row is a person.
        unit: Unit of the estimate.
        level: Confidence level.
    """
    found = np.asarray(values, dtype=float)
    if clusters is None:
        total, size = found, np.ones_like(found)
    else:
        codes, _ = pd.factorize(np.asarray(clusters))
        total, size = np.bincount(codes, found), np.bincount(codes).astype(float)
    sums = (total.sum(), size.sum(), (total**2).sum(), (size**2).sum(), (total * size).sum())
    mean, low, high = stats.ratio_interval(len(total), *sums, level=level)
    if len(total) < 2:
        return Estimate.too_few(len(total), unit=unit, minimum=2)
    return Estimate(
        value=float(mean), low=float(low), high=float(high), level=level, n=len(total), unit=unit,
        method="mean, delta method" if clusters is not None else "mean",
    )  # fmt: skip


def auc(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval, on the logit scale.

    Source: DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, eq. 3 to 6, by midranks (Sun &
    Xu 2014, IEEE Signal Processing Letters 21); with clusters their structural components are
    summed within each (Obuchowski 1997, Biometrics 53). The logit keeps the interval within 0
    and 1. At perfect separation the interval has no width, and with few on a side near an area
    of 1 it covers less than it says: do not read it as certainty there.

    Args:
        outcome: 1 where it happened.
        score: Higher where it is held more likely; any scale.
        clusters: Label of the person of each row; None: every row is a person.
        level: Confidence level.

    Example:
        >>> round(auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 2)
        0.75
    """
    y, s = np.asarray(outcome, dtype=float), np.asarray(score, dtype=float)
    happened, other = s[y == 1], s[y == 0]
    m, n = len(happened), len(other)
    if min(m, n) < 2:
        return Estimate.too_few(min(m, n), unit="ratio", minimum=2)
    ranks = distributions.rankdata(np.concatenate([happened, other]))
    own, rest = distributions.rankdata(happened), distributions.rankdata(other)
    # Share of the others below each who happened, and of those above each other.
    above = (ranks[:m] - own) / n
    below = 1 - (ranks[m:] - rest) / m
    area = float(above.mean())
    people = m + n
    if clusters is None:
        error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    else:
        codes, names = pd.factorize(np.asarray(clusters))
        parts = np.zeros(len(y))
        parts[y == 1], parts[y == 0] = (above - area) / m, (below - area) / n
        people = len(names)
        own_sums = np.bincount(codes, parts)
        error = float(np.sqrt((own_sums**2).sum() * people / max(people - 1, 1)))
    if error == 0 or area in (0.0, 1.0):
        low = high = area
    else:
        half = stats.quantile(level) * error / (area * (1 - area))
        logit = np.log(area / (1 - area))
        low, high = (float(1 / (1 + np.exp(-(logit + sign * half)))) for sign in (-1, 1))
    return Estimate(
        value=area, low=low, high=high, level=level, n=people, unit="ratio", method="DeLong"
    )


def lift(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    budget: float,
    *,
    deff: float = 1.0,
    level: float = LEVEL,
) -> Estimate:
    """Return how much more often it happens among the share `budget` of highest scores.

    Ties at the edge count in part, so that the order of rows does not matter. Interval: that of
    the rate among the chosen (Wilson) over the rate of all.

    Args:
        outcome: 1 where it happened.
        score: Higher where it is held more likely.
        budget: Share of people who can be reached, above 0 up to 1.
        deff: Design effect, e.g. rows a person.
        level: Confidence level.
    """
    y, s = np.asarray(outcome, dtype=float), np.asarray(score, dtype=float)
    chosen = budget * len(y)
    if not 0 < budget <= 1:
        raise ArgumentError(f"budget == {budget!r}, must be > 0 and <= 1.")
    if chosen < 1 or y.sum() == 0:
        return Estimate.too_few(int(chosen), unit="ratio", minimum=1)
    edge = np.partition(s, len(s) - int(np.ceil(chosen)))[len(s) - int(np.ceil(chosen))]
    over, tied = s > edge, s == edge
    part = (chosen - over.sum()) / tied.sum()
    hits = float(y[over].sum() + part * y[tied].sum())
    low, high = stats.wilson(hits, chosen, level=level, deff=deff)
    rate = float(y.mean())
    return Estimate(
        value=hits / chosen / rate, low=float(low) / rate, high=float(high) / rate, level=level,
        n=round(chosen), unit="ratio", method="Wilson over the rate of all",
    )  # fmt: skip


def reliability(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    bins: int = BINS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return what was said against what happened, in bins of equally many people.

    Equal probabilities stay in one bin, so there may be fewer bins than asked for.

    Returns:
        Frame: said (mean probability), happened (rate), low, high (Wilson), people.
    """
    y, p = check(outcome, probability)
    place = (distributions.rankdata(p, method="average") - 0.5) / len(p)
    code = np.minimum((place * bins).astype(int), bins - 1)
    frame = pd.DataFrame({"bin": code, "said": p, "happened": y})
    table = frame.groupby("bin").agg(
        said=("said", "mean"), count=("happened", "sum"), people=("happened", "size")
    )
    low, high = stats.wilson(table["count"], table["people"], level=level)
    table["happened"], table["low"], table["high"] = table["count"] / table["people"], low, high
    return table[["said", "happened", "low", "high", "people"]].reset_index(drop=True)


def scores(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike | None = None,
    budget: float = 0.1,
    level: float = LEVEL,
) -> dict[str, Estimate]:
    """Return log loss, Brier score, AUC, average precision and lift at a budget.

    Args:
        outcome: 1 where it happened.
        probability: What was said.
        clusters: Label of the person of each row, where one has several.
        budget: Share of people of the lift.
        level: Confidence level.

    Returns:
        log_loss, brier, auc, average_precision (no interval: it has no simple one), lift.
    """
    from sklearn.metrics import average_precision_score

    y, p = check(outcome, probability)
    people = len(y) if clusters is None else len(np.unique(np.asarray(clusters)))
    return {
        "log_loss": mean_estimate(log_losses(y, p), clusters=clusters, unit="nats", level=level),
        "brier": mean_estimate((y - p) ** 2, clusters=clusters, unit="ratio", level=level),
        "auc": auc(y, p, clusters=clusters, level=level),
        "average_precision": Estimate(
            value=float(average_precision_score(y, p)), n=people, unit="ratio",
            method="average precision",
        ),
        # The careful bound: rows of one person count as one.
        "lift": lift(y, p, budget, deff=len(y) / people, level=level),
    }  # fmt: skip
