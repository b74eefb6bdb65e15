"""Identifiers: their shares, and who shares one."""

from __future__ import annotations

import numpy as np

from commlab.simulate.chunk import Chunk
from commlab.simulate.identities import EXTERNAL, NICKNAME, PHONE, UNION

from .conftest import PLAIN, z_of_share

PLAN = PLAIN.identifiers


def test_shares_by_kind(big: Chunk) -> None:
    ids, n = big.identities, len(big.people)
    usual = np.ones(n, dtype=bool)
    usual[ids.twice.ravel()] = False
    usual[big.people.ring >= 0] = False
    count = np.bincount(ids.kind[usual[ids.member]], minlength=4)
    assert count[EXTERNAL] == usual.sum()
    for kind, share in ((UNION, PLAN.unionid), (PHONE, PLAN.phone), (NICKNAME, PLAN.shop_nickname)):
        assert abs(z_of_share(count[kind], usual.sum(), share)) < 4


def test_only_the_same_person_and_rings_share_a_phone(more: list[Chunk]) -> None:
    for drawn in more:
        ids = drawn.identities
        assert abs(len(ids.twice) - len(drawn.people) * PLAN.twice) <= 1
        expected = {tuple(pair) for pair in ids.twice.tolist()}
        value, members = ids.value[ids.kind == PHONE], ids.member[ids.kind == PHONE]
        order = np.argsort(value, kind="stable")
        value, members = value[order], members[order]
        starts = np.flatnonzero(np.append(True, value[1:] != value[:-1]))
        pairs = set()
        for shared in np.split(members, starts[1:]):
            rings = drawn.people.ring[shared]
            if shared.size > 1 and (rings < 0).any():
                assert shared.size == 2
                pairs.add(tuple(sorted(shared.tolist())))
            elif shared.size > 1:
                assert np.unique(rings).size == 1
        assert pairs == expected
        others = ids.value[ids.kind != PHONE]
        assert np.unique(others).size == others.size
