"""What members are interested in, and when a survey tag says so."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.people import People
from commlab.simulate.practice import INTERESTS
from commlab.simulate.streams import stream
from commlab.simulate.world import World


@dataclasses.dataclass(frozen=True)
class Interests:
    """The interest of each member.

    Attributes:
        interest: Place in `practice.INTERESTS`.
        tagged: Day of the survey tag; infinite for those who never said.
    """

    interest: np.ndarray
    tagged: np.ndarray


def draw_interests(world: World, seed: int, chunk: int, people: People) -> Interests:
    """Draw the interests of a chunk; whether they are known depends on nothing else."""
    rng = stream(seed, "interests", chunk)
    n = len(people)
    interest = rng.integers(len(INTERESTS), size=n)
    said = rng.random(n) < world.tagging.survey
    wait = rng.exponential(world.tagging.survey_days, n)
    return Interests(interest, np.where(said, people.joined + wait, np.inf))
