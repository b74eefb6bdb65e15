"""Killed at any moment a load leaves the old workspace or the new one, and the next completes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import commlab
from commlab.errors import WorkspaceError
from commlab.loaders import load
from commlab.loaders.log import LOG_FILE
from commlab.swap import Swap, beside, restore

ROOT = Path(__file__).parents[2]
HEAD = "order_id,paid_at,amount\n"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")

# The process stops at the moment that is named, and waits there to be killed.
STOPPED = """
import pathlib, sys, time
from commlab import swap
from commlab.loaders import load, workspace
source, out, moment = sys.argv[1:]
out = pathlib.Path(out).absolute()
def stop():
    print("there", flush=True)
    time.sleep(60)
rename, write = pathlib.Path.rename, workspace.Joining.write
def slow_rename(self, target):
    names = {"before": self == out, "between": self.name == "building",
             "after": self.parent.name == "old"}
    if names.get(moment):
        stop()
    return rename(self, target)
def slow_write(self, *rest):
    if moment == "writing":
        stop()
    return write(self, *rest)
pathlib.Path.rename, workspace.Joining.write = slow_rename, slow_write
load(source, "files", out, append=True)
"""
PLAIN = """
import sys
from commlab.loaders import load
load(sys.argv[1], "files", sys.argv[2], append=True)
"""


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name != LOG_FILE}  # fmt: skip


def start(script, *arguments):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], env=env,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip


@pytest.fixture
def place(tmp_path):
    """A workspace with a file of its owner, a newer export, and both states of it."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "orders.csv").write_text(HEAD + "a,2026-01-01,1\n")
    (tmp_path / "two" / "orders_2.csv").write_text(
        HEAD + "".join(f"b{n},2026-01-02,2\n" for n in range(20_000))
    )
    out = tmp_path / "w"
    load(tmp_path / "one", "files", out)
    (out / "notes.txt").write_text("mine")
    old = contents(out)
    shutil.copytree(out, tmp_path / "v")
    load(tmp_path / "two", "files", tmp_path / "v", append=True)
    return out, tmp_path / "two", old, contents(tmp_path / "v")


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize(("moment", "newer"), [
    ("writing", False), ("between", False),
    pytest.param("before", False, marks=pytest.mark.slow),
    pytest.param("after", True, marks=pytest.mark.slow),
])  # fmt: skip
def test_killed_at(place, moment, newer):
    out, source, old, new = place
    with start(STOPPED, source, out, moment) as process:
        assert process.stdout.readline() == "there\n", process.stderr.read()
        if moment == "between":
            assert not out.exists()
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    # Opening is enough to have it whole again.
    assert len(commlab.open_dataset(out).tables) == 1
    assert contents(out) == (new if newer else old)
    load(source, "files", out, append=True)
    after = {name: body for name, body in contents(out).items() if name != "load_report.json"}
    assert after == {name: body for name, body in new.items() if name != "load_report.json"}
    assert hidden(out.parent) == []


def test_a_second_load_at_once_is_refused_and_harms_nothing(place):
    out, source, _, new = place
    with start(STOPPED, source, out, "writing") as process:
        assert process.stdout.readline() == "there\n", process.stderr.read()
        with pytest.raises(WorkspaceError, match=rf"another load \(process {process.pid}\)"):
            load(source, "files", out, append=True)
        assert beside(out).is_dir()
        assert len(commlab.open_dataset(out).tables) == 1
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    load(source, "files", out, append=True)
    assert contents(out) == new


def test_an_interrupt_between_the_renames_puts_the_old_one_back(tmp_path, monkeypatch):
    out = tmp_path / "w"
    out.mkdir()
    (out / "x").write_text("old")
    swap = Swap(out)
    rename = Path.rename

    def interrupted(self, target):
        if self.name == "building":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        swap.take([])
    swap.clear()
    assert (out / "x").read_text() == "old"
    assert hidden(tmp_path) == []


def test_who_opens_waits_for_a_living_load(tmp_path):
    out = tmp_path / "w"
    out.mkdir()
    swap = Swap(out)
    (out / "x").write_text("old")
    out.rename(swap.work / "old")
    waited = time.monotonic()
    (swap.work / "along.json").write_text("[]")
    later = threading.Timer(0.2, (swap.work / "building").rename, [out])
    later.start()
    restore(out)
    later.join()
    assert out.is_dir()
    assert 0.1 < time.monotonic() - waited < 2
    swap.clear()


def kill_at_random(place, chance):
    out, source, old, new = place
    with start(PLAIN, source, out) as process:
        work = beside(out)
        begun = time.monotonic()
        while not work.exists() and process.poll() is None and time.monotonic() - begun < 30:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.4)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    restore(out)
    found = contents(out)
    assert found in (old, new)
    load(source, "files", out, append=True)
    assert {n: b for n, b in contents(out).items() if n != "load_report.json"} == {
        n: b for n, b in new.items() if n != "load_report.json"}  # fmt: skip
    assert hidden(out.parent) == []
    return found == new


def test_killed_at_a_moment_by_chance(place):
    kill_at_random(place, random.Random(0))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 21))
def test_killed_at_twenty_moments_by_chance(place, seed):
    kill_at_random(place, random.Random(seed))
