"""Money: what retained and lost members buy afterwards, and revenue retention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from commlab import metrics
from commlab.simulate.chunk import Chunk

from ..harness import Experiment, Outcome, covers
from ..worlds import WEEKS, community, population, steady_world, writing

MEMBERS, PERIOD, HORIZON = 2500, 1, 4
WORLD = steady_world()
GROUPS = ("retained", "lost")


def net_by_week(chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    """Return net spend in yuan and orders, each by member and week since that of joining."""
    n, orders = len(chunk.people), chunk.orders
    born = np.floor(chunk.people.joined / 7).astype(int)
    net, count = np.zeros((n, WEEKS)), np.zeros((n, WEEKS), dtype=int)
    known = orders.member >= 0
    who = orders.member[known]
    week = np.floor(orders.at[known] / 7).astype(int) - born[who]
    np.add.at(net, (who, week), orders.amount[known] / 100)
    np.add.at(count, (who, week), 1)
    back = known & (orders.refund > 0)
    who = orders.member[back]
    week = np.floor(orders.refunded[back] / 7).astype(int) - born[who]
    np.add.at(net, (who, week), -orders.refund[back] / 100)
    return net, count


def truth() -> dict[str, Any]:
    """Return true means and shares by group, and the true revenue by week of the newcomer."""
    sums = {group: np.zeros(4) for group in GROUPS}
    revenue, people = np.zeros(WEEKS), np.zeros(WEEKS)
    for chunk in population(WORLD):
        net, count = net_by_week(chunk)
        born = np.floor(chunk.people.joined / 7).astype(int)
        who, at = writing(chunk)
        kept = np.zeros(len(born), dtype=bool)
        kept[who[np.floor(at / 7).astype(int) - born[who] == PERIOD]] = True
        old = born <= WEEKS - 1 - PERIOD - HORIZON
        later = slice(PERIOD + 1, PERIOD + HORIZON + 1)
        buyer = count[:, : PERIOD + 1].any(axis=1)
        again = buyer & count[:, later].any(axis=1)
        for group, mine in (("retained", kept & old), ("lost", ~kept & old)):
            spent = net[mine][:, later].sum()
            sums[group] += [mine.sum(), spent, buyer[mine].sum(), again[mine].sum()]
        for k in range(WEEKS):
            over = born <= WEEKS - 1 - k
            revenue[k] += net[over, k].sum()
            people[k] += over.sum()
    found: dict[str, Any] = {
        group: (total[1] / total[0], total[3] / total[2]) for group, total in sums.items()
    }
    return {**found, "revenue": revenue / people}


def look(seeds: Sequence[int], true: dict[str, Any]) -> list[list[Outcome]]:
    """Look at communities, one after another."""
    return [_look(seed, true) for seed in seeds]


def _look(seed: int, true: dict[str, Any]) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    with community(WORLD, seed, MEMBERS) as ds:
        bought = metrics.repurchase_by_retention(
            ds, PERIOD, HORIZON, cohort="week", activity="message"
        ).set_index("group")
        revenue = metrics.revenue_retention(ds, cohort="week")
    found = []
    for group in GROUPS:
        row, (mean, share) = bought.loc[group], true[group]
        name = f"net revenue per {group} member, the four weeks after"
        found.append(covers(name, mean, row["net_low"], row["net_high"]))
        name = f"repurchase rate of {group} buyers, the four weeks after"
        found.append(covers(name, share, row["repurchase_low"], row["repurchase_high"]))
    shown = revenue[(revenue["status"] == "ok") & (revenue["period"] > 0)]
    name = "revenue retention, one cohort in one later week"
    if len(shown):
        cell = shown.iloc[int(rng.integers(len(shown)))]
        rate = true["revenue"][cell["period"]] / true["revenue"][0]
        found.append(covers(name, rate, cell["low"], cell["high"]))
    return found


ABOUT = """
Each world is a community of 2,500 people simulated over thirteen weeks, all of one kind, without
festivals, with refunds. Retained is who writes in the week after that of joining; what is bought is
counted in the four weeks after that one. The truth is counted in plain numpy in 200,000 people of
the same law, drawn with other seeds.
"""
READING = """
Revenue retention is a ratio of skewed sums over some 13 buyers: on the plain scale the delta method
held the truth in 88 % of 394 such worlds and always lay under it when it missed; on the log scale
in 92.7 % of the 300 above. Where a ratio is not clear of zero the kit now uses the plain scale; the
table was made before that.
"""
EXPERIMENTS = (Experiment("money", "Money after retention", ABOUT, look, truth, READING),)
