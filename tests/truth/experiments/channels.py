"""Which channel is the best: what its probability is worth beside naming the highest raw rate."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from commlab import metrics
from commlab.errors import NotEnoughDataError
from commlab.models import ranked_segments
from commlab.simulate import World
from commlab.simulate.chunk import draw_chunk, frame

from ..harness import Experiment, Outcome, covers, flag
from ..worlds import ELSEWHERE, MONDAY, community, steady_world

MEMBERS, MONTHS, DAYS, SPAN = 450, 9, 274, 90  # the five kinds have 30 to 100 people each
PARTS, SIZE = 4, 25_000  # the population in which the truth is counted
BANDS = (0.0, 0.5, 0.8, 0.95, 1.01)  # of the probability of the likeliest
WORLD = steady_world(channels=World().channels, codes=World().codes)


def truth() -> dict[str, float]:
    """Return the share that buys within 90 days of joining, by kind of channel."""
    names = np.array([kind.name for kind in WORLD.channels])
    people, bought = np.zeros(len(names)), np.zeros(len(names))
    shared = frame(WORLD, ELSEWHERE, MONDAY, DAYS)
    for number in range(PARTS):
        chunk = draw_chunk(shared, number, SIZE)
        joined, kind = chunk.people.joined, chunk.people.type
        known = chunk.orders.member >= 0
        who, at = chunk.orders.member[known], chunk.orders.at[known]  # noqa: PD008
        did = np.zeros(len(joined), dtype=bool)
        did[who[(at >= joined[who]) & (at < joined[who] + SPAN)]] = True
        over = joined <= DAYS - SPAN
        people += np.bincount(kind[over], minlength=len(names))
        bought += np.bincount(kind[over & did], minlength=len(names))
    return dict(zip(names.tolist(), (bought / people).tolist(), strict=True))


def look(seeds: Sequence[int], true: dict[str, float]) -> list[list[Outcome]]:
    """Look at communities, one after another."""
    return [_look(seed, true) for seed in seeds]


def _look(seed: int, true: dict[str, float]) -> list[Outcome]:
    with community(WORLD, seed, MEMBERS, start=MONDAY, months=MONTHS) as ds:
        segments = metrics.code_segments(ds, "type")
        sums = metrics.newcomer_outcomes(ds, "bought_90", segments=segments)
    named = "the best is among the channels that hold 95 % of the probability"
    try:
        ranked = ranked_segments(sums)
    except NotEnoughDataError:
        return [Outcome(named, None, 0.95, "at_least")]
    known = ranked[ranked["status"] == "ok"].set_index("segment")
    rate = pd.Series(true)[known.index]
    best = rate.idxmax()
    chance = known["best"].sort_values(ascending=False, kind="stable")
    # The fewest channels, likeliest first, that together hold 95 %.
    held = chance.index[: int((chance.cumsum() < 0.95).sum()) + 1]
    raw = known["mean"].idxmax()
    said = known[known["flagged"]]
    others = (rate.sum() - rate) / (len(rate) - 1)
    wrong = np.sign(said["difference"]) != np.sign((rate - others)[said.index])
    one = known.index[seed % len(known)]
    found = [
        Outcome(named, best in held, 0.95, "at_least"),
        Outcome("a channel is called better or worse the wrong way round", bool(wrong.any()), 0.05,
                "at_most"),
        covers("adjusted share of one channel", float(rate[one]),
               float(known.loc[one, "adjusted_low"]), float(known.loc[one, "adjusted_high"])),
        flag("the likeliest is the best", chance.index[0] == best),
        flag("the highest raw rate is the best", raw == best),
    ]  # fmt: skip
    for low, high in itertools.pairwise(BANDS):
        if low <= chance.iloc[0] < high:
            name = f"likeliest with {low:.0%} to {min(high, 1):.0%}: it is the best"
            found.append(flag(name, chance.index[0] == best))
    return found


ABOUT = """
Each world is a community of 450 people simulated over nine months, who come by five kinds of
channel of 30 to 100 newcomers each. The truth is the share that buys within 90 days, counted in a
population of 100,000 of the same law. Looked at: `models.ranked_segments` of
`metrics.newcomer_outcomes`, by kind of channel, adjusted for month and region.
"""
READING = """
The probability of being the best is a statement about all channels at once, so it is judged by the
set that holds 95 % of it. Not judged: how often the likeliest, and the highest raw rate, are the
best, and how often the likeliest is, by the probability that it was given.

With so few people and channels that differ so much the method is too careful: intervals hold the
truth more often than promised, the likeliest is right more often than its probability says, and to
name the highest raw rate is right more often still. To name it as certain has a Brier score of
twice the share in which it is not the best, which is less than that of the probabilities here.
Where segments are alike, or recruit in months of their own, it is the other way round
(`tests/models/test_ranking.py`).
"""
EXPERIMENTS = (
    Experiment("channels", "The best channel", ABOUT, look, truth, READING, tested=20),
)  # fmt: skip
