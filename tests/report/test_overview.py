"""What the overview takes from other reports: figures, actions, targets."""

from __future__ import annotations

import json

import pytest

from commlab.estimate import Estimate
from commlab.report import blocks, overview
from commlab.report.results import lend_actions

TITLES = {"02_cohort_retention": {"en": "Who stays", "zh": "谁留下来了"}}


@pytest.fixture
def run_folder(tmp_path):
    share = Estimate(value=0.72, low=0.68, high=0.76, n=480, unit="share", method="Wilson")
    risk = Estimate(value=0.2, low=0.15, high=0.25, n=300, unit="share", method="Wilson")
    label = {"en": "Active", "zh": "活跃"}
    results = {
        "01_overview": {"retention.month1": share.to_dict() | {"label": label}},
        "02_cohort_retention": {
            "retention.month1": share.to_dict() | {"label": label, "good": "up"},
            "retention.hidden": share.to_dict(),
            "churn.rate": risk.to_dict() | {"good": "down"},
        },
    }
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    parts = tmp_path / ".parts"
    parts.mkdir()
    worth = Estimate(value=900.0, n=30, unit="money", method="count").to_dict()
    row = {
        "text": {"en": "Wake them", "zh": "唤醒他们"},
        "people": 30,
        "value": worth,
        "list": "silent",
    }
    for name, complete in (("02_cohort_retention", True), ("05_churn_risk", False)):
        part = {"notebook": name, "complete": complete, "actions": [row], "results": {}}
        (parts / f"{name}.json").write_text(json.dumps(part), encoding="utf-8")
    lend_actions(tmp_path, tmp_path)
    return tmp_path


def test_a_headline_is_taken_over_with_its_report(run_folder):
    fields = overview.borrowed(run_folder, "retention.month1", TITLES)
    assert fields["value"] == 0.72
    assert fields["report"]["notebook"] == "02_cohort_retention"
    shown = str(blocks.cards([fields], "zh"))
    assert 'href="02_cohort_retention.zh.html"' in shown
    assert "谁留下来了" in shown
    # What stands on no card has no label, and what is not there is not made up.
    assert overview.borrowed(run_folder, "retention.hidden", TITLES) is None
    assert overview.borrowed(run_folder, "ltv.mean", TITLES) is None
    assert overview.borrowed(None, "retention.month1", TITLES) is None


def test_actions_of_finished_reports_come_with_people_money_and_link(run_folder):
    (action,) = overview.others_actions(run_folder, TITLES)
    assert (action.people, action.value.value, action.list_name) == (30, 900.0, "silent")
    page = str(blocks.actions([action], "en"))
    assert "Wake them" in page
    assert "private/silent.csv" in page
    assert 'href="02_cohort_retention.en.html"' in page
    assert overview.others_actions(None, TITLES) == []


@pytest.mark.parametrize(
    ("goal", "status", "low", "high"),
    [(0.6, "reached", 0.99, 1), (0.72, "open", 0.49, 0.51), (0.9, "missed", 0, 0.01)],
)
def test_targets_have_a_chance(run_folder, goal, status, low, high):
    row = overview.targets(run_folder, {"retention.month1": goal}).iloc[0]
    assert row["status"] == status
    assert low <= row["chance"] <= high
    assert row["people"] == 480


def test_of_what_should_fall_less_is_better_and_what_is_not_known_is_said(run_folder):
    found = overview.targets(run_folder, {"churn.rate": 0.3, "koc.chosen": 4})
    assert found["status"].tolist() == ["reached", "unknown"]
