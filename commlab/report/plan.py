"""What a run will do: which notebooks, with which parameters, and which have nothing to do."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab import config
from commlab.errors import ArgumentError, DataError
from commlab.report import manifest
from commlab.report.notebooks import HEALTH, Notebook
from commlab.text import t

if TYPE_CHECKING:
    from commlab.dataset import Dataset
    from commlab.quality import Finding, Findings

LISTED_FINDINGS = 20  # an error message is read in a terminal


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What figures and pages depend on, beside the notebook itself.

    Attributes:
        data: Data as the user named them, folder or address.
        name: Name of the data.
        as_of: Last day read, ISO.
        fingerprint: Fingerprint of the data.
        tables: Tables that the workspace holds.
        engine: Name of the engine.
        asked_engine: Engine that the user asked for; empty: the workspace's own.
        lang: "en", "zh" or "both".
        internal: Whether pages may show cells of few people.
        parameters: Parameters that the user gave.
    """

    data: str
    name: str
    as_of: str
    fingerprint: str
    tables: tuple[str, ...]
    engine: str
    asked_engine: str
    lang: str
    internal: bool
    parameters: Mapping[str, Any]

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages of the pages."""
        return config.LANGUAGES if self.lang == "both" else (self.lang,)

    def parameters_for(self, notebook: Notebook) -> dict[str, Any]:
        """Return the values for a notebook: those of its parameters that have one."""
        values: dict[str, Any] = {"data": self.data, "as_of": self.as_of, "lang": self.lang}
        if self.asked_engine:
            values["engine"] = self.asked_engine
        values.update(self.parameters)
        return {name: values[name] for name in notebook.parameters if name in values}

    def fingerprint_for(self, notebook: Notebook, results: Any = None) -> str:
        """Return 16 hex digits that change with anything that can change the notebook's pages.

        Args:
            notebook: The notebook.
            results: What other notebooks found, for one that reads it.
        """
        values = self.parameters_for(notebook)
        values.pop("data", None)  # the same data in another place are the same data
        return manifest.digest(
            notebook.digest, self.fingerprint, self.as_of, self.engine, self.lang, self.internal,
            values, figures(results), manifest.code(), manifest.versions(),
            manifest.pseudonym_key(),
        )  # fmt: skip


def figures(results: Any) -> str:
    """Return 16 hex digits that change with the results that the overview is made from."""
    return manifest.digest(results)


def run_name(name: str | None, data: str | os.PathLike[str], ds: Dataset) -> str:
    """Return the name of the run's folder; default: name of the data and `as_of`.

    Args:
        name: Name that the user gave.
        data: Data as the user named them.
        ds: The same, opened.

    Raises:
        ArgumentError: The name is not that of one folder.
    """
    if name is None:
        folder = Path(data)
        known = folder.resolve().name if folder.is_dir() else ds.name
        plain = re.sub(r"[^\w.+-]+", "_", known).strip("._") or "data"
        return f"{plain}-{ds.as_of.isoformat()}"
    if not name.strip() or name.startswith(".") or re.search(r'[/\\:*?"<>|\x00-\x1f]', name):
        raise ArgumentError(
            f"name == {name!r}, must be the name of a folder.", fix="Use --out for where it is."
        )
    return name


def skip_reason(notebook: Notebook, tables: Sequence[str]) -> dict[str, str] | None:
    """Return the sentence, by language, that says which tables a notebook lacks, if any."""
    lacks = notebook.lacks(tables)
    if not lacks:
        return None
    return {lang: " ".join(_lack(group, lang) for group in lacks) for lang in config.LANGUAGES}


def _lack(group: Sequence[str], lang: str) -> str:
    comma = "、" if lang == "zh" else ", "
    key = "run.skipped.one" if len(group) == 1 else "run.skipped.any"
    return t(key, lang, tables=comma.join(group))


def check_quality(ds: Dataset, chosen: Sequence[Notebook], lang: str) -> Findings | None:
    """Raise when a table that one of the notebooks reads has a data-quality error.

    `00_data_health` alone always runs: it is there to show them.

    Returns:
        All findings; None where nothing was checked, because that one alone runs.

    Raises:
        DataError: The findings, one a line.
    """
    if all(notebook.name == HEALTH for notebook in chosen):
        return None
    from commlab import quality

    used = sorted({name for notebook in chosen for name in notebook.reads(ds.tables)})
    findings = quality.check(ds)
    errors = findings.of(used).errors
    if not errors:
        return findings
    told = "zh" if lang == "zh" else "en"
    lines = [f"  {_place(ds, item)}: {item.told(told)}" for item in errors[:LISTED_FINDINGS]]
    if len(errors) > LISTED_FINDINGS:
        lines.append(f"  … and {len(errors) - LISTED_FINDINGS} more.")
    count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
    raise DataError(
        f"{count} in tables that these notebooks read; nothing was run.\n" + "\n".join(lines),
        where=ds.name,
        fix=f"To see all findings: commlab check {_shown(ds)}, or commlab run {HEALTH} "
        f"--data {_shown(ds)}",
    )


def _place(ds: Dataset, item: Finding) -> str:
    file = ds.place(item.table) if item.table else ""
    return ", ".join(part for part in (file, item.column) if part) or ds.name


def _shown(ds: Dataset) -> str:
    return "DATA" if "://" in ds.source else Path(ds.source).as_posix()
