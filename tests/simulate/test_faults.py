"""Every export fault is found, by the rule that its record names and with its count."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from commlab.dataset import open_dataset
from commlab.errors import ArgumentError, CommlabError
from commlab.quality import RULES
from commlab.simulate import read_truth, simulate
from commlab.simulate.faults import NOTHING, OPENING, meanings, plant_faults, planters

FAULTS = tuple(planters())
AS_OF = dt.date(2026, 6, 30)
START = dt.date(2025, 4, 1)
# The rest of the workspace has no part in these faults, and costs time to check.
ALWAYS = ("members", "staff", "orders")
ALSO = {
    "messages": {"gap", "stale", "shifted_hours", "unknown_values", "staff_as_members",
                 "broken_parquet"},
    "memberships": {"left_before_joined"},
    "touchpoints": {"header_only"},
    "groups": {"gbk_csv"},
    "check_ins": {"empty_file"},
}  # fmt: skip


@pytest.fixture
def planted(small, tmp_path: Path):
    """Function that plants faults into a copy of the sound world: folder and record."""

    def plant(*faults: str, seed: int = 1) -> tuple[Path, dict]:
        folder = tmp_path / "-".join(faults)
        folder.mkdir()
        also = [name for name, needing in ALSO.items() if needing & set(faults)]
        for name in (*ALWAYS, *also):
            shutil.copy(small[0] / f"{name}.parquet", folder)
        shutil.copy(small[0] / "commlab.toml", folder)
        return folder, plant_faults(folder, faults, seed, START, AS_OF)

    return plant


RULED = [name for name in FAULTS if name not in ("nanoseconds", "gbk_csv", "broken_parquet",
                                                 "empty_file")]  # fmt: skip


@pytest.mark.parametrize("name", RULED)
def test_check_finds_it_with_its_count(planted, name: str) -> None:
    folder, record = planted(name)
    (facts,) = record.values()
    assert facts["rule"] in RULES
    where = facts.get("table_of_the_finding", facts["table"])
    found = [
        f for f in open_dataset(folder).check() if f.rule == facts["rule"] and f.table == where
    ]
    if name == "left_before_joined":  # the same rows are before other times of the stay, too
        found = [f for f in found if f.values["first"] == "joined_at"]  # noqa: PD011  no frame
    assert [f.rows for f in found] == [facts["finding_counts"]]


def test_the_sound_world_has_none_of_them(small) -> None:
    rules = {finding.rule for finding in open_dataset(small[0]).check()}
    # Some persons are under two ids: that is planted in the community, not in its export.
    assert rules <= {"survivors_only", "one_person_many_ids"}


@pytest.mark.parametrize("name", ["broken_parquet", "empty_file", "gbk_csv"])
def test_opening_or_reading_names_the_file(planted, name: str) -> None:
    folder, record = planted(name)
    (facts,) = record.values()
    assert facts["rule"] == OPENING
    with pytest.raises(CommlabError, match=facts["table"]):
        open_dataset(folder).table(facts["table"]).count().execute()


def test_nanoseconds_are_read_as_they_are(planted, small) -> None:
    folder, record = planted("nanoseconds")
    assert record["nanoseconds"]["rule"] == NOTHING
    ours, theirs = open_dataset(folder), open_dataset(small[0])
    assert pq.read_schema(folder / "orders.parquet").field("paid_at").type.unit == "ns"
    frames = [ds.frame(ds.table("orders"), order_by=["order_id"]) for ds in (ours, theirs)]
    pd.testing.assert_frame_equal(*frames)
    assert not ours.check().errors


def test_several_faults_at_once_and_again_the_same(planted) -> None:
    faults = ("refund_above_amount", "duplicate_rows", "unknown_values", "gap")
    folder, record = planted(*faults)
    assert list(record) == [name for name in FAULTS if name in faults]
    again, second = planted(*reversed(faults))
    assert record == second
    for path in folder.glob("*.parquet"):
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_simulate_plants_and_records_them(tmp_path: Path) -> None:
    faults = ("duplicate_rows", "gbk_csv")
    folder = tmp_path / "w"
    truth = simulate(folder, members=300, seed=4, faults=faults)
    assert read_truth(folder) == truth
    facts = json.loads((folder / "truth.json").read_text("utf-8"))["faults"]
    assert list(facts) == list(faults)
    rows = pq.read_metadata(folder / "orders.parquet").num_rows
    assert rows == truth.rows["orders"] + facts["duplicate_rows"]["rows"]
    assert (folder / "groups.csv").read_bytes().decode("gbk").count("\n") == truth.rows[
        "groups"
    ] + 1
    assert not (folder / "groups.parquet").exists()
    assert "--fault duplicate_rows --fault gbk_csv" in (folder / "README.md").read_text("utf-8")
    # Renewed without faults, nothing of them stays.
    clean = simulate(folder, members=300, seed=4)
    assert "faults" not in clean.figures
    assert not (folder / "groups.csv").exists()
    assert pq.read_metadata(folder / "orders.parquet").num_rows == clean.rows["orders"]


def test_faults_that_cannot_be_planted_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="fault"):
        simulate(tmp_path / "w", members=50, faults=("duplicate_row",))
    with pytest.raises(ArgumentError, match="Simulate more members"):
        simulate(tmp_path / "w", members=1, months=1, faults=("orphans",))
    assert not (tmp_path / "w").exists()


def test_each_fault_says_what_it_is() -> None:
    words = meanings()
    assert set(words) == set(FAULTS)
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
    for name, text in words.items():
        assert len(text) > 20
        assert f"| `{name}` | {text} |" in page
