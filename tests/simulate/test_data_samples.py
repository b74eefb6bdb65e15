"""The committed sample is what the recorded command makes."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commlab.config import read_settings
from commlab.simulate import read_truth, simulate

SAMPLES = Path(__file__).resolve().parent.parent.parent / "data_samples"
COMMAND = "commlab simulate --out data_samples --members 2000 --seed 20260630"


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "data_samples"
    simulate(folder, members=2000, seed=20260630)
    return folder


def test_recorded_command_still_makes_it_table_for_table(remade: Path) -> None:
    made = sorted(path.name for path in remade.glob("*.parquet"))
    assert made == sorted(path.name for path in SAMPLES.glob("*.parquet"))
    for name in made:
        ours, theirs = pq.read_table(SAMPLES / name), pq.read_table(remade / name)
        assert ours.schema.equals(theirs.schema), name
        differing = [c for c in ours.column_names if not ours[c].equals(theirs[c])]
        assert not differing, f"{name}: {differing} differ; renew with: {COMMAND}"
    assert read_settings(SAMPLES) == read_settings(remade)


def test_introductions_are_renewed_with_it(remade: Path) -> None:
    for name in ("README.md", "README.zh.md"):
        assert (SAMPLES / name).read_text("utf-8") == (remade / name).read_text("utf-8")


def test_truth_is_renewed_with_it(remade: Path) -> None:
    ours, theirs = read_truth(SAMPLES), read_truth(remade)
    assert ours.rows == theirs.rows
    assert ours.figures["world"] == theirs.figures["world"]
    assert ours.figures["campaigns"] == theirs.figures["campaigns"]


def test_both_introductions_record_the_command() -> None:
    for name in ("README.md", "README.zh.md"):
        text = (SAMPLES / name).read_text(encoding="utf-8")
        assert COMMAND in text
        for path in SAMPLES.glob("*.parquet"):
            rows = pq.read_metadata(path).num_rows
            assert f"`{path.stem}`" in text
            assert f"{rows:,}" in text, f"{name}: rows of {path.stem}"


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 3_000_000


def test_it_names_nobody_and_holds_no_contact_data() -> None:
    text = pq.read_table(SAMPLES / "messages.parquet", columns=["text"])["text"].to_pandas()
    assert not text.str.contains(r"1[3-9]\d{9}", na=False).any()
