"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

READABLE = 0o666  # less the umask, as any program writes
PRIVATE = 0o600  # real ids: for the one who ran it


@contextmanager
def whole(path: Path, *, mode: int = READABLE, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """Open a text file for writing that takes its name only when it is complete.

    Args:
        path: Where it is to appear; its folder is made when missing.
        mode: Access rights, less the umask.
        encoding: Encoding of the text.

    Yields:
        The open file. When the block raises, nothing appears and an older file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, mode: int = READABLE) -> None:
    """Write a text file in one step; see `whole`."""
    with whole(path, mode=mode) as stream:
        stream.write(text)
