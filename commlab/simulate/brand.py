"""The tables of the brand as a whole: channels, campaigns, costs, and the settings."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from commlab.config import Settings, Target, china_calendar
from commlab.simulate.assigned import ARMS
from commlab.simulate.campaigns import running
from commlab.simulate.chunk import Frame
from commlab.simulate.columns import arrow_table, money, times
from commlab.simulate.export import ZONE
from commlab.simulate.people import People

FESTIVE_EVENTS = 2.2  # events cost so much more in a month with a festival
MEMBERS_OF_COSTS = 1000  # the members for which `World.monthly_costs` is given


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the same day `months` later, the last day where the month is shorter.

    Example:
        >>> add_months(dt.date(2025, 4, 1), 15)
        datetime.date(2026, 7, 1)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    beyond = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (beyond - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))


def settings(frame: Frame) -> Settings:
    """Return the settings of the workspace, with two targets stated before measuring."""
    last = frame.start + dt.timedelta(days=frame.days - 1)
    return Settings(
        name=frame.world.brand,
        zone=ZONE,
        currency="CNY",
        as_of=last,
        calendar="china",
        point_value=frame.world.loyalty.point_value,
        targets=(Target("retention.month1", 0.70, last), Target("retention.month3", 0.55, last)),
    )


def month_starts(frame: Frame) -> list[dt.date]:
    """Return the first days of the months of the world, and the day after its end."""
    starts = [frame.start]
    end = frame.start + dt.timedelta(days=frame.days)
    while starts[-1] < end:
        nth = len(starts)
        starts.append(min(add_months(frame.start, nth), end))
    return starts


def recruits(frame: Frame, people: People) -> np.ndarray:
    """Return newcomers by month (rows) and kind of channel (columns)."""
    edges = np.array([(day - frame.start).days for day in month_starts(frame)], dtype=float)
    month = np.searchsorted(edges, people.joined, side="right") - 1
    kinds = len(frame.world.channels)
    flat = np.bincount(month * kinds + people.type, minlength=(edges.size - 1) * kinds)
    return flat.reshape(-1, kinds)


def brand_tables(frame: Frame, members: int, newcomers: np.ndarray) -> dict[str, pa.Table]:
    """Return the tables that no chunk owns.

    Args:
        frame: What all chunks share.
        members: Members of the whole world.
        newcomers: Sum of `recruits` over the chunks.
    """
    tables = {"channels": _channels(frame), "costs": _costs(frame, members, newcomers)}
    if running(frame.world, frame.days):
        tables["campaigns"] = _campaigns(frame)
    return tables


def _channels(frame: Frame) -> pa.Table:
    kinds = {item.name: item for item in frame.world.channels}
    rows: list[tuple[str, str, str | None, str | None, str | None]] = [
        (item.parent, item.name, None, None, None) for item in frame.world.channels
    ]
    rows += [
        (item.code, item.type, kinds[item.type].parent, item.store or None, item.script)
        for item in frame.world.codes
    ]
    names = ("channel", "type", "parent", "store_id", "script")
    columns = zip(*rows, strict=True)
    return arrow_table(
        "channels",
        **{n: pa.array(list(c), pa.string()) for n, c in zip(names, columns, strict=True)},
    )


def _campaigns(frame: Frame) -> pa.Table:
    ours = running(frame.world, frame.days)
    midnight = dt.datetime.combine(frame.start, dt.time(), ZoneInfo(ZONE))
    n = len(ours)
    second = 1.0 / 86_400.0
    return arrow_table(
        "campaigns",
        campaign_id=[c.campaign_id for c in ours],
        name=[c.name for c in ours],
        kind=[c.kind for c in ours],
        starts_at=times(np.array([c.first_day for c in ours], dtype=float), midnight),
        ends_at=times(np.array([c.first_day + c.days - second / 2 for c in ours]), midnight),
        design=[c.design for c in ours],
        control_arm=[ARMS[0]] * n,
        goal=["orders"] * n,
        target=[0.05] * n,
    )


def _costs(frame: Frame, members: int, newcomers: np.ndarray) -> pa.Table:
    starts = month_starts(frame)
    scale = members / MEMBERS_OF_COSTS
    festivals = china_calendar(starts[0].year - 1, starts[-1].year + 1)
    rows: list[tuple[dt.date, dt.date, str, float, str | None, str | None]] = []
    for month, (first, beyond) in enumerate(itertools.pairwise(starts)):
        last = beyond - dt.timedelta(days=1)
        festive = any(f.starts_on <= last and f.ends_on >= first for f in festivals)
        for category, amount in frame.world.monthly_costs:
            factor = FESTIVE_EVENTS if festive and category == "event" else 1.0
            rows.append((first, last, category, amount * scale * factor, None, None))
        for kind, count in zip(frame.world.channels, newcomers[month], strict=True):
            paid = float(count) * kind.recruit_cost
            rows.append((first, last, "platform", paid, kind.parent, None))
    for campaign in running(frame.world, frame.days):
        first = frame.start + dt.timedelta(days=campaign.first_day)
        last = first + dt.timedelta(days=campaign.days - 1)
        paid = campaign.cost * scale / 2
        rows.append((first, last, "event", paid, None, campaign.campaign_id))
    begin, end, categories, amounts, channels, campaigns = zip(*rows, strict=True)
    return arrow_table(
        "costs",
        starts_on=pa.array(begin, pa.date32()),
        ends_on=pa.array(end, pa.date32()),
        category=pa.array(categories),
        amount=money(np.round(np.array(amounts) * 100).astype(np.int64)),
        channel=pa.array(channels, pa.string()),
        campaign_id=pa.array(campaigns, pa.string()),
    )
