"""`load_log.json`: what was loaded into a workspace, when, and what became of it.

One entry a load. Files are known by the hash of their bytes, so that one that comes again is told,
whatever its name. The log is no part of the data: the fingerprint of a workspace does not heed it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from commlab.loaders.report import LoadReport

LOG_FILE = "load_log.json"
UNREADABLE = f"{LOG_FILE} was no log of loads; a new one was begun."
MOST_NAMES = 3  # of files that were loaded before, in a note


@dataclasses.dataclass
class Log:
    """The loads of a workspace.

    Attributes:
        entries: Earlier loads.
        files: Files of this load.
        again: Names of those that the workspace has.
        broken: Whether there was a file that is no log.
    """

    entries: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    files: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    again: list[str] = dataclasses.field(default_factory=list)
    broken: bool = False

    def __post_init__(self) -> None:
        self._seen: set[tuple[str, str, int | None]] = set()

    def see(self, path: Path, name: str, moment: int | None, *, appends: bool) -> bool:
        """Take note of a file; return whether the workspace has it, where it is appended to."""
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        entry: dict[str, Any] = {
            "name": name, "bytes": path.stat().st_size, "sha256": digest,
        }  # fmt: skip
        if moment is not None:
            entry["moment"] = moment
        if (name, digest, moment) not in self._seen:  # a workbook is opened once a sheet
            self._seen.add((name, digest, moment))
            self.files.append(entry)
            if appends and (digest, moment) in self._known:
                self.again.append(name)
        return appends and (digest, moment) in self._known

    def write(self, folder: Path, report: LoadReport, *, appends: bool) -> None:
        """Write the log with an entry for this load, and say what was loaded before."""
        if self.broken:
            report.notes.append(UNREADABLE)
        if self.again:
            names = ", ".join(self.again[:MOST_NAMES])
            more = len(self.again) - MOST_NAMES
            verb = "was" if len(self.again) == 1 else "were"
            report.notes.append(
                f"{names}{f' and {more:,} more' if more > 0 else ''} {verb} loaded before, byte "
                "by byte the same."
            )
        used = {source.name for source in report.sources}
        others = sorted(used - {entry["name"] for entry in self.files})
        already = report.rows_already
        entry = {
            "at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "format": report.format,
            "name": report.name,
            "append": appends,
            # Tables of a database have neither bytes nor a hash.
            "sources": self.files or [{"name": name} for name in others],
            "rows": {
                "read": report.rows_read,
                "new": report.rows_loaded - report.rows_corrected,
                "corrected": report.rows_corrected,
                "already_loaded": already,
                "not_loaded": report.rows_not_loaded - already,
            },
        }
        text = json.dumps([*self.entries, entry], ensure_ascii=False, indent=1) + "\n"
        (folder / LOG_FILE).write_text(text, encoding="utf-8")

    @functools.cached_property
    def _known(self) -> set[tuple[str, int | None]]:
        """Files of the loads that the workspace consists of: since the last of a whole."""
        found: set[tuple[str, int | None]] = set()
        for entry in self.entries:
            if not entry.get("append"):
                found.clear()
            for source in entry.get("sources", []):
                if "sha256" in source:
                    found.add((source["sha256"], source.get("moment")))
        return found


def read(folder: Path) -> Log:
    """Return the log of a workspace; empty where there is none."""
    path = folder / LOG_FILE
    if not path.is_file():
        return Log()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return Log(broken=True)
    whole = isinstance(entries, list) and all(isinstance(item, dict) for item in entries)
    return Log(entries) if whole else Log(broken=True)
