"""Intervals when chat groups make people alike: coverage over many made-up worlds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, stats
from commlab.metrics.cells import Cells
from commlab.metrics.similarity import Similarity, estimate


def beta(rng, rate, icc, size):
    """Rates of groups with mean `rate` and intra-class correlation `icc`."""
    if icc == 0:
        return np.full(size, rate)
    scale = (1 - icc) / icc
    return rng.beta(rate * scale, (1 - rate) * scale, size)


def counts(sizes, active, row, known=None, cluster=None):
    """Cells of one column from the parts' sizes, active members and rows."""
    rows = int(max(row)) + 1
    known = np.ones((rows, 1), dtype=bool) if known is None else known
    return Cells(
        segments=np.full(rows, "", dtype=object),
        cohorts=np.arange(rows),
        first=np.array([0]),
        last=np.array([0]),
        row=np.asarray(row),
        cluster=np.arange(len(sizes)) if cluster is None else np.asarray(cluster),
        people=np.asarray(sizes),
        active=np.asarray(active)[:, None],
        known=known,
        status=np.where(known, "ok", "open"),
    )


def interval(cells, level=0.95):
    squares = np.where(cells.cluster >= 0, cells.people**2, cells.people)
    people = cells.by_row(cells.people)
    deff = cells.similarity().design_effect(cells.by_row(squares), people, level)
    return stats.wilson(cells.by_row(cells.active)[:, 0], people, level=level, deff=deff)


