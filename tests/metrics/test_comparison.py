"""Segments against the rest, and one figure against its past."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, stats
from commlab.config import Festival


def table(rows):
    """Frame like that of `retention`, period 1, from (segment, cohort, at_risk, active[, deff])."""
    frame = pd.DataFrame(
        [(*row, 1.0)[:5] for row in rows],
        columns=["segment", "cohort", "at_risk", "active", "deff"],
    )
    frame["cohort"] = pd.to_datetime(frame["cohort"])
    frame["at_risk"] = frame["at_risk"].astype("Int64")
    frame["active"] = frame["active"].astype("Int64")
    return frame.assign(period=1, status="ok")


def test_one_stratum_is_the_two_proportion_test():
    frame = table([("a", "2026-01-01", 100, 45), ("b", "2026-01-01", 200, 60),
                   ("c", "2026-01-01", 50, 20)])  # fmt: skip
    out = metrics.compare_retention(frame).set_index("segment")
    p = stats.two_proportion_p([45, 60, 20], [100, 200, 50], [80, 65, 105], [250, 150, 300])
    np.testing.assert_allclose(out.loc[["a", "b", "c"], "p"], p, rtol=1e-12)
    np.testing.assert_allclose(
        out.loc[["a", "b", "c"], "p_adjusted"], stats.benjamini_hochberg(p), rtol=1e-12
    )
    assert out.loc["a", "difference"] == pytest.approx(0.45 - 80 / 250)
    assert out.loc["b", "lost"] == pytest.approx(200 * (65 / 150 - 0.3))
    assert out.index.tolist() == ["b", "c", "a"]  # most lost first


def test_the_month_is_not_held_against_a_segment():
    # Both segments keep 60 % in January and 20 % in May; b recruits mostly in May.
    frame = table([("a", "2026-01-01", 500, 300), ("a", "2026-05-01", 100, 20),
                   ("b", "2026-01-01", 100, 60), ("b", "2026-05-01", 500, 100)])  # fmt: skip
    out = metrics.compare_retention(frame)
    np.testing.assert_allclose(out["difference"], 0, atol=1e-12)
    np.testing.assert_allclose(out["p"], 1)
    assert out.set_index("segment")["rate"].to_dict() == {"a": 320 / 600, "b": 160 / 600}
    cohorts = metrics.compare_retention(frame, by="cohort")
    np.testing.assert_allclose(np.abs(cohorts["difference"]), 0.4)
    assert (cohorts["p_adjusted"] < 1e-10).all()


def test_design_effects_make_it_careful():
    rows = [("a", "2026-01-01", 100, 45), ("b", "2026-01-01", 200, 60)]
    plain = metrics.compare_retention(table(rows)).set_index("segment")
    alike = metrics.compare_retention(table([(*row, 3.0) for row in rows])).set_index("segment")
    p = stats.two_proportion_p(45, 100, 60, 200, deff=3.0)
    assert alike.loc["a", "p"] == pytest.approx(float(p))
    assert (alike["p"] > plain["p"]).all()
    width = (alike["high"] - alike["low"]) / (plain["high"] - plain["low"])
    np.testing.assert_allclose(width, np.sqrt(3), rtol=1e-9)


def test_too_few_and_cells_without_counterpart():
    frame = table([("a", "2026-01-01", 20, 5), ("b", "2026-01-01", 200, 60),
                   ("b", "2026-02-01", 70, 30)])  # fmt: skip
    out = metrics.compare_retention(frame).set_index("segment")
    assert out["status"].tolist() == ["too_few"] * 2
    assert out.loc["b", "at_risk"] == 200
    assert out[["rate", "p", "p_adjusted", "lost"]].isna().all(axis=None)
    with pytest.raises(errors.ArgumentError, match="segment"):
        metrics.compare_retention(frame.drop(columns="segment"))


@pytest.mark.slow
def test_nulls_are_rejected_as_often_as_promised():
    rng = np.random.default_rng(7)
    rejected = covered = 0
    for _ in range(200):
        rates = {"2026-01-01": 0.5, "2026-02-01": 0.3, "2026-03-01": 0.2}
        rows = [
            (segment, cohort, n, int(rng.binomial(n, rate)))
            for segment, sizes in (("a", (60, 90, 150)), ("b", (200, 100, 80)))
            for (cohort, rate), n in zip(rates.items(), sizes, strict=True)
        ]
        row = metrics.compare_retention(table(rows)).set_index("segment").loc["a"]
        rejected += row["p"] < 0.05
        covered += row["low"] <= 0 <= row["high"]
    assert 2 <= rejected <= 21
    assert 179 <= covered <= 198


def community(sizes, rate=0.5, start="2025-01-01"):
    """Members joining month by month, of whom the first part orders in the month after."""
    months = pd.date_range(start, periods=len(sizes), freq="MS")
    members, orders = [], []
    for place, (month, n) in enumerate(zip(months, sizes, strict=True)):
        share = rate[place] if isinstance(rate, list) else rate
        for i in range(n):
            name = f"{month:%y%m}-{i:03d}"
            members.append((name, month + pd.Timedelta(days=3)))
            orders.append((name, month + pd.Timedelta(days=4)))
            if i < round(n * share):
                orders.append((name, month + pd.DateOffset(months=1, days=5)))
    frame = pd.DataFrame(orders, columns=["member_id", "paid_at"])
    frame["order_id"] = [f"o{i}" for i in range(len(frame))]
    frame["amount"] = 1
    return {
        "members": pd.DataFrame(members, columns=["member_id", "joined_at"]),
        "orders": frame,
    }


def test_retention_at_takes_the_latest_cohort_that_has_completed_the_period(make_dataset):
    tables = community([40, 50, 60, 70], [0.5, 0.4, 0.3, 0.9])
    ds = make_dataset(tables, as_of="2025-04-30")
    estimate = metrics.retention_at(ds, 1)
    low, high = stats.wilson(18, 60)
    assert (estimate.value, estimate.n, estimate.unit) == (0.3, 60, "share")
    assert (estimate.low, estimate.high) == (float(low), float(high))
    assert metrics.retention_at(ds, 1, back=1).value == 0.4
    two = metrics.retention_at(ds, 1, cohorts=2)
    assert (two.value, two.n) == ((18 + 20) / 110, 110)
    assert metrics.retention_at(ds, 1, back=3).status == "refused"
    assert metrics.retention_at(ds, 4).status == "refused"
    assert metrics.retention_at(ds, 1, min_at_risk=61).status == "too_few"
    a_day_before = make_dataset(tables, as_of="2025-04-29")
    assert metrics.retention_at(a_day_before, 1).value == 0.4
    assert metrics.retention_at(ds, 2).value == 0.0


def test_change_is_against_the_cohorts_before_at_the_same_age(make_dataset):
    sizes = [40, 50, 60, 70, *[40] * 10]
    tables = community(sizes, [0.5, 0.4, 0.3, 0.9, *[0.5] * 10])
    ds = make_dataset(tables, as_of="2025-04-30")
    change = metrics.retention_change(ds, 1)
    assert change.cohorts == (dt.date(2025, 3, 1),)
    assert change.previous_cohorts == (dt.date(2025, 2, 1),)
    assert change.difference.value == pytest.approx(0.3 - 0.4)
    assert change.p == pytest.approx(float(stats.two_proportion_p(18, 60, 20, 50)))
    assert change.difference.low < -0.1 < change.difference.high
    # Newcombe's example (1998, table II, case a): 56/70 and 48/80 give .0524 to .3339.
    pair = community([80, 70], [0.6, 0.8])
    pair = metrics.retention_change(make_dataset(pair, as_of="2025-03-31"), 1)
    assert pair.difference.low == pytest.approx(0.0524, abs=5e-5)
    assert pair.difference.high == pytest.approx(0.3339, abs=5e-5)
    year = metrics.retention_change(make_dataset(tables, as_of="2026-02-28"), 1, against="year")
    assert year.cohorts == (dt.date(2026, 1, 1),)
    assert year.previous_cohorts == (dt.date(2025, 1, 1),)
    first = metrics.retention_change(make_dataset(tables, as_of="2025-02-28"), 1)
    assert first.current.ok
    assert first.difference.status == "refused"
    assert first.p is None


def test_festivals_on_one_side_only_are_named(make_dataset):
    tables = community([40] * 4)
    own = (Festival("fair", dt.date(2025, 4, 29), dt.date(2025, 5, 2)),)
    # Month 1 of March is April, of February is March.
    ds = make_dataset(tables, as_of="2025-04-30", calendar="none", festivals=own)
    assert metrics.retention_change(ds, 1).festivals == ("fair",)
    assert metrics.retention_change(ds, 1, cohorts=2, min_at_risk=1).festivals == ("fair",)
    assert metrics.retention_change(ds, 0).festivals == ("fair",)


def test_overall_pools_what_is_over(make_dataset):
    ds = make_dataset(community([40, 50, 60, 70], [0.5, 0.4, 0.3, 0.9]), as_of="2025-04-30")
    overall = metrics.overall_retention(ds)
    assert overall["period"].tolist() == [0, 1, 2, 3]
    assert overall["cohorts"].tolist() == [4, 3, 2, 1]
    assert overall["at_risk"].tolist() == [220, 150, 90, 40]
    assert overall["active"].tolist() == [220, 58, 0, 0]
    from_frame = metrics.overall_retention(metrics.retention(ds), min_at_risk=30)
    pd.testing.assert_frame_equal(overall, from_frame, check_dtype=False)
