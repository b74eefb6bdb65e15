"""Reasons and drift in worlds whose reasons are planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models.backtest_churn import Fold
from commlab.models.btyd_churn import (
    LEAVING,
    add_btyd,
    alive_score,
    base_score,
    btyd_importance,
    btyd_reasons,
    fitted,
)
from commlab.models.churn import RECENCY, ChurnModel
from commlab.models.churn_drift import feature_drift
from commlab.models.churn_reasons import (
    held_out_importance,
    medians,
    permutation_importance,
    top_reasons,
    with_reasons,
)
from commlab.models.churn_scoring import churned_share, expected_share
from commlab.models.mbgnbd import ModifiedBetaGeoModel
from commlab.models.nbd import NBDModel

from .test_churn import HORIZON, by_chat, by_recency, cdnow_at, planted
from .test_nbd import world


@pytest.fixture(scope="module")
def chat():
    """Chat is worth two in log odds, recency a hundredth a day, noise nothing."""
    train, later, held = (planted(seed, 3000, by_chat) for seed in range(3))
    return ChurnModel("logistic").fit(train, later), held


def test_importance_ranks_what_was_planted_and_leaves_noise_at_zero(chat):
    model, held = chat
    found = permutation_importance(model, held).set_index("feature")
    assert list(found.index) == ["chat", RECENCY, "noise"]
    assert found.loc["chat", "low"] > found.loc[RECENCY, "high"]
    assert found.loc[RECENCY, "low"] > 0
    assert abs(found.loc["noise", "rise"]) < 0.002
    # A feature dealt out at random is as good as gone: the rise is what it was worth.
    alone = ChurnModel("recency").fit(planted(0, 3000, by_chat), planted(1, 3000, by_chat))
    y = held["churned"].to_numpy()
    gone = -np.log(np.where(y, alone.predict(held), 1 - alone.predict(held))).mean()
    kept = -np.log(np.where(y, model.predict(held), 1 - model.predict(held))).mean()
    assert found.loc["chat", "rise"] > gone - kept


def test_importance_of_the_same_seed_is_the_same_and_input_stays(chat):
    model, held = chat
    before = held.copy()
    one, two = (permutation_importance(model, held, seed=3) for _ in "ab")
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(held, before)


def test_reasons_are_the_features_that_raise_the_risk(chat):
    model, held = chat
    usual = medians(held, [RECENCY, "chat"])
    odd = pd.DataFrame({
        "member_id": ["chatty", "silent", "neither"], "noise": held["noise"].median(),
        "chat": [usual["chat"] + 2, usual["chat"], usual["chat"] - 2],
        RECENCY: [usual[RECENCY], usual[RECENCY] + 200, usual[RECENCY] - 30]})  # fmt: skip
    assert top_reasons(model, odd, held) == [["chat"], [RECENCY], []]
    both = odd.head(1).assign(**{RECENCY: usual[RECENCY] + 40})
    assert top_reasons(model, both, held) == [["chat", RECENCY]]
    assert top_reasons(model, both, held, most=1) == [["chat"]]
    assert top_reasons(ChurnModel("base_rate").fit(held, held), odd, held) == [[], [], []]


def test_reasons_in_words_stand_before_the_offer():
    held = planted(1, 500, by_recency)
    held.loc[held.index[:2], RECENCY] = [150.0, 1.0]
    model = ChurnModel("recency").fit(held, held)
    listed = pd.DataFrame({"member_id": held["member_id"][:2], "action": "x", "action_zh": "x"})
    out = with_reasons(listed, model, held, 60)
    assert list(out) == ["member_id", "reasons", "reasons_zh", "action", "action_zh"]
    middle = f"{held[RECENCY].median():.1f}"
    assert out["reasons"].tolist() == [f"days since the last order 150 (usual: {middle})", ""]
    assert out["reasons_zh"].iloc[0] == f"距上次下单天数：150（一般为{middle}）"
    assert "reasons" not in listed


def test_the_purchase_model_gives_silence_and_few_orders_as_reasons():
    rows = add_btyd(cdnow_at("1997-09-29"), HORIZON)
    why = btyd_reasons(rows, rows, HORIZON)
    silent = rows[RECENCY] > rows[RECENCY].median()
    named = np.array([RECENCY in names for names in why])
    assert named[silent].mean() > 0.95
    assert not named[~silent].any()
    # Half of CDNOW bought once, so few orders are nothing unusual there.
    assert not any("orders_count" in names for names in why)
    often = rows[rows["frequency"] > 0]
    frequent = np.array(["orders_count" in names for names in btyd_reasons(often, often, HORIZON)])
    assert 0 < frequent.mean() < 1
    assert not frequent[(often["frequency"] > often["frequency"].median()).to_numpy()].any()


def test_alive_is_no_churn_score_on_cdnow():
    """Worse than the same risk for everybody, .457; by BG/NBD alone it would be 8.00."""
    test, train = cdnow_at("1997-09-29"), cdnow_at("1997-06-30")
    alive, base = alive_score(test), base_score(train, test)
    assert base.value == pytest.approx(0.457, abs=5e-4)
    assert alive.low > base.high
    model = fitted(test)
    assert isinstance(model, ModifiedBetaGeoModel)  # −9582.1 against −9582.4: the likelier one
    p = 1 - model.expected_probability_alive(test).to_numpy()
    y = test["churned"].to_numpy()
    assert alive.value == pytest.approx(-np.log(np.clip(np.where(y, p, 1 - p), 1e-6, 1)).mean())


def test_no_features_no_importance():
    rows = planted(1, 400, by_recency)
    with pytest.raises(NotEnoughDataError, match="'base_rate' has no features"):
        held_out_importance("base_rate", Fold(rows, rows, rows), 60)


def test_nothing_drifts_between_samples_of_one_population():
    """A true null in 100 pairs of samples: a verdict beyond chance is rare."""
    alarms = sum(
        (feature_drift(planted(2 * s, 400, by_chat), planted(2 * s + 1, 400, by_chat))["state"]
         != "stable").any() for s in range(100)
    )  # fmt: skip
    assert alarms <= 5


def test_a_moved_feature_is_found_and_named_first():
    learnt, now = planted(1, 2000, by_chat), planted(2, 2000, by_chat)
    found = feature_drift(learnt, now.assign(chat=now["chat"] + 1)).set_index("feature")
    assert found.index[0] == "chat"
    # Population stability index of two normals one standard deviation apart is 1 (its limit).
    assert found.loc["chat", "psi"] == pytest.approx(0.9, abs=0.15)
    assert found.loc["chat", "state"] == "strong"
    assert (found.drop("chat")["state"] == "stable").all()
    assert (found["people"] == 2000).all()


def test_becoming_missing_is_drift_too():
    learnt, now = planted(1, 2000, by_chat), planted(2, 2000, by_chat)
    now.loc[now.index % 3 == 0, "noise"] = np.nan
    assert feature_drift(learnt, now).set_index("feature").loc["noise", "state"] == "strong"
    with pytest.raises(ArgumentError, match="lack the features chat"):
        feature_drift(learnt, now.drop(columns="chat"))


def test_shares():
    rows = pd.DataFrame({"churned": [True] * 30 + [False] * 70})
    assert churned_share(rows).value == 0.3
    assert churned_share(rows).low == pytest.approx(0.2189, abs=1e-4)  # Wilson, by hand
    expected = expected_share(pd.Series([0.5] * 100))
    assert (expected.value, expected.n) == (0.5, 100)
    assert expected.high - 0.5 == pytest.approx(1.96 * 0.05, abs=1e-4)


def test_the_purchase_model_leans_on_silence_and_on_the_number_of_orders():
    """On CDNOW: dealt out, each is worth what a model without it would lose."""
    rows = cdnow_at("1997-09-29")
    before = rows.copy()
    found = btyd_importance(rows, HORIZON, seed=1).set_index("feature")
    pd.testing.assert_frame_equal(rows, before)
    assert list(found.index) == [RECENCY, "orders_count"]
    assert (found["low"] > 0).all()
    assert (found["people"] == len(rows)).all()
    # Wrong silence is worse than none: more is lost than by the same risk for everybody.
    assert found.loc[RECENCY, "rise"] > 0.457 - 0.372
    again = btyd_importance(rows, HORIZON, seed=1).set_index("feature")
    pd.testing.assert_frame_equal(found, again)
    fold = Fold(rows, rows, rows)
    told = held_out_importance("btyd", fold, HORIZON, seed=1).set_index("feature")
    pd.testing.assert_frame_equal(found, told)


def test_where_nobody_leaves_the_purchase_model_has_no_leaving():
    """So there is a score where the models with leaving refuse, and P(alive) is not shown."""

    def refused(rows):
        try:
            fitted(rows, LEAVING)
        except NotEnoughDataError:
            return True
        return False

    # Where nobody leaves, chance decides whether the best fit has a little leaving or none.
    rows = next(rows for rows in map(world, range(20)) if refused(rows))
    rows = rows.assign(churned=np.arange(1500) % 2 == 0, member_id=range(1500))
    assert isinstance(fitted(rows), NBDModel)
    risk = add_btyd(rows, 56)["btyd_churn"]
    left = (10 + rows["T"]) / (18 + rows["T"])  # the planted law, eight weeks ahead
    assert np.corrcoef(risk, left ** (0.8 + rows["frequency"]))[0, 1] > 0.99
    with pytest.raises(NotEnoughDataError, match="on a bound"):
        alive_score(rows)
