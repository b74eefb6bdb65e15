"""Workspaces with one table only: what can be said is said, what cannot is named."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest

from commlab.estimate import Estimate
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

RETENTION = "02_cohort_retention"
MEMBERS, DAYS = 300, 210
ORDERS_A_MONTH, MESSAGES_A_MONTH, STAY_DAYS = 0.8, 3.0, 90
START = pd.Timestamp("2025-12-01")
AS_OF = "2026-06-28"


def when(random, joined, rate):
    """Return the index of the person and the time of each event, from joining on."""
    counts = random.poisson(rate * (DAYS - joined) / 30)
    person = np.repeat(np.arange(MEMBERS), counts)
    day = joined[person] + random.random(len(person)) * (DAYS - joined[person])
    return person, START + pd.to_timedelta(day, unit="D").floor("s")


def tables():
    """Return one made-up table of each kind: 300 people who join over six months."""
    random = np.random.default_rng(7)
    ids = np.array([f"m{number:04}" for number in range(MEMBERS)])
    joined = np.sort(random.integers(0, 180, MEMBERS)).astype(float)
    who, bought = when(random, joined, ORDERS_A_MONTH)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(who))],
            "member_id": ids[who],
            "paid_at": bought,
            "amount": np.round(random.gamma(2, 60, len(who)), 2),
        }
    )
    who, wrote = when(random, joined, MESSAGES_A_MONTH)
    messages = pd.DataFrame(
        {
            "message_id": [f"x{number}" for number in range(len(who))],
            "group_id": [f"g{number % 8}" for number in who],
            "member_id": ids[who],
            "sent_at": wrote,
        }
    )
    stayed = joined + random.exponential(STAY_DAYS, MEMBERS)
    start = START + pd.to_timedelta(joined, unit="D") + pd.Timedelta(hours=9)
    left = (START + pd.to_timedelta(stayed, unit="D").floor("s")).to_series(index=range(MEMBERS))
    memberships = pd.DataFrame(
        {
            "group_id": [f"g{number % 8}" for number in range(MEMBERS)],
            "member_id": ids,
            "joined_at": start,
            "observed_from": start,
            "left_at": left.where(stayed < DAYS - 2),
        }
    )
    return {"orders": orders, "messages": messages, "memberships": memberships}


# What is planted: a Poisson process starts anew with the first event, so that of those first seen
# in April a share of 1 - exp(-rate × 31 / 30) comes in May; stays last 90 days on average.
TRUTH = {
    "orders": ("retention.month1", 1 - math.exp(-ORDERS_A_MONTH * 31 / 30)),
    "messages": ("retention.month1", 1 - math.exp(-MESSAGES_A_MONTH * 31 / 30)),
    "memberships": ("retention.stay90", math.exp(-90 / STAY_DAYS)),
}


@pytest.mark.parametrize("kept", sorted(TRUTH))
def test_one_table_is_enough(kept, make_workspace, tmp_path):
    workspace = make_workspace({kept: tables()[kept]}, as_of=AS_OF)
    run = run_all(workspace, tmp_path / "out", notebooks=["02"], lang="en")
    assert run.statuses == {RETENTION: "done"}
    assert run.exit_status == 0

    figures = {key: Estimate.from_dict(item) for key, item in run.results[RETENTION].items()}
    key, truth = TRUTH[kept]
    assert figures[key].unit == "share"
    assert figures[key].low <= truth <= figures[key].high
    assert ("retention.stay90" in figures) == (kept == "memberships")
    assert "retention.friend_loss7" not in figures

    page = run.page(RETENTION, "en")
    for table in source.tables_of(RETENTION):
        sentence = " ".join(t(f"retention.adds.{table}", "en").split())
        assert (sentence in page.said) == (table != kept), table
    assert "stopped" not in " ".join(page.of("class"))
    assert "Error" not in page.said
    assert page.all("img")

    # Every question of the page is answered, or refused in words where the reader looks for it;
    # parts in a row that lack the same table are one gap, said once.
    without_code = re.sub(r"(?s)<details class=\"code\">.*?</details>", "", page.markup)
    questions = without_code.split('<div class="prose"><h2')[1:]
    assert len(questions) > 5
    for question in questions:
        said = re.findall(r'(?s)<div class="commlab of-(\w+)"[^>]*>(.*?)</div>', question)
        assert said, question[:200]
        assert [one for one, other in itertools.pairwise(said) if one == other] == []


def test_a_notebook_without_any_of_its_tables_is_skipped_with_a_sentence(make_workspace, tmp_path):
    members = pd.DataFrame(
        {"member_id": ["m1", "m2"], "joined_at": pd.to_datetime(["2026-01-01", "2026-02-01"])}
    )
    workspace = make_workspace({"members": members}, as_of=AS_OF)
    run = run_all(workspace, tmp_path / "out", notebooks=["02"])
    assert run.statuses == {RETENTION: "skipped"}
    assert run.exit_status == 0
    for lang in ("en", "zh"):
        (entry,) = run.manifest["notebooks"]
        assert "memberships" in entry["reason"][lang]
        assert entry["reason"][lang] in run.index.said
