"""A sample of what members write, for finding topics: the same sample for the same data."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics.complaints import member_texts

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_DAYS = 182  # half a year: long enough for a topic to come and go
MOST_TEXTS = 40_000  # words of topics settle far below; a factorisation of them takes seconds
SHORTEST = 4  # characters: "好的" and "+1" are about nothing


def text_sample(
    ds: Dataset, window_days: int = WINDOW_DAYS, *, most: int = MOST_TEXTS
) -> pd.DataFrame:
    """Return what members wrote in groups: all of it, or a sample drawn by the ids of messages.

    Args:
        ds: The dataset, with messages that have text.
        window_days: Days up to `as_of`.
        most: Most messages returned.

    Returns:
        Frame by message_id: message_id, member_id, group_id, late (whether in the second half of
        the window), text.

    Raises:
        MissingTableError: Messages have no text.
        NotEnoughDataError: There are none in the window.
    """
    guards.whole("most", most, low=1)
    rows = member_texts(ds, window_days)
    rows = rows.filter(rows.text.length() >= SHORTEST)
    count = int(ds.frame(rows.agg(n=rows.count()))["n"].iloc[0])
    if not count:
        raise NotEnoughDataError(f"members wrote nothing in the last {window_days} days.")
    rows = rows.mutate(late=rows.sent_at >= ds.end - dt.timedelta(days=window_days) / 2)
    if count > most:
        # A hash that every engine makes alike spreads the ids evenly.
        bound = f"{int(most / count * 16**6):06x}"
        rows = rows.filter(rows.message_id.hexdigest("md5").substr(0, 6) < ibis.literal(bound))
    return ds.frame(
        rows.select("message_id", "member_id", "group_id", "late", "text"), ["message_id"]
    )


def product_names(ds: Dataset) -> list[str]:
    """Return the names of products and categories: each is one word; none without order items."""
    if not ds.has("order_items"):
        return []
    items = ds.table("order_items")
    found: set[str] = set()
    for name in ("product", "category"):
        column = items[name]
        frame = ds.frame(items.filter(column.notnull()).select(name=column).distinct(), ["name"])
        found |= set(frame["name"].astype(str))
    return sorted(found)
