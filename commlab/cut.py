"""Cuts in time said of the instants as they stand in the source, so that an engine can skip.

Metrics compare local times. A file knows the least and greatest of its instants, part by part, and
nothing of local times: the same cut said of the column itself leaves whole parts unread.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import ibis
import ibis.expr.types as ir

from commlab.engine import Engine, constant_offset

# No zone was ever so far from UTC: 15:56 at Manila until 1844, 15:02 at Juneau until 1867.
_MARGIN = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Cut:
    """Conditions on a column of the source.

    Attributes:
        conditions: All hold for every row inside the cut; none where the engine would gain nothing.
        exact: Whether they hold for no other row, so that local time need not be asked again.
    """

    conditions: tuple[ir.BooleanValue, ...] = ()
    exact: bool = False


def between(
    engine: Engine,
    value: ir.Value,
    zone: str,
    *,
    end: dt.datetime,
    start: dt.datetime | None = None,
) -> Cut:
    """Return what a cut in local time means for a time column as it stands in the source.

    Args:
        engine: The engine; a borrowed connection is left to its own planner.
        value: The column, not cast. Anything but a timestamp is left to the local comparison.
        zone: Zone of the local times.
        end: Local time that all rows are before.
        start: Local time that all rows are at or after.

    Example:
        >>> table = ibis.table({"at": "timestamp('UTC')"})
        >>> between(Engine("duckdb", None), table["at"], "Europe/London",
        ...         end=dt.datetime(2026, 7, 1)).exact
        False
    """
    kind = value.type()
    if engine.borrowed or engine.name not in ("duckdb", "spark") or not kind.is_timestamp():
        return Cut()
    offset = constant_offset(zone)

    def instant(local: dt.datetime, margin: dt.timedelta) -> ir.Value:
        utc = local + margin if offset is None else local - offset
        return ibis.literal(utc.replace(tzinfo=dt.UTC if kind.timezone else None), kind)

    conditions = [value < instant(end, _MARGIN)]
    if start is not None:
        conditions.append(value >= instant(start, -_MARGIN))
    return Cut(tuple(conditions), exact=offset is not None)
