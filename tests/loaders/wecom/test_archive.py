"""Traps of message archives: milliseconds, consents, withdrawals, JSON in strings, long lines."""

import gzip
import io
import json

import pandas as pd
import pytest

import commlab
from commlab.loaders.wecom import archive

from .conftest import customer, local

NAME = "archive/2026-06.jsonl"


def message(number, text="hi", **more):
    return {"msgid": f"m{number}", "action": "send", "from": "wm1", "tolist": ["wm2"],
            "roomid": "wr1", "msgtime": 1780279200000 + number, "msgtype": "text",
            "text": {"content": text}, **more}  # fmt: skip


def test_every_line_is_accounted_for(loaded):
    account = loaded.account(NAME)
    assert account.rows == 20
    assert account.loaded == {"rows": 13, archive.WITHDRAWAL: 1}
    assert loaded.reasons(NAME) == {
        archive.AMONG_STAFF: [13], archive.CONSENT: [14], archive.SWITCH: [15],
        archive.NO_TIME: [17], "exact copy of an earlier row": [19], archive.BROKEN: [20],
    }  # fmt: skip


def test_times_are_milliseconds_and_seconds_are_refused(loaded):
    held = loaded.table("messages").set_index("message_id")
    assert held.loc["q1_external", "sent_at"] == local("2026-06-01 10:00:00.001")
    assert "秒不是毫秒" not in set(held["text"])


def test_a_withdrawn_message_is_marked_and_stays(loaded):
    held = loaded.table("messages").set_index("message_id")
    assert held.index[held["revoked"]].tolist() == ["wd_external"]


def test_kinds_and_the_string_of_json_in_mixed_messages(loaded):
    held = loaded.table("messages").set_index("message_id")
    assert held.loc["m008_external", "kind"] == "image"
    assert held.loc["m009_external", "kind"] == "red_packet"
    assert held.loc["m010_external", ["kind", "text"]].tolist() == ["text", "上新啦"]
    # A chat record's inner times are seconds, a collection's is text: neither is the message's.
    assert held.loc["m011_external", "kind"] == "other"
    assert held.loc["m016_external", "sent_at"] == local("2026-06-02 12:13:00.016")


def test_who_is_who_by_id(loaded):
    staff = loaded.table("staff").set_index("staff_id")["role"]
    assert staff["wbQH0000000000000000000000000001"] == "bot"
    members = set(loaded.table("members")["member_id"])
    assert customer(5) in members
    assert not {"zhangsan", "wbQH0000000000000000000000000001"} & members


def test_one_to_one_has_no_group(loaded):
    held = loaded.table("messages")
    row = held[held["member_id"] == customer(5)].iloc[0]
    assert pd.isna(row["group_id"])


def test_missing_messages_are_not_silence(loaded):
    assert any("missing messages are not silence" in note for note in loaded.report.notes)


def test_gzip_marks_blank_lines_and_bytes_that_are_no_text(folder):
    lines = [b"\xef\xbb\xbf" + json.dumps(message(1)).encode(), b"", b"  \t\r",
             b'{"msgid": "\xff\xfe"}', json.dumps(message(2)).encode() + b"\r",
             b"[1, 2]", json.dumps(message(3)).encode()]  # fmt: skip
    loaded = folder({"a.jsonl.gz": gzip.compress(b"\n".join(lines))})
    account = loaded.account("a.jsonl.gz")
    assert (account.rows, account.loaded) == (5, {"rows": 3})
    assert loaded.reasons("a.jsonl.gz") == {archive.NOT_UTF8: [4], archive.BROKEN: [6]}


def test_the_reasons_of_single_lines(folder):
    lines = [message(1), {**message(2), "msgid": ""}, {**message(3), "from": None},
             {**message(4), "msgtype": None}, {**message(5), "msgtime": "soon"},
             {**message(6), "msgtype": "revoke", "revoke": {}}, {**message(7), "msgtime": 1e300},
             {**message(8), "msgtype": "something_new"}, "null", '{"msgid": 1e999}',
             {**message(9), "msgtype": "mixed", "mixed": {"item": [{"type": "text",
                                                                    "content": "{"}]}},
             {**message(10), "msgtype": "mixed", "mixed": {"item": 7}}]  # fmt: skip
    loaded = folder({"a.jsonl": lines})
    assert loaded.account("a.jsonl").loaded == {"rows": 4}
    assert {reason: len(lines) for reason, lines in loaded.reasons("a.jsonl").items()} == {
        "msgid: missing": 1, "from: missing": 2, "msgtype: missing": 1, archive.NO_TIME: 2,
        archive.NO_TARGET: 1, archive.BROKEN: 1}  # fmt: skip
    held = loaded.table("messages").set_index("message_id")
    assert held.loc["m8", "kind"] == "other"
    assert held.loc[["m9", "m10"], "text"].isna().all()


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_blocks_lose_no_line_wherever_they_are_cut(monkeypatch, size):
    monkeypatch.setattr(archive, "BLOCK", size)
    text = b"".join(b"x" * n + b"\n" for n in range(20)) + b"last"
    found = [line for block in archive.blocks(io.BytesIO(text)) for line in block.to_pylist()]
    assert b"".join(found) == text
    assert len(found) == 21


def test_a_file_without_line_ends_does_not_fill_memory(monkeypatch):
    monkeypatch.setattr(archive, "BLOCK", 100)
    monkeypatch.setattr(archive, "LONGEST", 250)
    text = b"a" * 5_000 + b"\n" + b'{"msgid": 1}\n'
    found = [line for block in archive.blocks(io.BytesIO(text)) for line in block.to_pylist()]
    assert len(found) == 2
    assert len(found[0]) < 400
    assert found[0].startswith(b"\0")
    assert found[1] == b'{"msgid": 1}\n'


def test_the_workspace_opens_and_its_check_finds_no_error(loaded):
    ds = commlab.open_dataset(loaded.folder, as_of="2026-06-03")
    assert not ds.check().errors
