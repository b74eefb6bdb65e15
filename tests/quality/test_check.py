"""Sound data raise nothing; a planted fault raises exactly its finding, with its counts."""

# ruff: noqa: PD011  a finding has values, and is no frame

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from worlds import AS_OF, START, sound_tables

from commlab import quality
from commlab.dataset import open_dataset
from commlab.tables import TABLES

FAST, SLOW = range(3), range(3, 30)


def loud(findings):
    """Findings above a note, as (table, column, rule, severity, rows)."""
    return [
        (item.table, item.column, item.rule, item.severity, item.rows)
        for item in findings
        if item.severity != "note"
    ]


@pytest.fixture
def checked(make_dataset):
    """Function that plants a fault into some tables of a sound world and checks them."""

    def check(names, plant=None, as_of=AS_OF, seed=0, **settings):
        tables = {name: sound_tables(seed)[name] for name in names}
        if plant is not None:
            tables = plant(tables) or tables
        return quality.check(make_dataset(tables, as_of=as_of, **settings))

    return check


@pytest.mark.parametrize(
    "seed", [*FAST, *(pytest.param(seed, marks=pytest.mark.slow) for seed in SLOW)]
)
def test_sound_data_raise_nothing(make_dataset, seed):
    findings = quality.check(make_dataset(sound_tables(seed), as_of=AS_OF))
    assert list(findings) == []


def test_rows_after_as_of_are_a_note(checked):
    findings = checked(["orders"], as_of="2025-09-01")
    paid = sound_tables(0)["orders"]["paid_at"]
    later = int((paid >= "2025-09-02").sum())
    (item,) = findings
    assert (item.rule, item.severity, item.rows) == ("future", "note", later)
    assert item.share == pytest.approx(later / len(paid))


def test_without_a_table_to_start_from(make_dataset):
    tables = {name: sound_tables(0)[name] for name in ("members", "channels", "staff")}
    findings = quality.check(make_dataset(tables, as_of=AS_OF))
    assert loud(findings) == [("", "", "nothing_to_read", "error", 0)]


def test_tables_to_start_from_that_hold_no_rows(checked):
    def plant(tables):
        tables["orders"] = tables["orders"].head(0)

    findings = checked(["orders", "members"], plant)
    assert [item for item in loud(findings) if item[2] != "orphans"] == [
        ("", "", "nothing_to_read", "error", 0),
        ("orders", "", "empty_table", "warning", 0),
    ]


def test_missing_and_empty_columns(checked):
    def plant(tables):
        tables["orders"] = tables["orders"].drop(columns="amount")
        tables["memberships"]["joined_at"] = pd.NaT
        tables["memberships"]["observed_from"] = pd.NaT

    findings = checked(["orders", "memberships"], plant)
    n, stays = len(sound_tables(0)["orders"]), len(sound_tables(0)["memberships"])
    assert loud(findings) == [
        ("memberships", "joined_at", "empty_column", "error", stays),
        ("orders", "amount", "missing_column", "error", n),
    ]


