"""Fading of groups and how long they live: planted slopes, refusals, the claim of the trade."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab.config import Festival
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.models import decay_rows, fit_decay, group_ages

from .grouplogs import MONDAY, weeks


def planted(fed: float, alone: float, size: float = 0.0, groups: int = 12, n: int = 20):
    """Group weeks whose messages follow the law without any noise."""
    parts = []
    for group in range(groups):
        fresh = (np.arange(n) * (group + 3)) % 5 < 2
        members = 20.0 + 3 * group + 10 * np.sin(np.arange(n) + group)
        path = -fed * fresh.cumsum() - alone * (~fresh).cumsum() + size * np.log(members)
        parts.append(pd.DataFrame({
            "group_id": f"g{group}", "messages": members * np.exp(2.0 + 0.1 * group + path),
            "members": members, "with_inflow": fresh.cumsum() * 1.0,
            "without_inflow": (~fresh).cumsum() * 1.0, "festival": 0.0}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def test_the_law_is_found_where_nothing_disturbs_it():
    fit = fit_decay(planted(0.03, 0.08, size=-0.2))
    found = fit.coefficients.set_index("term")["value"]
    assert found["with_inflow"] == pytest.approx(-0.03, abs=1e-8)
    assert found["without_inflow"] == pytest.approx(-0.08, abs=1e-8)
    assert found["size"] == pytest.approx(-0.2, abs=1e-7)
    assert fit.half_life["without_inflow"].value == pytest.approx(np.log(2) / 0.08)
    assert "festival" not in found.index  # it does not vary


def test_the_fit_is_poisson_with_a_dummy_a_group():
    """The conditional fit has the slopes of the Poisson fit with one intercept a group."""
    from scipy import optimize

    rng = np.random.default_rng(3)
    rows = planted(0.02, 0.05, groups=8, n=12)
    rows["messages"] = rng.poisson(rows["messages"]).astype(float)
    names = ["with_inflow", "without_inflow"]
    dummies = pd.get_dummies(rows["group_id"]).to_numpy(dtype=float)
    size = np.log(rows["members"].to_numpy())
    design = np.column_stack([rows[names], size, dummies])

    def loss(beta):
        linear = design @ beta + size
        return (np.exp(linear) - rows["messages"] * linear).sum()

    def slope(beta):
        return design.T @ (np.exp(design @ beta + size) - rows["messages"])

    start = np.concatenate([np.zeros(3), np.full(8, 2.0)])
    best = optimize.minimize(loss, start, jac=slope, method="BFGS", options={"gtol": 1e-6})
    found = fit_decay(rows).coefficients.set_index("term")["value"]
    np.testing.assert_allclose(found[[*names, "size"]], best.x[:3], rtol=1e-3, atol=1e-5)


def test_no_fading_is_no_half_life():
    fit = fit_decay(planted(-0.01, -0.02))
    assert fit.half_life["with_inflow"].status == "refused"
    rng = np.random.default_rng(1)
    rows = planted(0.0, 0.0)
    rows["messages"] = rng.poisson(rows["messages"] * rng.gamma(1, 1, len(rows))).astype(float)
    unsure = fit_decay(rows)
    low, high = unsure.ends["without_inflow"]
    assert low > 0
    assert high == np.inf
    assert not isinstance(unsure.told("without_inflow"), Estimate)


def test_rows_stop_at_death_and_leave_out_what_is_not_known():
    frame = weeks([9, 9, np.nan, 9, 9, 0, 0, 0], joined=[5, 0, 0, 0, 2, 0, 0, 0])
    rows = decay_rows(frame)
    # The opening week is cut short; week 2 is a gap; the group is dead from week 6 on.
    assert rows["week"].tolist() == [MONDAY + pd.Timedelta(weeks=n) for n in (1, 3, 4, 5)]
    assert rows["with_inflow"].tolist() == [0, 0, 1, 1]
    assert rows["without_inflow"].tolist() == [1, 2, 2, 3]
    sale = Festival("sale", (MONDAY + pd.Timedelta(days=9)).date(),
                    (MONDAY + pd.Timedelta(days=10)).date())  # fmt: skip
    assert decay_rows(frame, festivals=[sale])["festival"].tolist() == [1, 0, 0, 0]


def test_too_few_groups_are_said():
    with pytest.raises(NotEnoughDataError, match="8 are needed"):
        fit_decay(planted(0.02, 0.05, groups=5))
    with pytest.raises(NotEnoughDataError):
        fit_decay(planted(0.02, 0.05, n=4))


def ages(died: list[float], alive: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"entry": 0, "age": [*died, *alive],
                         "age_at_death": [*died, *[np.nan] * len(alive)]})  # fmt: skip


def test_the_claim_of_three_to_six_months():
    assert group_ages(ages([], [40.0] * 30 + [30.0]).assign(
        age_at_death=[10.0] + [np.nan] * 30)).verdict == "longer"  # fmt: skip
    assert group_ages(ages(list(range(2, 10)) * 4, [])).verdict == "shorter"
    middle = group_ages(ages([16.0, 17, 18, 19, 20, 21] * 8, []))
    assert middle.verdict == "as_claimed"
    assert 16 <= middle.median.value <= 22
    assert group_ages(ages([5.0, 20, 30], [9.0] * 7)).verdict == "open"


def test_kaplan_meier_by_hand():
    # 10 groups; one dies at the end of week 3 (age 2), one leaves at 5, one dies in week 8.
    curve = group_ages(ages([2.0, 7.0], [4.0] + [20.0] * 7)).curve.set_index("week")["survival"]
    assert curve[3] == pytest.approx(0.9)
    assert curve[8] == pytest.approx(0.9 * 7 / 8)


def test_late_entry_counts_only_from_then_on():
    rows = ages([10.0], [20.0] * 9).assign(entry=[0, 0, 0, 0, 0, 12, 12, 12, 12, 12])
    assert group_ages(rows).curve.set_index("week")["survival"][11] == pytest.approx(4 / 5)


def test_no_death_is_no_answer():
    with pytest.raises(NotEnoughDataError, match="none of 9"):
        group_ages(ages([], [20.0] * 9))
    with pytest.raises(NotEnoughDataError, match="8 are needed"):
        group_ages(ages([5.0], [20.0]))
