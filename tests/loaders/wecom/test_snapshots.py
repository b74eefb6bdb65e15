"""Leaving as an interval, delayed entry, time to tag: what days that were saved can tell."""

import pandas as pd
import pytest

from commlab.loaders.wecom.answers import _moment

from .conftest import customer, group, local, seconds
from .test_contacts import friendship
from .test_groups import stay


def test_leaving_is_between_the_last_snapshot_with_and_the_first_without(loaded):
    row = friendship(loaded, customer(2))
    assert row["deleted_at"] == local("2026-06-02 03:00")
    assert row["deleted_by"] is None or pd.isna(row["deleted_by"])
    # The second group was not saved on 2 June: nothing is known of that day.
    row = stay(loaded, customer(4), 2)
    assert row["last_seen_at"] == local("2026-06-01 00:00")
    assert row["left_at"] == local("2026-06-03 03:00")


def test_who_is_back_with_the_same_beginning_never_left(loaded):
    row = stay(loaded, customer(3))
    assert pd.isna(row["left_at"])
    assert row["last_seen_at"] == local("2026-06-03 03:00")


def test_a_row_is_under_observation_since_its_first_snapshot(loaded):
    assert stay(loaded, customer(0))["observed_from"] == local("2026-06-01 00:00")
    assert stay(loaded, customer(7))["observed_from"] == local("2026-06-02 03:00")
    assert friendship(loaded, customer(1))["observed_from"] == local("2026-06-01 00:00")
    # A callback told of its beginning.
    assert friendship(loaded, customer(0))["observed_from"] == local("2026-05-20 10:00")


def test_a_callback_names_the_moment_and_who_ended_it(loaded):
    row = stay(loaded, customer(2))
    moment = local("2026-06-02 18:00")
    assert (row["last_seen_at"], row["left_at"], row["leave_kind"]) == (moment, moment, "removed")
    row = friendship(loaded, customer(1))
    # The account's list keeps a customer who deleted the account: the callback is right.
    assert (row["deleted_at"], row["deleted_by"]) == (local("2026-06-02 21:00"), "customer")


def test_a_friendship_that_no_snapshot_caught_is_known_from_callbacks(loaded):
    row = friendship(loaded, customer(8))
    assert row["added_at"] == row["observed_from"] == local("2026-06-02 09:00")
    assert (row["deleted_at"], row["deleted_by"]) == (local("2026-06-02 09:30"), "staff")
    assert row["channel"] == "store-01"
    # The callback of a friendship that the answers have is the same friendship.
    table = loaded.table("contacts")
    assert ((table["member_id"] == customer(0)) & (table["staff_id"] == "zhangsan")).sum() == 1


def test_a_tag_is_dated_by_the_first_snapshot_that_has_it_after_one_without(loaded):
    tags = loaded.table("tags")
    own = tags[tags["member_id"] == customer(0)].set_index("tag")["tagged_at"]
    assert own["金卡"] == local("2026-06-02 03:00")
    assert pd.isna(own["银卡"])
    assert pd.isna(own["怕冷"])


def test_a_closed_group_ends_its_stays_and_that_is_not_leaving(folder):
    chat = {"chat_id": "wr1", "create_time": seconds("2026-05-01 09:00"), "member_list": [
        {"userid": "wm1", "type": 2, "join_time": seconds("2026-05-02 09:00")}]}  # fmt: skip
    loaded = folder({
        "2026-06-01/g.json": {"group_chat": chat},
        "c.jsonl": [{"Event": "change_external_chat", "ChangeType": "dismiss", "ChatId": "wr1",
                     "CreateTime": seconds("2026-06-05 12:00")}] * 2,
    })  # fmt: skip
    row = loaded.table("memberships").iloc[0]
    assert (row["left_at"], row["leave_kind"]) == (local("2026-06-05 12:00"), "closed")
    assert loaded.table("groups")["closed_at"].tolist() == [local("2026-06-05 12:00")]


def test_a_stay_between_snapshots_and_a_second_stay(folder):
    def chat(*joined):
        members = [{"userid": "wm1", "type": 2, "join_time": seconds(at)} for at in joined]
        return {"group_chat": {"chat_id": "wr1", "create_time": seconds("2026-05-01 09:00"),
                               "member_list": members}}  # fmt: skip

    def event(at, detail, **more):
        return {"Event": "change_external_chat", "ChangeType": "update", "ChatId": "wr1",
                "CreateTime": seconds(at), "UpdateDetail": detail, "MemChangeCnt": 1,
                "MemChangeList": {"Item": ["wm2"]}, **more}  # fmt: skip

    loaded = folder({
        "20260601/g.json": chat("2026-05-02 09:00"), "20260602/g.json": chat(),
        "20260603/g.json": chat("2026-06-02 20:00"),
        "events.jsonl": [event("2026-06-01 13:00", "del_member", QuitScene=0),
                         event("2026-06-01 12:00", "add_member", JoinScene=3)],
    })  # fmt: skip
    table = loaded.table("memberships").set_index(["member_id", "joined_at"])
    first = table.loc[("wm1", local("2026-05-02 09:00"))]
    assert first["left_at"] == local("2026-06-02 23:59:59")
    assert pd.isna(table.loc[("wm1", local("2026-06-02 20:00")), "left_at"])
    short = table.loc[("wm2", local("2026-06-01 12:00"))]
    # Callbacks came out of order. Their scene 3 is a QR code, as in answers; their 0 an invitation.
    assert (short["left_at"], short["leave_kind"], short["join_scene"]) == (
        local("2026-06-01 13:00"), "left", "qr")  # fmt: skip


def test_a_snapshot_that_broke_off_is_told(folder):
    def batch(number):
        return {"external_contact_list": [
            {"external_contact": {"external_userid": f"wm{n}"},
             "follow_info": {"userid": "a", "createtime": 1779242400 + n}}
            for n in range(number)]}  # fmt: skip

    loaded = folder({"2026-06-01/b.json": batch(40), "2026-06-02/b.json": batch(3)})
    assert loaded.table("contacts")["deleted_at"].notna().sum() == 37
    assert any("More than half of all friendships" in note for note in loaded.report.notes)


@pytest.mark.parametrize(
    ("names", "low", "high"),
    [
        (("2026-06-01",), "2026-06-01 00:00", "2026-06-01 23:59:59"),
        (("x", "20260601", "answers"), "2026-06-01 00:00", "2026-06-01 23:59:59"),
        (("2026-06-01T0300",), "2026-06-01 03:00", "2026-06-01 03:00"),
        (("2026-06-01 03-00-30",), "2026-06-01 03:00:30", "2026-06-01 03:00:30"),
        (("2026-05-01", "2026-06-01"), "2026-06-01 00:00", "2026-06-01 23:59:59"),
    ],
)
def test_folders_that_name_a_moment(names, low, high):
    moment = _moment(names)
    assert (moment.low, moment.high) == (seconds(low) * 1_000_000, seconds(high) * 1_000_000)


@pytest.mark.parametrize("name", ["2026-13-01", "20260132", "exports", "2026-06", ""])
def test_folders_that_name_none(name):
    assert _moment((name,)) is None


def test_groups_and_ids(loaded):
    assert set(loaded.table("groups")["group_id"]) == {group(1), group(2)}
