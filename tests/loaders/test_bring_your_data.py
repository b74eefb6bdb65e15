"""The page on bringing data is true: its commands run, and print what it shows."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from commlab.cli import main

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bring-your-data.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands():
    """(command, lines that it prints) in the order of the page."""
    found = []
    for body in CONSOLE.findall(PAGE.read_text(encoding="utf-8")):
        for line in body.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each command of the page prints, run one after the other in an empty folder."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "exports").symlink_to(ROOT / "tests" / "data")
    told = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command, _ in commands():
            name, *arguments = shlex.split(command)
            assert name == "commlab"
            done = CliRunner().invoke(main, arguments)
            told[command] = (done.exit_code, done.stdout)
    return told


@pytest.mark.parametrize(("command", "lines"), commands(), ids=[item[0] for item in commands()])
def test_a_command_prints_what_the_page_shows(printed, command, lines):
    status, output = printed[command]
    assert status == 0, output
    assert lines
    for line in lines:
        assert line in output.splitlines(), output


def test_every_new_format_has_its_path():
    page = PAGE.read_text(encoding="utf-8")
    for name in ("files", "taobao", "wecom", "workspaces", "youzan"):
        assert f"--format {name}" in page
