"""`Finding` and `Findings`: what `check` returns, as values, a frame, JSON and HTML."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from commlab import guards
from commlab.tables import TABLES
from commlab.text import fmt, t

if TYPE_CHECKING:
    import pandas as pd

# error: figures would be wrong and cannot be read round. warning: usable, but look.
SEVERITIES = ("error", "warning", "note")

# In the order in which a person would mend things. Texts: `quality.<rule>.what` and `.fix`.
RULES = (
    "nothing_to_read",
    "empty_table",
    "missing_column",
    "empty_column",
    "uncastable",
    "mixed_zones",
    "conflicting_keys",
    "scientific_id",
    "number_id",
    "missing_value",
    "duplicate_rows",
    "orphans",
    "one_person_many_ids",
    "reversed_times",
    "too_early",
    "shifted_hours",
    "refund_above_amount",
    "negative_amount",
    "hundredfold",
    "gap",
    "stale",
    "looks_like_staff",
    "survivors_only",
    "unknown_value",
    "unknown_column",
    "no_time_of_day",
    "future",
)
_DAYS = ("gap", "stale")  # rules whose `rows` are days without a row
FEW = "fewer_than"  # among the values of a finding whose counts are hidden: fewer people than this
_FRAME = ("severity", "table", "column", "rule", "rows", "unit", "share", "examples")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing, in one place of the data.

    Attributes:
        table: Canonical table; empty when it is about the workspace.
        column: Column; empty when it is about whole rows.
        rule: One of `RULES`.
        severity: "error", "warning" or "note".
        rows: Rows concerned; days without a row for the rules `gap` and `stale`.
        share: `rows` over the rows (or days) that the rule looked at; None without a meaning.
        examples: At most three, ids as pseudonyms and values as shapes ("0000年00月").
        values: What fills the slots of the texts, beside the fields above.
    """

    table: str
    column: str
    rule: str
    severity: str
    rows: int = 0
    share: float | None = None
    examples: tuple[str, ...] = ()
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        guards.one_of("rule", self.rule, RULES)
        guards.one_of("severity", self.severity, SEVERITIES)
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    @property
    def unit(self) -> str:
        """What `rows` counts: "rows" or "days"."""
        return "days" if self.rule in _DAYS else "rows"

    @property
    def masked(self) -> bool:
        """Whether its counts are hidden (`quality.sharing`)."""
        return FEW in self.values

    def what(self, lang: str) -> str:
        """Return one or two sentences: what is wrong, with the counts."""
        which = "few" if self.masked else "what"
        return t(f"quality.{self.rule}.{which}", lang, **self._slots(lang))

    def fix(self, lang: str) -> str:
        """Return what to do about it."""
        return t(f"quality.{self.rule}.fix", lang, **self._slots(lang))

    def told(self, lang: str) -> str:
        """Return what is wrong, the examples, and what to do, as one text for a terminal."""
        what, shown = self.what(lang), ", ".join(self.examples)
        parts = [what, self.fix(lang)]
        if shown and shown not in what:
            parts.insert(1, t("quality.page.examples", lang, examples=shown))
        return _BETWEEN[lang].join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values that JSON can hold."""
        return {
            **{name: getattr(self, name) for name in _FRAME if name != "examples"},
            "share": None if self.share is None else float(f"{self.share:.10g}"),
            "examples": list(self.examples),
            "values": {name: _plain(value) for name, value in self.values.items()},
        }

    def _slots(self, lang: str) -> dict[str, Any]:
        share = fmt.MISSING if self.share is None else fmt.share(self.share, lang)
        return {
            "table": self.table,
            "column": self.column,
            "rows": self.rows,
            "examples": fmt.MISSING if not self.examples else ", ".join(self.examples),
            **self.values,
            "share": share,
        }


_COLON = {"en": ": ", "zh": "："}
_BETWEEN = {"en": " ", "zh": ""}  # sentences


def where(found: Iterable[Finding]) -> str:
    """Return the places that findings are about, as table.column."""
    names = (".".join(filter(None, (item.table, item.column))) for item in found)
    return ", ".join(dict.fromkeys(name for name in names if name))


@dataclasses.dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """All findings of one check, worst first.

    Attributes:
        items: The findings.
        checked: Names of the tables that were looked at.

    Example:
        >>> found = Findings((Finding("orders", "amount", "negative_amount", "warning", 3),))
        >>> len(found), len(found.errors), found.warnings[0].rows
        (1, 0, 3)
    """

    items: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(sorted(self.items, key=_order)))

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        if isinstance(index, slice):
            return Findings(self.items[index], self.checked)
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    @property
    def errors(self) -> Findings:
        """Findings that stop the notebooks which need their table."""
        return self._only("error")

    @property
    def warnings(self) -> Findings:
        """Findings printed at the head of a report."""
        return self._only("warning")

    @property
    def notes(self) -> Findings:
        """Findings that are worth knowing and change nothing."""
        return self._only("note")

    def of(self, tables: str | Iterable[str]) -> Findings:
        """Return the findings on these tables, and those on the workspace as a whole."""
        wanted = {tables} if isinstance(tables, str) else set(tables)
        return Findings(
            tuple(item for item in self.items if not item.table or item.table in wanted),
            self.checked,
        )

    def steps(self, most: int = 5) -> list[dict[str, str]]:
        """Return what to do, worst first, as text by language; the same advice stands once.

        Args:
            most: Number of steps at the most.
        """
        places: dict[str, list[Finding]] = {}
        for item in (*self.errors, *self.warnings):
            places.setdefault(item.fix("en"), []).append(item)
        return [
            {lang: f"{where(found)}{_COLON[lang]}{found[0].fix(lang)}" for lang in _COLON}
            for found in list(places.values())[:most]
        ]

    def to_frame(self, lang: str = "en") -> pd.DataFrame:
        """Return one row a finding: severity, table, column, rule, rows, unit, share, examples.

        The columns `what` and `fix` say it in words of `lang`.
        """
        import pandas as pd

        rows = [
            {
                **{name: getattr(item, name) for name in _FRAME},
                "rows": None if item.masked else item.rows,
                "examples": "; ".join(item.examples),
                "what": item.what(lang),
                "fix": item.fix(lang),
            }
            for item in self.items
        ]
        frame = pd.DataFrame(rows, columns=[*_FRAME, "what", "fix"])
        kind = "Int64" if frame["rows"].isna().any() else "int64"
        return frame.astype({"rows": kind, "share": "float64"})

    def to_json(self) -> str:
        """Return the findings as JSON text: `checked`, `counts` by severity, `findings`."""
        counts = {name: len(self._only(name)) for name in SEVERITIES}
        rows = [
            {**item.to_dict(), "what": item.what("en"), "fix": item.fix("en")}
            for item in self.items
        ]
        return json.dumps(
            {"checked": list(self.checked), "counts": counts, "findings": rows},
            ensure_ascii=False,
            indent=2,
        )

    def _only(self, severity: str) -> Findings:
        return Findings(
            tuple(item for item in self.items if item.severity == severity), self.checked
        )

    def _repr_html_(self) -> str:
        """Return the findings as an HTML table, everything escaped."""
        if not self.items:
            return f"<p>{html.escape(t('quality.page.clean', 'en'))}</p>"
        head = ("severity", "table", "column", "what", "fix", "examples")
        lines = [
            "<table><thead><tr>",
            *(f"<th>{html.escape(t(f'quality.column.{name}', 'en'))}</th>" for name in head),
            "</tr></thead><tbody>",
        ]
        for item in self.items:
            cells = (
                t(f"common.severity.{item.severity}", "en"),
                item.table,
                item.column,
                item.what("en"),
                item.fix("en"),
                "; ".join(item.examples),
            )
            lines.append(
                "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
            )
        return "".join([*lines, "</tbody></table>"])

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self._only(name))} {name}s" for name in SEVERITIES)
        lines = [f"  {i.severity}: {i.table}.{i.column} {i.rule} ({i.rows:,})" for i in self.items]
        return "\n".join([f"Findings({counts})", *lines])


def _order(item: Finding) -> tuple[Any, ...]:
    tables = ("", *TABLES)
    place = tables.index(item.table) if item.table in tables else len(tables)
    return (SEVERITIES.index(item.severity), place, RULES.index(item.rule), item.column)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
