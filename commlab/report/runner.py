"""Executes notebooks side by side into a run folder that is locked."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab.report import concerns, files, plan, results, since, staging
from commlab.report.failure import Failure
from commlab.report.ledger import DONE, FAILED, RUNNING, SKIPPED, UNCHANGED, Ledger, others
from commlab.report.notebooks import OVERVIEW, Notebook
from commlab.report.progress import Progress

if TYPE_CHECKING:
    from commlab.quality import Findings
    from commlab.report.kernels import Kernels


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What became of one notebook, its files still in its own folder."""

    seconds: float
    pages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    failure: Failure | None = None


class Runner:
    """One run into one folder, which it has locked.

    Attributes:
        findings: What is wrong with the data, as pages may tell it; None: not looked at.
    """

    def __init__(self, run_folder: Path, inputs: plan.Inputs, progress: Progress) -> None:
        self.run_folder, self.inputs, self.progress = run_folder, inputs, progress
        self.ledger = Ledger(run_folder, inputs)
        self.findings: Findings | None = None
        self.kernels: Kernels
        self.work: Path

    def sift(self, chosen: Sequence[Notebook], force: bool) -> list[Notebook]:
        """Return the notebooks that have to run, the overview last."""
        todo: list[Notebook] = []
        for notebook in sorted(chosen, key=lambda item: (item.name == OVERVIEW, item.name)):
            if plan.skip_reason(notebook, self.inputs.tables):
                continue
            found = None
            if notebook.name == OVERVIEW:
                found = self._made_from(results.read_results(self.run_folder))
            if force or (found is not None and todo) or not self.ledger.unchanged(notebook, found):
                todo.append(notebook)
        return todo

    def run(
        self,
        chosen: Sequence[Notebook],
        todo: Sequence[Notebook],
        jobs: int,
        env: Mapping[str, str],
        force: bool,
    ) -> None:
        """Run what there is to do; the ledger then holds what became of every notebook."""
        self._settle_without_kernels(chosen, todo)
        first = [notebook for notebook in todo if notebook.name != OVERVIEW]
        last = [notebook for notebook in todo if notebook.name == OVERVIEW]
        with staging.workshop(self.run_folder) as self.work, _stoppable():
            self.progress.begin(
                {notebook.name: notebook.cells + 1 for notebook in todo},
                self.ledger.seconds(),
                jobs,
            )
            try:
                self._execute_all(first, jobs, env)
                found = self._made_from(results.merge_parts(self.run_folder))
                if last and not force and self.ledger.unchanged(last[0], found):
                    self.ledger.keep(last[0])
                    self.progress.finish(OVERVIEW, UNCHANGED, 0.0)
                else:
                    self._execute_all(last, 1, env, found)
                self._drop_overview_of_other_figures(chosen, found)
            except BaseException:
                self.ledger.save("interrupted")
                raise
            finally:
                self.progress.end()

    def _last_run(self) -> Path | None:
        return since.last_run(self.run_folder, self.inputs.name, self.inputs.as_of)

    def _made_from(self, found: Any) -> dict[str, Any]:
        """Return what the overview is made from: the other reports' figures, and the last run's."""
        return {"figures": others(found), "last_run": since.digest(self._last_run())}

    def finish(self, chosen: Sequence[Notebook]) -> tuple[Path, dict[str, Any], dict[str, str]]:
        """Write results, index and manifest.

        Returns:
            The index page, the manifest, and the status of each notebook asked for.
        """
        from commlab.report import index

        merged = results.merge_parts(self.run_folder)
        statuses = {book.name: self.ledger.entries[book.name]["status"] for book in chosen}
        status = FAILED if FAILED in statuses.values() else DONE
        page = index.write_index(
            self.run_folder, self.ledger.manifest(status), merged, self.inputs.langs
        )
        return Path(page), self.ledger.save(status), statuses

    def _settle_without_kernels(self, chosen: Sequence[Notebook], todo: Sequence[Notebook]) -> None:
        for name in self.ledger.drop_outdated(chosen):
            self.progress.note(f"{name}: removed, it was not finished or made from other data")
        for notebook in chosen:
            reason = plan.skip_reason(notebook, self.inputs.tables)
            if reason:
                self.ledger.set(notebook, SKIPPED, reason=reason)
                told = "zh" if self.inputs.lang == "zh" else "en"
                self.progress.finish(notebook.name, SKIPPED, 0.0, reason[told])
            elif notebook in todo:
                self.ledger.set(notebook, RUNNING)
            else:
                self.ledger.keep(notebook)
                self.progress.finish(notebook.name, UNCHANGED, 0.0)
        self.ledger.save()

    def _drop_overview_of_other_figures(self, chosen: Sequence[Notebook], found: Any) -> None:
        asked = any(notebook.name == OVERVIEW for notebook in chosen)
        entry = self.ledger.entries.get(OVERVIEW)
        made = entry is not None and entry["status"] in (DONE, UNCHANGED)
        if entry and made and not asked and entry.get("made_from") != plan.figures(found):
            self.ledger.drop(OVERVIEW)
            self.progress.note(f"{OVERVIEW}: removed, the figures have changed; run it again")

    def _execute_all(
        self, todo: Sequence[Notebook], jobs: int, env: Mapping[str, str], found: Any = None
    ) -> None:
        if not todo:
            return
        from commlab.report.kernels import Kernels

        self.kernels = Kernels(Path.cwd(), env)
        with ThreadPoolExecutor(jobs, thread_name_prefix="commlab") as pool:
            waiting = {pool.submit(self._execute, notebook): notebook for notebook in todo}
            try:
                while waiting:
                    # The timeout lets signals in.
                    done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._settle(waiting.pop(future), future.result(), found)
            except BaseException:
                for future in waiting:
                    future.cancel()
                self.kernels.stop()
                raise

    def _execute(self, notebook: Notebook) -> _Outcome:
        """Execute and export one notebook in its own folder; runs in a thread of the pool."""
        begun = time.monotonic()
        self.progress.start(notebook.name, notebook.cells)
        folder = staging.stage(self.work, notebook.name)
        try:
            pages, failure = self._make(notebook, folder)
        except Exception as error:  # noqa: BLE001  whatever it is, the other notebooks go on
            pages, failure = {}, Failure.of(error)
        if failure is not None:
            # Before the next notebook starts: what this one wrote may have filled the disk.
            staging.leave_only(folder, "notebooks")
        return _Outcome(time.monotonic() - begun, pages, failure)

    def _make(self, notebook: Notebook, folder: Path) -> tuple[dict[str, str], Failure | None]:
        import nbformat

        from commlab.report import export, kernels

        if notebook.name == OVERVIEW:
            shutil.copy(self.run_folder / results.RESULTS_FILE, folder)
            results.lend_actions(self.run_folder, folder)
            since.lend(self._last_run(), self.ledger.manifest(RUNNING), folder)
        if self.findings is not None:
            read = notebook.reads(self.inputs.tables)
            concerns.hand_over(concerns.Concerns.of(self.findings, read), folder)
        values = self.inputs.parameters_for(notebook)
        given = dict(values)
        if "run_folder" in notebook.parameters:
            given["run_folder"] = str(folder.resolve())

        def on_cell(number: int, of: int) -> None:
            self.progress.cell(notebook.name, number, of)

        executed = self.kernels.execute(notebook.path, given, on_cell)
        kernels.without_run_folder(executed.node, values)
        path = folder / "notebooks" / f"{notebook.name}.ipynb"
        files.write_text(path, nbformat.writes(executed.node) + "\n")
        for name in (results.RESULTS_FILE, results.ACTIONS_FILE):
            (folder / name).unlink(missing_ok=True)
        since.take_back(folder)
        concerns.take_back(folder)
        if executed.failure:
            return {}, executed.failure
        pages = {lang: f"share/{notebook.name}.{lang}.html" for lang in self.inputs.langs}
        for lang, page in pages.items():
            export.export_notebook(path, folder / page, lang, internal=self.inputs.internal)
        return pages, None

    def _settle(self, notebook: Notebook, outcome: _Outcome, found: Any) -> None:
        """Move what a notebook has made into the run; of a failed one only the notebook itself."""
        folder = self.work / notebook.name
        failure, pages = outcome.failure, outcome.pages
        if failure is None:
            taken = staging.clash(folder, self.ledger.files_of_others(notebook.name))
            failure = Failure("RunError", taken) if taken else None
        if failure is not None:
            staging.leave_only(folder, "notebooks")
            pages = {}
        moved = staging.publish(folder, self.run_folder)
        status = FAILED if failure else DONE
        self.ledger.set(
            notebook, status, seconds=outcome.seconds, results=found, failure=failure,
            pages=pages, files=moved,
        )  # fmt: skip
        if found is not None:
            self.ledger.entries[notebook.name]["made_from"] = plan.figures(found)
        self.ledger.save()
        self.progress.finish(notebook.name, status, outcome.seconds, str(failure or ""))


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let a request to terminate end the run as Ctrl-C does, kernels included."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
