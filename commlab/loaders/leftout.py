"""Rows that a condition left out, counted by the value that they have.

A condition is on a status, as a rule, and which statuses were left out is what an analyst checks.
It may also be on a name or a number, and contents never stand in a report: values are named only
where a column has few different ones, and only such as look like a status.
"""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from commlab.loaders.report import Account, Count
from commlab.loaders.values import EMPTY_VALUE

SHOWN = 5  # the most frequent; the rest is one line
MOST = 50  # different values of a column of statuses: shop systems have a dozen
REPEATS = 2  # rows a value, on average, below which a column looks like names, not statuses
_PERSONAL = re.compile(r"\d{5}|[@＠*＊]")  # numbers, addresses and masked names
_LONG = 20  # characters; the longest status of Taobao has 14
OTHERS = "other values"
EMPTY = "(empty)"


class ValueTally:
    """What a column held, and which of its rows one condition left out.

    Nothing depends on the order in which rows come: what is named is decided at the end.

    Args:
        column: Source column of the condition.
        personal: Whether the column names people, however few: then no value is ever named.
    """

    def __init__(self, column: str, *, personal: bool = False) -> None:
        self.column = column
        self.personal = personal
        self.met = 0
        self._rows = 0
        self._held: Counter[str] | None = Counter()
        self._left: dict[str, Count] = {}
        self._unnamed = Count()

    def see(self, text: pd.Series, meets: pd.Series) -> None:
        """Take note of a chunk of the column, and of which rows meet the condition."""
        self._rows += len(text)
        self.met += int(meets.sum())
        if self._held is None:
            return
        self._held.update(_words(text).tolist())
        if len(self._held) > MOST:  # names: nothing of them is kept
            self._held = None
            for count in self._left.values():
                self._unnamed.add_rows(count.rows, count.lines)
            self._left = {}

    def leave_out(self, text: pd.Series) -> None:
        """Count rows that the condition left out, indexed by line."""
        if self._held is None:
            self._unnamed.add(text.index)
            return
        for value, rows in _words(text).groupby(_words(text)):
            self._left.setdefault(str(value), Count()).add(rows.index)

    def settle(self, account: Account) -> None:
        """Write the counts into an account."""
        reason = f"left out by the condition on {self.column!r}"
        named = self._named(Counter({value: count.rows for value, count in self._left.items()}))
        others = Count(self._unnamed.rows, list(self._unnamed.lines))
        for value, count in self._left.items():
            if value not in named:
                others.add_rows(count.rows, count.lines)
        for value in named:
            account.reject_rows(f"{reason}: {value}", self._left[value].rows,
                                self._left[value].lines)  # fmt: skip
        label = f"{reason}: {OTHERS}" if named else reason
        account.reject_rows(label, others.rows, others.lines)

    def held(self) -> str:
        """Return what the column holds, for a message."""
        if self._held is None:
            return f"It holds more than {MOST} different values."
        named = self._named(self._held)
        if not named:
            return f"It holds {len(self._held):,} different values."
        listed = ", ".join(f"{value} ({self._held[value]:,})" for value in named)
        more = len(self._held) - len(named)
        return f"It holds {listed}{f' and {more:,} more' if more else ''}."

    def _named(self, counts: Counter[str]) -> list[str]:
        if self.personal or self._held is None or len(self._held) * REPEATS > self._rows:
            return []
        fit = [value for value in counts if len(value) <= _LONG and not _PERSONAL.search(value)]
        return sorted(fit, key=lambda value: (-counts[value], value))[:SHOWN]


def _words(text: pd.Series) -> pd.Series:
    words = text.str.strip()
    return words.mask(words.isin(EMPTY_VALUE), EMPTY)
