"""Truth of what single people do: referrals, influence, freebie hunters, why groups die."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from commlab.simulate.chunk import ATMOSPHERE, Chunk, Frame
from commlab.simulate.closed_forms import membership_survival
from commlab.simulate.decline import CAUSES
from commlab.simulate.export import Offsets
from commlab.simulate.forest import mean_delay, referral_type
from commlab.simulate.roles import hunter_shares


class Planted:
    """Gathers, chunk by chunk, who has which role and what came of it.

    Args:
        frame: What all chunks share.
    """

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.ids: dict[str, list[str]] = {
            name: [] for name in ("loud", "spender", "hub", "helper", "atmosphere", "hunter")
        }
        self.koc: dict[str, dict[str, int]] = {}
        self.groups: dict[str, list[list[str]]] = {"rings": [], "clusters": [], "twice": []}
        self.caused = {"koc": 0, "clusters": 0}
        kinds = len(frame.world.channels)
        self.newcomers = np.zeros(kinds, dtype=np.int64)
        self.hunters = np.zeros(kinds, dtype=np.int64)
        self.invitees: list[int] = []  # by generation of the inviter, whose cycle is over
        self.inviters: list[int] = []

    def add(self, chunk: Chunk, offsets: Offsets) -> None:
        """Count one chunk."""
        people, roles = chunk.people, chunk.roles
        masks = {"loud": roles.loud, "spender": roles.spender, "hub": roles.hub,
                 "helper": roles.helper, "hunter": roles.hunter}  # fmt: skip
        for name, mask in masks.items():
            self.ids[name] += _members(np.flatnonzero(mask), offsets)
        self.ids["atmosphere"] += [f"p{offsets.atmosphere + i + 1:02d}" for i in range(ATMOSPHERE)]
        for name, number in (("rings", people.ring), ("clusters", roles.cluster)):
            for one in range(int(number.max(initial=-1)) + 1):
                self.groups[name].append(_members(np.flatnonzero(number == one), offsets))
        self.groups["twice"] += [_members(pair, offsets) for pair in chunk.identities.twice]
        self._add_koc(chunk, offsets)
        kinds = self.newcomers.size
        self.newcomers += np.bincount(people.type, minlength=kinds)
        self.hunters += np.bincount(people.type[roles.hunter], minlength=kinds)
        self._add_referrals(chunk)

    def figures(self) -> dict[str, Any]:
        """Return the sections of `truth.json` by name."""
        return {
            "referrals": self._referrals(),
            "influence": self._influence(),
            "freebies": self._freebies(),
            "identities": {"one_person": self.groups["twice"], "share": "the hash of one phone"},
            "causes_of_death": {
                "of": "groups; those with `spared` met the cause and live",
                "neglect": "owner and atmosphere accounts silent from the onset on",
                "ads_only": "all that staff posts is hard advertising from the onset on",
                "imprecise": "newcomers of all channel codes alike; other groups get those of "
                "their own code more often",
                "home_pull": self.frame.world.decline.home_pull,
            },
        }

    def _add_koc(self, chunk: Chunk, offsets: Offsets) -> None:
        caused, n = chunk.caused, len(chunk.people)
        by = np.bincount(caused.by[caused.by >= 0], minlength=n)
        self.caused["koc"] += int(by.sum())
        self.caused["clusters"] += int((caused.by < 0).sum())
        koc = np.flatnonzero(chunk.roles.koc)
        for name, one in zip(_members(koc, offsets), koc, strict=True):
            self.koc[name] = {
                "posts": int(caused.posts[one]),
                "audience": int(caused.audience[one]),
                "orders_caused": int(by[one]),
            }

    def _add_referrals(self, chunk: Chunk) -> None:
        people, clock = chunk.people, self.frame.chat
        cycle = self.frame.world.referrals.cycle_days
        whole = clock.operational(people.joined) + cycle < float(
            clock.operational(float(self.frame.days))
        )
        counted = whole & (people.ring < 0)
        brought = np.flatnonzero((people.inviter >= 0) & (people.ring < 0))
        invitees = np.bincount(people.inviter[brought], minlength=len(people))
        for g in range(int(people.generation.max(initial=0)) + 1):
            if g == len(self.inviters):
                self.inviters.append(0)
                self.invitees.append(0)
            here = counted & (people.generation == g)
            self.inviters[g] += int(here.sum())
            self.invitees[g] += int(invitees[here].sum())

    def _referrals(self) -> dict[str, Any]:
        world = self.frame.world
        plan, kind = world.referrals, referral_type(world)
        if kind < 0:
            return {"none": f"no channel {plan.channel!r} beside others"}
        channel = world.channels[kind]
        stays = float(membership_survival(channel, np.array([plan.kept_weeks]))[0])
        kept = channel.join_rate * stays
        return {
            "of": "members outside rings; by generation of the inviter, 0 came without one",
            "model": "invitees within a cycle of the inviter's joining: Poisson with mean k times "
            "a Gamma factor of mean 1; waits exponential, cut at the cycle",
            "by_generation": [
                {
                    "generation": g,
                    "k": (k := plan.invitees[min(g, len(plan.invitees) - 1)]),
                    "k_kept": round(k * kept, 8),
                    "members_whose_cycle_is_over": inviters,
                    "their_invitees": invitees,
                }
                for g, (inviters, invitees) in enumerate(
                    zip(self.inviters, self.invitees, strict=True)
                )
            ],
            "cycle_days": plan.cycle_days,
            "mean_days_to_invitee": round(mean_delay(world), 8),
            "kept_share": round(kept, 8),
            "kept_is": f"joined a group and did not leave it in {plan.kept_weeks} weeks; migration "
            "and closing are not leaving",
            "reward_an_invitee": plan.reward,
            "reward_a_kept_invitee": round(plan.reward / kept, 8),
            "rings": self.groups["rings"],
        }

    def _influence(self) -> dict[str, Any]:
        plan = self.frame.world.influence
        return {
            "lift": plan.lift,
            "lift_is": "expected orders that one original post (a message that answers nobody) of "
            f"a KOC adds for each other member present, within {plan.lift_days:g} days; posts add "
            "up; as all rates of orders it counts operational days",
            "koc": self.koc,
            "orders_caused": self.caused,
            "decoys": {
                "loud": self.ids["loud"],
                "big_spenders": self.ids["spender"],
                "helpers": self.ids["helper"],
                "clusters": self.groups["clusters"],
                "hubs_of_clusters": self.ids["hub"],
                "rings": self.groups["rings"],
                "atmosphere": self.ids["atmosphere"],
            },
            "lift_of_decoys": 0.0,
            "cluster_orders": "as many before as after the posts of the hub",
        }

    def _freebies(self) -> dict[str, Any]:
        shares = hunter_shares(self.frame.world)
        return {
            "by_channel": {
                item.name: {"share": round(float(share), 8), "newcomers": int(n), "hunters": int(h)}
                for item, share, n, h in zip(
                    self.frame.world.channels, shares, self.newcomers, self.hunters, strict=True
                )
            },
            "behaviour": "never buy but what a campaign or a post makes them buy, at a cut price; "
            "write nothing (the chatty write like anybody); no other step after the last free "
            "thing but leaving",
            "ids": self.ids["hunter"],
        }


def group_facts(frame: Frame, chunk: Chunk, offsets: Offsets) -> dict[str, dict[str, Any]]:
    """Return what is true of each group of a chunk, by id."""
    groups, decline, facts = chunk.groups, chunk.groups.decline, {}
    for number in range(len(groups)):
        ours: dict[str, Any] = {"liveliness": round(float(groups.liveliness[number]), 4)}
        if groups.died[number] < frame.days:
            ours["died"] = _date(frame, groups.died[number])
        if np.isfinite(groups.closed[number]):
            ours["closed"] = _date(frame, groups.closed[number])
        if groups.receiver[number] >= 0:
            ours["receiver"] = _group(groups.receiver[number], offsets)
        if decline.cause[number] >= 0 and decline.onset[number] < frame.days:
            spared = not np.isfinite(decline.died[number])
            ours["spared" if spared else "cause"] = CAUSES[decline.cause[number]]
            ours["onset"] = _date(frame, decline.onset[number])
            if np.isfinite(decline.relief[number]):
                ours["relief"] = _date(frame, decline.relief[number])
        facts[_group(number, offsets)] = ours
    return facts


def _group(number: int, offsets: Offsets) -> str:
    return f"g{number + 1 + offsets.groups:03d}"


def _date(frame: Frame, day: float) -> str:
    return str(frame.start + dt.timedelta(days=int(day)))


def _members(local: np.ndarray, offsets: Offsets) -> list[str]:
    return [f"m{offsets.members + int(one) + 1:06d}" for one in local]
