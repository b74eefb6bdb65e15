"""All notebooks on a small community, end to end: what is written, and what may be forwarded.

The community holds traps (see `conftest.HOSTILE`): what the pages do with them is a test.
"""

from __future__ import annotations

import re
import stat
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

import commlab as cl
from commlab import disclosure
from commlab.config import LANGUAGES
from commlab.estimate import Estimate
from commlab.report.results import PERSONAL
from commlab.text import entries, fmt, t

from . import notebook_source as source
from .conftest import HOSTILE, UNMARKED, run_all
from .run_folder import ADDRESSES, HTML_LANG, marks, outputs, plain

CSP = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
HEADLINE = {
    "retention.month1": "share",
    "retention.month3": "share",
    "retention.active": "members",
    "retention.stay90": "share",
    "retention.friend_loss7": "share",
}
FORBIDDEN = {
    "applet", "audio", "base", "button", "embed", "form", "frame", "iframe", "input", "link",
    "math", "object", "script", "svg", "template", "video",
}  # fmt: skip
RETENTION = "02_cohort_retention"

each = pytest.mark.parametrize("name", source.names())
both = pytest.mark.parametrize("lang", LANGUAGES)


def pages(run):
    """Every page of the run with its name, the index too."""
    found = {(name, lang): run.page(name, lang) for name in source.names() for lang in LANGUAGES}
    return {**found, ("index", ""): run.index}


# What is written


def test_every_notebook_is_done(run):
    assert run.statuses == dict.fromkeys(source.names(), "done")
    assert run.exit_status == 0
    assert run.manifest["status"] == "done"
    assert [entry["error"] for entry in run.manifest["notebooks"]] == [None] * len(run.statuses)


def test_layout_is_that_of_the_design(run):
    top = sorted(path.name for path in run.folder.iterdir() if not path.name.startswith("."))
    assert top == [
        "index.html", "manifest.json", "notebooks", "private", "results.json", "share",
    ]  # fmt: skip
    assert sorted(path.name for path in (run.folder / "share").glob("*.html")) == sorted(
        f"{name}.{lang}.html" for name in source.names() for lang in LANGUAGES
    )
    leftovers = [path for path in run.files() if path.suffix == ".tmp" or ".work" in path.parts]
    assert leftovers == []


def test_the_manifest_lists_every_file(run):
    own = {"index.html", "manifest.json", "results.json", ".lock"}
    listed = [name for entry in run.manifest["notebooks"] for name in entry["files"]]
    written = {path.relative_to(run.folder).as_posix() for path in run.files()}
    assert written - own == set(listed)
    assert len(listed) == len(set(listed))  # a file is one notebook's


@pytest.mark.parametrize(("key", "unit"), HEADLINE.items())
def test_a_headline_figure_travels_with_its_interval_and_people(run, key, unit):
    fields = run.results[RETENTION][key]
    figure = Estimate.from_dict(fields)
    assert (figure.status, figure.unit) == ("ok", unit)
    assert figure.method
    assert figure.n > 0
    if unit == "share":
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
        assert figure.high > figure.low
    else:  # everybody is counted: nothing is estimated
        assert figure.low is figure.high is None
        assert figure.value == figure.n
    assert list(fields["label"]) == list(LANGUAGES)


@each
def test_every_figure_of_results_is_whole(run, name):
    assert run.results[name]
    for key, fields in run.results[name].items():
        figure = Estimate.from_dict(fields)  # raises when value, interval and status disagree
        assert figure.ok or figure.reason, key
        assert {"value", "low", "high", "n", "unit", "method"} <= set(fields), key
        assert figure.unit, key


@both
def test_the_page_shows_what_results_hold(run, lang):
    text = run.page(RETENTION, lang).said
    for key in HEADLINE:
        figure = Estimate.from_dict(run.results[RETENTION][key])
        label = run.results[RETENTION][key]["label"][lang]
        shown = text.partition(label)[2][:60].strip()
        assert shown.startswith(plain(fmt.value(figure, lang))), (key, shown)


