"""Conditions on cells: counted together in one pass over a table, then judged."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from commlab import sources
from commlab.privacy import pseudonym
from commlab.quality.findings import Finding
from commlab.quality.tolerant import RAW, Tolerant
from commlab.tables import table

# Above this share of contradictory rows a table is wrong; below it, it has wrong rows.
GRAVE_SHARE = 0.01
EXAMPLES = 3
_SHAPE_LENGTH = 24

# Letter in front of a pseudonym, by id column; the same letters that reports use.
_KINDS = {
    "member_id": "P",
    "inviter_id": "P",
    "invitee_id": "P",
    "respondent_id": "P",
    "group_id": "G",
    "staff_id": "S",
    "order_id": "O",
    "message_id": "M",
    "campaign_id": "C",
}


@dataclasses.dataclass(frozen=True)
class Condition:
    """A condition that a sound row does not meet.

    Attributes:
        rule: Name of the rule.
        column: Column that it is about.
        where: True on the rows concerned; null counts as false.
        judge: From the share of rows concerned to the severity.
        of: True on the rows that the share refers to; None: all rows.
        needs: Smallest number of rows concerned that makes a finding.
        needs_share: Smallest share that does.
        of_some: Whether it is a finding only while other rows do not meet it.
        show: Column whose value is shown, as a shape, beside the ids.
        values: What fills the slots of the texts.
    """

    rule: str
    column: str
    where: ir.BooleanValue
    judge: Callable[[float], str]
    of: ir.BooleanValue | None = None
    needs: int = 1
    needs_share: float = 0.0
    of_some: bool = False
    show: str = ""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def always(severity: str) -> Callable[[float], str]:
    """Return a judge of one severity, whatever the share."""
    return lambda _share: severity


def grave(share: float) -> str:
    """Return "error" above `GRAVE_SHARE`, else "warning".

    Example:
        >>> grave(0.2), grave(0.001)
        ('error', 'warning')
    """
    return "error" if share > GRAVE_SHARE else "warning"


def evaluate(
    tolerant: Tolerant, name: str, conditions: Iterable[Condition]
) -> tuple[int, list[Finding]]:
    """Count all conditions of a table in one pass.

    Args:
        tolerant: The tables.
        name: Table that the conditions are about.
        conditions: Conditions over `tolerant.wide(name)`.

    Returns:
        The number of rows, and the findings of the conditions that are met.
    """
    wide, conditions = tolerant.wide(name), list(conditions)
    measures: dict[str, ir.Scalar] = {"n": wide.count()}
    shared: dict[Any, str] = {None: "n"}  # many conditions refer to the same rows
    named = []
    for place, condition in enumerate(conditions):
        measures[f"met_{place}"] = condition.where.fill_null(False).sum()
        of = None if condition.of is None else condition.of.op()
        if condition.of is not None and of not in shared:
            shared[of] = f"of_{place}"
            measures[f"of_{place}"] = condition.of.fill_null(False).sum()
        named.append(shared[of])
    counts = tolerant.one(wide.agg(**measures))
    found = []
    for place, condition in enumerate(conditions):
        rows = int(counts[f"met_{place}"] or 0)
        of_rows = int(counts[named[place]] or 0)
        share = rows / of_rows if of_rows else 0.0
        if rows < condition.needs or share < condition.needs_share:
            continue
        if condition.of_some and rows == of_rows:
            continue
        found.append(
            Finding(
                name,
                condition.column,
                condition.rule,
                condition.judge(share),
                rows,
                share,
                examples(tolerant, name, wide.filter(condition.where), condition.show),
                condition.values,
            )
        )
    return int(counts["n"]), found


def examples(tolerant: Tolerant, name: str, rows: ir.Table, show: str = "") -> tuple[str, ...]:
    """Return up to three rows as pseudonyms, with the shape of one value where it helps.

    Args:
        tolerant: The tables.
        name: Canonical table that the rows are of.
        rows: The rows concerned.
        show: Column whose value is shown as a shape.
    """
    in_file = _in_lines(tolerant, name, rows, show)
    if in_file:
        return in_file
    ids = id_columns(name, rows)
    shown = [RAW + show] if show and RAW + show in rows.columns else []
    if not ids and not shown:
        return ()
    picked = rows.select(*ids, **{column: rows[column].cast("string") for column in shown})
    # Ordered before the limit, so that the same data give the same three.
    frame = tolerant.ds.frame(picked.distinct().order_by(*ids, *shown).limit(EXAMPLES))
    lines = []
    for row in frame.itertuples(index=False):
        *keys, value = (*row, "") if not shown else row
        parts = [name_of(tolerant, column, key) for column, key in zip(ids, keys, strict=True)]
        label = " / ".join(part for part in parts if part)
        shape = shape_of(value) if shown else ""
        lines.append(f"{label}: {shape}" if label and shape else label or shape)
    return tuple(line for line in lines if line)


def _in_lines(tolerant: Tolerant, name: str, rows: ir.Table, show: str) -> tuple[str, ...]:
    """Rows of a CSV file as `file:line: shape`, which whoever mends the file can go to."""
    path = tolerant.ds.csv_file(name)
    if path is None or not show:
        return ()
    raw = tolerant.ds.frame(rows.select(RAW + show).distinct().order_by(RAW + show).limit(EXAMPLES))
    cells = list(raw[RAW + show])
    return tuple(
        f"{path.name}:{line}: {shape_of(cell)}"
        for cell in cells
        for line in sources.lines_with(path, cell, show, most=1)
    )


def id_columns(name: str, rows: ir.Table) -> list[str]:
    """Return the columns that name a row: the ids of its key, else the person."""
    declared = table(name)
    named = [column for column in declared.key if declared[column].dtype == "id"]
    named = named or [c.name for c in declared.columns if c.dtype == "id" and c.required]
    return [column for column in named if column in rows.columns][:2]


def name_of(tolerant: Tolerant, column: str, value: Any) -> str:
    """Return the pseudonym of an id; empty when it is missing."""
    if value is None or pd.isna(value):
        return ""
    return pseudonym(str(value), scope=tolerant.ds.name, kind=_KINDS.get(column, "R"))


def shape_of(value: Any) -> str:
    """Return the shape of a value: digits as 0, letters as a or 字, the rest as it is.

    Shapes show what an export did wrong and say nothing about a person.

    Example:
        >>> shape_of("2016年5月"), shape_of("Li 138-0013"), shape_of(None)
        ('0000年0月', 'aa 000-0000', '')
    """
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    text = re.sub(r"\d", "0", str(value)[:_SHAPE_LENGTH])
    text = re.sub(r"[^\W\d_年月日时分秒元万]", _letter, text)
    return text + ("…" if len(str(value)) > _SHAPE_LENGTH else "")


def _letter(match: re.Match[str]) -> str:
    return "a" if match.group().isascii() else "字"
