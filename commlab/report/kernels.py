"""Executes notebooks with papermill in this process, each in a kernel of its own over IPC.

The kernel is always the running interpreter, whatever kernels are installed and whatever the
notebook was last saved with. Its sockets, history and scratch files live in one temporary folder
that only this user can read and that is removed with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import site
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellControlSignal, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.parameterize import parameterize_notebook

from commlab.report.failure import Failure
from commlab.report.notebooks import KERNEL
from commlab.workspace import without_credentials

ENGINE = "commlab"
START_SECONDS = 180  # a busy machine with a cold disk takes its time to import ipykernel
OUTPUT_SECONDS = 120  # nbclient's 4 s fail a notebook when all cores are busy
SOCKET_LENGTH = 100  # addresses of Unix sockets end at 104 bytes (macOS) or 108 (Linux)

OnCell = Callable[[int, int], None]  # number of the code cell that starts, of how many


@dataclasses.dataclass
class Executed:
    """A notebook after its execution.

    Attributes:
        node: The notebook with its outputs, as far as it came.
        failure: What stopped it; None when every cell ran.
    """

    node: nbformat.NotebookNode
    failure: Failure | None = None


class _KernelManager(AsyncKernelManager):
    """A kernel of this very interpreter, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        ipc = os.name == "posix"  # elsewhere ZeroMQ has TCP only
        super().__init__(
            kernel_name="python3",
            connection_file=str(folder / "kernel.json"),
            **({"transport": "ipc", "ip": str(folder / "k")} if ipc else {}),
        )

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class Kernels:
    """The kernels of one run.

    Args:
        cwd: Folder that the kernels work in.
        env: Environment variables to set beside those of this process.
    """

    def __init__(self, cwd: Path, env: Mapping[str, str]) -> None:
        self.cwd, self.env = cwd, dict(env)
        self.stopped = False
        self._live: set[_KernelManager] = set()
        self._lock = threading.Lock()

    def execute(self, path: Path, parameters: Mapping[str, Any], on_cell: OnCell) -> Executed:
        """Execute a notebook; an error inside it comes back as the failure of the result.

        Args:
            path: The notebook.
            parameters: Values for its parameters.
            on_cell: Called when a code cell starts.
        """
        node = nbformat.read(path, as_version=4)
        node.metadata["kernelspec"] = dict(KERNEL)
        session = _Session(self, Executed(node), on_cell)
        with _folder() as session.folder:
            try:
                papermill.execute_notebook(
                    node, None, dict(parameters), engine_name=ENGINE, session=session,
                    kernel_name="python3", language="python", progress_bar=False,
                    start_timeout=START_SECONDS,
                )  # fmt: skip
            except PapermillExecutionError as error:
                session.fail(Failure.said(error.ename, error.evalue, session.cell))
            except DeadKernelError:
                why = "stopped" if self.stopped else "the kernel died, most likely out of memory"
                session.fail_outside(Failure("DeadKernelError", why, session.cell))
            except (RuntimeError, TimeoutError, CellControlSignal) as error:
                session.fail_outside(Failure.of(error, session.cell))
        node = session.executed.node
        # papermill keeps the whole input notebook there when it is given a node.
        node.metadata["papermill"].update(input_path=path.name, output_path=path.name)
        return session.executed

    def stop(self) -> None:
        """Kill every kernel of this run that is alive; executions end as failed."""
        with self._lock:
            self.stopped = True
            managers = list(self._live)
        for manager in managers:
            self.kill(manager)

    def kill(self, manager: _KernelManager) -> None:
        """Kill one kernel and what it started."""
        provisioner = manager.provisioner
        process = getattr(provisioner, "process", None)
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):  # it ended between the two lines
            if os.name == "posix" and getattr(provisioner, "pgid", None):
                os.killpg(provisioner.pgid, signal.SIGKILL)  # type: ignore[union-attr]
            else:
                process.kill()

    def add(self, manager: _KernelManager) -> None:
        """Remember a kernel that is about to start."""
        with self._lock:
            if self.stopped:
                raise RuntimeError("the run was stopped")
            self._live.add(manager)

    def discard(self, manager: _KernelManager) -> None:
        """Make sure that a kernel has ended, and forget it."""
        self.kill(manager)
        with self._lock:
            self._live.discard(manager)