def test_members_are_counted_without_known_staff(run, workspace_tables):
    roles = workspace_tables["members"].set_index("member_id")["role"]
    people = roles.index[roles.eq("member")].difference(workspace_tables["staff"]["staff_id"])
    assert UNMARKED in people
    assert run.results["00_data_health"]["health.people"]["value"] == len(people)


def test_the_accounts_of_the_lifecycle_close(run):
    flow = pd.read_csv(run.folder / "share/tables" / RETENTION / "lifecycle.csv")
    came = flow[["new", "activated_late", "resurrected"]].sum(axis="columns")
    went = flow[["dormant", "left"]].sum(axis="columns")
    parts = ["new", "activated_late", "resurrected", "dormant", "left", "active"]
    told = flow[parts].notna().all(axis="columns")  # small counts are hidden
    closes = flow["active"].shift(fill_value=0) + came - went == flow["active"]
    assert closes[told][1:].all()
    assert len(flow) >= 8
    assert told.sum() >= 3
    ok = flow[flow["status"] == "ok"]
    assert run.results[RETENTION]["retention.active"]["value"] == ok["active"].iloc[-1]


def test_cohorts_hold_everybody_once(run, workspace_tables):
    cells = pd.read_csv(run.folder / "share/tables" / RETENTION / "retention_by_cohort.csv")
    joined = workspace_tables["members"].set_index("member_id")["joined_at"]
    staff = workspace_tables["members"].set_index("member_id")["role"].ne("member")
    local = joined[~staff].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-01")
    sizes = cells.drop_duplicates("cohort").set_index("cohort")["size"]
    assert sizes.to_dict() == local.value_counts().to_dict()
    assert (cells["active"].dropna() <= cells["size"][cells["active"].notna()]).all()


def test_tables_can_be_read(run):
    assert len(run.tables()) > 10
    for path in run.tables():
        raw = path.read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf"), path.name  # for Excel
        frame = pd.read_csv(path, encoding="utf-8")
        assert len(frame.columns) > 1, path.name
        assert not [word for word in frame.columns if word.startswith("Unnamed")], path.name
        assert not set(frame.columns) & PERSONAL, path.name


def test_no_cell_is_a_formula_or_a_piece_of_python(run):
    python = re.compile(r"[(\[{].*[)\]}]\Z|None\Z|NaT\Z|nan\Z|<\w+\.|Timestamp|Estimate\(")
    seen = 0
    for path in run.tables():
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        for column in frame:
            for cell in frame[column]:
                assert not python.match(cell), f"{path.name}, {column}: {cell!r}"
                if re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell):
                    continue
                assert not cell.startswith(("=", "+", "-", "@")), f"{path.name}: {cell!r}"
                seen += cell == f"'{HOSTILE['os02']}"
    assert seen > 0  # the trap was met


@each
def test_executed_notebooks_ran_through(run, name):
    node = run.executed(name)
    kinds = {output.output_type for output in outputs(node)}
    assert kinds == {"display_data"}  # neither errors, warnings nor prints
    # Papermill counts the cell with the parameters of the run, and does not number it.
    ran = [cell for cell in node.cells if cell.cell_type == "code" and cell.execution_count]
    assert len(ran) == len(source.cells(name, "code"))
    assert [cell.execution_count for cell in ran] == sorted(cell.execution_count for cell in ran)
    assert "Glyph" not in str([output.get("text", "") for output in outputs(node)])


@each
def test_every_output_is_marked_and_drawn_in_both_languages(run, name):
    found = marks(run.executed(name))
    assert all(kind for kind, _ in found)
    english = [kind for kind, lang in found if lang == "en"]
    assert english == [kind for kind, lang in found if lang == "zh"]
    assert {lang for kind, lang in found if not lang and kind != "style"} == set()
    assert {"cards", "actions", "chart", "table", "gaps", "foot"} <= set(english)


