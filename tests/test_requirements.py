"""Every requirement has its place: notebook, section, functions that it calls, tests that exist."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import re
from pathlib import Path

import nbformat
import pytest

import commlab as cl

ROOT = Path(__file__).resolve().parent.parent
# How many requirements each topic of the mission has.
TOPICS = {"A": 10, "B": 17, "C": 6, "D": 5, "E": 5, "F": 14}
MODULES = {"metrics": cl.metrics, "models": cl.models, "report": cl.report}


def source():
    path = ROOT / "docs" / "requirements.py"
    spec = importlib.util.spec_from_file_location("requirements_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.read()


REQUIREMENTS = source()
PLACES = [
    pytest.param(place, id=f"{key}-{number}")
    for key, requirement in REQUIREMENTS.items()
    for number, place in enumerate(requirement["place"])
]


@functools.cache
def notebook(name):
    """Return the headings of the English cells, and the names of the kit that the code calls."""
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    said = "\n".join(cell.source for cell in cells if "lang-en" in cell.metadata.get("tags", []))
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    called = {
        ast.unparse(node).removeprefix("cl.")
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("cl.")
    }
    return set(re.findall(r"^##? (.+)$", said, re.MULTILINE)), called


@functools.cache
def functions_in(file):
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_requirement_is_there_once():
    wanted = {f"{letter}{n}" for letter, count in TOPICS.items() for n in range(1, count + 1)}
    assert sorted(REQUIREMENTS) == sorted(wanted)
    assert all(requirement["place"] for requirement in REQUIREMENTS.values())


@pytest.mark.parametrize("place", PLACES)
def test_the_place_exists(place):
    headings, called = notebook(place["notebook"])
    assert place["section"] in headings
    assert place["calls"]
    assert place["tests"]
    for name in place["calls"]:
        module, _, function = name.partition(".")
        assert inspect.isroutine(getattr(MODULES[module], function)), name
        assert name in called, f"{place['notebook']} does not call {name}"
    for test in place["tests"]:
        file, _, function = test.partition("::")
        assert function.startswith("test_"), test
        assert function in functions_in(file), test
