"""The notebook on contents from end to end: the made-up community, and with few tables."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from commlab import loaders
from commlab.estimate import Estimate
from commlab.tables.lists import LISTS
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

CONTENT = "10_content_timing"
PARTS = ("sent", "after", "deleted", "fatigue", "tags", "contents", "reactions", "topic", "part",
         "winners", "cadence", "hours", "topics", "complaints", "demand", "opinion")  # fmt: skip


def figures_of(run):
    return {key: Estimate.from_dict(item) for key, item in run.results[CONTENT].items()}


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["10"])
    assert run.statuses == {CONTENT: "done"}
    truth = json.loads((source.ROOT / "data_samples" / "truth.json").read_text(encoding="utf-8"))
    figures = figures_of(run)
    names = {"executed", "clicked", "orders_72h", "lost_72h", "complaints", "nps", "best_window"}
    assert set(figures) == {f"content.{name}" for name in names}
    assert all(figure.ok for figure in figures.values())
    sends = truth["sends"]
    assert figures["content.orders_72h"].low <= 1000 * sends["orders_of_a_send"]
    assert figures["content.lost_72h"].low < 1000 * sends["deletions_of_a_send"]
    assert 1000 * sends["deletions_of_a_send"] < figures["content.lost_72h"].high
    assert (
        figures["content.nps"].low
        < truth["surveys"]["nps"]["members"]
        < figures["content.nps"].high
    )
    tables = run.folder / "share" / "tables" / CONTENT
    tired = pd.read_csv(tables / "send_fatigue.csv").set_index("recent")
    factor = sends["fatigue_of_a_send_in_7_days"]
    assert tired.loc[1, "ratio_low"] < factor < tired.loc[1, "ratio_high"]
    gain = pd.read_csv(tables / "tag_gain.csv").iloc[0]
    assert gain["ratio_low"] < sends["gain_of_a_tag"] < gain["ratio_high"]
    forms = pd.read_csv(tables / "content_forms.csv")
    rates = truth["contents"]["click_rate_by_kind"]
    could = set(forms.loc[forms["could_be_best"], "form"])
    assert max(rates, key=rates.get) in could
    assert "poster" not in could
    topics = truth["contents"]["log_odds_by_topic"]
    told = pd.read_csv(tables / "content_topics.csv")
    assert max(topics, key=topics.get) in set(told.loc[told["could_be_best"], "topic"])
    assert not pd.read_csv(tables / "content_winners.csv")["winner"].fillna(False).any()
    demand = pd.read_csv(tables / "demand_signals.csv")  # products are bought at random
    assert not demand["flagged"].fillna(False).any()
    listed = pd.read_csv(run.folder / "private" / "complaints.csv", dtype={"member_id": "str"})
    assert list(listed) == list(LISTS["complaints"].names)
    assert len(listed) > 20
    for lang in ("en", "zh"):
        page = run.page(CONTENT, lang)
        assert not any(member in page.said for member in listed["member_id"])
        for part in PARTS:
            assert said(t(f"content.part.{part}.refused", lang)) not in page.said, part


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kept", "refused", "answered"),
    [
        (("messages", "members"), (), ("hours", "topics", "complaints")),
        (("sends", "members"), (), ("sent", "fatigue", "tags")),
        (("contents", "groups"), (), ("contents", "winners", "cadence")),
        (("surveys",), (), ("opinion",)),
    ],
)
def test_with_few_tables_it_says_what_each_would_add(tmp_path, kept, refused, answered):
    workspace = tmp_path / "brand"
    workspace.mkdir()
    # Orders of one row: a workspace needs orders, messages or memberships to know its last day.
    names = kept if "messages" in kept else (*kept, "memberships")
    for name in (*names, "commlab"):
        for file in (source.ROOT / "data_samples").glob(f"{name}.*"):
            (workspace / file.name).write_bytes(file.read_bytes())
    run = run_all(workspace, tmp_path / "out", notebooks=["10"], lang="en")
    assert run.statuses == {CONTENT: "done"}
    page = run.page(CONTENT, "en")
    for part in answered:
        assert said(t(f"content.part.{part}.refused", "en")) not in page.said, part
    for table in source.tables_of(CONTENT):
        sentence = said(t(f"content.adds.{table}", "en"))
        assert (sentence in page.said) == (table not in names), table
    assert "Error" not in page.said
    assert "stopped" not in " ".join(page.of("class"))


@pytest.mark.slow
def test_a_real_log_of_messages_alone(shared_data, tmp_path):
    workspace = tmp_path / "workspace"
    loaders.load([shared_data / "ubuntu_irc_messages.csv.gz"], "chat-log", workspace)
    run = run_all(workspace, tmp_path / "out", notebooks=["10"], lang="en",
                  params={"talk_days": 5000, "hour_days": 5000})  # fmt: skip
    assert run.statuses == {CONTENT: "done"}
    topics = pd.read_csv(run.folder / "share" / "tables" / CONTENT / "talk_topics.csv")
    assert len(topics) == 8
    # A room on Ubuntu: it would be odd if installing did not show.
    assert topics["words"].str.contains("install|ubuntu|driver|windows").any()
