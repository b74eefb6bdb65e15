"""The overview, run last: figures and actions of the others, closed books, sales to the cent."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from commlab.report import batch
from commlab.report.results import read_results

from . import notebook_source as source
from .conftest import run_all

OVERVIEW = "01_overview"


@pytest.mark.slow
def test_it_reads_the_other_reports_of_its_run(tmp_path):
    workspace = source.ROOT / "data_samples"
    run = run_all(workspace, tmp_path / "out", notebooks=["01", "02"])
    assert run.statuses == {OVERVIEW: "done", "02_cohort_retention": "done"}
    found = run.results[OVERVIEW]
    assert found["retention.month1"]["report"]["notebook"] == "02_cohort_retention"
    assert (
        found["retention.month1"]["value"]
        == (run.results["02_cohort_retention"]["retention.month1"]["value"])
    )
    part = json.loads((run.folder / ".parts" / "02_cohort_retention.json").read_text("utf-8"))
    for lang in ("en", "zh"):
        said = run.page(OVERVIEW, lang).said
        assert "Error" not in said
        assert all(" ".join(row["text"][lang].split()) in said for row in part["actions"])
    sales = pd.read_csv(run.folder / "share" / "tables" / OVERVIEW / "monthly_sales.csv")
    orders = pd.read_parquet(workspace / "orders.parquet").astype({"amount": float})
    staff = set(pd.read_parquet(workspace / "staff.parquet")["staff_id"])
    orders = orders[~orders["member_id"].isin(staff)]
    assert sales["net"].sum() == pytest.approx(
        orders["amount"].sum() - orders["refund_amount"].astype(float).sum(), abs=0.005
    )


@pytest.mark.slow
def test_alone_it_says_what_is_missing(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["01"], lang="en")
    assert run.statuses == {OVERVIEW: "done"}
    assert "Run all notebooks at once" in run.page(OVERVIEW, "en").said


def active(folder):
    return read_results(folder)["02_cohort_retention"]["retention.active"]["value"]


@pytest.mark.slow
def test_it_says_what_changed_since_the_run_before(tmp_path):
    workspace = source.ROOT / "data_samples"
    earlier = batch.run(workspace, ["02"], tmp_path / "out", "april", as_of="2026-04-30")
    run = run_all(workspace, tmp_path / "out", notebooks=["01", "02"])
    assert run.statuses[OVERVIEW] == "done"
    changes = pd.read_csv(run.folder / "share" / "tables" / OVERVIEW / "changes.csv")
    row = changes.set_index("key").loc["retention.active"]
    assert row["before"] == active(earlier.folder)
    assert row["after"] == active(run.folder)
    assert "30 April 2026" in run.page(OVERVIEW, "en").said
    assert not (run.folder / "last_run").exists()
    assert "last_run" not in run.results
