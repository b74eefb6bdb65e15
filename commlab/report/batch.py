"""Runs notebooks on a workspace and leaves a report that can be forwarded.

Kernels run side by side; a notebook that fails never stops the others; what is unchanged since
the last run into the same folder is left as it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commlab import guards
from commlab.config import LANGUAGES
from commlab.report import notebooks as books, plan, resources
from commlab.report.ledger import DONE, FAILED, SKIPPED, UNCHANGED
from commlab.report.lock import one_run
from commlab.report.progress import Progress
from commlab.report.runner import Runner
from commlab.report.shared import INTERNAL_VARIABLE

STATUSES = (DONE, UNCHANGED, SKIPPED, FAILED)


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run left behind.

    Attributes:
        folder: The run's folder.
        index: Its index page, the way in.
        manifest: The content of its `manifest.json`.
        statuses: "done", "failed", "skipped" or "unchanged", by notebook asked for.
    """

    folder: Path
    index: Path
    manifest: Mapping[str, Any]
    statuses: Mapping[str, str]

    @property
    def exit_status(self) -> int:
        """1 when a notebook failed, else 0."""
        return int(FAILED in self.statuses.values())


def run(
    data: str | os.PathLike[str],
    notebooks: Sequence[str] | None = None,
    out: str | os.PathLike[str] = "reports",
    name: str | None = None,
    lang: str = "both",
    as_of: str | dt.date | None = None,
    params: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    force: bool = False,
    internal: bool = False,
    engine: str | None = None,
    progress: Progress | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Run notebooks on a workspace.

    Args:
        data: Workspace folder or database address.
        notebooks: Names, numbers or topics; default: all.
        out: Folder that holds the folders of runs.
        name: Name of this run's folder; default: name of the data and `as_of`.
        lang: Language of the pages: "en", "zh" or "both".
        as_of: Last day to read, a local date, inclusive.
        params: Parameters; each goes to the notebooks that have it.
        jobs: Notebooks that run side by side; default: as many as there are cores.
        force: Run what is unchanged too.
        internal: Whether pages may show cells of few people; they are then not to be forwarded.
        engine: "duckdb" or "spark"; default: the workspace's own.
        progress: What is told while it runs; default: nothing.
        folder: Folder of notebooks; default: `COMMLAB_NOTEBOOKS`, else the kit's own.

    Returns:
        The result. Notebooks that failed are in its `statuses`, not raised.

    Raises:
        ArgumentError: An argument, a notebook's name or a parameter's name is wrong.
        DataError: A table that a notebook reads has data-quality errors; nothing was run.
        StartError: Another run is writing into the folder, or its disk is nearly full.

    Example:
        >>> result = run("data_samples", ["02"], lang="zh")  # doctest: +SKIP
        >>> result.statuses  # doctest: +SKIP
        {'02_cohort_retention': 'done'}
    """
    from commlab.dataset import open_dataset
    from commlab.quality.sharing import shareable

    guards.one_of("lang", lang, (*LANGUAGES, "both"))
    jobs = guards.whole("jobs", resources.cores() if jobs is None else jobs, low=1)
    chosen = books.choose(notebooks, books.discover(folder))
    params = dict(params or {})
    books.check_parameters(params, chosen)
    ds = open_dataset(data, as_of=as_of, engine=engine)
    try:
        inputs = plan.Inputs(
            data=os.fspath(data), name=ds.name, as_of=ds.as_of.isoformat(),
            fingerprint=ds.fingerprint(), tables=ds.tables, engine=ds.engine.name,
            asked_engine=engine or "", lang=lang, internal=internal, parameters=params,
        )  # fmt: skip
        run_folder = Path(out) / plan.run_name(name, data, ds)
        with one_run(run_folder):
            runner = Runner(run_folder, inputs, progress or Progress())
            todo = runner.sift(chosen, force)
            found = plan.check_quality(ds, todo, lang)
            runner.findings = found and shareable(found, 1 if internal else ds.settings.small_cell)
            resources.check_space(run_folder.parent, len(todo))
            # Kernels open the data themselves, and a database file lets in one process at a time.
            ds.engine.con.disconnect()
            jobs = max(1, min(jobs, len([item for item in todo if item.name != books.OVERVIEW])))
            env = resources.environment(ds.settings, jobs)
            env[INTERNAL_VARIABLE] = "1" if internal else ""
            env[books.FOLDER_VARIABLE] = str(books.folder(folder).resolve())
            runner.run(chosen, todo, jobs, env, force)
            index, manifest, statuses = runner.finish(chosen)
            return RunResult(run_folder, index, manifest, statuses)
    finally:
        ds.engine.con.disconnect()
