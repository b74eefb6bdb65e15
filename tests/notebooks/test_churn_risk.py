"""The notebook on churn from end to end: a world whose risk is known, and the made-up community."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from commlab.estimate import Estimate
from commlab.tables.lists import LISTS
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

CHURN = "05_churn_risk"
A_MONTH, HORIZON, AS_OF = 0.8, 35, "2026-06-28"


def faithful_buyers():
    """Orders alone: 600 people who all buy for ever at one rate, from some day on."""
    random = np.random.default_rng(11)
    start, days = pd.Timestamp("2025-12-01"), 210
    joined = random.integers(0, 60, 600).astype(float)
    counts = random.poisson(A_MONTH * (days - joined) / 30)
    who = np.repeat(np.arange(600), counts)
    day = joined[who] + random.random(len(who)) * (days - joined[who])
    return pd.DataFrame({
        "order_id": [f"o{n}" for n in range(len(who))], "member_id": [f"m{n:03}" for n in who],
        "paid_at": start + pd.to_timedelta(day, unit="D").floor("s"),
        "amount": np.round(random.gamma(2, 60, len(who)), 2)})  # fmt: skip


def figures_of(run):
    return {key: Estimate.from_dict(item) for key, item in run.results[CHURN].items()}


@pytest.mark.slow
def test_orders_alone_where_nothing_tells_who_comes_back(make_workspace, tmp_path):
    workspace = make_workspace({"orders": faithful_buyers()}, as_of=AS_OF)
    run = run_all(workspace, tmp_path / "out", notebooks=["05"], lang="en",
                  params={"horizon_days": HORIZON})  # fmt: skip
    assert run.statuses == {CHURN: "done"}
    figures, page = figures_of(run), run.page(CHURN, "en")
    truth = math.exp(-A_MONTH * HORIZON / 30)  # of no order within the horizon
    assert figures["churn.rate"].low <= truth <= figures["churn.rate"].high
    assert figures["churn.expected"].value == pytest.approx(truth, abs=0.04)
    # Nobody's past tells anything: no order of risks is better than a coin by much.
    assert figures["churn.auc"].value == pytest.approx(0.5, abs=0.05)
    assert "No classifier was better" in page.said
    for table in source.tables_of(CHURN):
        sentence = " ".join(t(f"churn.adds.{table}", "en").split())
        assert (sentence in page.said) == (table != "orders"), table
    assert "Error" not in page.said


@pytest.mark.slow
def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["05"])
    figures = figures_of(run)
    assert set(figures) == {"churn.rate", "churn.expected", "churn.auc", "churn.value_at_risk",
                            "churn.returned", "churn.alive_log_loss"}  # fmt: skip
    assert all(figure.ok and figure.low < figure.value < figure.high for figure in figures.values())
    assert figures["churn.auc"].low > 0.5
    listed = pd.read_csv(run.folder / "private" / "churn.csv", dtype={"member_id": "str"})
    assert list(listed) == list(LISTS["churn"].names)
    assert listed["value_at_risk"].is_monotonic_decreasing
    assert listed["member_id"].is_unique
    assert listed["risk"].between(0, 1).all()
    for lang in ("en", "zh"):
        said = run.page(CHURN, lang).said
        assert "commlab assign" in said
        for part in ("headline", "backtest", "list", "dormant", "sends", "alive"):
            refused = " ".join(t(f"churn.part.{part}.refused", lang).split())
            assert refused not in said, part
        assert " ".join(t("churn.part.cost.refused", lang).split()) in said
