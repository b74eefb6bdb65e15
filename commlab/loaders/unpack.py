"""A file as a stream that can be read twice, unpacked where it is gzipped."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

from commlab.errors import LoadError
from commlab.loaders import bombs

_GZIP = b"\x1f\x8b"


class Unpacked:
    """A seekable, unpacked stream of a file; a broken gzip is a `LoadError`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> BinaryIO:
        raw = self.path.open("rb")
        if raw.read(2) != _GZIP:
            raw.seek(0)
            self.stream: BinaryIO = raw
            return raw
        raw.close()
        # Unpacked once to disk: the encoding is found in one pass and the rows in another.
        self.stream = tempfile.TemporaryFile(prefix="commlab-")  # type: ignore[assignment]
        try:
            with gzip.open(self.path) as packed:
                while block := packed.read(1 << 20):
                    self.stream.write(block)
                    bombs.check(self.stream.tell(), self.path.stat().st_size, self.path.name)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            good = self.stream.tell()
            self.stream.close()
            raise LoadError(
                f"is a broken gzip file: {error} (after {good:,} bytes of good content).",
                where=self.path.name,
                fix="Copy or export it again.",
            ) from None
        self.stream.seek(0)
        return self.stream

    def __exit__(self, *_: object) -> None:
        self.stream.close()
