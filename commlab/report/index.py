"""`index.html` of a run: headline figures, one card a notebook, in every language of the run.

Each language is a section of the page; the first one shows, a link to `#zh` or `#en` shows the
other, without any script.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from commlab import guards
from commlab.errors import ArgumentError
from commlab.report import blocks, files
from commlab.report.export import stylesheet, template
from commlab.report.html import Html, tag
from commlab.report.notebooks import HEALTH, OVERVIEW
from commlab.report.results import PRIVATE, SHARE, private_lists, shared_tables
from commlab.text import fmt, has, t, tidy

FILE = "index.html"
HEADLINES = 8  # cards on the index when there is no overview
STATUSES = ("done", "unchanged", "skipped", "failed")

Results = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Link:
    """A link: where to, what it says, in which language."""

    address: str
    name: str
    html_lang: str = ""


@dataclasses.dataclass(frozen=True)
class Report:
    """The card of one notebook."""

    notebook: str
    title: str
    question: str
    status: str
    word: str
    seconds: str
    reason: str
    pages: Sequence[Link]
    kept: Sequence[Link]
    tables: Sequence[Link]


def write_index(
    run_folder: Path | str, manifest: Mapping[str, Any], results: Results, langs: Sequence[str]
) -> Path:
    """Write the index page of a run.

    Args:
        run_folder: Folder of the run.
        manifest: What `manifest.json` holds; `notebooks` is a list with `notebook`, `topic`,
            `status`, `seconds`, `reason` (by language), `error` and `pages` (by language).
        results: Notebook → key → fields, from `merge_parts`.
        langs: Languages, the one to show first in front.

    Returns:
        The page.
    """
    if not langs:
        raise ArgumentError("langs is empty, must name a language.")
    folder = Path(run_folder)
    sections = [_section(folder, manifest, results, lang) for lang in langs]
    page = template("index.html.j2").render(
        title=f"{sections[0]['title']} · {sections[0]['where']}",
        style=stylesheet(),
        sections=sections,
    )
    files.write_text(folder / FILE, page)
    return folder / FILE


def _section(
    folder: Path, manifest: Mapping[str, Any], results: Results, lang: str
) -> dict[str, Any]:
    data = manifest.get("data", {})
    entries = sorted(manifest.get("notebooks", ()), key=lambda entry: entry["notebook"])
    names = ("headline", "reports", "lists", "lists_note", "tables", "empty", "kept")
    as_of = guards.date("as_of", data.get("as_of"))
    where = t("report.header.where_nameless", lang, as_of=as_of) if as_of else ""
    return {
        "lang": lang,
        "html_lang": blocks.HTML_LANG[lang],
        "name": t(f"report.language.{lang}", lang),
        "title": str(data.get("name") or t("report.index.title", lang)),
        "where": where,
        "words": {name: t(f"report.index.{name}", lang) for name in names},
        "separator": t("report.page.separator", lang),
        "cards": _cards(entries, results, lang),
        "reports": [_report(folder, entry, lang) for entry in entries],
        "lists": [
            Link(_address(f"{PRIVATE}/{name}.csv"), f"{name}.csv") for name in private_lists(folder)
        ],
        "foot": blocks.foot(_foot(manifest, lang), lang),
    }


def headlines(results: Results) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the notebook and fields of the figures for the top of the index.

    The overview's cards where it has any, else the first cards of every notebook.

    Example:
        >>> headlines({"02_cohort_retention": {"a": {"headline": 2}, "b": {"headline": 1}}})
        [('02_cohort_retention', {'headline': 1}), ('02_cohort_retention', {'headline': 2})]
    """
    marked = {
        notebook: sorted(
            (fields for fields in found.values() if fields.get("headline")),
            key=lambda fields: fields["headline"],
        )
        for notebook, found in results.items()
    }
    if marked.get(OVERVIEW):
        return [(OVERVIEW, fields) for fields in marked[OVERVIEW]]
    # The first card of every notebook, then the second of every one, until the row is full.
    ranks = [
        (place, notebook, fields)
        for notebook, found in marked.items()
        for place, fields in enumerate(found)
    ]
    chosen = sorted(ranks, key=lambda rank: rank[:2])[:HEADLINES]
    return [(notebook, fields) for place, notebook, fields in sorted(chosen, key=_by_notebook)]


