"""Estimates in words: the figure with its interval, or why there is none."""

from __future__ import annotations

from commlab import guards
from commlab.config import LANGUAGES
from commlab.estimate import Estimate
from commlab.text.catalogue import has, lookup
from commlab.text.numbers import MINUS, NBSP, money, number, percents, plain, signed, significant

DASH = "–"
_PAIR = {"en": f"{{}}{NBSP}({{}})", "zh": "{}（{}）"}  # figure, then its interval
_TO = {"en": " to ", "zh": "至"}  # between ends of which one is negative
_PREFIXES = ("JP¥", "HK$", "¥", "£", "$", "€")  # written once in an English range


def ends_of(est: Estimate, lang: str, currency: str) -> list[str]:
    """Return value, low, high (or only the value) as text in one common precision."""
    figures = [x for x in (est.value, est.low, est.high) if x is not None]
    if est.unit == "share":
        return percents(figures, lang)
    if est.unit == "money":
        return [money(x, lang, currency) for x in figures]
    if all(abs(x) < 1000 for x in figures) and any(x != round(x) for x in figures):
        width = max(figures) - min(figures) if len(figures) > 1 else abs(figures[0])
        places = min(max(0, significant(width or 1, 2)), 6)
        return [signed(x, plain(x, places)) for x in figures]
    return [number(x, lang) for x in figures]


def _join(low: str, high: str, lang: str) -> str:
    if MINUS in low or MINUS in high:
        return f"{low}{_TO[lang]}{high}"
    if lang == "en":
        # the unit once, as in 41–47 % and ¥12.3k–14.1k; Chinese repeats it
        low = low.removesuffix(f"{NBSP}%") if high.endswith(f"{NBSP}%") else low
        sign = next((c for c in _PREFIXES if high.startswith(c)), "")
        high = high.removeprefix(sign) if sign and low.startswith(sign) else high
    return f"{low}{DASH}{high}"


def with_unit(text: str, est: Estimate, lang: str) -> str:
    """Return a written figure with what it counts."""
    key = f"common.unit.{est.unit}.{'one' if text == '1' else 'many'}"
    return lookup(key, lang).replace("{n}", text) if has(key) else text


def interval(est: Estimate, lang: str, *, currency: str = "CNY") -> str:
    """Return the interval of an estimate; empty where it has none.

    Example:
        >>> e = Estimate(value=0.44, low=0.41, high=0.47, n=1054, unit="share")
        >>> interval(e, "en").replace(NBSP, " "), interval(e, "zh")
        ('41–47 %', '41%–47%')
    """
    guards.one_of("lang", lang, LANGUAGES)
    if not est.ok or est.low is None:
        return ""
    _, low, high = ends_of(est, lang, currency)
    return with_unit(_join(low, high, lang), est, lang)


def refusal(est: Estimate, lang: str) -> str:
    """Return why an estimate has no figure, in words; a reason that is a text key is translated."""
    if est.status == "too_few":
        return lookup("common.status.too_few", lang)
    return lookup(est.reason if has(est.reason) else "common.status.refused", lang)


def value(est: Estimate, lang: str, *, currency: str = "CNY") -> str:
    """Return the figure of an estimate without its interval.

    Example:
        >>> value(Estimate(value=12345, unit="members"), "zh")
        '1.23万人'
    """
    guards.one_of("lang", lang, LANGUAGES)
    if not est.ok:
        return refusal(est, lang)
    return with_unit(ends_of(est, lang, currency)[0], est, lang)


def estimate(est: Estimate, lang: str, *, currency: str = "CNY") -> str:
    """Return an estimate with its interval, or why there is none.

    Example:
        >>> e = Estimate(value=0.44, low=0.41, high=0.47, n=1054, unit="share")
        >>> estimate(e, "en").replace(NBSP, " "), estimate(e, "zh")
        ('44 % (41–47 %)', '44%（41%–47%）')
        >>> estimate(Estimate.too_few(12, unit="share", minimum=30), "zh")
        '样本不足，不作判断'
    """
    text = value(est, lang, currency=currency)
    ends = interval(est, lang, currency=currency)
    return _PAIR[lang].format(text, ends) if ends else text


def paired(value_: str, low: str, high: str, lang: str) -> str:
    """Return a figure that may be negative with its ends, all written already.

    Example:
        >>> paired("+2 points", "−1", "+5", "en").replace(NBSP, " ")
        '+2 points (−1 to +5)'
    """
    return _PAIR[lang].format(value_, f"{low}{_TO[lang]}{high}")
