"""Which files stand behind what the user named, and which of them a block means."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from commlab.errors import LoadError
from commlab.loaders.files import printable
from commlab.loaders.report import REPORT_FILE, SOURCES

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".parquet", ".gz")


def find(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield (relative name, path) of the readable files, folders searched, sorted by name.

    Raises:
        LoadError: A path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise LoadError("there is no such file or folder.", where=str(path),
                            fix="Check the path.")  # fmt: skip
        if path.is_file():
            yield path.name, path
            continue
        workspace = (path / REPORT_FILE).is_file()
        for inner in sorted(path.rglob("*")):
            relative = inner.relative_to(path)
            # Names that begin with a point or ~$ are locks and leftovers of office programs.
            hidden = any(part.startswith((".", "~$")) for part in relative.parts)
            inside(inner, path)
            if workspace and relative.parts[0] == SOURCES:
                continue  # no tables, but what they were made of
            if inner.is_file() and not hidden and inner.suffix.lower() in SUFFIXES:
                yield relative.as_posix(), inner


def inside(path: Path, folder: Path) -> None:
    """Raise when a link in a folder leads out of it: nobody who sends exports picks other files.

    Raises:
        LoadError: It does.
    """
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise LoadError(
            "is a link that leads out of the folder.",
            where=printable(path.name),
            fix="Put the file itself there, or name it on the command line.",
        )


def matches(pattern: str, name: str) -> bool:
    """Return whether the glob of a block fits a file, by its path or its name, or a table."""
    return any(fnmatch.fnmatchcase(item, pattern) for item in (name, name.rsplit("/", 1)[-1]))


def as_pattern(name: str) -> str:
    """Return the glob that a file name alone fits.

    Example:
        >>> as_pattern("orders[1].csv")
        'orders[[]1].csv'
    """
    return re.sub(r"([*?\[])", r"[\1]", name)
