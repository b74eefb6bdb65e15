"""A map on tables of a database: DuckDB, and a real PostgreSQL where one is installed."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from commlab.cli import main
from commlab.errors import ArgumentError, LoadError
from commlab.loaders import load

TABLES = """
CREATE TABLE shop_orders (id BIGINT, customer TEXT, paid TIMESTAMP, paid_utc TIMESTAMPTZ,
  cents BIGINT, refund NUMERIC(12, 2), status TEXT, note TEXT);
INSERT INTO shop_orders VALUES
  (900719925474099312, 'a', '2026-01-01 08:00:00', '2026-01-01 00:00:00+00', 1250, 1.50, 'paid',
   'x'),
  (2, 'b', '2026-01-02 00:30:00.25', '2026-01-01 16:30:00.25+00', 300, NULL, 'paid', NULL),
  (3, NULL, NULL, NULL, 300, 0, 'open', NULL), (4, 'c', '2026-01-03', NULL, 5, 0, 'open', ''),
  (5, 'c', '2026-01-04', NULL, NULL, 0, 'paid', '');
CREATE TABLE crm_customers (id TEXT, since DATE, active BOOLEAN);
INSERT INTO crm_customers VALUES ('a', '2025-01-01', true), ('b', '2025-06-01', false);
"""
MAP = """
[settings]
name = "From a database"

[[orders]]
files = "shop_orders"
unit = "fen"
where = [{ column = "status", in = ["paid"] }]
columns.order_id = "id"
columns.member_id = "customer"
columns.paid_at = "paid"
columns.amount = "cents"
columns.refund_amount = { from = "refund", unit = "yuan" }

[[members]]
files = "crm_*"
columns.member_id = "id"
columns.joined_at = "since"
"""
BIN = Path("/usr/lib/postgresql")
POSTGRES = sorted(BIN.glob("*/bin/initdb"))


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")
    return tmp_path / "map.toml"


@pytest.fixture
def embedded(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(TABLES)
    return f"duckdb://{path}"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """Address of a server of its own, on a socket, that ends with the tests."""
    if not POSTGRES:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed (the extra postgres)")
    tools = POSTGRES[-1].parent
    # The server refuses to run as root; Debian's package made an account for it.
    account = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path("/tmp") / f"commlab-postgres-{os.getpid()}"  # a socket's path must be short
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)

    def run(*command):
        done = subprocess.run(
            [*account, *map(str, command)], capture_output=True, text=True, cwd="/"
        )
        assert done.returncode == 0, done.stderr

    try:
        run(tools / "initdb", "-D", folder / "data", "-A", "trust", "-U", "tester", "-E", "UTF8",
            "--locale", "C.UTF-8", "-N")  # fmt: skip
        run(tools / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o",
            f"-k {folder} -c listen_addresses='' -c fsync=off", "start")  # fmt: skip
        try:
            run(tools / "psql", "-h", folder, "-U", "tester", "-d", "postgres", "-q", "-c",
                f"SET timezone = 'UTC'; {TABLES}")  # fmt: skip
            yield f"postgres://tester@/postgres?host={folder}"
        finally:
            run(tools / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["embedded", pytest.param("postgres", marks=pytest.mark.slow)])
def address(request):
    return request.getfixturevalue(request.param)


def test_tables_become_a_workspace_and_every_row_is_accounted_for(address, plan, tmp_path):
    report = load(address, "files", tmp_path / "w", plan)
    assert report.check() is report
    account = report.account("shop_orders", "orders")
    assert (account.rows, account.rows_loaded) == (5, 2)
    assert {reason: count.rows for reason, count in account.not_loaded.items()} == {
        "left out by the condition on 'status': open": 2, "amount: empty": 1}  # fmt: skip
    held = {
        row["order_id"]: row for row in pq.read_table(tmp_path / "w" / "orders.parquet").to_pylist()
    }
    assert sorted(held) == ["2", "900719925474099312"]
    first = held["900719925474099312"]
    assert (str(first["amount"]), str(first["refund_amount"])) == ("12.50", "1.50")
    # A time without a zone is Beijing's.
    assert str(first["paid_at"]) == "2026-01-01 00:00:00+00:00"
    assert str(held["2"]["paid_at"]) == "2026-01-01 16:30:00.250000+00:00"
    assert held["2"]["refund_amount"] is None
    assert report.tables == {"members": 2, "orders": 2}
    unmapped = {source.name: source.unmapped for source in report.sources}
    assert unmapped == {"crm_customers": ["active"], "shop_orders": ["paid_utc", "note"]}


def test_an_instant_of_the_database_is_that_instant(address, plan, tmp_path):
    plan.write_text(MAP.replace('"paid"\n', '"paid_utc"\n'), encoding="utf-8")
    load(address, "files", tmp_path / "w", plan)
    rows = pq.read_table(tmp_path / "w" / "orders.parquet").to_pylist()
    assert [str(row["paid_at"]) for row in rows] == [
        "2026-01-01 00:00:00+00:00", "2026-01-01 16:30:00.250000+00:00"]  # fmt: skip


def test_two_loads_are_equal(address, plan, tmp_path):
    for name in ("one", "two"):
        load(address, "files", tmp_path / name, plan)
    for table in ("orders", "members"):
        one, two = (pq.read_table(tmp_path / name / f"{table}.parquet") for name in ("one", "two"))
        assert one.equals(two)


def test_what_is_missing_is_named(address, plan, tmp_path):
    plan.write_text(MAP.replace("shop_orders", "shop_order"), encoding="utf-8")
    with pytest.raises(LoadError, match=r"no table 'shop_order'.*Did you mean 'shop_orders'"):
        load(address, "files", tmp_path / "w", plan)
    plan.write_text(MAP.replace('"cents"', '"cent"'), encoding="utf-8")
    with pytest.raises(LoadError, match=r"shop_orders.*has no column 'cent'"):
        load(address, "files", tmp_path / "w", plan)
    with pytest.raises(ArgumentError, match="a database needs a map"):
        load(address, "files", tmp_path / "w")
    with pytest.raises(ArgumentError, match="stands among files"):
        load([address, "x.csv"], "files", tmp_path / "w", plan)
    assert not (tmp_path / "w").exists()


def test_the_command_needs_no_format_for_an_address(embedded, plan, tmp_path):
    out = str(tmp_path / "w")
    done = CliRunner().invoke(main, ["load", embedded, "--map", str(plan), "--out", out])
    assert done.exit_code == 0, done.stderr
    assert "Written: members 2, orders 2" in done.stdout


def test_a_server_that_is_not_there_and_a_password_that_is_not_shown(plan, tmp_path):
    pytest.importorskip("psycopg")
    with pytest.raises(LoadError) as caught:
        load("postgres://crm:hunter2@127.0.0.1:1/crm", "files", tmp_path / "w", plan)
    assert "postgres://…" in str(caught.value)
    assert "hunter2" not in str(caught.value)
