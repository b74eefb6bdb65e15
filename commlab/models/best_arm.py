"""Which of several arms did best, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models import aggregates
from commlab.models.experiment import CUPED, arm_aggregates, headline, readout
from commlab.models.ranking import probability_best


def best_arm(
    outcomes: Outcomes, metric: str = "orders", *, level: float = LEVEL, seed: int = 0,
    peeking: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Return every arm against the control arm, and the probability that it is the best of all.

    The probability is from these data alone (flat prior), of means less what the days before told
    of them (CUPED). The control arm takes part: doing nothing may be best.

    Args:
        outcomes: Outcomes of a randomised or clustered campaign.
        metric: The metric.
        level: Confidence level.
        seed: Seed of the re-randomisation of few clusters.
        peeking: See `readout`.

    Returns:
        Frame, the likeliest first: arm, people, difference, low, high (a person, against the
        control arm; missing for itself), p_adjusted (Benjamini–Hochberg over arms), best
        (probability), unit, status, reason.

    Raises:
        NotEnoughDataError: There is one arm beside the control arm, or one is too small.
    """
    if len(outcomes.arms) < 2:
        raise NotEnoughDataError(
            "one arm was tried, there is none to choose.", fix="Try two arms in one campaign."
        )
    table = readout(outcomes, [metric], level=level, seed=seed, peeking=peeking)
    if (table["status"] == "too_few").any():
        raise NotEnoughDataError("an arm has too few people.", fix="Use a larger campaign.")
    chance = _chances(outcomes, metric)
    people = arm_aggregates(outcomes)[1]
    rows = []
    for arm in outcomes.arms:
        item = headline(table, metric, arm)
        own = table[table["arm"] == arm].set_index("adjusted")
        used = CUPED if own.loc[CUPED, "status"] == "ok" else "plain"
        rows.append({
            "arm": arm, "people": people[arm], "difference": item.value, "low": item.low,
            "high": item.high, "p_adjusted": own.loc[used, "p_adjusted"], "best": chance[arm],
            "unit": UNITS[metric], "status": item.status, "reason": item.reason,
        })  # fmt: skip
    rows.append({
        "arm": outcomes.control, "people": people[outcomes.control], "best": chance[
            outcomes.control], "unit": UNITS[metric], "status": "control", "reason": "",
    })  # fmt: skip
    frame = pd.DataFrame(rows).astype(
        dict.fromkeys(("difference", "low", "high", "p_adjusted", "best"), "float64")
    )
    return frame.sort_values(["best", "arm"], ascending=[False, True], ignore_index=True)


def _chances(outcomes: Outcomes, metric: str) -> dict[str, float]:
    """Return by arm the probability that its mean is the highest."""
    found, people, _ = arm_aggregates(outcomes)
    arms = sorted(found)
    parts = {arm: aggregates.means(found[arm], [metric, f"pre_{metric}"],
                                   several=outcomes.clustered) for arm in arms}  # fmt: skip
    # One slope for all arms: what remains are means that do not hang together.
    cross = np.sum([people[arm] * parts[arm].n * parts[arm].covariance for arm in arms], axis=0)
    slope = cross[0, 1] / cross[1, 1] if outcomes.pre_seen and cross[1, 1] > 0 else 0.0
    less = np.array([1.0, -slope])
    values = [less @ parts[arm].value for arm in arms]
    # The variance of a t distribution: of few clusters it is not known exactly.
    spreads = [less @ parts[arm].covariance @ less * _tail(parts[arm].n) for arm in arms]
    return dict(zip(arms, probability_best(values, spreads).astype(float), strict=True))


def _tail(units: int) -> float:
    return (units - 1) / (units - 3) if units > 3 else 3.0
