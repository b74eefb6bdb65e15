"""The README keeps its word: its commands run and print what it shows, its settings are read."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from commlab.cli import main
from commlab.config import Settings, read_settings
from commlab.loaders.mapping import parse_map
from commlab.tables import TABLES

ROOT = Path(__file__).resolve().parent.parent
FILES = [path for path in (ROOT / "README.md", ROOT / "README.zh.md") if path.is_file()]
LAB = "python3 lab.py"
LONG = ("commlab run", "papermill notebooks")  # kernels start for these

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What differs from one machine to the next: what the README leaves out, and how long it took.
_VARIES = re.compile(r"…|\d+(?:\.\d+)?(?= ?s(?:econds)?\b| min\b)")
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]*\bsrc=\"([^\"]+)\"|<a[^>]*\bhref=\"([^\"]+)\"")
_ESTIMATE = re.compile(r"`(Estimate\([^`]+\))`")


@dataclasses.dataclass(frozen=True)
class Command:
    """One command of a README and what it is said to print."""

    file: Path
    line: str
    shown: str = ""

    def __str__(self) -> str:
        return f"{self.file.name}: {self.line}"

    @property
    def words(self) -> list[str]:
        """The command without its comment."""
        return shlex.split(self.line, comments=True)


def blocks(path: Path, language: str) -> list[str]:
    """Return what stands in the fenced blocks of one language."""
    found = _BLOCK.findall(path.read_text(encoding="utf-8"))
    return [body for name, body in found if name == language]


def played(path: Path) -> list[Command]:
    """Return the commands of console blocks with what they are said to print."""
    found = []
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(path, line.strip(), shown.strip("\n")))
    return found


def named(path: Path) -> list[Command]:
    """Return the commands of shell blocks: told, without what they print."""
    lines = [line for block in blocks(path, "sh") for line in block.splitlines()]
    return [Command(path, line.strip()) for line in lines if line.strip()]


def plain(text: str) -> str:
    """Return text as it looks in a terminal: spaces are spaces, none at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.replace("\u00a0", " ").splitlines())


def pattern(shown: str) -> re.Pattern[str]:
    """Return what output has to match: `…` stands for anything, seconds may differ."""
    parts, end = [], 0
    for varies in _VARIES.finditer(shown):
        parts.append(re.escape(shown[end : varies.start()]))
        parts.append("(?s:.*?)" if varies.group() == "…" else r"\d+(?:\.\d+)?")
        end = varies.end()
    return re.compile("".join([*parts, re.escape(shown[end:])]))


def for_this_interpreter(words: list[str]) -> list[str]:
    """Return a command as it runs wherever the tests run."""
    name, *rest = words
    assert name in ("commlab", "papermill"), f"teach the test how to run {name!r}"
    return [sys.executable, "-m", name, *rest]


PLAYED = [command for path in FILES for command in played(path)]
EVERY = [*PLAYED, *(command for path in FILES for command in named(path))]


def params(found: list[Command]) -> list[object]:
    slow = [pytest.mark.slow]
    return [
        pytest.param(item, marks=slow if item.line.startswith(LONG) else [], id=str(item))
        for item in found
    ]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder that looks like the repository, because commands may write."""
    for name in ("data_samples", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".*"))
    return tmp_path


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COMMLAB_NOTEBOOKS": str(folder / "notebooks"), "COLUMNS": "200"}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8",
        check=False, timeout=600,
    )  # fmt: skip


def test_the_readme_shows_commands_and_what_they_print():
    found = played(ROOT / "README.md")
    assert len(found) >= 1, "README.md holds no ```console block with a `$ ` line"
    assert all(command.shown for command in found)


@pytest.mark.parametrize("item", params([item for item in PLAYED if LAB not in item.line]))
def test_a_command_prints_what_the_readme_shows(item, copy):
    done = run(for_this_interpreter(item.words), copy)
    assert done.returncode == 0, done.stderr
    printed = plain(done.stdout)
    assert pattern(plain(item.shown)).fullmatch(printed), printed


@pytest.mark.parametrize("item", [item for item in EVERY if item.line.startswith(LAB)], ids=str)
def test_a_command_of_lab_exists(item):
    told = subprocess.run(
        [sys.executable, ROOT / "lab.py", "--help"], capture_output=True, text=True, check=True
    ).stdout
    choices = re.search(r"\{([\w,]+)\}", told)
    assert choices is not None
    command, *rest = item.words[2:]
    assert command in choices[1].split(",")
    for word in rest if command != "report" else []:  # report hands the rest to `commlab run`
        assert word in told, word


@pytest.mark.parametrize("item", [item for item in EVERY if LAB not in item.line], ids=str)
def test_a_command_takes_the_options_that_it_is_shown_with(item):
    name, subcommand, *rest = item.words
    assert name == "commlab"
    assert subcommand in main.commands
    command = main.commands[subcommand]
    try:  # parsed, not run
        command.make_parser(click.Context(command)).parse_args(rest)
    except click.UsageError as error:
        raise AssertionError(error.format_message()) from None


def test_every_command_line_tool_is_mentioned():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in main.commands if name != "simulate" and name not in text]
    assert missing == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_python_runs_and_prints_what_is_claimed(path, copy):
    claimed = [" ".join(text.split()) for text in _ESTIMATE.findall(path.read_text("utf-8"))]
    programs = blocks(path, "python")
    assert bool(programs) == bool(claimed)
    for program in programs:
        done = run([sys.executable, "-c", program], copy)
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        printed = " ".join(done.stdout.split())
        assert [text for text in claimed if text not in printed] == [], printed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_settings_and_maps_are_read(path, tmp_path):
    """Unknown keys and wrong values raise; nothing is left at its default by a slip."""
    found = blocks(path, "toml")
    assert found
    for block in found:
        raw = tomllib.loads(block)
        if any(isinstance(raw[name][0], dict) for name in TABLES if name in raw):
            assert parse_map(raw).blocks
            continue
        (tmp_path / "commlab.toml").write_text(f"format_version = 1\n{block}", encoding="utf-8")
        settings = read_settings(tmp_path)
        assert settings != Settings()
        assert settings.name == raw["name"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_links_within_the_repository_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    found = [next(filter(None, match)) for match in _LINK.findall(text)]
    assert found
    for link in found:
        target = link.partition("#")[0]
        if target and not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), link


def test_both_languages_show_the_same_commands():
    if len(FILES) < 2:
        pytest.skip("there is no README.zh.md")
    lines = [
        [[word for word in item.words if word not in ("--lang", "zh")] for item in EVERY
         if item.file == path] for path in FILES
    ]  # fmt: skip
    assert lines[0] == lines[1]


def test_the_pattern_is_as_strict_as_it_should_be():
    wanted = pattern("done in 17 s\n…\norders: one paid order")
    assert wanted.fullmatch("done in 3.5 s\nwhat\never\norders: one paid order")
    assert not wanted.fullmatch("done in 3.5 s\nwhat\norders: one paid orders")
    assert not pattern("2,000 members").fullmatch("2,001 members")
