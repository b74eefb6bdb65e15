"""Survival curves against lifelines, against direct maximisation, and on planted worlds."""

from __future__ import annotations

import warnings

import lifelines
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from scipy import optimize, stats

from commlab.errors import (
    ArgumentError,
    CommlabWarning,
    ConvergenceWarning,
    DataError,
    DataWarning,
    NotEnoughDataError,
    StatisticalWarning,
)
from commlab.models.curves import fit_curves
from commlab.models.kaplan_meier import critical, product_limit
from commlab.models.risksets import check_rows, choose_step, risk_sets, to_grid
from commlab.models.survival import restricted_mean, survival_at, survival_curve
from commlab.models.turnbull import turnbull


def exact_rows(seed: int, n: int = 400, *, entry: bool = True, clusters: int = 0) -> pd.DataFrame:
    """Stays with exact ends, delayed entry and weights."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 15, n) * (rng.random(n) < 0.4) if entry else np.zeros(n, dtype=int)
    life, follow = rng.geometric(0.04, n), rng.integers(10, 80, n)
    keep = (life > start) & (follow > start)
    end, observed = np.minimum(life, follow), life <= follow
    rows = pd.DataFrame(
        {
            "entry": start,
            "lower": np.where(observed, end - 1, end),
            "upper": end,
            "observed": observed,
            "n": rng.integers(1, 4, n),
        }
    )
    if clusters:
        rows["cluster"] = rng.integers(0, clusters, n)
    return rows[keep].reset_index(drop=True)


def with_lifelines(rows: pd.DataFrame) -> lifelines.KaplanMeierFitter:
    return lifelines.KaplanMeierFitter().fit(
        rows["upper"], rows["observed"], entry=rows["entry"], weights=rows["n"]
    )


@pytest.mark.parametrize("seed", range(5))
def test_kaplan_meier_is_lifelines_with_delayed_entry_and_weights(seed: int) -> None:
    rows = exact_rows(seed)
    ours = survival_curve(rows, min_at_risk=1).set_index("day")
    theirs = with_lifelines(rows)
    days = [day for day in ours.index if day in theirs.survival_function_.index]
    expected = theirs.survival_function_.loc[days].iloc[:, 0].to_numpy()
    assert ours.loc[days, "survival"].to_numpy() == pytest.approx(expected, abs=1e-9)
    inner = ours.loc[days, "survival"].between(1e-9, 1 - 1e-9).to_numpy()
    bounds = theirs.confidence_interval_.loc[days].to_numpy()[inner]
    assert ours.loc[days, ["low", "high"]].to_numpy()[inner] == pytest.approx(bounds, abs=1e-7)


def test_delayed_entry_by_hand() -> None:
    # Two stays from the start, of which one ends on day 2; two more are seen from day 1 on, of
    # which one ends on day 3: S = 1, 1, 3/4, 3/4 · 2/3.
    rows = pd.DataFrame(
        {
            "entry": [0, 0, 1, 1],
            "lower": [1, 4, 2, 4],
            "upper": [2, 4, 3, 4],
            "observed": [True, False, True, False],
        }
    )
    curve = survival_curve(rows, min_at_risk=1)
    assert curve["survival"].tolist() == pytest.approx([1, 1, 0.75, 0.5, 0.5])
    assert curve["at_risk"].tolist() == [2, 2, 4, 3, 2]
    assert curve["lost"].tolist() == [0, 0, 1, 1, 0]


def test_cluster_variance_does_not_count_copies_as_people() -> None:
    # Every stay five times over, the copies in one cluster: the information is that of one copy.
    once = exact_rows(3, entry=False).assign(n=1)
    once = once.assign(cluster=np.arange(len(once)))
    copied = once.assign(n=5)
    one, five = (product_limit(risk_sets(check_rows(rows))) for rows in (once, copied))
    naive = product_limit(risk_sets(check_rows(copied.drop(columns="cluster"))))
    middle = slice(5, 50)
    assert five[1][middle] == pytest.approx(one[1][middle], abs=1e-3)
    assert (one[2] - one[1])[middle] == pytest.approx((five[2] - five[1])[middle], rel=0.02)
    assert ((naive[2] - naive[1])[middle] < 0.6 * (five[2] - five[1])[middle]).all()


def test_lone_stays_as_clusters_give_greenwood() -> None:
    rows = exact_rows(4, entry=False, n=3000).assign(n=1)
    alone = product_limit(risk_sets(check_rows(rows.assign(cluster=np.arange(len(rows))))))
    plain = product_limit(risk_sets(check_rows(rows)))
    width = (plain[2] - plain[1])[1:50]
    assert (alone[2] - alone[1])[1:50] == pytest.approx(width, rel=0.02)


def test_degrees_of_freedom_are_those_of_the_clusters_that_carry_the_curve() -> None:
    # Ten clusters lose one of ten on day 1; only the first two are followed to day 2.
    parts = [(g, 0, 1, True, 1) for g in range(10)] + [(g, 1, 1, False, 9) for g in range(2, 10)]
    parts += [(g, 1, 2, True, 1) for g in range(2)] + [(g, 2, 2, False, 8) for g in range(2)]
    rows = pd.DataFrame(parts, columns=["cluster", "lower", "upper", "observed", "n"])
    sets = risk_sets(check_rows(rows))
    q, factor = critical(sets, 0.95)
    # Shares of the hazard: 1/10 · .1 each; then 1/2 · 2/18 more for the first two.
    weight = np.array([0.01 + 1 / 18] * 2 + [0.01] * 8)
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert q == pytest.approx([stats.t.ppf(0.975, 9), stats.t.ppf(0.975, effective - 1)])
    assert factor == pytest.approx(10 / 9)
    alone, none = critical(risk_sets(check_rows(rows.drop(columns="cluster"))), 0.95)
    assert (alone.tolist(), none) == (pytest.approx([1.959964] * 2), 0)


@pytest.mark.parametrize("seed", range(3))
def test_turnbull_is_kaplan_meier_where_ends_are_exact(seed: int) -> None:
    rows = check_rows(exact_rows(seed))
    fit = turnbull(rows)
    sets = risk_sets(rows)
    assert fit.converged
    assert fit.survival[0] == pytest.approx(product_limit(sets)[0], abs=1e-6)
    assert fit.lost[0] == pytest.approx(sets.total_lost, abs=1e-6)
    assert fit.at_risk[0] == pytest.approx(sets.total_at_risk, abs=1e-6)


def test_turnbull_is_lifelines_without_delayed_entry() -> None:
    rng = np.random.default_rng(11)
    life = rng.exponential(25, 120)
    looks = np.sort(rng.choice(np.arange(1, 60), size=(120, 5)), axis=1)
    looks = np.hstack([np.zeros((120, 1), dtype=int), looks])
    place = (looks < life[:, None]).sum(axis=1)
    lower = looks[np.arange(120), place - 1]
    gone = place < looks.shape[1]
    upper = np.where(gone, looks[np.arange(120), np.minimum(place, 5)], lower)
    rows = pd.DataFrame({"entry": 0, "lower": lower, "upper": upper, "observed": gone, "n": 1})
    fit = turnbull(rows, cells=60)
    # lifelines takes brackets as closed; half a day on the left makes them open, as ours are.
    theirs = lifelines.KaplanMeierFitter().fit_interval_censoring(
        lower + 0.5, np.where(gone, upper, np.inf), tol=1e-9
    )
    table = theirs.survival_function_.iloc[:, 0]
    # Its row at t + ½ holds the share beyond t.
    half = [day for day in table.index if day % 1 == 0.5]
    assert len(half) > 20
    ours = fit.survival[0][np.floor(half).astype(int)]
    assert ours == pytest.approx(table.loc[half].to_numpy(), abs=1e-3)


def test_turnbull_with_brackets_and_delayed_entry_is_the_maximum() -> None:
    # Direct maximisation of Turnbull's conditional likelihood over the hazards of five cells.
    rows = check_rows(
        pd.DataFrame(
            {
                "entry": [0, 0, 1, 1, 2, 0, 2, 0],
                "lower": [0, 1, 1, 2, 2, 2, 3, 5],
                "upper": [2, 3, 4, 4, 5, 3, 5, 5],
                "observed": [True] * 7 + [False],
                "n": [7, 9, 4, 6, 5, 3, 8, 12],
            }
        )
    )
    fit = turnbull(rows, tolerance=1e-10)

    def nll(logits: np.ndarray) -> float:
        s = np.concatenate([[1.0], np.cumprod(1 / (1 + np.exp(logits)))])
        p = np.where(rows["observed"], s[rows["lower"]] - s[rows["upper"]], s[rows["lower"]])
        return -float((rows["n"] * np.log(p / s[rows["entry"]])).sum())

    best = min(
        optimize.minimize(nll, np.full(5, x), method="Nelder-Mead",
                          options={"maxiter": 50_000, "fatol": 1e-12, "xatol": 1e-9}).fun
        for x in (-1.0, -2.0)
    )  # fmt: skip
    assert float(fit.log_likelihood[0]) == pytest.approx(-best, abs=1e-5)
    with pytest.warns(ConvergenceWarning, match="last of 2 steps"):
        turnbull(rows, max_steps=2)


def test_restricted_mean_is_lifelines_and_half_a_day_less() -> None:
    # lifelines adds up steps, which count the day of leaving whole.
    rows = exact_rows(7, entry=False)
    kmf = with_lifelines(rows)
    steps = lifelines.utils.restricted_mean_survival_time(kmf, t=40)
    last = float(kmf.predict(40))
    found = restricted_mean(rows, 40, min_at_risk=1)
    assert found.value == pytest.approx(steps - (1 - last) / 2, abs=1e-9)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_survival_at_reads_the_curve_and_refuses_beyond_it() -> None:
    rows = exact_rows(8, entry=False)
    curve = survival_curve(rows).set_index("day")
    found = survival_at(rows, 20)
    assert found.value == pytest.approx(curve.loc[20, "survival"])
    assert found.n == round(curve.loc[20, "at_risk"]) < rows["n"].sum()
    assert survival_at(rows, 5000).status == "refused"
    assert "followed for" in survival_at(rows, 5000).reason
    two = pd.concat([rows.assign(segment="a"), rows.assign(segment="b")])
    with pytest.raises(ArgumentError, match="2 segments"):
        survival_at(two, 20)
    assert survival_at(two, 20, segment="b").value == pytest.approx(found.value)


def test_too_few_and_survivors_only_are_said() -> None:
    few = pd.DataFrame({"lower": [1], "upper": [2], "observed": [True], "n": [10]})
    with pytest.raises(NotEnoughDataError, match="10 stays"):
        survival_curve(few)
    both = pd.concat([few.assign(segment="small", entry=0), exact_rows(1).assign(segment="large")])
    with pytest.warns(DataWarning, match="1 of 2 segments"):
        assert set(survival_curve(both)["segment"]) == {"large"}
    late = pd.DataFrame({"entry": [100, 100], "lower": [109, 150], "upper": [110, 150],
                         "observed": [True, False], "n": [20, 80]})  # fmt: skip
    with pytest.warns(StatisticalWarning, match="before day 100"):
        curve = survival_curve(late)
    assert curve["day"].iloc[0] == 100
    assert (curve["from_day"] == 100).all()
    with pytest.warns(StatisticalWarning):
        assert survival_at(late, 120).status == "refused"


def test_none_lost_and_all_lost_have_intervals() -> None:
    none = pd.DataFrame({"lower": [9], "upper": [9], "observed": [False], "n": [50]})
    curve = survival_curve(none)
    assert (curve["survival"] == 1).all()
    # Wilson with 50 of 50: 50 / (50 + 1.96²).
    assert curve["low"].iloc[-1] == pytest.approx(50 / (50 + 1.959964**2), abs=1e-6)
    gone = survival_curve(none.assign(lower=1, upper=2, observed=True))
    assert gone["survival"].iloc[-1] == 0
    assert 0 < gone["high"].iloc[-1] < 0.1
    assert gone[["low", "high"]].notna().all(axis=None)


@pytest.mark.parametrize(
    "change",
    [{"upper": 0}, {"lower": -1}, {"n": 0.5}, {"entry": 9}, {"lower": np.nan}],
)
def test_contradicting_rows_are_refused(change: dict[str, float]) -> None:
    rows = pd.DataFrame({"entry": [0.0], "lower": [1.0], "upper": [2.0], "observed": [True],
                         "n": [40.0]})  # fmt: skip
    with pytest.raises(DataError):
        survival_curve(rows.assign(**change))
    with pytest.raises(DataError, match="lack"):
        survival_curve(rows.drop(columns="observed"))


def test_weekly_looks_are_put_on_a_weekly_grid() -> None:
    rows = check_rows(pd.DataFrame({"entry": [3, 0], "lower": [3, 30], "upper": [10, 30],
                                    "observed": [True, False], "n": [50, 50]}))  # fmt: skip
    assert choose_step(rows) == 7
    grid = to_grid(rows, 7)
    ended = grid[grid["observed"]].iloc[0]
    assert (ended["entry"], ended["lower"], ended["upper"]) == (0, 0, 1)
    assert grid["n"].sum() == 100


def test_turnbull_resamples_whole_clusters() -> None:
    # Ten groups, each lost at one moment between two looks: alike within, so far less is known.
    rng = np.random.default_rng(0)
    lower = np.repeat(rng.integers(1, 40, 10), 30)
    rows = pd.DataFrame({"cluster": np.repeat(np.arange(10), 30), "entry": 0, "lower": lower,
                         "upper": lower + 12, "observed": True})  # fmt: skip
    together = survival_at(rows, 25, step=1, seed=1)
    alone = survival_at(rows.drop(columns="cluster"), 25, step=1, seed=1)
    assert together.method == "Turnbull, bootstrap over clusters"
    assert alone.method == "Turnbull, bootstrap over stays"
    assert together.value == pytest.approx(alone.value)
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert survival_at(rows, 25, step=1, seed=1) == together


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 10), st.integers(1, 6), st.booleans(),
                  st.integers(1, 9)),
        min_size=1, max_size=25,
    )
)  # fmt: skip
def test_curves_fall_within_zero_and_one(parts: list[tuple[int, int, int, bool, int]]) -> None:
    rows = pd.DataFrame(
        [
            (entry, entry + wait, entry + wait + width * ended, ended, n)
            for entry, wait, width, ended, n in parts
        ],
        columns=["entry", "lower", "upper", "observed", "n"],
    )
    before = rows.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CommlabWarning)
        try:
            curve = survival_curve(rows, min_at_risk=1, draws=10)
        except NotEnoughDataError:
            return
    pd.testing.assert_frame_equal(rows, before)
    s = curve["survival"].to_numpy()
    assert s[0] == 1
    assert (np.diff(s) <= 1e-12).all()
    assert curve[["survival", "low", "high"]].apply(lambda x: x.between(0, 1)).all(axis=None)
    assert (curve["low"] <= curve["survival"] + 1e-12).all()
    assert (curve["high"] >= curve["survival"] - 1e-12).all()


def clustered_world(seed: int, clusters: int = 60, size: int = 30) -> pd.DataFrame:
    """Groups with a hazard of their own (gamma, mean 0.01 a day), delayed entry in a third."""
    rng = np.random.default_rng(seed)
    hazard = np.repeat(rng.gamma(2.0, 0.005, clusters), size)
    life = rng.exponential(1 / hazard)
    entry = np.where(rng.random(len(life)) < 1 / 3, rng.integers(1, 30, len(life)), 0)
    follow = rng.integers(35, 120, len(life))
    end, observed = np.minimum(np.ceil(life), follow).astype(int), np.ceil(life) <= follow
    keep = end > entry
    rows = pd.DataFrame(
        {
            "cluster": np.repeat(np.arange(clusters), size),
            "entry": entry,
            "lower": np.where(observed, end - 1, end),
            "upper": end,
            "observed": observed,
        }
    )
    return rows[keep].reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize("day", [20, 60])
def test_cluster_intervals_cover_as_promised(day: int) -> None:
    truth = (1 + 0.005 * day) ** -2.0  # Laplace transform of the gamma hazard
    held = naive = 0
    for seed in range(200):
        rows = clustered_world(seed)
        found = survival_at(rows, day)
        held += found.low <= truth <= found.high
        plain = survival_at(rows.drop(columns="cluster"), day)
        naive += plain.low <= truth <= plain.high
    assert 179 <= held <= 198
    assert naive < 170  # what independence would have promised


@pytest.mark.slow
def test_restricted_mean_intervals_cover_as_promised() -> None:
    truth = (1 - 1 / (1 + 0.005 * 90)) / 0.005
    held = 0
    for seed in range(200):
        found = restricted_mean(clustered_world(seed), 90, min_at_risk=10)
        held += found.low <= truth <= found.high
    assert 179 <= held <= 198


def weekly_looks(seed: int, n: int = 1500, hazard: float = 0.015) -> pd.DataFrame:
    """Stays seen only once a week: unseen if over before the first look, ends bracketed."""
    rng = np.random.default_rng(seed)
    life, phase = rng.exponential(1 / hazard, n), rng.uniform(0, 7, n)
    looks = rng.integers(3, 18, n)  # number of looks that could be had
    seen = life > phase
    last = phase + 7 * (looks - 1)
    place = np.floor((life - phase) / 7)
    gone = seen & (place < looks - 1)
    lower = np.floor(np.where(gone, phase + 7 * place, last) + 0.5).astype(int)
    entry = np.floor(phase + 0.5).astype(int)
    rows = pd.DataFrame(
        {
            "entry": np.minimum(entry, lower),
            "lower": lower,
            "upper": np.where(gone, lower + 7, lower),
            "observed": gone,
        }
    )
    return rows[seen].reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize("step", [None, 1])
def test_weekly_looks_cover_as_promised(step: int | None) -> None:
    # On the weekly grid Kaplan–Meier, on the daily one Turnbull: both from bracketed ends of
    # stays that were seen late.
    truth = np.exp(-0.015 * 56)
    held, values = 0, []
    for seed in range(200):
        rows = weekly_looks(seed)
        method = next(iter(fit_curves(rows, step=step, draws=20).values())).method
        assert method.startswith("Kaplan-Meier" if step is None else "Turnbull")
        found = survival_at(rows, 56, step=step)
        held += found.low <= truth <= found.high
        values.append(found.value)
    assert np.mean(values) == pytest.approx(truth, abs=0.006)
    assert 179 <= held <= 198
