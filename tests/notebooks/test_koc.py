"""The notebook on opinion leaders from end to end: the made-up community, and with few tables."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commlab import loaders
from commlab.estimate import Estimate
from commlab.tables.lists import LISTS
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

KOC = "06_koc"


def figures_of(run):
    return {key: Estimate.from_dict(item) for key, item in run.results[KOC].items()}


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["06"])
    assert run.statuses == {KOC: "done"}
    figures = figures_of(run)
    assert set(figures) == {"koc.chosen", "koc.stable", "koc.kept_half", "koc.above_cut",
                            "koc.lift", "koc.resolved", "koc.pagerank_kept"}  # fmt: skip
    assert all(figure.ok for figure in figures.values())
    truth = json.loads((source.ROOT / "data_samples" / "truth.json").read_text(encoding="utf-8"))
    listed = pd.read_csv(run.folder / "private" / "koc.csv", dtype={"member_id": "str"})
    assert list(listed) == list(LISTS["koc"].names)
    chosen = listed.loc[listed["state"] == "chosen", "member_id"]
    assert len(chosen) == figures["koc.chosen"].value
    assert chosen.isin(truth["influence"]["koc"]).mean() > 0.5
    lift = figures["koc.lift"]  # of chosen and candidates: between none and the planted
    assert lift.low <= 1000 * truth["influence"]["lift"]
    for name in ("freebies", "rings"):
        found = pd.read_csv(run.folder / "private" / f"{name}.csv", dtype={"member_id": "str"})
        assert list(found) == list(LISTS[name].names)
    everybody = {item for ring in truth["referrals"]["rings"] for item in ring}
    assert set(found["member_id"]) == everybody
    for lang in ("en", "zh"):
        page = run.page(KOC, lang)
        assert not any(member in page.said for member in listed["member_id"])
        for part in ("headline", "cards", "later", "influence", "graph", "pieces",
                     "referrals"):  # fmt: skip
            assert said(t(f"koc.part.{part}.refused", lang)) not in page.said, part


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kept", "missing"),
    [
        (("orders", "members"), "silent"),
        (("memberships", "referrals", "members", "touchpoints"), "silent"),
        (("messages", "members"), "unpaid"),
    ],
)
def test_with_few_tables_it_says_what_is_lost(tmp_path, kept, missing):
    workspace = tmp_path / "brand"
    workspace.mkdir()
    for name in (*kept, "commlab"):
        for file in (source.ROOT / "data_samples").glob(f"{name}.*"):
            (workspace / file.name).write_bytes(file.read_bytes())
    run = run_all(workspace, tmp_path / "out", notebooks=["06"], lang="en")
    assert run.statuses == {KOC: "done"}
    page = run.page(KOC, "en")
    if "orders" in kept:  # consumption alone: nobody is strong in two parts
        assert said(t("koc.part.headline.refused", "en")) in page.said
    else:
        assert said(t(f"koc.part.cards.{missing}", "en")) in page.said
    assert "Error" not in page.said


@pytest.mark.slow
def test_marks_of_the_brand_are_learnt_from(tmp_path):
    """Thirty members marked as opinion leaders, sixty planted hunters marked as such."""
    workspace = tmp_path / "brand"
    shutil.copytree(source.ROOT / "data_samples", workspace)
    truth = json.loads((workspace / "truth.json").read_text(encoding="utf-8"))
    hunters = truth["freebies"]["ids"][:60]
    members = pq.read_table(workspace / "members.parquet", columns=["member_id", "role"])
    others = [one["member_id"] for one in members.to_pylist() if one["role"] == "member"]
    marks = [(one, "KOC") for one in [*truth["influence"]["koc"], *others[:30]]]
    marks += [(one, "Hunter") for one in hunters]
    tags = pq.read_table(workspace / "tags.parquet")
    extra = tags.slice(0, len(marks))
    for name, values in zip(("member_id", "tag"), zip(*marks, strict=True), strict=True):
        place = extra.schema.get_field_index(name)
        extra = extra.set_column(place, extra.schema.field(name), pa.array(values, pa.string()))
    pq.write_table(pa.concat_tables([tags, extra]), workspace / "tags.parquet")
    run = run_all(workspace, tmp_path / "out", notebooks=["06"], lang="en",
                  params={"label_tag": "koc", "hunter_tag": "hunter"})  # fmt: skip
    assert run.statuses == {KOC: "done"}
    listed = pd.read_csv(run.folder / "private" / "freebies.csv", dtype={"member_id": "str"})
    assert set(hunters) <= set(listed["member_id"])
    scores = pd.read_csv(run.folder / "share" / "tables" / KOC / "koc_labels.csv")
    assert scores["method"].tolist() == ["labels", "composite"] * 2
    page = run.page(KOC, "en")
    for part in ("hunters", "labels"):
        assert said(t(f"koc.part.{part}.refused", "en")) not in page.said


@pytest.mark.slow
def test_a_real_log_of_messages_alone(shared_data, tmp_path):
    workspace = tmp_path / "workspace"
    loaders.load([shared_data / "ubuntu_irc_messages.csv.gz"], "chat-log", workspace)
    run = run_all(workspace, tmp_path / "out", notebooks=["06"], lang="en",
                  params={"window_days": 5000})  # fmt: skip
    assert run.statuses == {KOC: "done"}
    figures = figures_of(run)
    assert figures["koc.resolved"].value > 0.99  # people annotated the replies
    assert 0.5 < figures["koc.pagerank_kept"].value < 1
    central = pd.read_csv(run.folder / "share" / "tables" / KOC / "koc_central.csv")
    assert central["pagerank"].is_monotonic_decreasing
    assert central["expertise"].notna().all()
    assert said(t("koc.part.cards.unpaid", "en")) in run.page(KOC, "en").said
