"""The action lists of earlier runs: whom to take out of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection
from pathlib import Path

from commlab.errors import ArgumentError
from commlab.report import files
from commlab.report.results import PRIVATE
from commlab.report.spreadsheet import EXCEL


def remove_people(reports: Path | str, members: Collection[str], *, dry_run: bool = False) -> int:
    """Remove the rows of people from every `private/*.csv` of the runs in a folder.

    Args:
        reports: Folder that holds the folders of runs.
        members: Their ids; a row goes when any of its cells is one of them.
        dry_run: Count, and write nothing.

    Returns:
        How many rows.

    Raises:
        ArgumentError: There is no such folder.
    """
    if not Path(reports).is_dir():
        raise ArgumentError(f"{reports}: there is no such folder.",
                            fix="Name the folder that holds the folders of runs.")  # fmt: skip
    gone, rows = set(members), 0
    for path in sorted(Path(reports).glob(f"*/{PRIVATE}/*.csv")):
        with path.open(encoding=EXCEL, newline="") as stream:
            held = list(csv.reader(stream))
        kept = [row for row in held if not gone & set(row)]
        rows += len(held) - len(kept)
        if len(kept) < len(held) and not dry_run:
            with files.whole(path, mode=files.PRIVATE, encoding=EXCEL) as stream:
                csv.writer(stream, lineterminator=os.linesep).writerows(kept)
    return rows
