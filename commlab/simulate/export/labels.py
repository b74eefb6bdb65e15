"""From local numbers and days to the ids and timestamps of a workspace."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from commlab.simulate.campaigns import running
from commlab.simulate.chunk import ATMOSPHERE, BOTS, Chunk, Frame
from commlab.simulate.columns import ids, joined, pick, times
from commlab.simulate.names import nicknames
from commlab.simulate.streams import stream

ZONE = "Asia/Shanghai"
STAFF_NAMES = ("晨雀导购", "晨雀体验官", "晨雀小助手")  # by staff role


@dataclasses.dataclass(frozen=True)
class Offsets:
    """How many rows of each kind earlier chunks took: where this chunk's ids begin."""

    members: int = 0
    groups: int = 0
    advisers: int = 0
    atmosphere: int = 0
    bots: int = 0
    orders: int = 0
    messages: int = 0
    teams: int = 0

    def after(self, chunk: Chunk) -> Offsets:
        """Return the offsets of the next chunk."""
        return Offsets(
            members=self.members + len(chunk.people),
            groups=self.groups + len(chunk.groups),
            advisers=self.advisers + chunk.advisers,
            atmosphere=self.atmosphere + ATMOSPHERE,
            bots=self.bots + BOTS,
            orders=self.orders + len(chunk.orders),
            messages=self.messages + len(chunk.messages),
            teams=self.teams + int(chunk.orders.team.max(initial=-1)) + 1,
        )


class Labels:
    """Names the people, groups, orders and moments of one chunk.

    Args:
        frame: What all chunks share.
        number: Number of the chunk.
        chunk: The chunk.
        offsets: Where its ids begin.
    """

    def __init__(self, frame: Frame, number: int, chunk: Chunk, offsets: Offsets) -> None:
        self.frame, self.world, self.number = frame, frame.world, number
        self.chunk, self.offsets = chunk, offsets
        self.midnight = dt.datetime.combine(frame.start, dt.time(), ZoneInfo(ZONE))
        self.nickname = nicknames(stream(frame.seed, "nicknames", number), len(chunk.people))

    def times(self, days: np.ndarray) -> pa.Array:
        """Return timestamps; NaN becomes null."""
        return times(days, self.midnight)

    def members(self, local: np.ndarray) -> pa.Array:
        """Return member ids; negative numbers become null, here and below."""
        return _after("m", local, self.offsets.members, 6)

    def groups(self, local: np.ndarray) -> pa.Array:
        """Return group ids."""
        return _after("g", local, self.offsets.groups, 3)

    def advisers(self, local: np.ndarray) -> pa.Array:
        """Return adviser ids."""
        return _after("a", local, self.offsets.advisers, 2)

    def atmosphere(self, local: np.ndarray) -> pa.Array:
        """Return ids of atmosphere accounts."""
        return _after("p", local, self.offsets.atmosphere, 2)

    def bots(self, local: np.ndarray) -> pa.Array:
        """Return ids of bots."""
        return _after("b", local, self.offsets.bots, 2)

    def orders(self, local: np.ndarray) -> pa.Array:
        """Return order ids."""
        return _after("o", local, self.offsets.orders, 7)

    def messages(self, local: np.ndarray) -> pa.Array:
        """Return message ids."""
        return _after("x", local, self.offsets.messages, 8)

    def teams(self, local: np.ndarray) -> pa.Array:
        """Return ids of buying teams."""
        return _after("t", local, self.offsets.teams, 4)

    def codes(self, place: np.ndarray) -> pa.Array:
        """Return channel codes."""
        return pick([item.code for item in self.world.codes], place)

    def campaigns(self, place: np.ndarray) -> pa.Array:
        """Return campaign ids."""
        return pick([c.campaign_id for c in running(self.world, self.frame.days)], place)

    def staff(self) -> tuple[pa.Array, np.ndarray, pa.Array]:
        """Return id, role (place in `STAFF_NAMES`) and display name of the staff accounts."""
        counts = (self.chunk.advisers, ATMOSPHERE, BOTS)
        makers = (self.advisers, self.atmosphere, self.bots)
        account = pa.concat_arrays([m(np.arange(c)) for m, c in zip(makers, counts, strict=True)])
        role = np.repeat(np.arange(3), counts)
        return account, role, joined(pick(STAFF_NAMES, role), account)


def _after(prefix: str, local: np.ndarray, offset: int, width: int) -> pa.Array:
    local = np.asarray(local)
    return ids(prefix, np.where(local < 0, -1, local + 1 + offset), width)
