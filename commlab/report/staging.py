"""What one notebook writes is collected beside the run and moved in together when it is whole.

Each notebook works in a folder laid out as the run's. What a failed or killed one wrote never
reaches the run, and what it wrote last time and does not write now is removed.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

FOLDER = ".work"
PRIVATE = "private"


@contextlib.contextmanager
def workshop(run_folder: Path) -> Iterator[Path]:
    """Make the folder in which notebooks are collected; leftovers of killed runs go.

    Its name differs from run to run, so that a kernel which outlives a killed run by a moment
    cannot write into the next one.
    """
    home = run_folder / FOLDER
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    private_folder(run_folder)
    try:
        yield Path(tempfile.mkdtemp(dir=home))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def stage(work: Path, notebook: str) -> Path:
    """Make and return the empty folder of one notebook."""
    folder = work / notebook
    private_folder(folder)
    return folder


def private_folder(parent: Path) -> Path:
    """Make and return `private/` of a folder, open to this user only."""
    path = parent / PRIVATE
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)  # mkdir's mode is cut by the umask and ignored for a folder that is there
    return path


def clash(folder: Path, others: Mapping[str, Collection[str]]) -> str:
    """Return a sentence when a notebook has written a file that is another's; else nothing.

    Args:
        folder: The notebook's folder.
        others: Files of the other notebooks, by notebook.
    """
    for name in _files(folder):
        for owner, held in others.items():
            if name in held:
                return f"writes {name}, which {owner} writes too: give it another key."
    return ""


def leave_only(folder: Path, kept: str) -> None:
    """Remove everything in a notebook's folder but one of its folders."""
    for child in folder.iterdir():
        if child.is_file():
            child.unlink()
        elif child.name != kept:
            shutil.rmtree(child)


def publish(folder: Path, run_folder: Path) -> list[str]:
    """Move every file of a notebook's folder into the run, each by one rename.

    Returns:
        The files, relative to the run, sorted.
    """
    moved = _files(folder)
    for name in moved:
        target = run_folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / name).replace(target)
    return moved


def _files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def remove(run_folder: Path, files: Iterable[str]) -> None:
    """Remove files of a run, and folders that become empty by it."""
    for name in files:
        path = run_folder / name
        if not path.resolve().is_relative_to(run_folder.resolve()):
            continue  # a manifest edited by hand must not reach outside of its run
        path.unlink(missing_ok=True)
        for parent in path.relative_to(run_folder).parents:
            above = run_folder / parent
            if parent == Path() or parent.name == PRIVATE or not above.is_dir():
                continue
            if not any(above.iterdir()):
                above.rmdir()
