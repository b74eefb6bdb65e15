"""Cards, actions, gaps and foot."""

from __future__ import annotations

import pytest

from commlab.estimate import Estimate
from commlab.report import blocks
from commlab.report.blocks import Action

NOW = Estimate(value=0.5, low=0.46, high=0.54, n=600, unit="share", method="Wilson")
LOWER = Estimate(value=0.4, low=0.36, high=0.44, n=600, unit="share", method="Wilson")
CLOSE = Estimate(value=0.49, low=0.45, high=0.53, n=600, unit="share", method="Wilson")


def entry(estimate, **extra):
    label = {"en": "Month <1>", "zh": "次月"}
    return {**estimate.to_dict(), "label": label, **extra}


def plain(html):
    return str(html).replace("\xa0", " ").replace(blocks.JOINER, "")


def test_a_card_has_label_value_interval_n_and_change():
    card = plain(blocks.card(entry(NOW, previous=CLOSE.to_dict()), "en"))
    for part in ("Month &lt;1&gt;", ">50 %<", "95 %: 46–54 %", "n = 600", "could be chance"):
        assert part in card
    card = plain(blocks.card(entry(NOW, previous=CLOSE.to_dict()), "zh"))
    for part in ("次月", "50%", "95%置信区间：46%–54%", "较上期上升1.0个百分点，可能是偶然波动"):
        assert part in card


@pytest.mark.parametrize(
    ("estimate", "extra", "state"),
    [
        (NOW, {}, ""),
        (NOW, {"previous": LOWER.to_dict()}, ""),  # no rule says which way is good
        (NOW, {"previous": LOWER.to_dict(), "good": "up"}, "good"),
        (NOW, {"previous": LOWER.to_dict(), "good": "down"}, "bad"),
        (LOWER, {"previous": NOW.to_dict(), "good": "up"}, "bad"),
        (NOW, {"previous": CLOSE.to_dict(), "good": "up"}, ""),  # could be chance
        (NOW, {"target": 0.45, "good": "up"}, "good"),
        (NOW, {"target": 0.55, "good": "up"}, "bad"),
        (NOW, {"target": 0.50, "good": "up"}, "watch"),
        (NOW, {"target": 0.45, "good": "down"}, "bad"),
        (NOW, {"target": 0.45}, ""),
        (Estimate.count(10, unit="members"), {"target": 10, "good": "up"}, "good"),
        (Estimate.too_few(3, unit="share", minimum=30), {"target": 0.4, "good": "up"}, ""),
    ],
)  # fmt: skip
def test_states_come_from_rules_and_never_from_colour_alone(estimate, extra, state):
    fields = entry(estimate, **extra)
    assert blocks.state(fields) == state
    card = plain(blocks.card(fields, "en"))
    assert (f'data-state="{state}"' in card) == bool(state)
    words = {
        "good": ("better", "reached"),
        "bad": ("worse", "not reached"),
        "watch": ("too close",),
    }
    if state:
        assert any(word in card for word in words[state])


def test_too_few_and_refused_are_said_in_words():
    card = plain(blocks.card(entry(Estimate.too_few(12, unit="share", minimum=30)), "en"))
    assert "too few to say" in card
    assert "%" not in card
    refused = Estimate.refused("no costs are <known>", unit="money")
    card = plain(blocks.card(entry(refused), "zh"))
    assert "现有数据无法判断" in card
    assert "known" not in card  # the library's own reasons are in English
    assert "&lt;known&gt;" in plain(blocks.card(entry(refused), "en"))


def test_bounds_are_not_called_a_confidence_interval():
    figure = Estimate(value=0.8, low=0.8, high=1, n=9, unit="share", method="bounds for unknown")
    assert "95" not in blocks.card(entry(figure), "en")
    assert "可能范围" in blocks.card(entry(figure), "zh")


def test_small_numbers_of_people_are_not_told():
    card = plain(
        blocks.card(entry(Estimate.too_few(3, unit="share", minimum=30)), "en", small_cell=5)
    )
    assert "n below 5" in card
    assert "3" not in card.replace("30", "")
    done = plain(
        blocks.actions([Action(text={"en": "Call", "zh": "联系"}, people=3)], "en", small_cell=5)
    )
    assert "fewer than 5 people" in done


def test_what_a_figure_counts_stands_small_and_a_per_cent_sign_does_not():
    count = plain(blocks.card(entry(Estimate.count(1234, unit="members")), "en"))
    assert '1,234<span class="unit"> members</span>' in count
    count = plain(blocks.card(entry(Estimate.count(12345, unit="members")), "zh"))
    assert '1.23万<span class="unit">人</span>' in count
    assert "unit" not in plain(blocks.card(entry(NOW), "en"))
    assert "n = 1,234" not in plain(blocks.card(entry(Estimate.count(1234, unit="members")), "en"))


def test_money_is_in_the_currency_of_the_entry():
    spend = Estimate(value=80, low=70, high=90, unit="money")
    assert "£80" in blocks.card(entry(spend, currency="GBP"), "en")


def test_actions_are_ranked_by_value_then_by_people():
    def worth(value):
        return Estimate(value=value, unit="money")

    text = {"en": "x", "zh": "x"}
    few, many = Action(text=text, people=5), Action(text=text, people=50)
    small, large = (Action(text=text, value=worth(value)) for value in (10, 90))
    unknown = Action(text=text, value=Estimate.refused("no", unit="money"), people=70)
    assert blocks.ranked([few, small, unknown, many, large]) == [large, small, unknown, many, few]


def test_actions_are_told_with_people_value_and_list():
    value = Estimate(value=12345, low=11020, high=13910, unit="money")
    action = Action(
        text={"en": "Call <them>", "zh": "联系"}, people=412, value=value, list_name="care"
    )
    done = plain(blocks.actions([action], "en"))
    for part in (
        "Call &lt;them&gt;",
        "412 people",
        "worth ¥12.3k",
        "private/care.csv",
        "What to do",
    ):
        assert part in done
    assert "Nothing that these data call for" in blocks.actions([], "en")


def test_gaps_and_foot_escape():
    gaps = blocks.gaps({"messages": "<b>"}, "en")
    assert "<code>messages</code>: &lt;b&gt;" in gaps
    assert "数据表均已齐备" in blocks.gaps({}, "zh")
    foot = blocks.foot([("Name", "<b>"), ("Empty", "")], "en")
    assert "<dt>Name</dt><dd>&lt;b&gt;</dd>" in foot
    assert "Empty" not in foot
