"""CDNOW as the papers count it, from the files that the lifetimes package ships."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import pandas as pd

FOLDER = Path(importlib.util.find_spec("lifetimes").origin).parent / "datasets"  # type: ignore
CUT = pd.Timestamp("1997-09-30")


@functools.cache
def occasions() -> pd.DataFrame:
    """One row a customer and day: id, day, spend."""
    raw = pd.read_csv(
        FOLDER / "CDNOW_sample.txt", sep=r"\s+", header=None,
        names=["master", "id", "day", "units", "spend"],
    )  # fmt: skip
    raw["day"] = pd.to_datetime(raw["day"].astype(str))
    return raw.groupby(["id", "day"], as_index=False)["spend"].sum()


@functools.cache
def cdnow() -> pd.DataFrame:
    """Calibration to 1997-09-30 in weeks, with purchases of the 39 weeks after in `holdout`."""
    rows = occasions()
    seen = rows[rows["day"] <= CUT]
    days = seen.groupby("id")["day"].agg(["min", "max", "count"])
    repeat = seen[seen["day"] > seen["id"].map(days["min"])].groupby("id")["spend"].mean()
    later = rows[rows["day"] > CUT].groupby("id").size()
    return pd.DataFrame(
        {
            "frequency": days["count"] - 1,
            "recency": (days["max"] - days["min"]).dt.days / 7,
            "T": (CUT - days["min"]).dt.days / 7,
            "monetary_value": repeat.reindex(days.index).fillna(0.0),
            "holdout": later.reindex(days.index).fillna(0).astype(int),
        }
    )
