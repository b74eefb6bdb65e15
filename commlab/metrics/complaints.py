"""Messages of members that complain, by a list of words; how many, where, and which words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics import replies
from commlab.metrics.clustered import flag
from commlab.metrics.complaint_words import complaint_words, patterns

if TYPE_CHECKING:
    from commlab.dataset import Dataset

RECENT_DAYS = 28  # four weeks: every weekday four times
BEFORE_DAYS = 84  # twelve weeks to compare with
# What others said is not the writer's.
_QUOTE = '^(?:「[^」]*」|这是一条引用/回复消息[^”"]*[”"])[-—\\s]*'


def member_texts(ds: Dataset, days: int) -> ir.Table:
    """Return what members wrote in groups: member_id, group_id, message_id, sent_at, text.

    No staff, nothing revoked, no advertising; quoted words of others are cut off.

    Raises:
        MissingTableError: There are no messages with text.
    """
    guards.whole("days", days, low=1)
    if not replies.has_text(ds):
        raise MissingTableError(
            "what members write about needs messages.text.",
            where=ds.name,
            fix="Load the message archive.",
        )
    m = ds.table("messages")
    start = ds.end - dt.timedelta(days=days)
    m = m.filter(~m.revoked, m.member_id.notnull(), m.group_id.notnull(), m.sent_at >= start)
    m = m.filter(m.text.notnull(), m.is_ad.fill_null("none") == "none")
    m = m.anti_join(ds.staff_ids(), "member_id")
    return m.select(
        "message_id", "member_id", "group_id", "sent_at", text=m.text.re_replace(_QUOTE, "")
    )


def _flagged(ds: Dataset, days: int) -> ir.Table:
    settings = ds.settings
    words, turned = patterns(complaint_words(settings.negative_words, settings.negative_except))
    rows = member_texts(ds, days)
    plain = rows.text.lower().re_replace(turned, " ")
    return rows.mutate(plain=plain, negative=flag(plain.re_search(words)))


def complaint_counts(
    ds: Dataset, recent_days: int = RECENT_DAYS, before_days: int = BEFORE_DAYS
) -> pd.DataFrame:
    """Return messages and complaints by group, in the last days and in those before.

    Args:
        ds: The dataset, with messages that have text.
        recent_days: Days up to `as_of` that are looked at.
        before_days: Days before them that they are compared with.

    Returns:
        Frame by group: group_id, messages, negative (complaints), people (who complained) of the
        recent days, messages_before, negative_before.

    Raises:
        MissingTableError: Messages have no text.
        NotEnoughDataError: No member wrote in the window.
    """
    guards.whole("recent_days", recent_days, low=1)
    guards.whole("before_days", before_days, low=1)
    rows = _flagged(ds, recent_days + before_days)
    late = rows.sent_at >= ds.end - dt.timedelta(days=recent_days)
    counts = rows.group_by("group_id").agg(
        messages=rows.count(where=late),
        negative=rows.negative.sum(where=late).fill_null(0),
        people=rows.member_id.nunique(where=late & (rows.negative == 1)),
        messages_before=rows.count(where=~late),
        negative_before=rows.negative.sum(where=~late).fill_null(0),
    )
    frame = ds.frame(counts, ["group_id"])
    if frame.empty:
        raise NotEnoughDataError("no member wrote in a group in the window.")
    return frame


def complaint_terms(
    ds: Dataset, recent_days: int = RECENT_DAYS, before_days: int = BEFORE_DAYS
) -> pd.DataFrame:
    """Return how often each word of complaint was used.

    Args:
        ds: The dataset, with messages that have text.
        recent_days: Days up to `as_of` that are looked at.
        before_days: Days before them.

    Returns:
        Frame: word, messages, people (of the recent days), messages_before; those used only, most
        used first. A message with two words counts for both.
    """
    settings = ds.settings
    rows = _flagged(ds, recent_days + before_days)
    rows = rows.filter(rows.negative == 1)
    texts = ds.frame(
        rows.select("message_id", "member_id", "sent_at", "plain"), ["sent_at", "message_id"]
    )
    since = pd.Timestamp(ds.end - dt.timedelta(days=recent_days))
    late = texts["sent_at"] >= since
    found = []
    for term in complaint_words(settings.negative_words, settings.negative_except):
        has = texts["plain"].str.contains(patterns([term])[0], regex=True)
        if has.any():
            people = texts.loc[has & late, "member_id"].nunique()
            found.append((term, int((has & late).sum()), people, int((has & ~late).sum())))
    frame = pd.DataFrame(found, columns=["word", "messages", "people", "messages_before"])
    order = ["messages", "messages_before", "word"]
    return frame.sort_values(order, ascending=[False, False, True], ignore_index=True)


def complaint_list(ds: Dataset, recent_days: int = RECENT_DAYS, most: int = 500) -> pd.DataFrame:
    """Return the complaints themselves, the latest first: for `private/` only.

    Args:
        ds: The dataset, with messages that have text.
        recent_days: Days up to `as_of`.
        most: Most messages listed.

    Returns:
        Frame with the columns of the list `complaints` (`commlab.tables.lists`).
    """
    rows = _flagged(ds, recent_days)
    rows = rows.filter(rows.negative == 1)
    rows = rows.order_by(ibis.desc("sent_at"), "message_id").limit(most)
    frame = ds.frame(rows.select("group_id", "member_id", "sent_at", "text", "plain", "message_id"))
    frame = frame.sort_values(["sent_at", "message_id"], ascending=[False, True])
    settings = ds.settings
    search = patterns(complaint_words(settings.negative_words, settings.negative_except))[0]
    words = frame["plain"].str.findall(search).map(lambda found: "、".join(dict.fromkeys(found)))
    return pd.DataFrame(
        {
            "member_id": frame["member_id"], "group_id": frame["group_id"],
            "written_on": frame["sent_at"].dt.date, "words": words, "text": frame["text"],
        }
    ).reset_index(drop=True)  # fmt: skip
