"""The run before this one, lent to the overview: what changed since."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab.errors import NotEnoughDataError
from commlab.report import compare, files, manifest
from commlab.report.notebooks import OVERVIEW
from commlab.report.results import RESULTS_FILE, read_results

if TYPE_CHECKING:
    import pandas as pd

    from commlab.report.shared import Gate

FOLDER = "last_run"
_ORDER = (compare.BEYOND, compare.EXACT, compare.NOISE)


def last_run(run_folder: Path, name: str, as_of: str) -> Path | None:
    """Return the folder beside this run's that holds the latest earlier run of a workspace.

    Args:
        run_folder: Folder of this run.
        name: Name of the workspace.
        as_of: Last day of this run's data.
    """
    found = []
    for path in run_folder.parent.glob(f"*/{manifest.FILE}"):
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            data = run["data"]
            if run["format"] != manifest.FORMAT or run["status"] != "done":
                continue
            if data["name"] == name and data["as_of"] < as_of and not run.get("internal"):
                found.append((data["as_of"], path.parent.name, path.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # somebody else's folder is none of ours, and no reason to stop
    found = [item for item in found if (item[2] / RESULTS_FILE).is_file()]
    return max(found)[2] if found else None


def digest(last: Path | None) -> str:
    """Return 16 hex digits that change with what the last run found; "" without one."""
    return manifest.digest((last / RESULTS_FILE).read_text(encoding="utf-8")) if last else ""


def lend(last: Path | None, run: Mapping[str, Any], folder: Path) -> None:
    """Put the last run's figures, and what both runs are made from, into a kernel's folder."""
    if last is None:
        return
    place = folder / FOLDER
    place.mkdir()
    for name in (RESULTS_FILE, manifest.FILE):
        shutil.copyfile(last / name, place / name)
    files.write_text(folder / manifest.FILE, json.dumps(dict(run), ensure_ascii=False))


def take_back(folder: Path) -> None:
    """Remove what was lent: it is no result of the notebook."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    (folder / manifest.FILE).unlink(missing_ok=True)


def changes(run_folder: Path | None, gate: Gate) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what changed since the last run in the figures that stand on cards.

    Args:
        run_folder: Folder of the overview's kernel.
        gate: What may be shown: a figure that would tell of few people has no change.

    Returns:
        Rows of `Comparison.frame` with the people behind the later figure, those beyond noise
        first, then full counts, then the rest by p-value; and for sentences: day (of the last
        run), n (figures compared), beyond (changed beyond noise), cautions.

    Raises:
        NotEnoughDataError: There is no earlier run of this workspace beside this one.
    """
    import pandas as pd

    from commlab.estimate import Estimate

    if run_folder is None or not (run_folder / FOLDER).is_dir():
        raise NotEnoughDataError("no earlier run of this workspace stands beside this one.")
    found = compare.compare(run_folder / FOLDER, run_folder)
    # The overview's own figures are not there yet: their cards say what changed.
    own = found.frame["notebook"] == OVERVIEW
    rows = found.frame[~own & found.frame["verdict"].isin((*_ORDER, compare.SAME))].copy()
    entries = [found.entries[name] for name in zip(rows["notebook"], rows["key"], strict=True)]
    figures = [Estimate.from_dict(dict(entry)) for entry in entries]
    rows.insert(3, "people", pd.Series([figure.n for figure in figures], rows.index, "Int64"))
    held = read_results(run_folder / FOLDER)
    earlier = [
        Estimate.from_dict(dict(held[notebook][key]))
        for notebook, key in zip(rows["notebook"], rows["key"], strict=True)
    ]
    kept = [
        bool(entry.get("label")) and gate.estimate(now).ok and gate.estimate(then).ok
        for entry, now, then in zip(entries, figures, earlier, strict=True)
    ]
    rows = rows[kept]
    order = {verdict: place for place, verdict in enumerate((*_ORDER, compare.SAME))}
    rows = rows.assign(_order=rows["verdict"].map(order))
    rows = rows.sort_values(["_order", "p", "notebook", "key"]).drop(columns=["_order", "p"])
    words = {
        "day": dt.date.fromisoformat(found.before["data"]["as_of"]),
        "n": len(rows),
        "beyond": int((rows["verdict"] == compare.BEYOND).sum()),
        "cautions": found.cautions,
    }
    return rows.reset_index(drop=True), words
