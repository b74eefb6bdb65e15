"""Files: one answer, several, one a line; broken ones; wrappers; hostile ones."""

import json
import zipfile

import pytest

from commlab.errors import LoadError
from commlab.loaders import load

from .conftest import seconds

CONTACT = {"external_contact": {"external_userid": "wm1"},
           "follow_user": [{"userid": "a", "createtime": 1779242400}]}  # fmt: skip
OTHER = {"external_contact": {"external_userid": "wm2"},
         "follow_user": [{"userid": "a", "createtime": 1779242400}]}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([CONTACT, OTHER]), json.dumps([CONTACT, OTHER], indent=2),
        json.dumps(CONTACT) + "\n" + json.dumps(OTHER), "\n\n" + json.dumps(CONTACT) + "\n\n"
        + json.dumps(OTHER) + "\n\n", "\ufeff" + json.dumps([CONTACT, OTHER]),
        "{broken\n" + json.dumps(CONTACT) + "\n" + json.dumps(OTHER),
    ],
)  # fmt: skip
def test_several_answers_in_one_file(folder, text):
    loaded = folder({"a.json": text.encode()})
    assert sorted(loaded.table("members")["member_id"]) == ["wm1", "wm2"]


def test_a_wrapper_brings_request_and_moment(folder):
    at = seconds("2026-06-01 03:00")
    loaded = folder({"a.json": {"request": {}, "response": CONTACT, "fetched_at": at}})
    row = loaded.table("contacts").iloc[0]
    assert row["observed_from"].timestamp() == at


def test_what_cannot_be_read_is_counted_and_named(folder):
    deep = "[" * 100_000
    loaded = folder({
        "a.json": CONTACT, "broken.json": b'{"external_contact": ', "deep.json": deep.encode(),
        "number.json": b"7", "strange.json": {"hello": 1}, "error.json": {"errcode": 40014},
        "bytes.json": b"\xff\xfe\x00", "digits.json": b"1" * 10_000,
    })  # fmt: skip
    account = loaded.account("other answers")
    assert account.rows == account.rows_not_loaded == 7
    assert {reason: count.rows for reason, count in account.not_loaded.items()} == {
        "not a JSON object": 5, "none of the answers that this format knows": 1,
        "an error of the API (errcode 40014)": 1}  # fmt: skip
    assert any("Of no known kind, or broken: broken.json" in note for note in loaded.report.notes)


def test_fields_of_other_types_never_end_in_a_traceback(folder):
    odd = [None, 7, "x", [], {}, [[]], [{}], True, 1e308]
    files = {f"{n}.json": {"external_contact": value, "follow_user": value}
             for n, value in enumerate(odd)}  # fmt: skip
    files |= {f"g{n}.json": {"group_chat": value} for n, value in enumerate(odd)}
    files |= {f"s{n}.json": {"items": value} for n, value in enumerate(odd)}
    files |= {f"t{n}.json": {"tag_group": value, "request": value} for n, value in enumerate(odd)}
    files |= {f"w{n}.json": {"contact_way": value} for n, value in enumerate(odd)}
    files |= {f"c{n}.json": {"Event": value, "CreateTime": value} for n, value in enumerate(odd)}
    files["a.json"] = CONTACT
    assert folder(files).report.check()


def test_half_a_character_in_a_name_is_left_out(folder):
    body = json.loads(json.dumps(CONTACT))
    body["external_contact"]["name"] = "晴\ud83d天"
    loaded = folder({"a.json": json.dumps(body).encode()})
    assert loaded.table("members")["nickname"].tolist() == ["晴天"]


def test_nothing_at_all_is_an_error(folder, tmp_path):
    with pytest.raises(LoadError, match=r"nothing in 1 files could be loaded: an error of the API"):
        folder({"a.json": {"errcode": 40014}})
    assert not (tmp_path / "w").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(LoadError, match="holds no file that can be read"):
        load(tmp_path / "empty", "wecom", tmp_path / "w")
    with pytest.raises(LoadError, match="no such file or folder"):
        load(tmp_path / "nowhere", "wecom", tmp_path / "w")


def test_links_out_of_the_folder_and_zip_files_are_no_answers(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w") as archive:
        archive.writestr("../../a.json", json.dumps(OTHER))
    loaded = folder({"a.json": CONTACT, "b.zip": (tmp_path / "bomb.zip").read_bytes(),
                     "c.json": (tmp_path / "bomb.zip").read_bytes()})  # fmt: skip
    assert loaded.table("members")["member_id"].tolist() == ["wm1"]
    assert loaded.account("other answers").rows == 1