# What may be forwarded


def test_pages_are_well_formed(run):
    for name, page in pages(run).items():
        assert page.open == [], name
        ids = page.of("id")
        assert len(ids) == len(set(ids)), name
        assert len(page.all("h1")) == (len(LANGUAGES) if name[0] == "index" else 1), name


def test_nothing_in_a_page_can_run(run):
    for name, page in pages(run).items():
        assert {tag for tag, _ in page.tags} & FORBIDDEN == set(), name
        for tag, attributes in page.tags:
            assert [word for word in attributes if word.startswith("on")] == [], (name, tag)
        assert not re.search(r"javascript:|vbscript:", page.markup, re.IGNORECASE), name


def test_pages_load_nothing(run):
    for name, page in pages(run).items():
        policy = page.all("meta")[1]
        assert policy == {"http-equiv": "Content-Security-Policy", "content": CSP}, name
        for tag, attributes in page.tags:
            for word in ADDRESSES & set(attributes):
                address = attributes[word]
                local = address.startswith(("#", "data:image/"))
                # The index leads to the reports, and so does the overview.
                if tag == "a" and name[0] in ("index", "01_overview"):
                    local = not re.match(r"[a-z]+:|/", address, re.IGNORECASE)
                assert local, (name, tag, address[:80])
        assert not re.search(r"url\(|@import|expression\(", page.style), name
        assert [style for style in page.of("style") if "url(" in style] == [], name


def test_hostile_names_are_shown_as_they_are_written(run):
    """Escaped, not dropped: otherwise two codes could look like one."""
    for lang in LANGUAGES:
        page = run.page(RETENTION, lang)
        for code in HOSTILE.values():
            assert code in page.text, code
            assert not re.search(r"&lt;(script|img).*?&amp;lt;", page.markup)
        # Where such a name is drawn in a chart, it stands in the picture's description.
        assert [text for text in page.of("alt") if "&lt;" in text or "&amp;" in text] == []


def test_every_picture_is_inside_and_described(run):
    for name, page in pages(run).items():
        images = page.all("img")
        assert len(images) == len(page.all("source"))  # one for wide and one for narrow screens
        assert all(image["src"].startswith("data:image/png;base64,") for image in images)
        assert all(len(image["alt"]) > 10 for image in images), name
    assert len(run.page(RETENTION, "en").all("img")) >= 10


@each
@both
def test_a_page_is_in_one_language(run, name, lang):
    page = run.page(name, lang)
    assert page.all("html") == [{"lang": HTML_LANG[lang]}]
    blocks = [item["lang"] for tag, item in page.tags if "lang" in item and tag != "html"]
    assert set(blocks) == {HTML_LANG[lang]}
    for cell in source.cells(name, "markdown"):
        own = f"lang-{lang}" in source.tags(cell)
        for line in filter(None, cell.source.splitlines()):
            said = " ".join(line.lstrip("# ").replace("`", "").split())
            assert (said in page.text) == own, said


@each
@both
def test_a_page_says_nothing_in_the_words_of_the_other_language(run, name, lang):
    page, other = run.page(name, lang), "en" if lang == "zh" else "zh"
    topic = source.about(name)["topic"]
    for about in (topic, "common", "report"):
        for key, text in entries(about, other).items():
            known = len(text) >= 20 if other == "en" else len(text) >= 8
            same = entries(about, lang).get(key) == text  # a name such as PageRank is no word
            if known and "{" not in text and not same and key not in ("report.index.title",):
                assert " ".join(text.split()) not in page.text, key


