"""`truth.json`: what was planted, so that an analysis can be held against it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np

from commlab import guards
from commlab.config import china_calendar
from commlab.errors import WorkspaceError
from commlab.simulate.brand import month_starts, recruits
from commlab.simulate.campaign_truth import blank_campaign, campaign_truth, count_campaign
from commlab.simulate.campaigns import running
from commlab.simulate.chunk import Chunk, Frame
from commlab.simulate.closed_forms import (
    expected_repeat_purchases,
    membership_survival,
    message_share,
    second_order_share,
)
from commlab.simulate.contacts import adviser_factor, deletion_shares
from commlab.simulate.export import Offsets
from commlab.simulate.planted import Planted, group_facts
from commlab.simulate.store import TRUTH_FILE

SURVIVAL_WEEKS = np.arange(1, 53)
PURCHASE_WEEKS = np.array([4, 13, 26, 39, 52])
WINDOWS = ("24h", "7d", "30d")


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is true of a simulated workspace.

    Attributes:
        seed: Seed it was made with.
        members: Members, staff aside.
        start: First local day.
        as_of: Last local day.
        rows: Rows by table.
        figures: Everything in `truth.json`, by topic.
    """

    seed: int
    members: int
    start: dt.date
    as_of: dt.date
    rows: dict[str, int]
    figures: dict[str, Any]

    def with_faults(self, faults: dict[str, Any]) -> Truth:
        """Return the truth with the record of the faults; `rows` stay those before them."""
        figures = {**self.figures, "faults": json.loads(json.dumps(faults))}
        return dataclasses.replace(self, figures=figures)

    def to_json(self) -> str:
        """Return the text of `truth.json`."""
        return json.dumps(self.figures, ensure_ascii=False, indent=1) + "\n"


def read_truth(folder: Path | str) -> Truth:
    """Return the truth of a simulated workspace.

    Args:
        folder: The workspace.

    Raises:
        WorkspaceError: The folder has no `truth.json`: it was not simulated.
    """
    path = Path(folder) / TRUTH_FILE
    if not path.is_file():
        raise WorkspaceError(
            f"has no {TRUTH_FILE}, so nothing is known to be true of it.",
            where=str(folder),
            fix="Make one with `commlab simulate --out FOLDER`.",
        )
    figures = json.loads(path.read_text(encoding="utf-8"))
    made = figures["made"]
    start, as_of = guards.date("start", made["start"]), guards.date("as_of", made["as_of"])
    if start is None or as_of is None:
        raise WorkspaceError("has no dates.", where=str(path))
    return Truth(made["seed"], made["members"], start, as_of, figures["rows"], figures)


