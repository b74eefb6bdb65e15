"""Tables: escaped, deterministic, words where there is no figure, colours from variables."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import chart_samples as samples
import numpy as np
import pandas as pd
import pytest
from great_tables import GT

from commlab.charts import health, retention, segments, tables
from commlab.errors import ArgumentError

LANGS = ("en", "zh")


class Cells(HTMLParser):
    """Collects tags, attributes and the text of body rows."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self._inside = False
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.rows[-1][-1] += data


def cells(table: GT) -> list[list[str]]:
    return Cells(tables.to_html(table)).rows


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", samples.TABLES)
def test_same_markup_twice_and_no_input_changed(name, lang):
    function, make = samples.TABLES[name]
    frame = make()
    before = frame.copy(deep=True)
    first = tables.to_html(function(frame, lang=lang))
    pd.testing.assert_frame_equal(frame, before)
    assert first == tables.to_html(function(make(), lang=lang))


@pytest.mark.parametrize("name", samples.TABLES)
def test_markup_is_inert_and_has_no_colour_of_its_own(name):
    function, make = samples.TABLES[name]
    markup = tables.to_html(function(make(), lang="en"))
    parsed = Cells(markup)
    assert parsed.tags <= {"div", "style", "table", "thead", "tbody", "tfoot", "tr", "th", "td",
                           "span", "colgroup", "col", "wbr", "code"}  # fmt: skip
    assert not [name for name in parsed.attributes if name.startswith("on")]
    for colour in re.findall(r"#[0-9a-fA-F]{6}\b", markup):
        assert f", {colour})" in markup  # only as what stands in for an absent variable
    assert "url(" not in markup
    assert "@import" not in markup


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_names_are_escaped(lang):
    evil = (
        *samples.HOSTILE[:4],
        '"><img src=x onerror=alert(1)>',
        "{{7*7}} **bold** `x`",
        "</style>",
    )
    for table in (
        retention.by_segment(samples.low_points(evil), lang=lang, title=evil[0]),
        retention.friend_loss(samples.friends(evil), lang=lang),
        retention.mix_rate(samples.mix(evil), lang=lang),
    ):
        markup = tables.to_html(table)
        assert "<script" not in markup
        assert "<img" not in markup
        assert markup.count("</style>") == 1
        assert "&lt;img src=x" in markup
        assert "**bold**" in markup
        shown = [cell for row in cells(table) for cell in row]
        assert samples.HOSTILE[1] in shown


def test_figures_interval_and_verdict():
    rows = cells(retention.by_segment(samples.low_points(), lang="en"))
    first = [cell.replace("\u00a0", " ") for cell in rows[2]]
    assert first == [
        "官方商城",
        "1,900",
        "30 %",
        "42 %",
        "−12.1 (−14.1 to −10.1)",
        "230",
        "▼ lower",
    ]


def test_rate_cell_has_one_precision():
    rows = cells(retention.friend_loss(samples.friends(), lang="en"))
    assert "14\u00a0% (12–17)" in rows[2]
    rows = cells(retention.friend_loss(samples.friends(), lang="zh"))
    assert "14%（12–17）" in rows[2]


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "too few to say"), ("zh", "样本不足，不作判断")]
)
def test_no_figure_is_said_in_words(lang, words):
    rows = cells(retention.friend_loss(samples.friends(), lang=lang))
    assert rows[-1][-3:] == [words] * 3
    assert cells(retention.worth(samples.money(), lang=lang))[-1][-2:] == [words] * 2


def test_at_most_twelve_rows_and_the_rest_is_counted():
    many = pd.concat([samples.low_points()] * 3, ignore_index=True)
    many["segment"] = [f"s{place:02d}" for place in range(len(many))]
    rows = cells(retention.by_segment(many, lang="en"))
    assert sum(row[0].startswith("s") for row in rows) == 12
    assert any("9 rows more" in cell for row in rows for cell in row)


def test_mix_and_rate_add_up():
    frame = samples.mix()
    rows = cells(retention.mix_rate(frame, lang="en"))
    total = 100 * (frame["mix"].sum() + frame["rate"].sum())
    assert rows[-1][0] == "All segments"
    assert rows[-1][-1] == f"−{abs(total):.1f}"


def test_worst_segment_first_and_those_without_figures_last():
    frame = samples.low_points()
    frame.loc[0, "status"] = "too_few"
    rows = segments.compared(frame)
    assert rows["segment"].tolist()[0] == "样本机快闪店"
    assert rows["segment"].tolist()[-1] == "官方商城"
    assert rows["verdict"].tolist()[-1] == ""


def test_several_periods_need_a_choice():
    frame = pd.concat([samples.low_points().assign(period=k) for k in (1, 3)])
    with pytest.raises(ArgumentError, match=r"Name one: period=1"):
        segments.compared(frame)
    assert len(segments.compared(frame, 3)) == len(samples.SEGMENTS)


def test_findings_take_what_check_returns():
    from commlab.quality.findings import Finding, Findings

    found = Findings((Finding("orders", "amount", "negative_amount", "warning", 3, 0.01),))
    row = cells(health.findings(found, lang="zh"))[2]
    assert row[0] == "▲ 警告"
    assert row[1] == "orders.amount"
    clean = health.findings(Findings(), lang="en")
    assert "nothing was found" in tables.to_html(clean)


def test_severity_is_never_colour_alone():
    rows = cells(health.findings(samples.findings(), lang="en"))
    assert [row[0] for row in rows[2:]] == ["■ Error", "▲ Warning", "○ Note"]


def test_answers_name_reports_in_the_language():
    names = {"02_cohort_retention": {"zh": "同期群留存", "en": "Cohort retention"}}
    rows = cells(health.answers(samples.answers(), lang="zh", names=names))
    assert rows[2] == ["同期群留存", "● 可以", "–"]
    assert rows[3] == ["03_channel_quality", "◐ 部分可以", "有了更全面：touchpoints, costs"]


def test_identifiers_are_safe_and_distinct():
    assert tables.identifier("a b", "en") != tables.identifier("a.b", "en")
    assert re.fullmatch(r"[a-z0-9-]+", tables.identifier('x"><script>', "zh"))


def test_tables_of_others_are_refused():
    with pytest.raises(ArgumentError, match=r"tables\.build"):
        tables.to_html(GT(pd.DataFrame({"a": [1]})))


def test_bar_width_is_the_share_of_the_scale():
    row = pd.Series({"rate": 0.2, "status": "ok"})
    assert "width:50.0%" in tables.share("rate", bar=True, scale=0.4)(row, "en")
    assert "width:100.0%" in tables.share("rate", bar=True, scale=0.1)(row, "en")
    assert "bar" not in tables.share("rate", bar=True)(pd.Series({"rate": np.nan}), "en")


def test_sentences_carry_the_head_of_their_column_for_phones():
    function, make = samples.TABLES["findings"]
    markup = tables.to_html(function(make(), lang="zh"))
    heads = re.findall(r"<th [^>]*>([^<]*)</th>", markup)
    assert len(heads) == 6
    assert re.findall(r'data-label="([^"]*)"', markup)[:6] == heads
    assert '<span class="long">' in markup
