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

FILE = "forgotten.json"
_FORMAT = 1


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
