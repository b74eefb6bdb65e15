"""What a run will do, before any kernel starts."""

import dataclasses
import json

import pandas as pd
import pytest

from commlab.config import Settings
from commlab.dataset import open_dataset
from commlab.engine import MEMORY_VARIABLE, THREADS_VARIABLE
from commlab.errors import ArgumentError, DataError
from commlab.report import plan, resources
from commlab.report.notebooks import Notebook, Parameter

ORDERS = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "member_id": ["m1", "m2", "m1"],
        "paid_at": ["2026-01-01 10:00", "2026-01-05 11:00", "2026-01-20 12:00"],
        "amount": [10.0, 20.0, 30.0],
    }
)


def book(name="02_x", *, needs=(), uses=None, parameters=("data", "as_of", "lang", "level")):
    made = {item: Parameter(item, "", "") for item in parameters}
    return Notebook(name, None, "", needs, uses, made, 1, "digest")


@pytest.fixture
def inputs():
    return plan.Inputs(
        data="some/brand", name="brand", as_of="2026-06-30", fingerprint="f", tables=("orders",),
        engine="duckdb", asked_engine="", lang="both", internal=False, parameters={"level": 0.9},
    )  # fmt: skip


def test_each_notebook_gets_the_parameters_that_it_has(inputs):
    assert inputs.parameters_for(book()) == {
        "data": "some/brand", "as_of": "2026-06-30", "lang": "both", "level": 0.9,
    }  # fmt: skip
    assert inputs.parameters_for(book(parameters=("data", "seed"))) == {"data": "some/brand"}
    asked = dataclasses.replace(inputs, asked_engine="spark")
    assert asked.parameters_for(book(parameters=("engine",))) == {"engine": "spark"}


@pytest.mark.parametrize(
    "changed",
    [
        {"fingerprint": "g"}, {"as_of": "2026-07-01"}, {"lang": "zh"}, {"internal": True},
        {"engine": "spark"}, {"parameters": {"level": 0.8}},
    ],
)  # fmt: skip
def test_what_changes_the_pages_changes_the_fingerprint(inputs, changed):
    before = inputs.fingerprint_for(book())
    assert dataclasses.replace(inputs, **changed).fingerprint_for(book()) != before


def test_what_does_not_change_the_pages_leaves_the_fingerprint(inputs):
    before = inputs.fingerprint_for(book())
    assert dataclasses.replace(inputs, data="moved/brand").fingerprint_for(book()) == before
    other = dataclasses.replace(inputs, parameters={"level": 0.9, "seed": 1})
    assert other.fingerprint_for(book()) == before  # a parameter of another notebook
    assert inputs.fingerprint_for(dataclasses.replace(book(), digest="new")) != before
    assert inputs.fingerprint_for(book(), {"02_x": {}}) != before


def test_run_name(make_workspace):
    folder = make_workspace({"orders": ORDERS}, name="某品牌 / 旗舰店")
    ds = open_dataset(folder)
    assert plan.run_name(None, folder, ds) == f"{folder.name}-2026-01-19"
    assert plan.run_name(None, "postgres://host/brand", ds) == "某品牌_旗舰店-2026-01-19"
    assert plan.run_name("周报 1", folder, ds) == "周报 1"
    for wrong in ("a/b", "..", ".hidden", "", " ", "a\\b", "a:b", "a\nb"):
        with pytest.raises(ArgumentError, match="name of a folder"):
            plan.run_name(wrong, folder, ds)


def test_skip_reason_names_the_tables_in_both_languages():
    needy = book(needs=(("messages", "memberships"), ("members",)))
    assert plan.skip_reason(needy, ["messages", "members"]) is None
    assert plan.skip_reason(needy, ["messages"]) == {
        "en": "Not run: it needs the table members, which the workspace does not have.",
        "zh": "未运行：本报告需要数据表 members，当前工作区没有这张表。",
    }
    reason = plan.skip_reason(needy, ["members"])
    assert "messages, memberships" in reason["en"]
    assert "messages、memberships" in reason["zh"]


def test_an_error_in_a_table_that_is_read_stops_the_run(make_workspace):
    twice = pd.concat([ORDERS, ORDERS.head(1).assign(amount=99.0)])  # one key, two amounts
    members = pd.DataFrame({"member_id": ["m1", "m2"], "joined_at": ["2026-01-01"] * 2})
    ds = open_dataset(make_workspace({"orders": twice, "members": members}))
    with pytest.raises(DataError) as caught:
        plan.check_quality(ds, [book(uses=("orders",))], "both")
    assert "orders.parquet, order_id" in str(caught.value)
    assert "commlab check" in str(caught.value)
    plan.check_quality(ds, [book(uses=("members",))], "both")
    plan.check_quality(ds, [book("00_data_health", uses=("orders",))], "both")
    plan.check_quality(ds, [], "both")
    with pytest.raises(DataError):
        plan.check_quality(ds, [book("00_data_health"), book(uses=("orders",))], "both")


def test_kernels_share_memory_and_cores(monkeypatch):
    monkeypatch.setattr(resources, "cores", lambda: 8)
    monkeypatch.setattr(resources, "memory", lambda: 10 * 2**30)
    for name in (MEMORY_VARIABLE, THREADS_VARIABLE, "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    env = resources.environment(Settings(), 3)
    assert env[MEMORY_VARIABLE] == "2048MiB"  # 60 % of 10 GiB, by three
    assert env[THREADS_VARIABLE] == env["OMP_NUM_THREADS"] == "2"
    env = resources.environment(Settings(memory_limit="4GB", threads=1), 2)
    assert env[MEMORY_VARIABLE] == "1907MiB"  # 2·10⁹ bytes
    assert env[THREADS_VARIABLE] == "1"
    assert resources.environment(Settings(memory_limit="1MB"), 4)[MEMORY_VARIABLE] == "256MiB"
    monkeypatch.setenv(MEMORY_VARIABLE, "2GiB")
    monkeypatch.setenv(THREADS_VARIABLE, "4")
    env = resources.environment(Settings(memory_limit="9GB"), 2)
    assert (env[MEMORY_VARIABLE], env[THREADS_VARIABLE]) == ("1024MiB", "2")


def test_duckdb_takes_the_share(monkeypatch):
    import duckdb

    share = resources.environment(Settings(memory_limit="1GB"), 2)[MEMORY_VARIABLE]
    con = duckdb.connect(config={"memory_limit": share})
    told = con.execute("select current_setting('memory_limit')").fetchone()[0]
    assert told == "476.0 MiB"  # 1e9 / 2 bytes, down to whole MiB


@pytest.mark.parametrize("text", ["", "4", "GB", "4 apples"])
def test_sizes_that_are_none(text):
    with pytest.raises(ArgumentError, match="4GB"):
        resources.parse_bytes(text)


def test_machine():
    assert resources.cores() >= 1
    assert resources.memory() > 2**28
    json.dumps(resources.environment(Settings(), 1))
