"""Profile of members and tiers, against plain counting and planted differences."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, models

AS_OF = dt.date(2026, 6, 30)
DAYS = 90


def world(seed=2, people=900, gap=0.0):
    """Members by sex, age and region; of one region `gap` more are active. Older ones are less."""
    rng = np.random.default_rng(seed)
    joined = pd.Timestamp("2025-07-01") + pd.to_timedelta(rng.integers(0, 364, people), unit="D")
    region = rng.choice(["east", "west", "north"], people, p=[0.5, 0.4, 0.1])
    fresh = joined > pd.Timestamp("2026-02-01")
    chance = np.where(fresh, 0.6, 0.2) + gap * (region == "west")
    active = rng.random(people) < chance
    ids = np.array([f"m{k:04}" for k in range(people)])
    members = pd.DataFrame({
        "member_id": ids, "joined_at": joined, "region": region,
        "gender": rng.choice(["female", "male", None], people, p=[0.7, 0.2, 0.1]),
        "birth_year": rng.choice([1950.0, 1996.0, 2003.0, 1800.0, np.nan], people),
    })  # fmt: skip
    orders = pd.DataFrame({
        "order_id": [f"o{k}" for k in range(active.sum())], "member_id": ids[active],
        "paid_at": pd.Timestamp("2026-06-20 10:00"), "amount": rng.gamma(2, 50, active.sum()),
    })  # fmt: skip
    return {"members": members, "orders": orders.round({"amount": 2})}


def profile(ds):
    kinds = metrics.profile_dimensions(ds)
    counts = {kind: metrics.profile_counts(ds, kind) for kind in kinds}
    sums = {(kind, name): metrics.profile_sums(ds, kind, name)
            for kind in kinds for name in metrics.profile_measures(ds)}  # fmt: skip
    return models.profile_table(counts, sums)


def test_counts_and_means_equal_plain_counting(make_dataset):
    tables = world()
    table = profile(make_dataset(tables, as_of=AS_OF.isoformat()))
    members = tables["members"].fillna({"gender": "unknown"})
    age = 2026 - members["birth_year"]
    bands = pd.cut(age, [-1, 24, 34, 44, 54, 110], labels=["-24", "25-34", "35-44", "45-54", "55+"])
    members["age"] = bands.astype(object).fillna("unknown")
    net = tables["orders"].groupby("member_id")["amount"].sum()
    members["net"] = members["member_id"].map(net).fillna(0.0)
    members["active"] = members["member_id"].isin(net.index)
    old = members[members["joined_at"] < pd.Timestamp(AS_OF - dt.timedelta(days=DAYS - 1))]
    assert set(table["attribute"]) == {"gender", "age", "region"}
    for kind in ("gender", "age", "region"):
        rows = table[table["attribute"] == kind].set_index("segment")
        assert rows["people"].to_dict() == members[kind].value_counts().to_dict()
        assert rows["share"].sum() == pytest.approx(1)
        assert rows["share_value"].sum() == pytest.approx(1)
        for name, own in old.groupby(kind):
            assert rows.loc[name, "at_risk"] == len(own)
            assert rows.loc[name, "rate"] == pytest.approx(own["active"].mean())
            assert rows.loc[name, "net_per_member"] == pytest.approx(own["net"].mean())
            assert rows.loc[name, "low"] < own["active"].mean() < rows.loc[name, "high"]


def test_a_planted_difference_is_flagged(make_dataset):
    table = profile(make_dataset(world(gap=0.25), as_of=AS_OF.isoformat()))
    west = table[(table["attribute"] == "region") & (table["segment"] == "west")].iloc[0]
    assert west["flagged"]
    north = table[(table["attribute"] == "region") & (table["segment"] == "north")].iloc[0]
    assert north["difference"] < 0 < west["difference"]


@pytest.mark.slow
def test_without_a_difference_few_worlds_flag_anything(make_dataset):
    worlds = [profile(make_dataset(world(seed=seed), as_of=AS_OF.isoformat()))
              for seed in range(40)]  # fmt: skip
    # Two families of comparisons, each held to 5 %: the 99.9 % point of Binomial(40, 0.1).
    assert sum(bool(table["flagged"].any() | table["net_flagged"].any()) for table in worlds) <= 11


def tiers():
    """Ten people: gold from March on, one of them down in May; a gap of a day is none."""
    rows = []
    for k in range(10):
        who = f"m{k}"
        rows.append((who, "basic", "2026-01-01", "2026-02-28 23:59:59"))
        last = "2026-05-15" if k == 0 else None
        rows.append((who, "gold", "2026-03-01", last))
    rows.append(("m0", "basic", "2026-05-15", None))
    rows += [("m1", "gold", "2026-06-30 08:00", None), ("m9", "gold", "2026-07-03", None)]
    frame = pd.DataFrame(rows, columns=["member_id", "tier", "valid_from", "valid_to"])
    return frame.assign(**{name: pd.to_datetime(frame[name], format="ISO8601")
                           for name in ("valid_from", "valid_to")})  # fmt: skip


def tier_world():
    ids = [f"m{k}" for k in range(12)]
    at = pd.Timestamp("2026-01-01")
    orders = [(f"o{k}", f"m{k}", pd.Timestamp("2026-06-01"), 100.0 + k) for k in range(10)]
    orders.append(("early", "m0", pd.Timestamp("2025-12-01"), 0.0))
    return {
        "members": pd.DataFrame({"member_id": ids, "joined_at": at}),
        "tiers": tiers(),
        "orders": pd.DataFrame(orders, columns=["order_id", "member_id", "paid_at", "amount"]),
    }


def test_holders_are_counted_on_the_day(make_dataset):
    ds = make_dataset(tier_world(), as_of=AS_OF.isoformat(), min_at_risk=2)
    table = metrics.tier_holders(ds).set_index("segment")
    assert table["people"].to_dict() == {"gold": 9, "basic": 1, "none": 2}
    assert table.loc["gold", "mean"] == pytest.approx(np.mean([100.0 + k for k in range(1, 10)]))
    assert table.loc["gold", "share_value"] == pytest.approx(945 / 1045)
    assert list(table.index) == ["gold", "basic", "none"]
    # Nobody was followed who holds none, and too few of the others: nothing is said, nothing fails.
    assert models.held_tiers(table.reset_index(), metrics.tier_spans(ds))["value"].isna().all()


def test_an_export_of_present_tiers_alone_says_nothing_of_months():
    """Whoever lost a tier is not in it: all others seem to hold theirs for ever."""
    holders = pd.DataFrame({"segment": ["gold"]})
    spans = pd.DataFrame({"segment": "gold", "lower": [400, 30], "upper": [400, 30],
                          "observed": False, "n": 50})  # fmt: skip
    assert models.held_tiers(holders, spans)["value"].isna().all()
    ended = spans.assign(observed=[False, True], upper=[400, 31])
    assert models.held_tiers(holders, ended)["value"].notna().all()


def test_moves_between_tiers_close(make_dataset):
    ds = make_dataset(tier_world(), as_of=AS_OF.isoformat(), min_at_risk=2)
    moved = metrics.tier_moves(ds, ["gold", "basic", "none"], 60)
    found = {(row.origin, row.segment): row.went for row in moved.itertuples() if row.went}
    assert found == {("gold", "gold"): 9, ("gold", "basic"): 1}
    early = metrics.tier_moves(ds, ["gold", "basic", "none"], 150)
    found = {(row.origin, row.segment): row.went for row in early.itertuples() if row.went}
    assert found == {("basic", "gold"): 9, ("basic", "basic"): 1}
    for days, why in ((182, "nobody held"), (400, "before the first day")):
        with pytest.raises(errors.NotEnoughDataError, match=why):
            metrics.tier_moves(ds, ["gold"], days)


def test_spells_that_touch_are_one(make_dataset):
    ds = make_dataset(tier_world(), as_of=AS_OF.isoformat())
    rows = metrics.tier_spans(ds).set_index("segment")
    gold = rows.loc["gold"].sort_values("lower")
    # One held it from 1 March to 15 May; the other nine since 1 March, the second row of one adds
    # nothing.
    assert gold[["lower", "upper", "observed", "n"]].to_numpy().tolist() == [
        [75, 76, True, 1], [121, 121, False, 9]]  # fmt: skip
    basic = rows.loc["basic"].sort_values("lower")
    assert basic[["lower", "observed", "n"]].to_numpy().tolist() == [
        [46, False, 1], [58, True, 10]]  # fmt: skip


def test_months_held_of_a_planted_chance(make_dataset):
    """Every day 2 % lose the tier: of the first 90 days they hold Σ 0.98^k."""
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2026-01-01")
    held = rng.geometric(0.02, 2000)
    ends = start + pd.to_timedelta(held, unit="D")
    frame = pd.DataFrame({"member_id": [f"m{k:04}" for k in range(2000)], "tier": "gold",
                          "valid_from": start, "valid_to": ends})  # fmt: skip
    tables = {"tiers": frame, "members": pd.DataFrame({"member_id": frame["member_id"],
                                                       "joined_at": start})}  # fmt: skip
    tables["orders"] = pd.DataFrame(
        {
            "order_id": ["o"],
            "member_id": ["m0000"],
            "paid_at": [pd.Timestamp("2026-06-30")],
            "amount": [1.0],
        }
    )
    ds = make_dataset(tables, as_of=AS_OF.isoformat())
    spans = metrics.tier_spans(ds)
    holders = pd.DataFrame({"segment": ["gold"], "people": [2000]})
    row = models.held_tiers(holders, spans, horizons=(90,)).iloc[0]
    truth = sum(0.98**k for k in range(1, 91)) / (146_097 / 4_800)
    assert row["low"] - 0.03 < truth < row["high"] + 0.03
    assert row["high"] - row["low"] < 0.15
