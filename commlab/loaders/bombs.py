"""Files that unpack to far more than an export can: refused before they fill memory or disk."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

from commlab.errors import LoadError

# Exports shrink to a tenth, logs of equal lines to a fiftieth; zeros to a thousandth.
RATIO = 200
# Below it nothing is harmed whatever the ratio: a sheet of equal rows is no bomb.
HARMLESS = 200 << 20
# Of a workbook, which is held in memory: Excel's own limit of a million rows is well below.
MOST = 4 << 30


def check(unpacked: int, packed: int, where: str) -> None:
    """Raise when so many bytes came out of so few.

    Raises:
        LoadError: No export shrinks so well.
    """
    if unpacked > HARMLESS and unpacked > RATIO * packed:
        raise LoadError(
            f"unpacks to more than {unpacked:,} bytes from {packed:,}: no export shrinks so well.",
            where=where,
            fix="Unpack it yourself if you know what it is, and load what is inside.",
        )


def check_zip(stream: BinaryIO, where: str) -> None:
    """Raise when a workbook says that it unpacks to more than memory should hold.

    Raises:
        LoadError: It does, or it is no zip archive.
    """
    try:
        with zipfile.ZipFile(stream) as book:
            unpacked = sum(item.file_size for item in book.infolist())
            packed = sum(item.compress_size for item in book.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise LoadError(f"is not a workbook that can be opened: {error}.", where=where,
                        fix="Save it again as xlsx, without a password.") from None  # fmt: skip
    finally:
        stream.seek(0)
    check(unpacked, packed, where)
    if unpacked > MOST:
        raise LoadError(
            f"unpacks to {unpacked:,} bytes, which memory should not hold.",
            where=where,
            fix="Save its sheets as CSV.",
        )
