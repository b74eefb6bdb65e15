"""What the overview takes from the other notebooks of its run: figures, actions, targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab.estimate import Estimate
from commlab.report.blocks import Action, Report
from commlab.report.notebooks import OVERVIEW
from commlab.report.results import read_actions, read_results

if TYPE_CHECKING:
    import pandas as pd

REPORT = "report"  # field of a borrowed figure: the report that it is from


Titles = Mapping[str, Mapping[str, str]]  # notebook → language → title


def borrowed(run_folder: Path | str | None, key: str, titles: Titles) -> dict[str, Any] | None:
    """Return the fields of a headline figure of another notebook of the run, None without it."""
    for notebook, found in sorted(read_results(run_folder or "").items()):
        fields = found.get(key)
        if notebook != OVERVIEW and fields and fields.get("label") and fields["status"] == "ok":
            return {**fields, REPORT: {"notebook": notebook, "titles": dict(titles[notebook])}}
    return None


def others_actions(run_folder: Path | str | None, titles: Titles) -> list[Action]:
    """Return what the other notebooks of the run say is to be done."""
    return [
        _action(row, Report(row["notebook"], titles[row["notebook"]]))
        for row in read_actions(run_folder or "")
        if row["notebook"] != OVERVIEW
    ]


def _action(row: Mapping[str, Any], report: Report) -> Action:
    value = Estimate.from_dict(row["value"]) if row.get("value") else None
    return Action(row["text"], row.get("people"), value, row.get("list", ""), source=report)


def targets(run_folder: Path | str | None, wanted: Mapping[str, Any]) -> pd.DataFrame:
    """Return the targets of the workspace with what was reached and how likely it is.

    The probability is that of the true value being at or beyond the target, given the estimate
    and its interval (normal, flat prior); the direction is the figure's own.

    Args:
        run_folder: Folder of the run.
        wanted: Key → target value.

    Returns:
        Frame: key, notebook, unit, target, people (behind the figure), value, low, high, chance,
        status ("reached",
        "missed", "open" where the interval holds the target, "unknown" without the figure).
    """
    import pandas as pd

    results = read_results(run_folder or "")
    rows = [_target(key, float(goal), results) for key, goal in wanted.items()]
    names = ["key", "notebook", "unit", "target", "people", "value", "low", "high", "chance",
             "status"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def _target(key: str, goal: float, results: Mapping[str, Any]) -> tuple[Any, ...]:
    from scipy import special

    from commlab.stats import quantile

    nothing = (None, None, None, None)
    for notebook, fields in _named(results, key):
        now = Estimate.from_dict(dict(fields))
        if now.value is None:
            break
        sign = -1 if fields.get("good") == "down" else 1
        if now.low is None or now.high is None:
            sure = sign * (now.value - goal) >= 0
            return (key, notebook, now.unit, goal, now.n, now.value, None, None, float(sure),
                    "reached" if sure else "missed")  # fmt: skip
        spread = (now.high - now.low) / (2 * quantile(now.level))
        gap = sign * (now.value - goal)
        chance = float(special.ndtr(gap / spread)) if spread else float(gap >= 0)
        ends = [sign * (end - goal) >= 0 for end in (now.low, now.high)]
        status = "reached" if all(ends) else "open" if any(ends) else "missed"
        return (key, notebook, now.unit, goal, now.n, now.value, now.low, now.high, chance, status)
    return (key, "", "", goal, *nothing, None, "unknown")


def _named(results: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for notebook, found in sorted(results.items()):
        if notebook != OVERVIEW and key in found:
            yield notebook, found[key]
