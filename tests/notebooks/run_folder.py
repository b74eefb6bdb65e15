"""What a run left behind, as a reader, a browser and a mean neighbour look at it."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat

HTML_LANG = {"en": "en", "zh": "zh-CN"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
ADDRESSES = {
    "action", "background", "cite", "data", "formaction", "href", "longdesc", "manifest", "ping",
    "poster", "src", "srcset",
}  # fmt: skip
_PICTURE = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+")


class Page(HTMLParser):
    """A page: its elements, and the text that it shows.

    Attributes:
        tags: Every element with its attributes, in order.
        text: What a reader sees, in one line.
        said: The same without code that is folded away.
        style: What stands in `<style>`.
        open: Elements that were never closed.
        markup: The source, pictures taken out.
    """

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self._words: list[str] = []
        self._said: list[str] = []
        self._styles: list[str] = []
        self._code: list[bool] = []
        self.feed(markup)
        self.close()
        self.text, self.said = plain("".join(self._words)), plain("".join(self._said))
        self.style = "".join(self._styles)
        self.markup = _PICTURE.sub("data:", markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self._code.append(tag == "details" and ("class", "code") in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        self._code.pop()
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self._styles.append(data)
            return
        self._words.append(data)
        if not any(self._code):
            self._said.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    def of(self, attribute: str) -> list[str]:
        """Return every value of an attribute."""
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        folder: The run's folder.
        workspace: What it was made from.
        statuses: By notebook.
        exit_status: What `commlab run` would exit with.
        seconds: How long it took.
    """

    folder: Path
    workspace: Path
    statuses: dict[str, str]
    exit_status: int
    seconds: float

    @property
    def results(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What `results.json` holds."""
        return json.loads((self.folder / "results.json").read_text(encoding="utf-8"))

    @property
    def manifest(self) -> dict[str, Any]:
        """What `manifest.json` holds."""
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))

    def page(self, name: str, lang: str) -> Page:
        """Return a page, parsed."""
        return parsed(self.folder / "share" / f"{name}.{lang}.html")

    @property
    def index(self) -> Page:
        """The way in, parsed."""
        return parsed(self.folder / "index.html")

    def executed(self, name: str) -> nbformat.NotebookNode:
        """Return an executed notebook."""
        return nbformat.read(self.folder / "notebooks" / f"{name}.ipynb", as_version=4)

    def tables(self) -> list[Path]:
        """Return the tables that may be forwarded."""
        return sorted((self.folder / "share" / "tables").rglob("*.csv"))

    def files(self) -> list[Path]:
        """Return every file."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def forwarded(self) -> dict[str, str]:
        """Return what leaves the house, and what describes it: file → what can be read in it.

        Pictures and styles are left out, they hold letters by chance.
        """
        found = {}
        for path in self.files():
            name = path.relative_to(self.folder).as_posix()
            if path.suffix == ".html":
                page = parsed(path)
                values = [value for _, attributes in page.tags for value in attributes.values()]
                plain = [_PICTURE.sub("", value) for value in values]
                found[name] = " ".join([page.text, *plain])
            elif name.startswith("share/") or path.name in ("results.json", "manifest.json"):
                found[name] = path.read_text(encoding="utf-8-sig")
        return found


def plain(text: str) -> str:
    """Return text in one line, with plain spaces and without joiners that keep lines together."""
    return " ".join(text.replace("\u2060", "").split())


@functools.cache
def parsed(path: Path) -> Page:
    """Return a page of a file."""
    return Page(path.read_text(encoding="utf-8"))


def outputs(node: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return every output of an executed notebook, in order."""
    return [output for cell in node.cells if cell.cell_type == "code" for output in cell.outputs]


def marks(node: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """Return kind and language of every output."""
    about = [output.get("metadata", {}).get("commlab", {}) for output in outputs(node)]
    return [(item.get("kind", ""), item.get("lang", "")) for item in about]
