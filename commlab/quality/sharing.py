"""Findings as they may be forwarded: those about few people say that they are few, and no more."""

from __future__ import annotations

import dataclasses

from commlab.quality.findings import FEW, Finding, Findings

# Rules whose finding counts people of a kind, in `values["members"]`; others count rows or days.
PERSONAL = frozenset({"looks_like_staff", "one_person_many_ids"})


def shareable(found: Findings, small: int) -> Findings:
    """Return findings without counts and examples of 1 to `small` − 1 people.

    Args:
        found: The findings; they stay as they are.
        small: The smallest number of people that may be shown.

    Example:
        >>> two = Finding("members", "member_id", "looks_like_staff", "warning", 2,
        ...               values={"members": 2, "messages": 0})
        >>> shareable(Findings((two,)), 5)[0].what("en")
        'Fewer than 5 accounts that count as members look like staff or bots.'
    """
    return Findings(tuple(_masked(item, small) for item in found), found.checked)


def _masked(item: Finding, small: int) -> Finding:
    if item.rule not in PERSONAL or not 0 < item.values["members"] < small:
        return item
    # What two people wrote, and their share of all messages, tells of them as much as their number.
    return dataclasses.replace(item, rows=0, share=None, examples=(), values={FEW: small})
