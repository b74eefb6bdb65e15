"""Self-referral rings: accounts that invite each other for the reward.

Three kinds of evidence, each stated: a circle of invitations, an identifier (phone, device) shared
by accounts that are linked by invitations, and accounts of one invitation chain that all came
within hours. A circle or a shared identifier convicts; a burst alone only does with one of them,
because a lecture hall of friends joins in a burst too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from commlab import guards

BURST_HOURS = 24.0  # rings are made in one sitting; friends who invite friends take days
BURST_SIZE = 3  # two accounts are a couple
COLUMNS = ("ring", "member_id", "circle", "shared", "burst")


def referral_rings(
    links: pd.DataFrame,
    shared: pd.DataFrame | None = None,
    *,
    burst_hours: float = BURST_HOURS,
    burst_size: int = BURST_SIZE,
) -> pd.DataFrame:
    """Return the accounts of self-referral rings with the evidence.

    Args:
        links: Who brought whom (`metrics.referral_links`): inviter_id, invitee_id,
            inviter_joined, invitee_joined.
        shared: Accounts that share an identifier (`metrics.shared_identifiers`): member_id,
            value; None: not known.
        burst_hours: Hours within which accounts of a burst come.
        burst_size: Accounts of a burst, at least.

    Returns:
        Frame sorted by ring and member: ring (a number from 1), member_id, circle (on a circle of
        invitations), shared (shares an identifier with its inviter, an invitee, or another invitee
        of its inviter), burst (came in a burst of its chain). Empty where there are none.
    """
    guards.in_range("burst_hours", burst_hours, low=0, open_low=True)
    guards.whole("burst_size", burst_size, low=2)
    if links.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    from sknetwork.topology import get_connected_components

    ends = np.concatenate([links["inviter_id"].to_numpy(str), links["invitee_id"].to_numpy(str)])
    names, place = np.unique(ends, return_inverse=True)
    n, count = len(names), len(links)
    graph = sparse.csr_matrix(
        (np.ones(count, dtype=bool), (place[:count], place[count:])), shape=(n, n)
    )
    strong = get_connected_components(graph, connection="strong")
    chain = get_connected_components(graph, connection="weak")
    circle = np.bincount(strong)[strong] >= 2
    same = _sharing(names, place[:count], place[count:], shared)
    joined = _joined(links, names, place)
    burst = _bursts(chain, joined, burst_hours, burst_size)
    guilty = circle | same
    # Who brought a guilty account, or was brought by it, in the same burst belongs to the ring.
    tainted = _beside(guilty & burst, place[:count], place[count:], joined, burst_hours) & burst
    found = guilty | tainted
    out = pd.DataFrame(
        {
            "ring": pd.factorize(chain[found], sort=True)[0] + 1,
            "member_id": names[found],
            "circle": circle[found],
            "shared": same[found],
            "burst": burst[found],
        }
    )
    return out.sort_values(["ring", "member_id"]).reset_index(drop=True)


def _beside(
    guilty: np.ndarray, inviter: np.ndarray, invitee: np.ndarray, joined: np.ndarray, hours: float
) -> np.ndarray:
    """Return who is one invitation away from a guilty account and joined within the hours of it."""
    mask = np.zeros(len(guilty), dtype=bool)
    apart = np.abs((joined[inviter] - joined[invitee]).astype("float64")) / 3.6e9
    close = apart <= hours  # false where a time is not known
    mask[inviter[close & guilty[invitee]]] = True
    mask[invitee[close & guilty[inviter]]] = True
    return mask


def _sharing(
    names: np.ndarray, inviter: np.ndarray, invitee: np.ndarray, shared: pd.DataFrame | None
) -> np.ndarray:
    """Return who shares an identifier with the inviter, an invitee or a sibling."""
    mask = np.zeros(len(names), dtype=bool)
    if shared is None or shared.empty:
        return mask
    place = pd.Series(np.arange(len(names)), index=names).reindex(shared["member_id"].astype(str))
    rows = pd.DataFrame({"place": place.to_numpy(), "value": shared["value"].to_numpy()}).dropna()
    rows["place"] = rows["place"].astype(int)
    rows = rows.drop_duplicates()
    links = pd.DataFrame({"inviter": inviter, "place": invitee}).drop_duplicates()
    brought = rows.merge(links, on="place")
    siblings = brought.groupby(["value", "inviter"])["place"].transform("nunique") >= 2
    mask[brought.loc[siblings, "place"]] = True
    pairs = brought.merge(rows.rename(columns={"place": "inviter"}), on=["value", "inviter"])
    mask[pairs["place"]] = True
    mask[pairs["inviter"]] = True
    return mask


def _joined(links: pd.DataFrame, names: np.ndarray, place: np.ndarray) -> np.ndarray:
    times = pd.concat([links["inviter_joined"], links["invitee_joined"]]).to_numpy("datetime64[us]")
    joined = np.full(len(names), np.datetime64("NaT"), dtype="datetime64[us]")
    joined[place] = times
    return joined


def _bursts(chain: np.ndarray, joined: np.ndarray, hours: float, size: int) -> np.ndarray:
    """Return who came with at least `size` of its chain (itself included) within the hours."""
    known = np.flatnonzero(~np.isnat(joined))
    order = known[np.lexsort((joined[known], chain[known]))]
    at = joined[order].astype("int64") / 3.6e9
    same = chain[order]
    mask = np.zeros(len(chain), dtype=bool)
    last = len(order) - size + 1
    for first in range(max(last, 0)):  # one step an account with referrals, not a row of a table
        beyond = first + size - 1
        if same[first] == same[beyond] and at[beyond] - at[first] <= hours:
            mask[order[first : beyond + 1]] = True
    return mask
