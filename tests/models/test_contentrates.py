"""Rates of forms: drawn in and adjusted, the best with its chance, single hits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from commlab import models
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models._content_fit import fit_odds


def pieces(seed=0, groups=20, posts=40, effects=(0.0, 0.5, -0.5), evening=0.8):
    """Posts in three forms; the second is posted in the morning, when less is clicked."""
    rng = np.random.default_rng(seed)
    n = groups * posts
    group, form = np.repeat(np.arange(groups), posts), rng.integers(len(effects), size=n)
    late = rng.random(n) < np.where(form == 1, 0.1, 0.9)
    own = (0.3 * rng.standard_normal(groups))[group]
    odds = -2.5 + np.array(effects)[form] + evening * late + own
    shown = rng.integers(30, 120, n)
    return pd.DataFrame(
        {
            "content_id": [f"n{one}" for one in range(n)], "group_id": group.astype(str),
            "posted_at": pd.Timestamp("2026-01-01"), "form": np.array(["a", "b", "c"])[form],
            "topic": "t", "part": np.where(late, "evening", "morning"),
            "exposures": shown.astype(float),
            "clicks": rng.binomial(shown, special.expit(odds)).astype(float),
        }
    )  # fmt: skip


def test_the_hour_is_taken_out():
    rows = pieces()
    found = models.content_rates(rows, "form")
    table = found.to_frame().set_index("form")
    assert table["raw"].idxmax() != "b"  # the plain rate says so because of the morning
    assert found.best == "b"
    assert found.verdict == "clear"
    assert table["could_be_best"].to_dict() == {"a": False, "b": True, "c": False}
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


@pytest.mark.slow
def test_effects_are_those_of_an_independent_fit():
    """Against statsmodels' logistic regression with groups as fixed effects."""
    sm = pytest.importorskip("statsmodels.api")
    rows = pieces(3)
    fit = fit_odds(rows, "clicks", ["form", "part"])
    design = pd.get_dummies(rows[["form", "part", "group_id"]], drop_first=True).astype(float)
    counts = np.column_stack([rows["clicks"], rows["exposures"] - rows["clicks"]])
    other = sm.GLM(counts, sm.add_constant(design), family=sm.families.Binomial()).fit()
    theirs = np.array([0.0, other.params["form_b"], other.params["form_c"]])
    assert fit.effects == pytest.approx(theirs - theirs.mean(), abs=0.02)


def test_levels_that_do_not_differ_are_drawn_together():
    found = models.content_rates(pieces(5, effects=(0.0, 0.0, 0.0), evening=0.0), "form")
    table = found.to_frame()
    own, drawn = (
        table["own"].max() - table["own"].min(),
        table["value"].max() - table["value"].min(),
    )
    assert drawn < 0.7 * own
    assert found.verdict != "clear"
    assert table["p_best"].sum() == pytest.approx(1)


def test_a_level_with_few_posts_is_left_out_and_said():
    rows = pieces()
    rows.loc[:4, "form"] = "rare"
    table = models.content_rates(rows, "form").to_frame().set_index("form")
    assert table.loc["rare", "status"] == "too_few"
    assert np.isnan(table.loc["rare", "value"])
    assert table.index[-1] == "rare"
    assert table["p_best"].sum() == pytest.approx(1)


def test_the_same_seed_gives_the_same_and_the_rows_stay_as_they_are():
    rows = pieces()
    before = rows.copy()
    first, second = (models.content_rates(rows, "part", seed=7).to_frame() for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(rows, before)


def test_bad_input_is_refused():
    rows = pieces()
    with pytest.raises(ArgumentError, match="factor"):
        models.content_rates(rows, "colour")
    with pytest.raises(NotEnoughDataError, match="8 are the least"):
        models.content_rates(rows[rows["group_id"].isin(["1", "2"])], "form")
    with pytest.raises(NotEnoughDataError, match="two levels"):
        models.content_rates(rows, "topic")
    with pytest.raises(NotEnoughDataError, match="shares"):
        models.content_rates(rows.assign(shares=0.0), "form", "shares")
    # More clicks than exposures cannot be: such rows are left out, not clipped.
    odd = pd.concat([rows, rows.head(30).assign(clicks=500.0)], ignore_index=True)
    pd.testing.assert_frame_equal(
        models.content_rates(odd, "form").to_frame(), models.content_rates(rows, "form").to_frame()
    )


def test_a_planted_hit_is_found_and_chance_is_not():
    rows = pieces(9)
    assert not models.content_winners(rows)["winner"].any()
    place = int(rows["exposures"].idxmax())
    rows.loc[place, "clicks"] = round(0.6 * rows.loc[place, "exposures"])
    found = models.content_winners(rows)
    assert found.loc[found["winner"], "content_id"].tolist() == [f"n{place}"]
    first = found.iloc[0]
    assert 1 < first["ratio"] < first["raw"] / first["expected"]  # drawn in


def test_comments_and_shares_are_compared_like_clicks():
    rows = pieces()
    rng = np.random.default_rng(5)
    counts = {name: rng.binomial(rows["clicks"].astype(int), 0.5).astype(float)
              for name in ("comments", "shares")}  # fmt: skip
    rows = rows.assign(**counts)
    table = models.reaction_rates(rows)
    for reaction in counts:
        own = table[table["reaction"] == reaction].drop(columns="reaction").reset_index(drop=True)
        alone = models.content_rates(rows, "form", reaction).frame
        alone = alone.rename(columns={reaction: "reacted"})
        pd.testing.assert_frame_equal(own, alone[own.columns.tolist()])
        assert own["form"].iloc[0] == "b"  # planted, and hidden by its hour in the plain rates
    none = rows.assign(comments=np.nan)
    assert set(models.reaction_rates(none)["reaction"]) == {"shares"}
    with pytest.raises(NotEnoughDataError, match="shares"):
        models.reaction_rates(none.assign(shares=np.nan))
