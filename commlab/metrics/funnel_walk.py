"""The walk of each member along the steps, worked out in the engine: every start is tried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab.metrics import steps as ways

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def walked(ds: Dataset, way: Sequence[str], days: Sequence[int]) -> ir.Table:
    """Return per member and place k: `reached_k`, `risk_k`, `took_k`, `wait_k` and why not.

    Why not at risk: `already_k`, else `open_k`.

    Args:
        ds: The dataset.
        way: Names of the steps.
        days: Days that each may take.
    """
    parts = [
        ways.step_events(ds, step).mutate(step=ibis.literal(place, "int64"))
        for place, step in enumerate(way)
    ]
    rows = ibis.union(*parts).semi_join(ds.people(), "member_id")
    begun = ways.beginnings(ds, way)
    # Of equal moments the earlier step comes first.
    own = ibis.cumulative_window(group_by="member_id", order_by=["at", "step"])
    nothing = ibis.null("timestamp(6)")
    rows = rows.mutate(reach_0=ibis.ifelse(rows.step == 0, rows["at"], nothing))
    for place in range(1, len(way)):
        window = ibis.interval(days=days[place])
        cut = ibis.literal(ds.end - dt.timedelta(days=days[place]), "timestamp(6)")
        before = rows[f"reach_{place - 1}"]
        first = begun[way[place]] or ds.end
        here = rows.step == place
        taken = ibis.literal(False)
        if ways.once(way[place]):
            rows = rows.mutate(taken=ibis.ifelse(here, rows["at"], nothing).max().over(own))
            taken, before = rows.taken.notnull(), rows[f"reach_{place - 1}"]
        seen = before >= ibis.literal(first, "timestamp(6)")
        judged = ibis.ifelse(seen & ~taken & (before <= cut), before, nothing)
        rows = rows.mutate(
            judged=judged, late=(seen & ~taken).fill_null(False), had=before.notnull() & taken
        )
        rows = rows.mutate(
            latest=rows[f"reach_{place - 1}"].max().over(own), start=rows.judged.max().over(own)
        )
        here = rows.step == place
        rows = rows.mutate(
            **{
                f"reach_{place}": ibis.ifelse(
                    here & (rows["at"] <= rows.latest + window), rows["at"], nothing
                ),
                f"pass_{place}": ibis.ifelse(
                    here & (rows["at"] <= rows.start + window), rows["at"], nothing
                ),
                f"from_{place}": rows.start,
                f"judged_{place}": rows.judged.notnull(),
                f"late_{place}": rows.late,
                f"had_{place}": rows.had,
            }
        )
        rows = rows.drop("judged", "late", "had", "latest", "start")
        rows = rows.drop("taken") if "taken" in rows.columns else rows
    sums: dict[str, ir.Value] = {"reached_0": rows.reach_0.notnull().any()}
    for place in range(1, len(way)):
        passed = rows[f"pass_{place}"]
        wait = passed.epoch_seconds() - rows[f"from_{place}"].epoch_seconds()
        sums |= {
            f"reached_{place}": rows[f"reach_{place}"].notnull().any(),
            f"risk_{place}": rows[f"judged_{place}"].any(),
            f"already_{place}": rows[f"had_{place}"].any() & ~rows[f"judged_{place}"].any(),
            f"open_{place}": rows[f"late_{place}"].any()
            & ~rows[f"judged_{place}"].any()
            & ~rows[f"had_{place}"].any(),
            f"took_{place}": passed.notnull().any(),
            f"wait_{place}": wait.argmin(passed),
        }
    return ds.engine.named("walked", rows.group_by("member_id").agg(**sums))


def counts(walked: ir.Table, places: int) -> ir.Table:
    """Return the members counted by segment and adviser: `reached_k`, `risk_k`, `took_k`, why not.

    Args:
        walked: From `walked`, with `segment` and `adviser`.
        places: Number of steps.
    """
    names = ["reached_0"]
    names += [
        f"{kind}_{place}"
        for place in range(1, places)
        for kind in ("reached", "risk", "open", "already", "took")
    ]
    values = {name: walked[name].fill_null(False) for name in names}
    for place in range(1, places):
        values[f"waiting_{place}"] = values[f"open_{place}"] & ~values[f"reached_{place}"]
    sums = {name: value.sum().fill_null(0).cast("int64") for name, value in values.items()}
    return walked.group_by("segment", "adviser").agg(**sums)


def waits(walked: ir.Table, places: int) -> ir.Table:
    """Return how many members waited so many whole hours: `segment`, `place`, `hours`, `n`.

    Args:
        walked: From `walked`, with `segment`.
        places: Number of steps.
    """
    parts = [
        walked.filter(walked[f"wait_{place}"].notnull()).select(
            "segment",
            place=ibis.literal(place, "int64"),
            hours=(walked[f"wait_{place}"] / 3600).floor().cast("int64"),
        )
        for place in range(1, places)
    ]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return rows.group_by("segment", "place", "hours").agg(n=rows.count())