def _by_notebook(rank: tuple[int, str, Any]) -> tuple[bool, str, int]:
    # Figures about the data come after the figures that the data give.
    return rank[1] == HEALTH, rank[1], rank[0]


def _cards(entries: Iterable[Mapping[str, Any]], results: Results, lang: str) -> Html:
    known = {entry["notebook"]: entry for entry in entries}
    shown = []
    for notebook, fields in headlines(results):
        entry = known.get(notebook, {"notebook": notebook})
        title = _title(entry, lang)
        pages = entry.get("pages") or {}
        page = pages.get(lang) or next(iter(pages.values()), "")
        source = tag("a", title, href=_address(page)) if page else Html("")
        shown.append(blocks.card(fields, lang, source=source or None))
    if not shown:
        return tag("p", t("report.index.no_results", lang))
    return tag("div", *shown, class_="cards")


def _report(folder: Path, entry: Mapping[str, Any], lang: str) -> Report:
    status = guards.one_of("status", str(entry["status"]), STATUSES)
    pages = entry.get("pages") or {}
    first = [lang] if lang in pages else []
    order = [*first, *(other for other in pages if other not in first)]
    seconds = entry.get("seconds")
    name = str(entry["notebook"])
    return Report(
        notebook=name,
        title=_title(entry, lang),
        question=_words(entry, "question", lang),
        status=status,
        word=t(f"report.status.{status}", lang),
        seconds=t("report.foot.seconds", lang, n=f"{seconds:.0f}") if seconds else "",
        reason=_reason(entry, lang),
        pages=[
            Link(_address(pages[other]), t(f"report.language.{other}", lang),
                 blocks.HTML_LANG[other])
            for other in order
        ],
        kept=_kept(folder, name) if status == "failed" else (),
        tables=[
            Link(_address(f"{SHARE}/tables/{name}/{key}.csv"), key)
            for key in shared_tables(folder, name)
        ],
    )  # fmt: skip


def _kept(folder: Path, notebook: str) -> tuple[Link, ...]:
    path = f"notebooks/{notebook}.ipynb"
    return (Link(_address(path), path),) if (folder / path).is_file() else ()


def _reason(entry: Mapping[str, Any], lang: str) -> str:
    error = entry.get("error")
    if isinstance(error, Mapping):
        kind, message = error.get("kind", ""), error.get("message", "")
        # Errors may quote the data.
        return tidy(f"{kind}: {message}" if kind and message else str(message or kind))
    reason = entry.get("reason") or {}
    return str(error) if error else str(reason.get(lang, ""))


def _title(entry: Mapping[str, Any], lang: str) -> str:
    return _words(entry, "title", lang) or str(entry["notebook"])


def _words(entry: Mapping[str, Any], name: str, lang: str) -> str:
    key = f"{entry.get('topic') or ''}.page.{name}"
    return t(key, lang) if entry.get("topic") and has(key) else ""


def _foot(manifest: Mapping[str, Any], lang: str) -> list[tuple[str, object]]:
    def head(name: str) -> str:
        return t(f"common.headings.{name}", lang)

    data = manifest.get("data", {})
    as_of = guards.date("as_of", data.get("as_of"))
    seconds = manifest.get("seconds")
    return [
        (t("report.foot.as_of", lang), fmt.date(as_of, lang) if as_of else ""),
        (head("parameters"), _pairs(manifest.get("parameters"), " = ")),
        (t("report.foot.engine", lang), data.get("engine", "")),
        (head("fingerprint"), data.get("fingerprint", "")),
        (head("revision"), manifest.get("revision", "")),
        (head("versions"), _pairs(manifest.get("versions"), " ")),
        (
            head("duration"),
            t("report.foot.seconds", lang, n=f"{seconds:.0f}") if seconds is not None else "",
        ),
    ]


def _pairs(values: Mapping[str, Any] | None, between: str) -> str:
    return ", ".join(f"{name}{between}{value}" for name, value in (values or {}).items())


def _address(path: str) -> str:
    return quote(path, safe="/")
