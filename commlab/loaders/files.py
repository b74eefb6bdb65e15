"""Any exported file as columns of text: CSV, TSV, Excel or Parquet, gzipped or not.

What a file is, is read from its first bytes and not from its name: Chinese shop systems call
tab-separated text and HTML pages `.xls`. Nothing is parsed here. Numbers stay as they were
written, so that an id never loses a digit, and every record keeps its line number.

The readers hand out chunks, so that a file need not fit in memory (an Excel sheet must).
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa

from commlab.errors import LoadError, nearest
from commlab.loaders import binary, bombs, encoding, header
from commlab.loaders.unpack import Unpacked

CHUNK_ROWS = 100_000
_PIECE = 2_000  # rows as Python lists at a time: the garbage collector walks through all there are
_ZIP, _PARQUET, _OLE = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
_HTML = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")

TOO_MANY = "more cells than the header"
TOO_FEW = "fewer cells than the header"
EMPTY = "empty row"


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A run of records.

    Attributes:
        frame: Text columns; the index, named `line`, is the line (or sheet row) of each record;
            an empty cell is "".
        rejected: Reason → lines of records that are no rows of the table.
    """

    frame: pd.DataFrame
    rejected: dict[str, list[int]]

    @property
    def rows(self) -> int:
        """Records in the chunk, the rejected ones included."""
        return len(self.frame) + sum(len(lines) for lines in self.rejected.values())


@dataclasses.dataclass(frozen=True)
class Source:
    """One opened file (or one sheet of it), not yet read.

    Attributes:
        path: The file.
        kind: "text", "excel" or "parquet".
        columns: Names in the header: trimmed, doubles numbered, nameless ones called `(column 3)`.
        encoding: Encoding of a text file.
        delimiter: Delimiter of a text file.
        sheet: Sheet of a workbook.
        other_sheets: Sheets that hold something and are not read.
        header_line: Line of the header; lines above it are titles.
    """

    path: Path
    kind: str
    columns: tuple[str, ...]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    header_line: int = 0

    @property
    def name(self) -> str:
        """Name of the file, with the sheet where there is one; fit to be printed."""
        return printable(f"{self.path.name}[{self.sheet}]" if self.sheet else self.path.name)

    def require(self, names: Collection[str]) -> None:
        """Raise unless all the named columns are there.

        Raises:
            LoadError: One is not; the message has the nearest that is.
        """
        for name in names:
            if name not in self.columns:
                raise LoadError(
                    f"has no column {name!r}.",
                    where=f"{self.name}, line {self.header_line}",
                    fix=f"{nearest(name, self.columns)} Its columns: {', '.join(self.columns)}.",
                )

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """Yield the records below the header, `rows` at a time.

        Raises:
            LoadError: The file breaks off or is broken; the message has the line.
        """
        if self.kind == "parquet":
            with Unpacked(self.path) as stream:
                for start, frame in binary.parquet_frames(stream, self.name, rows):
                    frame.index = pd.RangeIndex(start, start + len(frame), name="line")
                    yield Chunk(frame.set_axis(list(self.columns), axis=1), {})
            return
        records = _records(self)
        while chunk := _next_chunk(records, self.columns, rows):
            yield chunk

    def read(self) -> Chunk:
        """Return all records as one chunk."""
        parts = list(self.chunks())
        if not parts:
            empty = pd.DataFrame({name: pd.Series(dtype="str") for name in self.columns})
            return Chunk(empty.rename_axis("line"), {})
        rejected: dict[str, list[int]] = {}
        for part in parts:
            for reason, lines in part.rejected.items():
                rejected.setdefault(reason, []).extend(lines)
        return Chunk(pd.concat([part.frame for part in parts]), rejected)


