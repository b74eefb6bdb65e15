"""Writers of table cells: figures, intervals, bars and states as escaped HTML."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from commlab.disclosure import MARKS, marks
from commlab.estimate import Estimate
from commlab.text import coded, escape, fmt, lookup

Cell = Callable[[pd.Series, str], str]
COMPLEMENT_SIGN = "*"  # a count hidden to protect another; the note on the page says so


def _number(row: pd.Series, name: str) -> float | None:
    value = row.get(name)
    return None if value is None or pd.isna(value) else float(value)


def _status(row: pd.Series, lang: str, name: str = "status") -> str:
    """Return why a row has no figure, in words; empty when it has one."""
    status = str(row.get(name, "ok"))
    if status in ("ok", "nan", "<NA>", "None"):
        return ""
    key = f"common.status.{status}"
    return f'<span class="quiet">{escape(lookup(key, lang))}</span>'


def text(name: str) -> Cell:
    """Return a cell writer for text from data."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(name)
        return escape(fmt.MISSING if value is None or pd.isna(value) else value)

    return cell


def prose(name: str) -> Cell:
    """Return a cell writer for sentences: on a phone their table becomes one block a row."""
    plain = text(name)
    return lambda row, lang: f'<span class="long">{coded(plain(row, lang))}</span>'


def count(name: str) -> Cell:
    """Return a cell writer for whole numbers, all digits; hidden ones have their mark."""

    def cell(row: pd.Series, lang: str) -> str:
        value = _number(row, name)
        hidden = marks(str(row.get(MARKS) or ""))
        if value is None and name in hidden:
            return f'<span class="quiet">{escape(hidden[name] or COMPLEMENT_SIGN)}</span>'
        return escape(fmt.number(value, lang, exact=True))

    return cell


def money(name: str, currency: str) -> Cell:
    """Return a cell writer for amounts."""
    return lambda row, lang: escape(fmt.money(_number(row, name), lang, currency))


def amount(name: str, low: str, high: str, *, currency: str) -> Cell:
    """Return a cell writer for an amount with its interval; without it, the reason in words."""

    def cell(row: pd.Series, lang: str) -> str:
        value = _number(row, name)
        if value is None:
            return _status(row, lang) or f'<span class="quiet">{escape(fmt.MISSING)}</span>'
        text_ = f'<span class="figure">{escape(fmt.money(value, lang, currency))}</span>'
        ends = [_number(row, end) for end in (low, high)]
        if ends[0] is not None and ends[1] is not None:
            est = Estimate(value=value, low=ends[0], high=ends[1], unit="money")
            text_ += _interval(fmt.interval(est, lang, currency=currency), lang)
        return text_

    return cell


def _interval(inner: str, lang: str) -> str:
    if lang == "zh":
        return f'<span class="interval">{escape(f"（{inner}）")}</span>'
    return f' <span class="interval">{escape(f"({inner})")}</span>'


def share(name: str, *, bar: bool = False, scale: float = 1.0) -> Cell:
    """Return a cell writer for shares, with a bar under the figure on request.

    Args:
        name: Column of the share.
        bar: Whether to draw the bar.
        scale: The share that fills the bar.
    """

    def cell(row: pd.Series, lang: str) -> str:
        value = _number(row, name)
        figure = f'<span class="figure">{escape(fmt.share(value, lang))}</span>'
        return figure + (_bar(value, scale) if bar and value is not None else "")

    return cell


def _bar(value: float, scale: float) -> str:
    across = 100 * min(max(value / scale if scale > 0 else 0.0, 0.0), 1.0)
    return f'<span class="track"><span class="bar" style="width:{across:.1f}%"></span></span>'


def rate(
    name: str = "rate",
    low: str = "low",
    high: str = "high",
    *,
    status: str = "status",
    bar: bool = False,
    scale: float = 1.0,
) -> Cell:
    """Return a cell writer for a share with its interval: "44 % (41–47)".

    A row whose status is not "ok" gets the reason in words.
    """

    def cell(row: pd.Series, lang: str) -> str:
        reason = _status(row, lang, status)
        value = _number(row, name)
        if reason or value is None:
            return reason or escape(fmt.MISSING)
        ends = (_number(row, low), _number(row, high))
        known = ends[0] is not None and ends[1] is not None
        est = Estimate(
            value=value,
            low=ends[0] if known else None,
            high=ends[1] if known else None,
            unit="share",
        )
        text_ = f'<span class="figure">{escape(fmt.value(est, lang))}</span>'
        if known:
            inner = fmt.interval(est, lang).replace("%", "").replace(fmt.NBSP, "")
            text_ += _interval(inner, lang)
        return text_ + (_bar(value, scale) if bar else "")

    return cell


def points(name: str, low: str = "", high: str = "") -> Cell:
    """Return a cell writer for a difference of shares in points, signed, with its interval."""

    def cell(row: pd.Series, lang: str) -> str:
        value = _number(row, name)
        if value is None:
            return _status(row, lang) or escape(fmt.MISSING)
        text_ = f'<span class="figure">{escape(_signed(100 * value))}</span>'
        ends = (_number(row, low), _number(row, high))
        if ends[0] is not None and ends[1] is not None:
            to = "至" if lang == "zh" else " to "
            inner = f"{_signed(100 * ends[0])}{to}{_signed(100 * ends[1])}"
            text_ += _interval(inner, lang)
        return text_

    return cell


def _signed(x: float) -> str:
    text_ = fmt.number(x, "en", decimals=1)
    return f"+{text_}" if x >= 0.05 else text_


def mark(name: str, words: dict[str, tuple[str, str, str]]) -> Cell:
    """Return a cell writer for a state: a shape, a word and a colour, so never colour alone.

    Args:
        name: Column of the state.
        words: State → (shape, text key, class "good", "bad", "watch" or "quiet").
    """

    def cell(row: pd.Series, lang: str) -> str:
        state = str(row.get(name))
        if state not in words:
            return escape(fmt.MISSING if state in ("None", "nan", "<NA>", "") else state)
        shape, key, kind = words[state]
        return f'<span class="mark {kind}">{shape} {escape(lookup(key, lang))}</span>'

    return cell


def largest(frame: pd.DataFrame, name: str) -> float:
    """Return the largest value of a column, as the scale of its bars; 1 where there is none.

    Example:
        >>> largest(pd.DataFrame({"rate": [0.2, None, 0.5]}), "rate")
        0.5
    """
    value = pd.to_numeric(frame[name], errors="coerce").max()
    return float(value) if value is not None and math.isfinite(value) and value > 0 else 1.0
