"""Counts by day: group statistics by owner, and the behaviour of staff.

Totals and `…_has_msg` are as of a day: each stands in the row of its day and is never summed. A
field that is missing stays empty: it is not 0. Both answers go back 180 days at most.
"""

from __future__ import annotations

from typing import Any

from commlab.loaders.wecom.answers import (
    DAY,
    KINDS,
    Answer,
    mapping,
    mappings,
    seconds,
    whole,
    word,
)
from commlab.loaders.wecom.store import Store

NO_DAY = "the answer names no day: save it with its request, or in a dated folder"
SEVERAL = "covers several days, whose counts cannot be told apart"
NO_STAFF = "the answer names no account: save it with its request"
_SHANGHAI = 8 * 3_600_000_000
GROUP_FIELDS = {"members": "member_total", "members_active": "member_has_msg",
                "messages": "msg_total", "joined": "new_member_cnt"}  # fmt: skip
STAFF_FIELDS = {"chats": "chat_cnt", "messages": "message_cnt",
                "negative_feedback": "negative_feedback_cnt",
                "new_contacts": "new_contact_cnt"}  # fmt: skip


def local_day(micros: int) -> int:
    """Return the number of the Beijing day since 1970."""
    return (micros + _SHANGHAI) // DAY


def groups(store: Store, answer: Answer) -> None:
    """Take an answer of `groupchat/statistic`, by owner or by day."""
    tally = store.tally(KINDS["items"], "group_days")
    filtered = mapping(answer.request.get("owner_filter")).get("userid_list")
    single = filtered[0] if isinstance(filtered, list) and len(filtered) == 1 else None
    for item in mappings(answer.body.get("items")):
        tally.record()
        data = item and item.get("data")
        if item is None or not isinstance(data, dict):
            tally.reject("not an object with data")
            continue
        day, reason = _day(item, answer)
        if day is None:
            tally.reject(reason)
            continue
        owner = word(item.get("owner")) if "owner" in item else word(single)
        tally.load()
        counts = {ours: whole(data.get(theirs)) for ours, theirs in GROUP_FIELDS.items()}
        store.add("group_days", owner_id=owner, on=day, **answer.seen, **counts)


def _day(item: dict[str, Any], answer: Answer) -> tuple[int | None, str]:
    if "stat_time" in item:
        at = seconds(item["stat_time"])
        return (None, "stat_time: not a time") if at is None else (local_day(at), "")
    begin = seconds(answer.request.get("day_begin_time"))
    end = seconds(answer.request.get("day_end_time"))
    if begin is not None:
        several = end is not None and local_day(end) != local_day(begin)
        return (None, SEVERAL) if several else (local_day(begin), "")
    if answer.at is not None:
        return local_day(answer.at.low), ""
    return None, NO_DAY


def behaviour(store: Store, answer: Answer) -> None:
    """Take an answer of `get_user_behavior_data`."""
    tally = store.tally(KINDS["behavior_data"], "staff_days")
    asked = answer.request.get("userid")
    several = asked if isinstance(asked, list) else [asked]
    staff = word(several[0]) if len(several) == 1 else None
    for item in mappings(answer.body.get("behavior_data")):
        tally.record()
        at = seconds(item and item.get("stat_time"))
        if item is None or at is None:
            tally.reject("stat_time: missing, or not a time")
            continue
        if staff is None:
            tally.reject(NO_STAFF)
            continue
        tally.load()
        percent, minutes = (
            _number(item.get("reply_percentage")),
            _number(item.get("avg_reply_time")),
        )
        store.add(
            "staff_days", staff_id=staff, on=local_day(at), **answer.seen, reply_minutes=minutes,
            reply_share=None if percent is None else percent / 100,
            **{ours: whole(item.get(theirs)) for ours, theirs in STAFF_FIELDS.items()},
        )  # fmt: skip
        store.add("staff", staff_id=staff, role="adviser")


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12:
        return float(value)
    return None
