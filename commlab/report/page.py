"""The page that a notebook writes, output by output.

Every output is drawn once per language and carries `{"commlab": {"lang": …, "kind": …}}` in its
metadata; the exporter keeps one language's outputs.

Labels of headline cards are texts of the notebook's topic: the figure `retention.month1` of the
topic `retention` has the label `retention.card.month1`; a figure of another name has its whole
key, dots as underscores: `retention.card.churn_month1`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab import guards
from commlab.config import LANGUAGES
from commlab.errors import ArgumentError, CommlabError, DesignError, MissingTableError
from commlab.estimate import Estimate
from commlab.report import blocks, closing, concerns, drawing, notebooks, overview
from commlab.report.html import Html, join, paragraphs, tag
from commlab.report.results import ActionList, Part
from commlab.report.shared import Gate, is_internal
from commlab.text import has, t, topics

if TYPE_CHECKING:
    import pandas as pd

    from commlab.dataset import Dataset
    from commlab.quality import Findings

STYLE = Path(__file__).resolve().parent / "templates" / "blocks.css"


@dataclasses.dataclass(frozen=True)
class Output:
    """One output that was shown: its kind, language ("" for none) and HTML."""

    kind: str
    lang: str
    html: Html


class Page:
    """The page of one notebook.

    Attributes:
        notebook: Name of the notebook.
        topic: Its topic in the text catalogues.
        ds: The dataset that it reads.
        languages: Languages that it is written in.
        part: What it has handed over.
        gate: What all that it shows passes.
        outputs: What it has shown, in order.
    """

    def __init__(
        self,
        notebook: str,
        ds: Dataset,
        languages: Sequence[str],
        part: Part,
        parameters: Mapping[str, object],
    ) -> None:
        about = _about(notebook)
        self.notebook = notebook
        self.topic = str(about.get("topic") or re.sub(r"^\d+_", "", notebook))
        self.ds = ds
        self.languages = tuple(languages)
        self.part = part
        self.gate = Gate(ds.settings.small_cell, ds.name, internal=is_internal())
        self.outputs: list[Output] = []
        self.needs = [tuple(group) for group in about.get("needs", ())]
        self.uses = tuple(about.get("uses", ()))
        self._reads = self.uses if "uses" in about else ds.tables
        self._parameters = dict(parameters)
        self._started = time.monotonic()
        self._headings = 0
        self._explained = False
        lacking = [group for group in self.needs if not any(ds.has(name) for name in group)]
        if lacking:
            wanted = " and ".join(" or ".join(group) for group in lacking)
            raise MissingTableError(
                f"{notebook} needs the table {wanted}, which the workspace does not have.",
                where=ds.name,
                fix=f"It has: {', '.join(ds.tables)}.",
            )

    def emit(self, kind: str, lang: str, html: Html, plain: str = "") -> None:
        """Show one output, marked with its kind and language."""
        self.outputs.append(Output(kind, lang, html))
        _display(str(html), plain or f"[{kind}]", {"commlab": {"lang": lang, "kind": kind}})

    def each(self, kind: str, draw: Callable[[str], Html], plain: str = "") -> None:
        """Show an output in every language of the page."""
        for lang in self.languages:
            self._emit_in(kind, lang, draw(lang), plain)

    def _emit_in(self, kind: str, lang: str, html: Html, plain: str) -> None:
        body = tag("div", html, class_=f"commlab of-{kind}", lang=blocks.HTML_LANG[lang])
        self.emit(kind, lang, body, plain)

    def begin(self) -> None:
        """Show brand and date, what is wrong with the data, and the style for JupyterLab."""
        style = Html("<style>") + Html(STYLE.read_text(encoding="utf-8")) + Html("</style>")
        self.emit("style", "", style)
        name = self.ds.settings.name
        key = "report.header.where" if name else "report.header.where_nameless"

        def where(lang: str) -> Html:
            return tag("p", t(key, lang, name=name, as_of=self.ds.as_of), class_="where")

        self.each("header", where)
        found = concerns.of_page(
            self.notebook, self.ds, self._reads, self.part.run_folder, small=self.gate.small
        )
        if found:
            self.each("concerns", lambda lang: blocks.concerns(found, lang))
        if self.gate.internal:
            least = {"minimum": self.ds.settings.small_cell}
            self.each("notice", lambda lang: tag("p", t("report.page.internal", lang, **least)))

    def put(
        self,
        key: str,
        value: Estimate | pd.DataFrame | ActionList | Findings,
        previous: Estimate | None,
        good: str | None,
    ) -> None:
        """Hand over a figure, a table or an action list."""
        import pandas as pd

        from commlab.quality import Findings

        if isinstance(value, Findings):
            value = self.gate.value(value).to_frame()
        if isinstance(value, Estimate):
            self.part.put_estimate(key, value, **self._extra(key, value, previous, good))
            return
        if previous is not None or good is not None:
            raise ArgumentError(f"{key}: previous and good go with an Estimate only.")
        if isinstance(value, ActionList):
            self.part.put_list(key, value)
        elif isinstance(value, pd.DataFrame):
            self.part.put_table(key, self.gate.frame(value))
        else:
            raise ArgumentError(
                f"{key} is a {type(value).__name__}, must be an Estimate, a DataFrame or an "
                "ActionList.",
                fix="Wrap a plain number: Estimate.count(value, unit=…).",
            )

    def _extra(
        self, key: str, value: Estimate, previous: Estimate | None, good: str | None
    ) -> dict[str, Any]:
        if previous is not None and previous.unit != value.unit:
            raise ArgumentError(
                f"{key}: previous.unit == {previous.unit!r}, must be {value.unit!r}."
            )
        if good is not None:
            guards.one_of("good", good, ("up", "down"))
        targets = [target.value for target in self.ds.settings.targets if target.key == key]
        return {
            "previous": previous.to_dict() if previous is not None else None,
            "good": good,
            "target": targets[-1] if targets else None,
            "currency": self.ds.settings.currency if value.unit == "money" else None,
        }

    def cards(self, keys: Sequence[str], labels: Mapping[str, str]) -> None:
        """Show headline cards of figures that were put, and mark them as headlines."""
        keys = keys or tuple(self.part.entries)
        if not keys:
            self.say("report.card.none", {})
            return
        for place, key in enumerate(keys, start=1):
            if key not in self.part.entries:
                raise ArgumentError(
                    f"there is no figure {key!r} to show on a card.",
                    fix=f"Put it first: put({key!r}, estimate).",
                )
            entry = self.part.entries[key]
            if overview.REPORT not in entry:
                entry["label"] = {lang: self._label(key, lang, labels) for lang in self.languages}
            entry["headline"] = place
        self.part.save()
        entries = [self.gate.entry(self.part.entries[key]) for key in keys]
        small = self.gate.small
        self.each("cards", lambda lang: blocks.cards(entries, lang, small_cell=small))

    def _label(self, key: str, lang: str, labels: Mapping[str, str]) -> str:
        if key in labels:
            return t(labels[key], lang) if has(labels[key]) else labels[key]
        if self.topic not in topics():
            return key  # a notebook of one's own, without a catalogue
        return t(f"{self.topic}.card.{card_name(key, self.topic)}", lang)

    def actions(self, found: Sequence[blocks.Action]) -> None:
        """Show what to do."""
        shown = [self._shown(action) for action in found]
        self.part.actions = [self._kept(action) for action in shown if not action.source]
        self.part.save()
        money, small = self.ds.settings.currency, self.gate.small
        self.each(
            "actions", lambda lang: blocks.actions(shown, lang, currency=money, small_cell=small)
        )

    def _kept(self, action: blocks.Action) -> dict[str, Any]:
        """Return an action as the overview reads it: its words in every language."""
        return {
            "text": {lang: action.words(lang) for lang in LANGUAGES},
            "people": action.people,
            "value": action.value.to_dict() if action.value is not None else None,
            "list": action.list_name,
        }

    def borrow(self, key: str) -> bool:
        """Take over a headline figure of another notebook of the run; False without it."""
        fields = overview.borrowed(self.part.run_folder, key, notebook_titles())
        if fields is None:
            return False
        self.part.entries[key] = fields
        self.part.save()
        return True

    def _shown(self, action: blocks.Action) -> blocks.Action:
        worth = action.value and self.gate.estimate(action.value)
        return dataclasses.replace(action, values=self._values(action.values), value=worth)

    def heading(self, key: str, level: int, values: Mapping[str, Any]) -> None:
        """Show a finding as a heading."""
        guards.whole("level", level, low=2, high=3)
        self._headings += 1
        anchor = f"finding-{self._headings}"
        values = self._values(values)
        self.each("heading", lambda lang: tag(f"h{level}", t(key, lang, **values), id=anchor))

    def say(self, key: str, values: Mapping[str, Any]) -> None:
        """Show sentences."""
        values = self._values(values)
        self.each("text", lambda lang: paragraphs(t(key, lang, **values)))

    def warn(self, key: str, values: Mapping[str, Any]) -> None:
        """Show a warning that cannot be missed: framed, in the colour of what is bad."""
        values = self._values(values)
        self.each("warning", lambda lang: blocks.warning(t(key, lang, **values)))

    def refuse(self, key: str, error: CommlabError) -> None:
        """Say that the data cannot carry a part of the page, and why."""
        if isinstance(error, DesignError):
            self.warn(error.said, {})
            return

        def words(lang: str) -> Html:
            if isinstance(error, MissingTableError):
                return paragraphs(t("report.page.no_table", lang))
            if has(key):
                return paragraphs(t(key, lang))
            # Messages of errors are in English only.
            why = f" {error.what[:1].upper()}{error.what[1:]}" if lang == "en" else ""
            return paragraphs(t("report.page.refused", lang) + why)

        self.each("text", words)

    def show(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: Mapping[str, Any],
        fold: bool | None,
    ) -> None:
        """Show what a chart or table function draws."""
        args = [self.gate.value(arg) for arg in args]
        options = {name: self.gate.value(option) for name, option in options.items()}
        note = self._hidden_note([*args, *options.values()])
        for lang in self.languages:
            kind, html, plain = drawing.draw(function, args, options, lang, fold=fold)
            if note:
                words = t(note, lang, minimum=self.gate.small)
                html = join([html, tag("p", words, class_="note")])
            self._emit_in(kind, lang, html, plain)

    def _hidden_note(self, values: Sequence[Any]) -> str:
        """Return the note on what is hidden in values: whole the first time, then in short."""
        if not self.gate.hid(values):
            return ""
        again, self._explained = self._explained, True
        return f"report.page.hidden{'_again' if again else ''}"

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        shown = {name: self.gate.value(value) for name, value in values.items()}
        return {"currency": self.ds.settings.currency, **shown}

    def end(self) -> None:
        """Show what cannot be answered and how the page was made; nothing follows."""
        wanted = dict.fromkeys([*(name for group in self.needs for name in group), *self.uses])
        absent = [name for name in wanted if not self.ds.has(name)]
        self.each("gaps", lambda lang: blocks.gaps(closing.gaps(self.topic, absent, lang), lang))
        seconds = time.monotonic() - self._started
        lines = functools.partial(closing.foot, self.ds, self._parameters, seconds)
        self.each("foot", lambda lang: blocks.foot(lines(lang), lang))
        self.part.save(complete=True)


def card_name(key: str, topic: str) -> str:
    """Return the name under `[card]` of the topic's catalogue that labels a figure.

    Example:
        >>> card_name("retention.month1", "retention"), card_name("d11.itt.orders", "campaign")
        ('month1', 'd11_itt_orders')
    """
    return key.removeprefix(f"{topic}.").replace(".", "_")


def notebook_titles() -> dict[str, dict[str, str]]:
    """Return the title of every notebook by language; its name where it has no catalogue."""
    found = {}
    for book in notebooks.discover():
        key = f"{book.topic}.page.title"
        found[book.name] = {
            lang: t(key, lang) if book.topic and has(key) else book.name for lang in LANGUAGES
        }
    return found


def _about(notebook: str) -> Mapping[str, Any]:
    path = notebooks.folder() / f"{notebook}.ipynb"
    if not path.is_file():
        return {}  # a copy of one's own, under another name
    return json.loads(path.read_text(encoding="utf-8")).get("metadata", {}).get("commlab", {})


def _display(html: str, plain: str, metadata: Mapping[str, Any]) -> None:
    from IPython import get_ipython
    from IPython.display import publish_display_data

    if get_ipython() is not None:  # outside of a notebook there is nowhere to show it
        publish_display_data({"text/html": html, "text/plain": plain}, metadata=dict(metadata))
