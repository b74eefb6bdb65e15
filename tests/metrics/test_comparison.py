"""Segments against the rest, and one figure against its past."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from commlab import errors, metrics, stats
from commlab.config import Festival
from commlab.metrics.cells import Cells
from commlab.metrics.comparison import compare_cells


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


def test_frames_of_clustered_members_are_refused():
    frame = table([("a", "2026-01-01", 100, 45, 3.0), ("b", "2026-01-01", 200, 60, 3.0)])
    with pytest.raises(errors.ArgumentError, match="Pass the dataset"):
        metrics.compare_retention(frame)


def cells(segment, cohort, cluster, people, active):
    """Cells of one period from parts: arrays of segment, cohort, group, members, active."""
    keys, row = np.unique(np.column_stack([segment, cohort]), axis=0, return_inverse=True)
    known = np.ones((len(keys), 1), dtype=bool)
    return Cells(
        segments=np.array([f"s{code}" for code in keys[:, 0]], dtype=object),
        cohorts=keys[:, 1],
        first=np.array([1]),
        last=np.array([1]),
        row=row.ravel(),
        cluster=np.asarray(cluster),
        people=np.asarray(people),
        active=np.asarray(active)[:, None],
        known=known,
        status=np.where(known, "ok", "open"),
    )


def compare(counts, by="segment"):
    return compare_cells(counts, by, period=None, level=0.95, minimum=1)


def world(seed, split, groups=20, effect=0.0, icc=0.05, joiners=5, cohorts=12):
    """Groups that keep their rate in all cohorts; segments of groups, or of persons.

    `split` is the number of groups of segment 0, or "personal"; `effect` is segment 1's gain.
    """
    rng = np.random.default_rng([seed, groups, cohorts])
    scale = (1 - icc) / icc
    rates = rng.beta(0.4 * scale, 0.6 * scale, groups)
    group = np.repeat(np.arange(groups), cohorts * 2)
    cohort = np.tile(np.repeat(np.arange(cohorts), 2), groups)
    segment = np.tile([0, 1], groups * cohorts)
    if split == "personal":
        first = rng.binomial(joiners, 0.4, groups * cohorts)
        people = np.column_stack([first, joiners - first]).ravel()
    else:
        people = np.where(segment == (group >= split), joiners, 0)
    held = people > 0
    segment, cohort, group, people = segment[held], cohort[held], group[held], people[held]
    month = np.linspace(-0.1, 0.1, cohorts)[cohort]
    rate = np.clip(rates[group] + month + effect * segment, 0, 1)
    return cells(segment, cohort, group, people, rng.binomial(people, rate))


def without_groups(counts):
    return dataclasses.replace(counts, cluster=np.full(len(counts.cluster), -1))


_SLOW = [pytest.param(number, marks=pytest.mark.slow) for number in (3, 1)]


@pytest.mark.parametrize("split", [10, "personal", *_SLOW])
def test_groups_of_many_cohorts_do_not_make_differences(split):
    worlds = 200
    rejected = naive = covered = 0
    for seed in range(worlds):
        counts = world(seed, split)
        row = compare(counts).iloc[0]
        rejected += row["p"] < 0.05
        covered += row["low"] <= 0 <= row["high"]
        naive += compare(without_groups(counts)).iloc[0]["p"] < 0.05
    assert 1 <= rejected <= 22, (rejected, covered, naive)
    assert 178 <= covered <= 199
    if split != "personal":
        assert naive > 30  # not heeding groups is far too bold: the worlds can tell


def test_true_differences_between_groups_are_found():
    rows = [compare(world(seed, 10, effect=0.25)).set_index("segment") for seed in range(50)]
    assert sum(row.loc["s1", "p"] < 0.05 for row in rows) >= 40
    covered = sum(row.loc["s1", "low"] <= 0.25 <= row.loc["s1", "high"] for row in rows)
    assert covered >= 43


def test_variance_of_group_scores_by_hand():
    # One cohort, four groups of 100: of s0 80 and 40 are active, of s1 50 and 10.
    counts = cells([0, 0, 1, 1], [0] * 4, [0, 1, 2, 3], [100] * 4, [80, 40, 50, 10])
    row = compare(counts).set_index("segment").loc["s0"]
    # Every score is ±20 of 200: variance 4/3 · 4 · 20², three degrees of freedom.
    gap, error = 0.3, np.sqrt(4 / 3 * 4 * 20**2) / 200
    robust = 2 * student.sf(gap / error, 3)
    assert row["difference"] == pytest.approx(gap)
    # Four rates of .8, .4 | .5, .1: icc within segments (8e2·2 − N) / (room), by moments.
    spread = np.array([0.6 * 0.4, 0.3 * 0.7])
    noise = (spread * 100).sum()
    icc = (4 * 20**2 - noise) / (spread.sum() * 100**2 - noise)
    pooled = 0.45 * 0.55
    model = np.sqrt(pooled * (400 + icc * (4 * 100**2 - 400))) / 200
    degrees_icc = spread.sum() ** 2 / (spread**2).sum()
    typical = spread.sum() * 100**2 / noise
    reach = 99 / (typical - 1) * (1 + (typical - 1) * icc) / (1 + 99 * icc)
    by_model = 2 * student.sf(gap / model, degrees_icc / reach**2)
    assert row["p"] == pytest.approx(max(robust, by_model), rel=1e-6)


def test_unclustered_cells_are_the_frame():
    counts = without_groups(world(3, "personal"))
    people, active = counts.by_row(counts.people), counts.by_row(counts.active)[:, 0]
    months = pd.to_datetime("2025-01-01") + pd.to_timedelta(counts.cohorts, "D")
    frame = table(zip(counts.segments, months, people, active, strict=True))
    expected = metrics.compare_retention(frame, min_at_risk=1)
    pd.testing.assert_frame_equal(compare(counts), expected, check_dtype=False)
    lone = cells([0, 1], [0, 0], [-1, -1], [100, 200], [45, 60])
    p = float(stats.two_proportion_p(45, 100, 60, 200))
    np.testing.assert_allclose(compare(lone)["p"], p, rtol=1e-12)


def test_groups_change_no_point_estimate_and_never_narrow():
    for seed in range(20):
        counts = world(seed, "personal")
        for by in ("segment", "cohort"):
            heeded, plain = compare(counts, by), compare(without_groups(counts), by)
            same = ["at_risk", "active", "rate", "rest_at_risk", "rest_rate", "difference", "lost"]
            pd.testing.assert_frame_equal(heeded[same], plain[same])
            assert (heeded["low"] <= plain["low"] + 1e-12).all()
            assert (heeded["high"] >= plain["high"] - 1e-12).all()
            assert (heeded["p"] >= plain["p"] - 1e-12).all()


def test_it_counts_from_the_dataset(make_dataset):
    rng = np.random.default_rng(5)
    rows = []
    for group in range(8):
        for i in range(60):
            month = pd.Timestamp("2026-01-03") if i % 2 else pd.Timestamp("2026-02-03")
            channel = "a" if group < 4 else "b"
            rows.append((f"g{group}", f"g{group}m{i}", channel, month,
                         rng.random() < 0.2 + 0.08 * group))  # fmt: skip
    people = pd.DataFrame(rows, columns=["group_id", "member_id", "channel", "joined_at", "writes"])
    later = people[people["writes"]]
    sent = (later["joined_at"] + pd.DateOffset(months=1)).rename("sent_at")
    messages = pd.concat([later[["member_id"]], sent], axis=1)
    messages.loc[len(people)] = ["x", pd.Timestamp("2026-01-01")]
    tables = {
        "members": people[["member_id", "joined_at", "channel"]],
        "memberships": people[["group_id", "member_id", "joined_at"]],
        "messages": messages.assign(message_id=[str(i) for i in range(len(messages))]),
    }
    ds = make_dataset(tables, as_of="2026-03-31")
    settings = {"anchor": "joined", "cohort": "month", "activity": "message"}
    out = metrics.compare_retention(ds, split="channel", period=1, **settings)
    frame = metrics.retention(ds, split="channel", **settings)
    plain = metrics.compare_retention(frame.assign(deff=1.0), period=1)
    same = ["segment", "period", "at_risk", "active", "rate", "difference", "lost", "status"]
    pd.testing.assert_frame_equal(out[same], plain[same], check_dtype=False)
    assert (out["p"] > plain["p"]).all()
    with pytest.raises(errors.ArgumentError, match="Pass the dataset"):
        metrics.compare_retention(frame, period=1)
    with pytest.raises(errors.ArgumentError, match="needs a split"):
        metrics.compare_retention(ds, period=1)
    months = metrics.compare_retention(ds, by="cohort", period=1, **settings)
    assert set(months["cohort"]) == {pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01")}
    assert metrics.compare_retention(ds, split="channel", period=99, **settings).empty


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
