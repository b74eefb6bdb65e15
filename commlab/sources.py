"""The files of a workspace: the header of a CSV, and what is wrong with a file that breaks off."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
from collections.abc import Iterable
from pathlib import Path

from commlab.errors import DataError

DELIMITERS = (",", ";", "\t", "|")  # no declared column has one of them in its name
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FILE = re.compile(r"^ *file = (.+)$|Failed to read file \"([^\"]+)\"", re.MULTILINE)
_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_AGAIN = "Export it again, or load the export with `commlab load`."
_ENCODING = "Save it as UTF-8, or load the export with `commlab load`, which finds the encoding."


def header(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter and the column names of a CSV file of a workspace.

    Engines guess both from the first rows, and guess something else when one row is broken.

    Args:
        path: The file, `.csv` or `.csv.gz`.

    Raises:
        DataError: It is empty, not UTF-8 in its first line, or names a column twice.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
            first = next((line for line in stream if line.strip()), "")
    except UnicodeDecodeError:
        raise _not_utf8(path.name, not_utf8_line(path) or 1) from None
    except (OSError, EOFError) as error:
        raise DataError(f"cannot be read: {error}.", where=path.name, fix=_AGAIN) from None
    if not first:
        raise DataError("is empty, without even a header.", where=path.name, fix=_AGAIN)
    delimiter = max(DELIMITERS, key=first.count)  # the first of equals: the comma
    names = tuple(name.strip() for name in next(csv.reader([first], delimiter=delimiter)))
    for place, name in enumerate(names):
        if name in names[:place]:
            # By number: without a header, the first row is a person.
            raise DataError(
                f"line 1 gives columns {names.index(name) + 1} and {place + 1} the same name.",
                where=path.name,
                fix="Keep one of them.",
            )
    return delimiter, names


def not_utf8_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8; 0 where all are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    number = 0
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                decoder.decode(line, final=True)
            except UnicodeDecodeError:
                return number
    return 0


def lines_with(path: Path, cell: str, column: str, *, most: int = 3) -> list[int]:
    """Return the first lines of a CSV file that hold a cell in a column.

    Args:
        path: The file.
        cell: The cell, blanks around it aside.
        column: Name of the column.
        most: At most so many.

    Returns:
        Line numbers, the header being line 1; of a row over several lines the first.
    """
    delimiter, names = header(path)
    place, wanted = names.index(column), cell.strip()
    found: list[int] = []
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        before = 0
        for row in reader:
            if place < len(row) and row[place].strip() == wanted:
                found.append(before + 1)
                if len(found) == most:
                    break
            before = reader.line_num
    return found


def unreadable(error: Exception, sources: Iterable[Path]) -> DataError | None:
    """Return what an error of the embedded engine says about one of the files; None: nothing.

    Args:
        error: What the engine raised.
        sources: The files that are read in place.
    """
    text = str(error)
    line = _LINE.search(text)
    named = _FILE.search(text)
    name = Path(named[1] or named[2]).name if named else ""
    if line:
        return _csv(name, int(line[1]), text)
    if name:
        return _parquet(name)
    # Some damage is told without the name of the file: look which one cannot be read through.
    if type(error).__name__ in ("Error", "InvalidInputException", "IOException"):
        broken = next((path for path in sources if _breaks(path)), None)
        return None if broken is None else _parquet(broken.name)
    return None


def _csv(name: str, line: int, text: str) -> DataError:
    if "not utf-8" in text or "nvalid unicode" in text:
        return _not_utf8(name, line)
    width = _WIDTH.search(text)
    if width:
        expected, found = int(width[1]), int(width[2])
        cells = "fewer" if found < expected else "more"
        what = f"line {line} has {cells} cells than the header, which has {expected}."
        fix = "A comma or a line break inside a cell needs quotes: mend the line"
    elif "nterminated quote" in text:
        what, fix = f"line {line} opens a quote that is never closed.", "Close it"
    else:
        what, fix = f"line {line} is no line of CSV.", "Mend it"
    return DataError(what, where=name, fix=f"{fix}, or load the export with `commlab load`.")


def _not_utf8(name: str, line: int) -> DataError:
    return DataError(f"line {line} is not UTF-8 text.", where=name, fix=_ENCODING)


def _parquet(name: str) -> DataError:
    return DataError(
        "is a broken Parquet file: its rows cannot be read through.",
        where=name,
        fix="Write or copy it again, or load the export with `commlab load`.",
    )


def _breaks(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if ".csv" in path.suffixes:
        return False
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    try:
        for part in parts:
            for _ in pq.ParquetFile(part).iter_batches():
                pass
    except (pa.ArrowException, OSError):
        return True
    return False
