"""What each campaign cost, and what the orders that name it left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commlab.metrics.campaigns import campaigns
from commlab.metrics.returns import member_orders
from commlab.metrics.spending import cost_table

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def campaign_sums(ds: Dataset) -> pd.DataFrame:
    """Return what each campaign cost, and what the orders that name it left.

    Returns:
        Frame by start: campaign_id, name, kind, design, starts_at, ends_at, assigned, spent (cost
        lines that name it, up to `as_of`), buyers (members whose orders name it), attributed
        (margin of those orders, money), all in currency units.

    Raises:
        MissingTableError: There are no campaigns or no orders.
        NotEnoughDataError: No margin is known.
    """
    table = campaigns(ds)[["campaign_id", "name", "kind", "design", "starts_at", "ends_at",
                           "assigned"]]  # fmt: skip
    rows = member_orders(ds)
    rows = rows.filter(rows.campaign_id.notnull())
    sums = rows.group_by("campaign_id").agg(buyers=rows.member_id.nunique(),
                                            attributed=rows.margin.sum())  # fmt: skip
    named = ds.frame(sums, ["campaign_id"]).set_index("campaign_id")
    out = table.set_index("campaign_id").join(named)
    out["buyers"] = out["buyers"].fillna(0).astype("int64")
    out["attributed"] = ds.money(out["attributed"].fillna(0.0).astype(float))
    out["spent"] = 0.0
    if ds.has("costs"):
        costs = cost_table(ds, "campaign", names=False).set_index("segment")["spent"]
        out["spent"] = costs.reindex(out.index).fillna(0.0).astype(float)
    out["name"] = out["name"].fillna(out.index.to_series())
    return out.reset_index()
