"""The folder of a workspace: who may write it, and how it changes all at once."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from commlab.config import SETTINGS_FILE
from commlab.errors import WorkspaceError
from commlab.loaders.report import REPORT_FILE, LoadReport
from commlab.tables import TABLES

KEPT = f"{SETTINGS_FILE} was there already and was kept as it is."
_SUFFIXES = ("", ".parquet", ".csv", ".csv.gz")
_OWN = {f"{name}{suffix}" for name in TABLES for suffix in _SUFFIXES}
_OWN |= {SETTINGS_FILE, REPORT_FILE}


class Place:
    """A target folder, with a hidden one beside it where the new contents are built.

    Args:
        out: The target.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._work: Path | None = None
        self._same = False

    @property
    def staging(self) -> Path:
        """Folder for rows on their way."""
        return self._inside("staging")

    @property
    def building(self) -> Path:
        """Folder that will become the workspace."""
        return self._inside("building")

    def claim(self, report: LoadReport, *, overwrite: bool) -> None:
        """Make sure that the target may be written.

        A folder may be replaced when it came from the same format under the same name, or,
        with `overwrite`, when it is a workspace at all.

        Raises:
            WorkspaceError: It may not.
        """
        out = self.out
        if out.exists() and not out.is_dir():
            raise WorkspaceError("is a file.", where=str(out), fix="Name a folder.")
        held = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
        self._same = _identity(out / REPORT_FILE) == (report.format, report.name)
        if held and not self._same:
            if not _OWN & set(held):
                raise WorkspaceError(
                    f"holds files that are no workspace ({held[0]}, …).",
                    where=str(out),
                    fix="Name a new or an empty folder.",
                )
            if not overwrite:
                raise WorkspaceError(
                    "is a workspace of something else.",
                    where=str(out),
                    fix="Name another folder, or allow it with overwrite.",
                )
        parent = out.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=f".{out.absolute().name}.", dir=parent))
        for part in (self.staging, self.building):
            part.mkdir()

    def settings(self, text: str) -> str:
        """Write the settings; those of the same workspace, which a person may have edited, stay.

        Returns:
            A note when the old settings were kept and differ, else "".
        """
        old = self.out / SETTINGS_FILE
        kept = old.read_text(encoding="utf-8") if self._same and old.is_file() else text
        (self.building / SETTINGS_FILE).write_text(kept, encoding="utf-8")
        return KEPT if kept != text else ""

    def take(self) -> None:
        """Put the finished folder in its place; files that are not ours move along."""
        old = self._inside("old")
        if self.out.exists():
            self.out.rename(old)
        try:
            self.building.rename(self.out)
        except OSError:
            if old.exists():
                old.rename(self.out)
            raise
        if old.exists():
            for path in sorted(old.iterdir()):
                if path.name not in _OWN:
                    path.rename(self.out / path.name)

    def clear(self) -> None:
        """Remove what was built beside the target."""
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)

    def _inside(self, part: str) -> Path:
        if self._work is None:
            raise WorkspaceError("was not claimed before it was written.", where=str(self.out))
        return self._work / part


def _identity(path: Path) -> tuple[str, str] | None:
    if not path.is_file():
        return None
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        return str(saved["format"]), str(saved["name"])
    except (ValueError, KeyError, TypeError):
        return None
