"""`--format files`: files in canonical columns, or any files with a map."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from commlab.config import SETTINGS_FILE, Settings, read_settings
from commlab.errors import LoadError, nearest
from commlab.loaders import blocks
from commlab.loaders.files import Source, open_source, printable
from commlab.loaders.find import SUFFIXES, as_pattern, find, matches
from commlab.loaders.leftout import ValueTally
from commlab.loaders.log import LOG_FILE
from commlab.loaders.mapping import read_map
from commlab.loaders.options import Options
from commlab.loaders.report import REPORT_FILE, SourceInfo
from commlab.loaders.rules import Block, Map, canonical_block
from commlab.loaders.workspace import WorkspaceWriter
from commlab.tables import ENOUGH, TABLES, Table

_CANONICAL = tuple({column: None for item in TABLES.values() for column in item.names})
# orders_2026-01.csv is a part of orders, orders_old.csv is not.
_PART = re.compile(r"^[ _.-]?\(?[\d_.-]+\)?$")


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Load files into a workspace.

    Args:
        paths: Files and folders.
        writer: Writer of the workspace.
        options: The map, zone and encoding.

    Raises:
        LoadError: A file cannot be read, or no row of a table could be loaded.
    """
    found = list(find(paths))
    if not found:
        raise LoadError(
            "holds no file that can be read.",
            where=", ".join(path.name for path in paths),
            fix=f"Known endings: {', '.join(SUFFIXES)}.",
        )
    plan = read_map(options.map) if options.map else _canonical_map(found, paths, options)
    writer.begin(plan.settings)
    left = {path for _, path in found}
    jobs: dict[tuple[Path, str, str, str, int], list[Block]] = {}
    for block in plan.blocks:
        matching = [path for name, path in found if matches(block.files, name)]
        if not matching and not block.optional:
            names = [name for name, _ in found]
            raise LoadError(
                f"no file is called {block.files!r}, which {block.table.name} needs.",
                where=", ".join(path.name for path in paths),
                fix=f"{nearest(block.files, names)} Or write optional = true.",
            )
        for path in matching:
            left.discard(path)
            encoding = block.encoding or options.encoding
            job = (path, block.sheet, encoding, block.delimiter, block.header)
            jobs.setdefault(job, []).append(block)
    for job, wanted in jobs.items():
        _load_file(job, wanted, writer)
    for path in sorted(left):
        writer.report.notes.append(f"{path.name} was not read: no block of the map names it.")
    all_loaded(plan, writer)


def _load_file(
    job: tuple[Path, str, str, str, int], wanted: Sequence[Block], writer: WorkspaceWriter
) -> None:
    path, sheet, encoding, delimiter, header = job
    source = open_source(
        path,
        sheet=sheet,
        encoding_name=encoding,
        delimiter=delimiter,
        header_line=header,
        expect=[name for block in wanted for name in block.aliases],
    )
    load_source(source, wanted, writer, again=writer.saw(path, printable(path.name)))


def load_source(
    source: Source, wanted: Sequence[Block], writer: WorkspaceWriter, *, again: bool = False
) -> None:
    """Load one opened source by its blocks, and account for every row of it.

    Args:
        source: The source.
        wanted: Blocks.
        writer: Writer of the workspace.
        again: Whether the workspace has the file already.

    Raises:
        LoadError: A required column is not there, or no row of a table could be loaded.
    """
    info = SourceInfo(
        source.name,
        kind=source.kind,
        encoding=source.encoding,
        delimiter=source.delimiter,
        header_line=source.header_line,
    )
    bound = [blocks.bind(block, source) for block in wanted]
    report = writer.report
    info.name = report.free_name(source.name)
    report.sources.append(info)
    used = set().union(*(item.used for item in bound))
    info.unmapped = [name for name in source.columns if name not in used]
    into = _labels(wanted)
    for item, label in zip(bound, into, strict=True):
        report.account(info.name, label)
        for name in item.absent:
            report.notes.append(_lacking(info.name, item, name, source))
    if source.other_sheets:
        report.notes.append(f"{info.name}: other sheets: {', '.join(source.other_sheets)}.")
    failures: dict[str, blocks.Failure] = {}
    tallies = [
        [ValueTally(name, personal=name in item.personal) for _, name in item.conditions]
        for item in bound
    ]
    for chunk in source.chunks():
        info.rows += chunk.rows
        for item, label, counts in zip(bound, into, tallies, strict=True):
            account = report.account(info.name, label)
            rows, failure = blocks.apply(item, chunk, account, counts)
            if failure is not None:
                failures.setdefault(label, failure)
            writer.add(
                item.block.table.name,
                rows,
                owner=(info.name, label),
                lines=rows.index,
                one_per_key=item.block.one_per_key,
                again=again,
            )
    if not info.rows:
        report.notes.append(f"{info.name} has a header and no rows.")
    for label, counts in zip(into, tallies, strict=True):
        account = report.account(info.name, label)
        for tally in counts:
            tally.settle(account)
        if account.rows and not account.rows_loaded:
            _unmet(info.name, label, account.rows, counts)
            _nothing_loaded(info.name, label, account.rows, failures.get(label))


