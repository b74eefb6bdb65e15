"""The table of an experiment as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from .harness import Experiment, Row

_HEAD = ("what was promised", "worlds", "hits", "share", "promised", "noise allows", "missed", "")


def markdown(experiment: Experiment, rows: Sequence[Row], seeds: range, command: str) -> str:
    """Return the page of one experiment: command, worlds, table, reading."""
    parts = [
        f"# {experiment.title}",
        f"```\n{command}\n```",
        f"{len(seeds):,} worlds, seeds {seeds[0]} to {seeds[-1]}. [How to read this](README.md).",
        experiment.about.strip(),
        _table(rows),
        experiment.reading.strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: Sequence[Row]) -> str:
    lines = [_line(_HEAD), "| --- |" + " ---: |" * (len(_HEAD) - 2) + " --- |"]
    lines += [_line(_cells(row)) for row in rows]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    low, high = row.bounds
    allowed = {
        "range": f"{low}–{high}", "at_least": f"≥ {low}", "at_most": f"≤ {high}", "shown": "",
    }[row.rule]  # fmt: skip
    verdict = {"as promised": "as promised", "shown": "not judged"}.get(
        row.verdict, f"**{row.verdict}**"
    )
    missed = f"{row.under} under, {row.over} over" if row.under + row.over else ""
    return (
        row.name,
        f"{row.worlds:,}" + (f" ({row.silent} silent)" if row.silent else ""),
        f"{row.hits:,}",
        f"{row.share:.1%}",
        "" if row.promised is None else f"{row.promised:.0%}",
        allowed,
        missed,
        verdict,
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
