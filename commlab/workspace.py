"""What a workspace is made of: settings, the file of each table or an address, a fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

import ibis.expr.types as ir

from commlab.config import Settings, read_settings
from commlab.engine import Engine, connect
from commlab.errors import WorkspaceError
from commlab.swap import restore
from commlab.tables import TABLES

SUFFIXES = (".parquet", ".csv", ".csv.gz")
DATABASE_FILES = (".duckdb", ".db")
HASH_WHOLE = 64 * 2**20  # larger files are known by size, time and both ends


@dataclasses.dataclass(frozen=True)
class Workspace:
    """A workspace that was opened: its tables as they stand, nothing read yet.

    Attributes:
        source: Folder, or host and database of an address.
        settings: Its settings.
        engine: The engine that holds the tables.
        raw: The tables it holds, by name.
        files: The file of each table; empty for databases.
    """

    source: str
    settings: Settings
    engine: Engine
    raw: dict[str, ir.Table]
    files: dict[str, Path] = dataclasses.field(default_factory=dict)


def open_workspace(source: str | os.PathLike[str], engine: str | None = None) -> Workspace:
    """Open a folder, a DuckDB file or the address of a database.

    Args:
        source: See `commlab.open_dataset`.
        engine: "duckdb" or "spark"; None: the workspace's own.

    Raises:
        WorkspaceError: The folder or database is not a workspace.
        ArgumentError: Unknown engine.
        DataError: A file cannot be read.
    """
    address = str(source)
    if "://" in address or address.endswith(DATABASE_FILES):
        if "://" not in address:
            address = f"duckdb://{address}"
        settings = Settings()
        connection = connect(address, settings)
        held = set(connection.con.list_tables())
        raw = {name: connection.con.table(name) for name in TABLES if name in held}
        return Workspace(without_credentials(address), settings, connection, raw)
    folder = Path(source)
    files = workspace_files(folder)
    settings = read_settings(folder)
    connection = connect(engine or settings.engine, settings)
    raw = {
        name: (connection.read_csv if ".csv" in path.suffixes else connection.read_parquet)(path)
        for name, path in files.items()
    }
    return Workspace(str(folder), settings, connection, raw, files)


def fingerprint(settings: Settings, tables: Iterable[str], files: Mapping[str, Path]) -> str:
    """Return 16 hex digits that change when a table or a setting changes."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr(dataclasses.astuple(settings)).encode())
    for name in tables:
        digest.update(name.encode())
        if name in files:
            digest.update(_file_digest(files[name]))
        else:
            # Whether a database changed cannot be seen from outside: it counts as changed.
            digest.update(uuid.uuid4().bytes)
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    parts = sorted(path.rglob("*")) if path.is_dir() else [path]
    for part in parts:
        if not part.is_file():
            continue
        stat = part.stat()
        digest.update(f"{part.name}|{stat.st_size}".encode())
        with part.open("rb") as stream:
            if stat.st_size <= HASH_WHOLE:
                digest.update(stream.read())
            else:
                digest.update(f"{stat.st_mtime_ns}".encode())
                digest.update(stream.read(2**20))
                stream.seek(-(2**20), os.SEEK_END)
                digest.update(stream.read())
    return digest.digest()


def workspace_files(folder: Path) -> dict[str, Path]:
    """Return the file (or Parquet folder) of each canonical table in a workspace folder.

    Raises:
        WorkspaceError: The folder is missing, or holds one table twice.
    """
    restore(folder)
    if folder.is_file():
        raise WorkspaceError(
            "is a file; a workspace is a folder with one file per table.",
            where=folder.name,
            fix="Name the folder that holds it, or load an export with `commlab load`.",
        )
    if not folder.exists():
        raise WorkspaceError(
            "there is no such folder.",
            where=str(folder),
            fix="Make a workspace with `commlab load` or `commlab simulate`.",
        )
    found: dict[str, Path] = {}
    for name in TABLES:
        candidates = [folder / f"{name}{suffix}" for suffix in SUFFIXES] + [folder / name]
        present = [path for path in candidates if path.is_file() or _parquet_folder(path)]
        if len(present) > 1:
            names = " and ".join(path.name for path in present)
            raise WorkspaceError(
                f"{name} is there twice: {names}.", where=folder.name, fix="Keep one of them."
            )
        if present:
            found[name] = present[0]
    return found


def without_credentials(address: str) -> str:
    """Return host and database of an address.

    Example:
        >>> without_credentials("postgres://crm:secret@db.example/crm?user=crm")
        'db.example/crm'
    """
    return address.split("://")[-1].split("?")[0].split("@")[-1]


def _parquet_folder(path: Path) -> bool:
    return path.is_dir() and any(path.glob("*.parquet"))
