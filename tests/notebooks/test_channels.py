"""The notebook on channels from end to end: planted channels, and the made-up community."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab.estimate import Estimate
from commlab.text import t

from . import notebook_source as source
from .conftest import run_all

CHANNELS = "03_channel_quality"
AS_OF = "2026-06-30"
BUYS = {"shop": 0.7, "ads": 0.4, "fair": 0.4}  # within 90 days


def planted():
    """Members of three channels who all buy in the first weeks or never, and costs."""
    rng = np.random.default_rng(3)
    channel = np.repeat(list(BUYS), 400)
    joined = pd.Timestamp("2025-10-01") + pd.to_timedelta(
        rng.integers(0, 150, len(channel)), unit="D"
    )
    members = pd.DataFrame({"member_id": [f"m{i:04}" for i in range(len(channel))],
                            "joined_at": joined, "channel": channel})  # fmt: skip
    buys = rng.random(len(channel)) < np.array([BUYS[name] for name in channel])
    orders = members[buys].assign(amount=100.0, cost=60.0)
    orders["paid_at"] = orders["joined_at"] + pd.to_timedelta(
        rng.integers(0, 80, len(orders)), unit="D"
    )
    orders["order_id"] = [f"o{i}" for i in range(len(orders))]
    costs = pd.DataFrame({"starts_on": [dt.date(2025, 10, 1)] * 2, "category": "platform",
                          "ends_on": [dt.date(2026, 6, 30)] * 2, "channel": ["shop", "ads"],
                          "amount": [4000.0, 40_000.0]})  # fmt: skip
    return {"members": members, "orders": orders.drop(columns=["joined_at", "channel"]),
            "costs": costs}  # fmt: skip


@pytest.mark.slow
def test_planted_channels_are_told_apart(make_workspace, tmp_path):
    workspace = make_workspace(planted(), as_of=AS_OF)
    params = {"outcome": "bought_90", "steps": "first_order, repeat_order"}
    run = run_all(workspace, tmp_path / "out", notebooks=["03"], lang="en", params=params)
    assert run.statuses == {CHANNELS: "done"}
    page = run.page(CHANNELS, "en")
    assert "Error" not in page.said
    tables = run.folder / "share" / "tables" / CHANNELS
    ranked = pd.read_csv(tables / "channel_ranking.csv").set_index("segment")
    assert ranked.index[0] == "shop"
    assert ranked.loc["shop", "best"] > 0.99
    for name, truth in BUYS.items():
        half = (ranked.loc[name, "adjusted_high"] - ranked.loc[name, "adjusted_low"]) / 2
        assert abs(ranked.loc[name, "adjusted"] - truth) < 3.3 / 1.96 * half  # 99.9 %
    # A member of "shop" cost 10 and leaves 28 on average, one of "ads" cost 100 and leaves 16.
    back = pd.read_csv(tables / "channel_payback.csv").set_index("channel")
    assert back["cost"].to_dict() == {"shop": 10.0, "ads": 100.0}
    assert back.loc["shop", "ratio"] == pytest.approx(2.8, abs=0.25)
    assert np.isnan(back.loc["ads", "age"])
    for table in ("messages", "memberships", "touchpoints"):
        assert " ".join(t(f"channels.adds.{table}", "en").split()) in page.said


@pytest.mark.slow
def test_the_made_up_community_is_answered_in_full(tmp_path):
    run = run_all(source.ROOT / "data_samples", tmp_path / "out", notebooks=["03"])
    figures = {key: Estimate.from_dict(item) for key, item in run.results[CHANNELS].items()}
    assert set(figures) == {"channels.joined_group", "channels.retained_90", "channels.bought_90",
                            "channels.margin_90", "channels.freebie", "channels.chatted",
                            "channels.tagged"}  # fmt: skip
    assert all(figure.ok and figure.low < figure.value < figure.high for figure in figures.values())
    advisers = pd.read_csv(run.folder / "share" / "tables" / CHANNELS / "channel_advisers.csv")
    assert advisers["segment"].str.match(r"S-|unknown").all()
    for lang in ("en", "zh"):
        assert "Error" not in run.page(CHANNELS, lang).said
