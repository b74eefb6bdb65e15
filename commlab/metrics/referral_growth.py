"""The referral forest: who brought whom, by generation, how many were kept, and how soon.

The K factor is kept invitees per member and cycle, counted over all members whose cycle is over,
those who brought nobody included. The trade's (users − first level) / users has no time in it and
only ever rises.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab import guards, intervals, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.referral_value import DEEPEST
from commlab.metrics.ring_rows import referral_links

if TYPE_CHECKING:
    from commlab.dataset import Dataset

CYCLE_DAYS = 30  # after it a member hardly brings anybody: nine in ten come within three weeks
JOIN_DAYS = 14  # an invitee who has not joined a group by then does not
KEPT_DAYS = 28  # four weeks: beyond the first days, in which rewards alone hold people
GENERATIONS = 3  # further ones add thousandths where K is below 0.3
_NOT_LEAVING = ("migrated", "closed")
COLUMNS = (
    "generation", "at_risk", "inviters", "invitees", "kept", "value", "low", "high", "raw",
    "raw_low", "raw_high", "most", "status",
)  # fmt: skip


def referral_forest(
    ds: Dataset,
    *,
    without: Collection[str] = (),
    cycle_days: int = CYCLE_DAYS,
    kept_days: int = KEPT_DAYS,
) -> pd.DataFrame:
    """Return who brought whom, with the generation of the inviter and what became of the invitee.

    Args:
        ds: The dataset, with referrals, and memberships or contacts.
        without: Members left out with all their invitations: self-referral rings.
        cycle_days: Days after the inviter's joining in which invitees belong to the cycle.
        kept_days: Days that an invitee must stay to be kept.

    Returns:
        Frame sorted by inviter and invitee; of several who brought one person the first counts:
        inviter_id, invitee_id, root (the member at the top of the tree), generation (of the
        inviter; 0 came alone), days (from the inviter's joining to the invitee's), in_cycle,
        judged (cycle and stay of every invitee in it are over), kept (joined a group within 14
        days and stayed `kept_days`, migration and closing are not leaving; without memberships:
        was still a friend after them), reward (currency units), inviter_joined, invitee_joined.

    Raises:
        MissingTableError: No referrals, or neither memberships nor contacts.
        NotEnoughDataError: The table that shows who was kept has no rows.
    """
    guards.whole("cycle_days", cycle_days, low=1)
    guards.whole("kept_days", kept_days, low=1)
    links = referral_links(ds)
    out = set(without)
    links = links[~links["inviter_id"].isin(out) & ~links["invitee_id"].isin(out)]
    links = links.dropna(subset=["inviter_joined", "invitee_joined"])
    links = links.sort_values(["invitee_id", "at", "inviter_id"], kind="stable")
    links = links.drop_duplicates("invitee_id").sort_values(["inviter_id", "invitee_id"])
    links = links.reset_index(drop=True)
    links["root"], links["generation"] = _tops(links)
    wait = links["invitee_joined"] - links["inviter_joined"]
    links["days"] = wait.dt.total_seconds() / 86_400
    links["in_cycle"] = (links["days"] >= 0) & (links["days"] < cycle_days)
    links["judged"] = links["inviter_joined"] < _line(ds, cycle_days, kept_days)
    links["kept"] = _kept(ds, links, kept_days)
    return links[["inviter_id", "invitee_id", "root", "generation", "days", "in_cycle", "judged",
                  "kept", "reward", "inviter_joined", "invitee_joined"]]  # fmt: skip


def k_factor(
    ds: Dataset,
    forest: pd.DataFrame,
    *,
    without: Collection[str] = (),
    cycle_days: int = CYCLE_DAYS,
    kept_days: int = KEPT_DAYS,
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return kept invitees per member and cycle, by generation of the member.

    Inviters are the units: invitees of one are as dependent as they are.

    Args:
        ds: The dataset.
        forest: From `referral_forest` with the same `without`, `cycle_days` and `kept_days`.
        without: See `referral_forest`.
        cycle_days: See `referral_forest`.
        kept_days: See `referral_forest`.
        level: Confidence level.
        min_at_risk: Generations of fewer members are "too_few".

    Returns:
        Frame by generation ("0", "1", …, "all"): generation, at_risk (members whose cycle, and
        the stay of whom they brought, are over), inviters (of them, who brought somebody in it),
        invitees, kept, value (kept per member) with low and high (score, dispersion estimated),
        raw (invitees per member) with raw_low and raw_high, most (by one member), status.

    Raises:
        NotEnoughDataError: Nobody's cycle is over.
    """
    people = _at_risk(ds, forest, _line(ds, cycle_days, kept_days), set(without))
    if not people.sum():
        raise NotEnoughDataError(
            f"nobody joined {cycle_days + JOIN_DAYS + kept_days} days before the end: no cycle "
            "is over."
        )
    rows = forest[forest["judged"] & forest["in_cycle"]]
    own = rows.groupby(["generation", "inviter_id"])["kept"].agg(["size", "sum"]).reset_index()
    parts = [_row(str(g), n, own[own["generation"] == g]) for g, n in people.items()]
    frame = pd.DataFrame([*parts, _row("all", int(people.sum()), own)])
    z = [intervals.count_interval(frame["at_risk"], frame[name], frame[f"{name}_sq"], level=level)
         for name in ("kept", "invitees")]  # fmt: skip
    enough = frame["at_risk"] >= min_at_risk
    for names, ends in zip((("value", "low", "high"), ("raw", "raw_low", "raw_high")), z,
                           strict=True):  # fmt: skip
        for name, values in zip(names, ends, strict=True):
            frame[name] = pd.Series(values).where(enough)
    frame["status"] = np.where(enough, "ok", "too_few")
    return frame[list(COLUMNS)]


