"""A tenth of each table of `docs/truth`, judged by its own noise."""

from __future__ import annotations

from pathlib import Path

import pytest

from .experiments import EXPERIMENTS
from .harness import judge, run

# What is only shown promises nothing that could fail.
JUDGED = sorted(set(EXPERIMENTS) - {"survival-mixed", "sparse", "churn"})
DOCS = Path(__file__).resolve().parents[2] / "docs" / "truth"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::commlab.errors.CommlabWarning")
@pytest.mark.parametrize("name", JUDGED)
def test_a_tenth_of_the_worlds(name):
    rows = judge(
        outcomes for _, outcomes in run(EXPERIMENTS[name], range(EXPERIMENTS[name].tested))
    )
    broken = [f"{row.name}: {row.hits} of {row.worlds}" for row in rows if not row.kept]
    assert any(row.rule != "shown" for row in rows)
    assert not broken


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_every_experiment_has_its_page(name):
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert f"python -m tests.truth {name} --worlds " in page
    assert EXPERIMENTS[name].about.strip() in page
    assert f"({name}.md)" in (DOCS / "README.md").read_text(encoding="utf-8")


def broken(page: str) -> list[str]:
    """Return the rows of a page whose verdict is not one of a promise kept."""
    rows = [line for line in page.splitlines() if line.startswith("| ")][2:]
    verdicts = ("as promised", "not judged")
    return [row for row in rows if row.split("|")[-2].strip() not in verdicts]


@pytest.mark.parametrize("name", JUDGED)
def test_no_page_shows_a_broken_promise(name):
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert not broken(page)
    assert broken(page.replace("| as promised |", "| **too few** |", 1))
