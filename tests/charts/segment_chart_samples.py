"""Made-up frames for the charts and tables of notebook 11, in the shape of their sources."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from commlab.charts import layers, tagging
from commlab.stats import wilson

HOSTILE = "<script>alert(1)</script>"
MONTHS = pd.date_range("2026-01-01", periods=6, freq="MS")

LAYERS = ("loyal", "fading", "steady", "lapsed", "quiet", "prospect", "silent", "gone")


def layer_table() -> pd.DataFrame:
    advice = ["care", "call", "offer", "coupon", "content", "trial", "content", "none"]
    net = np.array([447.0, np.nan, 125.0, 74.0, 60.0, 47.0, 22.0, 43.0])
    people = np.array([136, 47, 370, 86, 269, 233, 502, 357])
    known = np.isfinite(net)
    frame = pd.DataFrame({"segment": LAYERS, "advice": advice, "people": people,
                          "share": people / people.sum(), "at_risk": [123, 22, 625, 140, 200, 437,
                                                                      474, 253]})  # fmt: skip
    rate = np.where(known, [0.69, 0, 0.49, 0.39, 0.3, 0.22, 0.09, 0.17], np.nan)
    frame["rate"], frame["low"], frame["high"] = rate, rate * 0.8, np.minimum(rate * 1.2, 1)
    for name, factor in (("net_per_member", 1.0), ("net_low", 0.8), ("net_high", 1.25)):
        frame[name] = net * factor
    for name, of in (("total", "net_per_member"), ("total_low", "net_low"),
                     ("total_high", "net_high")):  # fmt: skip
        frame[name] = frame[of] * people
    return frame.assign(status=np.where(known, "ok", "too_few"))


def layer_months() -> pd.DataFrame:
    people = np.array([120, 40, 370, 86, 260, 230, 500, 350])
    parts = [pd.DataFrame({"month": pd.Timestamp(month), "segment": LAYERS,
                           "people": people + 3 * place, "share": (people + 3 * place)
                           / (people + 3 * place).sum()})
             for place, month in enumerate(MONTHS)]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def layer_moves() -> pd.DataFrame:
    random = np.random.default_rng(7)
    ends = ["loyal", "fading", "steady", "overdue", "unbought", "gone"]
    rows = []
    for place, origin in enumerate([*ends, "new"]):
        at_risk = 20 if origin == "fading" else 400 - 30 * place
        went = random.multinomial(at_risk, random.dirichlet(np.full(len(ends), 0.7)))
        for end, n in zip(ends, went, strict=True):
            low, high = wilson(np.array([n]), np.array([at_risk]))
            few = at_risk < 30
            rows.append([origin, end, at_risk, n, np.nan if few else n / at_risk,
                         np.nan if few else low[0], np.nan if few else high[0],
                         "too_few" if few else "ok"])  # fmt: skip
    names = ["origin", "segment", "at_risk", "went", "rate", "low", "high", "status"]
    return pd.DataFrame(rows, columns=names)


def tier_moves() -> pd.DataFrame:
    names = {"loyal": HOSTILE, "fading": "金卡", "steady": "银卡", "new": "new", "gone": "none"}
    frame = layer_moves()
    frame = frame[frame["origin"].isin(names) & frame["segment"].isin(names)]
    return frame.assign(origin=frame["origin"].map(names), segment=frame["segment"].map(names))


def rfm_grid() -> pd.DataFrame:
    rows = [(r, f, 20 * r + f, 90.0 * f * f + 10 * r) for r in range(5, 0, -1)
            for f in range(4, 0, -1)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["recency", "frequency", "buyers", "mean"])
    frame["mean"] = frame["mean"].where(frame["buyers"] >= 30)
    frame["mean_low"], frame["mean_high"] = 0.8 * frame["mean"], 1.2 * frame["mean"]
    frame["total"] = frame["buyers"] * frame["mean"].fillna(300.0)
    frame["share"] = frame["buyers"] / frame["buyers"].sum()
    frame["share_value"] = frame["total"] / frame["total"].sum()
    return frame


def rfm_next() -> pd.DataFrame:
    frame = rfm_grid()[["recency", "frequency"]].assign(at_risk=60, took=20)
    return frame.assign(rate=0.33, low=0.22, high=0.46, status="ok")


def rfm_cuts() -> pd.DataFrame:
    return pd.DataFrame(
        {"part": ["recency", "recency", "frequency", "money", "money"], "score": [2, 1, 1, 2, 1],
         "above": [np.nan, 60.0, np.nan, 312.39, np.nan],
         "up_to": [60.0, np.nan, np.nan, np.nan, 312.39], "buyers": [500, 591, 1091, 545, 546]}
    )  # fmt: skip


def member_profile() -> pd.DataFrame:
    frame = pd.DataFrame(
        {"attribute": ["gender", "gender", "age", "region", "channel", "tier"],
         "segment": ["female", "unknown", "25-34", "上海", HOSTILE, "none"],
         "people": [1663, 114, 1075, 414, 3, 1602], "share": [0.83, 0.06, 0.54, 0.21, 0.0, 0.8],
         "share_value": [0.82, 0.05, 0.53, 0.19, 0.0, 0.22], "at_risk": [1298, 84, 829, 321, 3, 9],
         "rate": [0.54, 0.55, 0.55, 0.59, np.nan, np.nan]}
    )  # fmt: skip
    frame["low"], frame["high"] = frame["rate"] - 0.05, frame["rate"] + 0.05
    frame["difference"] = [0.1, np.nan, -0.1, 0.01, np.nan, np.nan]
    frame["flagged"] = [True, False, True, False, False, False]
    frame["net_per_member"] = [78.7, 72.5, 77.5, np.nan, np.nan, np.nan]
    frame["net_low"], frame["net_high"] = frame["net_per_member"] - 9, frame["net_per_member"] + 9
    frame["net_difference"], frame["net_flagged"] = frame["difference"], frame["flagged"]
    return frame.assign(status="ok", net_status="ok", p_adjusted=0.01, net_p_adjusted=0.01)


def tier_holders() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": [HOSTILE, "金卡", "none"], "people": [47, 91, 1602],
         "share": [0.02, 0.05, 0.8], "mean": [2894.0, np.nan, 63.1],
         "mean_low": [2390.0, np.nan, 57.7], "mean_high": [3399.0, np.nan, 68.5],
         "share_value": [0.3, 0.2, 0.22], "status": ["ok", "too_few", "ok"],
         "value": [2.9, np.nan, 2.8], "low": [2.8, np.nan, 2.77], "high": [3.0, np.nan, 2.82],
         "horizon": 90}
    )  # fmt: skip


def tag_coverage() -> pd.DataFrame:
    return pd.DataFrame(
        {"tag_group": ["*any", "*all", "生命周期", HOSTILE, "*none"],
         "tags": [14, 26, 2, 4, 1], "at_risk": 1643, "tagged": [1051, 1643, 1643, 423, 8],
         "rate": [0.64, 1.0, 1.0, 0.26, 0.01],
         "dated": [1051, 1643, 1643, 423, 0], "old": [542, 604, 607, 228, 0],
         "old_rate": [0.52, 0.37, 0.37, 0.54, np.nan],
         "median_days": [189.0, 114.0, 115.0, 197.0, np.nan]}
    )  # fmt: skip


def tag_ages() -> pd.DataFrame:
    return pd.DataFrame(
        {"tag_group": ["兴趣", "*none"], "tag": ["面膜", HOSTILE],
         "last_set_on": [pd.Timestamp("2026-06-30"), pd.NaT], "tagged": [155, 9],
         "dated": [155, 0], "old": [76, 0], "old_rate": [0.49, np.nan],
         "median_days": [180.0, np.nan]}
    )  # fmt: skip


def tag_torn() -> pd.DataFrame:
    return pd.DataFrame({"tag_group": ["肤质", HOSTILE], "tagged": [423, 90], "torn": [16, 0],
                         "rate": [0.038, 0.0], "pair": ["干皮 / 混合皮", ""]})  # fmt: skip


def tag_times() -> pd.DataFrame:
    day = np.arange(0, 61)
    left = 0.36 + 0.64 * np.exp(-day / 6)
    return pd.DataFrame({"segment": "all", "day": day, "at_risk": 1989 - 20 * day, "lost": 9,
                         "survival": left, "low": left * 0.96,
                         "high": np.minimum(left * 1.04, 1.0)})  # fmt: skip


def tag_advisers() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": ["S-AAAA", "S-BBBB"], "people": [287, 12], "value": [0.64, np.nan],
         "low": [0.59, np.nan], "high": [0.69, np.nan], "in_top": [0.5, np.nan],
         "difference": [0.03, np.nan], "flagged": [True, False], "status": ["ok", "too_few"]}
    )  # fmt: skip


def tag_outcomes() -> pd.DataFrame:
    gap = np.array([0.134, -0.116, 0.04, -0.02, np.nan])
    return pd.DataFrame(
        {"tag_group": ["来源", "来源", "肤质", "备注", "*none"],
         "tag": ["渠道-rf01", "渠道-sm01", "干皮", HOSTILE, "few"],
         "outcome": ["bought", "bought", "bought", "active", "bought"],
         "at_risk": [232, 79, 99, 40, 12], "rate": [0.43, 0.09, 0.3, 0.2, np.nan],
         "rest_at_risk": 1066, "rest_rate": [0.29, 0.2, 0.26, 0.22, np.nan], "difference": gap,
         "low": gap - 0.07, "high": gap + 0.07, "p_adjusted": [0.01, 0.02, 0.6, 0.9, np.nan],
         "flagged": [True, True, False, False, False], "status": ["ok"] * 4 + ["too_few"]}
    )  # fmt: skip


CHARTS: dict[str, Any] = {
    "layers_worth": (layers.worth, layer_table, {}),
    "layers_months": (layers.months, layer_months, {}),
    "layers_moves": (layers.moves, layer_moves, {}),
    "layers_grid": (layers.grid, rfm_grid, {}),
    "tagging_coverage": (tagging.coverage, tag_coverage, {}),
    "tagging_times": (tagging.times, tag_times, {}),
    "tagging_separates": (tagging.separates, tag_outcomes, {}),
}
TABLES: dict[str, Any] = {
    "layers_layers": (layers.layers, layer_table),
    "layers_moved": (layers.moved, layer_moves),
    "layers_tier_moved": (layers.tier_moved, tier_moves),
    "layers_cells": (layers.cells, rfm_next),
    "layers_cuts": (layers.cuts, rfm_cuts),
    "layers_profile": (layers.profile, member_profile),
    "layers_tiers": (layers.tiers, tier_holders),
    "tagging_groups": (tagging.groups, tag_coverage),
    "tagging_ages": (tagging.ages, tag_ages),
    "tagging_torn": (tagging.torn, tag_torn),
    "tagging_in_time": (tagging.in_time, tag_advisers),
    "tagging_followed": (tagging.followed, tag_outcomes),
}
