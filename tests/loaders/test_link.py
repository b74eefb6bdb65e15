"""Workspaces joined: who is a member, what buyers keep, and every row accounted for."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

import commlab
from commlab.errors import LoadError
from commlab.loaders import load
from commlab.loaders.identifiers import identifier_hash
from commlab.loaders.link import NO_MEMBER, SAME


def workspace(folder, **tables):
    """A workspace of text tables, by way of canonical CSV."""
    source = folder.with_name(folder.name + "-in")
    source.mkdir()
    for name, rows in tables.items():
        pd.DataFrame(rows).to_csv(source / f"{name}.csv", index=False)
    load(source, "files", folder)
    return folder


def phone(number):
    return {"kind": "phone", "value_hash": identifier_hash("phone", number)}


WHEN = "2026-01-01 08:00"


@pytest.fixture
def community(tmp_path):
    return workspace(
        tmp_path / "community",
        members=[{"member_id": m, "joined_at": WHEN, "region": None} for m in ("wm1", "wm2", "x")],
        memberships=[{"group_id": "g", "member_id": m, "joined_at": WHEN} for m in ("wm1", "boss")],
        messages=[{"message_id": "1", "group_id": "g", "member_id": "boss", "sent_at": WHEN,
                   "mentions": "wm1;boss"}],
        identities=[{"member_id": "wm1", **phone("1")}, {"member_id": "wm2", **phone("2")},
                    {"member_id": "x", **phone("9")}],
    )  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    return workspace(
        tmp_path / "shop",
        members=[{"member_id": m, "joined_at": "2025-01-01", "region": r} for m, r in
                 (("s1", "上海"), ("x", "北京"), ("s3", "四川"))],
        orders=[{"order_id": str(n), "member_id": m, "paid_at": WHEN, "amount": n * 10}
                for n, m in ((1, "s1"), (2, "x"), (3, "s3"), (4, None), (5, "s1"))],
        tiers=[{"member_id": m, "tier": "gold", "valid_from": WHEN} for m in ("s1", "x")],
        identities=[{"member_id": "s1", **phone("1")}, {"member_id": "x", **phone("3")}],
    )  # fmt: skip


@pytest.fixture
def joined(community, shop, tmp_path):
    report = load([community, shop], "workspaces", tmp_path / "all")
    frames = {path.stem: pq.read_table(path).to_pandas()
              for path in (tmp_path / "all").glob("*.parquet")}  # fmt: skip
    return report, frames, tmp_path / "all"


def test_a_matched_buyer_is_the_member_and_keeps_the_communitys_beginning(joined):
    members = joined[1]["members"].set_index("member_id")
    assert sorted(members.index) == ["wm1", "wm2", "x"]
    assert members.loc["wm1", "region"] == "上海"
    assert members.loc["wm1", "joined_at"] == pd.Timestamp(WHEN, tz="Asia/Shanghai")
    orders = joined[1]["orders"].set_index("order_id")
    assert orders.loc[["1", "5"], "member_id"].tolist() == ["wm1", "wm1"]
    assert joined[1]["tiers"]["member_id"].tolist() == ["wm1"]


def test_a_buyer_is_a_member_a_non_member_or_unknown(joined):
    orders = joined[1]["orders"].set_index("order_id")
    # x of the shop is not x of the community: same id, another phone.
    assert orders["buyer_status"].dropna().to_dict() == {
        "1": "member", "5": "member", "2": "non_member", "3": "unknown"}  # fmt: skip
    assert orders.loc[["2", "3", "4"], "member_id"].isna().all()
    ds = commlab.open_dataset(joined[2], as_of="2026-01-31")
    told = ds.frame(ds.table("orders"), order_by=["order_id"]).set_index("order_id")
    assert told.loc["4", "buyer_status"] == "unknown"


def test_with_few_known_phones_nobody_is_called_a_non_member(shop, tmp_path):
    few = workspace(
        tmp_path / "few",
        members=[{"member_id": f"wm{n}", "joined_at": WHEN} for n in range(1, 4)],
        memberships=[{"group_id": "g", "member_id": "wm1", "joined_at": WHEN}],
        identities=[{"member_id": "wm1", **phone("1")}],
    )
    load([few, shop], "workspaces", tmp_path / "all")
    orders = pq.read_table(tmp_path / "all" / "orders.parquet").to_pandas()
    assert set(orders["buyer_status"].dropna()) == {"member", "unknown"}


def test_staff_who_write_keep_their_ids(joined):
    assert "boss" in set(joined[1]["memberships"]["member_id"])
    assert list(joined[1]["messages"]["mentions"][0]) == ["wm1", "boss"]


def test_every_row_is_accounted_for_and_the_match_rate_is_told(joined):
    report = joined[0]
    assert report.check() is report
    assert report.account("shop/members", "members").loaded == {"rows": 0, SAME: 1}
    assert report.account("shop/members", "members").not_loaded[NO_MEMBER].lines == [2, 3]
    assert report.account("shop/tiers", "tiers").not_loaded[NO_MEMBER].lines == [2]
    notes = "\n".join(report.notes)
    assert "shop: 1 of 3 people (33.3%) are members of the community; 1 are not, and of 1" in notes
    assert "shop: 1 of 3 members (33.3%) are its customers." in notes
    assert "By phone: 3 of 3 members have one" in notes


def test_a_conflict_is_told(community, tmp_path):
    shop = workspace(
        tmp_path / "shop",
        members=[{"member_id": m, "joined_at": WHEN} for m in ("s1", "s2")],
        orders=[{"order_id": "1", "member_id": "s1", "paid_at": WHEN, "amount": 1}],
        identities=[{"member_id": m, **phone("1")} for m in ("s1", "s2")],
    )
    report = load([community, shop], "workspaces", tmp_path / "all")
    assert any("Conflict: 1 phone identifiers" in note for note in report.notes)
    assert "members" in report.tables


def test_two_communities_tell_equal_ids_apart(community, tmp_path):
    other = workspace(
        tmp_path / "other",
        members=[{"member_id": "wm1", "joined_at": WHEN}],
        memberships=[{"group_id": "h", "member_id": "wm1", "joined_at": WHEN}],
    )
    load([community, other], "workspaces", tmp_path / "all")
    held = pq.read_table(tmp_path / "all" / "memberships.parquet").to_pandas()
    assert set(held["member_id"]) == {"wm1", "boss", "other:wm1"}


def test_what_cannot_be_joined(community, tmp_path):
    with pytest.raises(LoadError, match="nothing to join"):
        load(community, "workspaces", tmp_path / "all")
    with pytest.raises(LoadError, match=r"no workspace of Parquet files"):
        load([community, tmp_path / "community-in"], "workspaces", tmp_path / "all")
    with pytest.raises(LoadError, match="no such folder"):
        load([community, tmp_path / "nowhere"], "workspaces", tmp_path / "all")
