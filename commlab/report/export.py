"""From an executed notebook to a page of its own: one language, offline, without scripts.

nbconvert turns the cells into markup (`templates/commlab`), everything in it passes
`sanitise.clean`, and `templates/page.html.j2` puts the page round it.
"""

from __future__ import annotations

import dataclasses
import functools
import html as entities
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.preprocessors import Preprocessor
from traitlets.config import Config

from commlab import guards
from commlab.config import LANGUAGES
from commlab.errors import RunError
from commlab.report import files
from commlab.report.blocks import HTML_LANG
from commlab.report.failure import safe
from commlab.report.html import Html, escape, tag
from commlab.report.sanitise import clean
from commlab.text import has, t

TEMPLATES = Path(__file__).resolve().parent / "templates"
# Parameters stand in the foot; the cell would show the defaults, not what was run.
REMOVED_TAGS = ("parameters", "injected-parameters", "remove-cell")
INTERNAL_TAG = "internal"  # cells (and outputs marked so) that only pages kept in the house show
PICTURES = ("image/png", "image/jpeg", "image/gif")

_HEADING = re.compile(r"<h([1-3])([^>]*)>(.*?)</h\1>", re.DOTALL)
# Between the code of one cell and that of the next when the first shows nothing.
_NEXT_CODE = re.compile(r'\s*</details>\s*<details class="code"><summary>[^<]*</summary>\s*')
_TITLE_CELL = re.compile(r'<div class="prose"><h1.*?</div>\n', re.DOTALL)
_BRAND = re.compile(r'<div class="commlab of-header"[^>]*>.*?</div>\n', re.DOTALL)
_ID = re.compile(r'\bid="([^"]*)"')
_ELEMENT = re.compile(r"<[^>]*>")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# Where a warning was raised is a path of the machine that ran it; what it says stays.
_SOURCE = re.compile(r"^(?:[A-Za-z]:)?[/\\~].*?:\d+: ", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Heading:
    """One line of the contents list."""

    level: int
    anchor: str
    text: str


def export_notebook(
    executed: Path | str, page: Path | str, lang: str, *, internal: bool = False
) -> None:
    """Write the page of an executed notebook in one language.

    Args:
        executed: The notebook, with outputs.
        page: HTML file to write; it appears whole or not at all.
        lang: "en" or "zh".
        internal: Keep cells and outputs that are marked as internal.

    Raises:
        RunError: The notebook cannot be read.
    """
    path = Path(executed)
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError) as error:
        raise RunError(f"cannot be read: {error}.", where=path.name) from None
    files.write_text(Path(page), to_html(notebook, lang, name=path.stem, internal=internal))


def to_html(
    notebook: nbformat.NotebookNode, lang: str, *, name: str = "", internal: bool = False
) -> str:
    """Return the page of an executed notebook in one language; see `export_notebook`."""
    guards.one_of("lang", lang, LANGUAGES)
    code = t("report.foot.code", lang)
    markup, _ = _exporter(lang, internal).from_notebook_node(notebook, {"commlab": {"code": code}})
    body, headings = outlined(markup)
    about = notebook.metadata.get("commlab", {})
    own = next((heading.text for heading in headings if heading.level == 1), "")
    title = own or _text(about.get("topic", ""), "title", lang) or name
    lead, rest = _split_lead(body)
    return template("page.html.j2").render(
        html_lang=HTML_LANG[lang],
        title=title,
        heading="" if own else title,
        question="" if own else _text(about.get("topic", ""), "question", lang),
        contents=[heading for heading in headings if heading.level > 1],
        contents_word=t("common.headings.contents", lang),
        style=stylesheet(),
        lead=lead,
        body=rest,
    )


def _text(topic: str, name: str, lang: str) -> str:
    key = f"{topic}.page.{name}"
    return t(key, lang) if topic and has(key) else ""


def _split_lead(body: Html) -> tuple[Html, Html]:
    """Part the cell that holds the title, and brand and date, from the rest of the body."""
    lead, rest = "", str(body)
    for pattern in (_TITLE_CELL, _BRAND):
        match = pattern.search(rest)
        if match:
            lead += match.group()
            rest = rest[: match.start()] + rest[match.end() :]
    return Html(lead), Html(_NEXT_CODE.sub("\n", rest))


@functools.cache
def stylesheet() -> Html:
    """Return the style of every page."""
    parts = [
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "blocks.css")
    ]
    return Html("\n".join(parts))


