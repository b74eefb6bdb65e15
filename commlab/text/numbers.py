"""Numbers, shares and money as each language writes them.

English: 12.3k, ¥12.3k, 44 %. Chinese: 1.23万, ￥1.23万, 44%. The space before the English per cent
sign does not break at a line end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from commlab import guards
from commlab.config import LANGUAGES
from commlab.text.catalogue import lookup

NBSP = "\u00a0"
MINUS = "\u2212"
MISSING = "–"

# Largest first: the size from which a number is shortened by this unit, and its name.
_SCALES = {
    "en": ((1e9, "bn"), (1e6, "m"), (1e3, "k")),
    "zh": ((1e8, "亿"), (1e4, "万")),
}
_SHORTEN_FROM = 1e4  # four digits are still read at a glance, in both languages
_SYMBOLS = {
    "en": {"CNY": "¥", "JPY": "JP¥", "GBP": "£", "USD": "$", "EUR": "€", "HKD": "HK$"},
    "zh": {"CNY": "￥", "JPY": "JP¥", "GBP": "£", "USD": "US$", "EUR": "€", "HKD": "HK$"},
}


def absent(x: float | None) -> bool:
    """Return whether there is no number: None, NaN or infinite."""
    return x is None or not math.isfinite(x)


def signed(x: float, text: str) -> str:
    """Return `text` with a minus sign where `x` is negative and not written as zero."""
    return MINUS + text if x < 0 and any(digit in text for digit in "123456789") else text


def significant(x: float, digits: int = 3) -> int:
    """Return the decimals that show `digits` significant digits of `x`."""
    if x == 0:
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(x))))


def plain(x: float, decimals: int | None = None) -> str:
    """Return |x| with thousands commas; three significant digits below 1,000 unless told."""
    size = abs(x)
    if decimals is not None:
        return f"{size:,.{decimals}f}"
    if size >= 1000 or size == round(size):
        return f"{size:,.0f}"
    text = f"{size:.{min(significant(size), 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short(x: float, lang: str) -> str:
    """Return |x| at three significant digits with k, m, bn or 万, 亿."""
    size = float(f"{abs(x):.3g}")  # rounded first, so that 999,950 becomes 1m and not 1000k
    for scale, name in _SCALES[lang]:
        if size >= scale:
            text = f"{size / scale:,.{significant(size / scale)}f}"
            return (text.rstrip("0").rstrip(".") if "." in text else text) + name
    return plain(x)


def number(x: float | None, lang: str, *, decimals: int | None = None, exact: bool = False) -> str:
    """Return a number; from 10,000 on shortened unless `exact`.

    Args:
        x: The number; None and NaN become a dash.
        lang: "en" or "zh".
        decimals: Fixed number of decimals; the number is then not shortened.
        exact: All digits of the whole number, with thousands commas.

    Example:
        >>> number(1054, "en"), number(12345, "en"), number(12345, "zh"), number(3.14159, "en")
        ('1,054', '12.3k', '1.23万', '3.14')
        >>> number(12345, "zh", exact=True), number(None, "en")
        ('12,345', '–')
    """
    guards.one_of("lang", lang, LANGUAGES)
    if x is None or absent(x):
        return MISSING
    if exact:
        return signed(x, f"{abs(x):,.0f}")
    if decimals is not None:
        return signed(x, plain(x, decimals))
    return signed(x, _short(x, lang) if abs(x) >= _SHORTEN_FROM else plain(x))


def p_value(p: float | None) -> str:
    """Return a p-value with the sign before it.

    Example:
        >>> p_value(0.42), p_value(0.0312), p_value(1e-9), p_value(None)
        ('= 0.42', '= 0.031', '< 0.001', '–')
    """
    if p is None or absent(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"= {p:.{3 if p < 0.1 else 2}f}"


def count(x: float | None, unit: str, lang: str) -> str:
    """Return a number with what it counts.

    Args:
        x: The number.
        unit: One of the words under `[unit]` of the common catalogue, e.g. "members".
        lang: "en" or "zh".

    Example:
        >>> count(1, "members", "en"), count(12345, "members", "en"), count(12345, "members", "zh")
        ('1 member', '12.3k members', '1.23万人')
    """
    form = "one" if x == 1 else "many"
    return lookup(f"common.unit.{unit}.{form}", lang).replace("{n}", number(x, lang))


def days(x: float | None, lang: str) -> str:
    """Return a length of time in days.

    Example:
        >>> days(1, "en"), days(12, "en"), days(12, "zh")
        ('1 day', '12 days', '12天')
    """
    return count(x, "days", lang)


def _share_decimals(percentages: Sequence[float]) -> int:
    """Return the decimals that percentages need: finer where the interval is narrow."""
    if len(percentages) > 1:
        width = max(percentages) - min(percentages)
        return 0 if width >= 2 else 1 if width >= 0.2 else 2
    size = abs(percentages[0])
    if size in (0, 100):
        return 0
    if size < 9.95:
        return 1 if size >= 0.995 else 2
    short = abs(100 - size)  # 99.7 % must not become 100 %
    return 0 if short > 0.5 else 1 if short > 0.05 else 2


def percents(values: Sequence[float], lang: str, decimals: int | None = None) -> list[str]:
    """Return shares as percentages, all with the same number of decimals."""
    parts = [100 * value for value in values]
    places = _share_decimals(parts) if decimals is None else decimals
    space = NBSP if lang == "en" else ""
    return [signed(point, plain(point, places)) + space + "%" for point in parts]


def share(x: float | None, lang: str, *, decimals: int | None = None) -> str:
    """Return a share as a percentage.

    Example:
        >>> share(0.44, "zh"), share(0.021, "zh"), share(0.9967, "zh"), share(1, "zh")
        ('44%', '2.1%', '99.7%', '100%')
        >>> share(0.44, "en").replace(NBSP, " ")
        '44 %'
    """
    guards.one_of("lang", lang, LANGUAGES)
    if x is None or absent(x):
        return MISSING
    text = percents([x], lang, decimals)[0]
    if decimals is None and text.startswith("0.00"):  # some, however few
        return f"<{percents([0.0001], lang, 2)[0]}"
    if decimals is None and text.startswith("100.00"):  # not all
        return f">{percents([0.9999], lang, 2)[0]}"
    return text


def points(x: float | None, lang: str, *, decimals: int | None = None) -> str:
    """Return a difference of two shares in percentage points, without sign.

    Example:
        >>> points(-0.021, "en"), points(0.021, "zh")
        ('2.1 points', '2.1个百分点')
    """
    if x is None or absent(x):
        return MISSING
    size = abs(100 * x)
    text = plain(size, (0 if size >= 9.95 else 1) if decimals is None else decimals)
    form = "one" if text in ("1", "1.0") else "many"
    return lookup(f"common.unit.points.{form}", lang).replace("{n}", text)


def money(x: float | None, lang: str, currency: str = "CNY") -> str:
    """Return an amount in currency units.

    Args:
        x: The amount (not in minor units).
        lang: "en" or "zh".
        currency: ISO 4217 code; one without a known sign is written before the amount.

    Example:
        >>> money(12345, "en"), money(12345, "zh"), money(12.5, "en", "GBP"), money(-80, "en")
        ('¥12.3k', '￥1.23万', '£12.50', '−¥80')
    """
    guards.one_of("lang", lang, LANGUAGES)
    if x is None or absent(x):
        return MISSING
    sign = _SYMBOLS[lang].get(currency, currency + NBSP)
    size = abs(x)
    if size >= _SHORTEN_FROM:
        text = _short(x, lang)
    else:
        text = f"{size:,.0f}" if size >= 100 or size == round(size) else f"{size:,.2f}"
    return signed(x, sign + text)
