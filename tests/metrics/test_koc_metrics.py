"""Voices, freebies, referrals and posts counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, MissingTableError, NotEnoughDataError

from .test_member_value import MEMBERS, ORDERS, STAYS, TALK, messages


def test_expected_is_what_others_in_the_group_are_answered(make_dataset: Callable) -> None:
    ds = make_dataset({"members": MEMBERS, "memberships": STAYS, "messages": TALK}, "2026-03-31")
    got = cl.metrics.member_voices(ds).set_index("member_id")
    assert got.written.to_dict() == {"a": 4, "b": 2, "c": 1}
    assert got.answered.to_dict() == {"a": 2, "b": 0, "c": 0}
    assert got.questions.to_dict() == {"a": 1, "b": 0, "c": 0}
    assert got.answers.to_dict() == {"a": 0, "b": 2, "c": 0}
    # Others of a: no answer in 3 messages; 50 messages at the whole rate of 2 in 7 stand beside.
    whole = 2 / 7
    assert got.expected["a"] == pytest.approx(4 * (0 + 50 * whole) / (3 + 50))
    assert got.expected["b"] == pytest.approx(2 * (2 + 50 * whole) / (5 + 50))


def test_a_group_with_one_speaker_and_one_of_staff_alone(make_dataset: Callable) -> None:
    alone = messages(("a", "2026-03-01 10:00", "text", "x", None, False, None))
    got = cl.metrics.member_voices(make_dataset({"members": MEMBERS, "messages": alone}))
    assert got[["written", "answered", "expected"]].to_numpy().tolist() == [[1, 0, 0]]
    staff = make_dataset(
        {"members": MEMBERS.assign(role="staff"), "messages": TALK}, as_of="2026-03-31"
    )
    assert cl.metrics.member_voices(staff).empty
    assert cl.metrics.member_points(staff).empty
    with pytest.raises(NotEnoughDataError, match="nobody but staff"):
        cl.models.select_koc(cl.metrics.member_profiles(staff))


def test_free_things_and_what_follows_them(make_dataset: Callable) -> None:
    steps = pd.DataFrame(
        [("a", "2026-02-01 10:00", "sampled"), ("a", "2026-02-02 10:00", "drawn"),
         ("a", "2026-02-03 10:00", "invited"), ("d", "2026-02-01 10:00", "redeemed"),
         ("d", "2026-02-01 11:00", "clicked"), ("d", "2026-01-01 11:00", "clicked")],
        columns=["member_id", "at", "event"],
    )  # fmt: skip
    orders = ORDERS.assign(discount=[None, 5, 0, None])
    tables = {"members": MEMBERS, "memberships": STAYS, "messages": TALK, "orders": orders,
              "touchpoints": steps}  # fmt: skip
    got = cl.metrics.freebie_rows(make_dataset(tables, as_of="2026-03-31")).set_index("member_id")
    assert got.takes.to_dict() == {"a": 2, "b": 0, "c": 0, "d": 1}
    assert got.full_price.to_dict() == {"a": 1, "b": 2, "c": 0, "d": 0}
    assert got.net.to_dict() == {"a": 100, "b": 580, "c": 0, "d": 0}
    assert got.messages.to_dict() == {"a": 4, "b": 2, "c": 2, "d": 0}
    # a: two days with messages, the order on one of them. d: the click an hour later.
    assert got.steps_after.to_dict() == {"a": 2, "b": 0, "c": 0, "d": 1}
    assert got.left.to_dict() == {"a": False, "b": False, "c": False, "d": True}
    with pytest.raises(MissingTableError, match="touchpoints"):
        cl.metrics.freebie_rows(make_dataset({"members": MEMBERS, "orders": ORDERS}))


REFERRALS = pd.DataFrame(
    [("a", "b", "2026-01-05 10:00", 12), ("a", "d", "2026-01-06 10:00", 12),
     ("b", "c", "2026-01-07 10:00", 12), ("c", "c", "2026-01-07 10:00", 12),
     ("s", "a", "2026-01-07 10:00", 12)],
    columns=["inviter_id", "invitee_id", "at", "reward_cost"],
)  # fmt: skip


def test_referral_value_counts_who_stayed_money_and_depth(make_dataset: Callable) -> None:
    tables = {"members": MEMBERS, "memberships": STAYS, "orders": ORDERS, "referrals": REFERRALS}
    got = cl.metrics.referral_value(make_dataset(tables, as_of="2026-03-31"))
    got = got.set_index("member_id")
    assert got.index.tolist() == ["a", "b"]  # neither staff nor oneself
    assert got.loc["a"].tolist() == [2, 1, 2, 555.0, 24.0, 531.0]  # b left 55 + 500; d has gone
    assert got.loc["b"].tolist() == [1, 1, 1, 0.0, 12.0, -12.0]


def test_shared_identifiers_leave_out_default_values(make_dataset: Callable) -> None:
    rows = [
        ("a", "phone", "h1"),
        ("b", "phone", "h1"),
        ("c", "phone", "h2"),
        ("c", "unionid", "h1"),
    ]
    rows += [(f"x{n}", "phone", "000") for n in range(60)]
    frame = pd.DataFrame(rows, columns=["member_id", "kind", "value_hash"])
    ds = make_dataset({"members": MEMBERS, "orders": ORDERS, "identities": frame})
    assert cl.metrics.shared_identifiers(ds)["member_id"].tolist() == ["a", "b"]
    assert cl.metrics.shared_identifiers(make_dataset({"orders": ORDERS})).empty


def test_posts_stays_and_orders_of_some_members(make_dataset: Callable) -> None:
    tables = {"members": MEMBERS, "memberships": STAYS, "messages": TALK, "orders": ORDERS}
    ds = make_dataset(tables, as_of="2026-03-31")
    got = cl.metrics.influence_rows(ds, ["a"], 90)  # the window begins on 2026-01-01
    assert got.posts["at"].tolist() == pytest.approx([59 + 10 / 24, 60 + 10 / 24])
    assert got.stays["member_id"].tolist() == ["a", "b", "c", "d"]
    assert got.stays["ends"].tolist() == pytest.approx([90, 90, 90, 78 + 9 / 24])
    assert got.orders["member_id"].tolist() == ["a", "b", "b"]
    assert got.hours.sum() == pytest.approx(1)
    with pytest.raises(NotEnoughDataError, match="none of the candidates posted"):
        cl.metrics.influence_rows(ds, ["d", "unknown"])
    with pytest.raises(MissingTableError, match="memberships and orders"):
        cl.metrics.influence_rows(make_dataset({"messages": TALK}, "2026-03-31"), ["a"])


def test_a_ring_and_hunters_are_found_and_what_is_unseen_is_named(make_dataset: Callable) -> None:
    ds = make_dataset({"members": MEMBERS, "orders": ORDERS}, as_of="2026-03-31")
    got = cl.models.find_suspects(ds)
    assert got.unseen == ("rings", "freebies", "staff")
    assert got.rings.empty
    assert got.freebies.empty
    circle = REFERRALS.assign(inviter_id=["a", "b", "c", "c", "s"],
                              invitee_id=["b", "c", "a", "d", "d"])  # fmt: skip
    ds = make_dataset({"members": MEMBERS, "orders": ORDERS, "referrals": circle}, "2026-03-31")
    assert cl.models.find_suspects(ds).rings["member_id"].tolist() == ["a", "b", "c", "d"]


def test_marked_hunters_are_learnt_from_and_listed(make_dataset: Callable) -> None:
    """Hunters who chat: no sign but one fits them, and the brand knows thirty of them."""
    rng = np.random.default_rng(1)
    hunter = np.arange(300) < 60
    ids = [f"m{n:03d}" for n in range(300)]
    members = pd.DataFrame({"member_id": ids, "joined_at": "2026-01-01 10:00"})
    steps = pd.DataFrame(
        [(one, "2026-01-05 10:00", "drawn") for one, h in zip(ids, hunter, strict=True)
         for _ in range(rng.poisson(6 if h else 1))],
        columns=["member_id", "at", "event"],
    )  # fmt: skip
    talk = pd.DataFrame(
        [(one, "2026-02-01 10:00") for one in ids for _ in range(5)],
        columns=["member_id", "sent_at"],
    ).assign(message_id=lambda x: [f"x{n}" for n in range(len(x))], group_id="g", text="早")
    orders = pd.DataFrame(
        [(f"o{n}", one, "2026-02-10 10:00", 80.0, 0.0) for n, (one, h)
         in enumerate(zip(ids, hunter, strict=True)) if not h],
        columns=["order_id", "member_id", "paid_at", "amount", "discount"],
    )  # fmt: skip
    tables = {"members": members, "touchpoints": steps, "messages": talk, "orders": orders}
    ds = make_dataset(tables, as_of="2026-03-31")
    known = ids[:30]
    plain, learnt = cl.models.find_suspects(ds), cl.models.find_suspects(ds, known)
    assert not set(plain.freebies["member_id"]) & set(known)
    assert set(known) <= set(learnt.freebies["member_id"])
    found = set(learnt.freebies["member_id"]) - set(known)
    assert found  # others of the same kind
    assert found <= set(ids[:60])
    with pytest.raises(ArgumentError, match="none of the members"):
        cl.models.find_suspects(ds, ["nobody"])
    # Too few to learn from: they are listed all the same, and nobody else is because of them.
    few = cl.models.find_suspects(ds, known[:5])
    assert not few.learnt
    assert set(few.freebies["member_id"]) == set(plain.freebies["member_id"]) | set(known[:5])
    assert learnt.learnt
