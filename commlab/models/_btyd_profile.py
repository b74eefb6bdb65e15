"""Profile-likelihood intervals: the other parameters follow the one that is held.

For r and b of these models the log-likelihood is far from a parabola at a few thousand customers
(Wald intervals on the log scale cover .85 to .92 there); the profile needs no such shape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from commlab.models._btyd_data import Array
from commlab.models._btyd_fit import BOUND, Maximum, newton

_CLOSE = 1e-4  # in units of the signed root, whose ends lie at ±1.96: the fifth digit of an end
_MAX_TRIES = 40


def profile_interval(
    function: Callable[[Array, bool], tuple[float, Array, Array]],
    maximum: Maximum,
    index: int,
    error: float,
    level: float,
) -> tuple[float, float]:
    """Return where the profile log-likelihood of one log parameter has fallen by χ²/2.

    Args:
        function: Log-likelihood with derivatives.
        maximum: Its maximum.
        index: Which parameter.
        error: Its standard error, the first step; infinite on a bound.
        level: Confidence level.

    Returns:
        Ends on the log scale; ±inf where the profile does not fall that far inside the box.
    """
    drop = float(special.chdtri(1, 1 - level)) / 2
    root = float(np.sqrt(drop))
    first = error * root * np.sqrt(2) if np.isfinite(error) else 1.0
    reach = min(max(first, 1e-6), 2.0)
    low, high = (_end(function, maximum, index, side, reach, root) for side in (-1.0, 1.0))
    return low, high


def _end(
    function: Callable[[Array, bool], tuple[float, Array, Array]],
    maximum: Maximum,
    index: int,
    side: float,
    first: float,
    root: float,
) -> float:
    fixed = np.zeros(len(maximum.point), dtype=bool)
    fixed[index] = True
    center = float(maximum.point[index])
    room = BOUND - side * center

    # The root of the fall is nearly straight in the distance: secant steps inside a bracket.
    def fall(distance: float, start: Array) -> tuple[float, Array]:
        point = start.copy()
        point[index] = center + side * distance
        found = newton(function, point, fixed=fixed, tolerance=1e-7)
        return float(np.sqrt(max(maximum.value - found.value, 0.0))), found.point

    near, near_fall, point = 0.0, 0.0, maximum.point
    far, far_fall = np.inf, np.inf
    distance = min(first, room)
    for _ in range(_MAX_TRIES):
        if distance <= 0:
            break
        height, at = fall(distance, point)
        if abs(height - root) < _CLOSE:
            return center + side * distance
        if height < root:
            near, near_fall, point = distance, height, at
            if distance >= room:
                return side * np.inf
        else:
            far, far_fall = distance, height
        if np.isfinite(far):
            share = (root - near_fall) / max(far_fall - near_fall, 1e-300)
            distance = near + (far - near) * min(max(share, 0.05), 0.95)
        else:
            grow = root / near_fall if near_fall > 0 else 4.0
            distance = min(distance * min(max(grow, 1.05), 4.0), room)
    return center + side * far if np.isfinite(far) else side * np.inf
