"""Read docs/requirements.toml, and write the page of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().with_name("requirements.toml")
PAGE = SOURCE.with_suffix(".md")
TOPICS = {
    "A": "Growth, retention, return",
    "B": "Golden period, opinion leaders, incentives",
    "C": "Fission",
    "D": "Business community",
    "E": "Dead groups, tags",
    "F": "What an analyst expects on day one",
}
HEAD = """# Requirements

<!-- Made by `python docs/make.py` from docs/requirements.toml; do not edit. -->

What the kit is asked to answer, and where it does: the notebook and the section, the functions that
the section rests on, and the tests that would fail if it were wrong. A test looks every place up.
Where a requirement is met in part only, the row says what is missing.
"""


def read() -> dict[str, dict[str, Any]]:
    """Return the requirements by id."""
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


def text() -> str:
    """Return what docs/requirements.md should hold."""
    requirements = read()
    lines = [HEAD]
    for letter, topic in TOPICS.items():
        lines += [f"## {letter}. {topic}\n", "| id | what | where | functions | tests |",
                  "| --- | --- | --- | --- | --- |"]  # fmt: skip
        for key in (key for key in requirements if key.startswith(letter)):
            lines += list(_rows(key, requirements[key]))
        lines.append("")
    return "\n".join(lines)


def _rows(key: str, requirement: dict[str, Any]) -> Iterator[str]:
    missing = requirement.get("part", "")
    what = requirement["what"] + (f". **In part**: {missing}" if missing else "")
    for number, place in enumerate(requirement["place"]):
        notebook = place["notebook"]
        where = f"[{notebook}](analyses/{notebook}.md): {place['section']}"
        tests = ", ".join(f"[{test.partition('::')[2]}](../tests/{test.partition('::')[0]})"
                          for test in place["tests"])  # fmt: skip
        calls = ", ".join(f"`{name}`" for name in place["calls"])
        head = (key, what) if not number else ("", "")
        yield "| " + " | ".join((*head, where, calls, tests)) + " |"
