"""From real files to pages: load, run, and account for every row."""

from __future__ import annotations

import json

import pytest

from commlab import loaders
from commlab.estimate import Estimate
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

pytestmark = pytest.mark.slow
BOTH = ("00_data_health", "02_cohort_retention")

# File, format, rows (counted by the standard library), and the table that holds its events.
REAL = [
    ("online_retail.csv.gz", "online-retail", 541_909, "orders"),
    ("hillstrom.csv.gz", "hillstrom", 64_000, "orders"),
    ("ubuntu_irc_messages.csv.gz", "chat-log", 196_083, "messages"),
]


@pytest.mark.parametrize(("file", "name", "rows", "table"), REAL, ids=[row[1] for row in REAL])
def test_a_real_file_becomes_a_report(shared_data, tmp_path, file, name, rows, table):
    workspace = tmp_path / "workspace"
    report = loaders.load([shared_data / file], name, workspace)
    assert report.rows_read == rows
    assert report.rows_loaded + report.rows_not_loaded == rows
    written = json.loads((workspace / "load_report.json").read_text(encoding="utf-8"))
    assert written["rows_read"] == rows
    assert report.tables[table] > 0
    run = run_all(workspace, tmp_path / "out", notebooks=["00", "02"], jobs=1)
    assert run.statuses == dict.fromkeys(BOTH, "done")
    assert run.exit_status == 0
    for notebook in BOTH:
        for lang in ("en", "zh"):
            page = run.page(notebook, lang)
            assert "stopped" not in " ".join(page.of("class"))
            assert page.all("img"), notebook
    figures = [Estimate.from_dict(item) for item in run.results[BOTH[1]].values()]
    assert any(figure.ok for figure in figures)


MONEY = ("01_overview", "03_channel_quality", "09_growth_loop", "12_roi")
# Orders only, messages only: what can be answered, what is there, and what is skipped.
ALONE = [
    ("online_retail.csv.gz", "online-retail", {"orders", "order_items", "members"}, set(),
     {"overview.net_revenue", "overview.repurchase", "channels.bought_90"}),
    ("ubuntu_irc_messages.csv.gz", "chat-log", {"messages", "groups", "members"}, {"12_roi"},
     {"channels.retained_90"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "name", "held", "skipped", "wanted"), ALONE, ids=[row[1] for row in ALONE]
)
def test_where_members_come_from_and_what_they_return_on_one_table(
    shared_data, tmp_path, file, name, held, skipped, wanted
):
    workspace = tmp_path / "workspace"
    loaders.load([shared_data / file], name, workspace)
    run = run_all(workspace, tmp_path / "out", notebooks=[one[:2] for one in MONEY], jobs=1)
    done = [one for one in MONEY if one not in skipped]
    assert run.statuses == {**dict.fromkeys(done, "done"), **dict.fromkeys(skipped, "skipped")}
    found = {key: Estimate.from_dict(row) for one in done for key, row in run.results[one].items()}
    assert {key for key in wanted if found[key].ok} == wanted
    for notebook in done:
        topic = source.about(notebook)["topic"]
        for lang in ("en", "zh"):
            page = run.page(notebook, lang)
            assert "Error" not in page.said
            assert "stopped" not in " ".join(page.of("class"))
            for table in source.tables_of(notebook):
                said = " ".join(t(f"{topic}.adds.{table}", lang).split()) in page.said
                assert said == (table not in held), (notebook, table)
