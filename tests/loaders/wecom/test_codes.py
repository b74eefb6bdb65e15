"""Traps of channel codes and acquisition links."""

from .conftest import customer, local


def test_codes_of_contact_ways_groups_and_links(loaded):
    held = loaded.table("channels").set_index("channel")["type"].to_dict()
    assert held["store-01"] == "contact_way"
    assert held["grp-01"] == "group_join_way"
    assert held["link-a"] == "acquisition_link"


def test_the_one_to_one_rate_leaves_the_unknown_out(loaded):
    note = (
        "Acquisition links: 1 of 2 customers wrote (50%); 1 of whom it is not known are left out."
    )
    assert note in loaded.report.notes


def test_who_wrote_is_a_touchpoint_known_by_the_day_of_the_answer(loaded):
    (row,) = loaded.table("touchpoints").to_dict("records")
    assert (row["member_id"], row["event"], row["channel"]) == (customer(1), "chatted", "link-a")
    assert row["at"] == local("2026-06-01 23:59:59")


def test_clicks_of_a_link_have_no_table_and_are_counted(loaded):
    account = loaded.account("externalcontact/customer_acquisition/statistic")
    assert (account.rows, account.rows_not_loaded) == (1, 1)


def test_a_link_gives_its_code_to_a_friendship_that_has_none(folder):
    loaded = folder({
        "a.json": {"external_contact": {"external_userid": "wm1"},
                   "follow_user": [{"userid": "a", "createtime": 1779242400, "add_way": 16}]},
        "b.json": {"customer_list": [{"external_userid": "wm1", "userid": "a", "chat_status": 0,
                                      "state": "x"}, {"userid": "a"}]},
    })  # fmt: skip
    assert loaded.table("contacts")["channel"].tolist() == ["x"]
    assert loaded.table("members")["channel"].tolist() == ["x"]
    assert loaded.account("externalcontact/customer_acquisition/customer").rows_not_loaded == 1
    assert loaded.table("touchpoints").empty
