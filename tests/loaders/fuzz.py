"""Mutated exports: a load ends with accounts that close, or with an error of our own.

    python -m tests.loaders.fuzz --cases 20000 --seed 0

Each case takes a made-up export, spoils it, and reads it with its format. A traceback, rows that
are in no account, or a case of more than `PATIENCE` seconds is printed with its seed, and the
status is 1. `--case N` repeats one.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import multiprocessing
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl

from commlab.config import Settings
from commlab.errors import CommlabError
from commlab.loaders import FORMATS
from commlab.loaders.options import Options
from commlab.loaders.report import LoadReport
from commlab.loaders.workspace import WorkspaceWriter, to_arrow
from commlab.tables import TABLES

DATA = Path(__file__).parents[1] / "data"
PATIENCE = 20.0  # seconds; a whole case takes some 0.05
FILES = {
    "taobao": sorted((DATA / "taobao").glob("*.csv")),
    "youzan": sorted((DATA / "youzan").glob("*.csv")),
    "files": sorted((DATA / "shop").glob("*.csv")),
    "wecom": sorted(item for item in (DATA / "wecom").rglob("*.json*")),
}
# What breaks parsers: quotes, ends of lines, marks, numbers at the edge, halves of characters.
TOKENS = (
    b'"', b'""', b"'", b",", b"\t", b";", b"\r", b"\n", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf",
    b"\xff\xfe", b"=1+1", b'="1', b"1e309", b"-1", b"9" * 40, b"0.005", b"NaN", b"2026-02-30",
    b"\\ud83d", b"{", b"}", b"[" * 50, b"]", b"null", b"\xe4\xbd", b"\x81\x30\x81\x30", b"\x1f\x8b",
    "￥１".encode(), "😀".encode(), "交易关闭".encode("gbk"), b"1970-01-01", b"99999", b"--",
)  # fmt: skip
ODD: tuple[Any, ...] = (None, 0, -1, 1e308, 10**30, "", "x", [], {}, [[]], [{}], True, "\ud800",
                        "2026-06-01", 1767225600, 1767225600000)  # fmt: skip


class Counting(WorkspaceWriter):
    """A writer that checks what it gets, and writes nothing."""

    def __init__(self, folder: Path, report: LoadReport) -> None:
        super().__init__(folder / "w", report)
        self.folder = folder

    def begin(self, settings: Settings) -> None:
        self.report.name = settings.name

    def add(self, table: str, frame: Any, **_: Any) -> None:
        to_arrow(TABLES[table], frame)

    def stage(self, table: str, **_: Any) -> tuple[Path, int, int]:
        return self.folder / f"{table}.parquet", 0, 0

    def scratch(self, name: str) -> Path:
        return self.folder / name

    def saw(self, *_: Any) -> bool:
        return False

    def keep(self, name: str) -> Path:
        return self.folder / f"kept-{name}"


def spoil(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few things wrong."""
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randint(0, len(content))
        far = min(len(content), at + chance.choice((1, 2, 10, 200)))
        kind = chance.randrange(8)
        if kind == 0:
            content = content[:at] + chance.choice(TOKENS) + content[at:]
        elif kind == 1:
            content = content[:at] + content[far:]
        elif kind == 2:
            content = content[:at] + content[at:far] * 2 + content[far:]
        elif kind == 3:
            content = (
                content[:at] + bytes(chance.randrange(256) for _ in range(far - at)) + content[far:]
            )
        elif kind == 4:
            content = content[:at]
        elif kind == 5:
            lines = content.split(b"\n")
            chance.shuffle(lines)
            content = b"\n".join(lines)
        elif kind == 6:
            old, new = chance.choice(((b",", b";"), (b",", b"\t"), (b"\n", b"\r"), (b'"', b""),
                                      (b"2026", b"0000"), (b"0", b"O")))  # fmt: skip
            content = content.replace(old, new)
        else:
            content = content[:at] + chance.choice(TOKENS) + content[far:]
    return content