class Tally:
    """Gathers, chunk by chunk, what depends on who was drawn.

    Args:
        frame: What all chunks share.
    """

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        world = frame.world
        self.members = 0
        months = len(month_starts(frame)) - 1
        self.newcomers = np.zeros((months, len(world.channels)), dtype=np.int64)
        self.joiners = np.zeros(len(world.channels), dtype=np.int64)
        self.unseen = {"memberships": 0, "contacts": 0}
        self.migrated = 0
        self.unknown_orders = 0
        self.friendships = np.zeros(len(world.codes), dtype=np.int64)
        self.deletions = np.zeros((len(world.codes), len(WINDOWS)))
        self.harsh: list[str] = []
        self.groups: dict[str, dict[str, Any]] = {}
        self.planted = Planted(frame)
        self.campaigns = [blank_campaign() for _ in running(world, frame.days)]

    def add(self, chunk: Chunk, offsets: Offsets) -> None:
        """Count one chunk."""
        world = self.frame.world
        first = world.first_snapshot + world.snapshot_hour / 24.0
        kinds = len(world.channels)
        self.members += len(chunk.people)
        self.newcomers = self.newcomers + recruits(self.frame, chunk.people)
        entry = chunk.stays.member[~chunk.stays.migrated_in]
        self.joiners += np.bincount(chunk.people.type[entry], minlength=kinds)
        self.migrated += int(chunk.stays.migrated_in.sum())
        self.unseen["memberships"] += int((chunk.stays.until < first).sum())
        self.unseen["contacts"] += int((chunk.contacts.deleted < first).sum())
        self.unknown_orders += int((chunk.orders.member < 0).sum())
        self._add_contacts(chunk, offsets)
        self.groups |= group_facts(self.frame, chunk, offsets)
        self.planted.add(chunk, offsets)
        for total, item in zip(self.campaigns, chunk.campaigns, strict=True):
            count_campaign(total, item)

    def truth(self, seed: int, rows: dict[str, int], more: dict[str, Any]) -> Truth:
        """Return the truth of the world.

        Args:
            seed: Seed of the world.
            rows: Rows by table.
            more: Further topics.
        """
        frame = self.frame
        as_of = frame.start + dt.timedelta(days=frame.days - 1)
        made = {
            "seed": seed,
            "members": self.members,
            "start": frame.start.isoformat(),
            "as_of": as_of.isoformat(),
        }
        figures = {
            "made": made,
            "rows": dict(sorted(rows.items())),
            "retention": self._retention(),
            "activity": self._activity(),
            "purchases": self._purchases(),
            "festivals": self._festivals(as_of),
            "deletions": self._deletions(),
            "campaigns": self._campaigns(),
            "groups": self.groups,
            **self.planted.figures(),
            "unseen": {
                **self.unseen,
                "why": "over before the first snapshot: not in the tables",
                "first_snapshot_day": frame.world.first_snapshot,
            },
            "orders": {"unknown_buyers": self.unknown_orders},
            **more,
            "world": dataclasses.asdict(frame.world),
        }
        # As JSON will give it back: a truth just made equals the same one read from its file.
        figures = json.loads(json.dumps(figures))
        return Truth(seed, self.members, frame.start, as_of, rows, figures)

    def _add_contacts(self, chunk: Chunk, offsets: Offsets) -> None:
        world = self.frame.world
        code = chunk.people.code[chunk.contacts.member]
        adviser = chunk.people.adviser[chunk.contacts.member]
        self.friendships += np.bincount(code, minlength=len(world.codes))
        np.add.at(self.deletions, code, deletion_shares(world, code, adviser))
        everyone = np.arange(chunk.advisers)
        harsh = everyone[adviser_factor(world, everyone) != 1.0]
        self.harsh += [f"a{number + 1 + offsets.advisers:02d}" for number in harsh]

    def _retention(self) -> dict[str, Any]:
        curves = np.array(
            [membership_survival(kind, SURVIVAL_WEEKS) for kind in self.frame.world.channels]
        )
        mix = self.joiners / max(self.joiners.sum(), 1)
        return {
            "model": "shifted-beta-geometric, weekly; migration and closing are not leaving",
            "weeks": SURVIVAL_WEEKS.tolist(),
            "membership_survival": {
                **{
                    kind.name: _rounded(curve)
                    for kind, curve in zip(self.frame.world.channels, curves, strict=True)
                },
                "all": _rounded(mix @ curves),
            },
            "joiners": {
                kind.name: int(n)
                for kind, n in zip(self.frame.world.channels, self.joiners, strict=True)
            },
            "migrated_in": self.migrated,
        }

    def _activity(self) -> dict[str, Any]:
        windows = {"days 0-7": (0, 7), "days 0-28": (0, 28), "days 28-56": (28, 56)}
        figures = {}
        for name, (first, last) in windows.items():
            share, icc = message_share(self.frame.world, first, last, self.joiners)
            figures[name] = {"share_who_write": round(share, 6), "group_icc": round(icc, 6)}
        return {
            "of": "group members while they stay, by tenure; without KOC, hubs, "
            "loud members, freebie hunters and rings",
            **figures,
        }

    def _purchases(self) -> dict[str, Any]:
        by_channel = {}
        for kind in self.frame.world.channels:
            by_channel[kind.name] = {
                "r": kind.r,
                "alpha": kind.alpha,
                "a": kind.a,
                "b": kind.b,
                "expected_repeat_purchases": _rounded(
                    expected_repeat_purchases(kind, PURCHASE_WEEKS)
                ),
                "second_order_share": _rounded(second_order_share(kind, PURCHASE_WEEKS)),
                "mean_spend": kind.spend,
            }
        return {
            "model": "MBG/NBD, unit week, from the first order; Gamma-Gamma spend",
            "of": "orders that no campaign, post or cluster caused; rings buy nothing",
            "weeks": PURCHASE_WEEKS.tolist(),
            "weeks_are": "operational: a festival day counts as its factor",
            "by_channel": by_channel,
        }

    def _festivals(self, as_of: dt.date) -> list[dict[str, Any]]:
        factor = dict(self.frame.world.festivals)
        return [
            {
                "name": item.name,
                "starts_on": item.starts_on.isoformat(),
                "ends_on": item.ends_on.isoformat(),
                "factor_on_orders": factor[item.name],
            }
            for item in china_calendar(self.frame.start.year - 1, as_of.year + 1)
            if item.name in factor and item.starts_on <= as_of and item.ends_on >= self.frame.start
        ]

    def _deletions(self) -> dict[str, Any]:
        shares = self.deletions / np.maximum(self.friendships, 1)[:, None]
        return {
            "of": "expected share of friendships deleted, given who was added by whom",
            "by_code": {
                code.code: {
                    "friendships": int(n),
                    **dict(zip(WINDOWS, _rounded(row), strict=True)),
                }
                for code, n, row in zip(
                    self.frame.world.codes, self.friendships, shares, strict=True
                )
            },
            "factor_of_script_b": self.frame.world.script_b,
            "harsh_advisers": {"ids": self.harsh, "factor": self.frame.world.harsh_adviser},
        }

    def _campaigns(self) -> dict[str, Any]:
        ours = running(self.frame.world, self.frame.days)
        return {
            item.campaign_id: campaign_truth(item, total)
            for item, total in zip(ours, self.campaigns, strict=True)
        }


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 8) for value in values]
