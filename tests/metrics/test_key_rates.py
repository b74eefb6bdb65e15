"""What is done with newcomers, and tags for each talk, counted by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = "2026-03-31"
START = dt.datetime(2026, 3, 1, 9)


def world(advisers=6, each=20):
    """Every adviser's first half talks on two days; of them a quarter is tagged by hand, twice."""
    ids = [f"m{a}-{i:02}" for a in range(advisers) for i in range(each)]
    own = np.tile(np.arange(each), advisers)
    served = np.repeat([f"a{a}" for a in range(advisers)], each)
    members = pd.DataFrame({"member_id": ids, "joined_at": START, "adviser_id": served,
                            "channel": np.where(own % 2, "x", "y")})  # fmt: skip
    added = members[["member_id"]].assign(event="added_adviser", at=START)
    waits = (dt.timedelta(hours=1), dt.timedelta(hours=2), dt.timedelta(days=3))
    half = members[own < each // 2][["member_id"]]
    talked = [half.assign(event="chatted", at=START + wait) for wait in waits]
    # Somebody without an adviser opens the records of talk and of tags.
    before = START - dt.timedelta(hours=1)
    first = pd.DataFrame({"member_id": ["opener"], "event": ["chatted"], "at": [before]})
    marked = members[own < each // 4][["member_id"]]
    tags = pd.concat([
        marked.assign(tag="dry skin", source="corporate", tagged_at=START + dt.timedelta(hours=5)),
        marked.assign(tag="likes tea", source="personal", tagged_at=START + dt.timedelta(days=2)),
        marked.assign(tag="late", source="personal", tagged_at=START + dt.timedelta(days=8)),
        members[["member_id"]].assign(tag="code x", source="channel", tagged_at=START),
        pd.DataFrame({"member_id": ["opener"], "tag": "x", "source": None, "tagged_at": before}),
    ])  # fmt: skip
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m0-00"], "paid_at": [START],
                           "amount": [1.0]})  # fmt: skip
    touches = pd.concat([added, first, *talked])
    opener = members.iloc[:1].assign(member_id="opener")
    members = pd.concat([members, opener], ignore_index=True)
    return {"members": members, "touchpoints": touches, "tags": tags, "orders": orders}


def test_steps_are_counted_from_the_adviser_on(make_dataset):
    frame = metrics.key_rates(make_dataset(world(), as_of=AS_OF), None).set_index("step")
    assert list(frame.index) == ["chatted", "tagged"]  # nobody joins a group here
    assert frame["at_risk"].tolist() == [120, 120]
    assert frame["took"].tolist() == [60, 30]  # tags that the channel code sets are nobody's work
    assert frame["median_hours"].tolist() == [1, 5]
    assert (frame["deff"] == 1).all()  # advisers do alike


def test_tags_for_each_day_of_talk(make_dataset):
    row = metrics.tags_per_chat(make_dataset(world(), as_of=AS_OF), None).iloc[0]
    # 60 talked on two days each; 30 of them were tagged twice within the week.
    assert (row["people"], row["chats"], row["per_chat"]) == (60, 120, 0.5)
    assert row["low"] <= 0.5 <= row["high"]
    halves = metrics.tags_per_chat(make_dataset(world(), as_of=AS_OF), "channel")
    assert halves.set_index("segment")["people"].to_dict() == {"x": 30, "y": 30}


def test_the_interval_of_tags_takes_advisers_as_units(make_dataset):
    tables = world(advisers=8)
    # The advisers with an even number set no tag at all.
    lazy = tables["tags"]["member_id"].str[1].isin(list("0246"))
    ds = make_dataset({**tables, "tags": tables["tags"][~lazy]}, as_of=AS_OF)
    row = metrics.tags_per_chat(ds, None).iloc[0]
    each = np.tile([0.0, 10.0], 4)  # tags an adviser, of 20 days of talk
    error = np.sqrt(((each - 5) ** 2).sum() * 8 / 7) / 160
    assert row["per_chat"] == pytest.approx(0.25)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * error, rel=0.25)
    four = metrics.tags_per_chat(make_dataset(world(advisers=4), as_of=AS_OF), None).iloc[0]
    assert four["status"] == "too_few"


def test_what_is_missing_is_said(make_dataset):
    tables = world()
    bare = {name: tables[name] for name in ("members", "orders")}
    with pytest.raises(errors.MissingTableError, match="added_adviser"):
        metrics.key_rates(make_dataset(bare, as_of=AS_OF))
    with pytest.raises(errors.MissingTableError, match="tags"):
        metrics.tags_per_chat(make_dataset(bare, as_of=AS_OF))
    only = {**bare, "touchpoints": tables["touchpoints"].query("event == 'added_adviser'")}
    with pytest.raises(errors.NotEnoughDataError, match="newcomers"):
        metrics.key_rates(make_dataset(only, as_of=AS_OF))
