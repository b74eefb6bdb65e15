"""A folder that changes all at once, also when the process that changes it is killed.

The new contents are built in a hidden folder beside the target (`.<name>.loading`). Then the target
is renamed into it as `old`, and `building` takes its place. Whoever comes next (another load, or
somebody who opens the workspace) puts `old` back where a kill left nothing.

`.<name>.lock` beside them is locked while somebody builds, and the operating system drops the lock
with its process, however that ends: what stands there without one is of a dead process.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO

from commlab.errors import WorkspaceError
from commlab.locking import try_lock

BUILDING, OLD, STAGING = "building", "old", "staging"
_ALONG = "along.json"
# Seconds; a living process is between its two renames for less than a thousandth of one.
PATIENCE = 2.0


def beside(out: Path) -> Path:
    """Return the hidden folder in which the new contents of a folder are built."""
    whole = out.absolute()
    return whole.with_name(f".{whole.name}.loading")


class Swap:
    """The hidden folder beside a target, for one process at a time.

    Args:
        out: The target, which need not exist.

    Raises:
        WorkspaceError: Another process builds there, or the place cannot be written.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.work = beside(out)
        try:
            self.work.parent.mkdir(parents=True, exist_ok=True)
            lock = _lock(out)
            if lock is None:
                raise WorkspaceError(
                    f"another load{_holder(out)} is writing into it.",
                    where=str(out),
                    fix="Wait for it to finish, then load again.",
                )
            self._held = lock
            _mend(out, self.work)
            shutil.rmtree(self.work, ignore_errors=True)
            for part in (STAGING, BUILDING):
                (self.work / part).mkdir(parents=True)
        except OSError as error:
            raise WorkspaceError(
                f"cannot be written to: {error.strerror or error}.",
                where=str(out.absolute().parent),
                fix="Choose another folder.",
            ) from None

    def take(self, along: Collection[str]) -> None:
        """Put the finished folder in its place.

        Args:
            along: Names in the old folder that move into the new one.
        """
        (self.work / _ALONG).write_text(json.dumps(sorted(along)), encoding="utf-8")
        if self.out.exists():
            self.out.rename(self.work / OLD)
        (self.work / BUILDING).rename(self.out)

    def clear(self) -> None:
        """Leave the target whole, and remove what was built beside it."""
        _mend(self.out, self.work)
        shutil.rmtree(self.work, ignore_errors=True)
        _unlock(self.out, self._held)


def restore(out: Path) -> None:
    """Put a folder back that a killed process left half changed; nothing where it is whole.

    While a living process is between its two renames the folder is waited for.

    Raises:
        WorkspaceError: It cannot be put back by this user.
    """
    try:
        _restore(out)
    except OSError as error:
        raise WorkspaceError(
            f"was left half changed by a load that was killed, and cannot be put back: "
            f"{error.strerror or error}.",
            where=str(out),
            fix="Open or load it as a user who may write there.",
        ) from None


def _restore(out: Path) -> None:
    work = beside(out)
    patience = time.monotonic() + PATIENCE
    while (work / OLD).exists() and time.monotonic() < patience:
        lock = _lock(out)
        if lock is not None:
            _mend(out, work)
            _unlock(out, lock)
            return
        if out.exists():
            return
        time.sleep(0.01)


def _mend(out: Path, work: Path) -> None:
    """After a kill between the renames the old folder comes back; after them, what moves along."""
    old = work / OLD
    if not old.exists():
        return
    if not out.exists():
        old.rename(out)
        return
    for name in json.loads((work / _ALONG).read_text(encoding="utf-8")):
        if (old / name).exists():
            (old / name).rename(out / name)


def _lock_path(out: Path) -> Path:
    whole = out.absolute()
    return whole.with_name(f".{whole.name}.lock")


def _lock(out: Path) -> IO[str] | None:
    """The lock of a folder, held; None where another process has it."""
    path = _lock_path(out)
    while True:
        stream = path.open("a+", encoding="utf-8")
        if not try_lock(stream):
            stream.close()
            return None
        # Whoever had it may have removed the file in between: then another is to be locked.
        if _same(stream, path):
            stream.seek(0)
            stream.truncate()
            stream.write(str(os.getpid()))
            stream.flush()
            return stream
        stream.close()


def _unlock(out: Path, stream: IO[str]) -> None:
    if os.name == "posix":  # elsewhere an open file cannot be removed, and it stays
        _lock_path(out).unlink(missing_ok=True)
    stream.close()


def _same(stream: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _holder(out: Path) -> str:
    try:
        number = _lock_path(out).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return f" (process {number})" if number else ""
