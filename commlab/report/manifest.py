"""`manifest.json`: what a run was made from, and the fingerprints that say what is unchanged."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import commlab
from commlab import privacy
from commlab.errors import StartError
from commlab.report import files

FILE = "manifest.json"
FORMAT = 1
# Whose versions can change a figure or its picture.
PACKAGES = ("commlab", "duckdb", "great-tables", "ibis-framework", "lifelines", "lifetimes",
            "matplotlib", "numpy", "pandas", "pyspark", "scikit-learn", "scipy")  # fmt: skip


def write(run_folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a run folder."""
    files.write_text(run_folder / FILE, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")


def read(run_folder: Path) -> dict[str, Any]:
    """Return the manifest of a run folder; empty when there is none of this format.

    Raises:
        StartError: The file is there and cannot be read.
    """
    path = run_folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StartError(
            f"cannot be read: {error}.",
            where=path.name,
            fix="Remove the run's folder, or give this run another --name.",
        ) from None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else {}


def digest(*parts: Any) -> str:
    """Return 16 hex digits for plain values.

    Example:
        >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
        True
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@functools.cache
def code() -> str:
    """Return 16 hex digits that change with any file of the package."""
    home = Path(commlab.__file__).parent
    sha = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            sha.update(f"{path.relative_to(home).as_posix()}\0".encode())
            sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()[:16]


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that figures depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            if name == "commlab":
                found[name] = commlab.__version__  # run from the source, not installed
    return found


@functools.cache
def revision() -> str:
    """Return the git revision of the code, `+` after it when files differ; empty without git."""
    git = shutil.which("git")
    home = Path(commlab.__file__).resolve().parent
    if git is None or not (home.parent / ".git").exists():
        return ""

    def ask(*words: str) -> str | None:
        call = [git, "-C", str(home.parent), *words]
        done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603  fixed words
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "--short=12", "HEAD")
    if not commit:
        return ""
    return commit + ("+" if ask("status", "--porcelain", "--untracked-files=no") else "")


def pseudonym_key() -> str:
    """Return 16 hex digits that change with the secret of pseudonyms and do not tell it."""
    return hmac.new(privacy.secret(), b"manifest", hashlib.sha256).hexdigest()[:16]
