"""The catalogues: same keys and slots in every language, clear errors, slots filled by type."""

from __future__ import annotations

import datetime as dt
import re
import string
import subprocess
import sys

import pytest

from commlab.charts import fonts
from commlab.config import LANGUAGES, china_calendar
from commlab.errors import ArgumentError
from commlab.estimate import Estimate
from commlab.text import Words, entries, has, render, t, topics, word

PAIRS = [(topic, lang) for topic in topics() for lang in LANGUAGES]


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("topic", topics())
def test_every_language_has_the_same_keys(topic):
    assert set(entries(topic, "en")) == set(entries(topic, "zh"))


@pytest.mark.parametrize("topic", topics())
def test_languages_use_slots_that_exist_in_english(topic):
    english = entries(topic, "en")
    for key, text in entries(topic, "zh").items():
        assert slots(text) <= slots(english[key]), key


@pytest.mark.parametrize(("topic", "lang"), PAIRS)
def test_texts_are_plain_and_can_be_drawn(topic, lang):
    for key, text in entries(topic, lang).items():
        assert text == text.strip() or "separator" in key or "comma" in key, key
        assert "!" not in text, key
        assert "！" not in text, key
        assert not fonts.missing(text), key


@pytest.mark.parametrize("topic", topics())
def test_chinese_uses_full_width_punctuation(topic):
    half = re.compile(r"[\u4e00-\u9fff][,;:?()]|[,;:?()][\u4e00-\u9fff]")
    for key, text in entries(topic, "zh").items():
        assert not half.search(re.sub(r"\{[^}]*\}", "", text)), key


def test_no_word_of_the_machine_spun_article():
    for topic in topics():
        for key, text in entries(topic, "zh").items():
            for odd in ("活泼", "重视", "大众号", "搬运"):
                assert odd not in text, key


def test_every_festival_has_a_name():
    for festival in china_calendar(2024, 2026):
        assert has(f"common.festival.{festival.name}")


def test_missing_key_names_the_nearest():
    with pytest.raises(ArgumentError, match=r"Did you mean 'common\.status\.too_few'"):
        t("common.status.to_few", "en")


def test_missing_topic_names_the_nearest():
    with pytest.raises(ArgumentError, match="Did you mean 'retention'"):
        t("retentoin.page.title", "en")


def test_key_without_topic_says_how_to_write_it():
    with pytest.raises(ArgumentError, match=r"topic\.path"):
        t("foot", "en")


def test_unknown_language():
    with pytest.raises(ArgumentError, match="lang == 'fr'"):
        t("common.status.too_few", "fr")


def test_slot_without_value_says_which():
    with pytest.raises(ArgumentError, match=r"slot \{as_of\}.*Did you mean 'as_off'"):
        t("common.foot.data_to", "en", as_off=dt.date(2026, 1, 1))


def test_topic_cannot_leave_the_folder():
    with pytest.raises(ArgumentError, match="no texts on"):
        t("../config.x", "en")


def test_slots_are_written_by_type():
    rate = Estimate(value=0.44, low=0.41, high=0.47, n=1054, unit="share")
    title = t("retention.triangle.title", "zh", cohort="2026年5月", when="第1个月", rate=rate)
    assert title == "2026年5月同期群：第1个月活跃率44%（41%–47%）"


def test_slot_formats():
    assert t("common.foot.n", "en", n=12345, unit="members") == "n = 12,345 members"
    assert t("common.foot.level", "zh", level=0.95).endswith("95%置信区间")
    assert t("common.foot.more_rows", "en", n=1).startswith("1 row ")


def test_value_with_braces_or_format_fields_is_plain_text():
    text = t("retention.low.title", "en", segment="{lost.__class__}", lost=3)
    assert text.startswith("{lost.__class__} lost 3 members")


def test_words_wait_for_their_language():
    later = word("common.foot.data_to", as_of=dt.date(2026, 6, 30))
    assert isinstance(later, Words)
    assert render(later, "en") == "data to 30 June 2026"
    assert render(later, "zh") == "数据截至2026年6月30日"
    outer = word("retention.low.title", segment=word("common.other.unknown"), lost=5)
    assert render(outer, "zh").startswith("未知")


def test_import_stays_light():
    code = (
        "import sys, commlab.text; print([m for m in ('pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
