"""Pieces of content with who made them, and whether they were sent again: the long tail (B13)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics.contents import content_rows

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
        clicks, resent (sends after the first day and within the tail; missing without sends that
        name contents, and where the tail is not over), resent_clicked (those that were clicked).

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
    told = {"content_id", "sent_at"} <= (ds.columns("sends") if ds.has("sends") else set())
    if told:
        found = _sent_again(ds, tail_days).set_index("content_id")
        over = rows["posted_at"] + pd.Timedelta(days=tail_days) <= pd.Timestamp(ds.end)
        for name in ("resent", "resent_clicked"):
            count = rows["content_id"].map(found[name]).fillna(0)
            out[name] = count.where(over).astype("Int64")
    return out


def _sent_again(ds: Dataset, tail_days: int) -> pd.DataFrame:
    c, s = ds.table("contents"), ds.table("sends")
    sends = s.filter(s.content_id.notnull(), s.sent_at.notnull())
    clicked = "clicked_at" in ds.columns("sends")
    sends = sends.select(
        "content_id", "sent_at",
        hit=sends.clicked_at.notnull().cast("int64") if clicked else 0,
    )  # fmt: skip
    both = sends.inner_join(c.select("content_id", "posted_at"), "content_id")
    both = both.filter(
        both.sent_at >= both.posted_at + dt.timedelta(days=AGAIN_DAYS),
        both.sent_at < both.posted_at + dt.timedelta(days=tail_days),
    )
    counts = both.group_by("content_id").agg(resent=both.count(), resent_clicked=both.hit.sum())
    return ds.frame(counts, ["content_id"])
