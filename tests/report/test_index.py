"""The index page of a run."""

from __future__ import annotations

import pytest
from sample_page import Page

from commlab.errors import ArgumentError
from commlab.estimate import Estimate
from commlab.report import index
from commlab.report.results import ActionList, Part, merge_parts

NOW = Estimate(value=0.461, low=0.43, high=0.49, n=900, unit="share", method="Wilson")
LABEL = {"en": "Active <after>", "zh": "次月留存率"}


def manifest(*entries):
    data = {"name": "Demo <茶>", "as_of": "2026-06-30", "fingerprint": "ff00", "engine": "duckdb"}
    return {"data": data, "versions": {"python": "3.11"}, "seconds": 12.3, "notebooks": entries}


DONE = {
    "notebook": "02_sample", "topic": "sample", "status": "done", "seconds": 3.2,
    "pages": {"en": "share/02_sample.en.html", "zh": "share/02_sample.zh.html"},
}  # fmt: skip
SKIPPED = {
    "notebook": "03_channel", "topic": "none", "status": "skipped", "seconds": None,
    "reason": {"en": "It needs <channels>.", "zh": "缺少渠道表。"}, "error": None, "pages": {},
}  # fmt: skip
FAILED = {
    "notebook": "04_value", "topic": "", "status": "failed", "seconds": 1.0, "pages": {},
    "error": {"kind": "DataError", "message": "<b>amount</b> is text", "cell": 3},
}  # fmt: skip


def section(path, lang):
    text = path.read_text("utf-8")
    return text.partition(f'id="{lang}"')[2].partition(
        "</section>\n</main>" if lang == "en" else "<section"
    )[0]


def test_figures_reports_and_states_in_both_languages(run_folder, sample_texts):
    results = {"02_sample": {"sample.month1": {**NOW.to_dict(), "label": LABEL, "headline": 1}}}
    path = index.write_index(run_folder, manifest(FAILED, DONE, SKIPPED), results, ("en", "zh"))
    assert path == run_folder / "index.html"
    page = Page(path.read_text("utf-8"))
    assert page.stack == []
    assert page.named("script") == page.named("link") == []
    english, chinese = section(path, "en"), section(path, "zh")
    for part in ("Active &lt;after&gt;", "43\u2060–\u206049", "Who stays in the community?", "done",
                 "It needs &lt;channels&gt;.", "DataError: &lt;b&gt;amount&lt;/b&gt; is text",
                 "Demo &lt;茶&gt;", "30 June 2026", "12 s"):  # fmt: skip
        assert part in english, part
    for part in ("次月留存率", "谁留在了社群里？", "已完成", "缺少渠道表。", "运行出错"):
        assert part in chinese, part
    assert english.index("02_sample") < english.index("03_channel") < english.index("04_value")


def test_the_first_language_is_shown_and_the_other_is_one_link_away(run_folder):
    path = index.write_index(run_folder, manifest(DONE), {}, ("zh", "en"))
    page = Page(path.read_text("utf-8"))
    assert page.named("html") == [{"lang": "zh-CN"}]
    sections = [(item["id"], item["class"]) for item in page.named("section")]
    # The rule `.lang:target ~ .lang.first` needs the first language to come last.
    assert sections == [("en", "lang"), ("zh", "lang first")]
    assert {"#en", "#zh"} <= {link["href"] for link in page.named("a")}
    only = index.write_index(run_folder, manifest(DONE), {}, ("en",)).read_text("utf-8")
    assert [item["id"] for item in Page(only).named("section")] == ["en"]
    assert 'href="#' not in only


def test_links_lead_to_files_of_the_run(run_folder):
    import pandas as pd

    part = Part(run_folder, "02_sample")
    part.put_table("by.双11", pd.DataFrame({"a": [1]}))
    part.put_list("care", ActionList(pd.DataFrame({"member_id": ["m"]})))
    for path in (*DONE["pages"].values(), "notebooks/04_value.ipynb"):
        (run_folder / path).parent.mkdir(parents=True, exist_ok=True)
        (run_folder / path).touch()
    path = index.write_index(run_folder, manifest(DONE, FAILED), merge_parts(run_folder), ("en",))
    from urllib.parse import unquote

    links = {unquote(link["href"]) for link in Page(path.read_text("utf-8")).named("a")}
    assert links == {
        "share/02_sample.en.html", "share/02_sample.zh.html", "notebooks/04_value.ipynb",
        "share/tables/02_sample/by.双11.csv", "private/care.csv",
    }  # fmt: skip
    assert all((run_folder / link).is_file() for link in links)


def test_headlines_are_the_overviews_or_the_first_of_every_notebook():
    def fields(place):
        return {"headline": place}

    many = {f"{n:02}": {f"k{i}": fields(i) for i in (3, 1, 2)} for n in range(2, 6)}
    many["02"]["quiet"] = {}
    found = index.headlines(many)
    assert [(name, item["headline"]) for name, item in found] == [
        (f"{n:02}", i) for n in range(2, 6) for i in (1, 2)
    ]
    one = {"02": many["02"]}
    assert [item["headline"] for _, item in index.headlines(one)] == [1, 2, 3]
    overview = {**many, "01_overview": {"b": fields(2), "a": fields(1)}}
    assert [name for name, _ in index.headlines(overview)] == ["01_overview"] * 2
    assert index.headlines({}) == []


def test_an_empty_run_and_impossible_ones(run_folder):
    text = index.write_index(run_folder, {}, {}, ("en",)).read_text("utf-8")
    assert "No reports in this run" in text
    with pytest.raises(ArgumentError, match="langs"):
        index.write_index(run_folder, {}, {}, ())
    with pytest.raises(ArgumentError, match="status"):
        index.write_index(run_folder, manifest({**DONE, "status": "lost"}), {}, ("en",))
