"""Stays that are alike within groups, and whose survival is exactly shifted-beta-geometric.

The simulator's members leave independently of each other. Here the weekly probability of leaving
is Beta(a, b) through a Gaussian copula that members of one group share, so the survival of all is
that of the closed form, whatever the likeness. Groups fill one after another, so the oldest ages
rest on the first few groups, as in a young community. What is seen of it is as in the simulator:
daily looks at three in the morning, the first one on day 45.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from commlab.config import Settings, settings_to_toml
from commlab.dataset import Dataset, open_dataset
from commlab.simulate.channels import ChannelType

START, DAYS = dt.date(2025, 4, 1), 456
FIRST_LOOK, HOUR = 45.0, 3.0 / 24.0


@contextlib.contextmanager
def alike_stays(
    kind: ChannelType, seed: int, n: int, *, groups: int, likeness: float
) -> Iterator[Dataset]:
    """Make a workspace of memberships and open it.

    Args:
        kind: Its `leave_a` and `leave_b`.
        seed: Seed.
        n: Stays.
        groups: Groups.
        likeness: Share of the copula's variance that members of one group share.
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
    until = joined + 7.0 * (weeks - rng.random(n))
    first, last = FIRST_LOOK + HOUR, DAYS - 1 + HOUR
    seen = until >= first
    looked = np.ceil(until - HOUR) + HOUR
    gone = looked <= last
    observed = np.maximum(joined, first)
    frame = pd.DataFrame(
        {
            "group_id": [f"g{number}" for number in group],
            "member_id": [f"m{number}" for number in range(n)],
            "joined_at": _times(joined),
            "observed_from": _times(observed),
            "last_seen_at": _times(np.maximum(np.where(gone, looked - 1, last), observed)),
            "left_at": _times(np.where(gone, looked, np.nan)),
            "leave_kind": np.where(gone, "left", None),
        }
    )[seen]
    settings = Settings()
    for name in ("joined_at", "observed_from", "last_seen_at", "left_at"):
        frame[name] = frame[name].dt.tz_localize(settings.zone)
    with tempfile.TemporaryDirectory(prefix="commlab-truth-") as folder:
        frame.to_parquet(Path(folder) / "memberships.parquet", index=False)
        (Path(folder) / "commlab.toml").write_text(settings_to_toml(settings), encoding="utf-8")
        yield open_dataset(folder, as_of=START + dt.timedelta(days=DAYS - 1))


def _times(days: np.ndarray) -> pd.Series:
    seconds = pd.to_timedelta(np.round(pd.Series(days) * 86_400), unit="s")
    return (pd.Timestamp(START) + seconds).dt.as_unit("us")
