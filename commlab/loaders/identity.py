"""Who is who: members of several workspaces that share an identifier are one person.

Union-find over hashed identifiers, in two steps, because not every identifier names one person:

1. `external_userid` and `unionid` belong to one account of one person: they always unite.
2. `phone` and `shop_nickname` may be shared (a family's phone, a number given away). One
   that leads to two people of the same workspace unites nobody, and neither do those that would
   unite two people with different unionids, or two of one workspace by way of a third. These are
   conflicts: counted by kind, and left apart, since a wrong union books one person's purchases on
   another.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

STRONG = ("external_userid", "unionid")
SHARED = "leads to two people of one workspace"
CHAIN = "would unite two people of one workspace, or two with different unionids"


@dataclasses.dataclass(frozen=True)
class People:
    """Who is who.

    Attributes:
        person: Number of the person of each (place, member_id) row that was given.
        conflicts: (kind, reason) → identifiers that united nobody because of it.
    """

    person: pd.Series
    conflicts: dict[tuple[str, str], int]


def unite(members: pd.DataFrame, identities: pd.DataFrame) -> People:
    """Return who is who.

    Args:
        members: Distinct place (number of the workspace) and member_id.
        identities: place, member_id, kind, value_hash; rows of others than `members` are ignored.

    Example:
        >>> members = pd.DataFrame({"place": [0, 1, 1], "member_id": ["a", "b", "c"]})
        >>> same = pd.DataFrame({"place": [0, 1], "member_id": ["a", "b"], "kind": "phone",
        ...                      "value_hash": "x"})
        >>> unite(members, same).person.tolist()
        [0, 0, 1]
    """
    nodes = members.reset_index(drop=True).reset_index(names="node")
    ties = identities.drop_duplicates().merge(nodes, on=["place", "member_id"])
    ties = ties[["node", "place", "kind", "value_hash"]]
    strong = ties["kind"].isin(STRONG)
    first = _components(len(nodes), ties.loc[strong, "node"], _codes(ties[strong]))
    ties = ties.assign(unit=first[ties["node"]])
    unionids = ties[ties["kind"] == "unionid"].groupby("unit")["value_hash"].first()
    weak = ties.loc[~strong, ["unit", "place", "kind", "value_hash"]].drop_duplicates()
    homes = weak.groupby(["kind", "value_hash", "place"])["unit"].nunique()
    shared = homes[homes > 1].reset_index()[["kind", "value_hash"]].drop_duplicates()
    weak = weak.merge(shared.assign(shared=True), on=["kind", "value_hash"], how="left")
    clear = weak[weak["shared"].isna()]
    units = int(first.max(initial=-1)) + 1
    whole = _components(units, clear["unit"], _codes(clear))
    bad = _contradicting(whole, nodes["place"].to_numpy(), first, unionids)
    broken = clear[np.isin(whole[clear["unit"]], bad)]
    # Whoever is in a contradiction stays what the strong identifiers make of them.
    person = np.where(np.isin(whole, bad), whole.max(initial=-1) + 1 + np.arange(units), whole)
    conflicts = {(str(kind), SHARED): int(n) for kind, n in shared.groupby("kind").size().items()}
    linking = broken.groupby(["kind", "value_hash"])["unit"].nunique()
    for kind, n in linking[linking > 1].groupby("kind").size().items():
        conflicts[str(kind), CHAIN] = int(n)
    numbers = pd.factorize(person[first] if units else first)[0]
    return People(pd.Series(numbers, index=members.index, name="person"), conflicts)


def _codes(ties: pd.DataFrame) -> np.ndarray:
    return ties.groupby(["kind", "value_hash"], sort=False).ngroup().to_numpy()


def _components(size: int, left: pd.Series, right: np.ndarray) -> np.ndarray:
    """Component of each of `size` nodes that are tied by what they have in common."""
    if not size:
        return np.zeros(0, int)
    whole = size + (int(right.max()) + 1 if len(right) else 0)
    edges = (np.ones(len(right)), (left.to_numpy(), size + right))
    labels = connected_components(coo_matrix(edges, shape=(whole, whole)), directed=False)[1]
    return np.asarray(pd.factorize(labels[:size])[0])


def _contradicting(
    whole: np.ndarray, places: np.ndarray, first: np.ndarray, unionids: pd.Series
) -> np.ndarray:
    """Components that hold two people of one place, or two unionids."""
    units = pd.DataFrame({"unit": first, "place": places}).drop_duplicates()
    units["whole"] = whole[units["unit"]]
    doubled = units.groupby(["whole", "place"])["unit"].nunique()
    twice = doubled[doubled > 1].index.get_level_values("whole")
    named = pd.DataFrame({"whole": whole[unionids.index], "unionid": unionids.to_numpy()})
    several = named.groupby("whole")["unionid"].nunique()
    return np.union1d(twice.to_numpy(), several[several > 1].index.to_numpy())
