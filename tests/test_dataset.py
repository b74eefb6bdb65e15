"""Opening workspaces: types, time, as_of, copies, staff."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commlab import errors
from commlab.dataset import open_dataset
from commlab.tables import TABLES, UNIQUE_MARK


def orders(**columns):
    frame = pd.DataFrame(columns)
    frame["order_id"] = [f"o{i}" for i in range(len(frame))]
    return frame


def test_times_become_local_and_money_becomes_minor_units(make_dataset):
    utc = pd.to_datetime(["2026-01-31 15:59:59.999999", "2026-01-31 16:00:00.000000"]).tz_localize(
        "UTC"
    )
    ds = make_dataset(
        {"orders": orders(member_id=["a", "b"], paid_at=utc, amount=[0.29, 1234567890123.45])},
        as_of="2026-02-01",
    )
    frame = ds.frame(ds.table("orders"), order_by=["order_id"])
    assert list(frame["paid_at"]) == [
        pd.Timestamp("2026-01-31 23:59:59.999999"),
        pd.Timestamp("2026-02-01 00:00:00"),
    ]
    assert list(frame["amount"]) == [29, 123456789012345]
    assert list(frame["buyer_status"]) == ["member", "member"]
    assert list(frame["kind"]) == ["regular", "regular"]
    assert tuple(frame.columns) == TABLES["orders"].names


def test_zone_with_summer_time(make_dataset):
    utc = pd.to_datetime(["2026-01-31 23:30", "2026-07-31 23:30"]).tz_localize("UTC")
    ds = make_dataset(
        {"orders": orders(member_id=["a", "b"], paid_at=utc, amount=[1, 1])},
        as_of="2026-12-31",
        zone="Europe/London",
    )
    frame = ds.frame(ds.table("orders"), order_by=["order_id"])
    assert list(frame["paid_at"]) == [
        pd.Timestamp("2026-01-31 23:30"),
        pd.Timestamp("2026-08-01 00:30"),
    ]


def test_as_of_is_an_inclusive_local_day_and_later_facts_are_unknown(make_dataset):
    ds = make_dataset(
        {
            "orders": orders(
                member_id=["a", "b", "c"],
                paid_at=["2026-03-01 10:00", "2026-03-02 23:59:59", "2026-03-03 00:00"],
                amount=[10, 20, 30],
                refund_amount=[5, 7, 0],
                refunded_at=["2026-03-02 12:00", "2026-03-03 12:00", None],
            ),
            "memberships": pd.DataFrame(
                {
                    "group_id": ["g", "g"],
                    "member_id": ["a", "b"],
                    "joined_at": ["2026-02-01", "2026-02-01"],
                    "last_seen_at": ["2026-03-01", "2026-03-05"],
                    "left_at": ["2026-03-02", "2026-03-06"],
                    "leave_kind": ["left", "removed"],
                }
            ),
        },
        as_of="2026-03-02",
    )
    seen = ds.frame(ds.table("orders"), order_by=["order_id"])
    assert list(seen["order_id"]) == ["o0", "o1"]
    assert list(seen["refund_amount"]) == [500, 0]
    assert list(seen["refunded_at"].isna()) == [False, True]
    stays = ds.frame(ds.table("memberships"), order_by=["member_id"])
    assert list(stays["left_at"].isna()) == [False, True]
    assert stays["leave_kind"].iloc[0] == "left"
    assert pd.isna(stays["leave_kind"].iloc[1])
    assert stays["last_seen_at"].iloc[1] < pd.Timestamp(ds.end)
    assert ds.end == dt.datetime(2026, 3, 3)


def test_default_as_of_is_the_day_before_the_last_row(make_dataset):
    ds = make_dataset(
        {"orders": orders(member_id=["a", "b"], paid_at=["2026-01-01", "2026-05-04 08:00"],
                          amount=[1, 1])}
    )  # fmt: skip
    assert ds.as_of == dt.date(2026, 5, 3)


def test_staff_are_not_people(make_dataset):
    ds = make_dataset(
        {
            "members": pd.DataFrame(
                {
                    "member_id": ["a", "b", "c", "d"],
                    "joined_at": ["2026-01-01"] * 4,
                    "role": ["member", "staff", None, "member"],
                }
            ),
            "staff": pd.DataFrame({"staff_id": ["c"], "role": ["adviser"]}),
        },
        as_of="2026-02-01",
        staff=("d",),
    )
    assert list(ds.frame(ds.people(), ["member_id"])["member_id"]) == ["a"]
    assert list(ds.frame(ds.staff_ids(), ["member_id"])["member_id"]) == ["b", "c", "d"]


def test_people_without_a_members_table_start_at_first_sight(make_dataset):
    ds = make_dataset(
        {
            "orders": orders(member_id=["a", None, "b"], paid_at=["2026-01-03", "2026-01-04",
                             "2026-01-05"], amount=[1, 1, 1]),
            "memberships": pd.DataFrame({"group_id": ["g"], "member_id": ["b"],
                                         "joined_at": ["2026-01-02"]}),
        },
        as_of="2026-02-01",
    )  # fmt: skip
    people = ds.frame(ds.people(), ["member_id"])
    assert list(people["member_id"]) == ["a", "b"]
    assert list(people["joined_at"]) == [pd.Timestamp("2026-01-03"), pd.Timestamp("2026-01-02")]
    assert tuple(people.columns) == TABLES["members"].names


def test_exact_copies_count_once_and_conflicts_are_an_error(make_dataset):
    row = {"order_id": "o1", "member_id": "a", "paid_at": "2026-01-03", "amount": 10}
    copies = make_dataset({"orders": pd.DataFrame([row, row])}, as_of="2026-01-31")
    assert len(copies.frame(copies.table("orders"))) == 1
    clash = make_dataset({"orders": pd.DataFrame([row, row | {"amount": 11}])}, as_of="2026-01-31")
    with pytest.raises(errors.DataError, match=r"orders: 1 keys \(order_id\)"):
        clash.table("orders")


def test_equal_rows_without_a_key_are_kept(make_dataset):
    item = {"order_id": "o1", "sku": "s", "quantity": 1, "amount": 2}
    ds = make_dataset(
        {
            "orders": orders(member_id=["a"], paid_at=["2026-01-03"], amount=[4]),
            "order_items": pd.DataFrame([item, item]),
        },
        as_of="2026-01-31",
    )
    assert len(ds.frame(ds.table("order_items"))) == 2


def test_csv_workspace_reads_like_parquet(tmp_path, engine):
    (tmp_path / "orders.csv").write_text(
        "order_id,member_id,paid_at,amount,extra\n"
        "00123456789012345678,a,2026-01-31T16:30:00Z,12.30,x\n"
        "2,,2026-01-30 10:00:00,5,\n",
        encoding="utf-8",
    )
    ds = open_dataset(tmp_path, as_of="2026-02-01", engine=engine)
    frame = ds.frame(ds.table("orders"), ["order_id"])
    assert list(frame["order_id"]) == ["00123456789012345678", "2"]
    assert frame["paid_at"].iloc[0] == pd.Timestamp("2026-02-01 00:30")
    assert list(frame["amount"]) == [1230, 500]
    assert list(frame["buyer_status"]) == ["member", "unknown"]


def test_only_white_space_is_stripped(make_dataset):
    letters = [chr(code) for code in range(33, 127)]
    names = [f"{letter}x{letter}" for letter in letters]
    padded = [f" \t{name}\r\n\v\f" for name in names]
    ds = make_dataset({"orders": orders(member_id=padded, paid_at=["2026-01-03"] * len(names),
                                        amount=[1] * len(names))}, as_of="2026-01-31")  # fmt: skip
    assert sorted(ds.frame(ds.table("orders"))["member_id"]) == sorted(names)


def test_nanoseconds_are_read(tmp_path, engine):
    frame = pd.DataFrame(
        {"order_id": ["1"], "paid_at": pd.to_datetime(["2026-01-31T16:30:00Z"]).as_unit("ns"),
         "amount": [1.5]}
    )  # fmt: skip
    frame.to_parquet(tmp_path / "orders.parquet")
    ds = open_dataset(tmp_path, as_of="2026-02-01", engine=engine)
    assert ds.frame(ds.table("orders"))["paid_at"].iloc[0] == pd.Timestamp("2026-02-01 00:30")


def test_value_that_does_not_cast_is_an_error_not_a_null(tmp_path, engine):
    (tmp_path / "orders.csv").write_text(
        "order_id,paid_at,amount\n1,2026-01-01 10:00:00,twelve\n", encoding="utf-8"
    )
    ds = open_dataset(tmp_path, as_of="2026-02-01", engine=engine)
    with pytest.raises(errors.DataError, match="commlab check"):
        ds.frame(ds.table("orders"))


@pytest.mark.parametrize(
    ("files", "kind", "match"),
    [
        ({}, errors.WorkspaceError, "none of the canonical tables"),
        ({"orders.csv": "order_id\n1\n", "orders.parquet": "x"}, errors.WorkspaceError, "twice"),
        ({"orders.parquet": "not parquet"}, errors.DataError, "not a readable Parquet"),
    ],
)
def test_bad_folders(tmp_path, files, kind, match):
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(kind, match=match):
        open_dataset(tmp_path, as_of="2026-02-01")


def test_missing_folder_table_and_column(tmp_path, make_dataset):
    with pytest.raises(errors.WorkspaceError, match="no such folder"):
        open_dataset(tmp_path / "nowhere")
    ds = make_dataset(
        {"orders": orders(member_id=["a"], paid_at=["2026-01-03"])}, as_of="2026-01-31"
    )
    with pytest.raises(errors.MissingTableError, match="messages"):
        ds.table("messages")
    with pytest.raises(errors.MissingTableError, match="Did you mean 'orders'"):
        ds.has("order")
    with pytest.raises(errors.DataError, match="'amount' is missing"):
        ds.table("orders")


def test_one_day_of_data_is_read(make_workspace):
    folder = make_workspace({"orders": orders(member_id=["a"], paid_at=["2026-01-03"], amount=[1])})
    assert open_dataset(folder).as_of == dt.date(2026, 1, 3)


def test_as_of_before_the_data(make_workspace):
    folder = make_workspace({"orders": orders(member_id=["a"], paid_at=["2026-01-03"], amount=[1])})
    with pytest.raises(errors.ArgumentError, match=r"first day of the data, 2026-01-03"):
        open_dataset(folder, as_of="2025-12-31")
    with pytest.raises(errors.ArgumentError, match="which is no date"):
        open_dataset(folder, as_of="31/12/2025")


def test_fingerprint_follows_content(make_workspace):
    tables = {"orders": orders(member_id=["a"], paid_at=["2026-01-03"], amount=[1])}
    same, again = make_workspace(tables), make_workspace(tables)
    other = make_workspace({"orders": tables["orders"].assign(amount=[2])})
    prints = [open_dataset(f, as_of="2026-01-31").fingerprint() for f in (same, again, other)]
    assert prints[0] == prints[1] != prints[2]


def test_what_many_questions_build_on_is_computed_once(make_dataset):
    ds = make_dataset({"orders": orders(member_id=["a", "b"], amount=[1.0, 2.0],
                                        paid_at=["2026-01-05 10:00", "2026-01-06 10:00"])},
                      as_of="2026-02-01")  # fmt: skip
    asked = []

    def make():
        asked.append(1)
        table = ds.table("orders")
        return table.group_by("member_id").agg(spent=table.amount.sum())

    first = ds.repeated("spent", make)
    frame = ds.frame(first, ["member_id"])
    second = ds.repeated("spent", make)
    # Still the same expression, so that answers already given hold.
    assert second.op() == first.op()
    assert ds.frame(second, ["member_id"]) is not frame
    third = ds.frame(second.mutate(twice=second.spent * 2), ["member_id"])
    assert third["twice"].tolist() == [200, 400]
    assert frame["spent"].tolist() == ds.frame(second, ["member_id"])["spent"].tolist()
    assert asked == [1]
    if ds.engine.name == "duckdb":
        held = ds.engine.con.con.sql("SELECT table_name FROM duckdb_tables()").fetchall()
        assert [name for (name,) in held if name.endswith("_rows")]


@pytest.mark.parametrize(("mark", "trusted"), [("3", True), ("2", False), ("true", False)])
def test_a_mark_of_clean_keys_holds_for_the_rows_it_counted_only(tmp_path, engine, mark, trusted):
    rows = pa.table(
        {
            "order_id": ["o1", "o2", "o2"],
            "paid_at": pa.array([dt.datetime(2026, 1, 5)] * 3, pa.timestamp("us", "UTC")),
            "amount": [1.0, 2.0, 3.0],
        }
    )
    with pq.ParquetWriter(tmp_path / "orders.parquet", rows.schema) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata({UNIQUE_MARK: mark})
    ds = open_dataset(tmp_path, engine=engine, as_of="2026-02-01")
    assert ds.marked("orders") == trusted
    if trusted:  # whoever marks answers for it
        assert len(ds.frame(ds.table("orders"))) == 3
    else:
        with pytest.raises(errors.DataError, match="contradict"):
            ds.table("orders")
