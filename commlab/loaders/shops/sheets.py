"""Which of the files given is which sheet of a shop system, told by their columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from commlab.errors import LoadError
from commlab.loaders.adapter import Sieve
from commlab.loaders.files import Source, open_source, printable
from commlab.loaders.find import find
from commlab.loaders.options import Options
from commlab.loaders.report import ALREADY, Account, SourceInfo
from commlab.loaders.workspace import WorkspaceWriter


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A sheet that a system exports.

    Attributes:
        name: What it is, for messages.
        into: Tables that its rows go into.
        fields: Own name → columns, the first that is there is read.
        required: Fields without which it is not this sheet.
    """

    name: str
    into: str
    fields: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]

    def found(self, columns: Sequence[str]) -> dict[str, str]:
        """Return field → column of those that are there."""
        picked = {}
        for field, aliases in self.fields.items():
            name = next((alias for alias in aliases if alias in columns), None)
            if name is not None:
                picked[field] = name
        return picked


@dataclasses.dataclass
class Opened:
    """A sheet, read.

    Attributes:
        sheet: What it is.
        account: What becomes of its rows.
        text: Its fields as text, indexed by line; "" where the file lacks the column.
        present: Fields that the file has.
        sieve: Takes rows out.
        doubts: Doubt → lines, of rows of which it is not yet known whether they are loaded.
    """

    sheet: Sheet
    account: Account
    text: pd.DataFrame
    present: frozenset[str]
    sieve: Sieve
    doubts: dict[str, list[int]] = dataclasses.field(default_factory=dict)

    def doubt(self, reason: str, lines: Iterable[int]) -> None:
        """Take note of rows that are doubtful, should they be loaded."""
        self.doubts.setdefault(reason, []).extend(lines)

    def settle(self) -> None:
        """Count the doubts about the rows that are left."""
        left = set(self.sieve.left.index[self.sieve.left])
        for reason, lines in self.doubts.items():
            self.account.alter(reason, [line for line in lines if line in left])
        self.doubts.clear()


def open_sheets(
    paths: Sequence[Path], writer: WorkspaceWriter, options: Options, known: Sequence[Sheet]
) -> list[Opened]:
    """Open files and sheets of workbooks, each as the first known sheet that it fits.

    Args:
        paths: Files and folders.
        writer: Writer whose report gets sources, accounts, and a note on what fits nothing.
        options: Encoding.
        known: Sheets, the most particular first.

    Raises:
        LoadError: A file cannot be read, or nothing fits, or what fits has no rows.

    Returns:
        The sheets; not those of files that were loaded before, which are accounted for here.
    """
    opened, strangers = [], []
    again = False
    columns = [name for sheet in known for aliases in sheet.fields.values() for name in aliases]
    for source in _sources(paths, options, columns):
        sheet = next(
            (item for item in known if set(item.required) <= item.found(source.columns).keys()),
            None,
        )
        if sheet is None:
            strangers.append(source)
            continue
        made = _read(source, writer.report.free_name(source.name), sheet, writer)
        if writer.saw(source.path, printable(source.path.name)):
            made.account.reject(ALREADY, made.text.index)
            again = True
            continue
        opened.append(made)
    if not opened and not again:
        raise _nothing(strangers, paths, known)
    for source in strangers:
        writer.report.notes.append(
            f"{source.name} was not read: it has the columns of no sheet that this format knows."
        )
    if opened and not any(len(item.text) for item in opened):
        raise LoadError("has a header and no rows.", where=opened[0].account.source,
                        fix="Export it again, with the period that was meant.")  # fmt: skip
    return opened


def _sources(paths: Sequence[Path], options: Options, columns: Sequence[str]) -> Iterator[Source]:
    for _, path in find(paths):
        source = open_source(path, encoding_name=options.encoding, expect=columns)
        yield source
        for sheet in source.other_sheets:
            yield open_source(path, sheet=sheet, expect=columns)


def _read(source: Source, name: str, sheet: Sheet, writer: WorkspaceWriter) -> Opened:
    chunk = source.read()
    found = sheet.found(source.columns)
    unmapped = [column for column in source.columns if column not in found.values()]
    writer.report.sources.append(
        SourceInfo(name, chunk.rows, source.kind, source.encoding, source.delimiter,
                   source.header_line, unmapped)
    )  # fmt: skip
    account = writer.report.account(name, sheet.into)
    account.rows = chunk.rows
    for reason, lines in chunk.rejected.items():
        account.reject(reason, lines)
    empty = pd.Series("", index=chunk.frame.index, dtype="str")
    text = pd.DataFrame(
        {field: chunk.frame[found[field]] if field in found else empty for field in sheet.fields}
    )
    return Opened(sheet, account, text, frozenset(found), Sieve(text, account))


def _nothing(
    strangers: Sequence[Source], paths: Sequence[Path], known: Sequence[Sheet]
) -> LoadError:
    if not strangers:
        names = ", ".join(path.name for path in paths)
        return LoadError("holds no file that can be read.", where=names, fix="Check the folder.")
    first = strangers[0]
    wanted = "; ".join(
        f"{sheet.name}: {', '.join(sheet.fields[field][0] for field in sheet.required)}"
        for sheet in known
    )
    return LoadError(
        f"has the columns of no sheet that this format knows: {', '.join(first.columns)}.",
        where=f"{first.name}, line {first.header_line}",
        fix=f"Needed are, for {wanted}.",
    )
