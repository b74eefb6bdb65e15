"""Contacts: friendships of customers and staff, from single and batch answers.

One customer has several followers: one member per `external_userid`, the first `createtime` wins.
`add_way` keeps its code; 201 (shared by a colleague) and 202 (assigned) are hand-overs and no
acquisition, so they never are a member's channel. Remarks and descriptions are not loaded; phone
numbers in `remark_mobiles` are hashed into `identities`.
"""

from __future__ import annotations

import functools
from typing import Any

from commlab import privacy
from commlab.loaders import identifiers
from commlab.loaders.wecom.answers import KINDS, Answer, mapping, mappings, seconds, whole, word
from commlab.loaders.wecom.store import Store, Tally

INTO = "contacts + members + tags + identities"
# Codes of the documentation; a code that is not among them is kept as its number.
ADD_WAYS = {
    0: "unknown", 1: "qr_code", 2: "phone_search", 3: "card", 4: "group_chat", 5: "phone_book",
    6: "wechat_contact", 7: "friend_request", 8: "third_party", 9: "email", 10: "video_channel",
    11: "calendar", 12: "meeting", 13: "friends_wecom", 14: "hardware", 15: "door_service",
    16: "acquisition_link", 17: "custom", 18: "demand_reply", 21: "pre_sales", 22: "partner",
    24: "accepted_request", 201: "shared_by_colleague", 202: "assigned",
}  # fmt: skip
HANDED_OVER = ("shared_by_colleague", "assigned")
GENDERS = {0: "unknown", 1: "male", 2: "female"}
TAG_SOURCES = {1: "corporate", 2: "personal", 3: "rule"}
FRIENDSHIP = "friendship as seen"
UNKNOWN_WAY = "add_way is a code that this version does not know: kept as its number"


@functools.lru_cache(maxsize=100_000)  # every day's answers name the same people
def _hash(kind: str, value: str, _secret: bytes) -> str:
    return identifiers.identifier_hash(kind, value)


def hashed(kind: str, value: str | None) -> str | None:
    """Return the hash of an identifier: nothing else of it is kept."""
    return None if value is None else _hash(kind, value, privacy.secret())


def contact(store: Store, answer: Answer) -> None:
    """Take an answer of `externalcontact/get`."""
    tally = store.tally(KINDS["external_contact"], INTO)
    person = mapping(answer.body.get("external_contact"))
    follows = mappings(answer.body.get("follow_user"))
    if not follows:
        tally.record()
        tally.reject("no follow_user: the customer has no friend in the corporation")
    for follow in follows:
        _friendship(store, tally, answer, person, follow)


def batch(store: Store, answer: Answer) -> None:
    """Take an answer of `externalcontact/batch/get_by_user`."""
    tally = store.tally(KINDS["external_contact_list"], INTO)
    for item in mappings(answer.body.get("external_contact_list")):
        person = mapping(item and item.get("external_contact"))
        _friendship(store, tally, answer, person, item and item.get("follow_info"))


def _friendship(
    store: Store, tally: Tally, answer: Answer, person: dict[str, Any], follow: object
) -> None:
    tally.record()
    if not isinstance(follow, dict):
        tally.reject("not an object")
        return
    member, staff = word(person.get("external_userid")), word(follow.get("userid"))
    added = seconds(follow.get("createtime"))
    for value, name in ((member, "external_userid"), (staff, "userid"), (added, "createtime")):
        if value is None:
            tally.reject(f"{name}: missing, or not of its type")
            return
    tally.load(FRIENDSHIP)
    code = whole(follow.get("add_way"))
    way = None if code is None else ADD_WAYS.get(code, str(code))
    if code is not None and code not in ADD_WAYS:
        tally.alter(UNKNOWN_WAY)
    store.add("contacts", member_id=member, staff_id=staff, added_at=added, add_way=way,
              channel=word(follow.get("state")), **answer.seen)  # fmt: skip
    store.add(
        "people", member_id=member, nickname=word(person.get("name")), moment=added,
        gender=GENDERS.get(whole(person.get("gender")) or 0) if "gender" in person else None,
        unionid=hashed("unionid", word(person.get("unionid"))), **answer.seen,
    )  # fmt: skip
    store.add("staff", staff_id=staff, role="adviser")
    numbers = follow.get("remark_mobiles")
    for cell in numbers if isinstance(numbers, list) else []:
        if isinstance(cell, str) and (number := identifiers.phone(cell)):
            store.add("phones", member_id=member, phone=hashed("phone", number))
    _tags(store, tally, follow, {"member_id": member, "staff_id": staff, **answer.seen})


def _tags(store: Store, tally: Tally, follow: dict[str, Any], row: dict[str, Any]) -> None:
    for tag in mappings(follow.get("tags")):
        name = word(tag and tag.get("tag_name"))
        if tag is None or name is None:
            tally.alter("a tag without a name was left out")
            continue
        source = TAG_SOURCES.get(whole(tag.get("type")) or 0)
        store.add("tags", tag=name, tag_id=word(tag.get("tag_id")), source=source,
                  tag_group=word(tag.get("group_name")), **row)  # fmt: skip
    ids = follow.get("tag_id")
    for item in ids if isinstance(ids, list) else []:
        if name := word(item):
            store.add("tags", tag_id=name, source="corporate", **row)