def test_english_pages_hold_chinese_only_from_the_data(run):
    """What this community brings along: names, and words of talk."""
    ds = cl.open_dataset(run.workspace)
    categories = ds.table("order_items").category.execute().dropna().unique()
    rooms = ds.table("groups").name.execute().dropna()
    # The longest first: the name of a group may hold that of the brand.
    topics = ds.table("contents").topic.execute().dropna().unique()
    ran = ds.table("campaigns").name.execute().dropna()
    tiers = ds.table("tiers").tier.execute().unique()
    folder = run.folder / "share" / "tables" / "10_content_timing"
    talk = pd.read_csv(folder / "talk_topics.csv")["words"].str.split("、").explode()
    terms = pd.read_csv(folder / "complaint_terms.csv")["word"]
    held = ds.table("tags").execute()
    tags = pd.concat([held["tag"], held["tag_group"]]).dropna().unique()
    regions = ds.table("members").region.execute().dropna().unique()
    names = [run.manifest["data"]["name"], *categories, *rooms, *topics, *ran, *tiers, *tags,
             *regions, t("segments.import.group", "zh")]  # fmt: skip
    brought = sorted([*names, *talk, *terms], key=len, reverse=True)
    for name in source.names():
        text = run.page(name, "en").text
        for word in brought:
            text = text.replace(word, "")
        assert source.HAN.findall(text) == [], name


def test_pictures_differ_by_language(run):
    """A chart has words: were both pages given one picture, one of them would be wrong."""
    drawn = {lang: run.page(RETENTION, lang).of("alt") for lang in LANGUAGES}
    assert len(drawn["en"]) == len(drawn["zh"])
    assert all(source.HAN.search(text) for text in drawn["zh"])
    assert not any(source.HAN.search(text) for text in drawn["en"])


def test_no_page_stopped_half_way(run):
    for name, page in pages(run).items():
        assert "Traceback" not in page.markup, name
        assert "stopped" not in " ".join(page.of("class")), name
        assert len(page.said) < len(page.text) or name[0] == "index"
        assert not re.search(r"\b(None|nan|NaT|NA|inf|True|False)\b|\{\w*\}", page.said), name


def test_nothing_tells_of_the_machine(run):
    places = {
        str(path)
        for path in (run.folder, run.workspace, source.ROOT, Path(sys.prefix), Path.home())
        if len(path.parts) > 1
    }
    places |= {f"{tempfile.gettempdir()}/", "site-packages", "ipykernel"}
    for name, text in run.forwarded().items():
        assert [place for place in places if place in text] == [], name


def test_nobody_can_be_found_in_what_is_forwarded(run, workspace_tables):
    tables = workspace_tables
    ids = {
        *tables["members"]["member_id"], *tables["staff"]["staff_id"], UNMARKED,
        *tables["contacts"]["staff_id"], *tables["orders"]["order_id"],
        *tables["messages"]["message_id"],
    }  # fmt: skip
    assert len(ids) > 1000
    for name, text in run.forwarded().items():
        assert set(re.findall(r"\w+", text)) & ids == set(), name


def test_nobody_is_quoted_in_what_is_forwarded(run, workspace_tables):
    nicknames = [name for name in set(workspace_tables["members"]["nickname"]) if len(name) >= 3]
    written = {text for text in workspace_tables["messages"]["text"].dropna() if len(text) >= 8}
    assert len(nicknames) > 100
    assert len(written) > 100
    for name, text in run.forwarded().items():
        assert [word for word in nicknames if word in text] == [], name
        assert [words for words in written if words in text] == [], name


def test_real_ids_are_in_private_only(run):
    folder = run.folder / "private"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    lists = sorted(folder.iterdir())
    assert lists
    for path in lists:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    suspects = pd.read_csv(folder / "suspected_staff.csv")
    assert suspects["member_id"].tolist() == [UNMARKED]
    assert suspects["reasons"].str.contains("works").all()


# The way in


def test_links_of_the_index_lead_somewhere(run):
    links = [item["href"] for item in run.index.all("a")]
    assert links
    for link in links:
        if link.startswith("#"):
            assert link[1:] in run.index.of("id")
        else:
            assert (run.folder / unquote(link)).is_file(), link
    for name in source.names():
        assert {f"share/{name}.{lang}.html" for lang in LANGUAGES} <= set(links)


