"""Intervals that hold at every look, for campaigns that are watched while they run.

Asymptotic confidence sequences (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, Time-uniform
central limit theory and asymptotic confidence sequences, Annals of Statistics 52, eq. 4).
"""

from __future__ import annotations

import math

from commlab import guards
from commlab.estimate import LEVEL


def sequential_half_width(error: float, fraction: float, *, level: float = LEVEL) -> float:
    """Return the half width of an interval that holds at all looks together.

    Written with the squared error as the time that runs: a difference whose error² has come from
    nothing to V stays within sqrt((V + 1/ρ²) log((V ρ² + 1)/α²)) for all V with probability
    1 − α, if it moves on without memory. People who buy often do so all along; that makes later
    differences more like earlier ones, and the interval wider than need be, never narrower.

    Args:
        error: Standard error of the sum of differences so far.
        fraction: Share of the planned time that is over, in (0, 1]: ρ is chosen so that the
            interval is narrowest at the end of the plan (their section 3.5).
        level: Confidence level.

    Example:
        >>> round(sequential_half_width(1.0, 1.0), 2), round(sequential_half_width(1.0, 0.1), 2)
        (3.03, 3.46)
    """
    guards.in_range("error", error, low=0)
    guards.in_range("fraction", fraction, low=0, high=1, open_low=True)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    alpha = 1 - level
    tuned = -2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)
    run = tuned * fraction  # ρ² V now, where ρ² V is `tuned` at the end
    return error * math.sqrt((1 + 1 / run) * math.log((run + 1) / alpha**2))
