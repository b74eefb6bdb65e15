"""Churn: which way foretells best who will not buy again in simulated communities."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commlab import metrics, models
from commlab.dataset import Dataset, open_dataset
from commlab.models.churn import BASELINES, LEARNT
from commlab.simulate import simulate

from ..harness import Experiment, Outcome, flag

START, MONTHS, MEMBERS, TESTS = dt.date(2025, 1, 1), 18, 2_000, 2

ABOUT = f"""
Each world is a community of {MEMBERS:,} people simulated over {MONTHS} months with everything that
`commlab simulate` puts into one: festivals, campaigns, freebie hunters, groups that die, messages
and tags. What is done with it is what the notebook does: the horizon from the pace of buyers, and
every way tried on up to {TESTS} dates, learnt and calibrated at earlier ones. In a simulated
community people buy and leave by a law of the family of BG/NBD, each at a rate of his own;
festivals raise everybody's rate for some days.

People are tested on several dates, so one world gives one answer a row.
"""

READING = """
The promise that a classifier beats all three baselines is not kept in these communities, and the
report says so. The better of the two classifiers beats the base rate in every world, recency alone
in half of them and the purchase model in one of six; beyond one standard error it does so once. The
reason: people here buy and leave by the law that the purchase model knows, so with it they tell
from a few hundred buyers what a classifier has to learn from labels, and labels are few and come
from earlier weeks. In four worlds the classifier was better than the way used, by less than one
standard error; in five it fails by the level alone: it learnt how many come back from weeks of
another season, and put to the share that came it would have been as good. In twenty its order of
people is no better either. Where recency alone is within one
standard error of the best it is used, being simpler. In a community in which what people write and
click says more about the next purchase than their purchases do a classifier is used:
`tests/models/test_churn.py` plants such worlds.
"""


def look(seeds: Sequence[int], _: None) -> list[list[Outcome]]:
    """Look at communities, one after another."""
    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="commlab-truth-") as folder:
            place = Path(folder) / "workspace"
            simulate(place, members=MEMBERS, seed=seed, start=START, months=MONTHS)
            found.append(_look(open_dataset(place)))
    return found


def _look(ds: Dataset) -> list[Outcome]:
    horizon = metrics.churn_horizon(ds)
    cutoffs = metrics.churn_cutoffs(ds, horizon, tests=TESTS)
    rows = {day: metrics.churn_rows(ds, day, horizon) for day in metrics.churn_days(*cutoffs)}
    tested = models.churn_backtest(models.churn_folds(rows, cutoffs, horizon))
    loss: dict[str, float] = {
        name: tested.score_of(name, "log_loss").value or 0.0 for name in (*BASELINES, *LEARNT)
        if name in tested.methods
    }  # fmt: skip
    learnt = min(loss[name] for name in LEARNT)
    used: Any = loss[tested.chosen]
    return [
        flag("the way used: log loss below the base rate's", used < loss["base_rate"]),
        flag("the way used: log loss below that of recency alone", used < loss["recency"]),
        flag("the purchase model is used", tested.chosen == "btyd"),
        flag("a classifier is used", tested.beats_baselines),
        flag("the better classifier: log loss below the base rate's", learnt < loss["base_rate"]),
        flag("the better classifier: below recency alone", learnt < loss["recency"]),
        flag("the better classifier: below the purchase model", learnt < loss.get("btyd", 9.0)),
        flag("no classifier, better by less than one error", tested.why_not == "close"),
        flag("no classifier, for the level (another season)", tested.why_not == "level"),
        flag("no classifier, for the order of people", tested.why_not == "order"),
    ]


EXPERIMENTS = (
    Experiment(
        name="churn",
        title="Which way foretells churn",
        about=ABOUT,
        reading=READING,
        look=look,
    ),
)
