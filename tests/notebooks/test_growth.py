"""The notebook on the growth loop from end to end, held to what was planted in the community."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from commlab.estimate import Estimate
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

GROWTH = "09_growth_loop"
SAMPLE = source.ROOT / "data_samples"


@pytest.mark.slow
def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(SAMPLE, tmp_path / "out", notebooks=["09"])
    assert run.statuses == {GROWTH: "done"}
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    figures = {key: Estimate.from_dict(item) for key, item in run.results[GROWTH].items()}
    assert set(figures) == {
        "growth.k", "growth.in_all", "growth.cycle", "growth.reward", "growth.breakage",
        "growth.liability", "growth.broken", "growth.coupon_dependent", "growth.habit",
    }  # fmt: skip
    # What is planted in the ledger, counted by the simulator and not by us, to the fen.
    assert round(figures["growth.liability"].value * 100) == truth["points"]["liability_fen"]
    tables = run.folder / "share" / "tables" / GROWTH
    promises = pd.read_csv(tables / "growth_promises.csv").set_index("label")["promises"]
    assert promises["late"] == truth["points"]["late"]
    assert promises["unfulfilled"] == truth["points"]["overdue"]
    coupons = pd.read_csv(tables / "growth_coupons.csv").set_index("batch")
    spring = truth["coupons"]["by_batch"]["c01"]
    assert coupons.loc["c01", ["at_risk", "passed"]].tolist() == [spring["issued"],
                                                                  spring["redeemed"]]  # fmt: skip
    generations = pd.read_csv(tables / "growth_generations.csv", dtype={"generation": str})
    planted = truth["referrals"]["by_generation"]
    for row in generations[generations["status"] == "ok"].itertuples():
        if row.generation != "all":
            k = planted[int(row.generation)]["k_kept"]
            half = (row.high - row.low) / 2
            assert abs(row.value - k) < 3.3 / 1.96 * half  # 99.9 %
    for lang in ("en", "zh"):
        said = run.page(GROWTH, lang).said
        assert "Error" not in said
        assert "3,202.42" in said


@pytest.mark.slow
def test_without_opening_balances_and_worth_it_says_so(make_workspace, tmp_path):
    at = pd.Timestamp("2026-03-01")
    tables = {
        "members": pd.DataFrame({"member_id": [f"m{i}" for i in range(40)], "joined_at": at}),
        "orders": pd.DataFrame({"order_id": ["o"], "member_id": ["m1"], "paid_at": [at],
                                "amount": [10.0]}),
        "points": pd.DataFrame({"member_id": ["m1", "m2"], "at": [at, at], "delta": [9, -4],
                                "reason": ["speech", "exchange"]}),
    }  # fmt: skip
    run = run_all(make_workspace(tables, as_of="2026-06-30", point_value=0.1), tmp_path / "out",
                  notebooks=["09"], lang="en")  # fmt: skip
    assert run.statuses == {GROWTH: "done"}
    said = run.page(GROWTH, "en").said
    assert " ".join(t("growth.part.points.refused", "en").split()) in said
    assert "growth.liability" not in run.results[GROWTH]
    for table in ("referrals", "coupons"):
        assert " ".join(t(f"growth.adds.{table}", "en").split()) in said
