"""The few figures that say whether the data can be trusted."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Protocol

from commlab.estimate import Estimate
from commlab.metrics.extent import freshness
from commlab.metrics.health import buyer_membership

if TYPE_CHECKING:
    from commlab.dataset import Dataset


class Counted(Protocol):
    """What a check found, as far as the headline needs it."""

    @property
    def errors(self) -> Sized:
        """Findings that stop reports."""

    @property
    def warnings(self) -> Sized:
        """Findings to look at."""


def health_headline(ds: Dataset, found: Counted) -> dict[str, Estimate]:
    """Return the headline figures of the data's health.

    Args:
        ds: The dataset.
        found: What `ds.check()` returned.

    Returns:
        Estimates by name: `errors`, `warnings` (findings), `people` (members who are not staff;
        `seen` instead where there is no table of members: people in orders, messages, groups),
        `days` (from the first dated row to `as_of`), `stale` (days without a row of orders or
        messages before `as_of`), and `buyers` (share of buyers who are members, with bounds for
        the unknown) where there are orders.
    """
    fresh = freshness(ds)
    dated = fresh[fresh["first"].notna()]
    figures = {
        "errors": Estimate.count(len(found.errors), unit="findings"),
        "warnings": Estimate.count(len(found.warnings), unit="findings"),
    }
    if not found.errors:
        people = int(ds.engine.execute(ds.people().count()))
        # Without a table of members these are people seen somewhere: buyers are no members.
        name, unit = ("people", "members") if ds.has("members") else ("seen", "people")
        figures[name] = Estimate.count(people, unit=unit)
    if len(dated):
        days = (ds.as_of - dated["first"].min().date()).days + 1
        figures["days"] = Estimate.count(days, unit="days")
    active = dated[dated["table"].isin(["orders", "messages"])]
    if len(active):
        stale = int(active["days_before_as_of"].min())
        figures["stale"] = Estimate.count(stale, unit="days")
    if ds.has("orders") and not found.errors:
        figures["buyers"] = buyer_membership(ds)["buyers"]
    return figures
