"""Several arms: corrected p, and a probability of being the best that is what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from campaign_samples import outcomes_of
from scipy import stats

from commlab.errors import NotEnoughDataError
from commlab.models.best_arm import best_arm
from commlab.models.experiment import readout

ARMS = np.array(["a", "b", "control"])


def trial(gains, n=600, seed=0, **more):
    rng = np.random.default_rng(seed)
    place = rng.permutation(np.arange(n) % len(gains))
    rate = rng.gamma(2.0, 0.5, n)
    orders = rng.poisson(rate) + np.asarray(gains)[place] + more.get("noise", 0.0) * rng.normal(
        size=n)  # fmt: skip
    return pd.DataFrame({"arm": ARMS[place], "orders": orders, "buyers": 1.0,
                         "pre_orders": rng.poisson(6 * rate).astype(float)})  # fmt: skip


def test_the_better_arm_is_named_and_p_is_corrected_over_arms():
    outcomes = outcomes_of(trial([0.05, 0.6, 0.0], n=1500))
    found = best_arm(outcomes)
    assert found["arm"].iloc[0] == "b"
    assert found["best"].iloc[0] > 0.99
    assert found["best"].sum() == pytest.approx(1.0)
    p = readout(outcomes, ["orders"]).query("adjusted == 'cuped'")["p"]
    rows = found.set_index("arm").loc[["a", "b"]]
    assert rows["p_adjusted"].to_numpy() == pytest.approx(stats.false_discovery_control(p))
    assert np.isnan(found.set_index("arm").loc["control", "difference"])


def test_where_all_harm_doing_nothing_is_the_best():
    found = best_arm(outcomes_of(trial([-0.5, -0.6, 0.0], n=1500)))
    assert found["arm"].iloc[0] == "control"
    assert found["best"].iloc[0] > 0.99


@pytest.mark.slow
def test_the_probability_is_right_as_often_as_it_says():
    # Effects from a prior far wider than the noise is flat where it matters.
    rng, said, true = np.random.default_rng(5), [], []
    for seed in range(300):
        gains = rng.normal(0, 0.25, 3)
        found = best_arm(outcomes_of(trial(gains, n=450, seed=seed)))
        said.append(found["best"].iloc[0])
        true.append(found["arm"].iloc[0] == ARMS[np.argmax(gains)])
    said, true = np.array(said), np.array(true)
    error = np.sqrt((said * (1 - said)).sum())
    assert abs(true.sum() - said.sum()) < 3.3 * error
    assert 0.6 < said.mean() < 0.95  # neither always sure nor never


def test_one_arm_or_too_few_people_are_refused():
    frame = trial([0.1, 0.2, 0.0])
    with pytest.raises(NotEnoughDataError, match="one arm was tried"):
        best_arm(outcomes_of(frame[frame["arm"] != "b"]))
    few = pd.concat([frame[frame["arm"] != "b"], frame[frame["arm"] == "b"].head(10)])
    with pytest.raises(NotEnoughDataError, match="too few people"):
        best_arm(outcomes_of(few))
