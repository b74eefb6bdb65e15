"""Losses after ads: against a day-by-day count, and a planted rise of the daily chance to leave."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

START = dt.datetime(2026, 1, 1)
DAYS = 151  # to 31 May
AS_OF = "2026-05-31"
USUAL, RISEN = 0.004, 0.02  # daily chance to leave, and for three days from a hard ad on


def planted(seed, groups=30, people=60):
    """Groups with hard and soft ads on days of their own; only hard ones drive people out."""
    rng = np.random.default_rng(seed)
    ads, stays = [], []
    for number in range(groups):
        kinds = rng.choice(["hard", "soft", ""], DAYS, p=[0.05, 0.05, 0.9])
        name = f"g{number:02}"
        usual = USUAL * rng.gamma(4, 0.25)  # groups differ
        chance = np.full(DAYS, usual)
        for day in np.flatnonzero(kinds == "hard"):
            chance[day : day + 3] = RISEN / USUAL * usual
        for day in np.flatnonzero(kinds != ""):
            ads.append((f"x{len(ads)}", name, "boss", START + dt.timedelta(days=int(day), hours=9),
                        kinds[day]))  # fmt: skip
        for one in range(people):
            gone = np.flatnonzero(rng.random(DAYS) < chance)
            left = START + dt.timedelta(days=int(gone[0]), hours=20) if len(gone) else None
            stays.append((name, f"{name}m{one:02}", START - dt.timedelta(days=9), left, "left"))
    messages = pd.DataFrame(
        ads, columns=["message_id", "group_id", "member_id", "sent_at", "is_ad"]
    )
    memberships = pd.DataFrame(stays, columns=["group_id", "member_id", "joined_at", "left_at",
                                               "leave_kind"])  # fmt: skip
    memberships.loc[memberships["left_at"].isna(), "leave_kind"] = None
    members = pd.DataFrame({"member_id": [*memberships["member_id"], "boss"],
                            "joined_at": START - dt.timedelta(days=9)})  # fmt: skip
    members["role"] = np.where(members["member_id"] == "boss", "staff", "member")
    return {"messages": messages, "memberships": memberships, "members": members}


def by_hand(world, kind):
    """(days with ads, members lost after them) of group days that count."""
    other = "soft" if kind == "hard" else "hard"
    days = losses = 0
    left = world["memberships"].dropna(subset=["left_at"])
    for name, own in world["messages"].groupby("group_id"):
        on = {
            k: set((own.loc[own["is_ad"] == k, "sent_at"] - START).dt.days) for k in (kind, other)
        }
        gone = (left.loc[left["group_id"] == name, "left_at"] - START).dt.days
        for day in sorted(on[kind]):
            if day <= DAYS - 3 and not any(near in on[other] for near in range(day - 2, day + 3)):
                days += 1
                losses += int(gone.between(day, day + 2).sum())
    return days, losses


def test_counts_and_ratio(make_dataset):
    world = planted(1)
    frame = metrics.losses_after_ads(make_dataset(world, as_of=AS_OF)).set_index("kind")
    assert (frame["event"] == "left").all()
    for kind in ("hard", "soft"):
        days, losses = by_hand(world, kind)
        # Days count where the same month of the group has days without ads, too: nearly all.
        assert 0.9 * days <= frame.loc[kind, "days"] <= days
        assert 0.9 * losses <= frame.loc[kind, "losses"] <= losses
    true = (1 - (1 - RISEN) ** 3) / (1 - (1 - USUAL) ** 3)
    hard, soft = frame.loc["hard"], frame.loc["soft"]
    wide = 3.3 / 1.96  # 99.9 %
    for row, truth in ((hard, true), (soft, 1.0)):
        half = np.log(row["high"] / row["low"]) / 2
        assert abs(np.log(row["ratio"] / truth)) < wide * half
    assert hard["flagged"]
    assert not soft["flagged"]


def test_nothing_is_an_ad(make_dataset):
    world = planted(2, groups=2, people=5)
    with pytest.raises(errors.NotEnoughDataError, match="ad"):
        metrics.losses_after_ads(
            make_dataset({**world, "messages": world["messages"].assign(is_ad="none")}, as_of=AS_OF)
        )
    with pytest.raises(errors.MissingTableError, match="is_ad"):
        metrics.losses_after_ads(
            make_dataset({**world, "messages": world["messages"].drop(columns="is_ad")},
                         as_of=AS_OF)
        )  # fmt: skip


def test_few_groups_are_too_few(make_dataset):
    frame = metrics.losses_after_ads(make_dataset(planted(3, groups=3), as_of=AS_OF))
    assert (frame["status"] == "too_few").all()
    assert frame["ratio"].isna().all()
