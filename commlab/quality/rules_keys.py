"""Rules about ids across rows and tables: duplicates, orphans, one person under several ids."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab import sources
from commlab.quality.conditions import EXAMPLES, examples, name_of
from commlab.quality.findings import Finding
from commlab.quality.tolerant import Tolerant
from commlab.tables import Column, table

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Identifiers that belong to one person; nicknames collide.
PERSONAL_KINDS = ("external_userid", "unionid", "phone")


@dataclasses.dataclass(frozen=True)
class Duplicates:
    """How often keys of a table come more than once.

    Attributes:
        table: Name of the table.
        rows: Rows with a complete key.
        keys: Distinct keys.
        copies: Rows that are exact copies of another one, beyond the first.
        conflicts: Keys whose rows contradict each other.
    """

    table: str
    rows: int
    keys: int
    copies: int = 0
    conflicts: int = 0


def duplicates(ds: Dataset, name: str) -> Duplicates:
    """Return how often the keys of a table come more than once.

    Args:
        ds: The dataset.
        name: Canonical table; without a key, equal rows are real and nothing is counted.

    Raises:
        MissingTableError: The workspace does not hold the table.
    """
    return _duplicates(ds.kept(Tolerant), name)


def _duplicates(tolerant: Tolerant, name: str) -> Duplicates:
    keyed = _keyed(tolerant, name)
    if keyed is None:
        rows = int(tolerant.ds.engine.execute(tolerant.ds.raw(name).count()))
        return Duplicates(name, rows, rows)
    rows, key = keyed
    sizes = rows.select(*key).group_by(*key).agg(n=ibis._.count())
    first = tolerant.one(sizes.agg(keys=sizes.count(), rows=sizes.n.sum()))
    keys, total = int(first["keys"]), int(first["rows"] or 0)
    if keys == total:
        return Duplicates(name, total, keys)
    once = rows.distinct()
    left = once.group_by(*key).agg(n=ibis._.count())
    second = tolerant.one(left.agg(rows=left.n.sum(), conflicts=(left.n > 1).sum()))
    return Duplicates(name, total, keys, total - int(second["rows"]), int(second["conflicts"]))


def _keyed(tolerant: Tolerant, name: str) -> tuple[ir.Table, list[str]] | None:
    declared = table(name)
    key = [column for column in declared.key if column in tolerant.present(name)]
    if not key or any(declared[c].required for c in declared.key if c not in key):
        return None
    rows = tolerant.rows(name)
    return rows.filter(*[rows[c].notnull() for c in key if declared[c].required]), key


def key_rules(tolerant: Tolerant, name: str) -> list[Finding]:
    """Return exact copies (warning) and contradicting rows (error) of a table with a key."""
    if tolerant.ds.marked(name):  # the writer has counted; millions of keys would be counted again
        return []
    counted, keyed = _duplicates(tolerant, name), _keyed(tolerant, name)
    if keyed is None or counted.rows == counted.keys:
        return []
    rows, key = keyed
    named = ", ".join(key)
    found = []
    if counted.copies:
        copied = rows.group_by(*rows.columns).agg(n_=ibis._.count()).filter(ibis._.n_ > 1)
        found.append(
            Finding(name, named, "duplicate_rows", "warning", counted.copies,
                    counted.copies / counted.rows, examples(tolerant, name, copied))
        )  # fmt: skip
    if counted.conflicts:
        once = rows.distinct()
        torn = once.group_by(*key).agg(n_=ibis._.count()).filter(ibis._.n_ > 1)
        found.append(
            Finding(name, named, "conflicting_keys", "error", counted.conflicts,
                    counted.conflicts / counted.keys, _torn(tolerant, name, torn, key))
        )  # fmt: skip
    return found


def _torn(tolerant: Tolerant, name: str, torn: ir.Table, key: list[str]) -> tuple[str, ...]:
    """Where keys with contradicting rows stand: in a CSV file the lines, else the key."""
    path, first = tolerant.ds.csv_file(name), key[0]
    if path is None or len(key) > 1:  # keys of several columns hold times, written in many ways
        return examples(tolerant, name, torn)
    keys = tolerant.ds.frame(torn.select(first).order_by(first).limit(EXAMPLES))[first]
    return tuple(
        f"{path.name}:{','.join(map(str, sources.lines_with(path, item, first)))}" for item in keys
    )


def orphan_rules(tolerant: Tolerant, name: str) -> list[Finding]:
    """Return ids that point to a row that is not there, for every table pointed to."""
    declared, present = table(name), tolerant.present(name)
    lost = {
        column.name: orphans
        for column in declared.columns
        if column.references and column.name in present
        if (orphans := _orphans(tolerant, name, column)) is not None
    }
    if not lost:
        return []
    counted = [
        ids.agg(rows=ids.n.sum(), ids=ids.count()).mutate(column=ibis.literal(column))
        for column, ids in lost.items()
    ]
    every = ibis.union(*counted) if len(counted) > 1 else counted[0]
    found = []
    for counts in tolerant.records(every.filter(every.ids > 0).order_by("column")):
        column = counts["column"]
        references = declared[column].references
        first = tolerant.ds.frame(lost[column].order_by("id_").limit(EXAMPLES))["id_"]
        shown = [name_of(tolerant, references.partition(".")[2], item) for item in first]
        filled = int(tolerant.ds.engine.execute(tolerant.rows(name, column)[column].count()))
        found.append(
            Finding(name, column, "orphans", "warning", int(counts["rows"]),
                    float(counts["rows"] / filled), tuple(shown),
                    {"ids": int(counts["ids"]), "references": references})
        )  # fmt: skip
    return found


def _orphans(tolerant: Tolerant, name: str, column: Column) -> ir.Table | None:
    """Ids of a column without a row to point to, with their rows `n`; None: nothing to compare."""
    target, _, key = column.references.partition(".")
    if not tolerant.ds.has(target) or key not in tolerant.present(target):
        return None
    rows = tolerant.rows(name, column.name).select(id_=column.name)
    ids = rows.filter(rows.id_.notnull()).group_by("id_").agg(n=ibis._.count())
    known = tolerant.rows(target, key).select(id_=key)
    ids = ids.anti_join(known, "id_")
    if target in ("members", "staff"):  # staff write and join, too, and may stand in either table
        ids = ids.anti_join(tolerant.staff.select(id_="member_id"), "id_")
    return ids


def identity_rules(tolerant: Tolerant) -> list[Finding]:
    """Return identifiers of one person that several member ids share."""
    ds, name = tolerant.ds, "identities"
    if not ds.has(name) or not set(table(name).required) <= set(tolerant.present(name)):
        return []
    rows = tolerant.rows(name)
    rows = rows.filter(rows.kind.isin(PERSONAL_KINDS), rows.value_hash.notnull())
    shared = (
        rows.group_by("kind", "value_hash")
        .agg(members=ibis._.member_id.nunique())
        .filter(ibis._.members > 1)
    )
    concerned = rows.semi_join(shared, ["kind", "value_hash"])
    counts = tolerant.one(
        concerned.agg(rows=concerned.count(), members=concerned.member_id.nunique())
    )
    if not counts["rows"]:
        return []
    people = int(ds.engine.execute(rows.member_id.nunique()))
    values = {"members": int(counts["members"])}
    return [
        Finding(name, "value_hash", "one_person_many_ids", "warning", int(counts["rows"]),
                float(counts["members"] / people), examples(tolerant, name, concerned), values)
    ]  # fmt: skip
