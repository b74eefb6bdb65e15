"""A small sound workspace to spoil, and the command line as a user calls it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_notebook

from commlab.cli import main
from commlab.report import kernels

HEADER = "order_id,member_id,paid_at,amount"
ROWS = [
    f"o{n},m{n % 9},2026-0{1 + n % 6}-1{n % 9} 03:00:00,{20 + n}.50" for n in range(1, 41)
]  # by line: o1 stands on line 2
PARAMETERS = """data = ""  # workspace
as_of = ""  # last day
lang = "both"  # language
run_folder = ""
level = 3  # a level
"""


class Sources:
    """A workspace of CSV files that a test spoils."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.write("orders.csv", [HEADER, *ROWS])

    def write(self, name: str, lines: list[str]) -> None:
        """Write a file, one line each."""
        self.bytes(name, "".join(f"{line}\n" for line in lines).encode())

    def bytes(self, name: str, content: bytes) -> None:
        """Write a file as it is."""
        (self.folder / name).write_bytes(content)

    def spoil(self, line: int, old: str, new: str) -> None:
        """Replace something on one line of the orders; the header is line 1."""
        lines = [HEADER, *ROWS]
        assert re.search(old, lines[line - 1])
        lines[line - 1] = re.sub(old, new, lines[line - 1])
        self.write("orders.csv", lines)


@dataclasses.dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    status: int
    error: str
    output: str


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "brand")


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the notebooks 00_data_health and 02_alpha, which read orders and messages."""
    folder = tmp_path / "books"
    folder.mkdir()
    write_book(folder, "00_data_health", ["1"])
    write_book(folder, "02_alpha", ["1"])
    monkeypatch.setenv("COMMLAB_NOTEBOOKS", str(folder))
    return folder


def write_book(folder: Path, name: str, cells: list[str]) -> None:
    """Write a notebook that needs a table to start from."""
    first = new_code_cell(PARAMETERS)
    first.metadata["tags"] = ["parameters"]
    book = new_notebook(cells=[first, *map(new_code_cell, cells)])
    needs = [["orders", "messages", "memberships"]]
    book.metadata["commlab"] = {"topic": "alpha", "needs": needs, "uses": ["orders", "messages"]}
    nbformat.write(book, folder / f"{name}.ipynb")


def call(*words: object) -> Told:
    """Call the command line; no traceback may ever come of it."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert "not foreseen" not in result.output
    return Told(result.exit_code, " ".join(result.stderr.split()), result.stdout)


@pytest.fixture
def stopped(tmp_path: Path, books: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Function that runs 02 on a workspace, makes sure that nothing ran, and returns the message.

    The run folder of an earlier run, when there is one, stays as it was.
    """

    def run(data: Path, *words: Any) -> str:
        def none(*_: object) -> None:
            raise AssertionError("a kernel was about to start")

        monkeypatch.setattr(kernels, "Kernels", none)
        out = tmp_path / "out"
        before = contents(out)
        notebook = () if words and not str(words[0]).startswith("-") else ("02",)
        told = call("run", *notebook, *words, "--data", data, "--out", out)
        assert told.status == 2, told.error
        assert told.error.startswith("Error: ")
        assert told.output == ""
        assert contents(out) == before
        return told.error

    return run


def contents(folder: Path) -> dict[str, bytes]:
    """Files and folders of a folder, the locks of runs aside: they are empty of results."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
        if not path.name.endswith(".lock")
    }