WORLDS = {
    "few groups, one cohort": (8, 1, 0.05, 0.3, (20, 60)),
    "four groups": (4, 1, 0.1, 0.3, (20, 60)),
    "hardly alike": (8, 1, 0.02, 0.3, (20, 60)),
    "many groups": (40, 1, 0.1, 0.4, (20, 60)),
    "unequal groups": (15, 1, 0.05, 0.5, (5, 120)),
    "groups of many cohorts": (6, 8, 0.08, 0.25, (15, 50)),
    "low rate": (12, 6, 0.03, 0.1, (20, 60)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_coverage(name):
    groups, cohorts, icc, rate, (smallest, largest) = WORLDS[name]
    covered = naive = 0
    worlds = 1000
    for seed in range(worlds):
        rng = np.random.default_rng([seed, groups, cohorts])
        sizes = rng.integers(smallest, largest, groups * cohorts)
        active = rng.binomial(sizes, beta(rng, rate, icc, groups * cohorts))
        row = np.repeat(np.arange(cohorts), groups)
        low, high = interval(counts(sizes, active, row))
        covered += low[0] <= rate <= high[0]
        low, high = stats.wilson(active[row == 0].sum(), sizes[row == 0].sum())
        naive += low <= rate <= high
    assert 926 <= covered <= 971, (covered, naive)
    assert naive < 926


@pytest.mark.slow
def test_groups_that_are_not_alike_cost_little():
    # A correlation below 0 is taken for 0, so here the intervals cover a little more than told.
    covered, wider = 0, []
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(20, 60, 8)
        active = rng.binomial(sizes, 0.3)
        low, high = interval(counts(sizes, active, [0] * 8))
        covered += low[0] <= 0.3 <= high[0]
        naive = stats.wilson(active.sum(), sizes.sum())
        wider.append((high[0] - low[0]) / (naive[1] - naive[0]))
    assert covered >= 926
    assert np.median(wider) == 1
    assert np.mean(wider) < 1.25


@pytest.mark.slow
def test_coverage_through_the_engine(make_dataset):
    """The whole way: messages of members in groups, some without a group, 200 worlds at once.

    Each world is a channel of one workspace: its cells stand alone, only the correlation is
    pooled.
    """
    rng = np.random.default_rng(11)
    rate, icc, worlds, groups = 0.35, 0.08, 200, 10
    members, stays, messages = [], [], []
    for world in range(worlds):
        rates = beta(rng, rate, icc, groups)
        for group in range(groups + 1):
            alone = group == groups
            for i in range(int(rng.integers(12, 30))):
                name = f"w{world}g{group}m{i}"
                members.append((name, "2026-01-05", f"c{world:03d}"))
                if not alone:
                    stays.append((f"w{world}g{group}", name, "2026-01-06"))
                if rng.random() < (rate if alone else rates[group]):
                    messages.append((name, "2026-02-10"))
    # Chat was seen before anybody of the worlds came.
    members.append(("m", "2025-12-30", "before"))
    messages.append(("m", "2026-01-01"))
    tables = {
        "members": pd.DataFrame(members, columns=["member_id", "joined_at", "channel"]),
        "memberships": pd.DataFrame(stays, columns=["group_id", "member_id", "joined_at"]),
        "messages": pd.DataFrame(messages, columns=["member_id", "sent_at"]),
    }
    tables["messages"]["message_id"] = [str(i) for i in range(len(messages))]
    ds = make_dataset(tables, as_of="2026-02-28")
    frame = metrics.retention(ds, split="channel", activity="message", periods=1)
    cells = frame[(frame["period"] == 1) & (frame["segment"] != "before")]
    assert len(cells) == worlds
    assert (cells["status"] == "ok").sum() > 0.9 * worlds
    assert cells["deff"].between(1.5, 5).all()
    covered = int(((cells["low"] <= rate) & (rate <= cells["high"])).sum())
    assert 179 <= covered <= 198


def test_without_groups_it_is_wilson():
    cells = counts([50], [20], [0], cluster=[-1])
    assert [float(end[0]) for end in interval(cells)] == [float(x) for x in stats.wilson(20, 50)]


def test_one_group_speaks_of_itself():
    cells = counts([50, 40], [20, 30], [0, 1])
    low, high = interval(cells)
    np.testing.assert_array_equal(low, stats.wilson([20, 30], [50, 40])[0])
    np.testing.assert_array_equal(high, stats.wilson([20, 30], [50, 40])[1])


def test_a_planted_correlation_is_recovered():
    rng = np.random.default_rng(3)
    rho, cohorts, groups, size = 0.1, 10, 80, 25
    found = []
    for _ in range(50):
        sizes = np.full((groups, cohorts), float(size))
        # A group keeps its rate in every cohort.
        active = rng.binomial(size, beta(rng, 0.3, rho, groups)[:, None], (groups, cohorts))
        over = np.ones((cohorts, 1), dtype=bool)
        found.append(estimate(sizes, active[:, :, None].astype(float), over).icc)
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - rho) < 3.3 * error + 0.002


def test_where_nothing_can_be_compared_members_are_not_alike():
    for sizes, active in (([], []), ([1, 1, 1], [1, 0, 1]), ([10], [5])):
        n, k = np.array(sizes, dtype=float), np.array(active, dtype=float)
        alike = estimate(n[:, None], k[:, None, None], np.ones((1, 1), dtype=bool))
        assert alike.icc == 0
        assert alike.design_effect(100, 10, 0.95) == 1


def test_active_days_and_stickiness_heed_the_groups(make_dataset):
    ds = make_dataset(grouped_world(), as_of="2026-03-31")
    frame = metrics.active_days(ds, 28, "message").set_index("active_days")
    # Whoever writes does so on one day, in six groups 90 % and in six 20 %: by hand, the
    # correlation of the sample is near .5, so each group of 60 tells little more than a person.
    assert frame.loc[1, "deff"] > 20
    low, high = stats.wilson(
        float(frame.loc[1, "members"]), 720.0, deff=float(frame.loc[1, "deff"])
    )
    assert (frame.loc[1, "low"], frame.loc[1, "high"]) == (low, high)
    plain = metrics.active_days(ds, 28, "order")
    assert (plain["deff"] == 1).all()


def test_stickiness_is_the_log_of_a_ratio_of_sums_over_groups(make_dataset):
    tables = grouped_world()
    # Members of even groups come back on a second day.
    again = tables["messages"][tables["messages"]["member_id"].str.match(r"g\d*[02468]m")]
    again = again.assign(sent_at="2026-03-06", message_id="again" + again["message_id"])
    tables["messages"] = pd.concat([tables["messages"], again])
    ds = make_dataset(tables, as_of="2026-03-31")
    last = metrics.stickiness(ds, 28, "message").iloc[-1]
    sent = tables["messages"][tables["messages"]["sent_at"] >= "2026-03-04"]
    days = sent.groupby("member_id").size()
    by_group = days.groupby(days.index.str.split("m").str[0]).agg(["sum", "size"]).astype(float)
    y, x = by_group["sum"], by_group["size"]
    assert last["stickiness"] == pytest.approx(y.sum() / x.sum() / 28)
    number = x.sum() ** 2 / (x**2).sum()  # Kish
    sums = (number, y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum())
    ratio, low, _ = (float(value) for value in stats.ratio_interval(*sums))
    factor = np.exp((ratio - low) / ratio)
    assert last["low"] == pytest.approx(ratio / factor / 28)
    assert last["high"] == pytest.approx(ratio * factor / 28)
    _, plain, _ = stats.mean_interval(len(days), days.sum(), (days**2).sum())
    assert last["low"] < float(plain) / 28


def test_stickiness_is_too_few_where_one_group_holds_nearly_everybody(make_dataset):
    tables = grouped_world()
    # Every group but the last two is one: Kish's number of units falls below 3.
    groups = tables["memberships"]["group_id"]
    last = sorted(groups.unique())[-2:]
    tables["memberships"]["group_id"] = groups.where(groups.isin(last), groups.iloc[0])
    row = metrics.stickiness(make_dataset(tables, as_of="2026-03-31"), 28, "message").iloc[-1]
    assert row["mau"] >= 30
    assert row["status"] == "too_few"
    assert row[["stickiness", "low", "high"]].isna().all()


def test_few_groups_cost_degrees_of_freedom():
    # Sizes as in the pool: Satterthwaite gives the degrees between groups themselves.
    from scipy import stats as scipy_stats

    squares, people = 10 * 30**2, 300
    alike = Similarity(icc=0.05, typical=30.0, degrees=9)
    plain = stats.design_effect(squares, people, 0.05)
    factor = alike.design_effect(squares, people, 0.95) / plain
    assert factor == pytest.approx((scipy_stats.t.ppf(0.975, 9) / 1.9599639845) ** 2, rel=1e-9)
    # Lone people do not depend on the correlation.
    assert alike.design_effect(300, 300, 0.95) == pytest.approx(1.0)


def test_open_cells_do_not_tell_how_alike_people_are():
    sizes, row = [30, 30, 30, 30], [0, 0, 1, 1]
    known = np.array([[True], [False]])
    same = counts(sizes, [15, 15, 30, 0], row, known).similarity()
    assert same.icc == 0
    assert same.degrees == 1


def test_one_group_over_many_cohorts_is_one_draw():
    sizes, row = [30] * 8, [0, 0, 1, 1, 2, 2, 3, 3]
    shared = counts(sizes, [20, 10] * 4, row, cluster=[0, 1] * 4).similarity()
    apart = counts(sizes, [20, 10] * 4, row).similarity()
    # By hand: residuals ±20 of two groups against ±5 of eight; N = 30 both times.
    assert shared.icc == pytest.approx((2 * 20**2 - 30) / (4 * 30**2 - 30))
    assert apart.icc == pytest.approx((8 * 5**2 - 30) / (16 * 7.5**2 - 30))
    assert (shared.degrees, apart.degrees) == pytest.approx((1, 4))


def grouped_world(days=(0, 40), people=60):
    rng = np.random.default_rng(1)
    rows = []
    for group in range(12):
        rate = 0.9 if group % 2 else 0.2
        for i in range(people):
            joined = pd.Timestamp("2026-01-03") + pd.Timedelta(days=days[i % 2])
            rows.append((f"g{group}", f"g{group}m{i}", joined, rng.random() < rate))
    frame = pd.DataFrame(rows, columns=["group_id", "member_id", "joined_at", "writes"])
    messages = frame[frame["writes"]][["member_id"]].assign(sent_at="2026-03-05")
    messages = pd.concat(
        [messages, pd.DataFrame({"member_id": ["g0m0"], "sent_at": ["2026-01-01"]})]
    )
    orders = frame[["member_id"]].assign(paid_at=frame["joined_at"], amount=1)
    return {
        "members": frame[["member_id", "joined_at"]],
        "memberships": frame[["group_id", "member_id", "joined_at"]],
        "messages": messages.assign(message_id=[str(i) for i in range(len(messages))]),
        "orders": orders.assign(order_id=frame["member_id"]),
    }


def test_design_effect_reaches_the_table(make_dataset):
    ds = make_dataset(grouped_world(), as_of="2026-03-31")
    frame = metrics.retention(ds, activity="message")
    assert (frame["deff"] > 5).all()
    shown = frame[frame["status"] == "ok"]
    np.testing.assert_allclose(shown["n_effective"], 360 / shown["deff"])
    low, high = stats.wilson(
        shown["active"].astype(float), shown["at_risk"].astype(float), deff=shown["deff"]
    )
    np.testing.assert_array_equal(shown["low"], low)
    np.testing.assert_array_equal(shown["high"], high)
    # Groups do not matter for orders, and a group is not alike with itself.
    assert (metrics.retention(ds, activity="order")["deff"] == 1).all()
    assert (metrics.retention(ds, activity="message", split="group")["deff"] == 1).all()


def test_pooling_cohorts_of_one_group_gives_little_more(make_dataset):
    ds = make_dataset(grouped_world(), as_of="2026-03-31")
    frame = metrics.retention(ds, activity="message", periods=1)
    overall = metrics.overall_retention(ds, activity="message", periods=1)
    # Twice the people in the same groups: the effective number is that of the groups.
    one = frame.loc[frame["period"] == 1, "n_effective"].iloc[0]
    both = overall.loc[overall["period"] == 1, "n_effective"].iloc[0]
    assert overall.loc[overall["period"] == 1, "at_risk"].iloc[0] == 720
    assert both == pytest.approx(one, rel=0.05)
    with pytest.raises(errors.ArgumentError, match="Pass the dataset"):
        metrics.overall_retention(frame)
    estimate = metrics.retention_at(ds, 1, cohorts=2, activity="message")
    row = overall[overall["period"] == 1].iloc[0]
    assert (estimate.value, estimate.low, estimate.high) == (row["rate"], row["low"], row["high"])
    assert estimate.method.startswith("Wilson, design effect")
