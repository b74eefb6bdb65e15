"""Growth accounting: this period's active members from last period's, and the books closed."""

from __future__ import annotations

import pandas as pd

from commlab.errors import ArgumentError, DataError, NotEnoughDataError
from commlab.metrics.lifecycle import STATES

COMING = ("new", "activated_late", "resurrected")
GOING = ("dormant", "left")
COLUMNS = ("period", "before", *COMING, *GOING, "active")


def growth_accounting(flow: pd.DataFrame) -> pd.DataFrame:
    """Return active members of each period as those of the period before, plus and minus.

    active(t) = active(t − 1) + new + activated late + resurrected − dormant − left, checked row
    by row: a page that shows these figures has closed books or does not appear.

    Args:
        flow: From `lifecycle`.

    Returns:
        Frame of the periods that are over and known, with the one before known too: period,
        before (active in the period before), new, activated_late, resurrected, dormant, left,
        active.

    Raises:
        ArgumentError: A column is missing.
        NotEnoughDataError: No two such periods follow each other.
        DataError: The books do not close.
    """
    lacking = [name for name in ("period", "active", "status", *STATES) if name not in flow]
    if lacking:
        raise ArgumentError(
            f"flow lacks {', '.join(lacking)}.", fix="Pass what lifecycle returned."
        )
    rows = flow.assign(before=flow["active"].shift())
    rows = rows[(rows["status"] == "ok") & rows["before"].notna()]
    if rows.empty:
        raise NotEnoughDataError("no two periods that are over follow each other.")
    out = rows[list(COLUMNS)].reset_index(drop=True)
    whole = out.drop(columns="period").astype("int64")
    closed = (
        whole["before"] + whole[list(COMING)].sum(axis=1) - whole[list(GOING)].sum(axis=1)
        == whole["active"]
    )
    if not closed.all():
        first = pd.Timestamp(out.loc[~closed, "period"].iloc[0]).date()
        raise DataError(
            f"growth accounting does not close in the period from {first}.",
            where="lifecycle",
            fix="This is a fault of commlab: please report it.",
        )
    return out
