"""Groups in which ads drive members away: intervals of drawn-in ratios, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab import errors, models


def table(ratios, seed=0):
    rng = np.random.default_rng(seed)
    variance = rng.uniform(0.05, 0.4, len(ratios))
    seen = np.exp(np.log(ratios) + rng.normal(0, variance**0.5))
    return pd.DataFrame({"group_id": [f"g{i}" for i in range(len(ratios))], "days": 20,
                         "losses": 12, "member_days": 600, "rest_losses": 60, "months": 5,
                         "ratio": seen, "variance": variance})  # fmt: skip


def test_drawn_in_intervals_cover_on_average():
    rng, held, total = np.random.default_rng(1), 0, 0
    for seed in range(200):
        truth = np.exp(rng.normal(0.3, 0.5, 12))
        rows = table(truth, seed)
        found = models.ad_harm_by_group(rows).set_index("group_id").loc[rows["group_id"]]
        held += ((found["low"] <= truth) & (truth <= found["high"])).sum()
        total += 12
    assert 0.93 < held / total < 0.98


def test_few_losses_are_not_read():
    rows = table(np.ones(4)).assign(losses=[12, 12, 4, 12], months=[5, 5, 5, 2])
    found = models.ad_harm_by_group(rows)
    assert found["status"].tolist() == ["ok", "ok", "too_few", "too_few"]
    assert found.loc[2:, ["raw", "ratio", "low", "high"]].isna().all(axis=None)
    with pytest.raises(errors.NotEnoughDataError, match="two are the least"):
        models.ad_harm_by_group(rows.iloc[1:])
    with pytest.raises(errors.ArgumentError, match="months"):
        models.ad_harm_by_group(rows.drop(columns="months"))
