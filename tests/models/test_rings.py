"""Rings: circles, shared phones and bursts convict; families, friends and lectures do not."""

from __future__ import annotations

import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError

DAY = pd.Timestamp("2026-03-01")


def links(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Rows: inviter, invitee, hours at which each joined."""
    frame = pd.DataFrame(rows, columns=["inviter_id", "invitee_id", "inviter_joined",
                                        "invitee_joined"])  # fmt: skip
    for name in ("inviter_joined", "invitee_joined"):
        frame[name] = DAY + pd.to_timedelta(frame[name], unit="h")
    return frame


def phones(*pairs: tuple[str, int]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["member_id", "value"])


def ids(found: pd.DataFrame) -> list[str]:
    return found["member_id"].tolist()


def test_a_circle_convicts() -> None:
    found = cl.models.referral_rings(links(
        ("a", "b", 0, 30), ("b", "c", 30, 99), ("c", "a", 99, 0), ("x", "y", 0, 200),
    ))  # fmt: skip
    assert ids(found) == ["a", "b", "c"]
    assert found["circle"].all()
    assert found["ring"].tolist() == [1, 1, 1]


def test_a_shared_phone_convicts_only_along_an_invitation() -> None:
    rows = links(("a", "b", 0, 900), ("x", "y", 0, 900), ("p", "q", 0, 900))
    # a and b share one; x shares one with p, whom he never invited.
    found = cl.models.referral_rings(rows, phones(("a", 1), ("b", 1), ("x", 2), ("p", 2)))
    assert ids(found) == ["a", "b"]
    assert found["shared"].all()
    assert not found["circle"].any()


def test_a_burst_convicts_nobody_by_itself() -> None:
    lecture = links(*(("host", f"g{n}", -500, n) for n in range(8)))
    assert cl.models.referral_rings(lecture).empty


def test_a_burst_around_a_circle_belongs_to_it() -> None:
    rows = links(
        ("a", "b", 0, 1), ("b", "a", 1, 0), ("b", "c", 1, 2), ("a", "friend", 0, 700),
    )  # fmt: skip
    found = cl.models.referral_rings(rows)
    assert ids(found) == ["a", "b", "c"]  # c came in the same hours, the friend a month later
    assert found["circle"].tolist() == [True, True, False]


def test_rings_are_told_apart_and_nobody_is_no_ring() -> None:
    found = cl.models.referral_rings(
        links(("a", "b", 0, 1), ("b", "a", 1, 0), ("x", "y", 0, 1), ("y", "x", 1, 0))
    )
    assert found.groupby("ring")["member_id"].agg(list).tolist() == [["a", "b"], ["x", "y"]]
    assert cl.models.referral_rings(links()).empty
    with pytest.raises(ArgumentError, match="burst_hours == 0"):
        cl.models.referral_rings(links(("a", "b", 0, 1)), burst_hours=0)


def test_a_couple_does_not_convict_a_great_inviter():
    """One member invites 300 people over months; two of them share a phone."""
    start = pd.Timestamp("2026-01-01")
    links = pd.DataFrame(
        {
            "inviter_id": "star",
            "invitee_id": [f"m{n:03d}" for n in range(300)],
            "inviter_joined": start - pd.Timedelta(days=30),
            "invitee_joined": [start + pd.Timedelta(hours=7 * n) for n in range(300)],
        }
    )
    shared = pd.DataFrame({"member_id": ["m100", "m101"], "value": "phone"})
    found = cl.models.referral_rings(links, shared)
    assert found["member_id"].tolist() == ["m100", "m101"]


def test_strangers_of_one_chain_may_share_a_tablet():
    day = pd.Timestamp("2026-01-01")
    links = pd.DataFrame(
        {
            "inviter_id": ["a", "b", "c"],
            "invitee_id": ["b", "c", "d"],
            "inviter_joined": [day, day + pd.Timedelta(days=9), day + pd.Timedelta(days=18)],
            "invitee_joined": [day + pd.Timedelta(days=9 * n) for n in (1, 2, 3)],
        }
    )
    shared = pd.DataFrame({"member_id": ["a", "d"], "value": "tablet"})
    assert cl.models.referral_rings(links, shared).empty
