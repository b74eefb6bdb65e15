"""The referral forest against a walk through trees planted by hand; matched differences."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = "2026-06-30"
START = dt.datetime(2026, 1, 1)
CYCLE, KEPT = 20, 10  # with 14 days to join a group: 44 before the end a cycle is over
LINE = dt.datetime(2026, 7, 1) - dt.timedelta(days=CYCLE + KEPT + 14)


def planted(seed=2, people=400):
    """Members, who brought whom, and stays: some late, some short, some closed."""
    rng = np.random.default_rng(seed)
    joined, above = [], []
    for number in range(people):
        parent = int(rng.integers(0, number)) if number and rng.random() < 0.4 else None
        day = rng.random() * 150 if parent is None else joined[parent] + rng.exponential(12)
        joined.append(float(day))
        above.append(parent)
    ids = [f"m{k:03}" for k in range(people)]
    at = [START + dt.timedelta(days=day) for day in joined]
    members = pd.DataFrame({"member_id": ids, "joined_at": at})
    links = [(ids[parent], ids[k], at[k], 2.5) for k, parent in enumerate(above)
             if parent is not None]  # fmt: skip
    links.append((ids[5], links[0][1], links[0][2] + dt.timedelta(days=9), 0.0))  # came second
    stays = []
    for k in range(people):
        begin = at[k] + dt.timedelta(days=float(rng.choice([0, 1, 20])))
        stay = float(rng.choice([3, 9.5, 40]))
        gone = begin + dt.timedelta(days=stay) if rng.random() < 0.6 else None
        stays.append((ids[k], begin, gone, rng.choice(["left", "closed"]) if gone else None))
    frame = pd.DataFrame(stays, columns=["member_id", "joined_at", "left_at", "leave_kind"])
    referrals = pd.DataFrame(links, columns=["inviter_id", "invitee_id", "at", "reward_cost"])
    return {"members": members, "referrals": referrals, "memberships": frame.assign(group_id="g")}


def walk(world):
    """{generation: [(invitees, kept)] of members whose cycle is over} by hand."""
    members = world["members"].set_index("member_id")["joined_at"]
    above = {}
    for row in world["referrals"].sort_values("at").itertuples():
        above.setdefault(row.invitee_id, row.inviter_id)
    kept = set()
    for row in world["memberships"].itertuples():
        soon = row.joined_at - members[row.member_id] <= dt.timedelta(days=14)
        lasts = pd.isna(row.left_at) or row.leave_kind == "closed"
        if soon and (lasts or row.left_at - row.joined_at >= dt.timedelta(days=KEPT)):
            kept.add(row.member_id)
    own = {who: [] for who in members.index}
    for invitee, inviter in above.items():
        wait = members[invitee] - members[inviter]
        if dt.timedelta(0) <= wait < dt.timedelta(days=CYCLE):
            own[inviter].append(invitee)
    found = {}
    for who in members.index:
        if members[who] < LINE:
            generation, at = 0, who
            while at in above:
                generation, at = generation + 1, above[at]
            found.setdefault(generation, []).append(
                (len(own[who]), sum(one in kept for one in own[who]))
            )
    return found, own, kept, above


def test_generations_equal_a_walk_through_the_trees(make_dataset):
    world = planted()
    ds = make_dataset(world, as_of=AS_OF)
    options = {"cycle_days": CYCLE, "kept_days": KEPT}
    forest = metrics.referral_forest(ds, **options)
    frame = metrics.k_factor(ds, forest, min_at_risk=2, **options).set_index("generation")
    found, *_ = walk(world)
    assert len(found) >= 4
    for generation, counts in found.items():
        row = frame.loc[str(generation)]
        assert row["at_risk"] == len(counts)
        assert row["invitees"] == sum(size for size, _ in counts)
        assert row["kept"] == sum(stayed for _, stayed in counts)
        assert row["inviters"] == sum(size > 0 for size, _ in counts)
        if len(counts) > 1:
            assert row["value"] == pytest.approx(row["kept"] / row["at_risk"])
            assert row["low"] <= row["value"] <= row["high"]
    assert frame.loc["all", "at_risk"] == sum(map(len, found.values()))


def test_invitees_of_invitees(make_dataset):
    world = planted()
    ds = make_dataset(world, as_of=AS_OF)
    options = {"cycle_days": CYCLE, "kept_days": KEPT}
    forest = metrics.referral_forest(ds, **options)
    whole = metrics.brought_in_all(ds, forest, generations=2, **options)
    _, own, kept, above = walk(world)
    line = LINE - dt.timedelta(days=CYCLE)
    joined = world["members"].set_index("member_id")["joined_at"]
    tops = [who for who in joined.index if who not in above and joined[who] < line]
    below = sum(
        (child in kept) + sum(further in kept for further in own[child])
        for top in tops
        for child in own[top]
    )
    assert whole.n == len(tops)
    assert whole.value == pytest.approx(below / len(tops))
    assert below > 20


def test_rings_are_left_out_with_their_members(make_dataset):
    world = planted()
    ds = make_dataset(world, as_of=AS_OF)
    ring = tuple(world["referrals"]["inviter_id"].iloc[:3])
    forest = metrics.referral_forest(ds, without=ring)
    assert not set(ring) & {*forest["inviter_id"], *forest["invitee_id"]}
    one = metrics.k_factor(ds, forest, without=ring).set_index("generation")
    two = metrics.k_factor(ds, metrics.referral_forest(ds)).set_index("generation")
    early = world["members"].set_index("member_id")["joined_at"][list(set(ring))]
    over = dt.datetime(2026, 7, 1) - dt.timedelta(days=30 + 14 + 28)
    assert one.loc["all", "at_risk"] == two.loc["all", "at_risk"] - (early < over).sum()


def test_rewards_and_waits(make_dataset):
    world = planted()
    ds = make_dataset(world, as_of=AS_OF)
    forest = metrics.referral_forest(ds, cycle_days=CYCLE, kept_days=KEPT)
    used = forest[forest["judged"] & forest["in_cycle"]]
    assert metrics.cycle_time(forest).value == pytest.approx(used["days"].median(), abs=0.5)
    paid = metrics.reward_per_kept(forest, min_people=5)
    assert paid.value == pytest.approx(used["reward"].sum() / used["kept"].sum())
    assert paid.low < paid.value < paid.high


def test_refuses_what_nothing_shows(make_dataset):
    world = planted()
    del world["memberships"]
    world["orders"] = pd.DataFrame({"order_id": ["o"], "member_id": ["m001"],
                                    "paid_at": [START], "amount": [1.0]})  # fmt: skip
    with pytest.raises(errors.MissingTableError, match="memberships or contacts"):
        metrics.referral_forest(make_dataset(world, as_of=AS_OF))


def test_matched_difference_undoes_the_mix():
    # Within each month "a" does better by 0.1; all together it looks worse, being late.
    rows = [
        ("a", "m1", 100, 60),
        ("b", "m1", 900, 450),
        ("a", "m2", 900, 270),
        ("b", "m2", 100, 20),
    ]
    sums = pd.DataFrame(rows, columns=["segment", "stratum", "n", "total"])
    sums["square"] = sums["total"]
    found = metrics.matched_difference(sums, "a", "b")
    assert found["difference"] == pytest.approx(0.1)
    assert found["low"] < 0.1 < found["high"]
    # Variances pooled over strata of each segment, by hand.
    one = (100 * 0.6 * 0.4 + 900 * 0.3 * 0.7) / 998
    two = (900 * 0.5 * 0.5 + 100 * 0.2 * 0.8) / 998
    error = (one * (0.01 / 100 + 0.81 / 900) + two * (0.01 / 900 + 0.81 / 100)) ** 0.5
    assert found["high"] - 0.1 == pytest.approx(1.959964 * error, rel=1e-6)


def test_referred_are_matched_by_channel_where_that_is_possible(make_dataset):
    rng = np.random.default_rng(1)
    ids = [f"m{k:03}" for k in range(400)]
    joined = START + pd.to_timedelta(rng.integers(0, 60, 400), unit="D")
    members = pd.DataFrame({"member_id": ids, "joined_at": joined,
                            "channel": rng.choice(["x", "y"], 400)})  # fmt: skip
    brought = pd.DataFrame({"inviter_id": ids[:100], "invitee_id": ids[300:], "at": joined[300:]})
    buys = rng.random(400) < np.where(np.arange(400) >= 300, 0.7, 0.3)
    orders = members[buys].assign(amount=5.0, order_id=[f"o{k}" for k in range(buys.sum())])
    orders["paid_at"] = orders["joined_at"] + pd.Timedelta(days=3)
    orders = orders[["order_id", "member_id", "paid_at", "amount"]]
    tables = {"members": members, "referrals": brought, "orders": orders}
    frame = metrics.referred_outcomes(make_dataset(tables, as_of=AS_OF)).set_index("outcome")
    row = frame.loc["bought_90"]
    assert row["held"] == "month channel"
    assert row["flagged"]
    half = (row["high"] - row["low"]) / 2
    assert abs(row["difference"] - 0.4) < 3.3 / 1.96 * half  # 99.9 %
    own = metrics.referred_outcomes(
        make_dataset({**tables, "members": members.assign(
            channel=np.where(np.arange(400) >= 300, "invited", "x"))}, as_of=AS_OF)
    )  # fmt: skip
    assert (own["held"] != "month channel").all()


def test_an_empty_export_does_not_say_that_nobody_was_kept(make_dataset):
    world = planted()
    ds = make_dataset(world | {"memberships": world["memberships"].iloc[:0]}, as_of="2026-06-30")
    with pytest.raises(errors.NotEnoughDataError, match="no rows"):
        metrics.referral_forest(ds)
