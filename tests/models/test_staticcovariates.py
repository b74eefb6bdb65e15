"""Static covariates: planted effects, shrinkage, independence of coding, bad input, segments."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import (
    ArgumentError,
    ConvergenceWarning,
    DataError,
    NotEnoughDataError,
    StatisticalWarning,
)
from commlab.models import _btyd_data, _btyd_fit, _level_effects
from commlab.models._level_effects import Layout, PatternLikelihood
from commlab.models._parameter_draws import parameter_draws, with_parameters
from commlab.models.staticcovariates import _ends
from tests.truth.buyers import ages, leave_after_purchase, leave_any_time

BASES = {
    "BG": cl.models.BetaGeoModel,
    "MBG": cl.models.ModifiedBetaGeoModel,
    "PNBD": cl.models.ParetoNBDModel,
}
R, ALPHA, A, B, S, BETA = 0.6, 6.0, 0.8, 2.5, 0.7, 14.0


def planted(
    sizes: dict[str, int], effects: dict[str, tuple[float, float]], kind: str = "MBG", seed: int = 0
) -> pd.DataFrame:
    """Buyers whose segments have log effects on buying and on leaving."""
    rng = np.random.default_rng(seed)
    names = np.repeat(list(sizes), list(sizes.values()))
    buy, leave = (np.array([effects[name][e] for name in names]) for e in (0, 1))
    T = ages(rng, len(names), 26, 78)
    rate = rng.gamma(R, 1 / (ALPHA * np.exp(-buy)))
    if kind == "PNBD":
        until = rng.exponential(size=len(T)) / rng.gamma(S, 1 / (BETA * np.exp(-leave)))
        out = leave_any_time(rng, rate, until, T, 26)
    else:
        chance = rng.beta(A * np.exp(leave), B)
        out = leave_after_purchase(rng, rate, chance, T, 26, first=kind == "MBG")
    return out.assign(channel=names)


EFFECTS = {"ad": (-0.5, 0.4), "friend": (0.5, -0.4), "qr": (0.0, 0.0)}


@functools.cache
def buyers(kind: str = "MBG") -> pd.DataFrame:
    size = 1500 if kind == "PNBD" else 2500
    return planted(dict.fromkeys(EFFECTS, size), EFFECTS, kind)


@functools.cache
def fitted(kind: str = "MBG") -> cl.models.StaticCovariateModel:
    return cl.models.StaticCovariateModel(BASES[kind](), ["channel"]).fit(buyers(kind))


@pytest.mark.parametrize("kind", ["BG", "MBG", pytest.param("PNBD", marks=pytest.mark.slow)])
def test_planted_effects_are_found(kind: str) -> None:
    table = fitted(kind).coefficients_.set_index(["level", "effect"])
    for level, (purchase, dropout) in EFFECTS.items():
        for effect, truth in (("purchase", purchase), ("dropout", dropout)):
            row = table.loc[(level, effect)]
            assert abs(row["coefficient"] - truth) < 3 * row["standard_error"]
            assert row["low"] < row["coefficient"] < row["high"]
            assert row["standard_error"] < 0.15
    middle = fitted(kind).confidence_intervals(level=0.999)
    truths = dict(zip(BASES[kind].parameters, (R, ALPHA, S, BETA) if kind == "PNBD" else
                      (R, ALPHA, A, B), strict=True))  # fmt: skip
    for name, truth in truths.items():
        assert middle.loc[name, "low"] < truth < middle.loc[name, "high"]
    np.testing.assert_allclose(table["ratio"], np.exp(table["coefficient"]))


@pytest.mark.parametrize("kind", BASES)
def test_without_effects_it_is_the_plain_model(kind: str) -> None:
    model, data = fitted(kind), buyers(kind).head(300)
    plain = model.pooled_
    none = np.zeros(model._posterior.layout.size)
    none[:4] = plain._maximum.point
    flat = model._with_point(none)
    np.testing.assert_allclose(flat.params_, plain.params_, rtol=1e-12)
    for ask in (
        lambda one: one.expected_purchases(data, 26),
        lambda one: one.expected_probability_alive(data),
        lambda one: one.probability_of_purchase(data, 26),
        lambda one: one.dert(data, 0.002),
        lambda one: one.log_likelihood(data),
        lambda one: one.purchase_pmf([0, 1, 5], 26, data).to_numpy().ravel(),
        lambda one: one.expected_purchases_new_customer([5.0, 26.0]),
    ):
        np.testing.assert_allclose(ask(flat), ask(plain), rtol=1e-9)
    value = model._posterior.function(none, False)[0]
    assert value == pytest.approx(plain._maximum.value, rel=1e-11)


def test_the_likelihood_is_that_of_each_customer_at_his_own_parameters() -> None:
    model, data = fitted(), buyers()
    rows = model.log_likelihood(data)
    assert rows.sum() == pytest.approx(model.log_likelihood_, rel=1e-10)
    assert model.log_likelihood_ > model.pooled_.log_likelihood_
    point = model._point
    r, alpha, a, b = np.exp(point[:4]) * model._units
    purchase, dropout = point[model._posterior.layout.place(0, 0)]  # "ad"
    at_ad = cl.models.ModifiedBetaGeoModel()
    at_ad = model.pooled_.__class__().fit(data)
    at_ad.params_[:] = [r, alpha * np.exp(-purchase), a * np.exp(dropout), b]
    ad = data[data["channel"] == "ad"]
    np.testing.assert_allclose(at_ad.log_likelihood(ad), rows[ad.index], rtol=1e-10)


@pytest.mark.parametrize("kind", ["BG", "MBG", "PNBD"])
def test_derivatives_against_differences(kind: str) -> None:
    rows = _btyd_data.distinct(_btyd_data.check_customers(buyers(kind).head(200)))
    more = _btyd_data.distinct(_btyd_data.check_customers(buyers(kind).tail(150)))
    base = BASES[kind]()
    moves = np.array([[0, -1.0, 0, 0], [0, 0, 1.0, 0]])
    layout = Layout(moves, (3, 2))
    levels = np.array([[0, 0], [2, 0]])
    function = PatternLikelihood(layout, base._likelihood, [rows, more], levels)
    point = np.random.default_rng(1).normal(0, 0.3, layout.size)
    value, slope, curve = function(point, True)
    assert value == pytest.approx(function(point, False)[0], rel=1e-12)
    for place, step in enumerate(np.eye(layout.size) * 1e-5):
        up, down = function(point + step, True), function(point - step, True)
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(slope[place], rel=1e-6, abs=1e-5)
        np.testing.assert_allclose((up[1] - down[1]) / 2e-5, curve[place], rtol=1e-5, atol=1e-4)


def test_the_marginal_of_the_spread_against_an_integral() -> None:
    layout = Layout(np.ones((1, 1)), (2,))
    root = np.array([[1.5, 0.2, 0.1], [0.0, 1.2, -0.4], [0.0, 0.0, 0.9]])
    J, b = root.T @ root, np.array([0.7, 1.1, -0.5])

    # The parabola and the priors are normal: 90 points over ± 6 a side sum to eight digits.
    nodes, heights = np.polynomial.legendre.leggauss(90)
    theta, u, v = np.meshgrid(*[6 * nodes] * 3, indexing="ij")
    volume = np.einsum("i,j,k->ijk", *[6 * heights] * 3)
    at = np.stack([theta, u, v])
    parabola = np.einsum("i,i...->...", b, at) - np.einsum("ij,i...,j...->...", J, at, at) / 2

    def integral(log_spread: float) -> float:
        precision = np.exp(-2 * log_spread)
        prior = precision / (2 * np.pi) * np.exp(-precision * (u * u + v * v) / 2)
        prior = prior * np.exp(-((theta / _btyd_fit.BOUND) ** 2) / 2)
        total = float((volume * prior * np.exp(parabola)).sum())
        spread = np.exp(log_spread)
        # Half-normal prior with scale 1, and log τ in the place of τ.
        return float(np.log(total) - spread**2 / 2 + log_spread)

    logs = np.log([0.3, 0.9])
    got = [_level_effects.marginal(layout, J, b, np.array([one]))[0] for one in logs]
    assert got[1] - got[0] == pytest.approx(integral(logs[1]) - integral(logs[0]), abs=1e-6)
    h = 1e-6
    for one in logs:
        ends = [_level_effects.marginal(layout, J, b, np.array([one + s]))[0] for s in (h, -h)]
        slope = _level_effects.marginal(layout, J, b, np.array([one]))[1]
        assert slope[0] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-6)


def test_a_small_segment_is_drawn_in_and_a_large_one_stands_for_itself() -> None:
    others = {f"c{i}": (0.15 * (i - 2.5), 0.0) for i in range(6)}
    effects = {**others, "s": (1.2, 0.0)}
    truth = 1.2 - 1.2 / 7  # against the mean of the seven

    def coefficient(people: int, weight: float = 1.0) -> pd.Series:
        data = planted({**dict.fromkeys(others, 800), "s": people}, effects, seed=3)
        heavy = data.assign(weight=np.where(data["channel"] == "s", weight, 1.0))
        model = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(heavy)
        return model.coefficients_.set_index(["level", "effect"]).loc[("s", "purchase")]

    small, heavy, large = coefficient(20), coefficient(20, weight=20), coefficient(3000)
    # The same 20 buyers as if they were 400: what they show is the same, how sure it is is not.
    assert 0 < small["coefficient"] < 0.8 * heavy["coefficient"]
    assert small["low"] < truth < small["high"]  # and it says that it might be as far
    assert large["coefficient"] == pytest.approx(truth, abs=3 * large["standard_error"])
    assert large["coefficient"] > 0.9 * truth
    assert large["standard_error"] < 0.4 * small["standard_error"]


def test_a_parameter_on_its_bound_is_flagged_and_stays_there() -> None:
    same = pd.DataFrame({"frequency": 3.0, "recency": 20.0, "T": 26.0, "channel": ["a", "b"] * 200})
    with pytest.warns(ConvergenceWarning, match="on a bound"):
        model = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(same)
    assert np.isfinite(model.expected_purchases(same, 26)).all()
    assert np.isfinite(model.coefficients_.drop(columns=["covariate", "level", "effect"])).all(
        axis=None
    )
    ends = model.confidence_intervals()
    assert (ends.loc[list(model.on_bound_)] == [0.0, np.inf]).all(axis=None)


def test_no_difference_is_said_to_be_none() -> None:
    same = planted({f"c{i}": 1000 for i in range(6)}, {f"c{i}": (0.0, 0.0) for i in range(6)})
    model = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(same)
    assert (model.spread_["spread"] < 0.15).all()
    table = model.coefficients_
    assert ((table["low"] < 0) & (table["high"] > 0)).mean() > 0.8
    np.testing.assert_allclose(
        model.expected_purchases(same, 26).groupby(same["channel"]).mean(),
        model.pooled_.expected_purchases(same, 26).groupby(same["channel"]).mean(),
        rtol=0.15,
    )


def test_neither_coding_nor_order_matters() -> None:
    data = buyers().iloc[::7]
    names = {"ad": "z", "friend": "a", "qr": "m"}
    other = data.assign(channel=data["channel"].map(names)).sample(frac=1, random_state=5)
    one = cl.models.StaticCovariateModel(BASES["BG"](), ["channel"]).fit(data)
    two = cl.models.StaticCovariateModel(BASES["BG"](), ["channel"]).fit(other)
    np.testing.assert_allclose(
        two.expected_purchases(other, 26)[data.index], one.expected_purchases(data, 26), rtol=1e-5
    )
    first = one.coefficients_.set_index(["level", "effect"])["coefficient"].rename(names, level=0)
    second = two.coefficients_.set_index(["level", "effect"])["coefficient"]
    np.testing.assert_allclose(second[first.index], first, atol=1e-5)
    number = data.assign(channel=data["channel"].map({"ad": 10, "friend": 2, "qr": 33}))
    three = cl.models.StaticCovariateModel(BASES["BG"](), ["channel"]).fit(number)
    np.testing.assert_allclose(three.log_likelihood_, one.log_likelihood_, rtol=1e-9)


def test_unit_and_grouping_change_nothing() -> None:
    data = buyers().iloc[::7].drop(columns="holdout")
    days = data.assign(recency=data["recency"] * 7, T=data["T"] * 7)
    days.attrs["time_unit"] = "D"
    grouped = days.groupby(list(days.columns)).size().rename("weight").reset_index()
    one = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(data)
    two = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(grouped)
    np.testing.assert_allclose(
        two.expected_purchases(days, 182), one.expected_purchases(data, 26), rtol=1e-5
    )
    assert two.params_["alpha"] == pytest.approx(7 * one.params_["alpha"], rel=1e-5)


def test_b_may_be_scaled_as_in_the_paper() -> None:
    effects = ("purchase", "dropout", "staying")
    model = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"], effects).fit(buyers())
    assert set(model.coefficients_["effect"]) == set(effects)
    # The worlds leave b alone: who may scale it finds nothing there, and hardly more likelihood.
    staying = model.coefficients_[model.coefficients_["effect"] == "staying"]
    assert ((staying["low"] < 0) & (staying["high"] > 0)).all()
    assert 0 < model.log_likelihood_ - fitted().log_likelihood_ + 0.5 < 5
    with pytest.raises(ArgumentError, match="effects"):
        cl.models.StaticCovariateModel(BASES["PNBD"](), ["channel"], ["staying"])


def test_draws_of_what_buyers_do_agree_with_expectations() -> None:
    model, data = fitted(), buyers().iloc[::50].copy()
    draws = model.sample_purchases(data, 26, draws=2000, seed=1)
    assert draws.shape == (2000, len(data))
    expected = model.expected_purchases(data, 26).to_numpy()
    error = draws.std(axis=0) / np.sqrt(2000)
    assert np.abs(draws.mean(axis=0) - expected).max() < 5 * error.max()
    np.testing.assert_array_equal(draws, model.sample_purchases(data, 26, draws=2000, seed=1))
    chances = model.purchase_pmf(range(300), 26, data)
    assert list(chances.index) == list(data.index)
    np.testing.assert_allclose(chances.to_numpy() @ np.arange(300), expected, rtol=1e-6)


def test_parameter_draws_carry_the_uncertainty_of_effects() -> None:
    model = fitted()
    points = parameter_draws(model, 100, seed=2)
    np.testing.assert_array_equal(points, parameter_draws(model, 100, seed=2))
    spread = np.std([one.params_["alpha"] for one in with_parameters(model, points)])
    ends = model.confidence_intervals().loc["alpha"]
    assert spread == pytest.approx((ends["high"] - ends["low"]) / 3.92, rel=0.25)
    new = pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": 0.0, "channel": ["ad", "new"]})
    with pytest.warns(StatisticalWarning, match="1 of 2 customers have a level of channel"):
        drawn = [one.expected_purchases(new, 26).to_numpy() for one in
                 with_parameters(model, points)]  # fmt: skip
    # Of a level never seen only the spread of the others is known.
    assert np.std(drawn, axis=0)[1] > 3 * np.std(drawn, axis=0)[0]


def test_a_level_never_seen_is_taken_as_in_the_middle() -> None:
    model = fitted()
    frame = pd.DataFrame({"frequency": [1.0], "recency": [3.0], "T": [30.0], "channel": ["new"]})
    with pytest.warns(StatisticalWarning, match="did not see"):
        got = model.expected_purchases(frame, 26)[0]
    among = [model.expected_purchases(frame.assign(channel=name), 26)[0] for name in EFFECTS]
    assert min(among) < got < max(among)


def test_two_covariates() -> None:
    data = buyers().iloc[::3].copy()
    rng = np.random.default_rng(4)
    data["region"] = rng.choice(["north", "south", "west"], len(data))
    model = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel", "region"]).fit(data)
    assert len(model.coefficients_) == 12
    spread = model.spread_.set_index(["covariate", "effect"])["spread"]
    assert spread["channel", "purchase"] > 3 * spread["region", "purchase"]
    assert model.levels_["customers"].sum() == 2 * len(data)


def test_levels_that_do_not_occur_independently() -> None:
    data = buyers().iloc[::7].copy()
    same = data.assign(source=data["channel"].str.upper())
    with pytest.raises(ArgumentError, match="tell the same customers apart"):
        cl.models.StaticCovariateModel(BASES["MBG"](), ["channel", "source"]).fit(same)
    # Cities of a province: what they share is shared out, predictions hold.
    half = np.arange(len(data)) % 2
    nested = data.assign(shop=data["channel"] + half.astype(str))
    with pytest.warns(StatisticalWarning, match="do not occur independently"):
        both = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel", "shop"]).fit(nested)
    alone = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(data)
    np.testing.assert_allclose(
        both.expected_purchases(nested, 26).groupby(nested["channel"]).mean(),
        alone.expected_purchases(data, 26).groupby(data["channel"]).mean(), rtol=0.05,
    )  # fmt: skip


def test_bad_levels_are_refused() -> None:
    data = buyers().iloc[::7].copy()
    make = functools.partial(cl.models.StaticCovariateModel, BASES["MBG"]())
    with pytest.raises(NotEnoughDataError, match="one level, 'ad'"):
        make(["channel"]).fit(data.assign(channel="ad"))
    holes = data.assign(channel=data["channel"].where(np.arange(len(data)) > 2))
    with pytest.raises(DataError, match="the level is missing: channel in 3"):
        make(["channel"]).fit(holes)
    with pytest.raises(DataError, match="the level is missing"):
        fitted().expected_purchases(holes, 26)
    with pytest.raises(DataError, match="lacks region"):
        make(["channel", "region"]).fit(data)
    with pytest.raises(ArgumentError, match="levels, must be <= 100"):
        make(["channel"]).fit(data.assign(channel=np.arange(len(data))))
    with pytest.raises(ArgumentError, match="covariates"):
        make("channel")
    with pytest.raises(ArgumentError, match="must differ"):
        make(["channel", "channel"])
    with pytest.raises(ArgumentError, match="engine"):
        cl.models.StaticCovariateModel(cl.models.BetaGeoModel(engine="lifetimes"), ["channel"])
    with pytest.raises(ArgumentError, match="not fitted"):
        make(["channel"]).expected_purchases(data, 26)
    few = data.head(60).assign(channel=["a", "b"] * 30)
    with pytest.warns(ConvergenceWarning, match="fewer than 100"):
        assert make(["channel"]).fit(few).flags_
    with pytest.raises(NotEnoughDataError, match="fewer than 100"):
        make(["channel"]).fit(few, strict=True)


def test_nothing_given_is_changed() -> None:
    data = buyers().iloc[::7].copy()
    before, base = data.copy(), BASES["MBG"]()
    model = cl.models.StaticCovariateModel(base, ["channel"]).fit(data)
    model.expected_purchases(data, 26)
    pd.testing.assert_frame_equal(data, before)
    assert not hasattr(base, "params_")


def test_segments_beside_themselves_alone() -> None:
    others = {"big": (0.0, 0.0), "mid": (0.4, 0.0), "tiny": (-0.3, 0.0)}
    data = planted({"big": 3000, "mid": 600, "tiny": 25}, others, seed=8)
    model = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(data)
    # A segment of 25 buyers is too few to be shown, unless asked for.
    few = cl.models.segment_forecast(data, model, 26, draws=40).set_index("segment")
    assert few["value"].isna().to_dict() == {"big": False, "mid": False, "tiny": True}
    table = cl.models.segment_forecast(data, model, 26, draws=40, min_people=20)
    assert table["value"].is_monotonic_decreasing
    table = table.set_index("segment")
    mean = model.expected_purchases(data, 26).groupby(data["channel"]).mean()
    np.testing.assert_allclose(table["value"][mean.index], mean, rtol=1e-9)
    pooled = model.pooled_.expected_purchases(data, 26).groupby(data["channel"]).mean()
    np.testing.assert_allclose(table["pooled"][pooled.index], pooled, rtol=1e-9)
    assert table["buyers"].to_dict() == {"big": 3000, "mid": 600, "tiny": 25}
    assert (table["alone_status"].to_dict()) == {"big": "ok", "mid": "ok", "tiny": "refused"}
    assert "fewer than 100" in table.loc["tiny", "alone_reason"]
    alone = BASES["MBG"]().fit(data[data["channel"] == "mid"])
    at = alone.expected_purchases(data[data["channel"] == "mid"], 26).mean()
    assert table.loc["mid", "alone"] == pytest.approx(at, rel=1e-9)
    width = table["high"] - table["low"]
    assert width["big"] < width["mid"] < width["tiny"]
    new = pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": 0.0, "channel": ["mid"]})
    one = model.expected_purchases(new, 26)[0]
    assert table.loc["mid", "newcomer"] == pytest.approx(one, rel=1e-9)
    with pytest.raises(ArgumentError, match="by =="):
        cl.models.segment_forecast(data, model, 26, by="region")


@pytest.mark.slow
def test_segments_in_money() -> None:
    data = planted({"a": 300, "b": 300}, {"a": (0.2, 0.0), "b": (-0.2, 0.0)}, seed=2)
    rng = np.random.default_rng(0)
    mean = 6.0 / rng.gamma(4, 1 / 15, len(data))
    shape = 6.0 * np.maximum(data["frequency"], 1)
    data["monetary_value"] = np.where(data["frequency"] > 0, rng.gamma(shape) / shape * mean, 0.0)
    model = cl.models.StaticCovariateModel(BASES["MBG"](), ["channel"]).fit(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StatisticalWarning)
        spend = cl.models.GammaGammaModel().fit(data)
    table = cl.models.segment_forecast(
        data, model, 52, spend=spend, discount_rate=0.1, draws=20
    ).set_index("segment")
    worth = cl.models.lifetime_value(
        data.assign(segment=data["channel"]), model, spend, horizon=52, discount_rate=0.1, draws=40
    )
    got = worth.segments.set_index("segment")["value"]
    np.testing.assert_allclose(table["value"][got.index], got, rtol=1e-8)
    assert (table["low"] <= table["value"]).all()
    # What each will do adds to what is not known of the mean.
    wide = worth.segments.set_index("segment")
    assert ((wide["high"] - wide["low"]) > (table["high"] - table["low"])).all()


def test_where_nobody_leaves_segments_differ_in_buying_alone() -> None:
    rng = np.random.default_rng(6)
    names, T = np.repeat(["ad", "friend"], 1200), ages(rng, 2400, 26, 78)
    rate = rng.gamma(R, 1 / ALPHA, len(T)) * np.where(names == "ad", 1.0, 2.0)
    x = rng.poisson(rate * T)
    recency = np.where(x > 0, T * rng.random(len(T)) ** (1 / np.maximum(x, 1)), 0.0)
    data = pd.DataFrame({"frequency": x, "recency": recency, "T": T, "channel": names})
    model = cl.models.StaticCovariateModel(cl.models.NBDModel(), ["channel"]).fit(data)
    assert model.effects == ("purchase",)
    row = model.coefficients_.set_index("level").loc["friend"]
    assert abs(row["coefficient"] - np.log(2) / 2) < 3 * row["standard_error"]
    each = model.expected_purchases(data, 26)
    r, alpha = model.params_["r"], model.params_["alpha"] * np.exp(-row["coefficient"])
    mine = data[names == "friend"]
    own = (r + mine["frequency"]) / (alpha + mine["T"]) * 26
    np.testing.assert_allclose(each[mine.index], own, rtol=1e-9)
    with pytest.raises(ArgumentError, match="dropout"):
        cl.models.StaticCovariateModel(cl.models.NBDModel(), ["channel"], effects=["dropout"])


def test_ends_that_no_draw_carries_are_open() -> None:
    drawn = np.random.default_rng(0).normal(size=(1_000, 2))
    even = np.full(1_000, 1 / 1_000)
    low, high = _ends(drawn, even, 0.95)
    np.testing.assert_allclose(high - low, 2 * 1.96, rtol=0.1)
    alone = np.where(np.arange(1_000) < 30, 1 / 30, 0.0)  # 2.5 % of 30 draws is less than one
    low, high = _ends(drawn, alone, 0.95)
    assert (low == -np.inf).all()
    assert (high == np.inf).all()
    assert np.isfinite(_ends(drawn, alone, 0.8)).all()
