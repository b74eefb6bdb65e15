# ruff: noqa: S608 - the queries hold our own names of columns and quoted paths
"""Removing a person from what readers keep of their sources (`carried`, `wecom.store`).

Rows about a person go. In orders, which the shop's sums need, what leads to the buyer is emptied:
the id made of a phone (`whole`), and the masked phone with nickname (`masked`), which the sheet of
customers gives to a member, and which would else be a person of its own. What a message quoted
goes with it. `sources` is cleaned after the tables are written.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb

from commlab.loaders.identifiers import ID_LENGTH
from commlab.loaders.joining import quoted

_MASK = f"('mask-' || left(masked, {ID_LENGTH}))"  # the id of a buyer who is known by it alone
_IDS = {"member_id": "member_id", "whole": "whole", "masked": _MASK, "inviter_id": "inviter_id"}
_ABOUT = ("people",)  # files whose rows are a person's although they have no member_id


def clean(folder: Path, is_gone: Callable[[str], bool]) -> frozenset[str]:
    """Remove people from every file of a folder.

    Args:
        folder: `sources` of a workspace; it need not exist.
        is_gone: Whether an id is that of a person who is forgotten.

    Returns:
        Ids under which these people would come back: those of their masked phones.
    """
    paths = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        engine.execute("CREATE TABLE gone (id VARCHAR); CREATE TABLE masks (mask VARCHAR)")
        held = {path: _columns(engine, path) for path in paths}
        asked = [f"SELECT {_IDS[name]} AS id FROM read_parquet({quoted(path)})"
                 for path, columns in held.items() for name in _IDS if name in columns]  # fmt: skip
        query = f"SELECT DISTINCT id FROM ({' UNION ALL '.join(asked)}) WHERE id IS NOT NULL"
        found = engine.execute(query).fetchall() if asked else []
        if gone := [[item] for (item,) in found if is_gone(item)]:
            engine.executemany("INSERT INTO gone VALUES (?)", gone)
        for path, columns in held.items():
            if {"member_id", "mask"} <= set(columns):
                engine.execute(f"INSERT INTO masks SELECT mask FROM read_parquet({quoted(path)}) "
                               "WHERE member_id IN (FROM gone) AND mask IS NOT NULL")  # fmt: skip
        for path, columns in held.items():
            _rewrite(engine, path, columns)
        more = engine.execute(f"SELECT 'mask-' || left(mask, {ID_LENGTH}) FROM masks").fetchall()
    return frozenset(item for (item,) in more)


def _rewrite(engine: duckdb.DuckDBPyConnection, path: Path, columns: list[str]) -> None:
    hits = {name: f"coalesce({_IDS[name]} IN (FROM gone), false)"
            for name in _IDS if name in columns}  # fmt: skip
    if "masked" in hits:
        hits["masked"] = f"({hits['masked']} OR coalesce(masked IN (FROM masks), false))"
    messages = path.parent.parent / "messages.parquet"
    if hits:
        either = " OR ".join(hits.values())
        goes = either if path.stem in _ABOUT else hits.get("member_id", "false")
    elif {"message_id", "quote"} <= set(columns) and messages.is_file():
        # What a message quoted goes with it: `messages` is written first.
        goes = f"message_id NOT IN (SELECT message_id FROM read_parquet({quoted(messages)}))"
    else:
        return
    # A buyer who is known by either is emptied of both.
    both = " OR ".join(hits[name] for name in ("whole", "masked") if name in hits) or "false"
    empty = {name: both if name in ("whole", "masked") else hit for name, hit in hits.items()}
    cells = ", ".join(
        f'CASE WHEN {empty[name]} THEN NULL ELSE "{name}" END AS "{name}"'
        if name in empty and name != "member_id" else f'"{name}"'
        for name in columns
    )  # fmt: skip
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        engine.execute(
            f"COPY (SELECT {cells} FROM read_parquet({quoted(path)}, file_row_number = true) "
            f"WHERE NOT ({goes}) ORDER BY file_row_number) TO {quoted(beside)} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _columns(engine: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    query = f"DESCRIBE SELECT * FROM read_parquet({quoted(path)})"
    return [str(row[0]) for row in engine.execute(query).fetchall()]
