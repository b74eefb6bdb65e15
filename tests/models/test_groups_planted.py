"""Dead groups and their causes in simulated communities, against what was planted in them."""

from __future__ import annotations

import collections

import pandas as pd
import pytest

from commlab import metrics, models
from commlab.dataset import open_dataset
from commlab.simulate import simulate

pytestmark = pytest.mark.slow
SEEDS, MEMBERS = 20, 4000


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Signs of every group beside its truth, over many seeds."""
    parts = []
    for seed in range(SEEDS):
        folder = tmp_path_factory.mktemp(f"world{seed}")
        truth = simulate(folder, members=MEMBERS, seed=100 + seed)
        ds = open_dataset(folder)
        weeks = metrics.group_weeks(ds)
        found = models.group_deaths(weeks)
        signs = models.group_causes(weeks, found, models.group_focus(metrics.group_channels(ds)))
        planted = truth.figures["groups"]
        said = [planted[name] for name in signs["group_id"]]
        over = pd.Timestamp(ds.as_of) - pd.Timedelta(days=21)  # by then 14 days and a week are over
        died = pd.to_datetime([item.get("died") for item in said])
        parts.append(
            signs.assign(
                seed=seed,
                planted=[item.get("cause", "") for item in said],
                spared=[item.get("spared", "") for item in said],
                is_dead=died <= over,
                too_late=(died > over),
                age=found["age"].to_numpy(),
                silent_days=_silent_days(ds, signs["group_id"]),
                staff_share=_staff_share(ds, signs["group_id"]),
            )
        )
    return pd.concat(parts, ignore_index=True)


def _silent_days(ds, groups):
    """Days since the last message of a member, from the raw tables in plain pandas."""
    said = ds.frame(ds.table("messages").select("group_id", "member_id", "sent_at", "revoked"))
    staff = set(ds.frame(ds.staff_ids())["member_id"])
    own = said[~said["revoked"] & ~said["member_id"].isin(staff)]
    last = groups.map(own.groupby("group_id")["sent_at"].max())
    return (pd.Timestamp(ds.as_of) - last.dt.normalize()).dt.days.to_numpy()


def _staff_share(ds, groups):
    """Share of staff in what people wrote in the last four whole weeks, from the raw tables."""
    said = ds.frame(ds.table("messages").select("group_id", "member_id", "sent_at", "revoked"))
    accounts = ds.frame(ds.table("staff")).set_index("staff_id")["role"]
    end = pd.Timestamp(ds.as_of) + pd.Timedelta(days=1)
    end -= pd.Timedelta(days=end.weekday())
    said = said[(said["sent_at"] < end) & (said["sent_at"] >= end - pd.Timedelta(days=28))]
    role = said["member_id"].map(accounts)
    said = said[~said["revoked"] & (role != "bot")]
    by = said["member_id"].isin(accounts.index).groupby(said["group_id"]).mean()
    return groups.map(by).to_numpy()


def test_dead_groups_are_found_and_no_other(worlds):
    sure = worlds[~worlds["too_late"] & (worlds["state"] != "closed")]
    hits = ((sure["state"] == "dead") & sure["is_dead"]).sum()
    planted, said = sure["is_dead"].sum(), (sure["state"] == "dead").sum()
    assert planted >= 40
    print(f"dead: {hits} of {planted} planted found, {said} said")
    assert hits / planted >= 0.95
    # Who was not planted and is called dead meets the definition, counted from the raw messages.
    others = sure[(sure["state"] == "dead") & ~sure["is_dead"]]
    assert ((others["silent_days"] >= 14) | (others["staff_share"] > 0.9)).all()
    assert len(others) / len(sure) <= 0.01


def test_causes_of_death_are_told_apart(worlds):
    dead = worlds[(worlds["state"] == "dead") & worlds["is_dead"]]
    table = collections.Counter(zip(dead["planted"], dead["cause"], strict=True))
    print(sorted(table.items()))
    for cause in ("neglect", "ads_only"):
        planted = sum(n for (true, _), n in table.items() if true == cause)
        said = sum(n for (_, told), n in table.items() if told == cause)
        right = table[cause, cause]
        assert planted >= 8
        assert right / planted >= 0.9, cause
        assert right / said >= 0.9, cause


def test_imprecise_pulling_is_seldom_claimed_of_others(worlds):
    """Few imprecise groups die, so those that are spared count as well."""
    judged = worlds[worlds["imprecise"].notna()]
    true = (judged["planted"] == "imprecise") | (judged["spared"] == "imprecise")
    told = judged["imprecise"].astype(bool)
    print(f"imprecise: {(true & told).sum()} of {true.sum()} found, {told.sum()} said")
    # A group that took in its members by many codes by chance looks the same: the rate is bounded.
    assert (told & ~true).sum() / (~true).sum() <= 0.05
    assert (told & true).sum() / true.sum() > 4 * (told & ~true).sum() / (~true).sum()


def test_groups_without_a_cause_seldom_show_a_sign(worlds):
    # Only grown groups: the trade too judges a group once it has members.
    clean = worlds[(worlds["planted"] == "") & (worlds["spared"] == "") & (worlds["age"] >= 13)]
    shown = clean[clean["cause"].isin(["neglect", "ads_only", "imprecise"])]
    print(f"{len(shown)} of {len(clean)} groups without a cause show a sign")
    assert len(shown) / len(clean) <= 0.05
