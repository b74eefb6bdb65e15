"""Runs that meet another run, a full disk or a sudden end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commlab.report import resources
from commlab.report.lock import one_run

from .conftest import call, contents, write_book

ROOT = Path(__file__).resolve().parents[2]
PUT = """from pathlib import Path
from commlab.estimate import Estimate
from commlab.report.results import Part
part = Part(Path(run_folder), "02_alpha")
part.put_estimate("k.level", Estimate.count(level, unit="orders"))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with 1 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command to make a small disk with")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_two_runs_into_one_folder(stopped, sources, tmp_path):
    with one_run(tmp_path / "out" / "brand-2026-06-17"):
        error = stopped(sources.folder)
    assert f"another run (process {os.getpid()}) is writing into it." in error
    assert "Wait for it to finish, or give this run another --name." in error


def test_a_manifest_that_somebody_has_edited(stopped, sources, tmp_path):
    folder = tmp_path / "out" / "brand-2026-06-17"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    error = stopped(sources.folder)
    assert "manifest.json: cannot be read" in error
    assert "another --name" in error


def test_a_full_disk_stops_a_run_before_it_begins(books, sources, small_disk):
    (small_disk / "films").write_bytes(b"0" * 900_000)
    told = call("run", "02", "--data", sources.folder, "--out", small_disk / "out")
    assert told.status == 2
    assert "has 0.1 MB left, and this run may need 8 MB; nothing was run." in told.error
    assert "Free some space, or choose another folder with --out." in told.error
    assert contents(small_disk / "out") == {}


@pytest.mark.slow
def test_a_disk_that_fills_up_under_way(books, sources, small_disk, monkeypatch):
    monkeypatch.setattr(resources, "SPACE", 0)
    write_book(
        books, "02_alpha", [PUT + 'open(Path(run_folder) / "big", "wb").write(b"0" * 2**21)']
    )
    write_book(books, "03_beta", ["1"])
    told = call("run", "--data", sources.folder, "--out", small_disk, "--name", "r", "--jobs", 1)
    assert told.status == 1
    manifest = json.loads((small_disk / "r" / "manifest.json").read_text())
    statuses = {item["notebook"]: item["status"] for item in manifest["notebooks"]}
    assert statuses == {"00_data_health": "done", "02_alpha": "failed", "03_beta": "done"}
    (failed,) = (item for item in manifest["notebooks"] if item["status"] == "failed")
    assert "No space left on device: free some space" in failed["error"]["message"]
    held = contents(small_disk / "r")
    assert "big" not in " ".join(held)
    assert ".work" not in held
    assert "02_alpha" not in json.loads((small_disk / "r" / "results.json").read_text())


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_killed_in_the_middle_and_run_again(books, sources, tmp_path):
    """What an earlier run left stands untouched until the new one has something whole."""
    gate, running = tmp_path / "gate", tmp_path / "running"
    waits = (
        f"import os, time\nwhile level == 4 and not os.path.exists({str(gate)!r}):\n"
        f"    open({str(running)!r}, 'w').close()\n    time.sleep(0.1)\n"
    )
    write_book(books, "02_alpha", [PUT, waits, "part.save(complete=True)"])
    words = ["run", "02", "--data", sources.folder, "--out", tmp_path / "out", "--name", "r"]
    again = [*words, "-p", "level", "4"]
    assert call(*words).status == 0
    folder = tmp_path / "out" / "r"
    page = (folder / "share" / "02_alpha.en.html").read_bytes()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "commlab", *map(str, again)]
    with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as killed:
        end = time.monotonic() + 90
        while not running.exists() and time.monotonic() < end:
            assert killed.poll() is None
            time.sleep(0.1)
        killed.send_signal(signal.SIGKILL)
    assert running.exists()
    assert (folder / "share" / "02_alpha.en.html").read_bytes() == page
    assert level(folder) == 3
    gate.touch()
    told = call(*again)
    assert told.status == 0, told.error
    assert level(folder) == 4
    assert not (folder / ".work").exists()


def level(folder: Path) -> float:
    """The figure that the notebook puts."""
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found["02_alpha"]["k.level"]["value"]
