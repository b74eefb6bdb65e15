"""Complaints by a list of words: what counts, what does not, and who finds what in the world."""

from __future__ import annotations

import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import MissingTableError
from commlab.simulate import sentences

AS_OF = "2026-05-31"


def messages(rows):
    frame = pd.DataFrame(rows, columns=["member_id", "sent_at", "text"])
    return frame.assign(message_id=[f"x{n}" for n in range(len(frame))], group_id="g1")


@pytest.mark.parametrize(
    ("text", "complains"),
    [
        ("用面霜有点刺痛，先停用了", True),
        ("物流也太慢了，三天没动", True),
        ("我用着没翻车，放心", False),
        ("没有破损，谢谢", False),
        ("「小李：退款了」\n- - - -\n我也想知道", False),
        ("「小李：好用吗」\n- - - -\n我退款了", True),
        ("This is BROKEN", True),
        ("it is not broken", False),
        ("respamming", False),  # a word inside another
        ("早上好", False),
    ],
)
def test_words_turned_round_or_quoted_do_not_count(make_dataset, text, complains):
    ds = make_dataset({"messages": messages([("m1", "2026-05-20 10:00", text)])}, as_of=AS_OF)
    assert int(metrics.complaint_counts(ds)["negative"].sum()) == complains


def test_the_workspace_adds_words_and_takes_some_away(make_dataset):
    rows = [("m1", "2026-05-20 10:00", "瓶盖色差好大"), ("m2", "2026-05-21 10:00", "这次翻车了")]
    usual = make_dataset({"messages": messages(rows)}, as_of=AS_OF)
    assert metrics.complaint_terms(usual)["word"].tolist() == ["翻车"]
    own = make_dataset(
        {"messages": messages(rows)},
        as_of=AS_OF,
        negative_words=("色差",),
        negative_except=("翻车",),
    )
    assert metrics.complaint_terms(own)["word"].tolist() == ["色差"]
    listed = metrics.complaint_list(own)
    assert listed[["member_id", "words", "text"]].to_numpy().tolist() == [
        ["m1", "色差", "瓶盖色差好大"]
    ]


def test_recent_days_and_those_before_are_told_apart(make_dataset):
    rows = [
        ("m1", "2026-05-30 10:00", "太慢了"), ("m1", "2026-05-29 10:00", "太慢了"),
        ("m2", "2026-05-04 00:00", "你们好"), ("m2", "2026-05-03 23:59", "退货"),
        ("m2", "2026-02-09 00:00", "早"), ("m2", "2026-02-08 23:59", "退货"),
        ("m9", "2026-06-01 10:00", "退货"), ("s1", "2026-05-30 10:00", "退货"),
    ]  # fmt: skip
    staff = pd.DataFrame({"staff_id": ["s1"], "role": ["adviser"]})
    ds = make_dataset({"messages": messages(rows), "staff": staff}, as_of=AS_OF)
    (row,) = metrics.complaint_counts(ds).to_dict("records")
    assert row == {"group_id": "g1", "messages": 3, "negative": 2, "people": 1,
                   "messages_before": 2, "negative_before": 1}  # fmt: skip


def test_precision_and_recall_on_the_sentences_of_the_made_up_community(make_dataset):
    """Every sentence that the simulator can write, the product filled in."""
    rows, planted = [], []
    for subject, patterns in sentences.PATTERNS.items():
        if subject >= sentences.HARD:  # staff
            continue
        for pattern in patterns:
            rows.append(("m1", "2026-05-20 10:00", pattern.format("屏障面霜")))
            planted.append(subject == sentences.COMPLAINT)
    ds = make_dataset({"messages": messages(rows)}, as_of=AS_OF)
    found = set(metrics.complaint_list(ds)["text"])
    flagged = [text in found for _, _, text in rows]
    right = sum(a and b for a, b in zip(flagged, planted, strict=True))
    assert right == sum(planted)  # recall: all six
    assert sum(flagged) == right  # precision: nothing else


def test_messages_without_text_are_refused(make_dataset):
    bare = messages([("m1", "2026-05-20 10:00", "x")]).drop(columns="text")
    with pytest.raises(MissingTableError, match="text"):
        metrics.complaint_counts(make_dataset({"messages": bare}, as_of=AS_OF))
