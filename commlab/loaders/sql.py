"""Parts of queries of the embedded engine: names and paths, quoted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def quoted(path: Path) -> str:
    """Return a path as an SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"


def listed(names: Sequence[str]) -> str:
    """Return column names as a list."""
    return ", ".join(f'"{name}"' for name in names)


def same(left: str, right: str, names: Sequence[str]) -> str:
    """Return the condition that two rows have the same cells, null being equal to null."""
    return " AND ".join(f'{left}."{name}" IS NOT DISTINCT FROM {right}."{name}"' for name in names)
