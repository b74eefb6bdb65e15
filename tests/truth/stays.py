"""Many small worlds of stays in one workspace, each a channel of its own.

Two kinds of worlds: communities of the simulator, whose members leave independently of each other,
and stays that are alike within groups. There the weekly probability of leaving is Beta(a, b)
through a Gaussian copula that members of one group share, so the survival of all is that of the
closed form, whatever the likeness. Groups fill one after another, so the oldest ages rest on the
first few groups, as in a young community. What is seen of them is what daily looks at three in
the morning see, the first one on day 45.

A segment of `membership_rows` holds its own stays and groups only, so that many worlds in one
workspace give the same rows as each alone and the engine is asked once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from commlab.config import Settings, settings_to_toml
from commlab.dataset import Dataset, open_dataset
from commlab.simulate.channels import ChannelType
from commlab.simulate.chunk import draw_chunk, frame
from commlab.simulate.groups import CLOSED
from commlab.simulate.world import World

START, DAYS = dt.date(2025, 4, 1), 456
FIRST_LOOK, HOUR = 45.0, 3.0 / 24.0


@dataclasses.dataclass(frozen=True)
class Stays:
    """True stays of one world; days since the start."""

    group: np.ndarray
    joined: np.ndarray
    until: np.ndarray


def simulated(world: World, seed: int, n: int) -> Stays:
    """Return the stays of a simulated community; migration and closing must not happen in it."""
    stays = draw_chunk(frame(world, seed, START, DAYS), 0, n).stays
    if stays.migrated_in.any() or (stays.kind == CLOSED).any():
        raise ValueError("a world whose groups close has stays that are not new.")
    return Stays(stays.group, stays.joined, stays.until)


def alike(kind: ChannelType, groups: int, likeness: float, seed: int, n: int) -> Stays:
    """Return stays that are alike within groups.

    Args:
        kind: Its `leave_a` and `leave_b`.
        groups: Groups.
        likeness: Share of the copula's variance that members of one group share.
        seed: Seed.
        n: Stays.
    """
    rng = np.random.default_rng([seed, n])
    joined = rng.uniform(0, DAYS, n)
    opened = np.floor(joined * groups / DAYS)
    # Newcomers go to a group of this time or of the last weeks, never to one to come.
    group = np.maximum(opened - rng.geometric(0.4, n) + 1, 0).astype(int)
    own, shared = rng.standard_normal(n), rng.standard_normal(groups)[group]
    dice = special.ndtr(np.sqrt(likeness) * shared + np.sqrt(1 - likeness) * own)
    theta = special.betaincinv(kind.leave_a, kind.leave_b, dice)
    weeks = np.ceil(np.log1p(-rng.random(n)) / np.log1p(-np.maximum(theta, 1e-9)))
    return Stays(group, joined, joined + 7.0 * (weeks - rng.random(n)))


@contextlib.contextmanager
def workspace(worlds: Mapping[int, Stays]) -> Iterator[Dataset]:
    """Write what was seen of some worlds and open it; the channel names the world."""
    settings = Settings()
    stays = pd.concat([_seen(seed, world) for seed, world in worlds.items()])
    for name in ("joined_at", "observed_from", "last_seen_at", "left_at"):
        stays[name] = stays[name].dt.tz_localize(settings.zone)
    people = stays[["member_id", "joined_at", "channel"]]
    with tempfile.TemporaryDirectory(prefix="commlab-truth-") as folder:
        place = Path(folder)
        people.to_parquet(place / "members.parquet", index=False)
        stays.drop(columns="channel").to_parquet(place / "memberships.parquet", index=False)
        (place / "commlab.toml").write_text(settings_to_toml(settings), encoding="utf-8")
        yield open_dataset(folder, as_of=START + dt.timedelta(days=DAYS - 1))


def _seen(seed: int, stays: Stays) -> pd.DataFrame:
    first, last = FIRST_LOOK + HOUR, DAYS - 1 + HOUR
    looked = np.ceil(stays.until - HOUR) + HOUR
    gone = looked <= last
    observed = np.maximum(stays.joined, first)
    frame = pd.DataFrame(
        {
            "group_id": [f"w{seed}g{number}" for number in stays.group],
            "member_id": [f"w{seed}m{number}" for number in range(len(stays.group))],
            "channel": f"w{seed}",
            "joined_at": _times(stays.joined),
            "observed_from": _times(observed),
            "last_seen_at": _times(np.maximum(np.where(gone, looked - 1, last), observed)),
            "left_at": _times(np.where(gone, looked, np.nan)),
            "leave_kind": np.where(gone, "left", None),
        }
    )
    return frame[stays.until >= first]


def _times(days: np.ndarray) -> pd.Series:
    seconds = pd.to_timedelta(np.round(pd.Series(days) * 86_400), unit="s")
    return (pd.Timestamp(START) + seconds).dt.as_unit("us")