def k_estimate(frame: pd.DataFrame, *, level: float = LEVEL) -> Estimate:
    """Return the K factor of all generations together.

    Args:
        frame: From `k_factor`.
        level: Confidence level that it was made with.
    """
    row = frame[frame["generation"] == "all"].iloc[0]
    if row["status"] != "ok":
        return Estimate.too_few(int(row["at_risk"]), unit="ratio", minimum=MIN_AT_RISK)
    return Estimate(value=row["value"], low=row["low"], high=row["high"], level=level,
                    n=int(row["at_risk"]), unit="ratio", method="score")  # fmt: skip


def brought_in_all(
    ds: Dataset,
    forest: pd.DataFrame,
    *,
    without: Collection[str] = (),
    generations: int = GENERATIONS,
    cycle_days: int = CYCLE_DAYS,
    kept_days: int = KEPT_DAYS,
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
) -> Estimate:
    """Return how many kept people one who came alone brings, invitees of invitees included.

    Trees are the units. Every invitation counts that falls into the cycle of its inviter, whether
    the inviter was kept or not; of trees whose `generations` cycles are over.

    Args:
        ds: The dataset.
        forest: See `k_factor`.
        without: See `k_factor`.
        generations: Generations below the top that count.
        cycle_days: See `k_factor`.
        kept_days: See `k_factor`.
        level: Confidence level.
        min_at_risk: Fewer trees are "too few".
    """
    line = _line(ds, cycle_days * generations, kept_days)
    n = int(_at_risk(ds, forest, line, set(without)).get(0, 0))
    if n < max(min_at_risk, 2):
        return Estimate.too_few(n, unit="ratio", minimum=min_at_risk)
    sound = forest[forest["in_cycle"] & (forest["generation"] < generations)]
    reached = set(sound.loc[(sound["generation"] == 0) & (sound["inviter_joined"] < line),
                            "root"])  # fmt: skip
    counted, above = [], reached
    for generation in range(generations):
        here = sound[(sound["generation"] == generation) & sound["inviter_id"].isin(above)]
        counted.append(here)
        above = set(here["invitee_id"])
    own = pd.concat(counted).groupby("root")["kept"].sum()
    mean, low, high = intervals.count_interval(n, own.sum(), (own**2).sum(), level=level)
    return Estimate(value=float(mean), low=float(low), high=float(high), level=level, n=n,
                    unit="ratio", method="score")  # fmt: skip


