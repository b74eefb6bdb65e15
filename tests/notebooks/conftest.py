"""One run of every notebook on a small made-up community, shared by all tests that look at it."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commlab.report import batch
from commlab.simulate import simulate

from . import notebook_source as source
from .run_folder import Run

UNMARKED = "a02"  # an adviser whom nobody has marked as staff
# Codes that somebody with bad intentions could type into an export.
HOSTILE = {
    "os01": "<script>alert(1)</script>",
    "os02": "=HYPERLINK(1)",
    "oa02": '<img src="https://example.com/x.png" onerror="alert(1)">',
}


def spoilt_community(folder: Path) -> Path:
    """Write a made-up community with hostile channel codes and one adviser unmarked."""
    simulate(folder, members=400, seed=1, months=8)
    add_campaign(folder)
    spoil(folder)
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        if path.stem == "staff":
            table = table.filter(pa.compute.not_equal(table["staff_id"], UNMARKED))
        if path.stem == "members":
            ids, roles = table["member_id"].to_pylist(), table["role"].to_pylist()
            told = [
                "member" if who == UNMARKED else role for who, role in zip(ids, roles, strict=True)
            ]
            place = table.column_names.index("role")
            table = table.set_column(place, "role", pa.array(told, pa.string()))
        pq.write_table(table, path)
    return folder


def add_campaign(folder: Path) -> None:
    """Give a workspace too young for the simulator's campaigns one of its own, by a coin."""
    who = sorted(pq.read_table(folder / "members.parquet").to_pandas()
                 .query("role == 'member'")["member_id"])  # fmt: skip
    last = pd.Timestamp(max(pq.read_table(folder / "orders.parquet")["paid_at"].to_pylist()))
    start = last.floor("D") - pd.Timedelta(days=40)
    times = pa.timestamp("us", "UTC")
    campaigns = pa.table({
        "campaign_id": ["k1"], "name": [HOSTILE["os01"]], "kind": ["care"],
        "starts_at": pa.array([start], times),
        "ends_at": pa.array([start + pd.Timedelta(days=13)], times), "design": ["randomised"],
    })  # fmt: skip
    arms = np.random.default_rng(0).permutation(np.arange(len(who)) % 2)
    assignments = pa.table({
        "campaign_id": ["k1"] * len(who), "member_id": who,
        "arm": ["treated" if arm else "control" for arm in arms],
        "assigned_at": pa.array([start] * len(who), times),
    })  # fmt: skip
    pq.write_table(campaigns, folder / "campaigns.parquet")
    pq.write_table(assignments, folder / "assignments.parquet")


def spoil(folder: Path, also: Mapping[str, str] | None = None) -> None:
    """Give a workspace the hostile channel codes, and others on request (old → new)."""
    names = {**HOSTILE, **(also or {})}
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        if "channel" in table.column_names:
            codes = [names.get(code, code) for code in table["channel"].to_pylist()]
            place = table.column_names.index("channel")
            table = table.set_column(place, "channel", pa.array(codes, pa.string()))
            pq.write_table(table, path)


def run_all(workspace: Path, out: Path, **options: object) -> Run:
    """Run notebooks, all by default, into a folder of the name `run`."""
    copy = workspace.parent / "notebooks"
    options.setdefault("folder", copy if copy.is_dir() else None)
    started = time.monotonic()
    result = batch.run(workspace, out=out, name="run", **options)
    seconds = time.monotonic() - started
    return Run(result.folder, workspace, dict(result.statuses), result.exit_status, seconds)


no_checkpoints = shutil.ignore_patterns(".*")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run: every notebook, both languages. Workers of pytest-xdist share one."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    place = place / "one_run_of_all_notebooks"
    place.mkdir(exist_ok=True)
    told = place / "run.json"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.is_file():
            # A copy: an editor that saves a notebook meanwhile must not fail a test.
            shutil.copytree(source.FOLDER, place / "notebooks", ignore=no_checkpoints)
            made = run_all(spoilt_community(place / "brand"), place / "out", jobs=2)
            told.write_text(json.dumps(dataclasses.asdict(made), default=str), encoding="utf-8")
    fields = json.loads(told.read_text(encoding="utf-8"))
    fields |= {name: Path(fields[name]) for name in ("folder", "workspace")}
    return Run(**fields)


@pytest.fixture(scope="session")
def workspace_tables(run: Run) -> dict[str, pd.DataFrame]:
    """The tables that the run was made from."""
    return {path.stem: pd.read_parquet(path) for path in run.workspace.glob("*.parquet")}
