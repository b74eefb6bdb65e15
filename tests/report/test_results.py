"""The files of a run: formats, rights, and what must not get into them."""

from __future__ import annotations

import json
import stat

import pandas as pd
import pytest

from commlab.errors import ArgumentError, RunError
from commlab.estimate import Estimate
from commlab.report import files, results
from commlab.report.results import ActionList, Part

RATE = Estimate(value=1 / 3, low=0.3, high=0.4, n=900, unit="share", method="Wilson")


@pytest.mark.parametrize(
    "key", ["retention.month1", "a", "双11.itt.orders", "d-11.itt_cuped.spend", "2026.x"]
)
def test_keys(key):
    assert results.check_key(key) == key


@pytest.mark.parametrize(
    "key",
    ["", ".", "a.", ".a", "a..b", "../a", "a/b", "a\\b", "a b", "a:b", "con", "NUL.csv", "COM1",
     "a\n", "a\x00", "-a", "=a", "a" * 121, None, 3],
)  # fmt: skip
def test_keys_that_could_leave_the_folder_or_break_a_file_system(key):
    with pytest.raises(ArgumentError, match="key =="):
        results.check_key(key)


def test_estimates_reach_results_json_once_the_notebook_is_complete(run_folder):
    part = Part(run_folder, "02_sample")
    part.put_estimate("a.b", RATE, good="up", target=None)
    assert results.merge_parts(run_folder) == {}
    part.save(complete=True)
    Part(run_folder, "01_other").save(complete=True)
    merged = results.merge_parts(run_folder)
    assert list(merged) == ["01_other", "02_sample"]
    assert merged["02_sample"]["a.b"] == {
        "value": 0.3333333333, "low": 0.3, "high": 0.4, "level": 0.95, "n": 900,
        "unit": "share", "method": "Wilson", "status": "ok", "reason": "", "good": "up",
    }  # fmt: skip
    assert json.loads((run_folder / "results.json").read_text("utf-8")) == merged
    assert results.read_results(run_folder) == merged
    assert Estimate.from_dict(merged["02_sample"]["a.b"]).n == 900


def test_results_are_the_same_bytes_for_the_same_figures(run_folder, tmp_path):
    for folder, order in ((run_folder, "ab"), (tmp_path / "other", "ba")):
        part = Part(folder, "n")
        for key in order:
            part.put_estimate(key, RATE)
        part.save(complete=True)
        results.merge_parts(folder)
    one, other = ((f / "results.json").read_bytes() for f in (run_folder, tmp_path / "other"))
    assert one == other


def test_without_a_run_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    part = Part(None, "02_sample")
    part.put_estimate("a", RATE)
    part.put_table("t", pd.DataFrame({"a": [1]}))
    part.put_list("l", ActionList(pd.DataFrame({"member_id": ["m"]})))
    part.save(complete=True)
    assert list(tmp_path.iterdir()) == []
    assert results.read_results("") == results.read_results(tmp_path) == {}


def test_tables_have_ten_digits_and_chinese_that_excel_reads(run_folder):
    frame = pd.DataFrame({"渠道": ["门店"], "rate": [2 / 3], "n": [1054], "none": [None]})
    path = Part(run_folder, "02_sample").put_table("by_channel", frame)
    assert path == "share/tables/02_sample/by_channel.csv"
    raw = (run_folder / path).read_bytes()
    assert raw == "\ufeff渠道,rate,n,none\n门店,0.6666666667,1054,\n".encode()


def test_formulas_are_neutralised_and_numbers_are_not(run_folder):
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "a=b", ""]
    frame = pd.DataFrame({"=name": texts, "delta": [-1.5] * 8})
    before = frame.copy()
    path = run_folder / Part(run_folder, "n").put_table("t", frame)
    read = pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False)
    assert list(read["'=name"]) == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "'\t=1",
        "'＝1+1",
        "a=b",
        "",
    ]
    assert list(read["delta"]) == [-1.5] * 8
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("column", ["member_id", "Nickname", "phone", "buyer_id"])
def test_columns_that_name_people_stay_out_of_share(run_folder, column):
    part = Part(run_folder, "n")
    with pytest.raises(ArgumentError, match="may be forwarded"):
        part.put_table("t", pd.DataFrame({column: ["x"]}))
    assert not (run_folder / "share").exists()


def test_action_lists_keep_ids_and_are_for_their_owner(run_folder):
    part = Part(run_folder, "n")
    frame = pd.DataFrame({"member_id": ["-x1", "wm2"], "reason": ["=1", "ok"], "risk": [0.9, 0.1]})
    path = run_folder / part.put_list("own_list", ActionList(frame))
    assert path == run_folder / "private" / "own_list.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text("utf-8-sig") == "member_id,reason,risk\n-x1,'=1,0.9\nwm2,ok,0.1\n"
    assert results.private_lists(run_folder) == ("own_list",)


def test_an_action_list_never_shows_its_ids():
    shown = ActionList(pd.DataFrame({"member_id": ["wm-secret"]}))
    assert "secret" not in repr(shown)
    assert "secret" not in str(shown)
    assert not hasattr(shown, "_repr_html_")


def test_names_that_are_one_file_where_capitals_do_not_count(run_folder):
    part = Part(run_folder, "n")
    part.put_table("Channel", pd.DataFrame({"a": [1]}))
    with pytest.raises(ArgumentError, match="capitals"):
        part.put_table("channel", pd.DataFrame({"a": [1]}))
    part.put_table("Channel", pd.DataFrame({"a": [2]}))


def test_what_an_earlier_run_left_is_not_taken_for_new(run_folder):
    part = Part(run_folder, "n")
    part.put_estimate("old", RATE)
    path = run_folder / part.put_table("old", pd.DataFrame({"a": [1]}))
    part.save(complete=True)
    other = run_folder / Part(run_folder, "m").put_table("kept", pd.DataFrame({"a": [1]}))
    again = Part(run_folder, "n")
    assert not path.exists()
    assert other.exists()
    assert results.merge_parts(run_folder) == {}
    again.save(complete=True)
    assert results.merge_parts(run_folder) == {"n": {}}


def test_a_part_that_was_tampered_with_removes_nothing_outside(run_folder, tmp_path):
    victim = tmp_path / "victim.csv"
    victim.write_text("x", encoding="utf-8")
    Part(run_folder, "n").save()
    path = results.part_path(run_folder, "n")
    part = json.loads(path.read_text("utf-8"))
    part["files"] = ["private/../../victim.csv", "../victim.csv", str(victim)]
    path.write_text(json.dumps(part), encoding="utf-8")
    Part(run_folder, "n")
    assert victim.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_a_broken_part_is_named(run_folder, content):
    path = results.part_path(run_folder, "n")
    files.write_text(path, content)
    with pytest.raises(RunError, match=r"n\.json"):
        results.merge_parts(run_folder)


def test_files_appear_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    files.write_text(path, "old")

    def fail():
        with files.whole(path) as stream:
            stream.write("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text("utf-8") == "old"
    assert [item.name for item in path.parent.iterdir()] == ["file.txt"]


def test_a_declared_list_has_its_columns(run_folder):
    part = Part(run_folder, "02_cohort_retention")
    with pytest.raises(ArgumentError, match="last_active_on"):
        part.put_list("silent", ActionList(pd.DataFrame({"member_id": ["m"]})))
    assert not (run_folder / "private").exists()
