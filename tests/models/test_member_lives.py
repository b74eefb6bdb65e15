"""Members against others: a planted cause of both is taken out, bounds by trying everybody."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest

from commlab import models

AS_OF = dt.date(2026, 6, 30)
DAY = (AS_OF - dt.date(1970, 1, 1)).days


def lives(rng, n=1500, effect=0.0):
    """Buyers whose first order's value drives both joining and buying again."""
    worth = rng.gamma(2, 50, n)
    wish = np.log1p(worth)
    wish = (wish - wish.mean()) / wish.std()
    inside = rng.random(n) < 1 / (1 + np.exp(-wish))
    again = rng.random(n) < np.clip(0.4 + 0.12 * wish + effect * inside, 0.02, 0.98)
    frame = pd.DataFrame(
        {"member_id": [f"m{i}" for i in range(n)], "side": np.where(inside, "in", "out"),
         "first": DAY - 400, "month": 24300 + rng.integers(0, 3, n), "first_net": worth,
         "channel": "shop", "kind": "regular",
         "second": pd.array(np.where(again, 20.0, np.nan), dtype="Float64"),
         "life": np.where(again, 60, 0), "home": [f"m{i}" for i in range(n)]}
    )  # fmt: skip
    frame["second"] = frame["second"].where(again)
    frame.attrs["read_to"] = DAY - 90
    return frame


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 0.15])
def test_what_drives_both_is_taken_out(effect):
    rng = np.random.default_rng(12)
    covered, naive_off = 0, 0
    for _ in range(20):
        row = models.compare_buyers(lives(rng, effect=effect), AS_OF).iloc[0]
        covered += row["low"] <= effect <= row["high"]
        naive_off += row["naive_low"] > effect
        assert row["balanced"]
    assert covered >= 15  # 99.9 % of Binomial(20, .95)
    assert naive_off >= 18  # as counted it is wrong, and sure of it


def test_the_robustness_value_is_that_of_the_regression():
    import statsmodels.api as sm

    frame = lives(np.random.default_rng(3), n=400, effect=0.15)
    row = models.compare_buyers(frame, AS_OF).iloc[0]
    y = frame["second"].notna().to_numpy(float)
    d = (frame["side"] == "in").to_numpy(float)
    months = pd.get_dummies(frame["month"]).iloc[:, 1:].to_numpy(float)
    X = sm.add_constant(np.column_stack([d, np.log1p(frame["first_net"]), months]))
    fit = sm.OLS(y, X).fit()
    f = abs(fit.tvalues[1]) / fit.df_resid**0.5
    assert row["robust"] == pytest.approx((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def test_few_on_one_side_are_too_few():
    frame = lives(np.random.default_rng(3), n=60)
    frame["side"] = np.where(np.arange(60) < 12, "in", "out")
    table = models.compare_buyers(frame, AS_OF)
    assert table["status"].tolist() == ["too_few", "too_few"]
    assert models.adjusted_repurchase(table).status == "too_few"


def brute(n_in, x_in, n_out, x_out, unknown, unnamed):
    """Try every side of every unknown buyer and every place of every order without a buyer."""
    found = []
    for sides in itertools.product((0, 1), repeat=len(unknown)):
        n, x = [n_in, n_out], [x_in, x_out]
        for side, came in zip(sides, unknown, strict=True):
            n[side] += 1
            x[side] += came
        for places in itertools.product(range(4), repeat=unnamed):
            m, y = list(n), list(x)
            for place in places:
                if place < 2:
                    m[place] += 1  # the only order of somebody on that side
                elif y[place - 2] < m[place - 2]:
                    y[place - 2] += 1  # second order of somebody who seemed not to come back
            found.append(y[0] / m[0] - y[1] / m[1])
    return min(found), max(found)


def test_bounds_are_those_of_every_possibility():
    def side(name, n, x):
        return [(name, 20.0 if k < x else np.nan) for k in range(n)]

    rows = side("in", 6, 3) + side("out", 5, 1) + [("unknown", 20.0), ("unknown", np.nan)]
    frame = pd.DataFrame(rows, columns=["side", "second"]).assign(first=DAY - 200)
    found = models.repurchase_bounds(frame, AS_OF, unnamed=4)
    low, high = brute(6, 3, 5, 1, [1, 0], 4)
    assert found.value == pytest.approx(3 / 6 - 1 / 5)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    # Without anybody unknown there is nothing to bound.
    known = frame[frame["side"] != "unknown"]
    sure = models.repurchase_bounds(known, AS_OF, unnamed=0)
    assert sure.low == pytest.approx(sure.value) == pytest.approx(sure.high)


def test_rows_of_stays_are_read_to_the_day_on_which_stopping_is_known():
    frame = pd.DataFrame({"side": ["in", "in", "out", "unknown"], "first": DAY - 100,
                          "life": [0, 30, 5, 5]})  # fmt: skip
    frame.attrs["read_to"] = DAY - 80
    rows = models.life_rows(frame).set_index(["segment", "lower"])
    assert rows.loc[("in", 0), ["upper", "observed"]].tolist() == [1, True]
    assert rows.loc[("in", 20), ["upper", "observed"]].tolist() == [20, False]  # bought at 30
    assert rows.loc[("out", 5), "observed"]
    assert len(rows) == 3


def spells(days_in, days_out, ended=True):
    side = ["in"] * len(days_in) + ["out"] * len(days_out)
    return pd.DataFrame({"side": side, "days": [*days_in, *days_out], "ended": ended})


def test_months_in_a_tier_without_censoring_are_plain_means():
    rng = np.random.default_rng(1)
    mine, others = rng.integers(40, 300, 200), rng.integers(20, 200, 100)
    table = models.tier_months(spells(mine, others), span=60, min_people=20).set_index("segment")
    month = 146_097 / 4_800
    # A spell of d days ends in (d, d + 1]: half a day is added to those within the span.
    means = [np.minimum(x + 0.5, 60).mean() / month for x in (mine, others)]
    assert table.loc["in", "value"] == pytest.approx(means[0], abs=0.01)
    assert table.loc["corrected", "value"] == pytest.approx(means[0] - means[1], abs=0.02)
    whole = np.concatenate([mine, others])
    assert table.loc["naive", "value"] == pytest.approx((mine.mean() - whole.mean()) / month)
    # The whole holds the group: two thirds of the difference are gone.
    assert table.loc["naive", "value"] == pytest.approx((mine.mean() - others.mean()) / 3 / month)


def test_two_alike_sides_differ_by_chance_only():
    """Both lose 1 % a day; those in groups came earlier, so more of their time was seen."""
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(40):
        parts = []
        for side, seen in (
            ("in", rng.integers(100, 400, 300)),
            ("out", rng.integers(90, 150, 300)),
        ):
            life = rng.exponential(100, 300).astype(int)
            parts.append(pd.DataFrame({"side": side, "days": np.minimum(life, seen),
                                       "ended": life < seen}))  # fmt: skip
        table = models.tier_months(pd.concat(parts, ignore_index=True), span=90)
        row = table.set_index("segment").loc["corrected"]
        covered += row["low"] <= 0 <= row["high"]
        naive = table.set_index("segment").loc["naive"]
        assert naive["value"] > 0.1  # what the trade would report
    assert covered >= 33  # 99.9 % of Binomial(40, .95)
