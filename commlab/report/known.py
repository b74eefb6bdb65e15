"""What notebooks say about other notebooks, and names that may stand on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commlab.errors import ArgumentError
from commlab.privacy import pseudonyms
from commlab.report import notebooks
from commlab.report.calls import current
from commlab.report.page import notebook_titles


def known_notebooks() -> list[dict[str, Any]]:
    """Return name, needs and uses of every notebook there is, as `metrics.answers` takes them."""
    return [
        {"name": book.name, "needs": [list(group) for group in book.needs], "uses": book.uses or ()}
        for book in notebooks.discover()
    ]


def titles() -> dict[str, dict[str, str]]:
    """Return the title of every notebook by language; its name where it has no catalogue."""
    return notebook_titles()


def pseudonymous(frame: pd.DataFrame, column: str, *, kind: str = "P") -> pd.DataFrame:
    """Return a copy of a frame with the ids of one column replaced by pseudonyms.

    For ids of people that stand under another name, such as advisers in a `segment` column. The
    scope is the workspace of the current page, so one person has one pseudonym in all reports.

    Args:
        frame: The frame.
        column: Column with real ids; "unknown" stays.
        kind: Letter in front: "P" for a person, "A" for an adviser.

    Raises:
        ArgumentError: The frame lacks the column.
    """
    if column not in frame:
        raise ArgumentError(f"frame has no column {column!r}.")
    ids = frame[column].astype(str)
    names = pseudonyms(ids, scope=current().ds.name, kind=kind)
    shown = [old if old == "unknown" else new for old, new in zip(ids, names, strict=True)]
    return frame.assign(**{column: shown})
