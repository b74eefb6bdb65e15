#!/usr/bin/env python3
"""One command to see commlab at work and one to test it; the standard library is all it needs.

python3 lab.py report        make the environment if needed, run every notebook on data_samples/
python3 lab.py test          the same, then the tests
python3 lab.py test --slow   the truth tests over many seeds, browser and Spark
python3 lab.py lab           JupyterLab on notebooks/
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "commlab.stamp"
LOCK, SPARK_LOCK = ROOT / "requirements.lock", ROOT / "requirements-spark.lock"
OLDEST = (3, 11)


class LabError(Exception):
    """The environment cannot be made; the message says what to do."""


def run(*command: str | Path, quiet: bool = False) -> int:
    """Run a command in the repository and return its exit status."""
    words = [str(word) for word in command]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(words, cwd=ROOT, check=False, stdout=output, stderr=output).returncode


def fingerprint(locks: list[Path]) -> str:
    """Return what the environment is made from: the locks, the project file, the interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for path in [*locks, ROOT / "pyproject.toml"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def have(module: str) -> bool:
    """Return whether this interpreter can run a module."""
    return run(sys.executable, "-m", module, "--version", quiet=True) == 0


def make_venv() -> None:
    """Make an empty environment, or say what is missing."""
    if VENV.exists():
        shutil.rmtree(VENV)
    # Debian splits ensurepip off: pip is then lent by the system's own interpreter.
    if run(sys.executable, "-m", "venv", "--without-pip", VENV) != 0:
        raise LabError("cannot make .venv. On Debian or Ubuntu: apt-get install python3-venv")


def install_with_uv(locks: list[Path]) -> bool:
    """Install with uv, which is quicker; False when it is not there or fails."""
    uv = shutil.which("uv")
    if uv is None:
        return False
    # System certificates: company networks add their own authority.
    base = [uv, "--system-certs", "pip", "install", "--quiet", "--python", str(PYTHON)]
    base.append("--compile-bytecode")  # as pip does: every kernel starts seconds sooner
    sources = [word for lock in locks for word in ("-r", str(lock))]
    project = [*base, "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    return run(*base, *sources) == 0 and run(*project) == 0


def install_with_pip(locks: list[Path]) -> None:
    """Install with pip: the system's own, aimed at the environment, or the environment's."""
    if have("pip"):
        base = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
        if run(*base, "--version", quiet=True) != 0:  # pip before 22.3 has no --python
            base = []
    else:
        base = []
    if not base:
        if run(PYTHON, "-m", "ensurepip", quiet=True) != 0:
            raise LabError("pip is missing. On Debian or Ubuntu: apt-get install python3-pip")
        base = [str(PYTHON), "-m", "pip"]
    base += ["install", "--quiet", "--disable-pip-version-check"]
    sources = [word for lock in locks for word in ("-r", str(lock))]
    if run(*base, *sources) != 0:
        raise LabError(
            "the packages of requirements.lock could not be installed: see pip's words above. "
            "The first time needs a connection to a package index."
        )
    if run(*base, "--no-deps", "--no-build-isolation", "-e", ROOT) != 0:
        raise LabError("commlab itself could not be installed: see pip's words above.")


def ensure_environment(*, spark: bool = False) -> None:
    """Make `.venv` from the locks unless it stands already; nothing is fetched when it does."""
    if sys.version_info < OLDEST:
        wanted, found = ".".join(map(str, OLDEST)), ".".join(map(str, sys.version_info[:3]))
        raise LabError(f"commlab needs Python {wanted} or later, this is {found}.")
    plain, full = fingerprint([LOCK]), fingerprint([LOCK, SPARK_LOCK])
    stamp = STAMP.read_text(encoding="ascii") if STAMP.is_file() and PYTHON.exists() else ""
    # An environment that has Spark serves the other commands as well.
    if stamp == full or (stamp == plain and not spark):
        return
    locks = [LOCK, SPARK_LOCK] if spark else [LOCK]
    started = time.monotonic()
    print("Making .venv from requirements.lock (once; some 900 MB) …", flush=True)
    if stamp != plain:  # adding Spark needs no new start
        make_venv()
    if not install_with_uv(locks):
        install_with_pip(locks)
    STAMP.write_text(full if spark else plain, encoding="ascii")
    print(f"Made .venv in {time.monotonic() - started:.0f} s.", flush=True)


def report(arguments: list[str]) -> int:
    """Run every notebook on the sample workspace, or whatever the arguments say."""
    if "--data" not in arguments:
        arguments = ["--data", "data_samples", *arguments]
    return run(PYTHON, "-m", "commlab", "run", *arguments)


def test(arguments: list[str], *, slow: bool) -> int:
    """Run the sample report and the quick tests, or the slow tests."""
    if not slow and (status := report(["--force"])) != 0:
        return status
    started = time.monotonic()
    chosen = ["-m", "slow"] if slow else ["-m", "not slow", "-n", "2"]
    status = run(PYTHON, "-m", "pytest", *chosen, *arguments)
    print(f"Tests took {time.monotonic() - started:.0f} s.", flush=True)
    return status


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["report", "test", "lab"])
    parser.add_argument("--slow", action="store_true", help="with test: the slow tests")
    options, rest = parser.parse_known_args()
    try:
        ensure_environment(spark=options.command == "test" and options.slow)
    except LabError as error:
        print(f"lab.py: {error}", file=sys.stderr)
        return 2
    if options.command == "report":
        return report(rest)
    if options.command == "test":
        return test(rest, slow=options.slow)
    return run(PYTHON, "-m", "jupyterlab", "--notebook-dir", ROOT / "notebooks", *rest)


if __name__ == "__main__":
    sys.exit(main())
