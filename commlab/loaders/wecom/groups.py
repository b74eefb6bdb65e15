"""Groups and who is in them: `groupchat/get`, `groupchat/list`.

`join_scene` here is 1 invited directly, 2 by link, 3 by QR code; callbacks count differently.
`invitor` names staff only: who of the customers brought whom is in no answer.
"""

from __future__ import annotations

from typing import Any

from commlab.loaders.wecom.answers import KINDS, Answer, mapping, mappings, seconds, whole, word
from commlab.loaders.wecom.contacts import hashed
from commlab.loaders.wecom.store import Store, Tally

INTO = "groups + memberships + members"
SCENES = {1: "invite", 2: "link", 3: "qr"}
STATUSES = {1: "owner_left", 2: "being_inherited", 3: "inherited"}
STAY = "member as seen"
UNKNOWN_SCENE = "join_scene is a code that this version does not know: left empty"


def group(store: Store, answer: Answer) -> None:
    """Take an answer of `groupchat/get`."""
    tally = store.tally(KINDS["group_chat"], INTO)
    chat = mapping(answer.body.get("group_chat"))
    tally.record()
    group_id, created = word(chat.get("chat_id")), seconds(chat.get("create_time"))
    for value, name in ((group_id, "chat_id"), (created, "create_time")):
        if value is None:
            tally.reject(f"group: {name}: missing, or not of its type")
            for _ in mappings(chat.get("member_list")):
                tally.record()
                tally.reject("member of a group that could not be read")
            return
    tally.load("group as seen")
    owner = word(chat.get("owner"))
    store.add("groups", group_id=group_id, name=word(chat.get("name")), created_at=created,
              owner_id=owner, **answer.seen)  # fmt: skip
    if owner:
        store.add("staff", staff_id=owner, role="adviser")
    for member in mappings(chat.get("member_list")):
        _member(store, tally, {"group_id": group_id, **answer.seen}, member)


def _member(store: Store, tally: Tally, row: dict[str, Any], member: dict[str, Any] | None) -> None:
    tally.record()
    if member is None:
        tally.reject("member: not an object")
        return
    person, joined = word(member.get("userid")), seconds(member.get("join_time"))
    for value, name in ((person, "userid"), (joined, "join_time")):
        if value is None:
            tally.reject(f"member: {name}: missing, or not of its type")
            return
    tally.load(STAY)
    code = whole(member.get("join_scene"))
    if code is not None and code not in SCENES:
        tally.alter(UNKNOWN_SCENE)
    staff = whole(member.get("type")) == 1
    nick = word(member.get("group_nickname")) or word(member.get("name"))
    store.add("stays", member_id=person, joined_at=joined, join_scene=SCENES.get(code or 0),
              inviter_id=word(mapping(member.get("invitor")).get("userid")), nick=nick,
              staff=staff, channel=word(member.get("state")), **row)  # fmt: skip
    if staff:
        store.add("staff", staff_id=person, role="other")
        return
    store.add("people", member_id=person, nickname=word(member.get("name")), moment=joined,
              unionid=hashed("unionid", word(member.get("unionid"))), low=row.get("low"),
              high=row.get("high"))  # fmt: skip


def listed(store: Store, answer: Answer) -> None:
    """Take an answer of `groupchat/list`: the state of each group's ownership."""
    tally = store.tally(KINDS["group_chat_list"], "groups")
    for item in mappings(answer.body.get("group_chat_list")):
        tally.record()
        group_id, status = word(item and item.get("chat_id")), whole(item and item.get("status"))
        if group_id is None or status is None:
            tally.reject("chat_id or status: missing, or not of its type")
            continue
        tally.load()
        store.add("group_status", group_id=group_id, status=status, **answer.seen)
