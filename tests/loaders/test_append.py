"""Rows are added to what stands there, whatever its form, or nothing changes."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import pytest

from commlab.dataset import open_dataset
from commlab.errors import LoadError, WorkspaceError
from commlab.loaders.append import append_rows

AT = pd.Timestamp("2026-06-30 04:00", tz="UTC")
ROW = pd.DataFrame({"campaign_id": ["c"], "member_id": ["007"], "arm": ["treated"],
                    "assigned_at": [AT]})  # fmt: skip
ORDERS = pd.DataFrame({"order_id": ["o"], "paid_at": ["2026-06-01"], "amount": [1]})


def rows(folder):
    ds = open_dataset(folder, as_of="2026-12-31")
    return ds.frame(ds.table("assignments"), ["member_id"])


def test_an_absent_table_is_made(make_workspace):
    folder = make_workspace({"orders": ORDERS})
    assert append_rows(folder, "assignments", ROW).name == "assignments.parquet"
    assert rows(folder)["member_id"].tolist() == ["007"]
    assert rows(folder)["assigned_at"].tolist() == [pd.Timestamp("2026-06-30 12:00")]


def test_rows_and_foreign_columns_of_parquet_stay(make_workspace):
    old = ROW.assign(member_id="001", assigned_at="2026-05-01")
    folder = make_workspace({"orders": ORDERS, "assignments": old})
    path = folder / "assignments.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("note", [["kept"]]), path)
    append_rows(folder, "assignments", ROW)
    assert rows(folder)["member_id"].tolist() == ["001", "007"]
    assert pq.read_table(path)["note"].to_pylist() == ["kept", None]


def test_csv_stays_csv_and_text_stays_text(make_workspace):
    folder = make_workspace({"orders": ORDERS})
    path = folder / "assignments.csv"
    held = (
        'campaign_id,member_id,arm,assigned_at,"my note"\n'
        '001,0042,control,2026-05-01 10:00:00,"a, b"\n'
    )
    path.write_text(held, encoding="utf-8-sig")
    assert append_rows(folder, "assignments", ROW) == path
    found = rows(folder)
    assert found["member_id"].tolist() == ["0042", "007"]
    assert found["campaign_id"].tolist() == ["001", "c"]
    assert pd.read_csv(path, dtype=str)["my note"].tolist()[0] == "a, b"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_the_delimiter_of_a_csv_is_kept(make_workspace, delimiter):
    folder = make_workspace({"orders": ORDERS})
    path = folder / "assignments.csv"
    lines = [["campaign_id", "member_id", "arm", "assigned_at"],
             ["c0", "001", "control", "2026-05-01 10:00:00"]]  # fmt: skip
    path.write_text("\n".join(delimiter.join(line) for line in lines), encoding="utf-8")
    append_rows(folder, "assignments", ROW)
    assert rows(folder)["member_id"].tolist() == ["001", "007"]
    assert rows(folder)["arm"].tolist() == ["control", "treated"]


def test_other_columns_than_declared_are_refused_and_left(make_workspace):
    folder = make_workspace({"orders": ORDERS})
    path = folder / "assignments.csv"
    path.write_text("who,arm\nx,control\n", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="no column campaign_id"):
        append_rows(folder, "assignments", ROW)
    assert path.read_text(encoding="utf-8") == "who,arm\nx,control\n"


def test_what_cannot_be_appended_to_is_refused_and_left(make_workspace):
    folder = make_workspace({"orders": ORDERS})
    path = folder / "assignments.csv.gz"
    path.write_bytes(b"x")
    with pytest.raises(WorkspaceError, match="neither one Parquet nor one CSV"):
        append_rows(folder, "assignments", ROW)
    path.unlink()
    broken = folder / "assignments.parquet"
    broken.write_bytes(b"not parquet")
    with pytest.raises(WorkspaceError, match="cannot be read"):
        append_rows(folder, "assignments", ROW)
    assert broken.read_bytes() == b"not parquet"
    with pytest.raises(LoadError, match="not a column of campaigns"):
        append_rows(folder, "campaigns", ROW)
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []
