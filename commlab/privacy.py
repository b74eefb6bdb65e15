"""Pseudonyms: ids that may leave, and the secret that makes them."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
import re
import secrets
import stat
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from commlab.errors import WorkspaceError

SECRET_VARIABLE = "COMMLAB_SECRET"  # noqa: S105  the name of the variable, not a secret
_BYTES = 32  # as many as SHA-256 gives: a longer key adds nothing
_WHOLE = re.compile(rb"[0-9a-f]{64}")
_LENGTH = 8  # 40 bits: one collision is expected only beyond a million people


def secret_path() -> Path:
    """Return the file that holds the secret of this user, outside of any workspace."""
    return Path(platformdirs.user_config_dir("commlab")) / "secret"


@functools.cache
def secret() -> bytes:
    """Return the secret that keys pseudonyms and hashes.

    It is `COMMLAB_SECRET` where that is set, else one made at first use in the user's
    configuration folder, readable by that user alone. Of two processes that make it at once, one
    makes it and both use it.

    Raises:
        WorkspaceError: The secret can neither be read nor made, or is not whole.

    Warns:
        UserWarning: Others could read the file; that is mended.
    """
    given = os.environ.get(SECRET_VARIABLE)
    if given:
        return given.encode()
    path = secret_path()
    try:
        return _read(path) if path.exists() else _make(path)
    except OSError as error:
        raise WorkspaceError(
            f"the secret for pseudonyms cannot be kept ({error.strerror}).",
            fix=f"Set the environment variable {SECRET_VARIABLE}.",
        ) from None


def _make(path: Path) -> bytes:
    """Write a fresh secret beside its place, whole, then link it there unless one is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = secrets.token_hex(_BYTES).encode()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # mode 0600
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(fresh)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return _read(path)  # another process was first
        return fresh
    finally:
        beside.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    found = path.read_bytes().strip()
    if not _WHOLE.fullmatch(found):
        raise WorkspaceError(
            f"is not a whole secret ({len(found)} of {2 * _BYTES} hexadecimal digits).",
            where=str(path),
            fix=f"Restore it, or delete it (all pseudonyms then change), or set {SECRET_VARIABLE}.",
        )
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        # Readable by others: anybody who knows the ids could have undone the pseudonyms.
        path.chmod(0o600)
        warnings.warn(
            f"{path} could be read by others on this machine; it is closed now. To change all "
            "pseudonyms, delete it.",
            stacklevel=2,
        )
    return found


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
