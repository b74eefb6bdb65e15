"""Traps of groups: scenes, inviters, staff among members, ownership."""

import pandas as pd

from commlab.loaders.wecom import groups

from .conftest import customer, group, local

NAME = "externalcontact/groupchat/get"


def stay(loaded, member, where=1):
    table = loaded.table("memberships")
    found = table[(table["member_id"] == member) & (table["group_id"] == group(where))]
    (row,) = found.to_dict("records")
    return row


def test_scenes_of_answers_and_unknown_ones(loaded):
    scenes = {n: stay(loaded, customer(n))["join_scene"] for n in (0, 1, 2)}
    assert scenes == {0: "qr", 1: "invite", 2: "link"}
    assert pd.isna(stay(loaded, customer(7))["join_scene"])
    assert loaded.account(NAME).altered[groups.UNKNOWN_SCENE].rows == 2


def test_an_inviter_is_staff_only(loaded):
    assert stay(loaded, customer(1))["inviter_id"] == "zhangsan"
    assert loaded.table("referrals").empty


def test_staff_are_in_the_group_and_no_members(loaded):
    assert stay(loaded, "zhangsan")["joined_at"] == local("2026-05-01 09:00")
    assert "zhangsan" not in set(loaded.table("members")["member_id"])


def test_the_latest_name_and_the_state_of_ownership(loaded):
    held = loaded.table("groups").set_index("group_id")
    assert held.loc[group(1), "name"] == "青禾一群（新）"
    assert list(held.loc[group(2), "tags"]) == ["status: owner_left"]
    assert held.loc[group(1), "tags"] is None


def test_who_came_by_a_group_has_the_groups_code(folder):
    loaded = folder({"g.json": {"group_chat": {
        "chat_id": "wr1", "create_time": 1779242400, "owner": "a", "member_list": [
            {"userid": "wm1", "type": 2, "join_time": 1779246000, "join_scene": 3, "state": "s1"},
            {"userid": "wm2", "type": 2, "join_scene": 3}, 5]}}})  # fmt: skip
    assert loaded.table("members")["channel"].tolist() == ["s1"]
    assert loaded.table("channels")["channel"].tolist() == ["s1"]
    assert loaded.reasons(NAME) == {
        "member: join_time: missing, or not of its type": [3],
        "member: not an object": [4],
    }
    # Without a dated folder nobody is known to have been looked at, or to have stayed.
    row = loaded.table("memberships").iloc[0]
    assert pd.isna(row["observed_from"])
    assert pd.isna(row["left_at"])
    assert any("no known day" in note for note in loaded.report.notes)
