"""Every page of a run as a reader sees it: on a phone and wide, light and dark, printed."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from notebooks.run_folder import Run

from .chromium import Browser, Seen

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ["index", *sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))]
PAGES = [f"{name}.{lang}" for name in NAMES for lang in ("en", "zh")]
EVERY = list(itertools.product(PAGES, (390, 1280), ("light", "dark")))


def looked_at(places: list[tuple[str, int, str]]) -> pytest.MarkDecorator:
    names = ["-".join(map(str, place)) for place in places]
    return pytest.mark.parametrize("seen", places, indirect=True, ids=names)


every_look = looked_at(EVERY)


@every_look
def test_nothing_is_loaded_and_nothing_runs(seen: Seen):
    assert seen.requests == []
    assert seen.executed == []
    assert seen.handlers == []
    assert seen.complaints == []


@every_look
def test_nothing_is_wider_than_the_screen(seen: Seen):
    assert seen.overflow == [0, 0]  # as it opens, and with every folded part open
    assert seen.clipped == []


@every_look
def test_every_letter_can_be_read(seen: Seen):
    assert seen.contrasts == []
    assert seen.tofu == ""


@every_look
def test_cards_stand_two_to_a_row_on_a_phone_and_more_elsewhere(seen: Seen):
    for rows in seen.cards:
        full = rows[:-1]
        assert rows[-1] <= max(rows)
        if seen.width < 600:
            assert set(full) <= {2}
            assert rows[-1] <= 2
        else:
            assert all(row >= 3 for row in full)
    assert seen.cards


@every_look
def test_charts_are_there_in_the_form_for_the_screen(seen: Seen):
    for picture in seen.pictures:
        assert picture["came"], picture["alt"]
        assert picture["narrow" if seen.width < 600 else "wide"], picture["alt"]
        # The smallest letters have 9.5 and 8.5 pt: a smaller scale makes them less than 10 px.
        assert picture["scale"] >= (0.8 if seen.width < 600 else 0.89), picture["alt"]


@every_look
def test_tables_of_sentences_need_no_sideways_scrolling(seen: Seen):
    for table in seen.tables:
        assert table["titleRight"] <= seen.width, table["title"]
        if table["sentences"]:
            assert table["hidden"] <= 0, table["title"]


@looked_at([place for place in EVERY if place[1] == 1280])
def test_print_is_light_whatever_the_screen(seen: Seen):
    assert seen.paper == "255 255 255"
    assert seen.print_contrasts == []
    assert seen.pdf.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", seen.pdf)) < 40


@looked_at([place for place in EVERY if place[1:] == (1280, "light")])
def test_no_chart_or_table_row_is_cut_by_the_paper(seen: Seen):
    """What is wider than paper would be cut; what may not break inside a page must fit on one."""
    assert seen.cut == []


def test_pages_hold_what_is_looked_at(browser: Browser, sample_run: Run):
    """Charts, cards and tables are found at all: a renamed class must not empty the tests."""
    page = (sample_run.folder / "share" / "02_cohort_retention.en.html").as_uri()
    found = browser.look(page, width=390, scheme="light")
    assert len(found.pictures) >= 8
    assert len(found.tables) >= 4
    assert sum(map(sum, found.cards)) >= 4
    assert sample_run.exit_status == 0


BAD = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{policy}
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ background: #fff; font-family: sans-serif; }} .quiet {{ color: #999; }}
@media print {{ body {{ background: #222; }} }}
@media (prefers-color-scheme: dark) {{ .dark {{ color: #eee; }} }}
</style></head><body>
<script>document.title = "ran"</script>
<p class="quiet">pale words</p><p>no glyph: \U0001074f\u0379</p>
<p class="dark" onclick="x()">dark</p>
<img src="http://example.invalid/a.png"><img src="other.png">
<div style="width: 1900px">wide</div>
<div class="cards"><div class="card">one</div><div class="card">two</div></div>
</body></html>"""


def test_a_bad_page_is_found_out(browser: Browser, tmp_path: Path):
    """Each measure catches what it is for, so that silence elsewhere means something."""
    (tmp_path / "bad.html").write_text(BAD.format(policy=""), encoding="utf-8")
    seen = browser.look((tmp_path / "bad.html").as_uri(), width=1280, scheme="dark")
    assert "http://example.invalid/a.png" in seen.requests
    assert (tmp_path / "other.png").as_uri() in seen.requests
    assert seen.refused == []
    assert seen.executed
    assert len(seen.handlers) == 2
    assert seen.overflow[0] > 500
    assert {line.split(" (")[0] for line in seen.contrasts} == {"pale words", "dark"}
    assert seen.tofu == "\U0001074f\u0379"
    assert seen.cards == [[1, 1]]
    assert seen.paper == "34 34 34"
    assert any(line.startswith("wide") for line in seen.cut)


def test_the_policy_of_the_pages_stops_what_slips_in(browser: Browser, tmp_path: Path):
    template = (ROOT / "commlab" / "report" / "templates" / "page.html.j2").read_text("utf-8")
    policy = re.search(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", template)
    assert policy is not None
    (tmp_path / "bad.html").write_text(BAD.format(policy=policy[0]), encoding="utf-8")
    seen = browser.look((tmp_path / "bad.html").as_uri(), width=390, scheme="light")
    assert seen.executed == []
    assert len(seen.requests) == 2
    assert seen.refused == seen.requests
    assert any("script-src" in line for line in seen.complaints)
    assert any("img-src" in line for line in seen.complaints)
