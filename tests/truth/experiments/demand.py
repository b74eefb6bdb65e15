"""Demand: whether what members name is what they buy next, against a count by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from commlab import metrics, models
from commlab.dataset import Dataset
from commlab.simulate import World
from commlab.simulate.behaviour import Demand

from ..harness import Experiment, Outcome, covers, flag, rejects
from ..worlds import ELSEWHERE, community

MEMBERS, MONTHS, START = 1500, 9, dt.date(2025, 4, 1)
POPULATION = 30_000  # twenty communities: its own noise adds a fortieth to the width of an interval
SHARE, DAYS = 0.2, 14
ZONE = "Asia/Shanghai"
WORLD, NULL = World(demand=Demand(share=SHARE, days=float(DAYS))), World()


def ratio_by_hand(folder: Path, end: pd.Timestamp) -> float:
    """Return bought over expected, from the files alone: what the ratio says where all is known."""
    read = {name: pd.read_parquet(folder / f"{name}.parquet") for name in (
        "messages", "members", "staff", "orders", "order_items")}  # fmt: skip
    people = set(read["members"].query("role == 'member'")["member_id"])
    people -= set(read["staff"]["staff_id"])
    said = read["messages"]
    said = said[said["member_id"].isin(people) & said["text"].notna() & said["group_id"].notna()]
    said = said[~said["revoked"] & ~(said["is_ad"].fillna("none") != "none")]
    # Quoted words stand above a line of dashes, in the short form after the closing bracket.
    words = said["text"].str.replace(r"^「[^」]*」[-\s]*", "", regex=True)
    words = words.str.split("------\n").str[-1]
    items = read["order_items"].merge(read["orders"], on="order_id", suffixes=("", "_order"))
    items = items[items["member_id"].notna() & items["category"].notna()]
    usual = items["category"].value_counts(normalize=True)
    week = (said["sent_at"].dt.tz_convert(ZONE).dt.normalize().dt.tz_localize(None)
            - pd.Timestamp("2025-03-31")).dt.days // 7  # fmt: skip
    bought = expected = 0.0
    for category, own in items.groupby("category"):
        names = {category, *own["product"].dropna()}
        hit = words.map(lambda text, names=names: any(name in text for name in names))
        signs = said[hit].assign(week=week[hit]).groupby(["member_id", "week"])["sent_at"].max()
        signs = signs[signs + pd.Timedelta(days=DAYS) <= end]
        pairs = signs.reset_index().merge(items, on="member_id")
        wait = pairs["paid_at"] - pairs["sent_at"]
        soon = pairs[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=DAYS))]
        bought += float((soon["category"] == category).sum())
        expected += len(soon) * float(usual[category])
    return bought / expected


def prepare() -> float:
    """Count the ratio in a community of the same law that is twenty times as large."""
    with community(WORLD, ELSEWHERE, POPULATION, start=START, months=MONTHS) as ds:
        return ratio_by_hand(Path(ds.source), pd.Timestamp(ds.end, tz=ZONE))


def look(seeds: Sequence[int], ratio: float) -> list[list[Outcome]]:
    """Look at communities, one after another."""
    return [_look(seed, ratio) for seed in seeds]


def _look(seed: int, ratio: float) -> list[Outcome]:
    with community(WORLD, seed, MEMBERS, start=START, months=MONTHS) as ds:
        said = _said(ds)
    whole = said.iloc[0]
    single = said[said["category"] != "all"]
    out = [
        covers("bought over expected, all categories", ratio, whole["low"], whole["high"]),
        flag("more than usual is bought of what is named, and is said to be", whole["low"] > 1),
        flag("some category is said to foretell", bool(single["flagged"].any())),
    ]
    with community(NULL, seed + 10_000_000, MEMBERS, start=START, months=MONTHS) as ds:
        said = _said(ds)
        advised = models.demand_advice(said)
    whole, single = said.iloc[0], said[said["category"] != "all"]
    return [
        *out,
        covers("the same where talk foretells nothing", 1.0, whole["low"], whole["high"]),
        rejects("some category is said to foretell where none does", bool(single["flagged"].any()),
                rule="at_most"),
        rejects("something is advised where nothing is foretold", bool(advised), rule="at_most"),
    ]  # fmt: skip


def _said(ds: Dataset) -> pd.DataFrame:
    found = metrics.demand_signals(ds, next_days=DAYS)
    return found[found["source"] == "message"].reset_index(drop=True)


ABOUT = f"""
Each world is a community of {MEMBERS:,} people simulated over {MONTHS} months. An item that a
member buys within {DAYS} days of naming a product in a group is that product with a probability
of {SHARE:.0%}, beside chance. Answers that name a product, and categories named in passing,
foretell nothing and are counted as signs all the same. The truth of the ratio is counted from the
files of a community of {POPULATION:,}, apart from the kit. In a second world what is bought has
nothing to do with talk.
"""
EXPERIMENTS = (Experiment("demand", "Talk before demand", ABOUT, look, prepare=prepare,
                          tested=20),)  # fmt: skip
