"""Traps of counts by day: as of the day and never summed, by owner, absent without chats."""

import datetime as dt

import pandas as pd

from commlab.loaders.wecom import statistics

from .conftest import group, seconds

GROUPS, STAFF = "externalcontact/groupchat/statistic", "externalcontact/get_user_behavior_data"
DAY = dt.date(2026, 6, 1)


def test_totals_are_as_of_their_day_one_row_a_day_and_owner(loaded):
    held = loaded.table("group_days")
    own = held[held["owner_id"] == "zhangsan"].set_index("on")
    assert own["members"].to_dict() == {DAY: 6, dt.date(2026, 6, 2): 7}
    # The day was saved twice, by owner and by day: it counts once.
    assert own["messages"].to_dict() == {DAY: 12, dt.date(2026, 6, 2): 20}
    assert own["group_id"].isna().all()


def test_several_days_in_one_and_no_day_are_refused(loaded):
    assert loaded.reasons(GROUPS) == {statistics.SEVERAL: [5], statistics.NO_DAY: [6]}
    assert not {98, 99} & set(loaded.table("group_days")["messages"].dropna())


def test_a_missing_count_is_not_zero(loaded):
    held = loaded.table("group_days")
    row = held[held["owner_id"] == "wonglili"].iloc[0]
    assert pd.isna(row["messages"])
    assert row["members"] == 6


def test_reply_share_is_a_share_and_absent_without_chats(loaded):
    held = loaded.table("staff_days").set_index("on")
    assert held.loc[DAY, "reply_share"] == 0.805
    assert held.loc[DAY, "reply_minutes"] == 3
    quiet = held.loc[dt.date(2026, 6, 2)]
    assert quiet["chats"] == 0
    assert pd.isna(quiet["reply_share"])


def test_whose_behaviour_it_is_the_request_says(loaded):
    assert loaded.reasons(STAFF) == {statistics.NO_STAFF: [3]}
    assert set(loaded.table("staff_days")["staff_id"]) == {"zhangsan"}


def test_an_overlapping_answer_of_a_later_day_is_right(folder):
    def answer(count):
        return {"request": {"userid": ["a"]}, "response": {"behavior_data": [
            {"stat_time": seconds("2026-06-01 00:00:00"), "chat_cnt": count}]}}  # fmt: skip

    loaded = folder({"2026-06-03/a.json": answer(5), "2026-06-02/a.json": answer(3)})
    assert loaded.table("staff_days")["chats"].tolist() == [5]


def test_a_dated_folder_gives_the_day_of_an_answer_that_names_none(folder):
    body = {"items": [{"owner": "a", "data": {"member_total": 3}}]}
    loaded = folder({"2026-06-01/s.json": body})
    row = loaded.table("group_days").iloc[0]
    assert (row["on"], row["owner_id"], row["members"]) == (DAY, "a", 3)


def test_counts_of_callbacks_stand_beside_those_of_owners(loaded):
    held = loaded.table("group_days")
    row = held[held["group_id"] == group(1)].iloc[0]
    # The removal came twice, as callbacks do: it counts once.
    assert (row["joined"], row["left"]) == (2, 1)
    assert pd.isna(row["owner_id"])
