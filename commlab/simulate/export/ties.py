"""Who brought whom, and who is who, as tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from commlab.simulate.columns import arrow_table, hashes, money, pick
from commlab.simulate.export.labels import Labels
from commlab.simulate.identities import KINDS


def referrals(labels: Labels) -> pa.Table:
    """Return `referrals`, by time."""
    who = labels.chunk.people
    brought = np.flatnonzero(who.inviter >= 0)
    brought = brought[np.argsort(who.invited[brought], kind="stable")]
    reward = round(labels.world.referrals.reward * 100)
    return arrow_table(
        "referrals",
        inviter_id=labels.members(who.inviter[brought]),
        invitee_id=labels.members(brought),
        at=labels.times(who.invited[brought]),
        reward_cost=money(np.full(brought.size, reward)),
    )


def identities(labels: Labels) -> pa.Table:
    """Return `identities`."""
    ours = labels.chunk.identities
    return arrow_table(
        "identities",
        member_id=labels.members(ours.member),
        kind=pick(KINDS, ours.kind),
        value_hash=hashes(ours.value),
    )
