"""Who answers and mentions whom in the chat groups.

Where the export has no reply field, WeChat's own forms are read from the text: the quoted message
above an answer, a name after `@`, and a name with a colon at the head of a line (the habit of IRC).
A name stands for a person where exactly one in that group has it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_DAYS = 90  # a season: long enough for four purchases a year, short enough to have changed

# The two forms in which the message archive of WeCom holds a quoted answer.
_LONG, _SHORT = "这是一条引用/回复消息", "「"
_QUOTED_LONG = '^这是一条引用/回复消息[：:]?\\s*[“"]([^\n]*?)[：:]'
_QUOTED_SHORT = "^「([^\n]*?)[：:]"
_CALLED = "@([^@\u2005\n]+)\u2005"  # WeChat ends a mention with a four-per-em space
_CALLED_PLAIN = "@([^@\\s，。,.：:！!？?]+)"
_HEAD = "^([^\\s：:，,]{2,40})[：:,] "
_ASKS = "[?？]|请问|有没有人|怎么办|吗[。～~!！]*$"
_ASKED_LONG, _ASKED_SHORT = '^[^”"]*[?？]', "^[^」]*[?？]"  # within the quoted words


def window_start(ds: Dataset, window_days: int) -> dt.datetime:
    """Return the local midnight with which a window that ends with `as_of` begins."""
    guards.whole("window_days", window_days, low=1)
    return ds.end - dt.timedelta(days=window_days)


def has_text(ds: Dataset) -> bool:
    """Return whether messages carry words."""
    return ds.has("messages") and "text" in ds.columns("messages")


def spoken(ds: Dataset, window_days: int = WINDOW_DAYS) -> ir.Table:
    """Return the group messages of the window with what they answer, as far as they say so.

    Args:
        ds: The dataset, with messages.
        window_days: Days up to `as_of`.

    Returns:
        Expression: message_id, group_id, member_id, sent_at, kind, is_ad, reply_to, called (name
        of who is quoted or mentioned, null for none), quoted (whether by a quote), listed (id of
        the first person in `mentions`), asks (whether the words ask), asked (whether the quoted
        words ask). Revoked messages and those of nobody are left out.
    """
    m = ds.table("messages")
    m = m.filter(~m.revoked, m.member_id.notnull(), m.sent_at >= window_start(ds, window_days))
    text = m.text.fill_null("")
    none = ibis.null("string")
    long, short = text.startswith(_LONG), text.startswith(_SHORT)
    at, head = text.contains("@"), text.contains(": ") | text.contains(", ")
    spoken_name = ibis.cases(
        (long, text.re_extract(_QUOTED_LONG, 1)),
        (short, text.re_extract(_QUOTED_SHORT, 1)),
        (at & text.contains("\u2005"), text.re_extract(_CALLED, 1)),
        (at, text.re_extract(_CALLED_PLAIN, 1)),
        (head, text.re_extract(_HEAD, 1)),
        else_=none,
    )
    return m.select(
        "message_id", "group_id", "member_id", "sent_at", "kind", "is_ad", "reply_to",
        called=spoken_name.strip().nullif(""),
        quoted=long | short,
        listed=ibis.ifelse(m.mentions.notnull() & (m.mentions.length() > 0), m.mentions[0], none),
        asks=~(long | short) & text.re_search(_ASKS),
        asked=ibis.cases(
            (long, text.re_search(_ASKED_LONG)), (short, text.re_search(_ASKED_SHORT)), else_=False
        ),
    )  # fmt: skip


def addressed(ds: Dataset, window_days: int = WINDOW_DAYS) -> ir.Table:
    """Return the group messages of the window with the person whom each answers or mentions.

    The reply field comes first, then the quoted or mentioned name, then the list of mentions.

    Args:
        ds: The dataset, with messages.
        window_days: Days up to `as_of`.

    Returns:
        Expression, one row a message (staff among the writers): message_id, group_id, member_id,
        sent_at, kind, is_ad, signal ("reply", "quote", "mention", or null: it addresses nobody),
        target (id, null where it cannot be told; it may be the writer), asked (whether what it
        answers was a question), asks.
    """
    rows = spoken(ds, window_days)
    if "reply_to" in ds.columns("messages"):
        # What is answered may be older than the window.
        m = ds.table("messages")
        known = m.select(
            answered="message_id",
            author="member_id",
            question=m.text.fill_null("").re_search(_ASKS),
        )
        rows = rows.left_join(known, rows.reply_to == known.answered)
    else:
        rows = rows.mutate(author=ibis.null("string"), question=ibis.null("boolean"))
    names = _names(ds)
    rows = rows.left_join(names, (rows.group_id == names.room) & (rows.called == names.name))
    target = ibis.coalesce(rows.author, rows.person, rows.listed)
    signal = ibis.cases(
        (rows.reply_to.notnull(), "reply"),
        (rows.quoted, "quote"),
        # A word with a colon or an @ may be no name: it counts where somebody bears it.
        (rows.listed.notnull() | rows.person.notnull(), "mention"),
        else_=ibis.null("string"),
    )
    return rows.select(
        "message_id", "group_id", "member_id", "sent_at", "kind", "is_ad", "asks",
        signal=signal,
        target=target,
        asked=rows.question.fill_null(False) | rows.asked,
    )  # fmt: skip


def _names(ds: Dataset) -> ir.Table:
    """Return the names that one person alone bears in a group: room, name, person."""
    source = "memberships" if ds.has("memberships") else "messages"
    rows = ds.table(source)
    pairs = rows.filter(rows.group_id.notnull() & rows.member_id.notnull())
    pairs = pairs.select("group_id", "member_id").distinct()
    if "nickname" in (ds.columns("members") if ds.has("members") else ()):
        people = ds.table("members").select(known="member_id", nickname="nickname")
        pairs = pairs.inner_join(people, pairs.member_id == people.known)
        pairs = pairs.select("group_id", "member_id", name=pairs.nickname.strip().nullif(""))
    else:
        pairs = pairs.mutate(name="member_id")
    pairs = pairs.filter(pairs.name.notnull())
    once = pairs.group_by(room="group_id", name="name").agg(
        person=pairs.member_id.min(), bearers=pairs.count()
    )
    return once.filter(once.bearers == 1).select("room", "name", "person")


def between_members(ds: Dataset, rows: ir.Table) -> ir.Table:
    """Return the rows of `addressed` in which a member addresses another, staff left out."""
    rows = rows.filter(rows.target != rows.member_id)  # nor those without a target
    staff = ds.staff_ids()
    rows = rows.anti_join(staff, "member_id")
    return rows.anti_join(staff.select(target="member_id"), "target")


def reply_edges(ds: Dataset, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """Return the reply graph: a row for each ordered pair of members.

    Args:
        ds: The dataset, with messages.
        window_days: Days up to `as_of`.

    Returns:
        Frame sorted by source and target: source, target, messages, days (on which it happened),
        answers (to questions).

    Raises:
        MissingTableError: There are no messages.
    """
    return ds.frame(reply_pairs(ds, window_days), ["source", "target"])


def reply_pairs(ds: Dataset, window_days: int = WINDOW_DAYS) -> ir.Table:
    """Return what `reply_edges` returns, still in the engine: for graphs of any size."""
    rows = between_members(ds, addressed(ds, window_days))
    rows = rows.mutate(source="member_id", day=rows.sent_at.date())
    daily = rows.group_by("source", "target", "day").agg(
        messages=rows.count(), answers=rows.asked.cast("int64").sum()
    )
    return daily.group_by("source", "target").agg(
        messages=daily.messages.sum(), days=daily.count(), answers=daily.answers.sum()
    )


def resolution(ds: Dataset, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """Return how many messages that address somebody could be given to a person.

    Returns:
        Frame: signal ("reply", "quote", "mention"), messages, resolved, rate.
    """
    rows = addressed(ds, window_days)
    rows = rows.filter(rows.signal.notnull()).semi_join(ds.people(), "member_id")
    found = rows.group_by("signal").agg(
        messages=rows.count(), resolved=rows.target.notnull().cast("int64").sum()
    )
    frame = ds.frame(found, ["signal"])
    return frame.assign(rate=frame["resolved"] / frame["messages"])