def test_a_table_of_other_columns(tmp_path, engine):
    folder = write_csv(tmp_path / "w", {"orders": as_text(sound_tables(0)["orders"])})
    (folder / "contacts.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    findings = quality.check(open_dataset(folder, as_of=AS_OF, engine=engine))
    assert loud(findings) == [
        ("contacts", name, "missing_column", "error", 1)
        for name in ("added_at", "member_id", "staff_id")
    ]


def test_an_empty_table(checked):
    def plant(tables):
        tables["contacts"] = tables["contacts"].head(0)

    findings = checked(["orders", "contacts"], plant)
    assert loud(findings) == [("contacts", "", "empty_table", "warning", 0)]


def test_missing_cells(checked):
    def plant(tables):
        tables["orders"].loc[:6, "paid_at"] = pd.NaT
        tables["orders"].loc[:6, "refunded_at"] = pd.NaT

    findings = checked(["orders"], plant)
    assert loud(findings) == [("orders", "paid_at", "missing_value", "warning", 7)]
    assert len(findings[0].examples) == 3


def test_copies_are_a_warning_and_contradictions_an_error(checked):
    def plant(tables):
        orders = tables["orders"]
        other = orders.iloc[[7]].assign(amount=orders["amount"].iloc[7] + 1)
        tables["orders"] = pd.concat((orders, orders.iloc[[2, 2, 3]], other), ignore_index=True)

    findings = checked(["orders"], plant)
    assert loud(findings) == [
        ("orders", "order_id", "conflicting_keys", "error", 1),
        ("orders", "order_id", "duplicate_rows", "warning", 3),
    ]


def test_equal_rows_without_a_key_are_real(checked, make_dataset):
    items = pd.DataFrame({"order_id": "o1", "sku": ["a", "a"], "quantity": 1.0, "amount": 5.0})
    orders = sound_tables(0)["orders"]
    findings = quality.check(make_dataset({"orders": orders, "order_items": items}, as_of=AS_OF))
    assert loud(findings) == []


def test_duplicates_counts_what_check_says(make_dataset):
    orders = sound_tables(0)["orders"]
    doubled = pd.concat((orders, orders.head(4)), ignore_index=True)
    ds = make_dataset({"orders": doubled}, as_of=AS_OF)
    assert quality.duplicates(ds, "orders") == quality.Duplicates(
        "orders", len(orders) + 4, len(orders), copies=4, conflicts=0
    )


def test_orphans(checked):
    def plant(tables):
        tables["members"] = tables["members"].iloc[5:]

    findings = checked(["members", "orders"], plant)
    orders, members = sound_tables(0)["orders"], sound_tables(0)["members"]
    lost = orders["member_id"].isin(members["member_id"].iloc[:5])
    assert loud(findings) == [("orders", "member_id", "orphans", "warning", int(lost.sum()))]
    assert findings[0].share == pytest.approx(lost.mean())
    ids = orders["member_id"][lost].nunique()
    assert findings[0].values["ids"] == ids
    assert len(findings[0].examples) == min(3, ids)


REFERENCES = [
    (name, column.name, column.references)
    for name, declared in TABLES.items()
    for column in declared.columns
    if column.references
]


def one_row(name, place, **cells):
    """A row of a table with every required column and, as ids, `cells`."""
    kinds = {"time": "2025-03-01 10:00", "date": dt.date(2025, 3, 1), "money": 1.0, "int": place,
             "float": 1.0}  # fmt: skip
    row = {
        column.name: next(iter(column.values), kinds.get(column.dtype, f"r{place}"))
        for column in TABLES[name].columns
        if column.required
    }
    return {**row, **cells}


@pytest.mark.parametrize(("name", "column", "target"), REFERENCES)
def test_orphans_of_every_declared_reference(make_dataset, name, column, target):
    other, _, key = target.partition(".")
    ids = ["k0", "k1", "k0", "lost", "lost"]
    known = pd.DataFrame([one_row(other, n, **{key: f"k{n}"}) for n in range(2)])
    rows = pd.DataFrame([one_row(name, n, **{column: ids[n]}) for n in range(5)])
    tables = {other: known, name: rows}
    if other == name:  # a parent in the same table
        tables = {name: pd.DataFrame(
            [one_row(name, n, **{key: f"k{n}", column: ids[n]}) for n in range(5)]
        )}  # fmt: skip
    if "messages" not in tables:
        messages = {"message_id": ["x"], "member_id": ["k0"], "sent_at": ["2025-03-01"]}
        tables["messages"] = pd.DataFrame(messages)
    found = [
        (item.table, item.rows, item.values["ids"])
        for item in quality.check(make_dataset(tables, as_of="2025-06-01"))
        if (item.rule, item.table, item.column) == ("orphans", name, column)
    ]
    assert found == [(name, 2, 1)]


def test_staff_who_write_are_no_orphans(checked):
    assert loud(checked(["members", "messages", "staff"])) == []


def test_one_person_under_several_ids(checked):
    def plant(tables):
        tables["identities"].loc[1, "value_hash"] = "h0"
        nick = pd.DataFrame({"member_id": ["m00003", "m00004"], "kind": "shop_nickname"})
        nick["value_hash"] = "same"  # nicknames collide
        tables["identities"] = pd.concat((tables["identities"], nick), ignore_index=True)

    findings = checked(["members", "memberships", "identities"], plant)
    expected = ("identities", "value_hash", "one_person_many_ids", "warning", 2)
    assert loud(findings) == [expected]
    assert findings[0].values["members"] == 2


@pytest.mark.parametrize(("rows", "severity"), [(2, "warning"), (40, "error")])
def test_reversed_times(checked, rows, severity):
    def plant(tables):
        stays = tables["memberships"]
        gone = stays.index[stays["left_at"].notna() & (stays["joined_at"] > "2025-02-01")][:rows]
        stays.loc[gone, "left_at"] = stays.loc[gone, "joined_at"] - pd.Timedelta(hours=2)

    findings = checked(["memberships"], plant)
    expected = ("memberships", "left_at", "reversed_times", severity, rows)
    assert loud(findings) == [expected]
    assert findings[0].values["first"] == "joined_at"


def test_a_bare_date_on_the_same_day_is_not_reversed(checked):
    def plant(tables):
        orders = tables["orders"]
        orders["refunded_at"] = orders["paid_at"].dt.normalize().where(orders["refund_amount"] > 0)

    assert loud(checked(["orders"], plant)) == []


def test_times_before_2010(checked):
    def plant(tables):
        tables["members"].loc[[0, 1], "joined_at"] = pd.Timestamp("1970-01-01 08:00")

    findings = checked(["orders", "members"], plant)
    assert loud(findings) == [("members", "joined_at", "too_early", "warning", 2)]


def test_data_that_are_really_old_are_counted_all_the_same(checked):
    back = pd.Timedelta(days=18 * 365)

    def plant(tables):
        orders = tables["orders"]
        orders["paid_at"], orders["refunded_at"] = orders["paid_at"] - back, pd.NaT
        day = orders["paid_at"].dt.date
        tables["orders"] = orders[(day < pd.Timestamp("2007-06-04").date())
                                  | (day > pd.Timestamp("2007-06-09").date())]  # fmt: skip

    findings = checked(["orders"], plant, as_of="2007-11-06")
    assert [item.rule for item in findings] == ["too_early", "gap"]
    assert (findings[0].share, findings[1].rows) == (1.0, 6)


def test_refunds_and_negative_amounts(checked):
    def plant(tables):
        orders = tables["orders"]
        orders["cost"] = 0.0
        refunded = orders.index[orders["refund_amount"] > 0]
        orders.loc[refunded[0], "refund_amount"] = orders.loc[refunded[0], "amount"] + 0.01
        sound = orders.index[orders["refund_amount"] == 0][:4]
        orders.loc[sound, "amount"] = -1.0

    findings = checked(["orders"], plant)
    refunds = int((sound_tables(0)["orders"]["refund_amount"] > 0).sum())
    assert loud(findings) == [
        # One of fewer than a hundred refunds: above a hundredth of those refunded.
        ("orders", "refund_amount", "refund_above_amount",
         "error" if refunds < 100 else "warning", 1),
        ("orders", "amount", "negative_amount", "warning", 4),
    ]  # fmt: skip


def test_fen_for_yuan(checked):
    def plant(tables):
        orders = tables["orders"]
        wrong = orders["paid_at"].dt.strftime("%Y-%m") == "2025-07"
        for column in ("amount", "refund_amount", "cost"):
            orders.loc[wrong, column] = (orders.loc[wrong, column] * 100).round()

    findings = checked(["orders"], plant)
    paid = sound_tables(0)["orders"]
    july = paid[(paid["paid_at"].dt.strftime("%Y-%m") == "2025-07") & (paid["kind"] == "regular")]
    assert ("orders", "amount", "hundredfold", "warning", len(july)) in loud(findings)
    assert {item.rule for item in findings} == {"hundredfold"}
    assert findings[0].examples == ("2025-07",)


def test_costs_in_fen_beside_amounts_in_yuan(checked):
    def plant(tables):
        tables["orders"]["cost"] *= 100

    findings = checked(["orders"], plant)
    n = len(sound_tables(0)["orders"])
    (found,) = loud(findings)
    assert found[:4] == ("orders", "cost", "hundredfold", "warning")
    assert found[4] > 0.95 * n


def test_export_gap(checked):
    def plant(tables):
        paid = tables["orders"]["paid_at"]
        inside = (paid >= "2025-08-04") & (paid < "2025-08-09")
        tables["orders"] = tables["orders"][~inside]

    findings = checked(["orders"], plant)
    assert loud(findings) == [("orders", "paid_at", "gap", "warning", 5)]
    values = findings[0].values
    assert [values["first"].isoformat(), values["last"].isoformat()] == ["2025-08-04", "2025-08-08"]


def test_a_single_busy_day_without_rows(checked):
    def plant(tables):
        day = tables["messages"]["sent_at"].dt.strftime("%Y-%m-%d")
        tables["messages"] = tables["messages"][day != "2025-09-10"]

    findings = checked(["messages", "staff"], plant)
    assert loud(findings) == [("messages", "sent_at", "gap", "warning", 1)]
    assert findings[0].examples == ("2025-09-10",)


def test_stale_table(checked):
    def plant(tables):
        sent = tables["messages"]["sent_at"]
        tables["messages"] = tables["messages"][sent < "2025-10-01"]

    findings = checked(["messages", "orders", "staff"], plant)
    assert loud(findings) == [("messages", "sent_at", "stale", "warning", 32)]
    assert findings[0].values["last_row"].isoformat() == "2025-09-30"


def test_clock_off_by_eight_hours(checked):
    def plant(tables):
        tables["messages"]["sent_at"] -= pd.Timedelta(hours=8)

    findings = checked(["messages", "staff"], plant)
    (found,) = loud(findings)
    assert found == (
        "messages", "sent_at", "shifted_hours", "warning", len(sound_tables(0)["messages"])
    )  # fmt: skip
    assert findings[0].values["shift"] in ("-7", "-8", "-9")


def test_a_workspace_in_utc_claims_nothing_about_nights(checked):
    assert loud(checked(["messages", "staff"], seed=2, zone="UTC")) == []

    def plant(tables):
        tables["messages"]["sent_at"] -= pd.Timedelta(hours=8)

    assert loud(checked(["messages", "staff"], plant, zone="UTC")) == []


def test_one_month_off_by_eight_hours(checked):
    def plant(tables):
        sent = tables["messages"]["sent_at"]
        june = sent.dt.strftime("%Y-%m") == "2025-06"
        tables["messages"]["sent_at"] = sent.where(~june, sent.dt.normalize() + (
            sent - sent.dt.normalize() + pd.Timedelta(hours=8)
        ) % pd.Timedelta(days=1))  # fmt: skip

    findings = checked(["messages", "staff"], plant)
    assert [item[2] for item in loud(findings)] == ["shifted_hours"]
    assert findings[0].values["when"] == "2025-06"


def test_days_instead_of_times_are_a_note(checked):
    def plant(tables):
        tables["orders"]["paid_at"] = tables["orders"]["paid_at"].dt.normalize()
        tables["orders"]["refunded_at"] = pd.NaT

    findings = checked(["orders"], plant)
    assert [(item.rule, item.severity) for item in findings] == [("no_time_of_day", "note")]


@pytest.mark.parametrize("kind", ["works", "everywhere", "round_the_clock", "loud"])
def test_staff_who_look_like_customers(checked, kind):
    rng = np.random.default_rng(0)

    def plant(tables):
        n = {"works": 5, "everywhere": 150, "round_the_clock": 600, "loud": 4000}[kind]
        groups = tables["groups"]["group_id"]
        hours = rng.integers(
            0 if kind == "round_the_clock" else 9, 24 if kind == "round_the_clock" else 21, n
        )
        days = np.sort(rng.integers(0, 299, n))
        mine = pd.DataFrame(
            {
                "message_id": [f"y{i}" for i in range(n)],
                "group_id": rng.choice(groups, n) if kind == "everywhere" else groups[0],
                "member_id": "m00007",
                "sent_at": START + pd.to_timedelta(days * 86_400 + hours * 3600, unit="s"),
            }
        )
        old = tables["messages"]["member_id"] == "m00007"
        tables["messages"] = pd.concat((tables["messages"][~old], mine), ignore_index=True)
        if kind == "works":
            tables["groups"].loc[0, "owner_id"] = "m00007"

    findings = checked(["groups", "messages", "staff"], plant, seed=4)
    # Who owns a group and is not in the staff table is an orphan, too.
    others = ["orphans"] if kind == "works" else []
    assert [item.rule for item in findings] == [*others, "looks_like_staff"]
    item = findings[-1]
    assert item.table == "messages"
    assert item.values["members"] == 1
    assert kind in item.examples[0]
    assert "m00007" not in item.examples[0]
    settled = checked(["groups", "messages", "staff"], plant, seed=4, staff=("m00007",))
    assert loud(settled) == []


def test_survivors_of_a_first_snapshot(checked):
    def plant(tables):
        stays = tables["memberships"]
        seen = pd.Timestamp("2025-06-01")
        tables["memberships"] = stays[stays["left_at"].isna() | (stays["left_at"] > seen)].assign(
            observed_from=stays["joined_at"].where(stays["joined_at"] > seen, seen)
        )

    findings = checked(["memberships"], plant)
    kept = sound_tables(0)["memberships"]
    before = kept[kept["joined_at"] < "2025-06-01"]
    before = before[before["left_at"].isna() | (before["left_at"] > "2025-06-01")]
    expected = ("memberships", "joined_at", "survivors_only", "warning", len(before))
    assert loud(findings) == [expected]
    assert findings[0].values["since"].isoformat() == "2025-06-01"


def test_survivors_without_observed_from(checked):
    def plant(tables):
        stays = tables["memberships"].drop(columns="observed_from")
        seen = pd.Timestamp("2025-07-01")
        tables["memberships"] = stays[stays["left_at"].isna() | (stays["left_at"] > seen)]

    assert [item[2] for item in loud(checked(["memberships"], plant))] == ["survivors_only"]


def test_nobody_ever_left(checked):
    def plant(tables):
        tables["memberships"] = tables["memberships"].drop(columns=["left_at", "leave_kind"])

    assert [item[1:3] for item in loud(checked(["memberships"], plant))] == [
        ("left_at", "survivors_only")
    ]


def test_values_that_are_not_declared(checked):
    def plant(tables):
        tables["members"].loc[:9, "gender"] = "Female"
        tables["members"].loc[10, "gender"] = "13800138000"

    findings = checked(["members", "memberships"], plant)
    assert loud(findings) == [("members", "gender", "unknown_value", "warning", 11)]
    assert findings[0].examples == ("Female (10)", "00000000000 (1)")


def write_csv(folder, tables):
    folder.mkdir(exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def as_text(frame):
    """A frame as a CSV export has it: UTC text."""
    times = [c for c in frame if pd.api.types.is_datetime64_any_dtype(frame[c])]
    return frame.assign(
        **{c: (frame[c] - pd.Timedelta(hours=8)).dt.strftime("%Y-%m-%d %H:%M:%S") for c in times}
    ).astype("object")


@pytest.mark.parametrize(
    ("name", "column", "value", "severity", "shape"),
    [
        ("orders", "amount", "￥1,234.50", "error", "￥0,000.00"),
        ("orders", "cost", "about 12", "warning", "aaaaa 00"),
        ("orders", "paid_at", "2016年5月23日", "error", "0000年0月00日"),
        ("contacts", "deleted_at", "昨天", "warning", "字字"),
    ],
)
def test_cells_that_cannot_be_read(tmp_path, engine, name, column, value, severity, shape):
    tables = {name: as_text(sound_tables(0)[name]), "orders": as_text(sound_tables(0)["orders"])}
    if name == "orders":
        tables = {"orders": tables["orders"]}
    tables[name].loc[[4, 8], column] = value
    ds = open_dataset(write_csv(tmp_path / "w", tables), as_of=AS_OF, engine=engine)
    findings = quality.check(ds)
    assert loud(findings) == [(name, column, "uncastable", severity, 2)]
    assert all(item.endswith(f": {shape}") for item in findings[0].examples)


def test_ids_in_scientific_notation(tmp_path, engine):
    orders = as_text(sound_tables(0)["orders"])
    orders.loc[:2, "member_id"] = "1.23E+18"
    orders.loc[3:4, "member_id"] = "17850.0"
    ds = open_dataset(write_csv(tmp_path / "w", {"orders": orders}), as_of=AS_OF, engine=engine)
    assert loud(quality.check(ds)) == [
        ("orders", "member_id", "scientific_id", "error", 3),
        ("orders", "member_id", "number_id", "warning", 2),
    ]


def test_zones_on_some_rows_only(tmp_path, engine):
    orders = as_text(sound_tables(0)["orders"])
    orders["paid_at"] = orders["paid_at"].where(orders.index >= 6, orders["paid_at"] + "+00:00")
    ds = open_dataset(write_csv(tmp_path / "w", {"orders": orders}), as_of=AS_OF, engine=engine)
    n = len(orders)
    assert loud(quality.check(ds)) == [("orders", "paid_at", "mixed_zones", "error", n - 6)]
    orders["paid_at"] = orders["paid_at"].where(orders.index < 6, orders["paid_at"] + "Z")
    ds = open_dataset(write_csv(tmp_path / "v", {"orders": orders}), as_of=AS_OF, engine=engine)
    assert loud(quality.check(ds)) == []


def test_a_misspelt_column_is_a_note(tmp_path, engine):
    orders = as_text(sound_tables(0)["orders"]).rename(columns={"refunded_at": "Refunded_At "})
    ds = open_dataset(write_csv(tmp_path / "w", {"orders": orders}), as_of=AS_OF, engine=engine)
    (item,) = quality.check(ds)
    assert (item.rule, item.severity) == ("unknown_column", "note")
    assert item.values["meant"] == "refunded_at"


def test_check_reads_only(make_dataset):
    ds = make_dataset({"orders": sound_tables(0)["orders"]}, as_of=AS_OF)
    before = (ds.fingerprint(), ds.as_of, ds.tables)
    ds.check()
    assert (ds.fingerprint(), ds.as_of, ds.tables) == before
