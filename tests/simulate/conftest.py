"""One large chunk, drawn once: the planted numbers are looked for in it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from commlab.simulate import Truth, World, simulate
from commlab.simulate.chunk import Chunk, Frame, draw_chunk, frame

START, DAYS = dt.date(2025, 4, 1), 456
PLAIN = dataclasses.replace(World(), festivals=())


@pytest.fixture(scope="session")
def plain_frame() -> Frame:
    """A world without festivals, so that operational days are days."""
    return frame(PLAIN, 7, START, DAYS)


@pytest.fixture(scope="session")
def big(plain_frame: Frame) -> Chunk:
    """20,000 members of the world without festivals."""
    return draw_chunk(plain_frame, 0, 20_000)


@pytest.fixture(scope="session")
def more(plain_frame: Frame, big: Chunk) -> list[Chunk]:
    """Three chunks of 20,000 members, `big` first: for what is rare."""
    return [big, *(draw_chunk(plain_frame, number, 20_000) for number in (1, 2))]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth, dict[str, pd.DataFrame]]:
    """A written workspace of 1,500 members: folder, truth, tables."""
    folder = tmp_path_factory.mktemp("simulated") / "workspace"
    truth = simulate(folder, members=1500, seed=11)
    return folder, truth, read_tables(folder)


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables of a workspace by name, in file order."""
    return {path.stem: pq.read_table(path).to_pandas() for path in sorted(folder.glob("*.parquet"))}


@pytest.fixture
def chunks_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Function that sets the members drawn together."""
    return lambda size: monkeypatch.setattr("commlab.simulate.CHUNK", size)


def z_of_share(hits: float, n: float, share: float) -> float:
    """Standard score of a count against a known probability."""
    return (hits - n * share) / np.sqrt(n * share * (1 - share))
