"""Ranking of segments: planted truths, and quadrature against draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab import errors, models


def cells(rng, rates, sizes):
    """Sums of people who say yes: rates and sizes by segment and stratum."""
    rows = []
    for segment, (row, people) in enumerate(zip(rates, sizes, strict=True)):
        for stratum, (rate, n) in enumerate(zip(row, people, strict=True)):
            yes = rng.binomial(n, rate)
            rows.append((f"s{segment}", f"h{stratum}", n, yes, yes))
    return pd.DataFrame(rows, columns=["segment", "stratum", "n", "total", "square"])


def test_a_good_month_is_no_credit():
    # Both segments are equal in each month; the first recruited in the good one.
    rng = np.random.default_rng(1)
    found = models.ranked_segments(
        cells(rng, [[0.6, 0.3]] * 3, [[9000, 1000], [1000, 9000], [5000, 5000]])
    ).set_index("segment")
    assert found["mean"]["s0"] - found["mean"]["s1"] > 0.2
    assert abs(found["adjusted"]["s0"] - found["adjusted"]["s1"]) < 0.03
    assert not found["flagged"].any()
    assert found["best"].max() < 0.9


def test_intervals_cover_and_the_best_is_named_as_often_as_said():
    # True segment effects differ by 3 points around months of 20 to 45 %; sizes 60 to 1,200.
    rng = np.random.default_rng(2)
    worlds, segments = 300, 8
    hits = drawn_hits = total = 0
    said = raw_said = 0.0
    for _ in range(worlds):
        effect = rng.normal(0, 0.03, segments)
        months = rng.uniform(0.2, 0.45, 4)
        sizes = rng.multinomial(1, np.ones(4) / 4, size=segments) * 0
        people = rng.choice([60, 150, 400, 1200], size=segments)
        # Segments recruit unevenly over the months, which confounds them.
        mix = rng.dirichlet(np.ones(4), size=segments)
        sizes = np.maximum((people[:, None] * mix).astype(int), 1)
        rates = np.clip(months + effect[:, None], 0.01, 0.99)
        sums = cells(rng, rates, sizes)
        found = models.ranked_segments(sums).set_index("segment").sort_index()
        share = sizes.sum(axis=0) / sizes.sum()
        truth = rates @ share
        order = [f"s{i}" for i in range(segments)]
        rows = found.loc[order]
        hits += int(((rows["adjusted_low"] <= truth) & (truth <= rows["adjusted_high"])).sum())
        drawn_hits += int(((rows["low"] <= truth) & (truth <= rows["high"])).sum())
        total += segments
        best = np.eye(segments)[int(np.argmax(truth))]
        said += float(((rows["best"].to_numpy() - best) ** 2).sum())
        raw = np.eye(segments)[int(np.argmax(rows["mean"].to_numpy()))]
        raw_said += float(((raw - best) ** 2).sum())
    # 99.9 % range of Binomial(2,400, .95): 2,243 to 2,313; those of small segments are made no
    # narrower than Agresti's, so they may hold more; drawn-in intervals hold on average.
    assert hits >= 2243
    assert hits <= 2340
    assert drawn_hits >= 2243
    assert total == 2400
    # Against knowing nothing (1/8 each: 7/8 a world), and against always naming the highest.
    assert said < 0.85 * worlds * 7 / 8
    assert said < 0.75 * raw_said


@pytest.mark.parametrize(("people", "rate"), [(40, 0.05), (100, 0.02), (100, 0.05), (400, 0.3)])
def test_segments_that_are_alike_are_rarely_flagged(people, rate):
    rng = np.random.default_rng(people)
    flagged, worlds = 0, 400
    for _ in range(worlds):
        sums = cells(rng, [[rate]] * 20, [[people]] * 20)
        if sums["total"].sum():
            flagged += bool(models.ranked_segments(sums)["flagged"].any())
    # 99.9 % of Binomial(400, .05) is at most 36: the corrected test keeps its promise.
    assert flagged <= 36


def test_groups_that_make_people_alike_are_heeded():
    # Ten channels that are alike, each of ten chat groups of forty; groups differ by 10 points.
    rng = np.random.default_rng(4)
    plain = heeded = covered = 0
    worlds = 200
    for _ in range(worlds):
        rows = []
        for segment in range(10):
            for group in range(10):
                yes = rng.binomial(40, np.clip(rng.normal(0.4, 0.1), 0.01, 0.99))
                rows.append((f"s{segment}", "may", f"g{segment}-{group}", 40, yes, yes))
        sums = pd.DataFrame(rows, columns=["segment", "stratum", "cluster", "n", "total", "square"])
        found = models.ranked_segments(sums)
        heeded += bool(found["flagged"].any())
        covered += int(((found["adjusted_low"] <= 0.4) & (found["adjusted_high"] >= 0.4)).sum())
        alone = sums.groupby(["segment", "stratum"], as_index=False)[["n", "total", "square"]].sum()
        plain += bool(models.ranked_segments(alone)["flagged"].any())
    assert plain > worlds / 3
    assert heeded <= 22  # 99.9 % of Binomial(200, .05)
    assert 1861 <= covered <= 1936  # of Binomial(2,000, .95): 1,868 to 1,930, and a little


def test_what_shares_no_month_is_not_compared():
    sums = pd.DataFrame(
        [("old", "h0", 500, 150), ("old", "h1", 500, 150), ("old2", "h1", 900, 270),
         ("new", "h9", 400, 240), ("unknown", "h0", 700, 560)],
        columns=["segment", "stratum", "n", "total"],
    )  # fmt: skip
    found = models.ranked_segments(sums.assign(square=sums["total"])).set_index("segment")
    assert found["status"].to_dict() == {
        "old": "ok", "old2": "ok", "new": "not_comparable", "unknown": "not_comparable",
    }  # fmt: skip
    assert found.loc["new", "mean"] == pytest.approx(0.6)
    assert np.isnan(found.loc["new", "adjusted"])
    assert not found["flagged"].any()


def test_nobody_and_everybody_keep_an_interval():
    sums = pd.DataFrame(
        [("none", 30, 0), ("few", 400, 20), ("all", 40, 40)], columns=["segment", "n", "total"]
    ).assign(stratum="may")
    found = models.ranked_segments(sums.assign(square=sums["total"])).set_index("segment")
    assert found.loc["none", "adjusted_high"] > 0.05
    assert found.loc["all", "adjusted_low"] < 0.97
    assert found.loc["all", "adjusted_high"] == 1.0
    assert found["yes"].to_dict() == {"none": 0, "few": 20, "all": 40}
    assert not found.loc["none", "flagged"]


@pytest.mark.parametrize("number", [2, 7, 40])
def test_probability_best_against_draws(number):
    rng = np.random.default_rng(number)
    mean, deviation = rng.normal(0, 1, number), rng.uniform(0.2, 2, number)
    deviation[0] = 0.01  # a narrow one beside wide ones
    draws = rng.normal(mean, deviation, size=(400_000, number)).argmax(axis=1)
    expected = np.bincount(draws, minlength=number) / len(draws)
    found = models.probability_best(mean, deviation**2)
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found, expected, atol=0.004)


def test_money_and_small_segments():
    rng = np.random.default_rng(3)
    values = {
        "a": rng.gamma(1, 100, 4000),
        "b": rng.gamma(1, 140, 4000),
        "c": rng.gamma(1, 900, 99),
    }
    sums = pd.DataFrame(
        [(name, "all", len(x), x.sum(), (x**2).sum()) for name, x in values.items()],
        columns=["segment", "stratum", "n", "total", "square"],
    )
    found = models.ranked_segments(sums).set_index("segment")
    assert found.index.tolist() == ["b", "a", "c"]
    assert found["status"].to_dict() == {"b": "ok", "a": "ok", "c": "too_few"}
    assert np.isnan(found.loc["c", "mean"])
    assert found.loc["b", "best"] > 0.999
    assert found.loc["b", "flagged"]
    # One stratum: nothing to adjust.
    np.testing.assert_allclose(found.loc["a", "adjusted"], values["a"].mean())
    error = values["a"].std(ddof=0) / 4000**0.5
    half = (found.loc["a", "adjusted_high"] - found.loc["a", "adjusted_low"]) / 2
    assert half == pytest.approx(1.959964 * error, rel=0.01)


def test_refusals():
    one = pd.DataFrame({"segment": ["a"], "stratum": ["x"], "n": [90], "total": [9], "square": [9]})
    with pytest.raises(errors.NotEnoughDataError, match="two are the least"):
        models.ranked_segments(one)
    with pytest.raises(errors.ArgumentError, match="square"):
        models.ranked_segments(one.drop(columns="square"))
    same = pd.concat([one, one.assign(segment="b")]).assign(total=0, square=0)
    with pytest.raises(errors.NotEnoughDataError, match="nothing to compare"):
        models.ranked_segments(same)


def test_probability_top_sums_to_the_places():
    mean, variance = np.array([3.0, 1.0, 1.0, 0.0, -2.0, 0.5]), np.full(6, 0.4)
    found = models.probability_top(mean, variance)
    assert found.sum() == pytest.approx(2)
    assert found[0] > 0.95 > found[1] > found[3] > found[4]
    assert (found == models.probability_top(mean, variance)).all()
    # One place: the same question as "best", answered by quadrature.
    one = models.probability_top(mean, variance, 1 / 6, draws=100_000)
    np.testing.assert_allclose(one, models.probability_best(mean, variance), atol=0.006)
