"""There is no reply field: quotes and names, and how much of them could be found."""

import pytest

from .conftest import customer, seconds
from .test_archive import message


def stays(*rows, day="2026-05-31"):
    members = [{"userid": member, "type": 2, "join_time": seconds("2026-05-01 09:00"),
                "group_nickname": nick} for member, nick in rows]  # fmt: skip
    return {"group_chat": {"chat_id": "wr1", "create_time": seconds("2026-05-01 09:00"),
                           "member_list": members}}  # fmt: skip


def quote(name, words, reply):
    return f"这是一条引用/回复消息：\n“{name}：\n{words}”\n------\n{reply}"


def replies(loaded):
    held = loaded.table("messages")
    return {row.message_id: row.reply_to for row in held.itertuples() if row.reply_to is not None
            and row.reply_to == row.reply_to}  # fmt: skip


def test_both_forms_of_a_quote_lead_to_what_they_quote(loaded):
    assert replies(loaded) == {"a1_external": "q1_external", "a2_external": "a1_external"}
    held = loaded.table("messages").set_index("message_id")
    assert held.loc["a1_external", "text"] == "可以的，成分温和"
    assert any("Of 2 messages that quote another, the quoted one was found for 2 (100%)" in note
               for note in loaded.report.notes)  # fmt: skip


def test_names_collide_and_change_and_are_read_as_of_the_moment(loaded):
    held = loaded.table("messages").set_index("message_id")["mentions"]
    # Two members are called 小满 on 1 June: nobody is meant for sure.
    assert held["men1_external"] is None
    # 蓝海 was one member's name on 1 June and another's on 2 June.
    assert list(held["men2_external"]) == [customer(0)]
    assert list(held["a2_external"]) == [customer(0)]
    assert any("Of 3 mentions (@name), 2 (67%)" in note for note in loaded.report.notes)


def test_the_latest_earlier_message_of_the_named_member_is_meant(folder):
    lines = [message(1, "好的"), message(2, "好的"), {**message(3, "好的"), "from": "wm2"},
             message(4, quote("甲", "好的", "收到")), message(5, quote("乙", "好的", "收到")),
             message(6, quote("丙", "好的", "不明")), message(7, quote("丙", "独一句", "早了")),
             message(8, "独一句"), message(9, quote("丙", "独一句", "是它")),
             message(10, "好的")]  # fmt: skip
    loaded = folder({"2026-05-31/g.json": stays(("wm1", "甲"), ("wm2", "乙")), "a.jsonl": lines})
    assert replies(loaded) == {"m4": "m2", "m5": "m3", "m9": "m8"}
    assert any("Of 5 messages that quote another, the quoted one was found for 3 (60%)" in note
               for note in loaded.report.notes)  # fmt: skip


def test_the_same_words_in_another_group_are_not_meant(folder):
    lines = [message(1, "问一下", roomid="wr2"), message(2, quote("甲", "问一下", "答"))]
    assert replies(folder({"a.jsonl": lines})) == {}


@pytest.mark.parametrize(
    "text",
    [
        "This is a quote/reply message:\n\"甲:\nwords here\"\n------\nanswer",
        "「甲：words here」\n- - - - - - - - - - - - - - -\nanswer",
    ],
)  # fmt: skip
def test_other_clients_forms(folder, text):
    loaded = folder({"a.jsonl": [message(1, "words here"), message(2, text)]})
    assert replies(loaded) == {"m2": "m1"}
    assert loaded.table("messages").set_index("message_id").loc["m2", "text"] == "answer"


@pytest.mark.parametrize("text", ["a@b.com", "@所有人\u2005 早", "@", "邮箱：x@y.cn 谢谢"])
def test_what_is_no_mention(folder, text):
    loaded = folder({"a.jsonl": [message(1, text)]})
    assert not any("mentions" in note for note in loaded.report.notes)


def test_a_withdrawal_of_an_unknown_message_is_told(folder):
    lines = [message(1), {**message(2), "msgtype": "revoke", "revoke": {"pre_msgid": "elsewhere"}}]
    loaded = folder({"a.jsonl": lines})
    assert any("1 withdrawals are of messages" in note for note in loaded.report.notes)
    assert not loaded.table("messages")["revoked"].any()
