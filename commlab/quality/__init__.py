"""Data quality: what is wrong with a workspace, how much of it, and what to do.

`check(ds)` looks at the tables as they stand in the source, casts cell by cell, counts in the
engine and returns `Findings`. Severity: an *error* means that figures would be wrong and cannot
be read round; a *warning* that they are usable, but look; a *note* changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commlab.quality.findings import RULES, SEVERITIES, Finding, Findings
from commlab.quality.rules_amounts import amount_rules
from commlab.quality.rules_cells import cell_rules
from commlab.quality.rules_keys import (
    Duplicates,
    duplicates,
    identity_rules,
    key_rules,
    orphan_rules,
)
from commlab.quality.rules_people import staff_rules, survivor_rules
from commlab.quality.rules_time import time_rules
from commlab.quality.tolerant import Tolerant
from commlab.tables import ENOUGH

if TYPE_CHECKING:
    from commlab.dataset import Dataset

__all__ = [
    "RULES",
    "SEVERITIES",
    "Duplicates",
    "Finding",
    "Findings",
    "Tolerant",
    "check",
    "duplicates",
]


def check(ds: Dataset) -> Findings:
    """Return what is wrong with the data of a workspace, worst first.

    Rows after `as_of` are looked at for their form, and left out of every rule about behaviour.

    Args:
        ds: The dataset; it is not changed.

    Returns:
        Findings; empty when there is nothing to say.

    Example:
        >>> check(ds).errors  # doctest: +SKIP
        Findings(0 errors, 0 warnings, 0 notes)
    """
    tolerant = ds.kept(Tolerant)
    found: list[Finding] = []
    for name in ds.tables:
        found += cell_rules(tolerant, name)
        found += key_rules(tolerant, name)
        found += orphan_rules(tolerant, name)
        found += time_rules(tolerant, name)
    found += identity_rules(tolerant)
    found += amount_rules(tolerant)
    found += staff_rules(tolerant)
    found += survivor_rules(tolerant, "memberships", "joined_at", "left_at")
    found += survivor_rules(tolerant, "contacts", "added_at", "deleted_at")
    empty = {item.table for item in found if item.rule == "empty_table"}
    if not any(ds.has(name) and name not in empty for name in ENOUGH):
        found.append(_nothing())
    return Findings(tuple(found), ds.tables)


def _nothing() -> Finding:
    values = {"tables": ", ".join(ENOUGH)}
    return Finding("", "", "nothing_to_read", "error", 0, None, (), values)
