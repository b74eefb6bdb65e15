"""Tags: coverage, age, contradictions, time, what followed and lists, against plain walks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, models
from commlab.metrics.tags import ALL, ANY, UNGROUPED
from commlab.text import t

AS_OF = dt.date(2026, 6, 30)
START = dt.date(2025, 7, 1)
SPAN = (AS_OF - START).days
SOURCE = {"skin": "corporate", "from": "channel", "note": None}


def world(seed=3, people=120):
    """Random tags: skin admits one value, notes admit many, some have no time or no group."""
    rng = np.random.default_rng(seed)
    members, stays, tags, orders = [], [], [], []
    for k in range(people):
        who, joined = f"m{k:03}", int(rng.integers(0, SPAN))
        members.append((who, moment(joined), f"a{k % 3}", f"c{k % 2}", "member"))
        left = joined + int(rng.integers(1, 90)) if rng.random() < 0.3 else None
        stays.append(("g1", who, moment(joined), None if left is None else moment(left), "left"))
        for group, values in (("skin", ["dry", "oily"]), ("from", [f"c{k % 2}"]),
                              ("note", ["asks", "=SUM(1)", "slow"])):  # fmt: skip
            much = {"skin": rng.choice([0, 1, 1, 1, 2], p=[0.3, 0.2, 0.2, 0.26, 0.04]),
                    "from": 1, "note": rng.integers(0, 4)}[group]  # fmt: skip
            for value in rng.permutation(values)[: int(much)]:
                at = joined + int(rng.exponential(25)) - (rng.random() < 0.05) * 10
                tags.append(
                    (
                        who,
                        str(value),
                        None if rng.random() < 0.1 else group,
                        SOURCE[group],
                        moment(at) if rng.random() < 0.9 else None,
                    )
                )
        if rng.random() < 0.5:
            orders.append((f"o{k}", who, moment(joined + int(rng.integers(0, 90))), 50.0))
    tags.append(("m000", "dry", "skin", "corporate", moment(SPAN + 3)))  # not yet known
    tags.append(("a0", "dry", "skin", "corporate", moment(3)))  # staff
    members += [(f"a{k}", moment(0), None, None, "staff") for k in range(3)]
    return {
        "members": pd.DataFrame(members, columns=["member_id", "joined_at", "adviser_id",
                                                  "channel", "role"]),
        "memberships": pd.DataFrame(stays, columns=["group_id", "member_id", "joined_at",
                                                    "left_at", "leave_kind"]),
        "tags": pd.DataFrame(tags, columns=["member_id", "tag", "tag_group", "source",
                                            "tagged_at"]),
        "orders": pd.DataFrame(orders, columns=["order_id", "member_id", "paid_at", "amount"]),
    }  # fmt: skip


def moment(day):
    return pd.Timestamp(START) + pd.Timedelta(days=day, hours=13)


def known(tables):
    """Members who are here, and their tags as known at the end of `as_of`: one row a tag."""
    end = pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
    members = tables["members"]
    people = members[(members["role"] == "member") & (members["joined_at"] < end)]
    stays = tables["memberships"]
    gone = set(stays.loc[pd.to_datetime(stays["left_at"]) < end, "member_id"])
    tags = tables["tags"]
    tags = tags[tags["tagged_at"].isna() | (tags["tagged_at"] < end)]
    tags = tags[tags["member_id"].isin(people["member_id"])].fillna({"tag_group": UNGROUPED})
    tags = tags.assign(asked=~tags["source"].isin(["channel", "rule"]))
    here = people[~people["member_id"].isin(gone)]
    return here, tags


@pytest.fixture
def tables():
    return world()


@pytest.fixture
def ds(make_dataset, tables):
    return make_dataset(tables, as_of=AS_OF.isoformat(), min_at_risk=10)


def test_coverage_and_age_equal_a_walk(ds, tables):
    here, tags = known(tables)
    tags = tags[tags["member_id"].isin(here["member_id"])]
    parts = {ANY: tags[tags["asked"]], ALL: tags, **dict(iter(tags.groupby("tag_group")))}
    table = metrics.tag_coverage(ds, 100).set_index("tag_group")
    assert set(table.index) == set(parts)
    assert list(table.index[:2]) == [ANY, ALL]
    for name, own in parts.items():
        last = own.groupby("member_id")["tagged_at"].max()
        age = (pd.Timestamp(AS_OF) - last.dropna().dt.normalize()).dt.days
        row = table.loc[name]
        assert row["tagged"] == own["member_id"].nunique()
        assert row["tags"] == own["tag"].nunique()
        assert row["at_risk"] == len(here)
        assert row["rate"] == pytest.approx(len(last) / len(here))
        assert (row["dated"], row["old"]) == (len(age), (age > 100).sum())
        assert row["median_days"] == sorted(age)[len(age) // 2]
    assert table["old"].sum() > 0
    assert table.loc[ALL, "tagged"] > table.loc[ANY, "tagged"]
    assert metrics.tagged_share(metrics.tag_coverage(ds)).value == table.loc[ANY, "rate"]


def test_ages_of_each_tag_equal_a_walk(ds, tables):
    here, tags = known(tables)
    tags = tags[tags["member_id"].isin(here["member_id"])]
    table = metrics.tag_ages(ds, 100).set_index(["tag_group", "tag"])
    rare = 0
    for key, own in tags.groupby(["tag_group", "tag"]):
        last = own.groupby("member_id")["tagged_at"].max()
        if len(last) < 5:  # such words may name somebody
            assert key not in table.index
            rare += 1
            continue
        assert table.loc[key, "tagged"] == len(last)
        age = (pd.Timestamp(AS_OF) - last.dropna().dt.normalize()).dt.days
        assert table.loc[key, "old"] == (age > 100).sum()
        dated = own["tagged_at"].dropna()
        found = table.loc[key, "last_set_on"]
        assert found == dated.max().normalize() if len(dated) else pd.isna(found)
    assert rare
    assert len(table) == tags.groupby(["tag_group", "tag"]).ngroups - rare


def test_contradictions_equal_a_walk(ds, tables, make_dataset):
    # Notes admit several, and tags without a group are none; a channel is one a member.
    assert metrics.exclusive_groups(ds) == ("from", "skin")
    single = metrics.exclusive_groups(ds, "skin")
    here, tags = known(tables)
    skin = tags[(tags["tag_group"] == "skin") & tags["member_id"].isin(here["member_id"])]
    values = skin.groupby("member_id")["tag"].nunique()
    (row,) = metrics.tag_contradictions(ds, single).to_dict("records")
    assert (row["tagged"], row["torn"]) == (len(values), (values > 1).sum())
    assert row["torn"] > 0
    assert row["torn"] < 5
    assert row["pair"] == ""  # of fewer people than may be shown
    inside = make_dataset(tables, as_of=AS_OF.isoformat(), min_at_risk=10, small_cell=1)
    assert metrics.tag_contradictions(inside, single)["pair"].tolist() == ["dry / oily"]
    assert metrics.torn_share(ds, single).value == pytest.approx((values > 1).mean())


def test_groups_may_be_named(ds):
    assert metrics.exclusive_groups(ds, "note, skin") == ("note", "skin")
    with pytest.raises(errors.ArgumentError, match="exclusive"):
        metrics.exclusive_groups(ds, "skni")
    with pytest.raises(errors.NotEnoughDataError):
        metrics.torn_share(ds, ())


def waits(tables):
    """(days until the first asked tag or the end of the data, tagged) of each member, by hand."""
    end = pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
    members = tables["members"]
    people = members[(members["role"] == "member") & (members["joined_at"] < end)]
    _, tags = known(tables)
    asked = tags[tags["asked"]].groupby("member_id")["tagged_at"]
    first, has = asked.min(), asked.size()
    for row in people.itertuples():
        who = row.member_id
        if who in has.index and pd.isna(first[who]):
            continue  # its time is not known
        seen = (end - row.joined_at.normalize()).days
        wait = (
            (first[who].normalize() - row.joined_at.normalize()).days if who in has.index else 999
        )
        wait = max(wait, 0)
        yield (wait + 1, True) if wait < seen else (max(seen, 0), False)


def test_time_to_the_first_tag_equals_a_walk(ds, tables):
    rows = metrics.tag_time_rows(ds)
    found = rows.loc[rows.index.repeat(rows["n"])]
    got = sorted(zip(found["upper"], found["observed"], strict=True))
    assert got == sorted(waits(tables))
    assert rows["observed"].any()
    assert not rows["observed"].all()
    assert rows.attrs["undated"] > 0
    # The same curve by the definition of Kaplan and Meier.
    curve = models.survival_curve(rows, min_at_risk=10).set_index("day")["survival"]
    own, share = list(waits(tables)), 1.0
    for day in range(1, 20):
        risk = sum(wait >= day for wait, _ in own)
        share *= 1 - sum(hit and wait == day for wait, hit in own) / risk
        assert curve[day] == pytest.approx(share)


def test_who_left_untagged_stays_untagged(make_dataset):
    """Half leave on day 5, the others are tagged on day 10: half are ever tagged, not all."""
    at = pd.Timestamp("2026-03-01 12:00")
    ids = [f"m{k:02}" for k in range(80)]
    stays = pd.DataFrame({"group_id": "g", "member_id": ids, "joined_at": at,
                          "left_at": [at + pd.Timedelta(days=5)] * 40 + [None] * 40,
                          "leave_kind": ["left"] * 40 + [None] * 40})  # fmt: skip
    tags = pd.DataFrame({"member_id": ids[40:], "tag": "dry", "tag_group": "skin",
                         "tagged_at": at + pd.Timedelta(days=10)})  # fmt: skip
    members = pd.DataFrame({"member_id": ids, "joined_at": at})
    ds = make_dataset({"members": members, "memberships": stays, "tags": tags}, as_of="2026-06-30")
    curve = models.survival_curve(metrics.tag_time_rows(ds)).set_index("day")["survival"]
    assert curve[30] == pytest.approx(0.5)


def test_sums_by_adviser_equal_a_walk(ds, tables):
    sums = metrics.tagged_sums(ds, 20)
    end = pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
    people = tables["members"].query("role == 'member'")
    people = people[people["joined_at"].dt.normalize() + pd.Timedelta(days=20) <= end]
    _, tags = known(tables)
    asked = tags[tags["asked"]].groupby("member_id")["tagged_at"]
    first, has = asked.min(), asked.size()
    people = people[~people["member_id"].isin([w for w in has.index if pd.isna(first[w])])]
    wait = people["member_id"].map(first).dt.normalize() - people["joined_at"].dt.normalize()
    hit = wait < pd.Timedelta(days=20)
    own = sums.groupby("segment")[["n", "total"]].sum()
    expected = hit.groupby(people["adviser_id"]).agg(["size", "sum"])
    assert own.astype(int).to_numpy().tolist() == expected.to_numpy().tolist()
    assert sums["stratum"].str.match(r"20\d\d-\d\d c[01]$").all()


def test_without_times_or_members_time_is_refused(make_dataset, tables):
    timeless = {**tables, "tags": tables["tags"].drop(columns="tagged_at")}
    ds = make_dataset(timeless, as_of=AS_OF.isoformat())
    with pytest.raises(errors.MissingTableError, match="tagged_at"):
        metrics.tag_time_rows(ds)
    coverage = metrics.tag_coverage(ds)
    assert coverage["dated"].sum() == 0
    assert metrics.old_share(coverage).status == "too_few"


def planted(rng, gap):
    """Two tags in two layers: one goes with buying more often, by `gap`; one with nothing."""
    at = pd.Timestamp("2026-03-01 12:00")
    members, tags, orders = [], [], []
    for k in range(1200):
        who, buyer = f"m{k:04}", k % 2 == 0
        members.append((who, at))
        if buyer:
            orders.append((f"b{k}", who, pd.Timestamp("2026-03-20 12:00"), 10.0))
        told = rng.random() < (0.7 if buyer else 0.3)
        if told:
            tags.append((who, "telling", "g", at))
        if rng.random() < 0.5:
            tags.append((who, "idle", "g", at))
        if rng.random() < (0.4 if buyer else 0.1) + gap * told:
            orders.append((f"o{k}", who, pd.Timestamp("2026-05-01 12:00"), 10.0))
    return {
        "members": pd.DataFrame(members, columns=["member_id", "joined_at"]),
        "tags": pd.DataFrame(tags, columns=["member_id", "tag", "tag_group", "tagged_at"]),
        "orders": pd.DataFrame(orders, columns=["order_id", "member_id", "paid_at", "amount"]),
    }


def outcomes(ds):
    table = metrics.tag_outcomes(ds, metrics.layer_rules(ds, 60), 90)
    return table[table["outcome"] == "bought"].set_index("tag")


def test_a_planted_difference_within_layers_is_found(make_dataset):
    table = outcomes(make_dataset(planted(np.random.default_rng(1), 0.2), as_of="2026-06-30"))
    row = table.loc["telling"]
    assert row["low"] < 0.2 < row["high"]
    assert row["flagged"]
    assert not table.loc["idle", "flagged"]


def test_a_tag_that_only_goes_with_the_layer_tells_nothing(make_dataset):
    """Buyers are tagged and buy again: as counted a difference of 12 points, alike none."""
    tables = planted(np.random.default_rng(2), 0.0)
    row = outcomes(make_dataset(tables, as_of="2026-06-30")).loc["telling"]
    assert row["low"] < 0 < row["high"]
    assert not row["flagged"]
    later = set(tables["orders"].query("paid_at > '2026-04-15'")["member_id"])
    told = set(tables["tags"].query("tag == 'telling'")["member_id"])
    others = set(tables["members"]["member_id"]) - told
    naive = len(told & later) / len(told) - len(others & later) / len(others)
    assert naive > 0.08


def test_differences_equal_a_walk_by_layer(make_dataset):
    tables = planted(np.random.default_rng(4), 0.1)
    row = outcomes(make_dataset(tables, as_of="2026-06-30")).loc["telling"]
    later = set(tables["orders"].query("paid_at > '2026-04-15'")["member_id"])
    told = set(tables["tags"].query("tag == 'telling'")["member_id"])
    buyers = set(tables["orders"].query("paid_at < '2026-04-15'")["member_id"])
    expected = 0.0
    for layer in (buyers, set(tables["members"]["member_id"]) - buyers):
        rest = layer - told
        expected += len(layer & told) * len(rest & later) / len(rest)
    assert row["at_risk"] == len(told)
    assert row["rate"] == pytest.approx(len(told & later) / len(told))
    assert row["rest_rate"] == pytest.approx(expected / len(told))


@pytest.mark.slow
def test_null_tags_are_flagged_as_rarely_as_promised(make_dataset):
    """60 worlds without any difference: at least one of two tags flagged in 5 % of them."""
    flagged = 0
    for seed in range(60):
        ds = make_dataset(planted(np.random.default_rng(100 + seed), 0.0), as_of="2026-06-30")
        flagged += bool(outcomes(ds)["flagged"].any())
    assert flagged <= 9  # the 99.9 % point of Binomial(60, 0.05)


def test_a_tag_set_later_is_not_used(make_dataset):
    tables = planted(np.random.default_rng(1), 0.2)
    late = tables["tags"].assign(tagged_at=pd.Timestamp("2026-06-01"))
    undated = tables["tags"].assign(tagged_at=pd.NaT)
    for tags in (late, undated):
        ds = make_dataset({**tables, "tags": tags}, as_of="2026-06-30")
        with pytest.raises(errors.NotEnoughDataError, match="no tag was held"):
            outcomes(ds)


# Lists


def test_every_member_who_is_here_gets_the_layer_once(ds, tables):
    rules = metrics.layer_rules(ds, 45)
    add = metrics.tags_to_add(ds, rules, "en")
    here, _ = known(tables)
    assert sorted(add["member_id"]) == sorted(here["member_id"])
    assert list(add.columns) == ["member_id", "tag_group", "tag"]
    held = ds.frame(metrics.member_layers(ds, rules), ["member_id"]).set_index("member_id")["layer"]
    assert (
        add["tag"] == [t(f"segments.layer.{held[who]}", "en") for who in add["member_id"]]
    ).all()
    assert set(add["tag_group"]) == {t("segments.import.group", "en")}


def test_a_second_list_holds_what_has_changed_alone(make_dataset, ds, tables):
    rules = metrics.layer_rules(ds, 45)
    add = metrics.tags_to_add(ds, rules, "en")
    done = add.assign(source="rule", tagged_at=moment(SPAN))
    wrong = done["tag"].iloc[-1]
    first = done["member_id"].iloc[0]
    done.loc[0, "tag"] = wrong
    again = make_dataset({**tables, "tags": pd.concat([tables["tags"], done])},
                         as_of=AS_OF.isoformat(), min_at_risk=10)  # fmt: skip
    second = metrics.tags_to_add(again, rules, "en")
    assert second.to_numpy().tolist() == add.head(1).to_numpy().tolist()
    off = metrics.tags_to_remove(again, rules, (), "en")
    assert off.to_numpy().tolist() == [[first, add["tag_group"][0], wrong, add["tag"][0]]]


def test_of_contradictions_the_later_one_stays(ds, tables):
    off = metrics.tags_to_remove(ds, metrics.layer_rules(ds, 45), ("skin",), "en")
    _, tags = known(tables)
    skin = tags[tags["tag_group"] == "skin"]
    expected = []
    for who, own in skin.groupby("member_id"):
        last = own.groupby("tag")["tagged_at"].max()
        if len(last) < 2 or last.isna().any() or last.nunique() < 2:
            continue
        expected.append([who, "skin", last.idxmin(), last.idxmax()])
    assert off.to_numpy().tolist() == expected
    assert expected


def test_without_tags_there_is_nothing_to_take_off(make_dataset, tables):
    bare = {name: frame for name, frame in tables.items() if name != "tags"}
    ds = make_dataset(bare, as_of=AS_OF.isoformat())
    rules = metrics.layer_rules(ds, 45)
    assert metrics.tags_to_remove(ds, rules, ()).empty
    assert len(metrics.tags_to_add(ds, rules))
    with pytest.raises(errors.ArgumentError, match="tags_in"):
        metrics.tags_to_add(ds, rules, "fr")
