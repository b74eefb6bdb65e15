"""What a notebook calls: outputs by language, figures handed over, refusals."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
import sample_page
from matplotlib.figure import Figure

import commlab as cl
from commlab.charts import tables
from commlab.config import Target
from commlab.errors import ArgumentError, MissingTableError, NotEnoughDataError
from commlab.estimate import Estimate
from commlab.report import results
from commlab.text import t

NOW = Estimate(value=0.461, low=0.43, high=0.49, n=900, unit="share", method="Wilson")
BEFORE = Estimate(value=0.44, low=0.41, high=0.47, n=1054, unit="share", method="Wilson")


def shown(page, kind, lang):
    return [str(item.html) for item in page.outputs if (item.kind, item.lang) == (kind, lang)]


def test_the_package_is_light_and_its_names_are_functions():
    code = (
        "import sys, commlab as cl, commlab.report.page, commlab.report.blocks;"
        "assert callable(cl.report.cards) and callable(cl.report.actions);"
        "loaded = {'pandas', 'ibis', 'matplotlib', 'nbconvert'} & set(sys.modules);"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=sample_page.ROOT)


def test_every_output_is_there_once_per_language_and_says_so(begin):
    page = begin()
    cl.report.put("sample.month1", NOW)
    cl.report.cards("sample.month1")
    cl.report.actions([cl.report.Action(text="sample.action.care", people=412)])
    cl.report.heading("sample.finding.steady", rate=NOW)
    cl.report.say("sample.say.channel", rate=NOW, store=0.61)
    cl.report.show(sample_page.chart, 6)
    cl.report.show(sample_page.table, 4)
    cl.report.end()
    kinds = ["header", "cards", "actions", "heading", "text", "chart", "table", "gaps", "foot"]
    for lang in ("en", "zh"):
        assert [item.kind for item in page.outputs if item.lang == lang] == kinds
    assert [item.kind for item in page.outputs if not item.lang] == ["style"]
    assert "46 % (43–49 %)" in shown(page, "heading", "en")[0].replace("\xa0", " ")
    assert "46%（43%–49%）" in shown(page, "heading", "zh")[0]
    assert shown(page, "text", "en")[0].count("<p>") == 2
    assert 'lang="zh-CN"' in shown(page, "text", "zh")[0]
    with pytest.raises(ArgumentError, match="no page is open"):
        cl.report.end()


def test_one_language(begin):
    page = begin(lang="zh")
    cl.report.say("sample.say.channel", rate=NOW, store=0.61)
    assert {item.lang for item in page.outputs} == {"", "zh"}


def test_figures_tables_and_lists_reach_the_run_folder(begin, run_folder):
    begin(run_folder=run_folder, settings={"targets": (Target("sample.month1", 0.45),)})
    cl.report.put("sample.month1", NOW, previous=BEFORE, good="up")
    cl.report.put("sample.revenue", Estimate.count(12345, unit="money", n=3))
    cl.report.put("by_channel", pd.DataFrame({"channel": ["store"], "rate": [0.5]}))
    cl.report.put("care", cl.report.ActionList(pd.DataFrame({"member_id": ["m1"]})))
    cl.report.cards("sample.revenue", "sample.month1")
    assert results.merge_parts(run_folder) == {}
    cl.report.end()
    found = results.merge_parts(run_folder)["02_sample"]
    month1 = found["sample.month1"]
    assert month1["previous"]["value"] == 0.44
    assert (month1["good"], month1["target"], month1["headline"]) == ("up", 0.45, 2)
    assert month1["label"]["zh"] == "入群次月留存率"
    assert "currency" not in month1
    assert (found["sample.revenue"]["currency"], found["sample.revenue"]["headline"]) == ("CNY", 1)
    assert (run_folder / "share/tables/02_sample/by_channel.csv").is_file()
    assert (run_folder / "private/care.csv").is_file()


def test_opened_by_hand_nothing_is_written(begin, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    begin(run_folder="")
    cl.report.put("sample.month1", NOW)
    cl.report.put("by_channel", pd.DataFrame({"a": [1]}))
    cl.report.end()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cl.report.put("a", 3), "must be an Estimate"),
        (lambda: cl.report.put("a/b", NOW), "key =="),
        (lambda: cl.report.put("a", NOW, good="higher"), "good == 'higher'"),
        (lambda: cl.report.put("a", NOW, previous=Estimate.count(1, unit="members")), "unit"),
        (lambda: cl.report.put("a", pd.DataFrame({"b": [1]}), good="up"), "Estimate only"),
        (lambda: cl.report.cards("nothing"), "Put it first"),
        (lambda: cl.report.heading("sample.finding.no"), "no text"),
        (lambda: cl.report.heading("sample.finding.channel", level=1), "level == 1"),
        (lambda: cl.report.show(lambda lang: 3), "returned a int"),
    ],
)  # fmt: skip
def test_mistakes_are_named(begin, call, message):
    begin()
    with pytest.raises(ArgumentError, match=message):
        call()


def test_a_figure_without_a_label_in_the_catalogue_is_a_mistake(begin):
    begin()
    cl.report.put("sample.unknown", NOW)
    with pytest.raises(ArgumentError, match=r"sample\.card\.unknown"):
        cl.report.cards("sample.unknown")


def test_labels_can_be_given(begin):
    page = begin()
    cl.report.put("d11.itt.orders", NOW)
    cl.report.cards("d11.itt.orders", labels={"d11.itt.orders": "<D11> orders"})
    assert "&lt;D11&gt; orders" in shown(page, "cards", "zh")[0]


def test_a_notebook_of_ones_own_needs_no_catalogue(begin):
    page = begin(notebook="99_mine")
    cl.report.put("any.figure", NOW)
    cl.report.cards("any.figure")
    cl.report.end()
    assert "any.figure" in shown(page, "cards", "en")[0]


def test_tables_that_are_missing_are_told_with_what_they_would_add(begin):
    page = begin()
    cl.report.end()
    gaps = shown(page, "gaps", "zh")[0]
    assert "<code>messages</code>" in gaps
    assert "哪些成员在发言" in gaps
    assert "<code>members</code>" not in gaps


def test_a_table_that_cannot_be_missed(begin):
    members = {"members": sample_page.tables()["members"]}
    with pytest.raises(MissingTableError, match="02_sample needs the table orders"):
        begin(tables=members)


def test_the_foot_says_how_it_was_made_and_not_where(begin, tmp_path):
    page = begin(seed=7, cohort="month", nothing="", settings={"name": "Demo <b>"})
    ds = page.ds
    cl.report.end()
    foot = shown(page, "foot", "en")[0]
    assert ds.fingerprint() in foot
    assert "seed = 7, cohort = month" in foot
    assert "nothing" not in foot
    assert "30 June 2026" in foot
    assert "duckdb 1." in foot
    assert str(tmp_path) not in "".join(str(item.html) for item in page.outputs)
    assert "Demo &lt;b&gt;" in shown(page, "header", "en")[0]


def test_a_chart_is_drawn_wide_and_narrow_in_each_language(begin):
    page = begin()
    calls = []

    def draw(*, lang, narrow=False):
        calls.append((lang, narrow))
        figure = Figure(figsize=(4.2, 3) if narrow else (10, 5.2))
        figure.subplots().set_title(f"<{lang}> half gone")
        return figure

    cl.report.show(draw)
    assert calls == [("en", False), ("en", True), ("zh", False), ("zh", True)]
    chart = shown(page, "chart", "zh")[0]
    assert 'alt="&lt;zh&gt; half gone"' in chart
    assert 'media="(max-width: 600px)"' in chart
    assert 'width="960" height="499"' in chart
    again = len(page.outputs)
    cl.report.show(draw)
    assert str(page.outputs[again].html) == str(page.outputs[again - 2].html)  # same bytes


def test_figures_of_pyplot_are_closed(begin):
    import matplotlib.pyplot as plt

    begin(lang="en")
    plt.close("all")
    cl.report.show(lambda lang, narrow=False: plt.figure())
    assert plt.get_fignums() == []


def test_a_section_that_the_data_cannot_carry_is_refused_in_words(begin):
    page = begin()
    with cl.report.section("sample.part"):
        cl.report.put("sample.month1", NOW)
        raise NotEnoughDataError("only <3> cohorts.")
    with cl.report.section("sample.other"):
        page.ds.table("messages")
    assert "cannot be said from these data. Only &lt;3&gt; cohorts." in shown(page, "text", "en")[0]
    assert "工作区里没有这一部分所需的数据表" in shown(page, "text", "zh")[1]
    with pytest.raises(ZeroDivisionError), cl.report.section("sample.part"):
        raise ZeroDivisionError
    cl.report.cards()
    assert "46" in shown(page, "cards", "en")[0]


def test_cards_of_nothing_say_so(begin):
    page = begin(lang="zh")
    cl.report.cards()
    assert "无法给出核心指标" in shown(page, "text", "zh")[0]


def test_text_is_escaped_and_long_tables_are_folded(begin):
    page = begin(lang="en")
    cl.report.show(lambda lang: "1 < 2\n\n<script>")
    assert "<p>1 &lt; 2</p><p>&lt;script&gt;</p>" in shown(page, "text", "en")[0]
    for rows, fold, folded in (
        (12, None, True),
        (4, None, False),
        (4, True, True),
        (12, False, False),
    ):
        cl.report.show(sample_page.table, rows, fold=fold)
        assert ("<details" in shown(page, "table", "en")[-1]) is folded
    assert "<summary>Table, 4 rows</summary>" in shown(page, "table", "en")[2]


def test_a_folded_table_is_announced_by_its_title(begin):
    page = begin()
    columns = [tables.Column("Name", tables.text("name"), right=False)]
    frame = pd.DataFrame({"name": list("abc")})

    def titled(lang):
        return tables.build(frame, columns, name="sample.titled", title="A < B & co", lang=lang)

    cl.report.show(titled, fold=True)
    assert "<summary>A &lt; B &amp; co (3 rows)</summary>" in shown(page, "table", "en")[0]
    assert "<summary>A &lt; B &amp; co（共3行）</summary>" in shown(page, "table", "zh")[0]


def test_marks_of_hidden_figures_are_explained_whole_once_then_in_short(begin):
    page = begin(lang="en")
    few = pd.DataFrame({"channel": ["store", "site"], "members": [3, 900]})
    for _ in range(3):
        cl.report.show(lambda frame, lang: t("report.page.separator", lang), few)
    first, *later = shown(page, "text", "en")
    assert "Figures made of either are hidden too" in first
    assert all("&lt;5: fewer than 5 people; *: hidden with them." in words for words in later)
    assert not any("Figures made of" in words for words in later)


def test_the_kind_and_language_of_outputs_are_metadata(begin, monkeypatch):
    from commlab.report import page as module

    said = []
    monkeypatch.setattr(module, "_display", lambda html, plain, meta: said.append((plain, meta)))
    begin(lang="en")
    cl.report.say("sample.say.channel", rate=NOW, store=0.61)
    assert said[-1][1] == {"commlab": {"lang": "en", "kind": "text"}}
    json.dumps([meta for _, meta in said])
