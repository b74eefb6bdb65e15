"""Roles in the written workspace: the truth names people of the tables, within chunks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from commlab.simulate import simulate

from .conftest import read_tables


def test_truth_names_members_of_the_tables(small) -> None:
    _, truth, tables = small
    members = tables["members"].set_index("member_id")
    ours, facts = members[members.role == "member"], truth.figures
    decoys = facts["influence"]["decoys"]
    named = [
        *facts["influence"]["koc"],
        *facts["freebies"]["ids"],
        *decoys["loud"],
        *decoys["big_spenders"],
        *(one for part in decoys["clusters"] for one in part),
        *(one for part in decoys["rings"] for one in part),
        *(one for pair in facts["identities"]["one_person"] for one in pair),
    ]
    assert len(named) > 100
    assert set(named) <= set(ours.index)
    assert set(decoys["atmosphere"]) == set(members[members.role == "atmosphere"].index)
    counts = facts["freebies"]["by_channel"]
    assert sum(item["hunters"] for item in counts.values()) == len(facts["freebies"]["ids"])
    assert sum(item["newcomers"] for item in counts.values()) == truth.members


def test_rings_and_persons_can_be_found_in_the_tables(small) -> None:
    _, truth, tables = small
    referrals, ids = tables["referrals"], tables["identities"]
    assert referrals.invitee_id.is_unique
    assert (referrals.inviter_id != referrals.invitee_id).all()
    inviter = referrals.set_index("invitee_id").inviter_id
    rings = truth.figures["influence"]["decoys"]["rings"]
    assert rings
    for ring in rings:
        at, seen = ring[0], set()
        for _ in ring:
            at = inviter[at]
            seen.add(at)
        assert at == ring[0]
        assert seen == set(ring)
    phone = ids[ids.kind == "phone"].set_index("member_id").value_hash
    for elder, younger in truth.figures["identities"]["one_person"]:
        assert phone[elder] == phone[younger]
    stays = tables["memberships"].dropna(subset=["inviter_id"])
    brought = stays[stays.member_id.isin(inviter.index) & stays.inviter_id.str.startswith("m")]
    assert len(brought) > 20
    assert (inviter[brought.member_id].to_numpy() == brought.inviter_id.to_numpy()).all()


def test_causes_stand_with_the_groups(small) -> None:
    _, truth, tables = small
    dead = {name: item for name, item in truth.figures["groups"].items() if "died" in item}
    assert dead
    said = tables["messages"].merge(
        tables["members"][["member_id", "role"]], on="member_id", validate="m:1"
    )
    for name, item in dead.items():
        assert item["cause"] in ("neglect", "ads_only", "imprecise")
        theirs = said[(said.group_id == name) & (said.role == "member")]
        after = pd.Timestamp(item["died"], tz="Asia/Shanghai") + pd.Timedelta(days=1)
        assert (theirs.sent_at < after).all()


def test_nothing_crosses_chunks(tmp_path: Path, chunks_of) -> None:
    chunks_of(400)
    simulate(tmp_path / "w", members=1200, seed=5)
    tables = read_tables(tmp_path / "w")

    def chunk(ids: pd.Series) -> pd.Series:
        return (ids.str[1:].astype(int) - 1) // 400

    referrals, ids = tables["referrals"], tables["identities"]
    assert len(referrals) > 100
    assert (chunk(referrals.inviter_id) == chunk(referrals.invitee_id)).all()
    home = chunk(ids.member_id).groupby(ids.value_hash)
    assert (home.min() == home.max()).all()
