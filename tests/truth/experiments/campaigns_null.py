"""Null worlds: a campaign that did nothing in a festival, read as the trade reads it and by us."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

from commlab.dataset import open_dataset
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.did import before_after
from commlab.models.experiment import headline, readout
from commlab.models.reported import reported
from commlab.simulate import null_world

from ..harness import Experiment, Outcome, covers, flag

NAIVE = 1.5  # numbers.md: the naive reading gains more than +150 %


def look(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at null worlds, one after another."""
    return [_look(seed) for seed in seeds]


def _look(seed: int) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        ds = open_dataset(null_world(seed).write(folder))
        outcomes = campaign_outcomes(ds, "null")
        claim, same_rule = reported(outcomes)
        table = readout(outcomes, ["orders", "revenue"])
        paired = before_after(outcomes, "revenue")
    # More than 19 of 20 worlds must show what the world was made to show.
    out = [
        Outcome("participants gain over +150 %", bool(claim.value > NAIVE), 0.95, "at_least"),
        Outcome("the same rule gains over +150 % in the holdout", bool(same_rule.value > NAIVE),
                0.95, "at_least"),
        flag("before and after shows an effect", bool(paired.low > 0)),
    ]  # fmt: skip
    for adjusted, words in (("plain", "intention to treat"), ("cuped", "CUPED")):
        for metric in ("orders", "revenue"):
            item = headline(table, metric, "treated", adjusted)
            out.append(covers(f"{words}, {metric}: 0", 0.0, item.low, item.high))
    return out


ABOUT = """
Each world is the null world of the simulator: 26,000 buyers of an NBD with 0.258 orders a month, a
festival of 13 days at 1.4 times the pace, half of the people held out, and a campaign that does
nothing. "Participants" are half of those of the treated who bought in its days.
"""
READING = """
Participants against their own month before, and the same choice among people left alone, gain three
times their daily spend in every world; so does nothing at all. Everybody assigned against everybody
held out finds 0 as often as it promises.
"""
EXPERIMENTS = (
    Experiment("campaigns-null", "A campaign that did nothing", ABOUT, look, reading=READING,
               tested=20),
)  # fmt: skip
