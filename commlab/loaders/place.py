"""The folder of a workspace: who may write it, and how it changes all at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from commlab.config import SETTINGS_FILE
from commlab.errors import WorkspaceError
from commlab.loaders.log import LOG_FILE
from commlab.loaders.report import REPORT_FILE, SOURCES, LoadReport
from commlab.swap import BUILDING, STAGING, Swap
from commlab.tables import TABLES

KEPT = f"{SETTINGS_FILE} was there already and was kept as it is."
_SUFFIXES = ("", ".parquet", ".csv", ".csv.gz")
_OWN = {f"{name}{suffix}" for name in TABLES for suffix in _SUFFIXES}
_OWN |= {SETTINGS_FILE, REPORT_FILE, LOG_FILE, SOURCES}


class Place:
    """A target folder, with a hidden one beside it where the new contents are built.

    Args:
        out: The target.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._swap: Swap | None = None
        self.same = False

    @property
    def staging(self) -> Path:
        """Folder for rows on their way."""
        return self._inside(STAGING)

    @property
    def building(self) -> Path:
        """Folder that will become the workspace."""
        return self._inside(BUILDING)

    @property
    def sources(self) -> Path:
        """What an earlier load kept."""
        return self.out / SOURCES

    def claim(self, report: LoadReport, *, overwrite: bool, append: bool = False) -> None:
        """Make sure that the target may be written.

        A folder may be replaced when it came from the same format under the same name, or,
        with `overwrite`, when it is a workspace at all.

        Raises:
            WorkspaceError: It may not.
        """
        out = self.out
        self._swap = Swap(out)
        if out.exists() and not out.is_dir():
            raise WorkspaceError("is a file.", where=str(out), fix="Name a folder.")
        held = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
        made = _identity(out / REPORT_FILE)
        self.same = made == (report.format, report.name)
        if held and append and not self.same:
            came = "was not made by `commlab load`" if made is None else (
                f"came from the format {made[0]!r} under the name {made[1]!r}")  # fmt: skip
            raise WorkspaceError(
                f"{came}: rows of {report.format!r} under the name {report.name!r} are not "
                "appended to it.",
                where=str(out),
                fix="Append what its own format and map load, or name another folder.",
            )
        if held and not self.same:
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

    def carry(self, path: Path) -> None:
        """Take a table over as it is."""
        target = self.building / path.name
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            shutil.copy2(path, target)

    def settings(self, text: str) -> str:
        """Write the settings; those of the same workspace, which a person may have edited, stay.

        Returns:
            A note when the old settings were kept and differ, else "".
        """
        old = self.out / SETTINGS_FILE
        kept = old.read_text(encoding="utf-8") if self.same and old.is_file() else text
        (self.building / SETTINGS_FILE).write_text(kept, encoding="utf-8")
        return KEPT if kept != text else ""

    def take(self) -> None:
        """Put the finished folder in its place; files that are not ours move along."""
        swap = self._claimed()
        held = self.out.iterdir() if self.out.is_dir() else ()
        swap.take([path.name for path in held if path.name not in _OWN])

    def clear(self) -> None:
        """Remove what was built beside the target."""
        if self._swap is not None:
            self._swap.clear()

    def _inside(self, part: str) -> Path:
        return self._claimed().work / part

    def _claimed(self) -> Swap:
        if self._swap is None:
            raise WorkspaceError("was not claimed before it was written.", where=str(self.out))
        return self._swap


def _identity(path: Path) -> tuple[str, str] | None:
    if not path.is_file():
        return None
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        return str(saved["format"]), str(saved["name"])
    except (ValueError, KeyError, TypeError):
        return None