@dataclasses.dataclass
class _Session:
    """One execution: what papermill's engine needs from us, and what it brings back."""

    kernels: Kernels
    executed: Executed
    on_cell: OnCell
    folder: Path = Path()
    cell: int = 0

    def environment(self) -> dict[str, str]:
        env = {**os.environ, **self.kernels.env}
        env.pop("MPLBACKEND", None)  # a windowed backend of the user's shell has no place here
        env["IPYTHONDIR"] = str(self.folder / "ipython")  # no start-up scripts of the user's
        env["TMPDIR"] = str(self.folder)  # a killed kernel leaves no spilled tables behind
        source = Path(__file__).resolve().parents[2]
        if str(source) not in [*site.getsitepackages(), site.getusersitepackages()]:
            before = env.get("PYTHONPATH")
            env["PYTHONPATH"] = f"{source}{os.pathsep}{before}" if before else str(source)
        return env

    def fail(self, failure: Failure) -> None:
        self.executed.failure = failure

    def fail_outside(self, failure: Failure) -> None:
        """Note a failure that no cell has put out, at the cell that was running."""
        self.fail(failure)
        node = self.executed.node
        told = nbformat.v4.new_output(
            "error", ename=failure.kind, evalue=failure.message, traceback=self.log()
        )
        code = [cell for cell in node.cells if cell.cell_type == "code"]
        for cell in code[self.cell - 1 : self.cell] if self.cell else code[:1]:
            cell.outputs.append(told)
            cell.metadata.setdefault("papermill", {}).update(exception=True, status="failed")
        node.metadata.setdefault("papermill", {})["exception"] = True

    def log(self) -> list[str]:
        """The last lines that the kernel process wrote to its own standard error."""
        path = self.folder / "kernel.log"
        if not path.is_file():
            return []
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]


class _Client(PapermillNotebookClient):
    """papermill's client on our kernel manager."""

    def __init__(self, manager: NotebookExecutionManager, session: _Session, **options: Any):
        self.session = session
        super().__init__(manager, **options)

    def create_kernel_manager(self) -> _KernelManager:
        kernel = _KernelManager(self.session.folder)
        self.session.kernels.add(kernel)
        self.km = kernel
        return kernel


class _Progress(NotebookExecutionManager):
    """papermill's bookkeeping, telling which code cell starts."""

    def __init__(self, nb: nbformat.NotebookNode, session: _Session) -> None:
        super().__init__(nb, progress_bar=False, autosave_cell_every=0)
        self.session = session
        self.total = sum(cell.cell_type == "code" for cell in nb.cells)

    def cell_start(self, cell: nbformat.NotebookNode, cell_index: int | None = None, **kw: Any):  # type: ignore[no-untyped-def]
        super().cell_start(cell, cell_index, **kw)
        if self.session.kernels.stopped:  # it started while the others were being killed
            raise RuntimeError("the run was stopped")
        if cell.cell_type == "code":
            self.session.cell += 1
            self.session.on_cell(self.session.cell, self.total)


class _Engine(Engine):
    """The papermill engine that runs a notebook in a kernel of a `Kernels`."""

    @classmethod
    def execute_notebook(  # type: ignore[override]
        cls, nb: nbformat.NotebookNode, kernel_name: str, *, session: _Session,
        start_timeout: int, **unused: Any,
    ) -> nbformat.NotebookNode:  # fmt: skip
        session.executed.node = nb
        manager = _Progress(nb, session)
        manager.notebook_start()
        client = _Client(
            manager, session, kernel_name=kernel_name, timeout=None,
            startup_timeout=start_timeout, iopub_timeout=OUTPUT_SECONDS,
        )  # fmt: skip
        with (session.folder / "kernel.log").open("wb") as log:
            try:
                client.execute(
                    cwd=str(session.kernels.cwd), env=session.environment(), stdout=log, stderr=log
                )
            finally:
                if client.km is not None:
                    session.kernels.discard(client.km)
        manager.notebook_complete()
        return nb


papermill_engines.register(ENGINE, _Engine)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A private folder whose path is short enough for Unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix="commlab-")).resolve()
    if len(os.fsencode(folder / "k-0")) > SOCKET_LENGTH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="commlab-", dir="/tmp")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def without_run_folder(node: nbformat.NotebookNode, parameters: Mapping[str, Any]) -> None:
    """Take the run's folder out of an executed notebook, in place, and passwords of databases.

    Opened and run by hand it then shows its figures and writes nothing into the run.
    """
    visible = {
        name: f"{value.split('://')[0]}://{without_credentials(value)}"
        if isinstance(value, str) and "://" in value
        else value
        for name, value in parameters.items()
        if name != "run_folder"
    }
    fresh = parameterize_notebook(node, visible, kernel_name="python3", language="python")
    node.cells = fresh.cells
    node.metadata = fresh.metadata