def test_the_index_leads_to_everything_that_may_be_forwarded_and_to_the_lists(run):
    links = {unquote(item["href"]) for item in run.index.all("a")}
    wanted = [path for part in ("share", "private") for path in (run.folder / part).rglob("*")]
    files = {path.relative_to(run.folder).as_posix() for path in wanted if path.is_file()}
    assert files <= links


@both
def test_links_within_a_page_lead_somewhere(run, lang):
    for name in source.names():
        page = run.page(name, lang)
        targets = [item["href"] for item in page.all("a")]
        assert len(targets) > 8
        inside = {link.removeprefix("#") for link in targets if link.startswith("#")}
        assert inside <= set(page.of("id"))
        others = {link for link in targets if not link.startswith("#")}
        assert bool(others) == (name == "01_overview")
        assert all((run.folder / "share" / link).is_file() for link in others)


@both
def test_the_index_shows_headline_figures_with_their_interval(run, lang):
    figure = Estimate.from_dict(run.results[RETENTION]["retention.month1"])
    label = run.results[RETENTION]["retention.month1"]["label"][lang]
    card = run.index.text.partition(label)[2][:60]
    assert card.strip().startswith(plain(fmt.value(figure, lang)))
    assert plain(fmt.interval(figure, lang)).rstrip(" %") in card


# Again


def test_a_second_run_leaves_what_is_unchanged(run):
    before = {path: path.stat().st_mtime_ns for path in run.files()}
    again = run_all(run.workspace, run.folder.parent, jobs=2)
    assert again.folder == run.folder
    assert again.statuses == dict.fromkeys(source.names(), "unchanged")
    assert again.exit_status == 0
    assert again.seconds < run.seconds / 4
    own = {"index.html", "manifest.json", "results.json", ".lock"}
    after = {path: path.stat().st_mtime_ns for path in run.files()}
    assert set(after) == set(before)
    assert [path for path in before if path.name not in own and after[path] != before[path]] == []


@pytest.mark.slow
def test_a_second_forced_run_finds_the_same(run, tmp_path):
    """Same inputs and seed: figures, tables and pictures alike, pages but for their foot."""
    again = run_all(run.workspace, tmp_path, jobs=1, force=True)
    first, second = (
        {path.relative_to(one.folder).as_posix(): path for path in one.files()}
        for one in (run, again)
    )
    assert set(first) == set(second)
    compared = [name for name in first if name.endswith(".csv")] + ["results.json"]
    assert len(compared) > 10
    for name in compared:
        assert first[name].read_bytes() == second[name].read_bytes(), name
    for name in (name for name in first if name.startswith("share/") and name.endswith(".html")):
        pair = [
            without_foot(path.read_text(encoding="utf-8")) for path in (first[name], second[name])
        ]
        assert pair[0] == pair[1], name


def without_foot(markup):
    return re.sub(r"<footer.*?</footer>", "", markup, flags=re.DOTALL)


def test_no_table_shows_fewer_people_than_the_threshold(run):
    hidden = 0
    for path in run.tables():
        frame = pd.read_csv(path)
        people = [name for name in frame if disclosure.kind_of(frame, name) == "people"]
        assert not disclosure.undeclared(frame), path.name
        own = frame
        if "table" in frame:
            own = frame[frame["table"].isin(disclosure.PERSONAL_TABLES)]
        for name in people:
            assert not pd.to_numeric(own[name]).between(1, 4).any(), (path.name, name)
        hidden += int(frame.get("hidden", pd.Series(dtype=str)).notna().sum())
    assert hidden > 0  # else the community had nothing to hide


def test_pages_explain_the_marks_of_hidden_cells(run):
    for lang, words in (("en", "fewer than 5 people"), ("zh", "不足5人")):
        page = run.page("02_cohort_retention", lang)
        assert words in page.said
        assert "<5" in page.said
