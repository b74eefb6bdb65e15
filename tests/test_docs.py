"""What is documented is so: links, tables, parameters, what notebooks hand over."""

from __future__ import annotations

import importlib.util
import re
import urllib.parse
from pathlib import Path

import pytest

from commlab import text
from commlab.report import notebooks as books

ROOT = Path(__file__).resolve().parent.parent
ANALYSES = ROOT / "docs" / "analyses"
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data_samples/*.md"),
     ROOT / "reports" / "README.md"]
)  # fmt: skip
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
# Only the kit's own notebooks: COMMLAB_NOTEBOOKS may point elsewhere.
BOOKS = books.discover(ROOT / "notebooks")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
PUT = re.compile(r"cl\.report\.put\(\s*(f?\"[^\"]+\"|\w+)")


def label(item):
    return item.relative_to(ROOT).as_posix() if isinstance(item, Path) else item.name


def blocks(page, language):
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [body for named, body in found if named == language]


def anchors(page):
    """Anchors of the headings, as GitHub makes them."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_relative_link_resolves(page):
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in LINK.finditer(prose):
        target = urllib.parse.unquote(found[1] or found[2])
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), target


def test_generated_pages_are_what_their_sources_say():
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "docs" / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    assert len(make.pages()) == 2
    for page, wanted in make.pages().items():
        held = page.read_text(encoding="utf-8")
        assert held == wanted, f"{page.name} is out of date; to repair it: {make.REPAIR}"


def code_of(page):
    """The Python of a page without its comments, which are in the page's language."""
    return [re.sub(r" +#.*", "", block) for block in blocks(page, "python")]


def test_both_readmes_show_the_same_library_example():
    english, chinese = READMES
    assert code_of(english)
    assert code_of(english) == code_of(chinese)


@pytest.mark.parametrize("page", READMES, ids=label)
def test_the_readme_lists_every_notebook_and_no_other(page):
    linked = re.findall(r"\(docs/analyses/(\w+)\.md\)", page.read_text(encoding="utf-8"))
    assert linked == [book.name for book in BOOKS]


def test_every_notebook_has_a_page_and_every_page_a_notebook():
    assert {path.stem for path in ANALYSES.glob("*.md")} == {book.name for book in BOOKS}


def section(book, title):
    page = (ANALYSES / f"{book.name}.md").read_text(encoding="utf-8")
    return page.split(f"\n## {title}\n")[1].split("\n## ")[0]


def documented(book, title):
    return re.findall(r"^\| `([^`]+)` \|", section(book, title), re.MULTILINE)


def handed_over(book):
    """Patterns of the keys that a notebook hands over; slots of f-strings are left open."""
    import nbformat

    cells = nbformat.read(book.path, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    found = []
    for source in sources:
        for key in PUT.findall(source):
            if not key.endswith('"'):  # a name: what the cell sets it to
                (key,) = re.findall(rf"^ *{key} = (f?\"[^\"]+\")$", source, re.MULTILINE)
            plain = key.removeprefix("f").strip('"')
            parts = re.split(r"\{[^}]+\}", plain) if key.startswith("f") else [plain]
            found.append(re.compile(r"[\w-]+".join(map(re.escape, parts))))
    return found


@pytest.mark.parametrize("book", BOOKS, ids=label)
def test_documented_figures_and_tables_are_handed_over_and_the_other_way_round(book):
    figures, tables = documented(book, "Figures"), documented(book, "Tables")
    keys, patterns = [*figures, *tables], handed_over(book)
    assert patterns
    for key in keys:
        assert any(pattern.fullmatch(key) for pattern in patterns), key
    for pattern in patterns:
        assert any(pattern.fullmatch(key) for key in keys), pattern.pattern
    for key in figures:  # a figure can become a card, so it has a label
        topic, _, name = key.partition(".")
        assert text.has(f"{topic}.card.{name}"), key
    start = f"{book.topic}.card."
    labels = {key for key in text.entries(book.topic, "en") if key.startswith(start)}
    assert {key.replace(".card.", ".", 1) for key in labels} == set(figures)


@pytest.mark.parametrize("book", BOOKS, ids=label)
def test_every_parameter_is_documented(book):
    own = [name for name in book.parameters if name not in books.OWN_PARAMETERS]
    assert documented(book, "Parameters") == own
