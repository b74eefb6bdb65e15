"""Who was forgotten: keyed hashes, so that no later export brings a person back.

`forgotten.json` in the workspace holds no id. It works under the secret that made it: with
another secret (another user, another machine) nobody is recognised, which `commlab load` says.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from pathlib import Path

from commlab import privacy
from commlab.errors import WorkspaceError
from commlab.tables import TABLES, Table
from commlab.workspace import workspace_files

FILE = "forgotten.json"
_FORMAT = 1
# Columns that may name a member and are not declared as pointing to `members`, since they may
# name somebody else as well.
_ALSO = {
    "memberships": ("inviter_id",),
    "contents": ("creator_id",),
    "surveys": ("respondent_id",),
}


def person_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of a table that name a member.

    Example:
        >>> person_columns(TABLES["referrals"]), person_columns(TABLES["groups"])
        (('inviter_id', 'invitee_id'), ())
    """
    if table.name == "members":
        return ("member_id",)
    pointing = [c.name for c in table.columns if c.references == "members.member_id"]
    return (*pointing, *_ALSO.get(table.name, ()))


def digest(member: str) -> str:
    """Return the keyed hash under which an id is remembered as forgotten."""
    return hmac.new(privacy.secret(), f"forgotten\x1f{member}".encode(), hashlib.sha256).hexdigest()


def read(workspace: Path) -> frozenset[str]:
    """Return the hashes of a workspace; empty where nobody was forgotten.

    Raises:
        WorkspaceError: The file is not whole, or was made under another secret.
    """
    path = workspace / FILE
    if not path.is_file():
        return frozenset()
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        key, found = held["key"], frozenset(map(str, held["people"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise WorkspaceError(
            "cannot be read: it says who was forgotten.", where=FILE,
            fix="Restore it; without it a later export brings these people back.",
        ) from None  # fmt: skip
    if found and key != digest(""):
        raise WorkspaceError(
            "was written under another secret, so nobody in it can be recognised.", where=FILE,
            fix=f"Set {privacy.SECRET_VARIABLE} to the secret of the one who forgot them, or "
            "delete the file and forget them again.",
        )  # fmt: skip
    return found


def remember(workspace: Path, members: Iterable[str]) -> None:
    """Add people to the list, whole or not at all."""
    people = sorted(read(workspace) | {digest(member) for member in members})
    held = {"format": _FORMAT, "key": digest(""), "people": people}
    path = workspace / FILE
    beside = path.with_name(f".{FILE}.{os.getpid()}.tmp")
    try:
        beside.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def among(workspace: Path, hashes: frozenset[str]) -> list[str]:
    """Return the ids in the tables of a workspace folder that were forgotten."""
    import duckdb

    if not hashes:
        return []
    with duckdb.connect() as engine:
        engine.execute("CREATE TABLE people (id VARCHAR)")
        for name, path in workspace_files(workspace).items():
            held = engine.read_parquet(str(path)) if path.suffix == ".parquet" else None
            for column in person_columns(TABLES[name]) if held is not None else ():
                if column in held.columns:
                    engine.execute(
                        f'INSERT INTO people SELECT DISTINCT "{column}" FROM read_parquet(?)',  # noqa: S608
                        [str(path)],
                    )
        found = engine.execute("SELECT DISTINCT id FROM people WHERE id IS NOT NULL").fetchall()
    return sorted(item for (item,) in found if digest(item) in hashes)
