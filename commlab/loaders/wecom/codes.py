"""What the corporation set up: corporate tags, and the codes that say where a customer came from.

A contact way, a group join way and an acquisition link each carry a `state`, which contacts and
group members repeat. `chat_status` of an acquisition link's customers (0 did not write, 1 wrote,
2 unknown) is the native one-to-one rate; the unknown are left out of it.
"""

from __future__ import annotations

from commlab.loaders.wecom.answers import KINDS, Answer, mapping, mappings, whole, word
from commlab.loaders.wecom.store import Store

WAYS = {"contact_way": "contact_way", "join_way": "group_join_way", "link": "acquisition_link"}


def tags(store: Store, answer: Answer) -> None:
    """Take an answer of `get_corp_tag_list`."""
    tally = store.tally(KINDS["tag_group"], "tags")
    for group in mappings(answer.body.get("tag_group")):
        for tag in mappings(group and group.get("tag")) or [None]:
            tally.record()
            tag_id, name = word(tag and tag.get("id")), word(tag and tag.get("name"))
            if group is None or tag_id is None or name is None:
                tally.reject("id or name: missing, or not of its type")
                continue
            tally.load("name of a tag")
            store.add("tag_names", tag_id=tag_id, tag=name,
                      tag_group=word(group.get("group_name")), **answer.seen)  # fmt: skip


def way(store: Store, answer: Answer) -> None:
    """Take an answer about a contact way, a group join way or an acquisition link."""
    tally = store.tally(KINDS[answer.kind], "channels")
    for item in mappings(answer.body[answer.kind]) or [mapping(answer.body[answer.kind])]:
        tally.record()
        code = word(item and (item.get("state") or item.get("customer_channel")))
        if code is None:
            tally.reject("no state: nothing leads from a customer to it")
            continue
        tally.load()
        store.add("channels", channel=code, type=WAYS[answer.kind])


def customers(store: Store, answer: Answer) -> None:
    """Take an answer of `customer_acquisition/customer`."""
    tally = store.tally(KINDS["customer_list"], "contacts + touchpoints + channels")
    for item in mappings(answer.body.get("customer_list")):
        tally.record()
        member, staff = (
            word(item and item.get("external_userid")),
            word(item and item.get("userid")),
        )
        if item is None or member is None or staff is None:
            tally.reject("external_userid or userid: missing, or not of its type")
            continue
        tally.load("customer of an acquisition link")
        state = word(item.get("state"))
        if state:
            store.add("channels", channel=state, type=WAYS["link"])
        store.add("clicks", member_id=member, staff_id=staff, channel=state,
                  status=whole(item.get("chat_status")), **answer.seen)  # fmt: skip


def unplaced(store: Store, answer: Answer) -> None:
    """Count an answer that no canonical table has a place for."""
    tally = store.tally(KINDS[answer.kind], "no table")
    tally.record()
    tally.reject("no canonical table holds counts of a link")
