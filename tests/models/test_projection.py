"""Projections and their backtest on planted worlds: sBG, constant hazard, and a break."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import special

from commlab.errors import ArgumentError, DataWarning, NotEnoughDataError
from commlab.models.backtest_survival import backtest, judge
from commlab.models.curves import fit_curves
from commlab.models.projection import METHODS, project, ratios, to_periods
from commlab.models.sbg import ShiftedBetaGeometricModel, counts_from_survivors

ALPHA, BETA = 0.9, 6.0
AS_OF = dt.date(2026, 6, 30)


def sbg(t: np.ndarray | float) -> np.ndarray:
    return np.exp(special.betaln(ALPHA, BETA + t) - special.betaln(ALPHA, BETA))


def stays(seed: int, n: int = 3000, *, kind: str = "sbg", clusters: int = 0) -> pd.DataFrame:
    """Days of life (a continuous time within the week of leaving) and of age now."""
    rng = np.random.default_rng(seed)
    if kind == "sbg":
        weeks = rng.geometric(np.maximum(rng.beta(ALPHA, BETA, n), 1e-9)).astype(float)
    elif kind == "constant":
        weeks = rng.geometric(0.04, n).astype(float)
    else:  # nearly nobody leaves for 30 weeks, then many do
        early, late = rng.geometric(0.002, n), 30 + rng.geometric(0.08, n)
        weeks = np.where(early <= 30, early, late).astype(float)
    frame = pd.DataFrame({"life": 7 * weeks - rng.uniform(0, 7, n), "age": rng.integers(7, 400, n)})
    if clusters:
        frame["cluster"] = rng.integers(0, clusters, n)
    return frame


def known(frame: pd.DataFrame, days_ago: int = 0, *, begun: int | None = None) -> pd.DataFrame:
    """Rows of stays as known some days ago, or now of those begun so many days ago."""
    keep = frame[frame["age"] > (begun if begun is not None else days_ago)]
    follow = keep["age"] - days_ago
    observed = keep["life"] <= follow
    upper = np.where(observed, np.ceil(keep["life"]), follow).astype(int)
    rows = pd.DataFrame(
        {"lower": upper - observed, "upper": upper, "observed": observed}, index=keep.index
    )
    if "cluster" in keep:
        rows["cluster"] = keep["cluster"]
    return rows.reset_index(drop=True)


def history(frame: pd.DataFrame) -> dict[dt.date, tuple[pd.DataFrame, pd.DataFrame]]:
    return {
        AS_OF - dt.timedelta(days=ago): (known(frame, ago), known(frame, begun=ago))
        for ago in (84, 112, 140, 168)
    }


def test_periods_reproduce_the_curve_exactly() -> None:
    curve = fit_curves(known(stays(1)))["all"]
    used = to_periods(curve, 7)
    weekly = curve.survival[np.flatnonzero(curve.days % 7 == 0)][: len(used.age) + 1]
    assert np.cumprod(1 - used.lost / used.at_risk) == pytest.approx(weekly[1:], rel=1e-12)
    assert used.day == used.age[-1] * 7
    # Nobody censored within a period: then the counts are the plain ones.
    plain = to_periods(
        fit_curves(
            pd.DataFrame({"lower": [2, 9, 20, 28], "upper": [3, 10, 21, 28], "n": [20, 30, 40, 60],
                          "observed": [True, True, True, False]})
        )["all"], 7,
    )  # fmt: skip
    assert plain.lost.tolist() == [20, 30, 40, 0]
    assert plain.at_risk == pytest.approx([150, 130, 100, 60])


def test_counts_give_the_same_model_as_complete_data() -> None:
    lost = [131, 126, 90, 60, 42, 34, 26]
    ends = 30 * np.arange(1, 8)
    rows = pd.DataFrame({"lower": [*(ends - 1), 210], "upper": [*ends, 210],
                         "observed": [True] * 7 + [False], "n": [*lost, 491]})  # fmt: skip
    counts = to_periods(fit_curves(rows)["all"], 30).counts()
    params = ShiftedBetaGeometricModel().fit(counts).params_
    assert params.to_numpy() == pytest.approx([0.668, 3.806], abs=1e-3)


def test_projection_carries_the_curve_on() -> None:
    rows = known(stays(2, clusters=40))
    frame = project(rows, 180, step=7, seed=1)
    curve = fit_curves(rows)["all"]
    first = frame.iloc[0]
    assert first["survival"] == curve.survival[list(curve.days).index(first["day"])]
    assert (frame["survival"].diff().dropna() < 0).all()
    assert frame["day"].diff().dropna().eq(7).all()
    assert frame["day"].iloc[-1] >= first["day"] + 180
    assert (frame["low"] <= frame["survival"]).all()
    assert (frame["high"] >= frame["survival"]).all()
    pd.testing.assert_frame_equal(frame, project(rows, 180, step=7, seed=1))


def test_ratios_of_the_baselines_by_hand() -> None:
    lost, at_risk, age = np.array([[20.0, 10.0]]), np.array([100.0, 50.0]), np.array([1.0, 2.0])
    assert ratios("constant", lost, at_risk, age, 2)[0].tolist() == pytest.approx([0.8, 0.64])
    assert ratios("last", lost, at_risk, age, 2)[0].tolist() == pytest.approx([0.8, 0.64])
    high = counts_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
    age, lost, at_risk = high.to_numpy(dtype=float).T
    ahead = ratios("sbg", lost[None], at_risk, age, 5)
    model = ShiftedBetaGeometricModel().fit(high)
    expected = model.survival(np.arange(8, 13)) / model.survival(7)
    assert ahead[0] == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ArgumentError, match="method"):
        ratios("cubic", lost, at_risk, age, 2)


def test_what_cannot_be_projected_is_said() -> None:
    none = pd.DataFrame({"lower": [60], "upper": [60], "observed": [False], "n": [80]})
    with pytest.raises(NotEnoughDataError, match="0 lost"):
        project(none, 30)
    both = pd.concat([none.assign(segment="new"), known(stays(3)).assign(segment="old", n=1)])
    with pytest.warns(DataWarning, match="new: "):
        assert set(project(both, 30)["segment"]) == {"old"}
    with pytest.raises(NotEnoughDataError, match="one whole period of 90 days"):
        project(none, 30, step=90)


def test_backtest_finds_sbg_usable_where_it_is_true() -> None:
    found = backtest(history(stays(4, n=6000)))
    assert found.verdict.reason == "ok"
    assert found.verdict.usable
    assert found.verdict.method == "sbg"
    assert found.verdict.errors["sbg"] < found.verdict.errors["constant"]
    assert list(found.frame.columns[:8]) == [
        "cutoff", "horizon", "method", "predicted", "actual", "low", "high", "covered",
    ]  # fmt: skip
    assert set(found.frame["method"]) == set(METHODS)
    assert found.frame["cutoff"].nunique() == 4
    row = found.frame.iloc[0]
    truth = sbg((row["from_day"] + row["horizon"]) / 7) / sbg(row["from_day"] / 7)
    assert row["actual"] == pytest.approx(float(truth), abs=0.06)
    beside = found.beside_baseline()
    assert beside.groupby("cohort")["period"].first().eq(0).all()
    assert beside.loc[beside["period"] == 0, "actual"].eq(1).all()


def test_backtest_refuses_after_a_break() -> None:
    found = backtest(history(stays(5, kind="break", n=6000)))
    assert not found.verdict.usable
    assert found.verdict.reason in ("intervals_miss", "baseline_as_good")
    assert found.verdict.method != "sbg"


def test_backtest_with_too_few_cutoffs_gives_no_method() -> None:
    frame = stays(6)
    early = {dt.date(2020, 1, 1): (known(frame, 390), known(frame, begun=390))}
    one = {AS_OF - dt.timedelta(days=84): (known(frame, 84), known(frame, begun=84))}
    found = backtest(early | one)
    assert found.verdict.reason == "too_few_cutoffs"
    assert found.verdict.method == ""
    assert found.verdict.cutoffs == 1
    assert list(found.verdict.refused) == [dt.date(2020, 1, 1)]
    nothing = backtest(early)
    assert nothing.frame.empty
    with pytest.raises(NotEnoughDataError):
        nothing.beside_baseline()
    with pytest.raises(ArgumentError, match="multiples"):
        backtest(one, horizons=(10,))


def test_judge_by_hand() -> None:
    def frame(sbg_error: float, base_error: float, covered: bool) -> pd.DataFrame:
        return pd.DataFrame(
            [
                (dt.date(2026, month, 1), method, 0.5 + error, 0.5, covered)
                for month in (1, 2, 3)
                for method, error in (("sbg", sbg_error), ("constant", base_error), ("last", 0.3))
            ],
            columns=["cutoff", "method", "predicted", "actual", "covered"],
        )

    assert judge(frame(0.01, 0.1, True)).method == "sbg"
    same = judge(frame(0.1, 0.1, True))
    assert (same.usable, same.method, same.reason) == (False, "constant", "baseline_as_good")
    missed = judge(frame(0.01, 0.1, False))
    assert (missed.usable, missed.method, missed.reason) == (False, "", "intervals_miss")


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [0, 50])
def test_projection_intervals_cover_as_promised(clusters: int) -> None:
    held = 0
    for seed in range(200):
        rows = known(stays(seed, n=1500, clusters=clusters))
        last = project(rows, 140, step=7, draws=200, seed=seed).iloc[-1]
        held += last["low"] <= float(sbg(last["day"] / 7)) <= last["high"]
    assert 179 <= held <= 198


@pytest.mark.slow
def test_prediction_intervals_of_the_backtest_cover_as_promised() -> None:
    held = 0
    for seed in range(200):
        frame = stays(seed, n=2000)
        one = {AS_OF: (known(frame, 112), known(frame, begun=112))}
        scores = backtest(one, horizons=(84,), draws=200, seed=seed).frame
        held += bool(scores.loc[scores["method"] == "sbg", "covered"].iloc[0])
    assert 179 <= held <= 198
