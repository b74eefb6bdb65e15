"""The notebook on groups from end to end: the made-up community, both rules, with few tables."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from commlab import loaders
from commlab.estimate import Estimate
from commlab.tables.lists import LISTS
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all, spoilt_community

HEALTH = "07_community_health"


def figures_of(run):
    return {key: Estimate.from_dict(item) for key, item in run.results[HEALTH].items()}


def said(text: str) -> str:
    return " ".join(text.split())


def tables_of(run):
    folder = run.folder / "share" / "tables" / HEALTH
    return {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}


@pytest.mark.slow
def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["07"])
    assert run.statuses == {HEALTH: "done"}
    figures, tables = figures_of(run), tables_of(run)
    truth = json.loads((source.ROOT / "data_samples" / "truth.json").read_text(encoding="utf-8"))
    named = pd.read_parquet(source.ROOT / "data_samples" / "groups.parquet")
    names = named.set_index("group_id")["name"]
    dead = {names[one] for one, group in truth["groups"].items() if "died" in group}
    places = tables["groups"].set_index("group")["place"]
    # g021 fell silent four days before the end: no two weeks have passed.
    assert set(places.index[places == "dead"]) == dead - {names["g021"]}
    assert figures["grouphealth.dead"].value == len(dead) - 1
    closed = [names[one] for one, group in truth["groups"].items() if "closed" in group]
    assert set(closed) == set(places.index[places == "closed"])
    assert figures["grouphealth.migrated"].status in ("ok", "too_few")
    hours = tables["push_windows"].set_index("start")
    assert hours["share"].idxmax() in (8, 9, 19, 20, 21)
    assert len(tables["week_hours"]) == 7 * 24
    assert set(tables["group_classes"]["class"]) <= {"S", "A", "B", "C"}
    for name in ("migrate", "moved"):
        path = run.folder / "private" / f"{name}.csv"
        if path.is_file():
            assert list(pd.read_csv(path)) == list(LISTS[name].names)
    for lang in ("en", "zh"):
        page = run.page(HEALTH, lang)
        for part in ("headline", "stages", "life", "hours", "kinds", "classes", "value"):
            assert said(t(f"grouphealth.part.{part}.refused", lang)) not in page.said, part


@pytest.mark.slow
def test_the_path_can_be_judged_by_community_value(tmp_path):
    workspace = spoilt_community(tmp_path / "brand")
    run = run_all(workspace, tmp_path / "out", notebooks=["07"], lang="en",
                  params={"rule": "value"})  # fmt: skip
    assert run.statuses == {HEALTH: "done"}
    assert figures_of(run)["grouphealth.alive"].ok
    steps = tables_of(run)["group_steps"]
    assert set(steps["after"]) <= {"golden", "trial", "cleaning", "watch", "closing", "closed"}
    assert len(steps)
    other = run_all(workspace, tmp_path / "other", notebooks=["07"], lang="en")
    assert not steps.equals(tables_of(other)["group_steps"])


@pytest.mark.slow
def test_a_real_log_of_messages_alone(shared_data, tmp_path):
    workspace = tmp_path / "workspace"
    loaders.load([shared_data / "ubuntu_irc_messages.csv.gz"], "chat-log", workspace)
    run = run_all(workspace, tmp_path / "out", notebooks=["07"], lang="en",
                  params={"window_days": 5000})  # fmt: skip
    assert run.statuses == {HEALTH: "done"}
    page = run.page(HEALTH, "en")
    assert said(t("grouphealth.adds.memberships", "en")) in page.said
    hours = tables_of(run)["push_windows"]
    assert hours["share"].sum() == pytest.approx(2, abs=0.01)  # windows of two hours
    assert "stopped" not in " ".join(page.of("class"))
    assert figures_of(run)["grouphealth.best_window"].ok