def outlined(markup: str) -> tuple[Html, list[Heading]]:
    """Give every heading of cleaned markup an anchor of its own.

    Returns:
        The markup and its headings, in order.

    Example:
        >>> outlined("<h2>One</h2><h2>One</h2>")[1]
        [Heading(level=2, anchor='s1', text='One'), Heading(level=2, anchor='s2', text='One')]
    """
    headings: list[Heading] = []
    taken: set[str] = set()

    def anchored(match: re.Match[str]) -> str:
        level, attributes, inside = match.groups()
        known = _ID.search(attributes)
        anchor = known.group(1) if known else ""
        if not anchor or anchor in taken:
            anchor = f"s{len(headings) + 1}"
        taken.add(anchor)
        text = " ".join(entities.unescape(_ELEMENT.sub("", inside)).split())
        headings.append(Heading(int(level), entities.unescape(anchor), text))
        others = _ID.sub("", attributes).rstrip()
        return f'<h{level}{others} id="{anchor}">{inside}</h{level}>'

    return Html(_HEADING.sub(anchored, markup)), headings


class KeepLanguage(Preprocessor):
    """Leaves the outputs of one language, and those of none."""

    lang = ""
    internal = False

    def preprocess_cell(
        self, cell: nbformat.NotebookNode, resources: Any, index: int
    ) -> tuple[nbformat.NotebookNode, Any]:
        """Filter the outputs of one cell."""
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if self._stays(output)]
        return cell, resources

    def _stays(self, output: Mapping[str, Any]) -> bool:
        about = output.get("metadata", {}).get("commlab", {})
        if about.get("kind") == "style" or (about.get("internal") and not self.internal):
            return False
        return about.get("lang", "") in ("", self.lang)


class _Cells(HTMLExporter):
    """Cells as markup; without the pass through another parser that nbconvert adds for its own."""

    def from_notebook_node(  # type: ignore[override]  # so does nbconvert's own
        self, nb: nbformat.NotebookNode, resources: Any = None, **options: Any
    ) -> tuple[str, Any]:
        """Return the markup of the cells."""
        self.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
        return TemplateExporter.from_notebook_node(self, nb, resources, **options)


def _exporter(lang: str, internal: bool) -> _Cells:
    others = [f"lang-{other}" for other in LANGUAGES if other != lang]
    removed = {*others, *REMOVED_TAGS} | (set() if internal else {INTERNAL_TAG})
    keep = type("Keep", (KeepLanguage,), {"lang": lang, "internal": internal})
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_cell_tags = removed
    config.TagRemovePreprocessor.remove_input_tags = {"remove-input"}
    config.TagRemovePreprocessor.remove_all_outputs_tags = {"remove-output"}
    config.CSSHTMLHeaderPreprocessor.enabled = False
    config.HTMLExporter.exclude_anchor_links = True
    config.HTMLExporter.preprocessors = [keep]
    config.HTMLExporter.filters = {
        "clean": clean,
        "result": functools.partial(_result, lang=lang),
        "told": _told,
    }
    return _Cells(config=config, template_name="commlab", extra_template_basedirs=[str(TEMPLATES)])


def _result(output: Mapping[str, Any], *, lang: str) -> Html:
    """Return one output that is not a stream as HTML."""
    if output["output_type"] == "error":
        # The traceback holds paths and values; it stays in the executed notebook.
        what = safe(str(output.get("evalue", ""))) or str(output.get("ename", ""))
        return tag(
            "div", tag("p", t("report.page.stopped", lang)), tag("p", what), class_="stopped"
        )
    data = output.get("data", {})
    if "text/html" in data:
        inside = clean(_joined(data["text/html"]))
        about = output.get("metadata", {}).get("commlab", {})
        return Html(f"{inside}\n") if about else tag("div", inside, class_="result")
    for kind in PICTURES:
        if kind in data:
            address = f"data:{kind};base64,{''.join(_joined(data[kind]).split())}"
            return tag("figure", tag("img", src=address, alt=""), class_="chart")
    if "text/plain" in data:
        return tag("div", tag("pre", _ANSI.sub("", _joined(data["text/plain"]))), class_="result")
    return Html("")


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _told(text: str) -> Html:
    return escape(_SOURCE.sub("", _ANSI.sub("", text)))


def template(name: str) -> jinja2.Template:
    """Return a page template; it escapes what it is given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(name)
