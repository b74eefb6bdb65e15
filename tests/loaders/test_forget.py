"""A person is removed: from every table, from lists of earlier runs, and for good."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import commlab as cl
from commlab.cli import main
from commlab.errors import ArgumentError, WorkspaceError
from commlab.loaders import forget_sources, forgotten, load
from commlab.loaders.forget import forget, person_columns
from commlab.report.lists import remove_people
from commlab.tables import TABLES

SAMPLES = Path(__file__).resolve().parents[2] / "data_samples"


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    for path in SAMPLES.glob("*.parquet"):
        shutil.copy(path, folder)
    shutil.copy(SAMPLES / "commlab.toml", folder)
    return folder


@pytest.fixture
def busy():
    """The member with the most messages, who surely stands in many tables."""
    messages = pd.read_parquet(SAMPLES / "messages.parquet", columns=["member_id"])
    staff = set(pd.read_parquet(SAMPLES / "staff.parquet")["staff_id"])
    messages = messages[~messages["member_id"].isin(staff)]
    return messages["member_id"].value_counts().index[0]


def held(folder):
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def test_nothing_of_the_person_is_left_and_nothing_else_is_touched(workspace, busy):
    before = held(workspace)
    found = forget(workspace, [busy])
    after = held(workspace)
    for name, frame in after.items():
        for column in frame:
            cells = frame[column].dropna()
            lists = name == "messages" and column == "mentions"
            assert busy not in set(cells.explode() if lists else cells.astype(str)), (name, column)
    assert found.deleted["members"] == 1
    assert found.deleted["messages"] > 100
    # The same by pandas: rows that need the person go, the order of the rest stays.
    for name, frame in before.items():
        needed = [c for c in person_columns(TABLES[name])
                  if c in frame and (c in TABLES[name].required or name == "surveys")]  # fmt: skip
        gone = frame[needed].isin([busy]).any(axis=1) if needed else pd.Series(False, frame.index)
        assert found.deleted.get(name, 0) == gone.sum(), name
        rest = frame[~gone].reset_index(drop=True)
        assert len(rest) == len(after[name]), name
        same = [c for c in rest if c not in (*person_columns(TABLES[name]), "mentions", "reply_to")]
        pd.testing.assert_frame_equal(rest[same], after[name][same])
    orders = before["orders"]
    assert after["orders"]["member_id"].isna().sum() == (
        orders["member_id"].isna().sum() + (orders["member_id"] == busy).sum()
    )
    answers = set(before["messages"].loc[before["messages"]["member_id"] == busy, "message_id"])
    assert answers.isdisjoint(after["messages"]["reply_to"].dropna())
    assert not cl.open_dataset(workspace).check().errors


def test_the_mark_of_unique_keys_stays_true(workspace, busy):
    forget(workspace, [busy])
    for name in ("members", "messages"):
        file = pq.ParquetFile(workspace / f"{name}.parquet")
        marks = {k.decode(): v.decode() for k, v in (file.metadata.metadata or {}).items()}
        found = [value for key, value in marks.items() if "unique" in key]
        assert found == [str(file.metadata.num_rows)], name


def test_orders_go_with_their_lines_when_asked(workspace):
    orders = pd.read_parquet(workspace / "orders.parquet")
    items = pd.read_parquet(workspace / "order_items.parquet")
    buyer = orders["member_id"].value_counts().index[0]
    own = set(orders.loc[orders["member_id"] == buyer, "order_id"])
    found = forget(workspace, [buyer], delete_orders=True)
    assert found.deleted["orders"] == len(own)
    assert found.deleted["order_items"] == items["order_id"].isin(own).sum()
    after = held(workspace)
    assert own.isdisjoint(after["orders"]["order_id"])
    assert own.isdisjoint(after["order_items"]["order_id"])
    assert own.isdisjoint(after["coupons"]["order_id"].dropna())


def test_a_dry_run_counts_the_same_and_changes_nothing(workspace, busy):
    before = {path.name: path.read_bytes() for path in workspace.iterdir()}
    counted = forget(workspace, [busy], dry_run=True)
    assert {path.name: path.read_bytes() for path in workspace.iterdir()} == before
    assert forget(workspace, [busy]) == counted


def test_csv_tables_keep_their_delimiter_and_their_words(tmp_path):
    (tmp_path / "members.csv").write_text(
        'member_id;joined_at;nickname\nm1;2026-01-01;"a;b"\nm2;2026-01-02;\'c\n', encoding="utf-8"
    )
    (tmp_path / "messages.csv").write_text(
        "message_id,member_id,sent_at,text,reply_to,mentions\n"
        'x1,m1,2026-01-03,"hello, all",,\n'
        'x2,m2,2026-01-04,"a ""quote""\nand a line",x1,m1;m3\n',
        encoding="utf-8",
    )
    found = forget(tmp_path, ["m1"])
    assert (found.deleted, found.emptied) == ({"members": 1, "messages": 1}, {"messages": 1})
    assert "m2;2026-01-02" in (tmp_path / "members.csv").read_text(encoding="utf-8")
    (row,) = pd.read_csv(tmp_path / "messages.csv", dtype=str).to_dict("records")
    assert row["text"] == 'a "quote"\nand a line'
    assert pd.isna(row["reply_to"])
    assert row["mentions"] == "m3"


def test_an_unknown_id_changes_nothing_and_is_a_message_without_the_id(workspace, busy):
    with pytest.raises(ArgumentError, match="1 of 2 ids are in no table") as caught:
        forget(workspace, [busy, "m_nobody"])
    assert "m_nobody" not in str(caught.value)
    assert busy in set(pd.read_parquet(workspace / "members.parquet")["member_id"])
    assert not (workspace / forgotten.FILE).exists()
    with pytest.raises(ArgumentError, match="at least one id"):
        forget(workspace, [])


def test_it_can_be_asked_again_and_holds_no_id(workspace, busy):
    forget(workspace, [busy])
    assert forget(workspace, [busy]).rows == 0
    assert busy not in (workspace / forgotten.FILE).read_text(encoding="utf-8")
    assert forgotten.digest(busy) in forgotten.read(workspace)


def test_a_list_of_another_secret_is_not_taken_for_empty(workspace, busy, monkeypatch):
    from commlab import privacy

    forget(workspace, [busy])
    monkeypatch.setenv(privacy.SECRET_VARIABLE, "another")
    privacy.secret.cache_clear()
    try:
        with pytest.raises(WorkspaceError, match="under another secret"):
            forgotten.read(workspace)
    finally:
        privacy.secret.cache_clear()
    (workspace / forgotten.FILE).write_text("{", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="cannot be read"):
        forgotten.read(workspace)


def test_lists_of_earlier_runs_lose_the_person(tmp_path):
    folder = tmp_path / "demo" / "private"
    folder.mkdir(parents=True)
    path = folder / "silent.csv"
    path.write_text("member_id,reason\r\nm1,x\r\nm2,m1 is not a cell here\r\n", "utf-8-sig")
    assert remove_people(tmp_path, ["m1"], dry_run=True) == 1
    assert remove_people(tmp_path, ["m1"]) == 1
    frame = pd.read_csv(path, encoding="utf-8-sig")
    assert frame["member_id"].tolist() == ["m2"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("again", [True, False])
def test_a_later_load_does_not_bring_the_person_back(tmp_path, again):
    """The same exports with one more row, appended or loaded as a whole."""
    source, out = tmp_path / "exports", tmp_path / "w"
    source.mkdir()
    (source / "members.csv").write_text("member_id,joined_at\nm1,2026-01-01\nm2,2026-01-02\n")
    (source / "orders.csv").write_text(
        "order_id,member_id,paid_at,amount\na,m1,2026-01-03,10\nb,m2,2026-01-04,20\n"
    )
    (source / "messages.csv").write_text(
        "message_id,member_id,sent_at,text,reply_to,mentions\n"
        "x1,m1,2026-01-03,hello,,\nx2,m2,2026-01-04,yes,x1,m1;m3\n"
    )
    load(source, "files", out)
    forget(out, ["m1"])
    with (source / "orders.csv").open("a") as stream:
        stream.write("c,m1,2026-01-05,30\n")
    report = load(source, "files", out, append=again)
    after = held(out)
    assert after["members"]["member_id"].tolist() == ["m2"]
    assert after["messages"]["message_id"].tolist() == ["x2"]
    assert after["messages"]["reply_to"].isna().all()
    assert [list(item) for item in after["messages"]["mentions"]] == [["m3"]]
    # The money of the shop stays, as nobody's.
    orders = after["orders"].set_index("order_id")["member_id"]
    assert set(orders.index) == {"a", "b", "c"}
    assert orders.dropna().to_dict() == {"b": "m2"}
    assert "of a person who was forgotten" in report.to_json()
    assert forgotten.digest("m1") in forgotten.read(out)


def test_what_readers_keep_loses_the_person(tmp_path):
    """Also where a buyer is known by a masked phone and nickname alone."""
    folder = tmp_path / "w" / "sources"
    folder.mkdir(parents=True)
    mask = "ab" * 16
    pd.DataFrame({"member_id": ["p1", "p2"], "mask": [mask, "cd" * 16]}).to_parquet(
        folder / "customers.parquet")  # fmt: skip
    pd.DataFrame({"order_id": ["a", "b", "c"], "whole": ["p1", None, "p2"],
                  "masked": [None, mask, None]}).to_parquet(folder / "orders.parquet")  # fmt: skip
    pd.DataFrame(
        {
            "order_id": ["a", "b", "c"],
            "whole": ["p1", None, "p2"],
            "masked": [None, mask, None],
            "phone": list("xyz"),
        }
    ).to_parquet(folder / "people.parquet")
    pd.DataFrame({"member_id": ["p2", "p1"], "inviter_id": ["p1", None]}).to_parquet(
        folder / "wecom.stays.parquet")  # fmt: skip
    assert forget_sources.clean(folder, {"p1"}.__contains__) == {f"mask-{mask[:20]}"}
    after = held(folder)
    assert after["customers"]["member_id"].tolist() == ["p2"]
    assert after["people"]["order_id"].tolist() == ["c"]
    assert after["orders"]["whole"].tolist()[2] == "p2"
    assert after["orders"][["whole", "masked"]].isna().sum().tolist() == [2, 3]
    assert after["wecom.stays"].to_dict("list")["member_id"] == ["p2"]
    assert after["wecom.stays"]["inviter_id"].isna().all()


def test_of_lists_only_ids_count_and_ids_like_formulas_are_found(tmp_path):
    folder = tmp_path / "demo" / "private"
    folder.mkdir(parents=True)
    path = folder / "due.csv"
    path.write_text("member_id,purchases\r\n7,12\r\n'+86,3\r\n12,1\r\n", "utf-8-sig")
    assert remove_people(tmp_path, ["12", "+86"]) == 2
    assert pd.read_csv(path, encoding="utf-8-sig", dtype=str)["member_id"].tolist() == ["7"]


def test_the_command_says_what_was_removed(workspace, busy):
    said = CliRunner().invoke(main, ["forget", busy, "--data", str(workspace), "--dry-run"])
    assert said.exit_code == 0, said.output
    assert "1  deleted: members" in said.output
    assert "Nothing was changed" in said.output
    assert busy not in said.output
    wrong = CliRunner().invoke(main, ["forget", "m_nobody", "--data", str(workspace)])
    assert wrong.exit_code == 2
    assert "are in no table" in wrong.output
