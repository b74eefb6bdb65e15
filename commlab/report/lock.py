"""One run per folder: an advisory lock that ends with the process, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from commlab.errors import StartError


def lock_path(run_folder: Path) -> Path:
    """Return the lock file of a run folder: beside it, for the folder is what people pass on."""
    return run_folder.with_name(f".{run_folder.name}.lock")


@contextmanager
def one_run(run_folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder, which need not exist yet; the folder above it is made.

    The operating system drops the lock when the process ends, so that one killed outright
    leaves nothing to clean up. The file stays: removing it would let two runs lock two files.

    Raises:
        StartError: Another run holds it, or the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> with one_run(Path(tempfile.mkdtemp()) / "brand-2026-06-30"):
        ...     pass
    """
    try:
        run_folder.parent.mkdir(parents=True, exist_ok=True)
        stream = lock_path(run_folder).open("a+", encoding="utf-8")
    except OSError as error:
        raise _no_place(run_folder, error) from None
    with stream:
        if not _try_lock(stream):
            stream.seek(0)
            holder = stream.read().strip()
            raise StartError(
                f"another run{f' (process {holder})' if holder else ''} is writing into it.",
                where=str(run_folder),
                fix="Wait for it to finish, or give this run another --name.",
            )
        try:
            stream.seek(0)
            stream.truncate()
            stream.write(str(os.getpid()))
            stream.flush()
        except OSError as error:
            raise _no_place(run_folder, error) from None
        yield


def _no_place(run_folder: Path, error: OSError) -> StartError:
    return StartError(
        f"cannot be written to: {error.strerror or error}.",
        where=str(run_folder.parent),
        fix="Choose another folder with --out.",
    )


if sys.platform == "win32":
    import msvcrt

    def _try_lock(stream: IO[str]) -> bool:
        stream.seek(2**20)  # beyond the text, so that the holder can be read
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(stream: IO[str]) -> bool:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