def spoil_json(content: bytes, chance: random.Random) -> bytes:
    """Return JSON in which a few values are of another type."""
    lines = [content] if content[:2] == b"{\n" else content.splitlines()
    at = chance.randrange(len(lines))
    try:
        whole = json.loads(lines[at])
    except ValueError:
        return spoil(content, chance)
    for _ in range(chance.choice((1, 1, 2, 5))):
        places = _places(whole)
        if places:
            holder, key = chance.choice(places)
            holder[key] = chance.choice(ODD)
    lines[at] = json.dumps(whole).encode()
    return b"\n".join(lines)


def _places(whole: Any) -> list[tuple[Any, Any]]:
    if isinstance(whole, dict):
        return [(whole, key) for key in whole] + [p for v in whole.values() for p in _places(v)]
    if isinstance(whole, list):
        return [(whole, n) for n in range(len(whole))] + [p for v in whole for p in _places(v)]
    return []


def _workbook(content: bytes, chance: random.Random) -> bytes:
    book = openpyxl.Workbook()
    text = content.decode("utf-8-sig" if content[:1] == b"\xef" else "gb18030", errors="replace")
    for line in text.splitlines():
        cells = [openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in line.split(",")]
        book.active.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    return spoil(stream.getvalue(), chance) if chance.random() < 0.7 else stream.getvalue()


def case(number: int, seed: int) -> str:
    """Run one case and return how it ended; what must not be begins with "!"."""
    chance = random.Random(f"{seed}-{number}")
    name = chance.choice(("taobao", "youzan", "files", "files", "wecom"))
    path = chance.choice(FILES[name])
    content, suffix = path.read_bytes(), path.suffix
    if name == "wecom":
        content = chance.choice((spoil, spoil_json))(content, chance)
    elif chance.random() < 0.1:
        content, suffix = _workbook(content, chance), ".xlsx"
    else:
        content = spoil(content, chance)
    if chance.random() < 0.05:
        content = gzip.compress(content)
        content = spoil(content, chance) if chance.random() < 0.5 else content
        suffix += ".gz"
    with tempfile.TemporaryDirectory(prefix="commlab-fuzz-") as folder:
        spoilt = Path(folder) / "in" / f"{path.stem}{suffix}"
        spoilt.parent.mkdir()
        spoilt.write_bytes(content)
        plan = DATA / "shop" / "map.toml" if name == "files" else None
        started = time.perf_counter()
        try:
            ended = _load(name, spoilt.parent, Path(folder), plan)
        except CommlabError as error:
            ended = type(error).__name__
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            ended = f"!{number} {name} {path.name}: {type(error).__name__}: {str(error)[:200]}"
        if time.perf_counter() - started > PATIENCE:
            ended = f"!{number} {name} {path.name}: took more than {PATIENCE:.0f} s"
    return ended


def _load(name: str, source: Path, folder: Path, plan: Path | None) -> str:
    report = LoadReport(name)
    reader = __import__(FORMATS[name].module, fromlist=["read"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader.read([source], Counting(folder, report), Options(plan))
    report.check()
    return "loaded"


def _case(job: tuple[int, int]) -> str:
    return case(*job)


def main() -> int:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long")
    parser.add_argument("--case", type=int, help="repeat this one")
    options = parser.parse_args()
    if options.case is not None:
        print(case(options.case, options.seed))
        return 0
    numbers = range(options.first, options.first + options.cases)
    jobs = [(number, options.seed) for number in numbers]
    started = time.perf_counter()
    ends: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for ended in pool.imap_unordered(_case, jobs, chunksize=20):
            ends[ended] += 1
            if time.perf_counter() - started > 60 * options.minutes:
                break
    for ended, times in ends.most_common():
        print(f"{times:>8,}  {ended}")
    took = time.perf_counter() - started
    print(f"{ends.total():,} cases in {took:.0f} s ({ends.total() / took * 60:,.0f} a minute)")
    return int(any(ended.startswith("!") for ended in ends))


if __name__ == "__main__":
    sys.exit(main())