def _lacking(name: str, item: blocks.Bound, column: str, source: Source) -> str:
    """Return a note on an optional column that the map names and the file does not have."""
    (aliases,) = (rule.aliases for rule in item.block.columns if rule.name == column)
    wanted = " or ".join(map(repr, aliases))
    place = f"{item.block.table.name}.{column}"
    hint = nearest(aliases[0], source.columns)
    return (
        f"{name} has no column {wanted}, so {place} is empty. "
        f"{hint if hint.startswith('Did') else ''}"
    ).rstrip()


def _unmet(name: str, into: str, rows: int, tallies: Sequence[ValueTally]) -> None:
    """Raise when no row at all meets a condition: the map names words that the file has not."""
    for tally in tallies:
        if not tally.met:
            raise LoadError(
                f"none of its {rows:,} rows meets the condition on {tally.column!r} of {into}. "
                f"{tally.held()}",
                where=name,
                fix="Name the words that the column has.",
            )


def _nothing_loaded(name: str, into: str, rows: int, failure: blocks.Failure | None) -> None:
    """Raise when not one row was fit: that is a wrong map, not a dirty file."""
    if failure is None:
        raise LoadError(f"none of its {rows:,} rows fits the header.", where=name,
                        fix="Check the delimiter and the line of the header.")  # fmt: skip
    raise LoadError(
        f"none of its {rows:,} rows could be loaded into {into}; the first: {failure.reason} "
        f"({failure.cell!r}).",
        where=f"{name}, line {failure.line}",
        fix="Check which column the map names, its unit and its format.",
    )


def all_loaded(plan: Map, writer: WorkspaceWriter) -> None:
    """Raise when nothing was read, and say when what was loaded answers nothing.

    Raises:
        LoadError: The sources have headers and no rows.
    """
    report = writer.report
    if not report.rows_read:
        raise LoadError(
            "the files have headers and no rows.",
            where=", ".join(source.name for source in report.sources),
            fix="Export them again, with the period that was meant.",
        )
    named = {block.table.name for block in plan.blocks}
    if not named & set(ENOUGH):
        report.notes.append(f"A workspace answers something with one of {', '.join(ENOUGH)}.")


def _canonical_map(
    found: Sequence[tuple[str, Path]], paths: Sequence[Path], options: Options
) -> Map:
    settings = Settings()
    for path in paths:
        if path.is_dir() and (path / SETTINGS_FILE).is_file():
            settings = read_settings(path)
    if options.zone:
        settings = dataclasses.replace(settings, zone=options.zone)
    plan = []
    for name, path in found:
        if path.name in (SETTINGS_FILE, REPORT_FILE, LOG_FILE):
            continue
        table = _named(path.name)
        source = open_source(path, encoding_name=options.encoding, expect=_CANONICAL)
        if table is None:
            table = _by_columns(source)
        if table is not None:
            plan.append(
                canonical_block(table, source.columns, settings.zone, files=as_pattern(name))
            )
    if not plan:
        raise LoadError(
            "no file has the name or the columns of a canonical table.",
            where=", ".join(name for name, _ in found[:3]),
            fix="Name files like orders.csv (`commlab tables` lists them), or write a map.",
        )
    return Map(tuple(plan), settings)


def _named(name: str) -> Table | None:
    """The table that a file is named after: orders.csv, orders_2026-01.csv.gz."""
    stem = name.split(".", 1)[0] if name.endswith(".gz") else name.rsplit(".", 1)[0]
    for table in sorted(TABLES, key=len, reverse=True):
        if stem == table or (stem.startswith(table) and _PART.match(stem[len(table) :])):
            return TABLES[table]
    return None


def _by_columns(source: Source) -> Table | None:
    held = set(source.columns)
    fits = [table for table in TABLES.values() if held >= set(table.required)]
    known = [len(held & set(table.names)) for table in fits]
    best = [table for table, count in zip(fits, known, strict=True) if count == max(known)]
    return best[0] if len(best) == 1 else None


def _labels(wanted: Sequence[Block]) -> list[str]:
    """Table names, numbered where two blocks fill one table from one file."""
    labels: list[str] = []
    for block in wanted:
        name, number = block.table.name, 1
        while name in labels:
            number += 1
            name = f"{block.table.name} ({number})"
        labels.append(name)
    return labels
