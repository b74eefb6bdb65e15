"""Why groups die, with the traces that each cause leaves.

- neglect: the owner and the atmosphere accounts fall silent, and stay so;
- ads_only: after the first harvest everything that staff posts is hard advertising, and more of it;
- imprecise: newcomers of every channel code are sent here, to other groups mostly those of one.

Some groups meet a cause and live: neglect and advertising end for them, and imprecise ones go on.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from commlab.simulate.streams import stream

if TYPE_CHECKING:
    from commlab.simulate.world import World

CAUSES = ("neglect", "ads_only", "imprecise")
NEGLECT, ADS_ONLY, IMPRECISE = range(3)


@dataclasses.dataclass(frozen=True)
class Decline:
    """What befalls the groups of one chunk.

    Attributes:
        cause: Place in `CAUSES`; -1 for none.
        onset: Day on which it sets in; infinite for none. Imprecise groups are so from the start.
        relief: Day on which a spared group is relieved of it; infinite for others.
        died: Day of death; infinite for those that live.
        home: Place of the channel code that a group is meant for, one column a kind of channel;
            -1 where it takes all alike.
    """

    cause: np.ndarray
    onset: np.ndarray
    relief: np.ndarray
    died: np.ndarray
    home: np.ndarray

    def during(self, cause: int, group: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return whether each group is under a cause at a day."""
        here = self.cause[group] == cause
        return here & (at >= self.onset[group]) & (at < self.relief[group])


def draw_decline(world: World, seed: int, chunk: int, created: np.ndarray) -> Decline:
    """Draw what befalls groups that open on the given days: every few of them dies."""
    rng = stream(seed, "decline", chunk)
    plan, n = world.decline, created.size
    place = np.arange(n)
    cause = np.full(n, -1)
    dead = _every(place, world.dead_share, n // 4)
    spared = np.setdiff1d(_every(place, plan.spared_share, n // 4 + 2), dead)
    # The causes take turns, from one chunk to the next as well.
    cause[dead] = (np.arange(dead.size) + chunk) % len(CAUSES)
    cause[spared] = (np.arange(spared.size) + chunk) % len(CAUSES)
    onset = created + rng.uniform(*plan.onset, n)
    over = onset + rng.uniform(*plan.lag, n)
    dies = np.isin(place, dead)
    home = np.full((n, len(world.channels)), -1)
    for kind in range(len(world.channels)):
        codes = [c for c, code in enumerate(world.codes) if world.type_index(code) == kind]
        weights = np.array([world.codes[c].share for c in codes])
        home[:, kind] = rng.choice(codes, size=n, p=weights / weights.sum())
    home[cause == IMPRECISE] = -1
    return Decline(
        cause=cause,
        onset=np.where(cause >= 0, np.where(cause == IMPRECISE, created, onset), np.inf),
        relief=np.where((cause >= 0) & ~dies & (cause != IMPRECISE), over, np.inf),
        died=np.where(dies, over, np.inf),
        home=home,
    )


def pull(world: World, home: np.ndarray) -> np.ndarray:
    """Return the weight of each group (columns) for newcomers by each channel code (rows).

    Where a kind of channel has several codes, a group meant for one of them pulls its newcomers
    `home_pull` times as much; a group meant for none pulls all alike, on average as much.

    Args:
        world: Parameters.
        home: The code that each group is meant for, as in `Decline`.
    """
    kind = np.array([world.type_index(item) for item in world.codes])
    share = np.array([item.share for item in world.codes])[:, None]
    strength, meant_for = world.decline.home_pull, home[:, kind].T
    meant = np.where(meant_for == np.arange(kind.size)[:, None], strength, 1.0)
    return np.where(meant_for < 0, 1.0 + (strength - 1.0) * share, meant)


def _every(place: np.ndarray, share: float, first: int) -> np.ndarray:
    """Return evenly spaced groups, at least one from four groups on."""
    if place.size < 4 or share <= 0:
        return place[:0]
    chosen = place[:: max(1, round(1 / share))] + first
    return chosen[chosen < place.size]
