"""Topics of talk and alerts on complaints: what is planted is found, what is not is not said."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from commlab import models
from commlab.errors import NotEnoughDataError
from commlab.models.topics import words_of

TALK = {
    "sun": ["今天太阳很大出门涂防晒", "防晒在海边补涂", "太阳晒伤之后怎么修复",
            "海边太阳晒得厉害防晒不能停"],
    "post": ["快递还在路上", "物流信息三天没有更新", "快递站取件排队", "物流慢快递站太远"],
    "mask": ["晚上敷面膜睡觉", "面膜精华倒出来涂脖子", "睡觉之前敷面膜", "面膜冷藏之后敷着舒服"],
}  # fmt: skip


def texts(seed=0, n=900, late_share=(1, 1, 1)):
    rng = np.random.default_rng(seed)
    late = np.arange(n) % 2 == 1
    weights = np.where(late[:, None], np.array(late_share), 1.0)
    kind = [rng.choice(3, p=row / row.sum()) for row in weights]
    names = list(TALK)
    return pd.DataFrame(
        {
            "member_id": [f"m{rng.integers(60)}" for _ in range(n)],
            "group_id": [f"g{one % 12}" for one in range(n)], "late": late,
            "text": [rng.choice(TALK[names[one]]) for one in kind],
            "truth": [names[one] for one in kind],
        }
    )  # fmt: skip


def test_planted_topics_are_found():
    rows = texts()
    found = models.find_topics(rows, topics=3).to_frame()
    own = [{"防晒", "太阳", "海边"}, {"快递", "物流"}, {"面膜", "睡觉"}]
    told = [set(words.split("、")) for words in found["words"]]
    match = [max(range(3), key=lambda k: len(own[k] & words)) for words in told]
    assert sorted(match) == [0, 1, 2]
    counts = rows["truth"].value_counts()
    names = list(TALK)
    for place, words in enumerate(match):
        assert found["messages"][place] == pytest.approx(counts[names[words]], rel=0.25)
    assert not found["flagged"].any()


def test_a_topic_that_grows_is_flagged():
    found = models.find_topics(texts(1, 2000, late_share=(3, 1, 1)), topics=3).to_frame()
    grown = found[found["words"].str.contains("太阳")].iloc[0]
    assert grown["flagged"]
    assert grown["low"] > 0.1


def test_words_that_few_use_and_names_of_people_are_left_out():
    rows = texts()
    rows.loc[:200, "member_id"] = "m1"
    rows.loc[:200, "text"] = "密语暗号暗号密语"  # one person's secret language
    found = models.find_topics(rows, topics=3).to_frame()
    assert not found["words"].str.contains("密语|暗号").any()
    assert words_of(["@不熬夜的桂花\u2005收到了没有问题"])[0] == words_of(["收到了没有问题"])[0]


def test_names_of_products_are_one_word():
    assert "屏障面霜" in words_of(["屏障面霜怎么用"], ["屏障面霜"])[0]
    assert "屏障面霜" not in words_of(["屏障面霜怎么用"])[0]


def test_too_little_text_is_refused():
    with pytest.raises(NotEnoughDataError, match="500"):
        models.find_topics(texts().head(100), topics=3)
    with pytest.raises(NotEnoughDataError, match="words are used"):
        models.find_topics(texts().assign(text="好的好的谢谢"), topics=3)


def counts(now, people=None):
    n = len(now)
    return pd.DataFrame(
        {"group_id": [f"g{k:02}" for k in range(n)], "messages": 200, "negative": now,
         "people": people or now, "messages_before": 600, "negative_before": 12}
    )  # fmt: skip


def test_only_the_group_that_complains_more_is_flagged():
    found = models.complaint_alerts(counts([4, 4, 19, 4, 4, 4, 5, 3])).set_index("group_id")
    assert found.index[found["flagged"]].tolist() == ["g02"]
    assert found.index[0] == "g02"
    assert found.loc["g02", "rate"] == pytest.approx(0.095)


def test_one_person_who_complains_all_day_raises_no_alarm():
    assert models.complaint_alerts(counts([4, 12, 4], [4, 12, 4]))["flagged"].sum() == 1
    assert not models.complaint_alerts(counts([4, 12, 4], [1, 1, 1]))["flagged"].any()


def test_groups_that_do_not_differ_are_flagged_seldom():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(60):
        rows = counts(rng.poisson(4, 15).tolist())
        hits += models.complaint_alerts(rows.assign(negative_before=rng.poisson(12, 15)))[
            "flagged"
        ].any()
    assert hits <= 10  # 99.9 % of Binomial(60, .05)


def test_share_of_complaints_has_groups_as_clusters():
    even, uneven = counts([4] * 10), counts([0] * 5 + [8] * 5)
    plain, wide = models.complaint_share(even), models.complaint_share(uneven)
    assert plain.value == wide.value == pytest.approx(0.02)
    assert wide.high - wide.low > 1.4 * (plain.high - plain.low)
    assert models.complaint_share(counts([1]).assign(messages=10)).status == "too_few"
    one = models.complaint_share(counts([4]))  # many messages, yet of a single group
    assert (one.status, one.reason) == ("too_few", "1 < 2")
    assert models.complaint_share(even, before=True).value == pytest.approx(0.02)


def test_every_sentence_of_advice_has_its_slots():
    from commlab.text import t

    rates = pd.DataFrame({"planned": [100], "executed": [70], "executed_rate": [0.7]})
    tired = pd.DataFrame({"recent": [1], "ratio": [0.7], "ratio_low": [0.6], "ratio_high": [0.8],
                          "delivered": [900]})  # fmt: skip
    gain = tired.assign(ratio=1.4, ratio_low=1.1, ratio_high=1.7)
    signals = pd.DataFrame({"category": ["面膜"], "ratio": [1.5], "low": [1.2], "high": [1.9],
                            "people": [90], "flagged": [True]})  # fmt: skip
    from .test_contentrates import pieces

    rows = pieces()
    forms, part = models.content_rates(rows, "form"), models.content_rates(rows, "part")
    alike = models.content_rates(pieces(5, effects=(0, 0, 0)), "form")
    wins = pd.DataFrame({"winner": [True, False]})
    silent = pd.DataFrame({"gap_days": [30, 2]})
    found = [
        *models.send_advice(rates, tired, gain), *models.demand_advice(signals),
        *models.content_advice(forms, part, wins, silent),
        *models.content_advice(alike, None, None, None),
        models.complaint_advice(pd.DataFrame({"flagged": [True]})),
        models.complaint_advice(pd.DataFrame({"flagged": [False]})),
    ]  # fmt: skip
    assert {name for name, _ in found} == {
        "unsent", "tired", "tag", "demand", "form", "forms", "hour", "repeat", "neglected",
        "complaints", "read",
    }  # fmt: skip
    for (name, values), lang in itertools.product(found, ("en", "zh")):
        assert "{" not in t(f"content.action.{name}", lang, **values)
    assert models.send_advice(None, None, None) == []
    assert models.demand_advice(None) == models.content_advice(None, None, None, None) == []
