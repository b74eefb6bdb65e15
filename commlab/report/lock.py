"""One run per folder: an advisory lock that ends with the process, however that ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commlab.errors import StartError
from commlab.locking import try_lock


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
        if not try_lock(stream):
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
