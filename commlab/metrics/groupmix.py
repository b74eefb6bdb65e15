"""From which channel codes the members of each group came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commlab.errors import MissingTableError
from commlab.metrics import groupstays

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def group_channels(ds: Dataset) -> pd.DataFrame:
    """Return how many members each channel code brought into each group.

    Members who were moved from another group are counted in both: the code is how they came to
    the brand.

    Args:
        ds: The dataset, with memberships and members.channel.

    Returns:
        Frame: group_id, channel, people (distinct, who ever joined); members without a code are
        left out.

    Raises:
        MissingTableError: There are no memberships, or members have no channel.
    """
    if not ds.has("members") or "channel" not in ds.columns("members"):
        raise MissingTableError(
            "where members came from needs members.channel.",
            where=ds.name,
            fix="Load the channel codes of members.",
        )
    stays = groupstays.member_stays(ds).select("group_id", "member_id").distinct()
    people = ds.people().select("member_id", "channel")
    rows = stays.inner_join(people.filter(people.channel.notnull()), "member_id")
    rows = rows.group_by("group_id", "channel").agg(people=rows.count())
    return ds.frame(rows, ["group_id", "channel"])
