"""Appending: parts one after the other give what the whole gives, and newer rows correct."""

import itertools
import json
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

import commlab
from commlab.errors import ArgumentError, LoadError, WorkspaceError
from commlab.loaders import load
from commlab.loaders.log import LOG_FILE
from commlab.loaders.report import ALREADY, CORRECTION, NEW
from commlab.tables import TABLES

DATA = Path(__file__).parents[1] / "data"


def tables(folder):
    return {name: pq.read_table(folder / f"{name}.parquet").to_pylist()
            for name in TABLES if (folder / f"{name}.parquet").exists()}  # fmt: skip


def rows(folder, name):
    return pq.read_table(folder / f"{name}.parquet").to_pylist()


def export(tmp_path, name, text):
    """One export in a folder of its own."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / f"{name}.csv").write_text(text)
    return folder


def append(source, out, **options):
    return load(source, "files", out, append=True, **options)


def counts(report):
    """New, corrected, there already, not loaded."""
    already = report.rows_already
    assert report.rows_read == report.rows_loaded + report.rows_not_loaded
    return (report.rows_loaded - report.rows_corrected, report.rows_corrected, already,
            report.rows_not_loaded - already)  # fmt: skip


HEAD = "order_id,paid_at,amount,refund_amount,refunded_at,channel\n"


def test_what_is_new_is_added_and_what_is_newer_corrects(tmp_path):
    out = tmp_path / "w"
    load(export(tmp_path, "orders_1", HEAD + "a,2026-01-01,10,0,,shop\nb,2026-01-02,20,0,,shop\n"),
         "files", out)  # fmt: skip
    report = append(export(tmp_path, "orders_2", HEAD + "b,2026-01-02,20,5,2026-01-09,\n"
                           "a,2026-01-01,10,0,,shop\nc,2026-01-03,30,0,,shop\nd,x,1,0,,\n"),
                    out)  # fmt: skip
    assert counts(report) == (1, 1, 1, 1)
    (account,) = report.accounts
    assert account.loaded == {NEW: 1, CORRECTION: 1}
    assert account.not_loaded[ALREADY].lines == [3]
    a, b, c = rows(out, "orders")
    assert [a["order_id"], b["order_id"], c["order_id"]] == ["a", "b", "c"]
    # The newer cells win, the empty one keeps what was known.
    assert (b["refund_amount"], b["channel"]) == (Decimal("5.00"), "shop")
    assert report.tables == {"orders": 3}


def test_an_export_with_fewer_columns_erases_nothing(tmp_path):
    out = tmp_path / "w"
    load(export(tmp_path, "orders_1", HEAD + "a,2026-01-01,10,2,2026-01-09,shop\n"), "files", out)
    before = tables(out)
    report = append(export(tmp_path, "orders_2", "order_id,paid_at,amount\na,2026-01-01,10\n"), out)
    assert counts(report) == (0, 0, 1, 0)
    assert tables(out) == before


def test_state_that_only_moves_one_way_stays(tmp_path):
    out = tmp_path / "w"
    head = "message_id,member_id,sent_at,revoked\n"
    load(export(tmp_path, "messages_1", head + "m,a,2026-01-01,true\n"), "files", out)
    append(export(tmp_path, "messages_2", head + "m,a,2026-01-01,false\n"), out)
    assert [row["revoked"] for row in rows(out, "messages")] == [True]
    load(export(tmp_path, "messages_3", head + "m,a,2026-01-01,\n"), "files", tmp_path / "v")
    report = append(export(tmp_path, "messages_4", head + "m,a,2026-01-01,\n" * 2), tmp_path / "v")
    assert counts(report) == (0, 0, 2, 0)  # not known is not "no"


STAY = "group_id,member_id,joined_at,observed_from,last_seen_at,left_at,leave_kind\n"


@pytest.mark.parametrize(("newer", "expected"), [
    # An export of who left no longer names the stay's end: it is not undone.
    ("g,a,2026-01-01,2026-02-01,2026-01-20,,", ("2026-01-05", "2026-01-20", "2026-01-25", "left")),
    # A newer export that names another end is right.
    ("g,a,2026-01-01,2026-02-01,2026-01-20,2026-01-22,removed",
     ("2026-01-05", "2026-01-20", "2026-01-22", "removed")),
    # Who is seen in the same stay afterwards never left.
    ("g,a,2026-01-01,2026-02-01,2026-02-01,,", ("2026-01-05", "2026-02-01", None, None)),
])  # fmt: skip
def test_the_end_of_a_stay(tmp_path, newer, expected):
    out = tmp_path / "w"
    older = "g,a,2026-01-01,2026-01-05,2026-01-19,2026-01-25,left\n"
    load(export(tmp_path, "memberships_1", STAY + older), "files", out, zone="UTC")
    append(export(tmp_path, "memberships_2", STAY + newer + "\n"), out, zone="UTC")
    (row,) = rows(out, "memberships")
    found = [row[name] for name in ("observed_from", "last_seen_at", "left_at")]
    assert (*(None if at is None else f"{at:%Y-%m-%d}" for at in found), row["leave_kind"]) == (
        expected
    )


def test_an_arm_once_assigned_stays_and_that_is_told(tmp_path):
    out = tmp_path / "w"
    head = "campaign_id,member_id,arm,assigned_at\n"
    load(export(tmp_path, "assignments_1", head + "c,a,control,2026-01-01\n"), "files", out)
    report = append(export(tmp_path, "assignments_2", head + "c,a,treated,2026-01-02\n"), out)
    assert [row["arm"] for row in rows(out, "assignments")] == ["control"]
    assert any("assignments.arm: 1 rows name another" in note for note in report.notes)


def test_of_rows_without_a_key_the_larger_count_stays(tmp_path):
    out = tmp_path / "w"
    head, line, other = "order_id,sku,quantity,amount\n", "a,x,1,5\n", "a,y,1,5\n"
    load(export(tmp_path, "order_items_1", head + line * 2 + other), "files", out)
    report = append(export(tmp_path, "order_items_2", head + line * 3 + other), out)
    assert counts(report) == (1, 0, 3, 0)
    assert [row["sku"] for row in rows(out, "order_items")] == ["x", "x", "y", "x"]
    report = append(export(tmp_path, "order_items_3", head + line), out)
    assert counts(report) == (0, 0, 1, 0)


def test_a_coupon_that_was_redeemed_since_is_the_same_coupon(tmp_path):
    out = tmp_path / "w"
    head = "batch,member_id,issued_at,redeemed_at,order_id\n"
    open_, used = "x,a,2026-01-01,,\n", "x,a,2026-01-01,2026-01-08,o\n"
    load(export(tmp_path, "coupons_1", head + open_ * 2), "files", out)
    report = append(export(tmp_path, "coupons_2", head + used + open_), out)
    assert counts(report) == (0, 1, 1, 0)
    assert sorted(row["order_id"] or "" for row in rows(out, "coupons")) == ["", "o"]
    # The older export once more knows less.
    report = append(tmp_path / "coupons_1", out)
    assert counts(report)[:2] == (0, 0) or len(rows(out, "coupons")) == 2
    assert sorted(row["order_id"] or "" for row in rows(out, "coupons")) == ["", "o"]


def test_a_friendship_that_ended_since_is_one_friendship(tmp_path):
    out = tmp_path / "w"
    head = "member_id,staff_id,added_at,observed_from,deleted_at,deleted_by\n"
    load(export(tmp_path, "contacts_1", head + "a,s,2026-01-01,2026-01-05,,\n"), "files", out)
    report = append(
        export(tmp_path, "contacts_2", head + "a,s,2026-01-01,2026-02-05,2026-02-01,staff\n"), out
    )
    assert counts(report) == (0, 1, 0, 0)
    (row,) = rows(out, "contacts")
    assert row["deleted_by"] == "staff"
    assert row["observed_from"] < row["deleted_at"]


def test_of_rows_of_one_key_the_earliest_stays_across_loads(tmp_path):
    plan = tmp_path / "map.toml"
    plan.write_text('[[members]]\none_per_key = true\ncolumns.member_id = "id"\n'
                    'columns.joined_at = "at"\n')  # fmt: skip
    out = tmp_path / "w"
    load(export(tmp_path, "p1", "id,at\na,2026-01-05\nb,2026-01-02\n"), "files", out, plan)
    report = append(export(tmp_path, "p2", "id,at\na,2026-01-01\nb,2026-01-09\n"), out, map=plan)
    assert counts(report) == (0, 1, 0, 1)
    whole = tmp_path / "whole"
    load([tmp_path / "p1", tmp_path / "p2"], "files", whole, plan)
    assert tables(out) == tables(whole)


def test_rows_that_contradict_each_other_in_one_load_stay_a_conflict(tmp_path):
    out = tmp_path / "w"
    load(export(tmp_path, "orders_1", HEAD + "a,2026-01-01,10,0,,\n"), "files", out)
    report = append(export(tmp_path, "orders_2", HEAD + "b,2026-01-01,1,0,,\nb,2026-01-01,2,0,,\n"),
                    out)  # fmt: skip
    assert any("1 keys" in note for note in report.notes)
    # The next export decides.
    append(export(tmp_path, "orders_3", HEAD + "b,2026-01-01,3,0,,\n"), out)
    assert [str(row["amount"]) for row in rows(out, "orders")] == ["10.00", "3.00"]


def test_tables_and_columns_that_the_load_does_not_have_stay(tmp_path):
    out = tmp_path / "w"
    load(export(tmp_path, "orders_1", HEAD + "a,2026-01-01,10,0,,\n"), "files", out)
    own = pq.read_table(out / "orders.parquet")
    pq.write_table(own.append_column("note", [["mine"]]), out / "orders.parquet")
    (out / "staff.csv").write_text("staff_id,role\ns,adviser\n")
    append(export(tmp_path, "orders_2", HEAD + "b,2026-01-02,10,0,,\n"), out)
    assert [row["note"] for row in rows(out, "orders")] == ["mine", None]
    assert (out / "staff.csv").read_text().endswith("s,adviser\n")


def test_a_table_that_somebody_broke_is_named(tmp_path):
    out = tmp_path / "w"
    source = export(tmp_path, "orders_1", HEAD + "a,2026-01-01,10,0,,\n")
    load(source, "files", out)
    table = pq.read_table(out / "orders.parquet")
    place = table.column_names.index("amount")
    pq.write_table(table.set_column(place, "amount", [["dear"]]), out / "orders.parquet")
    newer = export(tmp_path, "orders_2", HEAD + "b,2026-01-01,10,0,,\n")
    with pytest.raises(WorkspaceError, match=r"orders\.parquet: holds what is not of the table"):
        append(newer, out)
    (out / "orders.parquet").write_bytes(b"PAR1")
    with pytest.raises(WorkspaceError, match=r"orders\.parquet: cannot be read"):
        append(newer, out)
    (out / "orders.parquet").rename(out / "orders.csv")
    with pytest.raises(WorkspaceError, match="no single Parquet file"):
        append(newer, out)


def test_what_cannot_be_appended_to(tmp_path):
    out = tmp_path / "w"
    source = export(tmp_path, "orders_1", HEAD + "a,2026-01-01,10,0,,\n")
    # Into nothing: the first load.
    assert counts(append(source, out)) == (1, 0, 0, 0)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(WorkspaceError, match="came from the format 'files'"):
        load(DATA / "taobao", "taobao", out, append=True)
    plan = tmp_path / "map.toml"
    plan.write_text('[settings]\nname = "Other"\n[[orders]]\ncolumns.order_id = "order_id"\n'
                    'columns.paid_at = "paid_at"\ncolumns.amount = "amount"\n')  # fmt: skip
    with pytest.raises(WorkspaceError, match="under the name 'Other'"):
        append(source, out, map=plan)
    for name in ("online-retail", "hillstrom", "chat-log", "workspaces"):
        with pytest.raises(ArgumentError, match=r"Load the whole"):
            load(source, name, out, append=True)
    with pytest.raises(ArgumentError, match="contradict"):
        load(source, "files", out, append=True, overwrite=True)
    with pytest.raises(LoadError):
        append(export(tmp_path, "orders_2", HEAD), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_file_that_comes_again_does_not_undo_what_was_corrected_since(tmp_path):
    out = tmp_path / "w"
    head = "order_id,paid_at,amount,channel\n"
    first = export(tmp_path, "orders_1", head + "a,2026-01-01,10,shop\n")
    load(first, "files", out)
    append(export(tmp_path, "orders_2", head + "a,2026-01-01,12,\n"), out)
    before = tables(out)
    assert counts(append(first, out)) == (0, 0, 1, 0)
    assert tables(out) == before
    # What it has and the workspace lacks is taken.
    plan = tmp_path / "map.toml"
    columns = "".join(f'columns.{name} = "{name}"\n' for name in ("order_id", "paid_at", "amount"))
    plan.write_text(f"[[orders]]\n{columns}")
    load(first, "files", tmp_path / "v", plan)
    plan.write_text(f'[[orders]]\n{columns}columns.channel = "channel"\n')
    assert counts(append(first, tmp_path / "v", map=plan)) == (0, 1, 0, 0)
    assert [row["channel"] for row in rows(tmp_path / "v", "orders")] == ["shop"]


def test_the_log_of_loads(tmp_path):
    out = tmp_path / "w"
    first = export(tmp_path, "orders_1", HEAD + "a,2026-01-01,10,0,,\nb,2026-01-01,1,0,,\n")
    second = export(tmp_path, "orders_2", HEAD + "b,2026-01-01,2,0,,\nx,y,1,0,,\n")
    load(first, "files", out)
    fingerprint = commlab.open_dataset(out).fingerprint()
    append(second, out)
    report = append(first, out)
    assert any(note.startswith("orders_1.csv was loaded before") for note in report.notes)
    log = json.loads((out / LOG_FILE).read_text())
    assert [entry["append"] for entry in log] == [False, True, True]
    assert [entry["rows"] for entry in log[:2]] == [
        {"read": 2, "new": 2, "corrected": 0, "already_loaded": 0, "not_loaded": 0},
        {"read": 2, "new": 0, "corrected": 1, "already_loaded": 0, "not_loaded": 1},
    ]
    (source,) = log[0]["sources"]
    assert (source["name"], source["bytes"]) == (
        "orders_1.csv",
        (first / "orders_1.csv").stat().st_size,
    )
    assert len(source["sha256"]) == 64
    assert log[0]["at"].endswith("Z")
    load(first, "files", tmp_path / "v")
    (tmp_path / "v" / LOG_FILE).write_text("{")
    assert commlab.open_dataset(tmp_path / "v").fingerprint() == fingerprint
    report = append(first, tmp_path / "v")
    assert any("a new one was begun" in note for note in report.notes)


ID = st.integers(0, 10**6)
DAY = st.dates(
    min_value=pd.Timestamp("2025-01-01").date(), max_value=pd.Timestamp("2025-03-01").date()
)


@settings(max_examples=4, deadline=None)
@given(
    orders=st.lists(st.tuples(ID, DAY, st.integers(0, 999)), unique_by=lambda row: row[0],
                    min_size=1, max_size=20),
    steps=st.lists(st.tuples(ID, DAY, st.sampled_from(("clicked", "visited"))), unique=True,
                   max_size=20),
    cuts=st.lists(st.integers(0, 20), min_size=1, max_size=3),
)  # fmt: skip
def test_parts_one_after_the_other_give_the_whole(orders, steps, cuts):
    split_is_whole(orders, steps, cuts)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    orders=st.lists(st.tuples(ID, DAY, st.integers(0, 999)), unique_by=lambda row: row[0],
                    min_size=1, max_size=20),
    steps=st.lists(st.tuples(ID, DAY, st.sampled_from(("clicked", "visited"))), unique=True,
                   max_size=20),
    cuts=st.lists(st.integers(0, 20), min_size=1, max_size=3),
)  # fmt: skip
def test_many_parts_one_after_the_other_give_the_whole(orders, steps, cuts):
    split_is_whole(orders, steps, cuts)


def split_is_whole(orders, steps, cuts):
    """Split loading = whole loading, where no two parts have rows of one key or equal rows."""
    with tempfile.TemporaryDirectory(prefix="commlab-split-") as name:
        folder = Path(name)
        edges = [0, *sorted(cuts), 20]
        for number, (low, high) in enumerate(itertools.pairwise(edges)):
            part = folder / "in" / f"{number:02d}"
            part.mkdir(parents=True)
            lines = [f"o{n},{day},{amount}\n" for n, day, amount in orders[low:high]]
            (part / "orders.csv").write_text("order_id,paid_at,amount\n" + "".join(lines))
            lines = [f"m{n},{day},{event}\n" for n, day, event in steps[low:high]] * 2
            (part / "touchpoints.csv").write_text("member_id,at,event\n" + "".join(lines))
        load(folder / "in", "files", folder / "whole")
        for part in sorted((folder / "in").iterdir()):
            if all(path.read_text().count("\n") == 1 for path in part.iterdir()):
                continue  # headers and no rows: a load of it is refused
            append(part, folder / "split")
            again = append(part, folder / "split")
            assert counts(again)[:2] == (0, 0)
        assert tables(folder / "split") == tables(folder / "whole")


CELL = st.one_of(st.none(), st.sampled_from(("x", "y", "z")))
EXPORT = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 3), CELL, CELL), min_size=1, max_size=5,
    unique_by=lambda row: row[0],
)  # fmt: skip
LINES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2)), min_size=1, max_size=8)


@settings(max_examples=3, deadline=None)
@given(
    exports=st.lists(EXPORT, min_size=2, max_size=3), items=st.lists(LINES, min_size=2, max_size=3)
)
def test_exports_that_overlap(exports, items):
    overlapping(exports, items)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    exports=st.lists(EXPORT, min_size=2, max_size=4), items=st.lists(LINES, min_size=2, max_size=4)
)
def test_many_exports_that_overlap(exports, items):
    overlapping(exports, items)


def overlapping(exports, items):
    """Against a plain walk: newer cells win unless empty; of equal rows the larger number stays."""
    known, held = {}, Counter()
    with tempfile.TemporaryDirectory(prefix="commlab-overlap-") as name:
        out = Path(name) / "w"
        for number in range(max(len(exports), len(items))):
            part = Path(name) / str(number)
            part.mkdir()
            new = corrected = same = 0
            for order, amount, channel, team in exports[number] if number < len(exports) else ():
                before = known.get(order)
                old = before or (None, None, None)
                row = (amount, channel or old[1], team or old[2])
                known[order] = row
                new, corrected, same = (new + (before is None),
                                        corrected + (before is not None and row != before),
                                        same + (row == before))  # fmt: skip
            if number < len(exports):
                rows_ = [
                    f"o{o},2026-01-01,{a},{c or ''},{t or ''}" for o, a, c, t in exports[number]
                ]
                lines = ["order_id,paid_at,amount,channel,team_id", *rows_]
                (part / f"orders_{number}.csv").write_text("\n".join(lines) + "\n")
            if number < len(items):
                found = Counter(items[number])
                new += sum((found - held).values())
                same += sum((found & held).values())
                held |= found
                rows_ = [f"a,s{sku},{quantity},1" for sku, quantity in items[number]]
                lines = ["order_id,sku,quantity,amount", *rows_]
                (part / f"order_items_{number}.csv").write_text("\n".join(lines) + "\n")
            report = append(part, out)
            told = counts(report)
            # A file that was loaded before is no newer than what came since: it corrects nothing.
            if any("loaded before" in note for note in report.notes):
                return
            assert told == (new, corrected, same, 0)
        found = {row["order_id"]: (int(row["amount"]), row.get("channel"), row.get("team_id"))
                 for row in rows(out, "orders")}  # fmt: skip
        assert found == {f"o{order}": row for order, row in known.items()}
        lines = Counter((row["sku"], int(row["quantity"])) for row in rows(out, "order_items"))
        assert lines == Counter({(f"s{s}", q): n for (s, q), n in held.items()})


def test_a_workspace_as_a_source_is_its_tables(tmp_path):
    load(DATA / "youzan", "youzan", tmp_path / "w")
    report = load(tmp_path / "w", "files", tmp_path / "v")
    assert report.tables["orders"] == len(rows(tmp_path / "w", "orders"))
    assert not [source.name for source in report.sources if "people" in source.name]
