"""What pages call a group, and what the brand says that it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commlab.errors import ArgumentError, MissingTableError

if TYPE_CHECKING:
    from commlab.dataset import Dataset

TRAITS = ("product", "region", "goal", "positioning")  # requirement E2


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


def group_traits(ds: Dataset) -> pd.DataFrame:
    """Return product, region, goal and positioning of groups, as far as the workspace has them.

    Args:
        ds: The dataset, with groups.

    Returns:
        Frame sorted by group_id: group_id and a column for each that some group has.

    Raises:
        MissingTableError: There are no groups, or none of the columns.
    """
    have = [name for name in TRAITS if ds.has("groups") and name in ds.columns("groups")]
    if not have:
        raise MissingTableError(
            f"what groups are for is told by groups.{', groups.'.join(TRAITS)}.", where=ds.name,
            fix="Load groups with one of these columns.",
        )  # fmt: skip
    frame = ds.frame(ds.table("groups").select("group_id", *have), ["group_id"])
    return frame.dropna(axis="columns", how="all")
