"""How a figure moved against an earlier one, in words: up, down, or could be chance."""

from __future__ import annotations

import math
from statistics import NormalDist

from commlab.estimate import Estimate
from commlab.text import numbers
from commlab.text.catalogue import lookup


def _standard_error(est: Estimate) -> float | None:
    if est.low is None or est.high is None:
        return None
    return (est.high - est.low) / (2 * NormalDist().inv_cdf((1 + est.level) / 2))


def could_be_chance(now: Estimate, before: Estimate) -> bool | None:
    """Return whether two independent estimates differ by no more than noise explains.

    The standard errors are read back from the intervals and the difference is held against
    `now.level`. None where a figure or an interval is absent: full counts have no sampling noise.

    Example:
        >>> now = Estimate(value=0.46, low=0.43, high=0.49, unit="share")
        >>> could_be_chance(now, Estimate(value=0.44, low=0.41, high=0.47, unit="share"))
        True
    """
    errors = (_standard_error(now), _standard_error(before))
    if now.value is None or before.value is None or errors[0] is None or errors[1] is None:
        return None
    spread = math.hypot(errors[0], errors[1])
    return abs(now.value - before.value) <= NormalDist().inv_cdf((1 + now.level) / 2) * spread


def change(now: Estimate, before: Estimate, lang: str) -> str:
    """Return the change from `before` to `now` in words.

    Args:
        now: The figure of this period.
        before: The figure of the period before, in the same unit.
        lang: "en" or "zh".

    Returns:
        Shares and promoter scores in percentage points, everything else in per cent of the
        earlier figure (as the plain difference where that is zero or negative); followed by
        "could be chance" where the two intervals allow no other reading. Empty when one of the
        two has no figure.

    Example:
        >>> now = Estimate(value=0.461, low=0.43, high=0.49, n=900, unit="share")
        >>> before = Estimate(value=0.44, low=0.41, high=0.47, n=1054, unit="share")
        >>> change(now, before, "en")
        'up 2.1 points, could be chance'
        >>> change(now, before, "zh")
        '上升2.1个百分点，可能是偶然波动'
    """
    if now.value is None or before.value is None:
        return ""
    difference = now.value - before.value
    if now.unit == "share":
        size = numbers.points(difference, lang)
    elif now.unit == "nps":  # a difference of shares itself: a change of it in per cent misleads
        size = numbers.points(difference / 100, lang)
    elif before.value > 0:
        size = numbers.share(abs(difference) / before.value, lang)
    else:
        size = numbers.number(abs(difference), lang)
    if not any(digit in size for digit in "123456789"):
        return lookup("common.change.same", lang)
    words = lookup(f"common.change.{'up' if difference > 0 else 'down'}", lang)
    words = words.replace("{size}", size)
    if could_be_chance(now, before):
        comma = lookup("common.change.comma", lang)
        words = f"{words}{comma}{lookup('common.status.chance', lang)}"
    return words
