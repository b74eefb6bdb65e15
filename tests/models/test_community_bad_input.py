"""Input of the wrong kind on leaders and groups: a clear answer, never a wrong one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, MissingTableError, NotEnoughDataError

AS_OF = "2026-03-31"
WORDS = ("有人用过面霜吗？", "好用", "谢谢", "早")


def talk(writers: list[str], days: int = 56, group: str = "g") -> pd.DataFrame:
    """Everybody in turn writes once a day; each third message answers the one before."""
    n = days * 3
    at = pd.Timestamp("2026-02-03 09:00") + pd.to_timedelta(np.arange(n) * 8, unit="h")
    return pd.DataFrame(
        {"message_id": [f"{group}{k}" for k in range(n)], "group_id": group,
         "member_id": [writers[k % len(writers)] for k in range(n)], "sent_at": at.astype(str),
         "kind": "text", "text": [WORDS[k % 4] for k in range(n)],
         "reply_to": [f"{group}{k - 1}" if k % 3 == 2 else None for k in range(n)]}
    )  # fmt: skip


def people(ids: list[str], role: str = "member") -> dict[str, pd.DataFrame]:
    members = pd.DataFrame({"member_id": ids, "joined_at": "2026-01-01 09:00", "role": role})
    stays = members[["member_id", "joined_at"]].assign(group_id="g")
    return {"members": members, "memberships": stays}


IDS = [f"m{k}" for k in range(30)]


def test_messages_without_text_name_nobody_and_stop_nothing(make_dataset: Callable) -> None:
    mute = talk(IDS).drop(columns=["text", "reply_to"])
    ds = make_dataset({**people(IDS), "messages": mute}, as_of=AS_OF)
    assert cl.metrics.reply_edges(ds).empty
    assert cl.metrics.resolution(ds).empty
    profiles = cl.metrics.member_profiles(ds)
    assert (profiles[["answered", "answers", "questions"]] == 0).all(axis=None)
    assert (profiles["messages"] > 0).all()
    with pytest.raises(NotEnoughDataError):
        cl.models.graph_scores(cl.metrics.reply_edges(ds))
    weeks = cl.metrics.group_weeks(ds)
    assert weeks.loc[weeks["status"] == "ok", "messages"].sum() > 0
    for read in (cl.metrics.complaint_counts, cl.metrics.text_sample):
        with pytest.raises(MissingTableError, match="text"):
            read(ds)


def test_one_speaker_is_answered_by_nobody(make_dataset: Callable) -> None:
    ds = make_dataset({**people(IDS), "messages": talk(["m0"])}, as_of=AS_OF)
    assert cl.metrics.reply_edges(ds).empty
    profiles = cl.metrics.member_profiles(ds)
    assert profiles["member_id"].tolist() == ["m0"]
    with pytest.raises(NotEnoughDataError, match="80th percentile"):
        cl.models.select_koc(profiles)
    weeks = cl.metrics.group_weeks(ds)
    assert set(weeks.loc[weeks["messages"] > 0, "active"]) == {1}
    assert cl.models.group_deaths(weeks)["state"].tolist() == ["alive"]


def test_everybody_is_staff(make_dataset: Callable) -> None:
    ds = make_dataset({**people(IDS, "staff"), "messages": talk(IDS)}, as_of=AS_OF)
    profiles = cl.metrics.member_profiles(ds)
    assert profiles.empty
    with pytest.raises(NotEnoughDataError, match="nobody but staff"):
        cl.models.select_koc(profiles)
    assert cl.metrics.reply_edges(ds).empty
    weeks = cl.metrics.group_weeks(ds)
    assert (weeks["active"].fillna(0) == 0).all()
    with pytest.raises(NotEnoughDataError):
        cl.models.group_stages(cl.metrics.group_activity(ds))


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"content": -0.5, "social": 1.5}, r"weights\['content'\] == -0\.5"),
        ({"content": 0.5, "social": 0.2}, r"sum to 0\.7, must be 1"),
        ({"content": float("nan"), "social": 1.0}, r"weights\['content'\]"),
        ({"charm": 1.0}, "'charm'"),
        ({}, "sum to 0"),
    ],
)
def test_impossible_weights(weights: dict[str, float], told: str) -> None:
    points = pd.DataFrame(dict.fromkeys(("consumption", "content", "interaction", "social"), 1.0),
                          index=range(9))  # fmt: skip
    with pytest.raises(ArgumentError, match=told):
        cl.models.composite(points, weights)


def test_writers_who_are_in_no_list_count_as_members(make_dataset: Callable) -> None:
    """Who wrote was there: nothing is lost because the list of members is not complete."""
    ds = make_dataset({**people(IDS[:20]), "messages": talk(IDS)}, as_of=AS_OF)
    weeks = cl.metrics.group_weeks(ds)
    full = weeks[(weeks["status"] == "ok") & (weeks["messages"] == 21)]
    assert len(full)
    assert (full["active"] == 21).all()
    known = set(cl.metrics.member_profiles(ds)["member_id"])
    assert known >= set(IDS[:20])
    with pytest.raises(NotEnoughDataError, match="none of the candidates posted"):
        cl.metrics.influence_rows(
            make_dataset({**people(IDS), "messages": talk(IDS), "orders": _order()}, as_of=AS_OF),
            ["a stranger"],
        )


def _order() -> pd.DataFrame:
    return pd.DataFrame(
        {"order_id": ["o"], "member_id": ["m1"], "paid_at": ["2026-03-01 09:00"], "amount": [9.0]}
    )


def test_marks_of_strangers_are_refused(make_dataset: Callable) -> None:
    ds = make_dataset({**people(IDS), "messages": talk(IDS)}, as_of=AS_OF)
    with pytest.raises(ArgumentError, match="none of the members"):
        cl.models.learn_koc(cl.metrics.member_profiles(ds), ["a stranger"])
    assert cl.models.find_suspects(ds).unseen == ("rings", "freebies")


def test_few_marked_hunters_are_listed_though_nothing_is_learnt(make_dataset: Callable) -> None:
    tables = {**people(IDS), "messages": talk(IDS)}
    steps = pd.DataFrame({"member_id": IDS[:3], "at": "2026-03-01 09:00", "event": "sampled"})
    for more, takes in (({}, None), ({"touchpoints": steps}, 1)):
        ds = make_dataset({**tables, **more}, as_of=AS_OF)
        found = cl.models.find_suspects(ds, ["m1", "a stranger"])
        assert not found.learnt
        assert found.freebies["member_id"].tolist() == ["m1"]
        assert found.freebies["score"].tolist() == [1.0]
        told = found.freebies["takes"].iloc[0]
        assert pd.isna(told) if takes is None else told == takes
        with pytest.raises(ArgumentError, match="none of the members"):
            cl.models.find_suspects(ds, ["a stranger"])
