"""Who answers whom, from the reply field and from words; quotes written out as WeCom has them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import commlab as cl

NAMES = {"a": "Ann", "b": "小 美", "c": "阿:明", "d": "Twin", "e": "Twin", "s": "Sue"}
MEMBERS = pd.DataFrame(
    {
        "member_id": list(NAMES),
        "joined_at": ["2026-01-01 09:00"] * 6,
        "nickname": list(NAMES.values()),
        "role": ["member"] * 5 + ["staff"],
    }
)


def talk(*rows: tuple[str, str | None], **columns: list) -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(rows, columns=["member_id", "text"])
    frame["message_id"] = [f"m{place}" for place in range(len(frame))]
    frame["sent_at"] = [f"2026-03-01 10:{place:02d}" for place in range(len(frame))]
    frame["group_id"] = "g"
    stays = pd.DataFrame({"group_id": "g", "member_id": list(NAMES), "joined_at": "2026-01-02"})
    return {"members": MEMBERS, "memberships": stays, "messages": frame.assign(**columns)}


LONG = "这是一条引用/回复消息：\n“{}：\n{}”\n------\n{}"
SHORT = "「{}：{}」\n- - - - - - - -\n{}"


def pairs(ds: object) -> dict[tuple[str, str], tuple[int, int]]:
    frame = cl.metrics.reply_edges(ds)
    return {(row.source, row.target): (row.messages, row.answers) for row in frame.itertuples()}


def test_quotes_mentions_and_names_at_the_head_are_read(make_dataset: Callable) -> None:
    ds = make_dataset(
        talk(
            ("a", "在吗"),
            ("b", LONG.format("Ann", "好用吗？", "好用")),  # answers a question
            ("c", SHORT.format("小 美", "好用", "真的吗？")),  # the question is its own
            ("a", "@小 美\u2005谢谢"),
            ("c", "@Ann 你看"),
            ("b", "Ann: look here"),
            ("b", LONG.format("Nobody", "x", "y")),  # nobody of that name
            ("b", LONG.format("Twin", "x", "y")),  # two of that name
            ("a", SHORT.format("Ann", "x", "y")),  # oneself
            ("a", SHORT.format("Sue", "x", "y")),  # staff
            ("b", None),
        ),
        as_of="2026-03-31",
    )
    assert pairs(ds) == {
        ("a", "b"): (1, 0),
        ("b", "a"): (2, 1),
        ("c", "a"): (1, 0),
        ("c", "b"): (1, 0),
    }
    got = cl.metrics.resolution(ds).set_index("signal")
    # Nobody of that name, and two of one name; oneself and staff are somebody.
    assert got.loc["quote", ["messages", "resolved"]].tolist() == [6, 4]
    assert got.loc["mention", ["messages", "resolved"]].tolist() == [3, 3]


def test_the_reply_field_comes_before_the_words(make_dataset: Callable) -> None:
    tables = talk(
        ("a", "好用吗？"),
        ("b", SHORT.format("Ann", "好用吗？", "好用")),
        ("c", SHORT.format("Ann", "好用吗？", "嗯")),
        ("c", "ok"),
        reply_to=[None, "m0", "m1", "gone"],
    )
    ds = make_dataset(tables, as_of="2026-03-31")
    # c's reply field says b, whom the quote does not name; one reply names a message not there.
    assert pairs(ds) == {("b", "a"): (1, 1), ("c", "b"): (1, 1)}
    got = cl.metrics.resolution(ds).set_index("signal")
    assert got.loc["reply", ["messages", "resolved", "rate"]].tolist() == [
        3, 2, pytest.approx(2 / 3),
    ]  # fmt: skip


def test_a_list_of_mentions_names_the_first(make_dataset: Callable) -> None:
    tables = talk(("a", "hello"), ("b", "look"), mentions=[["c", "b"], None])
    assert pairs(make_dataset(tables, as_of="2026-03-31")) == {("a", "c"): (1, 0)}


def test_messages_without_words_address_nobody(make_dataset: Callable) -> None:
    tables = talk(("a", "x"), ("b", "y"))
    tables["messages"] = tables["messages"].drop(columns="text")
    ds = make_dataset(tables, as_of="2026-03-31")
    assert pairs(ds) == {}
    assert cl.metrics.resolution(ds).empty
    assert cl.metrics.member_points(ds).set_index("member_id").content["a"] == 0.5


def test_simulated_quotes_lead_to_whom_the_reply_field_names(tmp_path) -> None:
    from commlab.simulate import simulate

    simulate(tmp_path / "w", members=400, seed=3, months=6)
    with_field = cl.open_dataset(tmp_path / "w")
    truth = pairs(with_field)
    whole = pd.read_parquet(tmp_path / "w" / "messages.parquet")
    whole.drop(columns=["reply_to", "mentions"]).to_parquet(tmp_path / "w" / "messages.parquet")
    parsed = pairs(cl.open_dataset(tmp_path / "w"))
    assert sum(n for n, _ in truth.values()) > 100
    right = sum(min(n, truth.get(pair, (0, 0))[0]) for pair, (n, _) in parsed.items())
    # Names borne by two are left out, so fewer are found; those found are right.
    assert right / sum(n for n, _ in parsed.values()) > 0.99
    assert right / sum(n for n, _ in truth.values()) > 0.8
