"""Pages of an executed notebook: one language, self-contained, without scripts."""

from __future__ import annotations

import re

import nbformat
import pytest
import sample_page
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sample_page import Page

from commlab.errors import ArgumentError, RunError
from commlab.report import export
from commlab.text import catalogue

CSP = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
URLS = {"src", "srcset", "href", "action", "data", "poster", "background"}


def self_contained(markup):
    page = Page(markup)
    assert page.stack == []
    assert page.named("meta")[1] == {"http-equiv": "Content-Security-Policy", "content": CSP}
    allowed = {"meta", "title", "style", "html", "head", "body"}
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object", "base", "svg", "form"} - allowed
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in URLS:
                assert value.startswith(("data:image/", "#")), (tag, name, value[:60])
    style = "".join(re.findall(r"<style>(.*?)</style>", markup, re.DOTALL))
    assert "url(" not in style
    assert "@import" not in style
    return page


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The sample, run in a kernel; about five seconds."""
    folder = tmp_path_factory.mktemp("executed")
    data = sample_page.write_workspace(folder)
    text = sample_page.write_texts(folder)
    node = sample_page.notebook(text, data, str(folder / "run"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMMLAB_NOTEBOOKS", str(folder))
        return sample_page.execute(node, folder)


@pytest.fixture
def pages(executed, sample_texts):
    node = nbformat.read(executed, as_version=4)
    return {lang: export.to_html(node, lang) for lang in ("en", "zh")}


def test_pages_hold_one_language_and_nothing_that_runs_or_loads(pages, executed):
    for lang, other in (("en", "zh"), ("zh", "en")):
        page = self_contained(pages[lang])
        own, foreign = catalogue.entries("sample", lang), catalogue.entries("sample", other)
        assert own["sample.finding.channel"] in page.text
        assert foreign["sample.finding.channel"] not in page.text
        assert page.named("html") == [{"lang": {"en": "en", "zh": "zh-CN"}[lang]}]
        assert len(page.named("h1")) == 1
        assert len(page.named("picture")) == 2
        assert all(image.get("alt") for image in page.named("img"))
    assert "Who is" in pages["en"]
    assert "Who is" not in pages["zh"]


def test_pages_hold_nothing_of_the_machine(pages, executed):
    for markup in pages.values():
        assert "# Parameters" not in markup  # injected by papermill, with the path of the data
        assert "catalogue.FOLDER" not in markup  # tagged remove-cell
        assert str(executed.parent) not in markup
        assert "cl.report.begin" in re.sub(r"<[^>]+>", "", markup)  # the code is there
        assert "3 rows had no date" in markup  # and what it told, without where


def test_the_contents_list_names_every_section_once(pages):
    page = Page(pages["zh"])
    ids = [attributes.get("id") for tag, attributes in page.tags if tag in ("h2", "h3")]
    assert len(set(ids)) == len(ids) == 5
    assert [link["href"] for link in page.named("a")] == [f"#{name}" for name in ids] * 2


def test_order_of_the_page(pages):
    words = ("谁留下来了", "数据截至", "入群次月留存率", "建议动作", "派样机渠道成员",
             "门店成员更稳定", "暂时无法回答的问题", "制作说明")  # fmt: skip
    body = pages["zh"].partition("<main>")[2]
    body = re.sub(r'<details class="contents.*?</details>', "", body, flags=re.DOTALL)
    places = [re.search(rf">[^<]*{word}", body).start() for word in words]
    assert places == sorted(places)


def test_export_writes_the_same_page_twice(executed, sample_texts, tmp_path):
    for name in ("a", "b"):
        export.export_notebook(executed, tmp_path / "share" / f"{name}.html", "zh")
    one, other = sorted((tmp_path / "share").iterdir())
    assert one.read_bytes() == other.read_bytes()


def test_a_notebook_that_cannot_be_read(tmp_path):
    path = tmp_path / "broken.ipynb"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match=r"broken\.ipynb"):
        export.export_notebook(path, tmp_path / "x.html", "en")
    with pytest.raises(ArgumentError, match="lang"):
        export.to_html(new_notebook(), "fr")


def display(data, **about):
    return new_output("display_data", data, metadata={"commlab": about} if about else {})


def html_of(*outputs, source="x", lang="en", tags=(), **options):
    cell = new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})
    return export.to_html(new_notebook(cells=[cell]), lang, name="n", **options)


def test_hostile_outputs_and_markdown():
    bad = "<p>ok</p><script>alert(1)</script><img src=x onerror=alert(1)><meta charset=x>"
    cells = [
        new_markdown_cell(f"# T <script>alert(2)</script>\n\n[x](javascript:alert(3))\n\n{bad}"),
        new_code_cell("a", outputs=[display({"text/html": bad}, lang="en", kind="text")]),
        new_code_cell("b", outputs=[display({"text/html": bad})]),
        new_code_cell("c", outputs=[display({"application/javascript": "alert(4)"})]),
        new_code_cell("d", outputs=[display({"image/svg+xml": "<svg onload=alert(5)>"})]),
        new_code_cell("e", outputs=[display({"image/png": '"><script>alert(6)</script>'})]),
        new_code_cell("f", outputs=[new_output("stream", text="</pre><script>alert(7)</script>")]),
        new_code_cell("</details><script>alert(8)</script>"),
    ]
    markup = export.to_html(new_notebook(cells=cells), "en")
    page = Page(markup)
    assert page.stack == []
    assert page.named("script") == []
    assert "alert(4)" not in markup
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "javascript:" not in attributes.get("href", "")
    assert page.text.count("ok") == 3


def test_outputs_by_language_style_and_secrecy():
    outputs = [
        display({"text/html": "<p>both</p>"}),
        display({"text/html": "<p>english</p>"}, lang="en", kind="text"),
        display({"text/html": "<p>chinese</p>"}, lang="zh", kind="text"),
        display({"text/html": "<p>styled</p>"}, lang="", kind="style"),
        display({"text/html": "<p>secret</p>"}, lang="en", kind="text", internal=True),
    ]
    assert re.findall(r"<p>(\w+)</p>", html_of(*outputs)) == ["both", "english"]
    assert re.findall(r"<p>(\w+)</p>", html_of(*outputs, lang="zh")) == ["both", "chinese"]
    kept = re.findall(r"<p>(\w+)</p>", html_of(*outputs, internal=True))
    assert kept == ["both", "english", "secret"]
    assert "both" not in html_of(*outputs, tags=["internal"])
    assert "both" in html_of(*outputs, tags=["internal"], internal=True)


def test_an_error_is_told_without_its_traceback():
    error = new_output(
        "error", ename="DataError", evalue="orders.csv: <b> in /home/someone/orders.csv",
        traceback=["File /home/someone/x.py", "\x1b[31mDataError\x1b[0m"],
    )  # fmt: skip
    markup = html_of(error)
    assert "This report stopped here" in markup
    assert "&lt;b&gt;" in markup
    assert "/home/someone" not in markup


def test_messages_lose_paths_but_not_words():
    told = "/home/x/.venv/lib/a.py:12: DataWarning: 3 rows had no date\n\x1b[31mred\x1b[0m"
    markup = html_of(new_output("stream", name="stderr", text=told))
    assert "DataWarning: 3 rows had no date\nred" in markup
    assert "/home/x" not in markup


def test_plain_results_and_pictures_stay():
    markup = html_of(
        new_output("execute_result", {"text/plain": "1 < 2"}, execution_count=1),
        display({"image/png": "iVBORw0K\nGgo=\n", "text/plain": "<Figure>"}),
    )
    assert "<pre>1 &lt; 2</pre>" in markup
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in markup
    assert "Figure" not in markup


def test_a_page_without_a_title_takes_that_of_its_topic(sample_texts):
    node = new_notebook(
        cells=[new_markdown_cell("text")], metadata={"commlab": {"topic": "sample"}}
    )
    page = Page(export.to_html(node, "zh", name="02_sample"))
    assert page.text.count("谁留在了社群里？") == 2  # title of the window, heading
    assert "成员入群后还有多少人保持活跃" in page.text
    assert "02_own" in export.to_html(new_notebook(), "en", name="02_own")


def test_headings_that_are_alike_have_anchors_of_their_own():
    body, found = export.outlined('<h2 id="a">A &amp; <b>B</b></h2><h3 id="a">A</h3><h2>中文</h2>')
    assert [(item.level, item.anchor, item.text) for item in found] == [
        (2, "a", "A & B"), (3, "s2", "A"), (2, "s3", "中文"),
    ]  # fmt: skip
    assert body.count('id="a"') == 1


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("file", ["report.css", "blocks.css"])
def test_text_has_enough_contrast_in_both_colour_schemes(file):
    css = (export.TEMPLATES / file).read_text("utf-8").partition("@media print")[0]
    schemes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for block in re.findall(r"\{([^{}]*--paper:[^{}]*)\}", css)
    ]
    assert len({scheme["paper"] for scheme in schemes}) == 2
    for scheme in schemes:
        for ink in ("ink", "quiet", "accent", "good", "bad", "watch"):
            for ground in {"paper", "card", "band"} & set(scheme):
                assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground, scheme)
