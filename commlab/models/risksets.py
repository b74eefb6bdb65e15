"""Risk sets: on each day of age, how many stays were under observation and how many ended.

Rows of stays, as `commlab.metrics.survival` counts them in the engine:

| column | meaning |
| --- | --- |
| `segment` | label of the curve the row belongs to (absent: one curve, "all") |
| `cluster` | what makes stays alike, e.g. the chat group (absent: stays are independent) |
| `entry` | age in whole days at which observation began; the stay counts at ages > `entry` |
| `lower`, `upper` | the stay ended at an age in (`lower`, `upper`]; of a stay that is not known to have ended both are the last age at which it was known to go on |
| `observed` | whether the stay is known to have ended by leaving |
| `n` | number of stays with these values |
"""  # noqa: E501  a table cell cannot be wrapped

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, DataError

Array = npt.NDArray[np.float64]
ALL = "all"
WEEK = 7


def check_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of stays in canonical form, or say what is wrong with them.

    Args:
        rows: Frame of the form above; `segment`, `cluster`, `entry` and `n` may be absent.

    Raises:
        DataError: A column is missing, or a row contradicts itself.
    """
    missing = {"lower", "upper", "observed"} - set(rows.columns)
    if missing:
        raise DataError(
            f"the rows of stays lack {', '.join(sorted(missing))}.",
            fix="Make them with commlab.metrics.survival.membership_rows.",
        )
    out = pd.DataFrame(
        {
            "segment": rows["segment"].astype("string").fillna("unknown").astype(object)
            if "segment" in rows
            else ALL,
            "cluster": rows.get("cluster", None),
            "entry": rows.get("entry", 0),
            "lower": rows["lower"],
            "upper": rows["upper"],
            "observed": rows["observed"].astype(bool),
            "n": rows.get("n", 1),
        },
        index=rows.index,
    ).reset_index(drop=True)
    for name in ("entry", "lower", "upper", "n"):
        values = out[name].to_numpy(dtype=float)
        whole = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
        if not whole.all():
            raise DataError(f"{name} must be whole and >= 0, but {values[~whole][0]:g} is there.")
        out[name] = values.astype("int64")
    ended = out["observed"]
    bad = ended & ((out["upper"] <= out["lower"]) | (out["lower"] < out["entry"]))
    bad |= ~ended & (out["lower"] != out["upper"])
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} rows of stays contradict themselves: "
            f"{out.loc[bad].iloc[0].to_dict()}.",
            fix="Ended: entry <= lower < upper. Not ended: lower == upper.",
        )
    if bool(out["cluster"].isna().any()) != bool(out["cluster"].isna().all()):
        raise DataError("some rows of stays have a cluster and some have none.")
    return out[out["n"] > 0].reset_index(drop=True)


def choose_step(rows: pd.DataFrame) -> int:
    """Return the step of the age grid: 1 day, or 7 where most endings are known less exactly.

    A daily grid under weekly looks would have more cells than the data can tell apart.
    """
    ended = rows[rows["observed"]]
    weight = ended["n"].sum()
    if not weight:
        return 1
    narrow = ended.loc[ended["upper"] - ended["lower"] <= 1, "n"].sum()
    return 1 if narrow >= 0.9 * weight else WEEK


def to_grid(rows: pd.DataFrame, step: int) -> pd.DataFrame:
    """Return rows whose ages are counted in steps of `step` days.

    Ages are rounded to the nearest step: entry and end of observation alike, so that the time
    under observation is right on average. An ending known to within a step goes to the step
    that holds the middle of its bracket; wider brackets stay brackets.

    Args:
        rows: Rows from `check_rows`.
        step: Days in a step, at least 1.
    """
    guards.whole("step", step, low=1)
    out = rows.copy()
    if step > 1:
        ended = rows["observed"].to_numpy()
        lower, upper = rows["lower"].to_numpy(), rows["upper"].to_numpy()
        near = np.floor(rows[["entry", "lower", "upper"]].to_numpy() / step + 0.5).astype("int64")
        entry, low, high = near.T
        middle = np.maximum(np.ceil((lower + upper) / (2 * step)).astype("int64"), 1)
        narrow = ended & (upper - lower <= step)
        low = np.where(narrow, middle - 1, low)
        high = np.where(narrow, middle, np.where(ended, np.maximum(high, low + 1), high))
        out["entry"] = np.where(ended, np.minimum(entry, low), entry)
        out["lower"], out["upper"] = low, np.where(ended, high, low)
    keys = ["segment", "cluster", "entry", "lower", "upper", "observed"]
    return out.groupby(keys, dropna=False, sort=True, as_index=False)[["n"]].sum()


@dataclasses.dataclass(frozen=True)
class RiskSets:
    """Counts by cluster and cell of age; cell j (from 0) holds ages in (j, j + 1] steps.

    Attributes:
        lost: Stays that ended, shape (clusters, cells).
        at_risk: Stays under observation, shape (clusters, cells).
        clustered: Whether the rows named clusters; without them there is one line of counts.
    """

    lost: Array
    at_risk: Array
    clustered: bool

    @property
    def total_lost(self) -> Array:
        """Stays that ended in each cell."""
        return self.lost.sum(axis=0)

    @property
    def total_at_risk(self) -> Array:
        """Stays under observation in each cell."""
        return self.at_risk.sum(axis=0)

    def cut(self, first: int, stop: int) -> RiskSets:
        """Return the cells from `first` up to, not with, `stop`."""
        return dataclasses.replace(
            self, lost=self.lost[:, first:stop], at_risk=self.at_risk[:, first:stop]
        )


def risk_sets(
    rows: pd.DataFrame, *, cells: int | None = None, clusters: pd.Index | None = None
) -> RiskSets:
    """Count losses and stays at risk by cluster and cell.

    A bracket over several cells counts in the cell that holds its middle (an approximation:
    curves use `commlab.models.turnbull` for such rows).

    Args:
        rows: Rows on a grid, from `to_grid`.
        cells: Number of cells; default: up to the last age in the rows.
        clusters: Clusters in the order wanted, so that several segments can be lined up.
    """
    ended = rows["observed"].to_numpy()
    end = np.where(ended, (rows["lower"] + rows["upper"] + 1) // 2, rows["lower"]).astype("int64")
    entry = rows["entry"].to_numpy()
    n = rows["n"].to_numpy(dtype=float)
    size = int(cells if cells is not None else max(end.max(initial=0), 0))
    clustered = bool(len(rows)) and not bool(rows["cluster"].isna().any())
    if clustered:
        index = pd.Index(rows["cluster"].unique()).sort_values() if clusters is None else clusters
        line = index.get_indexer(pd.Index(rows["cluster"]))
        if (line < 0).any():
            raise ArgumentError("clusters must hold every cluster of the rows.")
        lines = len(index)
    else:
        line, lines = np.zeros(len(rows), dtype="int64"), 1
    change = np.zeros((lines, size + 1))
    informs = (end > entry) & (entry < size)
    inside = np.minimum(end, size)
    np.add.at(change, (line[informs], entry[informs]), n[informs])
    np.add.at(change, (line[informs], inside[informs]), -n[informs])
    lost = np.zeros((lines, size))
    counted = informs & ended & (end <= size)
    np.add.at(lost, (line[counted], end[counted] - 1), n[counted])
    return RiskSets(lost, np.cumsum(change, axis=1)[:, :size], clustered)
