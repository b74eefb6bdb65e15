"""The notebook on segments and tags from end to end, held to what was planted in the community."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from commlab import loaders
from commlab.estimate import Estimate
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

SEGMENTS = "11_segments_tags"
SAMPLE = source.ROOT / "data_samples"
pytestmark = pytest.mark.slow


def plain(key, lang="en", **values):
    return " ".join(t(key, lang, **values).split())


def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(SAMPLE, tmp_path / "out", notebooks=["11"], params={"exclusive": "肤质"})
    assert run.statuses == {SEGMENTS: "done"}
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    figures = {key: Estimate.from_dict(item) for key, item in run.results[SEGMENTS].items()}
    assert set(figures) == {f"segments.{name}" for name in
                            ("fading", "kept", "tagged", "old", "torn", "tag_days")}  # fmt: skip
    assert all(figure.ok for figure in figures.values())
    private = run.folder / "private"
    add = pd.read_csv(private / "tags_to_add.csv", encoding="utf-8-sig", dtype=str)
    assert list(add.columns) == ["member_id", "tag_group", "tag"]
    assert add["member_id"].is_unique
    assert (private / "tags_to_add.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    # 20 members were given two skin types; all the simulator's tags have a time.
    off = pd.read_csv(private / "tags_to_remove.csv", encoding="utf-8-sig", dtype=str)
    assert len(off) == truth["tags"]["contradictory"]
    assert set(off["tag_group"]) == {"肤质"}
    tables = run.folder / "share" / "tables" / SEGMENTS
    layers = pd.read_csv(tables / "segment_layers.csv")
    assert layers["people"].sum() == truth["tags"]["members"]
    here = layers.loc[layers["segment"] != "gone", "people"].sum()
    assert len(add) == here
    # Interests and skin types are dealt out at random in it: no such tag tells who will buy.
    told = pd.read_csv(tables / "tag_outcomes.csv")
    assert not told.loc[told["tag_group"].isin(["兴趣", "肤质", "备注"]), "flagged"].eq(True).any()
    moves = pd.read_csv(tables / "segment_moves.csv")
    assert moves.groupby("origin")["at_risk"].first().sum() == truth["tags"]["members"]
    for lang in ("en", "zh"):
        assert "Error" not in run.page(SEGMENTS, lang).said
        assert " ".join(t("segments.page.title", lang).split()) in run.page(SEGMENTS, lang).said
    everything = " ".join(run.forwarded().values())
    assert not any(who in everything for who in add["member_id"].head(50))


def test_a_guess_takes_no_tag_off(tmp_path):
    run = run_all(SAMPLE, tmp_path / "out", notebooks=["11"], lang="en")
    off = pd.read_csv(run.folder / "private" / "tags_to_remove.csv", encoding="utf-8-sig")
    assert off.empty
    said = run.page(SEGMENTS, "en").said
    assert "was found from the data: " in said
    assert "肤质" in said


def test_actions_reach_the_overview(tmp_path):
    run = run_all(SAMPLE, tmp_path / "out", notebooks=["01", "11"], lang="en")
    said = run.page("01_overview", "en").said
    assert plain("segments.ask.torn") in said
    assert plain("segments.page.title") in said


@pytest.mark.parametrize(
    ("file", "name", "there", "absent"),
    [("online_retail.csv.gz", "online-retail", "orders", "messages"),
     ("ubuntu_irc_messages.csv.gz", "chat-log", "messages", "orders")],
)  # fmt: skip
def test_real_files_of_one_kind(shared_data, tmp_path, file, name, there, absent):
    workspace = tmp_path / "workspace"
    loaders.load([shared_data / file], name, workspace)
    run = run_all(workspace, tmp_path / "out", notebooks=["11"], jobs=1)
    assert run.statuses == {SEGMENTS: "done"}
    for lang in ("en", "zh"):
        page = run.page(SEGMENTS, lang)
        assert "stopped" not in " ".join(page.of("class"))
        assert page.all("img")
        for table in (absent, "tags", "tiers"):
            assert plain(f"segments.adds.{table}", lang) in page.said
        assert plain(f"segments.adds.{there}", lang) not in page.said
    layers = pd.read_csv(run.folder / "share/tables" / SEGMENTS / "segment_layers.csv")
    if there == "orders":
        assert set(layers["segment"]) == {"loyal", "fading", "steady", "overdue", "unbought"}
        assert layers["rate"].notna().any()
        assert (run.folder / "share/tables" / SEGMENTS / "rfm_grid.csv").exists()
    else:
        assert set(layers["segment"]) <= {"active", "still", "gone"}
        assert np.isnan(layers["total"]).all()


def test_a_tag_like_a_formula_is_harmless_and_an_early_workspace_says_so(make_workspace, tmp_path):
    at = pd.Timestamp("2026-06-01")
    ids = [f"m{k}" for k in range(40)]
    members = pd.DataFrame({"member_id": ids, "joined_at": at})
    tags = pd.DataFrame([(who, tag, "skin", at + pd.Timedelta(days=k % 5))
                         for who in ids for k, tag in enumerate(["=HYPERLINK(1)", "dry"])
                         if k == 0 or who == "m3"],
                        columns=["member_id", "tag", "tag_group", "tagged_at"])  # fmt: skip
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m1"], "paid_at": [at],
                           "amount": [10.0]})  # fmt: skip
    workspace = make_workspace({"members": members, "tags": tags, "orders": orders},
                               as_of="2026-06-20")  # fmt: skip
    run = run_all(workspace, tmp_path / "out", notebooks=["11"], lang="en",
                  params={"exclusive": "skin"})  # fmt: skip
    assert run.statuses == {SEGMENTS: "done"}
    off = pd.read_csv(run.folder / "private/tags_to_remove.csv", encoding="utf-8-sig", dtype=str)
    assert off.to_numpy().tolist() == [["m3", "skin", "'=HYPERLINK(1)", "dry"]]
    said = run.page(SEGMENTS, "en").said
    for key in ("moves", "months", "separates", "next"):
        assert plain(f"segments.part.{key}.refused") in said
