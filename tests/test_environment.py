"""The lists of packages say the same thing in every place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# conda-forge's names where they differ from the package index.
CONDA = {"duckdb": "python-duckdb", "ibis-framework": "ibis-duckdb"}
NAMED_BY_USERS = {
    "jupyterlab", "pandas", "numpy", "scikit-learn", "lifetimes", "matplotlib", "papermill",
}  # fmt: skip


def split(requirement: str) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z0-9_-]+)(?:\[[a-z,]+\])?(.*)", requirement.strip())
    assert match, requirement
    return match[1].lower(), match[2].strip()


def lock(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = [line.split(";")[0].strip() for line in lines if line and not line.startswith("#")]
    return dict(pin.split("==") for pin in pins)


def test_conda_environment_equals_the_project():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    lines = re.findall(r"^ +- ([a-z0-9-]+[<>=].*)$", text, re.MULTILINE)
    conda = dict(split(line) for line in lines)
    python = conda.pop("python")
    project = dict(split(line) for line in PROJECT["dependencies"])
    assert python == PROJECT["requires-python"]
    assert conda == {CONDA.get(name, name): bound for name, bound in project.items()}


def test_packages_named_by_users_are_there():
    assert {split(line)[0] for line in PROJECT["dependencies"]} >= NAMED_BY_USERS


@pytest.mark.parametrize(
    ("extra", "files"),
    [
        (None, ["requirements.lock"]),
        ("dev", ["requirements.lock"]),
        ("spark", ["requirements.lock", "requirements-spark.lock"]),
    ],
)
def test_locks_hold_what_the_project_lists(extra, files):
    wanted = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    locked = {name: pin for file in files for name, pin in lock(file).items()}
    for line in wanted:
        name, _ = split(line)
        assert name in locked, f"{name} is not locked: see CONTRIBUTING, 'Packages'"


def test_locks_name_no_place():
    for name in ("requirements.lock", "requirements-spark.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "index" not in text


def test_every_bound_below_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if re.match(r'\s+"[a-z].*<\d', line):
            assert "#" in line, f"no reason beside {line.strip()}"
