"""How a figure moved against an earlier one, in words: up, down, or could be chance."""

from __future__ import annotations

import math
from statistics import NormalDist

from commlab.estimate import Estimate
from commlab.text import estimates, numbers
from commlab.text.catalogue import lookup

_POINTS = ("share", "nps", "points")  # units whose differences are percentage points


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
    if not _told(size):
        return lookup("common.change.same", lang)
    words = lookup(f"common.change.{'up' if difference > 0 else 'down'}", lang)
    words = words.replace("{size}", size)
    if could_be_chance(now, before):
        comma = lookup("common.change.comma", lang)
        words = f"{words}{comma}{lookup('common.status.chance', lang)}"
    return words


def difference(moved: Estimate, lang: str, *, currency: str = "CNY") -> str:
    """Return a difference of two figures with its sign and its interval.

    Args:
        moved: The difference, in the unit of the figures: of shares and promoter scores it is
            told in percentage points.
        lang: "en" or "zh".
        currency: ISO code of amounts.

    Example:
        >>> gain = Estimate(value=0.021, low=-0.02, high=0.063, unit="share")
        >>> difference(gain, "en").replace(numbers.NBSP, " "), difference(gain, "zh")
        ('+2.1 points (−2.0 to +6.3)', '+2.1个百分点（−2.0至+6.3）')
    """
    if moved.unit in _POINTS:
        ends = [x for x in (moved.value, moved.low, moved.high) if x is not None]
        scale = 100 if moved.unit == "share" else 1
        shown = [numbers.signed(x, numbers.plain(abs(scale * x), 1)) for x in ends]
        unit = numbers.points(ends[0] * scale / 100, lang, decimals=1)
        told = [numbers.signed(ends[0], unit), *shown[1:]]
    else:
        told = estimates.ends_of(moved, lang, currency)
        told[0] = estimates.with_unit(told[0], moved, lang)
    told = [text if text.startswith(numbers.MINUS) or not _told(text) else f"+{text}"
            for text in told]  # fmt: skip
    return estimates.paired(told[0], told[1], told[2], lang) if len(told) > 1 else told[0]


def _told(text: str) -> bool:
    return any(digit in text for digit in "123456789")