def printable(name: str) -> str:
    """Return a name without what would move the cursor of a terminal or break a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def open_source(
    path: Path | str,
    *,
    encoding_name: str = "",
    delimiter: str = "",
    sheet: str = "",
    header_line: int = 0,
    expect: Collection[str] = (),
) -> Source:
    """Open a file: find out what it is, its encoding, delimiter and header.

    Args:
        path: The file.
        encoding_name: Python name of the encoding; empty: detect from the whole file.
        delimiter: Delimiter; empty: detect.
        sheet: Sheet of a workbook; empty: the first that holds something.
        header_line: Line of the header, from 1; 0: detect, skipping title rows.
        expect: Column names that help to find the header.

    Returns:
        The opened source.

    Raises:
        LoadError: Missing, empty, unreadable or broken file; undecodable bytes.
    """
    path = Path(path)
    where = printable(path.name)
    if not path.is_file():
        raise LoadError("there is no such file.", where=str(path), fix="Check the path.")
    if path.stat().st_size == 0:
        raise LoadError("is empty (0 bytes).", where=where, fix="Export it again.")
    with Unpacked(path) as stream:
        head = stream.read(512)
        stream.seek(0)
        if not head.strip():
            raise LoadError("is empty.", where=where, fix="Export it again.")
        if head.startswith(_PARQUET):
            columns = header.clean_names(binary.parquet_columns(stream, where))
            return Source(path, "parquet", columns)
        if head.startswith(_ZIP):
            bombs.check_zip(stream, where)
        if head.startswith((_ZIP, _OLE)):
            name, others = binary.pick_sheet(stream, where, sheet)
            source = Source(path, "excel", (), sheet=name, other_sheets=others)
        else:
            if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_HTML):
                raise LoadError(
                    "is a web page under the name of a table.",
                    where=where,
                    fix="Open it in a spreadsheet and save it as xlsx or CSV.",
                )
            source = Source(path, "text", (), encoding=_encoding(stream, encoding_name, where))
            delimiter = delimiter or header.delimiter(_first_text(stream, source.encoding))
            source = dataclasses.replace(source, delimiter=delimiter)
    return _with_header(source, header_line, expect)


def _with_header(source: Source, header_line: int, expect: Collection[str]) -> Source:
    sample = list(itertools.islice(_records(source), header.SAMPLE))
    line, names = header.find(sample, header_line, expect, source.name)
    return dataclasses.replace(source, columns=header.clean_names(names), header_line=line)


def _encoding(stream: BinaryIO, name: str, where: str) -> str:
    if not name:
        return encoding.detect(stream, where)
    encoding.check(stream, name, where)
    return name


def _first_text(stream: BinaryIO, name: str) -> str:
    stream.seek(0)
    return stream.read(1 << 16).decode(name, errors="ignore")


def _records(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) from the top of the file (below the header once it is known)."""
    with Unpacked(source.path) as stream:
        if source.kind == "excel":
            lines = binary.sheet_rows(stream, source.path.name, source.sheet)
        else:
            lines = _text_rows(stream, source)
        yield from itertools.dropwhile(lambda record: record[0] <= source.header_line, lines)


def _text_rows(stream: BinaryIO, source: Source) -> Iterator[tuple[int, list[str]]]:
    text = io.TextIOWrapper(stream, source.encoding, newline="")
    reader = csv.reader(text, delimiter=source.delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise LoadError(
            f"the record that begins here cannot be read: {error}.",
            where=f"{source.name}, line {line}",
            fix='A quote inside a quoted cell is written twice (""), and each quote is closed.',
        ) from None


def _next_chunk(
    records: Iterator[tuple[int, list[str]]], columns: tuple[str, ...], rows: int
) -> Chunk | None:
    width = len(columns)
    lines: list[int] = []
    kept: list[list[str]] = []
    pieces: list[list[pa.Array]] = [[] for _ in columns]
    rejected: dict[str, list[int]] = {}
    for line, cells in records:
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]
        # Nearly every row has something in its first cell: only the others are looked through.
        if (not cells or not cells[0] or cells[0].isspace()) and not "".join(cells).strip():
            rejected.setdefault(EMPTY, []).append(line)
        elif len(cells) != width:
            reason = TOO_MANY if len(cells) > width else TOO_FEW
            rejected.setdefault(reason, []).append(line)
        else:
            lines.append(line)
            kept.append(cells)
            if len(kept) == _PIECE:
                _into_columns(kept, pieces)
        if len(lines) == rows:
            break
    if not lines and not rejected:
        return None
    _into_columns(kept, pieces)
    index = pd.Index(lines, dtype="int64", name="line")
    data = {
        name: pd.Series(pa.chunked_array(arrays, pa.large_string()), index=index, dtype="str")
        for name, arrays in zip(columns, pieces, strict=True)
    }
    return Chunk(pd.DataFrame(data, index=index), rejected)


def _into_columns(kept: list[list[str]], pieces: list[list[pa.Array]]) -> None:
    """Move rows into columns of Arrow, and forget them."""
    for column, cells in zip(pieces, zip(*kept, strict=True), strict=bool(kept)):
        column.append(pa.array(cells, pa.large_string()))
    kept.clear()
