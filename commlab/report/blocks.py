"""The blocks around the charts, as HTML: headline cards, what to do, gaps, foot."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from commlab.estimate import Estimate
from commlab.report.html import Html, escape, join, tag
from commlab.text import Words, coded, fmt, has, render, t

if TYPE_CHECKING:
    from commlab.report.concerns import Concerns

Entry = Mapping[str, Any]  # what results.json holds of one figure
Text = str | Words | Mapping[str, str]

HTML_LANG = {"en": "en", "zh": "zh-CN"}
JOINER = "\u2060"  # keeps an interval on one line
_COUNTED = re.compile(r"([−\d.,]+(?:k|m|bn|万|亿)?)(\s?[^\W\d]\D*)\Z")


@dataclasses.dataclass(frozen=True)
class Report:
    """Another report of the same run.

    Attributes:
        notebook: Its notebook.
        titles: Its title by language.
    """

    notebook: str
    titles: Mapping[str, str]

    def link(self, lang: str) -> Html:
        """Return a link to its page, which stands in the same folder."""
        title = self.titles.get(lang, self.notebook)
        return tag("a", title, href=f"{self.notebook}.{lang}.html")


@dataclasses.dataclass(frozen=True)
class Action:
    """One thing to do, for how many people, and what it is worth.

    Attributes:
        text: Text key, `Words`, or a mapping by language.
        people: Number of people it is about; None where it is not about people.
        value: Expected value, as a rule money; None where it cannot be said.
        list_name: Name of the action list that holds the people.
        values: What fills the slots of a text key.
        source: The report that says so, where it is not the page's own.
    """

    text: Text
    people: int | None = None
    value: Estimate | None = None
    list_name: str = ""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    source: Report | None = None

    def words(self, lang: str) -> str:
        """Return what to do, in one language."""
        return t(self.text, lang, **self.values) if isinstance(self.text, str) else render(
            self.text, lang
        )  # fmt: skip


BOUNDS = "bounds"  # methods of this name give what is possible, not a sampling interval


def ranked(actions: Iterable[Action]) -> list[Action]:
    """Return actions by expected value, then by people; those without either keep their order."""

    def weight(action: Action) -> tuple[bool, float, int]:
        worth = action.value.value if action.value is not None else None
        return (worth is None, -(worth or 0.0), -(action.people or 0))

    return sorted(actions, key=weight)


def state(entry: Entry) -> str:
    """Return "good", "bad", "watch" or "", by the rules that the entry brings along.

    A target goes first: reached when the whole interval is on its good side, missed when it is
    on the other, "watch" between. Else a change that is more than chance. Without `good` there
    is no rule.

    Example:
        >>> entry = Estimate(value=0.5, low=0.46, high=0.54, unit="share").to_dict()
        >>> state({**entry, "good": "up", "target": 0.45})
        'good'
        >>> state(entry)
        ''
    """
    now = Estimate.from_dict(dict(entry))
    if now.value is None or not entry.get("good"):
        return ""
    sign = 1 if entry["good"] == "up" else -1
    if entry.get("target") is not None:
        ends = [now.value] if now.low is None or now.high is None else [now.low, now.high]
        above = [sign * end >= sign * entry["target"] for end in ends]
        return "good" if all(above) else "watch" if any(above) else "bad"
    before = _previous(entry)
    if before is None or before.value is None or fmt.could_be_chance(now, before) is not False:
        return ""
    return "good" if sign * (now.value - before.value) > 0 else "bad"


def _previous(entry: Entry) -> Estimate | None:
    fields = entry.get("previous")
    return Estimate.from_dict(fields) if fields else None


def card(entry: Entry, lang: str, *, small_cell: int = 1, source: Html | None = None) -> Html:
    """Return one headline card: label, figure, interval, n, change and target.

    Args:
        entry: The figure as `results.json` holds it.
        lang: "en" or "zh".
        small_cell: Fewer people than this are not counted out.
        source: Line with the report that the figure is from.
    """
    now = Estimate.from_dict(dict(entry))
    currency = str(entry.get("currency", "CNY"))
    mood = state(entry)
    lines = [tag("p", _label(entry, lang), class_="label")]
    figure = _figure(fmt.value(now, lang, currency=currency)) if now.ok else fmt.refusal(now, lang)
    lines.append(tag("p", figure, class_="value" if now.ok else "value words"))
    if now.low is not None:
        ends = fmt.interval(now, lang, currency=currency)
        ends = re.sub("[–−万亿]", lambda mark: f"{JOINER}{mark[0]}{JOINER}", ends)
        if now.method.startswith(BOUNDS):
            words = t("report.card.bounds", lang, interval=ends)
        else:
            words = t("common.card.interval", lang, level=now.level, interval=ends)
        lines.append(tag("p", words, class_="interval"))
    # Reasons that come from the library are in English; the other page has the general words.
    if now.status == "refused" and now.reason and not has(now.reason) and lang == "en":
        lines.append(tag("p", now.reason, class_="note"))
    if now.n is not None and not (now.method == "count" and now.n == now.value):
        lines.append(tag("p", _n(now.n, lang, small_cell), class_="n"))
    lines += [tag("p", line, class_="change") for line in _change(entry, now, lang, mood)]
    lines += [tag("p", line, class_="target") for line in _target(entry, now, lang, mood)]
    if source is not None:
        lines.append(tag("p", source, class_="source"))
    return tag("div", *lines, class_="card", data_state=mood or None)


def _figure(text: str) -> Html:
    """Return a figure with what it counts in smaller letters."""
    match = _COUNTED.match(text)
    return join([match[1], tag("span", match[2], class_="unit")]) if match else escape(text)


def _label(entry: Entry, lang: str) -> str:
    labels = entry.get("label") or {}
    return labels.get(lang) or next(iter(labels.values()), "")


def _n(n: int, lang: str, small_cell: int) -> str:
    if n < small_cell:
        return t("report.card.too_few", lang, minimum=small_cell)
    return t("common.card.n", lang, n=n)


def _change(entry: Entry, now: Estimate, lang: str, mood: str) -> list[Html]:
    before = _previous(entry)
    words = fmt.change(now, before, lang) if before is not None else ""
    if not words:
        return []
    line = escape(t("report.card.change", lang, change=words))
    if mood in ("good", "bad") and entry.get("target") is None:
        word = t(f"report.card.{'better' if mood == 'good' else 'worse'}", lang)
        return [join([tag("span", word, class_="state"), line], between=" ")]
    return [line]


def _target(entry: Entry, now: Estimate, lang: str, mood: str) -> list[str]:
    if entry.get("target") is None:
        return []
    goal = Estimate(value=entry["target"], unit=now.unit)
    shown = fmt.value(goal, lang, currency=str(entry.get("currency", "CNY")))
    verdict = {"good": "reached", "bad": "missed", "watch": "open"}.get(mood, "plain")
    return [t(f"report.target.{verdict}", lang, target=shown)]


def cards(entries: Sequence[Entry], lang: str, *, small_cell: int = 1) -> Html:
    """Return headline cards side by side."""
    shown = []
    for entry in entries:
        report = entry.get("report")
        source = Report(report["notebook"], report["titles"]).link(lang) if report else None
        shown.append(card(entry, lang, small_cell=small_cell, source=source))
    return tag("div", *shown, class_="cards")


def actions(
    found: Iterable[Action], lang: str, *, currency: str = "CNY", small_cell: int = 1
) -> Html:
    """Return "What to do": the actions, ranked, with people, value and list."""
    items = []
    for action in ranked(found):
        facts = []
        if action.people is not None:
            facts.append(_people(action.people, lang, small_cell))
        if action.value is not None:
            value = fmt.estimate(action.value, lang, currency=currency)
            facts.append(t("report.action.value", lang, value=value))
        if action.list_name:
            facts.append(t("report.action.list", lang, name=action.list_name))
        between = t("common.foot.separator", lang)
        line = [escape(between.join(facts))] if facts else []
        line += [action.source.link(lang)] if action.source else []
        detail = [tag("p", join(line, between=between), class_="facts")] if line else []
        items.append(tag("li", tag("p", Html(coded(escape(action.words(lang))))), *detail))
    head = tag("h2", t("common.headings.what_to_do", lang))
    body = tag("ol", *items) if items else tag("p", t("report.action.none", lang))
    return tag("section", head, body, class_="actions")


def _people(n: int, lang: str, small_cell: int) -> str:
    if 0 < n < small_cell:
        return t("report.action.few", lang, n=small_cell)
    return t("report.action.one", lang) if n == 1 else t("report.action.people", lang, n=n)


def concerns(found: Concerns, lang: str) -> Html:
    """Return what is wrong with the tables behind a page: counts, the worst in words, where more.

    Args:
        found: At least one error or warning.
        lang: "en" or "zh".
    """
    named = (("errors", found.errors), ("warnings", found.warnings))
    counts = [_counted(name, n, lang) for name, n in named if n]
    lead = t(
        f"report.concerns.lead_{'errors' if found.errors else 'warnings'}",
        lang,
        counts=t("report.concerns.separator", lang).join(counts),
    )
    said = found.said[lang]
    rest = found.errors + found.warnings - len(said)
    notes = [_counted("more", rest, lang)] if rest else []
    notes.append(t("report.concerns.where", lang))
    lines = [tag("p", lead), tag("ul", *(tag("li", line) for line in said))]
    lines += [tag("p", note) for note in notes]
    mood = "bad" if found.errors else "watch"
    return tag("section", *lines, class_="concerns", data_state=mood)


def warning(text: str) -> Html:
    """Return a warning in a frame, its first paragraph in bold."""
    lines = [tag("p", line) for line in text.split("\n\n")]
    return tag("section", *lines, class_="concerns", data_state="bad")


def _counted(name: str, n: int, lang: str) -> str:
    return t(f"report.concerns.{name}{'_one' if n == 1 else ''}", lang, n=n)


def gaps(missing: Mapping[str, str], lang: str) -> Html:
    """Return what cannot be answered: each missing table with what it would add.

    Args:
        missing: Table → sentence in this language.
        lang: "en" or "zh".
    """
    head = tag("h2", t("common.headings.cannot_answer", lang))
    if not missing:
        return tag("section", head, tag("p", t("report.gaps.none", lang)), class_="gaps")
    colon = t("report.page.separator", lang)
    items = [tag("li", tag("code", name), colon, text) for name, text in missing.items()]
    lead = tag("p", t("report.gaps.lead", lang))
    return tag("section", head, lead, tag("ul", *items), class_="gaps")


def foot(rows: Iterable[tuple[str, object]], lang: str) -> Html:
    """Return the foot: how the page was made.

    Args:
        rows: Name, in this language, and value.
        lang: "en" or "zh".
    """
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows if value]
    note = tag("p", t("report.foot.levels", lang))
    head = tag("h2", t("common.headings.foot", lang))
    return tag("footer", head, note, tag("dl", *pairs), class_="foot")
