"""The notebook on lifetime value from end to end: where a rule of thumb wins, and by segment."""

from __future__ import annotations

import pandas as pd
import pytest

from commlab.estimate import Estimate
from tests.models.test_outlook import subscribers

from . import notebook_source as source
from .conftest import run_all

VALUE = "04_lifetime_value"


def figures_of(run):
    return {key: Estimate.from_dict(item) for key, item in run.results[VALUE].items()}


@pytest.mark.slow
def test_where_a_rule_wins_the_page_says_so_and_projects_by_it(make_workspace, tmp_path):
    workspace = make_workspace({"orders": subscribers()}, margin=0.4)
    run = run_all(workspace, tmp_path / "out", notebooks=["04"], params={"test_weeks": 13})
    assert run.statuses == {VALUE: "done"}
    figures = figures_of(run)
    assert "ltv.total" not in figures
    ahead, worth = figures["ltv.simple_purchases"], figures["ltv.simple_margin"]
    assert ahead.low < ahead.value < ahead.high
    assert worth.value == pytest.approx(40 * ahead.value, rel=1e-6)
    said = {lang: run.page(VALUE, lang).said for lang in ("en", "zh")}
    assert (
        "a rule of thumb (Rule: own rate so far goes on) was as good as every model" in said["en"]
    )
    assert "经验法：按本人过去的频率" in said["zh"]
    assert not (run.folder / "private" / "valuable.csv").exists()


@pytest.mark.slow
def test_the_made_up_community_is_told_apart_by_channel_and_region(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["04"])
    assert run.statuses == {VALUE: "done"}
    tables = run.folder / "share" / "tables" / VALUE
    scores = pd.read_csv(tables / "purchase_backtest.csv").set_index("method")
    assert scores["chosen"].sum() == 1
    better = scores.loc["segments", "log_score"] > scores[scores["chosen"]]["log_score"].iloc[0]
    said = run.page(VALUE, "en").said
    assert ("It is not shown that telling buyers apart" in said) or better
    for by in ("channel", "region"):
        rows = pd.read_csv(tables / f"ltv_outlook_{by}.csv")
        shown = rows[rows["status"] == "ok"]
        assert (shown["newcomer_low"] <= shown["newcomer"]).all()
        assert (shown["newcomer"] <= shown["newcomer_high"]).all()
        assert (shown["buyers"] >= 30).all()
        assert rows[rows["status"] == "too_few"]["value"].isna().all()
