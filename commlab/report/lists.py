"""The action lists of earlier runs: whom to take out of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection
from pathlib import Path

from commlab.errors import ArgumentError
from commlab.report import files
from commlab.report.results import PRIVATE
from commlab.report.spreadsheet import EXCEL, neutral


def remove_people(reports: Path | str, members: Collection[str], *, dry_run: bool = False) -> int:
    """Remove the rows of people from every `private/*.csv` of the runs in a folder.

    Args:
        reports: Folder that holds the folders of runs.
        members: Their ids; a row goes when a cell of a column `…_id` is one of them (a figure
            that happens to read like an id is none).
        dry_run: Count, and write nothing.

    Returns:
        How many rows.

    Raises:
        ArgumentError: There is no such folder.
    """
    if not Path(reports).is_dir():
        raise ArgumentError(f"{reports}: there is no such folder.",
                            fix="Name the folder that holds the folders of runs.")  # fmt: skip
    rows = 0
    # As lists hold them: what a spreadsheet would take for a formula has an apostrophe in front.
    gone = {*members, *(neutral(member) for member in members)}
    for path in sorted(Path(reports).glob(f"*/{PRIVATE}/*.csv")):
        with path.open(encoding=EXCEL, newline="") as stream:
            held = list(csv.reader(stream))
        ids = [place for place, name in enumerate(held[0]) if name.endswith("_id")] if held else []
        kept = [row for row in held if not gone.intersection(map(row.__getitem__, ids))]
        rows += len(held) - len(kept)
        if len(kept) < len(held) and not dry_run:
            with files.whole(path, mode=files.PRIVATE, encoding=EXCEL) as stream:
                csv.writer(stream, lineterminator=os.linesep).writerows(kept)
    return rows