def cycle_time(
    forest: pd.DataFrame, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> Estimate:
    """Return the median days from a member's joining to the joining of whom the member brought.

    Args:
        forest: From `referral_forest`: invitees in cycles that are over, so that quick ones are
            not seen more often than slow ones.
        level: Confidence level.
        min_people: Fewer invitees are "too few".
    """
    days = np.sort(forest.loc[forest["judged"] & forest["in_cycle"], "days"].to_numpy(dtype=float))
    if len(days) < min_people:
        return Estimate.too_few(len(days), unit="days", minimum=min_people)
    middle, low, high = intervals.median_interval(days, np.ones(len(days), dtype=int), level=level)
    return Estimate(value=middle, low=low, high=high, level=level, n=len(days), unit="days",
                    method="order statistics")  # fmt: skip


def reward_per_kept(
    forest: pd.DataFrame, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> Estimate:
    """Return the rewards paid for invitees over those of them who were kept (units: inviters).

    Args:
        forest: From `referral_forest`.
        level: Confidence level.
        min_people: Fewer kept invitees are "too few".
    """
    rows = forest[forest["judged"] & forest["in_cycle"]]
    own = rows.groupby("inviter_id")[["reward", "kept"]].sum().astype(float)
    kept = int(own["kept"].sum())
    if not own["reward"].sum():
        return Estimate.refused("no reward was paid for an invitee", unit="money", n=kept)
    if kept < min_people:
        return Estimate.too_few(kept, unit="money", minimum=min_people)
    y, x = own["reward"], own["kept"]
    value, low, high = stats.ratio_interval(len(own), y.sum(), x.sum(), (y * y).sum(),
                                            (x * x).sum(), (x * y).sum(), level=level,
                                            log=True)  # fmt: skip
    return Estimate(value=float(value), low=float(low), high=float(high), level=level, n=kept,
                    unit="money", method="delta")  # fmt: skip


def _row(name: str, people: int, own: pd.DataFrame) -> dict[str, object]:
    size, kept = own["size"].to_numpy(dtype=float), own["sum"].to_numpy(dtype=float)
    return {
        "generation": name, "at_risk": int(people), "inviters": len(own),
        "invitees": int(size.sum()), "kept": int(kept.sum()), "invitees_sq": (size**2).sum(),
        "kept_sq": (kept**2).sum(), "most": int(size.max(initial=0)),
    }  # fmt: skip


def _line(ds: Dataset, cycle_days: int, kept_days: int) -> pd.Timestamp:
    """Return the moment before which a cycle must have begun to be over."""
    return pd.Timestamp(ds.end) - pd.Timedelta(days=cycle_days + JOIN_DAYS + kept_days)


def _at_risk(ds: Dataset, forest: pd.DataFrame, line: pd.Timestamp, out: set[str]) -> pd.Series:
    """Return the members who joined before a moment, by generation."""
    people = ds.people()
    people = people.filter(people.joined_at < ibis.literal(line.to_pydatetime(), "timestamp(6)"))
    if out:
        people = people.filter(~people.member_id.isin(sorted(out)))
    total = int(ds.frame(people.agg(n=people.count()))["n"].iloc[0])
    brought = forest[forest["invitee_joined"] < line]
    by = (brought["generation"] + 1).value_counts()
    alone = pd.Series({0: total - len(brought)})
    return pd.concat([alone, by.sort_index()])


def _tops(links: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the top of each inviter's tree, and how far below it the inviter stands."""
    above = links.set_index("invitee_id")["inviter_id"]
    top, generation = links["inviter_id"].copy(), pd.Series(0, index=links.index)
    for _ in range(DEEPEST):
        higher = top.map(above)
        known = higher.notna()
        if not known.any():
            break
        top = higher.where(known, top)
        generation += known
    return top, generation


def _kept(ds: Dataset, links: pd.DataFrame, kept_days: int) -> pd.Series:
    """Return which invitees stayed."""
    stay = pd.Timedelta(days=kept_days)
    came = links[["invitee_id", "invitee_joined"]]
    if ds.has("memberships"):
        rows = ds.table("memberships").select(
            "leave_kind", invitee_id="member_id", begin="joined_at", end="left_at"
        )
    elif ds.has("contacts"):
        friends = ds.table("contacts")
        rows = friends.select(invitee_id="member_id", begin="added_at", end="deleted_at",
                              leave_kind=ibis.null("string"))  # fmt: skip
    else:
        raise MissingTableError(
            "who was kept shows in memberships or contacts; the workspace has neither.",
            where=ds.name,
            fix="Add one of them.",
        )
    if not int(ds.frame(rows.agg(n=rows.count()))["n"].iloc[0]):
        # Nobody would have been kept, which an empty export does not say.
        raise NotEnoughDataError(
            "the table that shows who was kept (memberships, else contacts) has no rows.",
            where=ds.name,
            fix="Load its export, or take the empty table away.",
        )
    brought = ds.table("referrals").select("invitee_id").distinct()
    stays = ds.frame(rows.semi_join(brought, "invitee_id"), ["invitee_id", "begin", "end"])
    stays = stays.merge(came, on="invitee_id")
    lasted = stays["end"].isna() | (stays["end"] - stays["begin"] >= stay)
    lasted |= stays["leave_kind"].isin(_NOT_LEAVING)
    soon = stays["begin"] - stays["invitee_joined"] <= pd.Timedelta(days=JOIN_DAYS)
    return links["invitee_id"].isin(stays.loc[lasted & soon, "invitee_id"])
