"""Pieces of content with who made them, and whether they were sent again: the long tail (B13)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics.contents import content_rows
from commlab.metrics.sends import receipts

if TYPE_CHECKING:
    from commlab.dataset import Dataset

TAIL_DAYS = 90  # the trade counts what an opinion leader's content brings over a season
AGAIN_DAYS = 1  # a send within a day of the post is the post itself


def member_pieces(ds: Dataset, window_days: int = 365, tail_days: int = TAIL_DAYS) -> pd.DataFrame:
    """Return the pieces of content of the window and the sends that took them up again.

    Args:
        ds: The dataset, with contents that name who made them; sends tell of later use.
        window_days: Days up to `as_of`.
        tail_days: Days after posting in which a send counts.

    Returns:
        Frame by time: content_id, creator_id (missing: the brand), group_id, by_member, exposures,
        clicks, resent (sends that arrived after the first day and within the tail; missing where no
        send names contents, and where the tail is not over), resent_clicked (those that were
        clicked; missing too where no click is known).

    Raises:
        MissingTableError: There are no contents, or they do not name who made them.
        NotEnoughDataError: No member made a piece in the window.
    """
    guards.whole("tail_days", tail_days, low=AGAIN_DAYS + 1)
    if not ds.has("contents") or "creator_id" not in ds.columns("contents"):
        raise MissingTableError(
            "what becomes of members' content needs contents.creator_id.", where=ds.name,
            fix="Load contents with who made them.",
        )  # fmt: skip
    rows = content_rows(ds, window_days)
    if not rows["by_member"].any():
        raise NotEnoughDataError(f"no member made content in the last {window_days} days.")
    names = ["content_id", "creator_id", "group_id", "by_member", "exposures", "clicks"]
    none = pd.array([pd.NA] * len(rows), dtype="Int64")
    out = rows[names].assign(resent=none, resent_clicked=none)
    found = _sent_again(ds, window_days, tail_days) if ds.has("sends") else None
    if found is not None:
        over = rows["posted_at"] + pd.Timedelta(days=tail_days) <= pd.Timestamp(ds.end)
        for name in found.columns.drop("content_id"):
            count = rows["content_id"].map(found.set_index("content_id")[name]).fillna(0)
            out[name] = count.where(over).astype("Int64")
    return out


def _sent_again(ds: Dataset, window_days: int, tail_days: int) -> pd.DataFrame | None:
    """Return later sends by content, without clicks where none is known; None: none is named."""
    sends = receipts(ds, window_days)
    sends = sends.filter(sends.content_id.notnull(), sends.delivered == 1)
    told = ds.frame(sends.agg(sends=sends.count(), clicks=sends.clicked.sum()))
    if not int(told["sends"].iloc[0]):
        return None
    c = ds.table("contents").select("content_id", "posted_at")
    both = sends.filter(sends.sent_at.notnull()).inner_join(c, "content_id")
    both = both.filter(
        both.sent_at >= both.posted_at + dt.timedelta(days=AGAIN_DAYS),
        both.sent_at < both.posted_at + dt.timedelta(days=tail_days),
    )
    counts = both.group_by("content_id").agg(resent=both.count(), resent_clicked=both.clicked.sum())
    frame = ds.frame(counts, ["content_id"])
    return frame if told["clicks"].iloc[0] > 0 else frame.drop(columns="resent_clicked")
