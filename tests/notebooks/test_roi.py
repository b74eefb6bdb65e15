"""The notebook on the return from end to end: a planted return, and the made-up community."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab.estimate import Estimate
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

ROI = "12_roi"
MEMBERS, MONTHS = 60, 6


def planted():
    """Sixty members who leave 10 each a month from 2026, and costs that end at 400 a month."""
    starts = pd.date_range("2026-01-01", periods=MONTHS, freq="MS")
    orders = pd.DataFrame(
        [(f"m{k:02}", start + pd.Timedelta(days=k % 25)) for start in starts
         for k in range(MEMBERS)], columns=["member_id", "paid_at"],
    )  # fmt: skip
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], amount=30.0, cost=20.0)
    costs = pd.DataFrame({"starts_on": starts.date,
                          "ends_on": (starts + pd.offsets.MonthEnd(1)).date, "category": "staff",
                          "amount": [1200.0, 800.0, 400.0, 400.0, 400.0, 400.0]})  # fmt: skip
    return {"orders": orders, "costs": costs}


@pytest.mark.slow
def test_a_planted_return_is_read_to_the_fen(make_workspace, tmp_path):
    workspace = make_workspace(planted(), as_of=dt.date(2026, 6, 30))
    run = run_all(workspace, tmp_path / "out", notebooks=["12"], lang="en")
    page = run.page(ROI, "en")
    assert "Error" not in page.said
    figures = {key: Estimate.from_dict(item) for key, item in run.results[ROI].items()}
    # 60 × 10 × 6 = 3600 margin, 3600 cost.
    assert figures["roi.ratio"].value == pytest.approx(1.0)
    assert figures["roi.value"].value == pytest.approx(0.0)
    assert figures["roi.needed_share"].value == pytest.approx(1.0)
    tables = run.folder / "share" / "tables" / ROI
    months = pd.read_csv(tables / "roi_months.csv")
    assert months["running"].round(6).tolist() == [-600, -800, -600, -400, -200, 0]
    assert pd.read_csv(tables / "roi_break_even.csv")["month"].iloc[0] == "2026-06-01"
    costs = pd.read_csv(tables / "roi_costs_category.csv")
    assert costs[["segment", "billed", "spent"]].to_numpy().tolist() == [["staff", 3600, 3600]]
    for table in ("campaigns", "tiers", "surveys"):
        assert " ".join(t(f"roi.adds.{table}", "en").split()) in page.said
    refused = " ".join(t("roi.part.members.refused", "en").split())
    assert refused in page.said


@pytest.mark.slow
def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["12"])
    figures = {key: Estimate.from_dict(item) for key, item in run.results[ROI].items()}
    assert set(figures) == {"roi.ratio", "roi.value", "roi.needed_share", "roi.penetration",
                            "roi.top_share", "roi.repurchase"}  # fmt: skip
    assert all(figure.ok and figure.low < figure.high for figure in figures.values())
    tables = run.folder / "share" / "tables" / ROI
    costs = pd.read_parquet(source.ROOT / "data_samples" / "costs.parquet")
    for name in ("category", "campaign", "channel"):
        table = pd.read_csv(tables / f"roi_costs_{name}.csv")
        assert round(100 * table["billed"].sum()) == round(100 * float(costs["amount"].sum()))
    campaigns = pd.read_csv(tables / "roi_campaigns.csv")
    effect = campaigns["standing"] == "effect"
    assert (campaigns.loc[~effect, "design"] == "observational").all()
    assert np.isnan(campaigns.loc[~effect, "value"]).all()
    assert effect.sum() == 4
    for lang in ("en", "zh"):
        assert "Error" not in run.page(ROI, lang).said
