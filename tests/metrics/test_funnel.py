"""The funnel against a walk through each member's events, one at a time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from commlab import errors, metrics

AS_OF = "2026-03-31"
END = dt.datetime(2026, 4, 1)
START = dt.datetime(2026, 3, 1)
WAY = ["added_adviser", "chatted", "tagged"]


def walk(events, way, days, begun):
    """What the funnel should count for one member: {place: dict}; every start is tried."""
    by_step = {step: sorted(at for name, at in events if name == step) for step in way}
    reach = by_step[way[0]]
    found: dict[int, dict[str, Any]] = {0: {"reached": bool(reach)}}
    for place, step in enumerate(way[1:], start=1):
        window = dt.timedelta(days=days)
        once = step in ("tagged",)  # chatting is not
        # Of equal moments the earlier step of the way comes first.
        had = [at for at in reach if once and any(t < at for t in by_step[step])]
        free = [at for at in reach if at not in had]
        seen = [at for at in free if begun[step] is not None and at >= begun[step]]
        judged = [at for at in seen if at + window <= END]
        passing = []
        after = []
        for at in by_step[step]:
            starts = [s for s in judged if s <= at <= s + window]
            if starts:
                passing.append((at, max(starts)))
            if any(s <= at <= s + window for s in reach):
                after.append(at)
        first = min(passing, default=None)
        found[place] = {
            "reached": bool(after),
            "risk": bool(judged),
            "already": bool(had) and not judged,
            "open": bool(seen) and not judged and not had,
            "waiting": bool(seen) and not judged and not had and not after,
            "took": bool(passing),
            "wait": None if first is None else first[0] - first[1],
        }
        reach = after
    return found


# Quarters of an hour over four and a half weeks: many ties, repeats, gaps of exactly the window,
# and windows that are open at the end.
moments = st.integers(0, 31 * 4).map(lambda quarter: START + dt.timedelta(hours=6 * quarter))
logs = st.lists(
    st.tuples(st.sampled_from(["m1", "m2", "m3"]), st.sampled_from(WAY), moments),
    min_size=1,
    max_size=40,
)


def world(rows):
    members = sorted({"m1", "m2", "m3"})
    touches = pd.DataFrame(rows, columns=["member_id", "event", "at"])
    return {
        "members": pd.DataFrame({"member_id": members, "joined_at": [START] * 3}),
        "touchpoints": touches,
        "orders": pd.DataFrame(
            {"order_id": ["o"], "member_id": ["m1"], "paid_at": [START], "amount": [1.0]}
        ),
    }


def test_a_way_that_nobody_has_begun_is_all_noughts(make_dataset):
    ds = make_dataset(world([("m1", WAY[0], END)]), as_of=AS_OF)
    frame = metrics.funnel(ds, WAY)
    assert frame["step"].tolist() == WAY
    assert (frame["reached"] == 0).all()
    assert frame["status"].tolist()[1:] == ["too_few"] * 2
    assert not metrics.step_rate(frame, WAY[1]).ok


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=logs, days=st.integers(1, 9))
def test_equals_a_walk_event_by_event(make_dataset, rows, days):
    ds = make_dataset(world(rows), as_of=AS_OF)
    frame = metrics.funnel(ds, WAY, windows=dict.fromkeys(WAY, days), min_at_risk=1)
    kept = [(member, step, at) for member, step, at in rows if at < END]
    begun = {step: min((at for _, name, at in kept if name == step), default=None) for step in WAY}
    walks = [
        walk([(step, at) for member, step, at in kept if member == who], WAY, days, begun)
        for who in ("m1", "m2", "m3")
    ]
    assert frame["step"].tolist() == WAY
    for place in range(len(WAY)):
        row = frame.iloc[place]
        assert row["reached"] == sum(item[place]["reached"] for item in walks)
        if not place:
            continue
        assert row["at_risk"] == sum(item[place]["risk"] for item in walks)
        assert row["took"] == sum(item[place]["took"] for item in walks)
        for name in ("open", "waiting", "already"):
            assert row[name] == sum(item[place][name] for item in walks)
        assert row["lost"] == row["at_risk"] - row["took"]
        before = sum(item[place - 1]["reached"] for item in walks)
        assert row["at_risk"] + row["open"] + row["already"] + row["unseen"] == before
        waits = [item[place]["wait"] for item in walks if item[place]["wait"] is not None]
        if len(waits) % 2:
            hours = sorted(wait.total_seconds() // 3600 for wait in waits)
            assert row["median_hours"] == hours[len(hours) // 2]


def people(number, channel, at=START):
    ids = [f"{channel}{i}" for i in range(number)]
    return pd.DataFrame({"member_id": ids, "joined_at": at, "channel": channel})


def test_open_windows_are_neither_loss_nor_success(make_dataset):
    # Ten add the adviser five days before the end: whoever chats at once proves nothing yet.
    early, late = people(40, "a"), people(10, "b", dt.datetime(2026, 3, 27))
    members = pd.concat([early, late])
    added = members.rename(columns={"joined_at": "at"}).assign(event="added_adviser")
    chats = pd.concat([added.iloc[:20], added.iloc[40:50]]).assign(event="chatted")
    chats["at"] += pd.Timedelta(hours=30)
    tables = {"members": members, "touchpoints": pd.concat([added, chats])}
    tables["touchpoints"] = tables["touchpoints"].drop(columns="channel")
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["a0"], "paid_at": [START], "amount": 1})
    # The very first chat is 30 hours after the earliest addition; one at the start opens the log.
    first = pd.DataFrame({"member_id": ["a39"], "event": ["chatted"], "at": [START]})
    tables["touchpoints"] = pd.concat([tables["touchpoints"], first])
    ds = make_dataset({**tables, "orders": orders}, as_of=AS_OF)
    row = metrics.funnel(ds, ["added_adviser", "chatted"]).iloc[1]
    assert (row["reached"], row["at_risk"], row["took"], row["open"]) == (31, 40, 21, 10)
    assert row["waiting"] == 0  # all ten have chatted, in windows still open
    assert row["rate"] == pytest.approx(21 / 40)
    assert row["low"] < row["rate"] < row["high"]
    many = metrics.funnel(ds, ["added_adviser", "chatted"], min_at_risk=20).iloc[1]
    assert (many["median_hours"], many["median_low"], many["median_high"]) == (30, 30, 30)


def test_who_has_taken_a_step_before_cannot_be_lost_to_it(make_dataset):
    # A hundred bought and were added afterwards, forty were added and thirty of them bought.
    members = people(140, "a")
    added = members.drop(columns="channel").rename(columns={"joined_at": "at"})
    added = added.assign(event="added_adviser", at=START + pd.Timedelta(days=2))
    buyers = members["member_id"].iloc[:130]
    days = [START + pd.Timedelta(days=1 if place < 100 else 3) for place in range(130)]
    orders = pd.DataFrame({"order_id": [f"o{i}" for i in range(130)], "member_id": buyers,
                           "paid_at": days, "amount": 1.0})  # fmt: skip
    ds = make_dataset({"members": members, "touchpoints": added, "orders": orders}, as_of=AS_OF)
    row = metrics.funnel(ds, ["added_adviser", "first_order"], windows={"first_order": 20}).iloc[1]
    assert (row["at_risk"], row["took"], row["already"]) == (40, 30, 100)


def test_a_step_that_was_not_seen_yet_loses_nobody(make_dataset):
    members = people(60, "a")
    added = members.drop(columns="channel").rename(columns={"joined_at": "at"})
    added = added.assign(event="added_adviser")
    added.loc[:29, "at"] = START + pd.Timedelta(days=10)
    # Chats are recorded from day 10 on: those who came on day 0 are not lost.
    chats = added.iloc[:15].assign(event="chatted")
    tables = {"members": members, "touchpoints": pd.concat([added, chats])}
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["a0"], "paid_at": [START], "amount": 1})
    row = metrics.funnel(
        make_dataset({**tables, "orders": orders}, as_of=AS_OF), ["added_adviser", "chatted"]
    ).iloc[1]
    assert (row["at_risk"], row["took"], row["unseen"], row["rate"]) == (30, 15, 30, 0.5)


def test_a_worse_channel_is_flagged_and_an_equal_one_is_not(make_dataset):
    members = pd.concat([people(400, "good"), people(400, "like"), people(400, "poor")])
    added = members.rename(columns={"joined_at": "at"}).assign(event="added_adviser")
    place = np.tile(np.arange(400), 3)
    chatted = place < np.where(added["channel"] == "poor", 100, 220)
    chats = added[chatted].assign(event="chatted")
    touches = pd.concat([added, chats]).drop(columns="channel")
    orders = pd.DataFrame(
        {"order_id": ["o"], "member_id": ["good0"], "paid_at": [START], "amount": 1}
    )
    ds = make_dataset({"members": members, "touchpoints": touches, "orders": orders}, as_of=AS_OF)
    frame = metrics.funnel(ds, ["added_adviser", "chatted"], split="channel")
    found = frame[frame["place"] == 1].set_index("segment")
    assert found["rate"].to_dict() == {"good": 0.55, "like": 0.55, "poor": 0.25}
    assert found.loc["poor", "flagged"]
    assert found.loc["poor", "difference"] == pytest.approx(0.25 - 0.55)
    assert found["difference"].gt(0).to_dict() == {"good": True, "like": True, "poor": False}
    weak = metrics.weak_steps(frame)
    assert weak[["segment", "step"]].to_numpy().tolist() == [["poor", "chatted"]]
    assert metrics.weak_steps(frame, small=101).empty  # 100 took the step
    few = metrics.funnel(ds, ["added_adviser", "chatted"], split="channel", min_at_risk=500)
    assert (few.loc[few["place"] == 1, "status"] == "too_few").all()
    assert few["rate"].isna().all()
    assert not few["flagged"].any()


@pytest.mark.parametrize(
    ("steps", "windows", "match"),
    [
        (["added_adviser"], None, "two steps"),
        (["added_adviser", "added_adviser"], None, "each once"),
        (["added_adviser", "chated"], None, "chatted"),
        (WAY, {"chatted": 0}, "windows"),
        (WAY, {"surveyed": 3}, "windows"),
    ],
)
def test_bad_ways(make_dataset, steps, windows, match):
    ds = make_dataset(world([("m1", "added_adviser", START)]), as_of=AS_OF)
    with pytest.raises(errors.ArgumentError, match=match):
        metrics.funnel(ds, steps, windows=windows)


def test_a_step_without_its_table_says_so(make_dataset):
    tables = world([("m1", "added_adviser", START)])
    tables.pop("touchpoints")
    with pytest.raises(errors.MissingTableError, match="touchpoints or memberships"):
        metrics.funnel(make_dataset(tables, as_of=AS_OF), ["joined_group", "first_order"])


def served(advisers, each, rates, at=START):
    """Members whom advisers serve, `each` by each; a planted share of each one's chats."""
    ids = [f"m{a}-{i}" for a in range(advisers) for i in range(each)]
    names = np.repeat([f"a{a}" for a in range(advisers)], each)
    members = pd.DataFrame({"member_id": ids, "joined_at": at, "adviser_id": names})
    added = members[["member_id"]].assign(at=at, event="added_adviser")
    chats = np.concatenate([np.arange(each) < round(rate * each) for rate in rates])
    return members, pd.concat([added, added[chats].assign(event="chatted")])


