"""Workspaces of one campaign with a planted effect, straight in numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd

START = pd.Timestamp("2026-03-01")
DAYS = 14
AS_OF = "2026-04-20"
AMOUNT, COST = 50.0, 20.0  # a margin of 30 an order


def world(
    n: int = 1200,
    *,
    effect: float = 0.3,
    seed: int = 0,
    design: str = "randomised",
    groups: int = 60,
    shared: float = 0.0,
    spill: float = 0.0,
    trend: float = 0.0,
    chosen_by_past: float = 0.0,
    campaign_cost: float = 600.0,
    days_before: int = 220,
    held: float = 0.5,
    takes_part: float = 0.6,
) -> dict[str, pd.DataFrame]:
    """Tables of a campaign of 14 days.

    Args:
        n: People.
        effect: Extra orders of a treated person who takes part, all within the campaign.
        seed: Seed.
        design: "randomised", "clustered" or "observational".
        groups: Chat groups.
        shared: Extra orders a person in the campaign's days that whole groups have in common.
        spill: Extra orders of an untreated person whose whole group is treated.
        trend: Extra orders a person and span that the treated have more and more before it.
        chosen_by_past: By how much past orders raise the odds of taking part.
        campaign_cost: What it cost.
        days_before: Days that orders reach back.
        held: Share held out.
        takes_part: Share of the treated who take part.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.0, 0.03, n)  # orders a day
    group = rng.integers(0, groups, n)
    past = rng.poisson(rate * 90)
    if design == "clustered":
        treated = (rng.permutation(groups) < round(groups * (1 - held)))[group]
    elif design == "observational":
        odds = np.log((1 - held) / held) + chosen_by_past * (past - past.mean())
        treated = rng.random(n) < 1 / (1 + np.exp(-odds))
    else:
        treated = rng.random(n) >= held
    took = treated & (rng.random(n) < takes_part)
    who, day = [], []

    def add(people: np.ndarray, first: float, length: float) -> None:
        who.append(people)
        day.append(first + rng.random(len(people)) * length)

    # The 90 days that choose end as long before it as it lasts, so that they are seen.
    add(np.repeat(np.arange(n), past), -DAYS - 90, 90)
    for first, length in ((-days_before, days_before - DAYS - 90), (-DAYS, DAYS + 40)):
        if length > 0:
            add(np.repeat(np.arange(n), rng.poisson(rate * length)), first, length)
    add(np.flatnonzero(took & (rng.random(n) < effect)), 0, DAYS)
    if shared:
        lift = rng.gamma(1.0, shared, groups)[group]
        add(np.repeat(np.arange(n), rng.poisson(lift)), 0, DAYS)
    if spill:
        share = np.bincount(group, weights=treated, minlength=groups) / np.maximum(
            np.bincount(group, minlength=groups), 1
        )
        add(np.flatnonzero(~treated & (rng.random(n) < spill * share[group])), 0, DAYS)
    for span in range(1, 7) if trend else ():
        add(np.flatnonzero(treated & (rng.random(n) < trend * (7 - span))), -span * DAYS, DAYS)
    if trend:
        add(np.flatnonzero(treated & (rng.random(n) < 7 * trend)), 0, DAYS)
    member = np.concatenate(who)
    at = START + pd.to_timedelta(np.concatenate(day), unit="D").floor("s")
    ids = np.array([f"m{k:05}" for k in range(n)])
    moment = "2026-02-28 12:00"
    return {
        "members": pd.DataFrame({"member_id": ids, "joined_at": "2025-01-01"}),
        "memberships": pd.DataFrame({
            "group_id": [f"g{k:02}" for k in group], "member_id": ids,
            "joined_at": pd.Timestamp("2025-01-02"),
        }),
        "campaigns": pd.DataFrame({
            "campaign_id": ["c"], "starts_at": [str(START)], "ends_at": ["2026-03-14 23:59:59"],
            "design": [design],
        }),
        "assignments": pd.DataFrame({
            "campaign_id": "c", "member_id": ids, "assigned_at": moment,
            "arm": np.where(treated, "treated", "control"),
            "cluster_id": [f"g{k:02}" if design == "clustered" else None for k in group],
            "participated_at": [str(START + pd.Timedelta(hours=9)) if x else None for x in took],
        }),
        "orders": pd.DataFrame({
            "order_id": [f"o{k}" for k in range(len(member))], "member_id": ids[member],
            "paid_at": at.astype(str), "amount": AMOUNT, "cost": COST,
        }),
        "costs": pd.DataFrame({
            "starts_on": [START.date()], "ends_on": [START.date()], "category": ["coupon"],
            "amount": [campaign_cost], "campaign_id": ["c"],
        }),
    }  # fmt: skip
