"""Callbacks of contacts and groups: what happened, at the moment it did, where it was kept.

Callbacks get lost and come twice or out of order, so they add to snapshots and never replace them.
`JoinScene` here is 0 invited, 3 QR code (answers count from 1). `MemChangeList`, which newer ones
have, names who came or went; without it only `MemChangeCnt` is known.
"""

from __future__ import annotations

from typing import Any

from commlab.loaders.wecom.answers import KINDS, Answer, mapping, seconds, whole, word
from commlab.loaders.wecom.store import Store, Tally

INTO = "contacts + memberships + group_days + groups"
FRIENDS = {"add_external_contact": "added", "add_half_external_contact": "added",
           "del_external_contact": "staff", "del_follow_user": "customer"}  # fmt: skip
MEMBERS = {"add_member": "joined", "del_member": "left"}
NOTHING = "changes nothing that a table holds"


def take(store: Store, answer: Answer) -> None:
    """Take one callback."""
    tally = store.tally(KINDS["Event"], INTO)
    tally.record()
    body = answer.body
    at = seconds(body.get("CreateTime"))
    if at is None:
        tally.reject("CreateTime: missing, or not a time")
    elif body.get("Event") == "change_external_contact":
        _friend(store, tally, body, at)
    elif body.get("Event") == "change_external_chat":
        _group(store, tally, body, at)
    else:
        tally.reject("another event")


def _friend(store: Store, tally: Tally, body: dict[str, Any], at: int) -> None:
    what = FRIENDS.get(word(body.get("ChangeType")) or "")
    if what is None:
        tally.reject(NOTHING)
        return
    member, staff = word(body.get("ExternalUserID")), word(body.get("UserID"))
    if member is None or staff is None:
        tally.reject("ExternalUserID or UserID: missing")
        return
    tally.load("friendship made or ended")
    store.add("friend_events", member_id=member, staff_id=staff, moment=at, what=what,
              channel=word(body.get("State")))  # fmt: skip


def _group(store: Store, tally: Tally, body: dict[str, Any], at: int) -> None:
    group_id, change = word(body.get("ChatId")), word(body.get("ChangeType"))
    detail = word(body.get("UpdateDetail")) or ""
    if group_id is None:
        tally.reject("ChatId: missing")
    elif change == "dismiss":
        tally.load("group closed")
        store.add("group_events", group_id=group_id, moment=at, what="closed", count=0)
    elif change == "update" and detail in MEMBERS:
        people = _changed(body.get("MemChangeList"))
        count = whole(body.get("MemChangeCnt"))
        scene = whole(body.get("JoinScene" if detail == "add_member" else "QuitScene"))
        row = {"group_id": group_id, "moment": at, "what": MEMBERS[detail], "scene": scene}
        if not people and count is None:
            tally.reject("neither MemChangeCnt nor MemChangeList")
            return
        tally.load("members who came or went")
        # The count stands in one row only: it is summed.
        store.add("group_events", count=len(people) if count is None else count, **row)
        for person in people:
            store.add("group_events", member_id=person, count=0, **row)
    else:
        tally.reject(NOTHING)


def _changed(value: object) -> list[str]:
    """Who is in a MemChangeList: a list, or what XML makes of one."""
    inner = mapping(value).get("Item", value)
    items = inner if isinstance(inner, list) else [inner]
    found = (
        word(mapping(item).get("Item")) if isinstance(item, dict) else word(item) for item in items
    )
    return [item for item in found if item is not None]