def test_members_of_one_adviser_are_not_independent(make_dataset):
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m0-0"], "paid_at": [START],
                           "amount": [1.0]})  # fmt: skip
    held = {}
    for name, rates in (("alike", [0.4] * 10), ("apart", [0.1, 0.7] * 5)):
        members, touches = served(10, 40, rates)
        tables = {"members": members, "touchpoints": touches, "orders": orders}
        frame = metrics.funnel(make_dataset(tables, as_of=AS_OF), ["added_adviser", "chatted"])
        held[name] = frame.iloc[1]
        assert frame.iloc[1]["rate"] == pytest.approx(0.4)
    assert held["alike"]["deff"] == 1.0
    # By hand: the mean of ten shares with a standard deviation of √(10/9) × 0.3, Student's t of 9.
    half = 2.262 * np.sqrt(10 / 9) * 0.3 / np.sqrt(10)
    own = held["apart"]
    assert (own["high"] - own["low"]) / 2 == pytest.approx(half, rel=0.15)
    whole = metrics.funnel(make_dataset(tables, as_of=AS_OF), ["added_adviser", "chatted"])
    assert "design effect" in metrics.step_rate(whole, "chatted").method


@pytest.mark.slow
def test_intervals_cover_where_advisers_differ(make_dataset):
    # Shares of twelve advisers from Beta(4, 6): alike by 1 / 11; the truth is their mean, 0.4.
    rng, hits, naive, worlds = np.random.default_rng(5), 0, 0, 40
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m0-0"], "paid_at": [START],
                           "amount": [1.0]})  # fmt: skip
    for _ in range(worlds):
        rates = rng.binomial(30, rng.beta(4, 6, 12)) / 30
        members, touches = served(12, 30, rates)
        tables = {"members": members, "touchpoints": touches, "orders": orders}
        frame = metrics.funnel(make_dataset(tables, as_of=AS_OF), ["added_adviser", "chatted"])
        row = frame.iloc[1]
        hits += row["low"] <= 0.4 <= row["high"]
        half = 1.96 * np.sqrt(row["rate"] * (1 - row["rate"]) / 360)
        naive += abs(row["rate"] - 0.4) <= half
    assert hits >= 32  # 99.9 % of Binomial(40, .95)
    assert naive < 32


def test_orders_and_messages_alone_show_no_way(make_dataset):
    members = people(60, "a").drop(columns="channel")
    said = members.rename(columns={"joined_at": "sent_at"}).assign(group_id="g")
    said["message_id"] = [f"x{i}" for i in range(60)]
    ds = make_dataset({"members": members, "messages": said}, as_of=AS_OF)
    with pytest.raises(errors.NotEnoughDataError, match="usual steps the workspace shows none"):
        metrics.funnel(ds)
