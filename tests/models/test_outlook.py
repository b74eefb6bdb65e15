"""What lies ahead by segment and by rule of thumb, in worlds whose answer is known."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import commlab as cl
from commlab.errors import NotEnoughDataError
from commlab.models._scoring import sampled
from commlab.models.outlook import next_reach
from tests.models.test_backtest_purchases import History
from tests.truth.buyers import ages, leave_after_purchase

HORIZON = 26


@dataclasses.dataclass(frozen=True)
class SegmentHistory(History):
    covariates: tuple[str, ...] = ("channel",)


def world(effects: dict[str, float], each: int, seed: int) -> pd.DataFrame:
    """MBG/NBD buyers whose segments have a log effect on how often they buy."""
    rng = np.random.default_rng(seed)
    names = np.repeat(list(effects), each)
    T = ages(rng, len(names), 26, 78)
    rate = rng.gamma(0.6, 1 / 6.0, len(T)) * np.exp([effects[name] for name in names])
    chance = rng.beta(0.8, 2.5, len(T))
    out = leave_after_purchase(rng, rate, chance, T, HORIZON, first=True)
    return out.assign(channel=names)


def history(effects: dict[str, float], each: int, cutoffs: int = 3) -> list[SegmentHistory]:
    """As many cutoffs, each with customers of their own."""
    empty = pd.DataFrame({"week": [], "actual": []})
    return [
        SegmentHistory(dt.date(2026, 1, 1) - dt.timedelta(days=42 * k), float(HORIZON),
                       world(effects, each, seed=k), empty)
        for k in range(cutoffs)
    ]  # fmt: skip


APART = {"ad": -1.5, "friend": 1.5, "qr": 0.0}


def test_segments_that_differ_foretell_better() -> None:
    tested = cl.models.purchase_backtest(history(APART, 700), models=["mbg"])
    found = tested.by_segment
    assert found is not None
    assert found.verdict == "better"
    assert found.covariates == ("channel",)
    table = tested.summary().set_index("method")
    assert table.loc["segments", "log_score"] > table.loc["mbg", "log_score"]
    gap = table.loc["segments", "log_score"] - table.loc["mbg", "log_score"]
    assert gap == pytest.approx(found.gain.value, rel=1e-6)
    assert table["chosen"].to_dict()["mbg"]
    # The gain is what each buyer's own chances say, buyer by buyer.
    one = history(APART, 700)[0]
    model = cl.models.StaticCovariateModel(cl.models.ModifiedBetaGeoModel(), ["channel"])
    model.fit(one.customers)
    place = np.arange(len(one.customers)), one.customers["holdout"].astype(int)
    own, plain = (
        np.log(each.purchase_pmf(range(400), HORIZON, one.customers).to_numpy()[place])
        for each in (model, model.pooled_)
    )
    first = found.scores.iloc[0]
    assert first["log_score"] == pytest.approx(own.mean(), rel=1e-6)
    alone = cl.models.segment_backtest([one], cl.models.ModifiedBetaGeoModel)
    assert alone.gain.value == pytest.approx((own - plain).mean(), rel=1e-6)
    error = (own - plain).std(ddof=1) / np.sqrt(len(own))
    assert (alone.gain.high - alone.gain.low) / 2 == pytest.approx(1.96 * error, rel=1e-2)


def test_segments_that_do_not_differ_are_not_called_better() -> None:
    same = dict.fromkeys(APART, 0.0)
    found = cl.models.segment_backtest(history(same, 500), cl.models.ModifiedBetaGeoModel)
    assert found.verdict != "better"
    assert abs(found.gain.value) < 0.005


def test_what_cannot_tell_segments_apart_is_left_out_with_its_reason() -> None:
    (one,) = history(APART, 300, cutoffs=1)
    rows = one.customers.assign(
        copy=one.customers["channel"].str.upper(), one="x",
        each=[str(k) for k in range(len(one.customers))],
    )  # fmt: skip
    many = dataclasses.replace(one, customers=rows, covariates=("channel", "copy", "one", "each"))
    found = cl.models.segment_backtest([many], cl.models.ModifiedBetaGeoModel)
    assert found.covariates == ("channel",)
    assert "same customers" in found.left_out["copy"]
    assert "one level" in found.left_out["one"]
    assert "must be <= 100" in found.left_out["each"]
    none = dataclasses.replace(one, customers=rows, covariates=("one",))
    with pytest.raises(NotEnoughDataError, match=r"no segments to tell apart.*one level"):
        cl.models.segment_backtest([none], cl.models.ModifiedBetaGeoModel)
    tested = cl.models.purchase_backtest([none], models=["mbg"])
    assert tested.by_segment is None
    assert "one level" in tested.no_segments


def test_outlook_names_segments_and_keeps_the_verdict() -> None:
    past = history(APART, 500)
    tested = cl.models.purchase_backtest(past, models=["mbg"])
    now = world(APART, 500, seed=9).drop(columns="holdout")
    few = now[now["channel"] == "qr"].head(10).assign(channel="tiny")
    now = pd.concat([now, few], ignore_index=True)
    found = cl.models.segment_outlook(now, tested, HORIZON, draws=60)
    assert found.verdict == tested.by_segment.verdict
    table = found.by["channel"].set_index("segment")
    assert table.index.tolist() == ["friend", "qr", "ad", "tiny"]
    assert table["status"].to_dict()["tiny"] == "too_few"
    assert table.loc["tiny", "value"] != table.loc["tiny", "value"]
    shown = table.drop("tiny")
    assert shown["newcomer"].is_monotonic_decreasing
    assert (shown["newcomer_low"] < shown["newcomer"]).all()
    assert (shown["newcomer"] < shown["newcomer_high"]).all()
    assert (shown["newcomer_pooled"] == shown["newcomer_pooled"].iloc[0]).all()
    # Planted: while there, a friend buys e^3 times as often as one from an ad.
    ratio = shown.loc["friend", "newcomer"] / shown.loc["ad", "newcomer"]
    assert 2 < ratio < np.exp(3)


def test_no_outlook_without_a_test() -> None:
    now = world(APART, 100, seed=9)
    with pytest.raises(NotEnoughDataError, match="could not be tested"):
        cl.models.segment_outlook(now, None, HORIZON)
    tested = cl.models.purchase_backtest(history(APART, 300), models=["mbg"])
    beaten = dataclasses.replace(tested, beaten=True)
    with pytest.raises(NotEnoughDataError, match="rule of thumb"):
        cl.models.segment_outlook(now, beaten, HORIZON)


def test_sampled_customers_are_customers() -> None:
    rows = pd.DataFrame({"frequency": [0, 1, 2], "weight": [900, 90, 10]})
    rows.attrs["time_unit"] = "W"
    assert sampled(rows, 1000) is rows
    drawn = sampled(rows, 500, seed=1)
    assert drawn["weight"].sum() == 500
    assert (drawn["weight"] <= rows["weight"].reindex(drawn.index)).all()
    assert drawn.attrs["time_unit"] == "W"
    # 450 of the many expected, standard deviation 6.7.
    assert abs(drawn["weight"].iloc[0] - 450) < 27
    pd.testing.assert_frame_equal(drawn, sampled(rows, 500, seed=1))


def subscribers() -> pd.DataFrame:
    """500 people who all buy at fixed intervals of their own: their own rate says it all."""
    rng = np.random.default_rng(3)
    gap, first = rng.choice([7, 14, 30, 45], 500), rng.integers(0, 150, 500)
    days = [np.arange(start, 430, step) for start, step in zip(first, gap, strict=True)]
    who = np.repeat(np.arange(500), [len(one) for one in days])
    paid = pd.Timestamp("2025-03-01 10:00") + pd.to_timedelta(np.concatenate(days), unit="D")
    return pd.DataFrame({"order_id": [f"o{n}" for n in range(len(who))], "amount": 100.0,
                         "member_id": [f"m{n:03}" for n in who], "paid_at": paid})  # fmt: skip


def test_where_a_rule_wins_it_projects_with_what_it_missed(make_workspace) -> None:
    folder = make_workspace({"orders": subscribers()}, margin=0.4)
    ds = cl.open_dataset(folder, as_of="2026-05-04")
    days = cl.metrics.purchase_cutoffs(ds, 13)
    tested = cl.models.purchase_backtest(cl.metrics.purchase_history(ds, days, 13))
    assert (tested.beaten, tested.baseline) == (True, "past_rate")
    assert tested.summary().query("chosen")["method"].tolist() == ["past_rate"]
    found = cl.models.simple_projection(ds, tested, 13)
    rfm = cl.metrics.rfm_summary(ds)
    assert found.plain == pytest.approx((rfm["frequency"] / rfm["T"] * 13).sum())
    # What will come: nobody stops, so the 91 days hold so many of each one's intervals.
    gap = np.random.default_rng(3).choice([7, 14, 30, 45], 500)
    truth = (91 / gap).sum()
    assert found.purchases.low <= truth <= found.purchases.high
    assert found.purchases.value == pytest.approx(truth, rel=0.03)
    ratio = found.errors["actual"].sum() / found.errors["predicted"].sum()
    assert found.purchases.value == pytest.approx(found.plain * ratio)
    # Orders of 100 at a margin of 40 %.
    assert found.margin.value == pytest.approx(40 * found.purchases.value, rel=1e-6)
    with pytest.raises(NotEnoughDataError, match="must be 3"):
        cl.models.simple_projection(
            ds, dataclasses.replace(tested, scores=tested.scores[tested.scores["cutoff"]
                                                                 == days[0]]), 13)  # fmt: skip
    with pytest.raises(NotEnoughDataError, match="no earlier day"):
        cl.models.simple_projection(ds, None, 13)


def test_weeks_that_tests_share_count_once() -> None:
    # Weeks differ by chance; tests of 13 weeks begin every 6, as `purchase_cutoffs` has them.
    rng, worlds, weeks, held = np.random.default_rng(0), 1000, 13, 0
    cutoffs = pd.Series(pd.Timestamp("2026-03-30") - pd.to_timedelta([0, 42, 84], unit="D"))
    for _ in range(worlds):
        shocks = rng.normal(size=2 * weeks + 12)
        errors = np.array([shocks[12 - start : 25 - start].mean() for start in (0, 6, 12)])
        reach = next_reach(errors, cutoffs, weeks)
        held += abs(shocks[25:].mean() - errors.mean()) <= reach
    low, high = stats.binom.ppf([0.0005, 0.9995], worlds, 0.95)
    assert low <= held <= high
    # Tests that share nothing: Student's interval for one more.
    far = pd.Series(pd.Timestamp("2026-03-30") - pd.to_timedelta([0, 91, 182], unit="D"))
    errors = np.array([0.1, -0.2, 0.4])
    once = stats.t.ppf(0.975, 2) * errors.std(ddof=1) * (4 / 3) ** 0.5
    assert next_reach(errors, far, weeks) == pytest.approx(once)
