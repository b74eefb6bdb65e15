"""What pages call a group: its name where names tell groups apart, else its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commlab.errors import ArgumentError

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def named_groups(ds: Dataset, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with `group` in the place of `group_id`.

    Args:
        ds: The dataset.
        frame: Any frame with group_id.

    Raises:
        ArgumentError: The frame has no group_id.
    """
    if "group_id" not in frame:
        raise ArgumentError("frame has no column 'group_id'.")
    label = frame["group_id"].astype(str)
    if ds.has("groups") and "name" in ds.columns("groups"):
        groups = ds.frame(ds.table("groups").select("group_id", "name"), ["group_id"])
        names = groups.dropna().set_index("group_id")["name"]
        # Two groups of one name could not be told apart: those keep their ids.
        names = names[~names.duplicated(keep=False)]
        label = label.map(names).fillna(label)
    out = frame.rename(columns={"group_id": "group"})
    return out.assign(group=label)
