"""Traps of customers' answers: several followers, hand-overs, codes, tags, times in seconds."""

import pandas as pd

from commlab.loaders import identifiers
from commlab.loaders.wecom import contacts

from .conftest import customer, local

SINGLE, BATCH = "externalcontact/get", "externalcontact/batch/get_by_user"


def friendship(loaded, member, staff="zhangsan"):
    table = loaded.table("contacts")
    (row,) = table[(table["member_id"] == member) & (table["staff_id"] == staff)].to_dict("records")
    return row


def test_a_customer_with_two_followers_is_one_member_since_the_first(loaded):
    table = loaded.table("contacts")
    assert (table["member_id"] == customer(0)).sum() == 2
    members = loaded.table("members").set_index("member_id")
    assert members.index.is_unique
    assert members.loc[customer(0), "joined_at"] == local("2026-05-20 10:00")
    assert members.loc[customer(0), "adviser_id"] == "zhangsan"


def test_times_are_seconds_and_milliseconds_are_refused(loaded):
    assert friendship(loaded, customer(1))["added_at"] == local("2026-05-21 10:00")
    reasons = loaded.reasons(BATCH)
    assert reasons == {"createtime: missing, or not of its type": [4]}
    assert customer(9) not in set(loaded.table("contacts")["member_id"])


def test_add_ways_are_words_and_unknown_codes_are_kept(loaded):
    assert friendship(loaded, customer(0))["add_way"] == "qr_code"
    assert friendship(loaded, customer(1))["add_way"] == "acquisition_link"
    assert friendship(loaded, "woQH0000000000000000000000000001")["add_way"] == "999"
    assert loaded.account(BATCH).altered[contacts.UNKNOWN_WAY].rows == 3
    assert {contacts.ADD_WAYS[code] for code in (201, 202)} == set(contacts.HANDED_OVER)


def test_hand_overs_are_no_acquisition(loaded):
    members = loaded.table("members").set_index("member_id")
    assert friendship(loaded, customer(2))["channel"] == "shared-code"
    assert pd.isna(members.loc[customer(2), "channel"])
    assert members.loc[customer(0), "channel"] == "store-01"
    assert any("2 contacts were shared by a colleague or assigned" in note
               for note in loaded.report.notes)  # fmt: skip


def test_a_missing_field_is_not_zero(loaded):
    members = loaded.table("members").set_index("member_id")
    # Gender 0 is "unknown" as stated; a group's answer has none.
    assert members.loc["woQH0000000000000000000000000001", "gender"] == "unknown"
    assert pd.isna(members.loc[customer(4), "gender"])


def test_batch_answers_have_tag_ids_which_the_tag_list_names(loaded):
    tags = loaded.table("tags")
    own = tags[tags["member_id"] == customer(1)]
    assert sorted(own["tag"]) == ["t9", "银卡"]
    assert own.set_index("tag").loc["银卡", "tag_group"] == "会员"
    assert any("1 tags stand under their ids" in note for note in loaded.report.notes)
    assert set(tags["source"]) == {"corporate", "personal"}


def test_staff_whose_name_begins_like_a_customers_id_is_staff(loaded):
    assert "wonglili" in set(loaded.table("staff")["staff_id"])
    assert "wonglili" not in set(loaded.table("members")["member_id"])


def test_phones_and_unionids_are_hashed_and_remarks_are_not_loaded(loaded):
    held = loaded.table("identities")
    own = held[held["member_id"] == customer(0)].set_index("kind")["value_hash"]
    assert own["phone"] == identifiers.identifier_hash("phone", "13800000001")
    assert own["unionid"] == identifiers.identifier_hash("unionid", "oQH-0")
    text = loaded.report.to_json() + "".join(
        loaded.table(path.stem).to_csv() for path in loaded.folder.glob("*.parquet")
    )
    assert not [word for word in ("13800000001", "oQH-0", "某女士") if word in text]


def test_a_customer_without_followers_is_counted(folder):
    loaded = folder({
        "a.json": {"external_contact": {"external_userid": "wm1"}, "follow_user": []},
        "b.json": {"external_contact": {"external_userid": "wm2"},
                   "follow_user": [{"userid": "a", "createtime": 1779242400}, 7, {"userid": "a"}]},
    })  # fmt: skip
    assert loaded.account(SINGLE).rows == 4
    assert set(loaded.reasons(SINGLE)) == {
        "no follow_user: the customer has no friend in the corporation", "not an object",
        "createtime: missing, or not of its type"}  # fmt: skip
    (row,) = loaded.table("contacts").to_dict("records")
    assert row["add_way"] is None or pd.isna(row["add_way"])
