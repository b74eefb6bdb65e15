"""What is wrong with the tables behind a page, short, for its head.

Checking the data takes longer than opening them (4 s against 1.5 s on the sample), so a batch
checks once and hands each notebook its share in the folder that the notebook works in; a notebook
that runs by itself checks the data itself.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from commlab.config import LANGUAGES
from commlab.report import files
from commlab.report.notebooks import HEALTH

if TYPE_CHECKING:
    from commlab.dataset import Dataset
    from commlab.quality import Findings

FILE = "concerns.json"
SAID = 3  # the head of a page is read at a glance; the rest stands in 00_data_health


@dataclasses.dataclass(frozen=True)
class Concerns:
    """Errors and warnings about the tables that a page reads.

    Attributes:
        errors: Number of errors.
        warnings: Number of warnings.
        said: The first few in words, worst first, by language.
    """

    errors: int
    warnings: int
    said: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, findings: Findings, tables: Iterable[str]) -> Concerns:
        """Return what findings say about some tables, and about the workspace as a whole.

        Args:
            findings: All findings, as they may be forwarded (`quality.sharing.shareable`).
            tables: The tables.
        """
        mine = findings.of(tables)
        told = [*mine.errors, *mine.warnings][:SAID]
        said = {lang: tuple(item.what(lang) for item in told) for lang in LANGUAGES}
        return cls(len(mine.errors), len(mine.warnings), said)

    def __bool__(self) -> bool:
        return bool(self.errors or self.warnings)


def of_page(
    notebook: str, ds: Dataset, tables: Iterable[str], run_folder: Path | None, *, small: int
) -> Concerns | None:
    """Return the concerns of a page: those handed over, else those that a check finds now.

    Args:
        notebook: Name of the notebook; 00_data_health shows every finding anyway: None.
        ds: The dataset.
        tables: The tables that the page reads.
        run_folder: Folder that the notebook works in, if there is one.
        small: The smallest number of people that may be shown.
    """
    if notebook == HEALTH:
        return None
    path = None if run_folder is None else run_folder / FILE
    if path is None or not path.is_file():
        from commlab.quality.sharing import shareable

        return Concerns.of(shareable(ds.check(), small), tables)
    told = json.loads(path.read_text(encoding="utf-8"))
    said = {lang: tuple(lines) for lang, lines in told["said"].items()}
    return Concerns(told["errors"], told["warnings"], said)


def hand_over(concerns: Concerns, folder: Path) -> None:
    """Write the concerns of a notebook into the folder that it works in."""
    files.write_text(folder / FILE, json.dumps(dataclasses.asdict(concerns), ensure_ascii=False))


def take_back(folder: Path) -> None:
    """Remove what was handed over: it is no result of the notebook."""
    (folder / FILE).unlink(missing_ok=True)
