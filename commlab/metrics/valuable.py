"""The most valuable members, for those who look after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab import guards

if TYPE_CHECKING:
    from commlab.dataset import Dataset

COLUMNS = (
    "member_id", "adviser_id", "channel", "last_bought_on", "purchases", "expected_purchases",
    "value", "value_low", "value_high", "no_purchase", "value_at_risk",
)  # fmt: skip


def valuable_members(ds: Dataset, people: pd.DataFrame, share: float = 0.10) -> pd.DataFrame:
    """Return the buyers who are expected to leave most, most first.

    Args:
        ds: The dataset.
        people: `LifetimeValue.people` of `customer_values`, with `no_purchase` (chance of buying
            nothing in the weeks ahead) and `value_at_risk`.
        share: Share of the buyers to list.

    Returns:
        Frame with real ids, for `private/` only: member_id, adviser_id, channel (missing where
        not known), last_bought_on, purchases (occasions so far), expected_purchases, value,
        value_low, value_high (95 % of the person), no_purchase, value_at_risk.
    """
    guards.in_range("share", share, low=0, high=1, open_low=True)
    keep = int(np.ceil(share * len(people)))
    top = people.sort_values(["value", "member_id"], ascending=[False, True], kind="stable")
    top = top.head(keep)
    known = ds.people().select("member_id", "adviser_id", "channel")
    # A table, not a list in the query: of a million buyers the top tenth are a hundred thousand.
    listed = ibis.memtable({"member_id": top["member_id"].tolist()}, schema={"member_id": "string"})
    known = known.semi_join(listed, "member_id")
    rows = top.drop(columns=["adviser_id", "channel"], errors="ignore")
    rows = rows.merge(ds.frame(known), on="member_id", how="left", validate="one_to_one")
    rows = rows.rename(columns={"low": "value_low", "high": "value_high"})
    rows["purchases"] = rows["frequency"] + 1
    return rows[list(COLUMNS)].reset_index(drop=True)
