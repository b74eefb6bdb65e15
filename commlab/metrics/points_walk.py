"""Points used up row by row, for ledgers whose lots do not lapse in the order of earning."""

from __future__ import annotations

import datetime as dt

import pandas as pd


def outstanding_by_walk(entries: pd.DataFrame, end: dt.datetime) -> dict[str, int]:
    """Return what each member holds at `end`; below 0 where more was spent than was there.

    The oldest lot that has not lapsed is used first; what was spent without cover is taken off
    the next lots.

    Args:
        entries: member_id, at, expires_at, earned, spent, sorted by member and time.
        end: Lots that lapse before it are gone.
    """
    # At one moment: what is earned is there before anything is spent.
    order = entries.assign(_paid=entries["spent"] > 0)
    order = order.sort_values(["member_id", "at", "_paid", "expires_at"], kind="stable")
    held: dict[str, int] = {}
    lots: list[list] = []  # [end, left], oldest first
    who, debt = None, 0
    columns = ("member_id", "at", "expires_at", "earned", "spent")
    for member, at, expires, earned, spent in zip(*(order[name] for name in columns), strict=True):
        if member != who:
            if who is not None:
                held[who] = _left(lots, end) - debt
            who, lots, debt = str(member), [], 0
        if earned > 0:
            lots.append([pd.Timestamp.max if pd.isna(expires) else expires, int(earned)])
        lots = [lot for lot in lots if lot[0] > at and lot[1] > 0]
        debt += int(spent)
        for lot in lots:
            used = min(lot[1], debt)
            lot[1] -= used
            debt -= used
    if who is not None:
        held[who] = _left(lots, end) - debt
    return held


def _left(lots: list[list], end: dt.datetime) -> int:
    return sum(left for expires, left in lots if expires >= pd.Timestamp(end))
