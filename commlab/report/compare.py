"""What changed between two runs: each figure's change, its interval, and whether it is noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab.errors import ArgumentError
from commlab.estimate import Estimate
from commlab.report import manifest
from commlab.report.blocks import BOUNDS
from commlab.report.notebooks import OVERVIEW
from commlab.report.results import RESULTS_FILE, read_results

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "notebook", "key", "unit", "before", "before_low", "before_high", "after", "after_low",
    "after_high", "change", "change_low", "change_high", "p", "p_adjusted", "verdict",
)  # fmt: skip
BEYOND, NOISE, EXACT, SAME, NEW, GONE, REFUSED = (
    "beyond", "noise", "exact", "same", "new", "gone", "refused",
)  # fmt: skip
VERDICTS = (BEYOND, NOISE, EXACT, SAME, NEW, GONE, REFUSED)
_OWN = ("as_of", "lang", "data")  # parameters that say which run it is
_ALPHA = 0.05  # of the changes called beyond noise at most so many are expected to be noise


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        frame: A row a figure, by notebook, in the order of the later run: notebook, key, unit,
            before and after with their ends, change (after − before) with its ends, p,
            p_adjusted, verdict: "beyond" noise, "noise", "exact" (a full count that differs),
            "same", "new", "gone", or "refused" (one run could not tell the figure).
        cautions: Why the runs may differ for other reasons than the community: "swapped" (the
            first ends later), "workspace", "same_data" (nothing can be news), "parameters",
            "code", "internal".
        before: Manifest of the earlier run.
        after: Manifest of the later run.
        entries: Notebook and key → what the later run (without it the earlier) holds of a figure.
    """

    frame: pd.DataFrame
    cautions: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    entries: Mapping[tuple[str, str], Mapping[str, Any]]


def compare(before: Path | str, after: Path | str) -> Comparison:
    """Compare the figures of two runs.

    The interval of a change is that of two independent estimates (Zou & Donner 2008, Stat. Med.
    27, eq. 8: each end moves by the root of the squared distances). Two runs share most of
    their people, who mostly stay as they are: the true interval is then narrower, and what is
    called beyond noise is so all the more. p-values are adjusted for the number of figures
    (Benjamini & Hochberg). Figures that the overview borrowed stand under their own report.

    Args:
        before: Folder of the earlier run.
        after: Folder of the later run.

    Raises:
        ArgumentError: A folder holds no run.
    """
    runs = [_run(Path(folder)) for folder in (before, after)]
    (first, old), (last, new) = runs
    names = [*new, *(name for name in old if name not in new)]
    entries = {name: new.get(name) or old[name] for name in names}
    rows = [_row(name, old.get(name), new.get(name)) for name in names]
    return Comparison(_judged(rows), _cautions(first, last), first, last, entries)


def _run(folder: Path) -> tuple[dict[str, Any], dict[tuple[str, str], Mapping[str, Any]]]:
    if not (folder / RESULTS_FILE).is_file():
        raise ArgumentError(
            f"{folder.name or folder}: is not the folder of a run, it has no {RESULTS_FILE}.",
            fix="Name two folders that `commlab run` made, e.g. reports/demo-2026-05-31.",
        )
    figures: dict[tuple[str, str], Mapping[str, Any]] = {
        (notebook, key): fields
        for notebook, found in sorted(read_results(folder).items())
        for key, fields in found.items()
        if not (notebook == OVERVIEW and "report" in fields)
    }
    return manifest.read(folder), figures


def _row(
    name: tuple[str, str], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> tuple[Any, ...]:
    now, then = (None if fields is None else Estimate.from_dict(dict(fields))
                 for fields in (new, old))  # fmt: skip
    unit = (now or then).unit  # type: ignore[union-attr]  # one of the two is there
    shown = [*name, unit, *_ends(then), *_ends(now)]
    if now is None or then is None:
        return (*shown, None, None, None, None, GONE if now is None else NEW)
    if now.value is None or then.value is None or now.unit != then.unit:
        return (*shown, None, None, None, None, REFUSED)
    change = now.value - then.value
    if now.low is None and then.low is None:
        return (*shown, change, None, None, None, EXACT if change else SAME)
    low, high, p = _noise(then, now)
    return (*shown, change, low, high, p, NOISE)


def _ends(estimate: Estimate | None) -> tuple[float | None, ...]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)


def _noise(then: Estimate, now: Estimate) -> tuple[float, float, float]:
    """Return the interval of a change, and how likely chance alone goes so far."""
    from commlab.stats import difference_interval

    old, new = _whole(then), _whole(now)
    if any(e.method.startswith(BOUNDS) for e in (then, now)):
        # Ends of what is possible: only ranges that do not meet tell of a change.
        least, most = new[1] - old[2], new[2] - old[1]
        return least, most, float(least <= 0 <= most)
    level = now.level if now.low is not None else then.level
    low, high, p = difference_interval(new, old, level=level)
    return float(low), float(high), float(p)


def _whole(estimate: Estimate) -> tuple[float, float, float]:
    """Return a figure with its ends; a full count is its own."""
    value = float(estimate.value or 0)
    ends = (estimate.low, estimate.high)
    return (value, *(value if end is None else end for end in ends))  # type: ignore[return-value]


def _judged(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    from commlab.stats import benjamini_hochberg

    names = [name for name in COLUMNS if name != "p_adjusted"]
    frame = pd.DataFrame(rows, columns=names)
    texts = ("notebook", "key", "unit", "verdict")
    frame = frame.astype({name: float for name in names if name not in texts})
    frame.insert(names.index("p") + 1, "p_adjusted", benjamini_hochberg(frame["p"]))
    frame.loc[frame["p_adjusted"] < _ALPHA, "verdict"] = BEYOND
    frame.loc[frame["p"].notna() & (frame["change"] == 0), "verdict"] = SAME
    return frame


def _cautions(first: Mapping[str, Any], last: Mapping[str, Any]) -> tuple[str, ...]:
    old, new = first.get("data", {}), last.get("data", {})
    found = {
        "swapped": str(old.get("as_of", "")) > str(new.get("as_of", "")),
        "workspace": old.get("name") != new.get("name"),
        "same_data": bool(new) and all(
            old.get(name) == new.get(name) for name in ("name", "fingerprint", "as_of")
        ),
        "parameters": _parameters(first, last) != _parameters(last, first),
        "code": first.get("code") != last.get("code"),
        "internal": first.get("internal") != last.get("internal"),
    }  # fmt: skip
    return tuple(name for name, holds in found.items() if holds)


def _parameters(run: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what was set of each notebook that both runs hold."""
    both = {item["notebook"] for item in other.get("notebooks", ())}
    return {
        item["notebook"]: {k: v for k, v in item.get("parameters", {}).items() if k not in _OWN}
        for item in run.get("notebooks", ())
        if item["notebook"] in both
    }
