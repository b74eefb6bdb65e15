"""Churn models: planted worlds that only a classifier, or only a baseline, can tell; CDNOW."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.metrics.churn_features import Cutoffs
from commlab.models import scores
from commlab.models.backtest_churn import Fold, churn_backtest
from commlab.models.bgnbd import BetaGeoModel
from commlab.models.btyd_churn import add_btyd
from commlab.models.churn import (
    BASELINES,
    BTYD,
    LEARNT,
    METHODS,
    RECENCY,
    ChurnModel,
    features_of,
)
from commlab.models.churn_scoring import churn_folds, scoring_model

from .btyd_data import occasions

HORIZON = 91  # 13 weeks


def cdnow_at(cutoff):
    """Rows of a cutoff with labels of the 13 weeks after it, straight from the purchases."""
    cutoff, rows = pd.Timestamp(cutoff), occasions()
    days = rows[rows["day"] <= cutoff].groupby("id")["day"].agg(["min", "max", "count"])
    end = cutoff + pd.Timedelta(days=HORIZON)
    later = rows.loc[(rows["day"] > cutoff) & (rows["day"] <= end), "id"].unique()
    return pd.DataFrame(
        {
            "member_id": days.index,
            "frequency": days["count"] - 1.0,
            "recency": (days["max"] - days["min"]).dt.days / 7,
            "T": (cutoff - days["min"]).dt.days / 7,
            RECENCY: (cutoff - days["max"]).dt.days.astype(float),
            "churned": ~days.index.isin(later),
        }
    ).reset_index(drop=True)


def values(y, p):
    return {name: found.value for name, found in scores.scores(y, p).items()}


def test_published_figures_of_cdnow():
    """numbers.md, churn on CDNOW, test cutoff 1997-09-29: the first four rows."""
    test, train = cdnow_at("1997-09-29"), cdnow_at("1997-06-30")
    y = test["churned"]
    base = values(y, ChurnModel("base_rate").fit(train, train).predict(test))
    assert base["auc"] == 0.5
    assert base["brier"] == pytest.approx(0.1415, abs=5e-5)
    assert base["log_loss"] == pytest.approx(0.457, abs=5e-4)
    model = BetaGeoModel().fit(test)
    alive = values(y, 1 - model.expected_probability_alive(test))
    assert alive["auc"] == pytest.approx(0.338, abs=5e-4)
    assert alive["brier"] == pytest.approx(0.657, abs=5e-4)
    assert alive["log_loss"] == pytest.approx(8.00, abs=5e-3)
    active = values(y, 1 - model.probability_of_purchase(test, HORIZON / 7))
    assert active["auc"] == pytest.approx(0.776, abs=5e-4)
    assert active["brier"] == pytest.approx(0.1116, abs=5e-5)
    assert active["log_loss"] == pytest.approx(0.372, abs=5e-4)
    assert scores.auc(y, test[RECENCY]).value == pytest.approx(0.775, abs=5e-4)


def test_the_btyd_baseline_is_the_likelier_model_on_the_rows_themselves():
    rows = cdnow_at("1997-09-29")
    before = rows.copy()
    out = add_btyd(rows, HORIZON)
    pd.testing.assert_frame_equal(rows, before)
    assert out[BTYD].between(0, 1).all()
    found = values(rows["churned"], out[BTYD])
    # Both families fit CDNOW alike (log-likelihoods −9582.4 and −9582.1 three months on).
    assert found["log_loss"] == pytest.approx(0.372, abs=0.002)
    assert found["auc"] == pytest.approx(0.776, abs=0.005)
    # No label is read.
    turned = add_btyd(rows.assign(churned=~rows["churned"]), HORIZON)
    assert np.array_equal(turned[BTYD], out[BTYD])
    # A longer horizon leaves more time to come back.
    assert (add_btyd(rows, 2 * HORIZON)[BTYD] < out[BTYD]).all()


def test_cdnow_through_the_backtest():
    """Purchases alone: the purchase model is as good as anything learnt, and is what is used."""
    days = [pd.Timestamp(day) for day in ("1997-03-31", "1997-06-30", "1997-09-29")]
    cutoffs = Cutoffs(*(day.date() for day in days))
    rows = {day.date(): cdnow_at(day) for day in days}
    tested = churn_backtest(churn_folds(rows, [cutoffs], HORIZON))
    loss = tested.scores.query("score == 'log_loss'").set_index("method")["value"]
    assert list(loss.index) == list(METHODS)
    assert loss["btyd"] == pytest.approx(0.372, abs=0.002)
    # numbers.md: their order of size only (.387 and .374 with more features than one).
    for name in LEARNT:
        assert loss["btyd"] < loss[name] < 0.457, name
    assert tested.chosen == "btyd"
    assert tested.score("auc").value == pytest.approx(0.776, abs=0.005)
    now = add_btyd(rows[cutoffs.test], HORIZON)
    model = scoring_model(tested.chosen, rows, cutoffs)
    assert np.allclose(model.predict(now), now[BTYD])


def test_where_the_btyd_models_refuse_the_baseline_drops_out():
    few = cdnow_at("1997-09-29").head(120)
    assert BTYD not in add_btyd(few, HORIZON)
    with pytest.raises(ArgumentError, match="horizon_days"):
        add_btyd(few, 0)


def planted(seed, n, risk):
    """Rows of people whose risk is a function of recency and of another feature."""
    rng = np.random.default_rng(seed)
    days, other = rng.exponential(60, n), rng.normal(size=n)
    return pd.DataFrame({
        "member_id": [f"{seed}-{i}" for i in range(n)], RECENCY: days, "chat": other,
        "noise": rng.normal(size=n), "churned": rng.random(n) < risk(days, other)})  # fmt: skip


def folds(risk, n=1500, count=2):
    return [
        Fold(*(planted(3 * place + k, n, risk) for k in range(3)), name=f"f{place}")
        for place in range(count)
    ]


def by_chat(days, other):
    return 1 / (1 + np.exp(-2.0 * other - 0.01 * (days - 60)))


def by_recency(days, other):
    return np.clip(0.2 + 0.1 * np.log1p(days), 0, 1)


def in_the_corners(days, other):
    """Both long silent and chatty, or neither: no feature alone tells anything."""
    return np.where((days > 41.6) == (other > 0), 0.9, 0.1)


def test_a_classifier_wins_where_more_than_recency_matters():
    tested = churn_backtest(folds(by_chat))
    assert tested.chosen in LEARNT
    assert tested.beats_baselines
    loss = tested.scores.query("score == 'log_loss'").set_index("method")["value"]
    y = tested.said["churned"].to_numpy()
    assert loss["logistic"] < loss["recency"] - 0.1 < loss["base_rate"]
    # Close to the least that anyone could reach who knows the true risk.
    truth = pd.concat([fold.test for fold in folds(by_chat)])
    best = scores.log_losses(y, by_chat(truth[RECENCY], truth["chat"])).mean()
    assert loss["logistic"] == pytest.approx(best, abs=0.01)


def test_a_baseline_is_used_where_nothing_else_matters():
    tested = churn_backtest(folds(by_recency))
    assert tested.chosen == "recency"
    assert not tested.beats_baselines


def test_the_base_rate_is_used_where_nothing_tells():
    tested = churn_backtest(folds(lambda days, other: np.full(len(days), 0.4)))
    assert tested.chosen == "base_rate"


def test_boosting_sees_what_a_sum_of_features_cannot():
    tested = churn_backtest(folds(in_the_corners, count=1))
    assert tested.best == tested.chosen == "boosting"
    auc = tested.scores.query("score == 'auc'").set_index("method")["value"]
    assert auc["boosting"] > 0.85
    assert auc["logistic"] < 0.6


@pytest.mark.parametrize("method", LEARNT)
def test_probabilities_are_calibrated_at_the_later_cutoff(method):
    """Trained where half go, calibrated where three in four do: the later rate is what counts."""
    train = planted(1, 3000, by_chat)
    shifted = [planted(s, 3000, lambda d, o: by_chat(d, o + 0.9)) for s in (2, 3)]
    said = ChurnModel(method).fit(train, shifted[0]).predict(shifted[1])
    gap = said.mean() - shifted[1]["churned"].mean()
    assert abs(gap) < 0.03
    uncorrected = ChurnModel(method).fit(train, train).predict(shifted[1]).mean()
    assert abs(uncorrected - shifted[1]["churned"].mean()) > 2 * abs(gap)


def test_differences_are_paired_and_the_simplest_within_one_error_is_chosen():
    tested = churn_backtest(folds(by_recency))
    y = tested.said["churned"].astype(int)
    losses = {name: scores.log_losses(y, tested.said[name]) for name in METHODS if name != "btyd"}
    best = min(losses, key=lambda name: losses[name].mean())
    assert tested.best == best
    for row in tested.differences.itertuples():
        gap = losses[row.method] - losses[best]
        assert row.difference == pytest.approx(gap.mean())
        # Every person is in one row here, so the clusters are the rows.
        assert row.error == pytest.approx(gap.std(ddof=1) / np.sqrt(len(gap)), rel=1e-3, abs=1e-12)
    near = tested.differences.query("difference <= error")["method"]
    assert tested.chosen == near.iloc[0]


def test_the_order_of_columns_and_of_labels_does_not_matter_and_inputs_stay():
    train, later, now = (planted(seed, 600, by_chat) for seed in range(3))
    kept = train.copy()
    model = ChurnModel("logistic").fit(train, later)
    said = model.predict(now)
    pd.testing.assert_frame_equal(train, kept)
    assert said.index.equals(now.index)
    assert np.allclose(said, model.predict(now[now.columns[::-1]]))
    assert np.allclose(said, model.predict(now.drop(columns="churned")))
    assert features_of(now.assign(frequency=1.0, recency=1.0, T=2.0)) == [RECENCY, "chat", "noise"]


def test_same_seed_same_probabilities_and_missing_features_are_no_obstacle():
    train, later, now = (planted(seed, 600, by_chat) for seed in range(3))
    for frame in (train, later, now):
        frame.loc[frame.index % 3 == 0, "chat"] = np.nan
        frame["never"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in LEARNT:
            one, two = (ChurnModel(method, seed=7).fit(train, later).predict(now) for _ in "ab")
            assert np.array_equal(one, two)
            assert one.between(0, 1).all()


def test_folds_without_enough_of_both_are_left_out_or_refused():
    good = folds(by_recency, 400, 1)[0]
    few = Fold(good.train, good.calibrate, good.test.assign(churned=False), "few")
    tested = churn_backtest([good, few], methods=BASELINES)
    assert set(tested.said["fold"]) == {good.name}
    with pytest.raises(
        NotEnoughDataError, match=r"only 0 of 400 people did not come back \(test\)"
    ):
        churn_backtest([few])
    with pytest.raises(NotEnoughDataError, match="no fold"):
        churn_backtest([])


def test_wrong_use_says_what_is_missing():
    rows = planted(1, 300, by_chat)
    with pytest.raises(ArgumentError, match="not fitted"):
        ChurnModel("recency").predict(rows)
    with pytest.raises(ArgumentError, match="no column 'churned'"):
        ChurnModel("recency").fit(rows.drop(columns="churned"), rows)
    with pytest.raises(ArgumentError, match="no column 'btyd_churn'"):
        ChurnModel("btyd").fit(rows, rows).predict(rows)
    with pytest.raises(ArgumentError, match="method"):
        ChurnModel("forest")


def test_no_classifier_for_the_level_or_for_the_order():
    """Labels of another season move all risks alike; where nothing else tells, order is as good."""
    season = [planted(s, 1500, lambda d, o: by_recency(d, o) * 0.55) for s in range(2)]
    late = planted(2, 1500, by_recency)
    knowing = late.assign(**{BTYD: by_recency(late[RECENCY], 0)})
    told = churn_backtest([Fold(*season, knowing)])
    assert told.chosen == "btyd"
    assert told.why_not in ("level", "order")
    words = told.words()
    assert words["said"] < words["came"] - 0.1
    levelled = scores.levelled(told.said["logistic"], words["came"])
    assert levelled.mean() == pytest.approx(words["came"], abs=1e-9)
    assert (np.argsort(levelled) == np.argsort(told.said["logistic"].to_numpy())).all()
    loss = scores.log_losses(late["churned"], levelled).mean()
    used = told.score_of("btyd", "log_loss").value
    assert told.why_not == ("level" if loss <= used else "order")
    # Nothing but recency tells: the classifiers order people no better than it does.
    assert churn_backtest(folds(by_recency)).why_not in ("order", "level", "close")
