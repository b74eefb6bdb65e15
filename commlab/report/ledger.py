"""What is known of each notebook of a run folder: kept in the manifest, carried to the next run."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commlab.report import manifest, staging
from commlab.report.failure import Failure
from commlab.report.notebooks import OVERVIEW, Notebook
from commlab.report.plan import Inputs

DONE, FAILED, SKIPPED, UNCHANGED, RUNNING = "done", "failed", "skipped", "unchanged", "running"


class Ledger:
    """The notebooks of one run folder.

    Args:
        run_folder: The folder, locked by this run.
        inputs: What this run depends on.

    Attributes:
        entries: What is known of each notebook, by name: `notebook`, `topic`, `status`,
            `seconds`, `fingerprint`, `parameters`, `error` (kind, message, cell), `reason` (by
            language), `pages` (by language), `files`. Paths are relative to the folder.
        before: The same as the last run left it.
    """

    def __init__(self, run_folder: Path, inputs: Inputs) -> None:
        self.run_folder, self.inputs = run_folder, inputs
        self.begun, self.begun_at = time.monotonic(), _now()
        last = manifest.read(run_folder)
        self.before: dict[str, dict[str, Any]] = {
            entry["notebook"]: entry for entry in last.get("notebooks", ())
        }
        data = last.get("data", {})
        self.same_data = (data.get("fingerprint"), data.get("as_of")) == (
            inputs.fingerprint,
            inputs.as_of,
        )
        self.entries: dict[str, dict[str, Any]] = dict(self.before)

    def unchanged(self, notebook: Notebook, results: Any = None) -> bool:
        """Return whether what the last run left of a notebook is what this one would make."""
        entry = self.before.get(notebook.name)
        return (
            entry is not None
            and entry["status"] in (DONE, UNCHANGED)
            and entry["fingerprint"] == self.inputs.fingerprint_for(notebook, results)
            and all((self.run_folder / name).is_file() for name in entry["files"])
        )

    def keep(self, notebook: Notebook) -> None:
        """Take over what the last run left of a notebook."""
        self.entries[notebook.name] = {**self.before[notebook.name], "status": UNCHANGED}

    def set(
        self,
        notebook: Notebook,
        status: str,
        *,
        seconds: float | None = None,
        results: Any = None,
        failure: Failure | None = None,
        reason: Mapping[str, str] | None = None,
        pages: Mapping[str, str] | None = None,
        files: Sequence[str] = (),
    ) -> None:
        """Note what has become of a notebook; its files of last time that are not in `files` go."""
        shown = self.inputs.parameters_for(notebook)
        shown.pop("data", None)  # an address may hold a password, a path names a machine
        error = None if failure is None else {
            "kind": failure.kind, "message": failure.message, "cell": failure.cell
        }  # fmt: skip
        held = set(self.files_of(notebook.name))
        if status == RUNNING:
            files = sorted(held)  # they stay until there are new ones, or until it fails
        else:
            staging.remove(self.run_folder, sorted(held - set(files)))
        self.entries[notebook.name] = {
            "notebook": notebook.name,
            "topic": notebook.topic,
            "status": status,
            "seconds": None if seconds is None else round(seconds, 3),
            "fingerprint": self.inputs.fingerprint_for(notebook, results),
            "parameters": shown,
            "error": error,
            "reason": None if reason is None else dict(reason),
            "pages": dict(pages or {}),
            "files": list(files),
        }

    def drop(self, name: str) -> None:
        """Forget a notebook and remove its files."""
        staging.remove(self.run_folder, self.files_of(name))
        del self.entries[name]

    def drop_outdated(self, chosen: Sequence[Notebook]) -> list[str]:
        """Drop notebooks not asked for that were made from other data, or never finished.

        Returns:
            Their names.
        """
        asked = {notebook.name for notebook in chosen}
        names = [
            name
            for name, entry in sorted(self.before.items())
            if name not in asked and (not self.same_data or entry["status"] == RUNNING)
        ]
        for name in names:
            self.drop(name)
        return names

    def files_of(self, name: str) -> list[str]:
        """Return the files of a notebook, relative to the folder."""
        return list(self.entries.get(name, {}).get("files", ()))

    def files_of_others(self, name: str) -> dict[str, list[str]]:
        """Return the files of every other notebook, by notebook."""
        return {other: self.files_of(other) for other in self.entries if other != name}

    def seconds(self) -> dict[str, float]:
        """Return how long notebooks took when they last ran through."""
        return {
            name: entry["seconds"]
            for name, entry in self.before.items()
            if entry["seconds"] is not None and entry["status"] in (DONE, UNCHANGED)
        }

    def manifest(self, status: str) -> dict[str, Any]:
        """Return the manifest as it stands; `finished_at` and `seconds` once it is not running."""
        over = status != RUNNING
        return {
            "format": manifest.FORMAT,
            "run": self.run_folder.name,
            "status": status,
            "started_at": self.begun_at,
            "finished_at": _now() if over else None,
            "seconds": round(time.monotonic() - self.begun, 3) if over else None,
            "data": {
                "name": self.inputs.name,
                "fingerprint": self.inputs.fingerprint,
                "as_of": self.inputs.as_of,
                "engine": self.inputs.engine,
                "tables": list(self.inputs.tables),
            },
            "parameters": dict(self.inputs.parameters),
            "lang": self.inputs.lang,
            "internal": self.inputs.internal,
            "code": manifest.code(),
            "revision": manifest.revision(),
            "versions": manifest.versions(),
            "notebooks": [self.entries[name] for name in sorted(self.entries)],
        }

    def save(self, status: str = RUNNING) -> dict[str, Any]:
        """Write the manifest and return it."""
        content = self.manifest(status)
        manifest.write(self.run_folder, content)
        return content


def others(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the overview is made from: the results of all notebooks but its own."""
    return {name: found for name, found in results.items() if name != OVERVIEW}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
