"""Sends: what follows them, fatigue and tags; the truth is what the simulator is told to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from commlab import metrics
from commlab.dataset import Dataset
from commlab.simulate.practice import Pushes

from ..harness import Experiment, Outcome, covers, rejects
from ..worlds import community, steady_world

MEMBERS, MONTHS = 700, 9
PUSHES = Pushes(a_day=1 / 14, orders=0.03, deletions=0.01)
WORLD = steady_world(pushes=PUSHES, members_per_adviser=50)
NULL = steady_world(
    pushes=Pushes(a_day=1 / 14, orders=0.0, deletions=0.0, tag_gain=1.0, fatigue=1.0),
    members_per_adviser=50,
)


def customers(ds: Dataset) -> float:
    """Return the share of delivered sends whose receiver had bought before: only they buy more."""
    sends, orders = (ds.frame(ds.table(name)) for name in ("sends", "orders"))
    first = orders.dropna(subset=["member_id"]).groupby("member_id")["paid_at"].min()
    mine = sends[(sends["status"] == "delivered") & sends["member_id"].notna()]
    # The orders that sends themselves cause make nobody a customer.
    return float((mine["member_id"].map(first) < mine["sent_at"]).mean())


def look(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at communities, one after another."""
    return [_look(seed) for seed in seeds]


def _look(seed: int) -> list[Outcome]:
    with community(WORLD, seed, MEMBERS, months=MONTHS) as ds:
        share = customers(ds)
        rows = {
            "orders": metrics.send_orders(ds), "deletions": metrics.send_deletions(ds),
        }  # fmt: skip
        tired, gain = metrics.send_fatigue(ds), metrics.tag_gain(ds).iloc[0]
    one = tired.set_index("recent").loc[1]
    found = []
    for name, true in (
        ("orders", 1000 * PUSHES.orders * share),
        ("deletions", 1000 * PUSHES.deletions),
    ):
        row = _all(rows[name])
        found.append(covers(f"{name} that a send brings", true, row["low"], row["high"]))
    found += [
        covers("clicks of the second send in a week over the first", PUSHES.fatigue,
               one["ratio_low"], one["ratio_high"]),
        covers("clicks of sends by tag over sends to everyone", PUSHES.tag_gain,
               gain["ratio_low"], gain["ratio_high"]),
    ]  # fmt: skip
    with community(NULL, seed + 10_000_000, MEMBERS, months=MONTHS) as ds:
        for name, metric in (
            ("orders", metrics.send_orders),
            ("deletions", metrics.send_deletions),
        ):
            row = _all(metric(ds))
            said = bool(row["low"] > 0 or row["high"] < 0) if row["status"] == "ok" else None
            found.append(Outcome(f"sends that bring no {name} are said to", said, 0.05))
        one = metrics.send_fatigue(ds).set_index("recent").loc[1]
        gain = metrics.tag_gain(ds).iloc[0]
    found.append(rejects("receivers who do not tire are said to", bool(one["ratio_high"] < 1),
                         promised=0.025, rule="at_most"))  # fmt: skip
    found.append(rejects("tags that gain nothing are said to", bool(gain["ratio_low"] > 1),
                         promised=0.025, rule="at_most"))  # fmt: skip
    return found


def _all(frame: pd.DataFrame) -> pd.Series:
    return frame.set_index("audience").loc["all"]


ABOUT = """
Each world is a community of 700 people simulated over nine months with fourteen advisers, each of
whom plans a mass send every fourteen days, two in five to the holders of a tag. One delivered send
brings 0.03 orders of those who have bought before, and costs 1 % of the friendships older than 30
days, both within 72 hours; a click is 0.8 times as likely for each send of the week before, and 1.6
times as likely on a send by tag. The truth of orders is 0.03 times the share of delivered sends
whose receivers were customers. A second world has no effect of any kind.
"""
EXPERIMENTS = (Experiment("sends", "What sends bring and cost", ABOUT, look, tested=20),)
