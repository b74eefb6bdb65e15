"""Pseudonyms: ids that may leave, and the secret that makes them."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from commlab.errors import WorkspaceError

SECRET_VARIABLE = "COMMLAB_SECRET"  # noqa: S105  the name of the variable, not a secret
_LENGTH = 8  # 40 bits: one collision is expected only beyond a million people


def secret_path() -> Path:
    """Return the file that holds the secret of this user, outside of any workspace."""
    return Path(platformdirs.user_config_dir("commlab")) / "secret"


@functools.cache
def secret() -> bytes:
    """Return the secret that keys pseudonyms and hashes.

    It is `COMMLAB_SECRET` where that is set, else one made at first use in the user's
    configuration folder, readable by that user alone.

    Raises:
        WorkspaceError: The secret can neither be read nor made.
    """
    given = os.environ.get(SECRET_VARIABLE)
    if given:
        return given.encode()
    path = secret_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(handle, "wb") as stream:
            fresh = secrets.token_hex(32).encode()
            stream.write(fresh)
        return fresh
    except OSError as error:
        raise WorkspaceError(
            f"the secret for pseudonyms cannot be kept ({error.strerror}).",
            fix=f"Set the environment variable {SECRET_VARIABLE}.",
        ) from None


def pseudonym(identifier: str, *, scope: str, kind: str = "P") -> str:
    """Return a stable name for a person that does not lead back to the id.

    HMAC-SHA256 under the secret: stable within a scope, unlinkable across scopes and secrets.

    Args:
        identifier: The real id.
        scope: Name of the workspace.
        kind: Letter in front, e.g. "P" for a person, "G" for a group.

    Example:
        >>> pseudonym("m000001", scope="demo") == pseudonym("m000001", scope="demo")
        True
        >>> pseudonym("m000001", scope="demo") == pseudonym("m000001", scope="other")
        False
    """
    message = f"{scope}\x1f{kind}\x1f{identifier}".encode()
    digest = hmac.new(secret(), message, hashlib.sha256).digest()
    return f"{kind}-{base64.b32encode(digest).decode()[:_LENGTH]}"


def pseudonyms(identifiers: Iterable[str], *, scope: str, kind: str = "P") -> list[str]:
    """Return the pseudonym of each id, in order.

    Example:
        >>> len(set(pseudonyms(["m1", "m2", "m1"], scope="demo")))
        2
    """
    return [pseudonym(str(item), scope=scope, kind=kind) for item in identifiers]
