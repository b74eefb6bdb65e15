import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commlab.config import Settings, read_settings
from commlab.errors import LoadError, WorkspaceError
from commlab.loaders.log import LOG_FILE
from commlab.loaders.report import LoadReport, SourceInfo
from commlab.loaders.workspace import COPY, SAME_KEY, WorkspaceWriter, to_arrow
from commlab.tables import TABLES


def orders(*rows):
    frame = pd.DataFrame(rows, columns=["order_id", "paid_at", "amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_at"], utc=True).astype("datetime64[us, UTC]")
    return frame


def save(out, *frames, name="Demo", overwrite=False, **options):
    report = LoadReport("files")
    with WorkspaceWriter(out, report, overwrite=overwrite) as writer:
        writer.begin(Settings(name=name))
        report.sources.append(SourceInfo("a.csv"))
        account = report.account("a.csv", "orders")
        for frame in frames:
            account.rows += len(frame)
            report.sources[0].rows += len(frame)
            account.load(len(frame))
            lines = range(account.rows - len(frame) + 2, account.rows + 2)
            writer.add("orders", frame, owner=("a.csv", "orders"), lines=lines, **options)
    return report


A = ("a", "2026-01-02", 1050)
B = ("b", "2026-01-01", 5)


def test_types_order_and_settings(tmp_path):
    save(tmp_path / "w", orders(A), orders(B))
    table = pq.read_table(tmp_path / "w" / "orders.parquet")
    assert table.schema.types == [pa.string(), pa.timestamp("us", "UTC"), pa.decimal128(18, 2)]
    assert table.column_names == ["order_id", "paid_at", "amount"]
    assert table["order_id"].to_pylist() == ["b", "a"]
    assert [str(item) for item in table["amount"].to_pylist()] == ["0.05", "10.50"]
    metadata = pq.ParquetFile(tmp_path / "w" / "orders.parquet").metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert pq.read_schema(tmp_path / "w" / "orders.parquet").metadata[b"commlab.unique"] == b"2"
    assert read_settings(tmp_path / "w").name == "Demo"
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_every_type_of_every_table_can_be_written(tmp_path):
    samples = {
        "id": "x", "text": "x", "time": pd.Timestamp("2026-01-01", tz="UTC"),
        "date": pd.Timestamp("2026-01-01"), "money": 1, "int": 2, "float": 0.5, "bool": True,
        "list": ["x"],
    }  # fmt: skip
    for table in TABLES.values():
        frame = pd.DataFrame({column.name: [samples[column.dtype]] for column in table.columns})
        made = to_arrow(table, frame)
        assert tuple(made.column_names) == table.names
        empty = to_arrow(table, frame.iloc[:0])
        assert empty.schema.equals(made.schema)


def test_undeclared_and_missing_columns():
    with pytest.raises(LoadError, match="'price' is not a column"):
        to_arrow(TABLES["orders"], orders(A).assign(price=1))
    with pytest.raises(LoadError, match="'amount' of orders is absent"):
        to_arrow(TABLES["orders"], orders(A).drop(columns="amount"))


def test_exact_copies_leave_the_account_and_conflicts_stay(tmp_path):
    conflict = ("b", "2026-01-01", 6)
    report = save(tmp_path / "w", orders(A, B), orders(A, conflict))
    account = report.accounts[0]
    assert (account.rows, account.rows_loaded, account.rows_not_loaded) == (4, 3, 1)
    assert account.not_loaded[COPY].lines == [4]
    assert report.tables == {"orders": 3}
    assert any("1 keys" in note for note in report.notes)
    metadata = pq.read_schema(tmp_path / "w" / "orders.parquet").metadata or {}
    assert b"commlab.unique" not in metadata


def test_one_per_key_keeps_the_earliest(tmp_path):
    later = ("b", "2026-03-01", 7)
    report = save(tmp_path / "w", orders(later, A), orders(B, B), one_per_key=True)
    assert report.accounts[0].not_loaded[SAME_KEY].lines == [2]
    assert report.accounts[0].not_loaded[COPY].lines == [5]
    table = pq.read_table(tmp_path / "w" / "orders.parquet")
    assert table["order_id"].to_pylist() == ["b", "a"]


def test_whole_or_not_at_all(tmp_path):
    save(tmp_path / "w", orders(A))
    before = {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()}
    with pytest.raises(LoadError):
        save(tmp_path / "w", orders(A, B), orders(B).assign(price=1))
    assert {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_reload_keeps_edited_settings_and_foreign_files(tmp_path):
    out = tmp_path / "w"
    save(out, orders(A))
    (out / "commlab.toml").write_text('name = "Demo"\nmargin = 0.3\n')
    (out / "notes.txt").write_text("mine")
    report = save(out, orders(A, B))
    assert read_settings(out).margin == 0.3
    assert (out / "notes.txt").read_text() == "mine"
    assert report.tables == {"orders": 2}
    assert any("commlab.toml" in note for note in report.notes)


def test_refuses_what_it_did_not_write(tmp_path):
    out = tmp_path / "w"
    save(out, orders(A))
    with pytest.raises(WorkspaceError, match="something else"):
        save(out, orders(A), name="Other")
    save(out, orders(A), name="Other", overwrite=True)
    assert read_settings(out).name == "Other"
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(WorkspaceError, match=r"letter\.txt"):
        save(tmp_path / "home", orders(A), overwrite=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceError, match="is a file"):
        save(tmp_path / "file", orders(A))


def test_same_input_same_bytes(tmp_path):
    for name in ("one", "two"):
        save(
            tmp_path / name, orders(A, B), orders(*[(str(i), "2026-02-01", i) for i in range(500)])
        )
    for path in (tmp_path / "one").iterdir():
        if path.name == LOG_FILE:  # has the time of day
            continue
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
