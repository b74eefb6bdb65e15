"""The written workspace: keys, references, order of times, sums, and the same again."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commlab.config import read_settings
from commlab.dataset import open_dataset
from commlab.errors import ArgumentError, WorkspaceError
from commlab.simulate import World, read_truth, simulate
from commlab.simulate.channels import ChannelCode
from commlab.tables import TABLES

from .conftest import read_tables

PERSONS = {"members.member_id", "staff.staff_id"}


def test_every_row_has_its_required_columns_and_types(small) -> None:
    _, _, tables = small
    for name, frame in tables.items():
        declared = TABLES[name]
        assert set(frame.columns) <= set(declared.names)
        for column in declared.required:
            assert frame[column].notna().all(), f"{name}.{column}"
        for column in declared.columns:
            allowed = set(column.values)
            if allowed and column.name in frame:
                assert set(frame[column.name].dropna()) <= allowed


def test_keys_are_unique(small) -> None:
    _, _, tables = small
    for name, frame in tables.items():
        if TABLES[name].key:
            assert not frame.duplicated([c for c in TABLES[name].key if c in frame]).any(), name


def test_references_point_at_something(small) -> None:
    _, _, tables = small
    checked = 0
    for name, frame in tables.items():
        for column in TABLES[name].columns:
            if not column.references or column.name not in frame:
                continue
            table, key = column.references.split(".")
            assert set(frame[column.name].dropna()) <= set(tables[table][key]), column.name
            checked += 1
    assert checked >= 20
    assert set(tables["memberships"].inviter_id.dropna()) <= set(tables["members"].member_id)
    assert set(tables["groups"].owner_id) <= set(tables["staff"].staff_id)
    said = tables["messages"].mentions.dropna().explode()
    assert set(said) <= set(tables["members"].member_id)


def test_times_stand_in_order_and_before_the_end(small) -> None:
    folder, truth, tables = small
    first = pd.Timestamp(truth.start, tz="Asia/Shanghai")
    end = pd.Timestamp(truth.as_of, tz="Asia/Shanghai") + pd.Timedelta(days=1)
    ahead = {"expires_at", "promised_by"}  # known on the day, and later than it
    for name, frame in tables.items():
        for column in TABLES[name].columns:
            if column.dtype == "time" and column.name in frame and column.name not in ahead:
                seen = frame[column.name].dropna()
                assert (seen >= first).all(), f"{name}.{column.name}"
                assert (seen < end).all(), f"{name}.{column.name}"
    stays = tables["memberships"]
    assert (stays.observed_from >= stays.joined_at).all()
    assert (stays.last_seen_at >= stays.observed_from).all()
    left = stays.left_at.notna()
    assert (stays.left_at > stays.last_seen_at)[left].all()
    assert (stays.leave_kind.notna() == left).all()
    assert ((stays.left_at - stays.last_seen_at)[left] <= pd.Timedelta(days=1)).all()
    joined = tables["members"].set_index("member_id").joined_at
    for name, at in (("memberships", "joined_at"), ("contacts", "added_at"), ("orders", "paid_at")):
        rows = tables[name].dropna(subset=["member_id"])
        assert (rows[at].to_numpy() >= joined[rows.member_id].to_numpy()).all(), name
    contacts = tables["contacts"]
    gone = contacts.deleted_at.notna()
    assert (contacts.deleted_at >= contacts.added_at)[gone].all()
    assert (contacts.deleted_at >= contacts.observed_from)[gone].all()
    orders = tables["orders"]
    assert (orders.refunded_at >= orders.paid_at)[orders.refunded_at.notna()].all()
    assert orders.paid_at.is_monotonic_increasing
    assert tables["messages"].sent_at.is_monotonic_increasing
    assert read_settings(folder).as_of == truth.as_of == dt.date(2026, 6, 30)


def test_money_adds_up_to_the_fen(small) -> None:
    _, _, tables = small
    orders, items = tables["orders"], tables["order_items"]
    lines = items.groupby("order_id").amount.sum()
    assert (lines.loc[orders.order_id].to_numpy() == orders.amount.to_numpy()).all()
    assert (orders.amount + orders.discount == orders.list_amount).all()
    assert (orders.refund_amount <= orders.amount).all()
    assert (orders.amount > 0).all()
    assert (items.amount > 0).all()
    assert ((orders.refund_amount > 0) == orders.refunded_at.notna()).all()
    assert {"trial", "membership", "regular"} == set(orders.kind)
    assert 0 < orders.member_id.isna().mean() < 0.2


def test_replies_quote_what_they_answer(small) -> None:
    _, _, tables = small
    said = tables["messages"].set_index("message_id")
    replies = said[said.reply_to.notna()]
    asked = said.loc[replies.reply_to]
    assert len(replies) > 1000
    assert (asked.sent_at.to_numpy() <= replies.sent_at.to_numpy()).all()
    assert (asked.group_id.to_numpy() == replies.group_id.to_numpy()).all()
    assert (asked.member_id.to_numpy() != replies.member_id.to_numpy()).all()
    words = asked.text.fillna("[图片]")
    own = [text.split("------\n")[-1].split("- -\n")[-1] for text in words]
    assert all(quote in text for quote, text in zip(own, replies.text, strict=True))
    assert not replies.text.str.contains("{}", regex=False).any()


def test_truth_counts_what_was_written(small) -> None:
    folder, truth, tables = small
    assert truth.rows == {name: len(frame) for name, frame in tables.items()}
    assert read_truth(folder) == truth
    assert truth.figures["orders"]["unknown_buyers"] == tables["orders"].member_id.isna().sum()
    arms = tables["assignments"].groupby(["campaign_id", "arm"]).size()
    for name, facts in truth.figures["campaigns"].items():
        assert (facts["control"], facts["treated"]) == (
            arms[name, "control"],
            arms[name, "treated"],
        )
    caused = tables["orders"].campaign_id.value_counts()
    assert caused["c01"] == truth.figures["campaigns"]["c01"]["orders_caused"]
    stays = tables["memberships"]
    people = stays[stays.member_id.str.startswith("m")]
    joiners = sum(truth.figures["retention"]["joiners"].values())
    moved, unseen = truth.figures["retention"]["migrated_in"], truth.figures["unseen"]
    assert len(people) == joiners + moved - unseen["memberships"]
    assert (people.observed_from > people.joined_at).any()


def test_stays_end_in_every_way(small) -> None:
    _, truth, tables = small
    stays = tables["memberships"]
    people = stays[stays.member_id.str.startswith("m")]
    assert {"left", "removed", "migrated", "closed"} == set(people.leave_kind.dropna())
    closed = {name: facts for name, facts in truth.figures["groups"].items() if "closed" in facts}
    shut = people[people.leave_kind.isin(["migrated", "closed"])]
    assert set(shut.group_id) == set(closed)
    movers = shut[shut.leave_kind == "migrated"]
    receivers = people[people.group_id.isin([facts["receiver"] for facts in closed.values()])]
    assert set(movers.member_id) <= set(receivers.member_id)


def test_staff_are_marked_everywhere(small) -> None:
    _, _, tables = small
    members, staff = tables["members"], tables["staff"]
    assert set(members[members.role != "member"].member_id) == set(staff.staff_id)
    assert (staff.role == "atmosphere").sum() >= 3
    said = tables["messages"].member_id
    assert 0.05 < said.isin(staff.staff_id).mean() < 0.4


def test_it_opens(small) -> None:
    folder, truth, _ = small
    ds = open_dataset(folder)
    assert ds.as_of == truth.as_of
    assert ds.engine.execute(ds.people().count()) == 1500


@pytest.mark.slow
def test_its_quality_has_no_errors(small) -> None:
    folder, _, _ = small
    ds = open_dataset(folder)
    assert not [finding for finding in ds.check() if finding.severity == "error"]


def test_same_seed_same_files_and_another_seed_others(small, tmp_path: Path) -> None:
    folder, _, tables = small
    again = tmp_path / folder.name  # the name stands in the README
    simulate(again, members=1500, seed=11)
    for path in sorted(folder.iterdir()):
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    simulate(tmp_path / "other", members=1500, seed=12)
    other = read_tables(tmp_path / "other")
    assert not tables["orders"].amount.head(50).equals(other["orders"].amount.head(50))


def test_chunks_make_one_world(tmp_path: Path, chunks_of) -> None:
    chunks_of(400)
    truth = simulate(tmp_path / "w", members=1000, seed=5)
    tables = read_tables(tmp_path / "w")
    test_keys_are_unique((None, None, tables))
    test_references_point_at_something((None, None, tables))
    test_truth_counts_what_was_written((tmp_path / "w", truth, tables))
    assert (tables["members"].role == "member").sum() == 1000
    # Chunks do not copy each other.
    births = tables["members"].birth_year.dropna().to_numpy()
    assert not np.array_equal(births[:333], births[334:667])


@pytest.mark.parametrize("members", [1, 7, 40])
@pytest.mark.parametrize("months", [1, 3])
def test_tiny_worlds_work(tmp_path: Path, members: int, months: int) -> None:
    truth = simulate(tmp_path / "w", members=members, months=months, seed=2, start="2026-01-31")
    assert (read_tables(tmp_path / "w")["members"].role == "member").sum() == members
    assert truth.start == dt.date(2026, 1, 31)


def test_a_real_workspace_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").write_bytes(b"real")
    with pytest.raises(WorkspaceError, match="not simulated"):
        simulate(tmp_path, members=10, months=1)
    assert (tmp_path / "orders.parquet").read_bytes() == b"real"


def test_renewing_keeps_other_files_and_drops_old_tables(tmp_path: Path) -> None:
    simulate(tmp_path, members=30, months=15)
    (tmp_path / "notes.md").write_text("mine")
    simulate(tmp_path, members=30, months=2)
    assert (tmp_path / "notes.md").read_text() == "mine"
    assert not (tmp_path / "campaigns.parquet").exists()  # too short for a campaign
    assert not list(tmp_path.glob(".simulate-*"))


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch) -> None:
    def fail(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("commlab.simulate.brand_tables", fail)
    with pytest.raises(OSError, match="disk full"):
        simulate(tmp_path / "w", members=30, months=2)
    assert not (tmp_path / "w").exists()


def test_bad_arguments_are_named(tmp_path: Path) -> None:
    for arguments in ({"members": 0}, {"months": 0}, {"seed": -1}, {"start": "soon"}):
        (name,) = arguments
        with pytest.raises(ArgumentError, match=name):
            simulate(tmp_path / "w", **arguments)
    with pytest.raises(ArgumentError, match=r"sums to 0\.5"):
        World(codes=(ChannelCode("oa01", "official_account", 0.5), *World().codes[2:]))
    with pytest.raises(WorkspaceError, match="nothing is known"):
        read_truth(tmp_path)


def test_truth_is_plain_json_with_both_ends(small) -> None:
    folder, truth, _ = small
    figures = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert figures == truth.figures
    curve = figures["retention"]["membership_survival"]["all"]
    assert len(curve) == 52
    assert all(a > b for a, b in itertools.pairwise(curve))
