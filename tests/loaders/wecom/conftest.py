"""The made-up folder of tests/data/wecom, loaded once, and answers made for one test."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from commlab.loaders import load
from commlab.loaders.report import LoadReport

DATA = Path(__file__).parents[2] / "data" / "wecom"
ZONE = dt.timezone(dt.timedelta(hours=8))


def customer(number: int) -> str:
    return f"wmQH{number:028d}"


def group(number: int) -> str:
    return f"wrQH{number:028d}"


def local(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="Asia/Shanghai")


def seconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


@dataclasses.dataclass(frozen=True)
class Loaded:
    """What a load left."""

    report: LoadReport
    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        path = self.folder / f"{name}.parquet"
        return pq.read_table(path).to_pandas() if path.exists() else pd.DataFrame()

    def account(self, source: str):
        (found,) = [item for item in self.report.accounts if item.source == source]
        return found

    def reasons(self, source: str) -> dict[str, list[int]]:
        return {reason: count.lines for reason, count in self.account(source).not_loaded.items()}


@pytest.fixture(scope="session")
def loaded(tmp_path_factory) -> Loaded:
    out = tmp_path_factory.mktemp("wecom") / "w"
    return Loaded(load(DATA, "wecom", out), out)


@pytest.fixture
def folder(tmp_path):
    """Write files of a folder, load it, return what was left."""

    def make(files: dict[str, object]) -> Loaded:
        for name, content in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif isinstance(content, list) and name.endswith("l"):
                path.write_text("".join(
                    (item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)) + "\n"
                    for item in content), encoding="utf-8")  # fmt: skip
            else:
                path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        out = tmp_path / "w"
        return Loaded(load(tmp_path / "in", "wecom", out), out)

    return make
