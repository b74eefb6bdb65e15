"""Made-up frames for every chart and table, in the shape that `commlab.metrics` gives them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any

import campaign_chart_samples as campaigns
import numpy as np
import pandas as pd
import segment_chart_samples as segments

from commlab.charts import (
    channels,
    churn,
    content,
    grouphealth,
    growth,
    health,
    koc,
    ltv,
    ltv_outlook,
    ltv_tables,
    overview,
    retention,
    roi,
)
from commlab.config import china_calendar
from commlab.stats import wilson

AS_OF = dt.date(2026, 6, 30)
SEGMENTS = (
    "官方商城",
    "样本机快闪店",
    "公众号推文",
    "微信搜一搜",
    "线下门店",
    "朋友推荐",
    "其他来源",
)
HOSTILE = (
    "<script>alert(1)</script>",
    "$\\frac{1}{0}$",
    'a\u202eb & "c"',
    "\U0001f680 rocket",
    "x" * 90,
)


def months(count: int, last: dt.date = dt.date(2026, 6, 1)) -> list[dt.date]:
    number = last.year * 12 + last.month - 1
    return [dt.date(n // 12, n % 12 + 1, 1) for n in range(number - count + 1, number + 1)]


def triangle(count: int = 15, *, varying: bool = False) -> pd.DataFrame:
    random = np.random.default_rng(1)
    rows = []
    for place, cohort in enumerate(months(count)):
        size = 22 if place == 3 else int(random.integers(80, 1900))
        for period in range(count - place):
            at_risk = size - (period * 9 if varying else 0)
            status = "open" if period >= count - place - 1 else "ok"
            if at_risk < 30 and status == "ok":
                status = "too_few"
            if place == 0 and period < 2:
                status = "before_data"
            chance = min(1.0, 0.78 * (period + 1) ** -0.45 + random.normal(0, 0.02))
            active = round(at_risk * max(chance, 0.02))
            low, high = wilson(np.array([active]), np.array([at_risk]))
            ok = status == "ok"
            rows.append(
                {
                    "cohort": pd.Timestamp(cohort),
                    "period": period,
                    "size": size,
                    "at_risk": at_risk if status in ("ok", "too_few") else None,
                    "active": active if status in ("ok", "too_few") else None,
                    "rate": active / at_risk if ok else np.nan,
                    "low": low[0] if ok else np.nan,
                    "high": high[0] if ok else np.nan,
                    "status": status,
                }
            )
    return pd.DataFrame(rows).astype({"at_risk": "Int64", "active": "Int64"})


def revenue() -> pd.DataFrame:
    frame = triangle(12)
    for name in ("rate", "low", "high"):
        frame[name] *= 1.3
    frame["revenue"] = frame["rate"] * 10_000
    return frame.drop(columns="active")


def curves(names: tuple[str, ...] = SEGMENTS) -> pd.DataFrame:
    rows = []
    for place, name in enumerate(names):
        n = 1400 - 180 * place
        for period in range(13 - (place % 2)):
            rate = 1.0 if period == 0 else (0.72 - 0.055 * place) * period**-0.35
            low, high = wilson(np.array([rate * n]), np.array([n]))
            rows.append([name, period, n, rate, low[0], high[0], "ok"])
    columns = ["segment", "period", "at_risk", "rate", "low", "high", "status"]
    return pd.DataFrame(rows, columns=columns)


def lifecycle() -> pd.DataFrame:
    random = np.random.default_rng(2)
    rows, active = [], 260
    for place, period in enumerate(months(15)):
        new, back, late = (int(x) for x in random.integers([60, 20, 8], [190, 90, 40]))
        dormant, left = int(active * 0.22), int(random.integers(8, 40))
        retained = active - dormant - left
        status = "before_data" if place == 0 else "open" if place == 14 else "ok"
        rows.append([period, retained, new, back, late, dormant, left, status])
        active = retained + new + back + late
    numbers = range(len(rows))
    names = ["retained", "new", "resurrected", "activated_late", "dormant", "left"]
    frame = pd.DataFrame(rows, columns=["period", *names, "status"])
    frame[names] = frame[names].astype("Int64").where(frame["status"] == "ok")
    frame["members"] = [260 + 150 * number for number in numbers]
    return frame


def survival(names: tuple[str, ...] = SEGMENTS[:4]) -> pd.DataFrame:
    rows = []
    for place, name in enumerate(names):
        n = 900 - 150 * place
        for day in range(0, 301, 3):
            s = (1 + day / (40 + 12 * place)) ** -0.45
            half = 1.96 * np.sqrt(s * (1 - s) / n * (1 + day / 80))
            rows.append(
                [name, day, int(n * (1 - day / 420)), s, max(0, s - half), min(1, s + half)]
            )
    return pd.DataFrame(rows, columns=["segment", "day", "at_risk", "survival", "low", "high"])


def projection(names: tuple[str, ...] = SEGMENTS[:4]) -> pd.DataFrame:
    rows = []
    for place, name in enumerate(names):
        for day in range(0, 541, 15):
            s = (1 + day / (40 + 12 * place)) ** -0.45
            half = 0.0002 * max(0, day - 240)
            rows.append([name, day, s, s - half, s + half])
    return pd.DataFrame(rows, columns=["segment", "day", "survival", "low", "high"])


def active_days() -> pd.DataFrame:
    days = np.arange(91)
    members = np.round(900 * np.exp(-days / 6.5)).astype(int)
    members[0] = 1250
    return pd.DataFrame({"active_days": days, "members": members})


def low_points(names: tuple[str, ...] = SEGMENTS) -> pd.DataFrame:
    place = np.arange(len(names))
    difference = np.array([-0.121, -0.08, -0.035, 0.004, 0.02, 0.07, 0.12])[: len(names)]
    half = 0.02 + 0.008 * place
    at_risk = 1900 - 240 * place
    return pd.DataFrame(
        {
            "segment": names,
            "at_risk": at_risk,
            "rate": 0.42 + difference,
            "rest_rate": 0.42,
            "difference": difference,
            "low": difference - half,
            "high": difference + half,
            "lost": -difference * at_risk,
            "flagged": np.abs(difference) > half * 1.3,
            "status": "ok",
        }
    )


def friends(names: tuple[str, ...] = SEGMENTS) -> pd.DataFrame:
    rows = []
    for place, name in enumerate(names):
        for days, base in ((1, 0.05), (7, 0.11), (30, 0.2)):
            n = 800 - 100 * place if place < 6 else 18
            rate = base * (0.7 + 0.17 * place)
            low, high = wilson(np.array([rate * n]), np.array([n]))
            ok = n >= 30
            figures = [rate, low[0], high[0]] if ok else [np.nan] * 3
            rows.append([name, days, n, *figures, "ok" if ok else "too_few"])
    columns = ["segment", "days", "friends", "rate", "low", "high", "status"]
    return pd.DataFrame(rows, columns=columns)


def backtest() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = []
    for place, cohort in enumerate(months(4, dt.date(2025, 10, 1))):
        for period in range(7):
            truth = (1 + period / 9) ** -0.5
            half = 0.012 * period
            actual = truth + (random.normal(0, 0.008) - 0.006 * place) * (period > 0)
            baseline = 0.92**period
            rows.append(
                [cohort, period, actual, truth, truth - half, truth + half, baseline, period == 0]
            )
    names = ["actual", "predicted", "low", "high", "baseline", "fitted"]
    return pd.DataFrame(rows, columns=["cohort", "period", *names])


def money() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["retained", "lost"],
            "members": [812, 23],
            "buyers": [402, 9],
            "repurchase_rate": [0.412, np.nan],
            "repurchase_low": [0.365, np.nan],
            "repurchase_high": [0.461, np.nan],
            "net_per_member": [412.5, np.nan],
            "net_low": [377.0, np.nan],
            "net_high": [452.1, np.nan],
            "status": ["ok", "too_few"],
            "repurchase_status": ["ok", "too_few"],
        }
    )


def mix(names: tuple[str, ...] = SEGMENTS) -> pd.DataFrame:
    count = len(names)
    before = np.linspace(2, 1, count) / np.linspace(2, 1, count).sum()
    after = before[::-1]
    rate_before, rate_after = np.linspace(0.5, 0.3, count), np.linspace(0.46, 0.29, count)
    return pd.DataFrame(
        {
            "segment": names,
            "share_before": before,
            "share_after": after,
            "rate_before": rate_before,
            "rate_after": rate_after,
            "mix": (after - before) * (rate_before + rate_after) / 2,
            "rate": (rate_after - rate_before) * (before + after) / 2,
        }
    )


def coverage() -> pd.DataFrame:
    rows = []
    tables = ("members", "groups", "memberships", "messages", "orders", "order_items", "contacts")
    for place, table in enumerate(tables):
        for step, month in enumerate(months(15 - place)):
            gap = table == "messages" and step in (5, 6)
            rows.append([table, pd.Timestamp(month), 0 if gap else 900 * (place + 1) + 170 * step])
    return pd.DataFrame(rows, columns=["table", "month", "rows"])


def findings() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "severity": ["error", "warning", "note"],
            "table": ["orders", "messages", "memberships"],
            "column": ["member_id", "", "observed_from"],
            "rule": ["orphans", "gap", "survivors_only"],
            "rows": [1284, 61, 0],
            "share": [0.031, 0.13, np.nan],
            "what": [
                "1,284 orders name members that the members table lacks.",
                "No message on 61 days.",
                "",
            ],
            "fix": [
                "Export the members table again.",
                "Ask for the missing export.",
                "Set observed_from.",
            ],
        }
    )


def answers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "notebook": ["02_cohort_retention", "03_channel_quality", "07_community_health"],
            "status": ["can", "partly", "cannot"],
            "missing": [(), ("touchpoints", "costs"), ("messages",)],
        }
    )


def tracking() -> pd.DataFrame:
    week = np.arange(-40, 14)
    actual = np.round(2000 / (1 + np.exp(-(week + 5) / 12)))
    predicted = actual * 1.04
    return pd.DataFrame(
        {"week": week, "actual": actual, "predicted": predicted,
         "actual_week": np.diff(actual, prepend=actual[0]),
         "predicted_week": np.diff(predicted, prepend=predicted[0]), "customers": 826}
    )  # fmt: skip


def bins() -> pd.DataFrame:
    return pd.DataFrame(
        {"frequency": range(8), "customers": [400, 180, 90, 60, 40, 25, 15, 16],
         "actual_mean": [0.4, 0.6, 0.9, 1.0, 1.1, 1.2, 1.9, 2.4],
         "predicted_mean": [0.5, 0.7, 0.9, 1.1, 1.4, 1.6, 2.4, 3.1]}
    )  # fmt: skip


def worths(names: tuple[str, ...] = SEGMENTS) -> pd.DataFrame:
    mean = np.linspace(160, -35, len(names))
    return pd.DataFrame(
        {"segment": names, "buyers": 50 + np.arange(len(names)), "mean": mean,
         "value": 0.9 * mean + 5, "low": 0.9 * mean - 40, "high": 0.9 * mean + 50, "weight": 0.9,
         "difference": mean - mean.mean(), "flagged": np.arange(len(names)) == 0, "status": "ok"}
    )  # fmt: skip


def outlook(names: tuple[str, ...] = SEGMENTS) -> pd.DataFrame:
    mean = np.linspace(5.2, 1.4, len(names))
    frame = pd.DataFrame(
        {"segment": names, "buyers": 50 + np.arange(len(names)), "value": mean - 0.4,
         "low": mean - 1.0, "high": mean + 0.3, "pooled": 2.9, "newcomer": mean,
         "newcomer_low": mean - 0.8, "newcomer_high": mean + 0.9, "newcomer_pooled": 3.4,
         "status": "ok"}
    )  # fmt: skip
    few = frame.tail(1).assign(segment="tiny", buyers=9, status="too_few")
    few[["value", "newcomer"]] = np.nan
    return pd.concat([frame, few], ignore_index=True)


def rule_errors() -> pd.DataFrame:
    return pd.DataFrame({"cutoff": [dt.date(2026, 3, 31), dt.date(2026, 2, 17)],
                         "customers": [826, 688], "actual": [663.0, 559.0],
                         "predicted": [865.6, 768.1], "bias": [0.306, 0.374]})  # fmt: skip


def lorenz_curve() -> pd.DataFrame:
    share = np.linspace(0, 1, 21)
    return pd.DataFrame({"buyers": np.arange(21) * 55, "share_people": share,
                         "share_value": share**0.4})  # fmt: skip


def second() -> pd.DataFrame:
    day = np.arange(0, 420, 7)
    left = 0.3 + 0.7 * np.exp(-day / 90)
    return pd.DataFrame({"day": day, "at_risk": 1100 - day, "survival": left, "low": left - 0.02,
                         "high": np.minimum(left + 0.02, 1)})  # fmt: skip


def methods() -> pd.DataFrame:
    return pd.DataFrame(
        {"method": ["bg", "mbg", "population_mean"], "customers": 2554, "actual": 2302.0,
         "predicted": [2602.2, 2617.3, 2738.7], "bias": [0.13, 0.137, 0.19],
         "mae": [0.9, 0.91, 1.06], "rmse": [1.25, 1.25, 1.48],
         "log_score": [-1.211, -1.216, np.nan], "covered50": [0.81, 0.81, np.nan],
         "covered80": [0.94, 0.94, np.nan], "covered95": [0.99, 0.99, np.nan],
         "chosen": [True, False, False]}
    )  # fmt: skip


def tops() -> pd.DataFrame:
    return pd.DataFrame({"top": [0.05, 0.1], "buyers": [55, 109], "share_value": [0.24, 0.35],
                         "low": [0.21, 0.32], "high": [0.26, 0.38]})  # fmt: skip


def cycles() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": ["精华", "会员"], "at_risk": [251, 50], "active": [105, 0],
         "rate": [0.42, 0.0], "low": [0.36, 0.0], "high": [0.48, 0.07], "cycle": [54.0, np.nan],
         "cycle_low": [41.0, np.nan], "cycle_high": [70.0, np.nan], "status": "ok"}
    )  # fmt: skip


def crosscheck() -> pd.DataFrame:
    return pd.DataFrame(
        {"parameter": ["r", "log_likelihood"], "own": [0.2426, -9582.43],
         "own_low": [0.219, np.nan], "own_high": [0.269, np.nan], "lifetimes": [0.2426, -9582.43]}
    )  # fmt: skip


FESTIVALS = tuple(
    festival
    for festival in china_calendar(2025, 2026)
    if festival.starts_on <= AS_OF and festival.ends_on >= dt.date(2025, 4, 1)
)


def churn_scores() -> pd.DataFrame:
    rows = []
    for place, method in enumerate(("base_rate", "recency", "btyd", "logistic", "boosting")):
        for score, value in (("log_loss", 0.69), ("brier", 0.25), ("auc", 0.6),
                             ("average_precision", 0.7), ("lift", 1.2)):  # fmt: skip
            mid, half = value - 0.01 * place, None if score == "average_precision" else 0.02
            ends = (np.nan, np.nan) if half is None else (mid - half, mid + half)
            rows.append((method, score, mid, *ends, 846, "ok"))
    names = ["method", "score", "value", "low", "high", "people", "status"]
    return pd.DataFrame(rows, columns=names)


def importance() -> pd.DataFrame:
    features = ["days_since_order", "silence_in_gaps", "message_days_30", "days_since_interest",
                "spent_count", "groups_left", "tags_count", "days_since_check_in",
                "days_between", "friends_now", "orders_30", "days_since_joined"]  # fmt: skip
    rise = 0.05 / (1 + np.arange(len(features), dtype=float)) - 0.005
    return pd.DataFrame({"feature": features, "rise": rise, "low": rise - 0.006,
                         "high": rise + 0.006, "people": 844})  # fmt: skip


def said() -> pd.DataFrame:
    mid = np.linspace(0.2, 0.95, 10)
    low, high = wilson(np.round(84 * mid), np.full(10, 84))
    return pd.DataFrame({"said": mid[::-1] * 0.9 + 0.05, "happened": mid[::-1],
                         "low": low[::-1], "high": high[::-1], "people": 84})  # fmt: skip


def returns(arms: tuple[str, ...] = ("",)) -> pd.DataFrame:
    rows = []
    for place, (band, first) in enumerate(
        (("30–59", 30), ("60–89", 60), ("90–179", 90), ("180–364", 180), ("365+", 365))
    ):
        for step, arm in enumerate(arms):
            n = 20 if first == 365 else 300 - 40 * place - 60 * step
            back = round(n * (0.5 - 0.08 * place + 0.02 * step))
            low, high = wilson(np.array([back]), np.array([n]))
            ok = n >= 30
            rows.append((band, first, arm, n, back, back / n if ok else np.nan,
                         low[0] if ok else np.nan, high[0] if ok else np.nan,
                         "ok" if ok else "too_few"))  # fmt: skip
    names = ["band", "from_day", "send", "at_risk", "returned", "rate", "low", "high", "status"]
    frame = pd.DataFrame(rows, columns=names)
    return frame if arms != ("",) else frame.drop(columns="send")


def drift() -> pd.DataFrame:
    return pd.DataFrame({"feature": ["days_since_joined", "spent_90", "tags_count"],
                         "psi": [0.8, 0.12, 0.01], "p_adjusted": [0.0, 0.01, 0.9],
                         "state": ["strong", "moved", "stable"], "people": 1091})  # fmt: skip


def layers() -> pd.DataFrame:
    return pd.DataFrame({"action": ["content", "coupon"], "people": [695, 396],
                         "rate": [0.65, 0.56], "value_at_risk": [61_000.0, 39_000.0]})  # fmt: skip


PARTS = ("consumption", "content", "interaction", "social")


def cards(names: tuple[str, ...] = ()) -> pd.DataFrame:
    random = np.random.default_rng(5)
    people = names or tuple(f"P-{letter * 8}" for letter in "ABCDEFGHJKLMNPQR")
    n = len(people)
    frame = pd.DataFrame({"member": people, "rank": range(1, n + 1)})
    frame["state"] = np.where(frame.index < n / 2, "chosen", "next")
    frame["points"] = 140.0 - 6 * frame.index
    for part in PARTS:
        frame[f"{part}_rank"] = 1 - random.uniform(0, 0.4, n)
    frame["in_draws"] = np.linspace(1, 0.02, n)
    frame["portrait"] = "strong in Content, Interaction, Social; answers questions rather than asks"
    frame["portrait_zh"] = "内容、互动、社交突出；解答多、提问少"
    return frame


def lifts(names: tuple[str, ...] = ()) -> pd.DataFrame:
    frame = cards(names)[["member"]]
    frame["value"] = np.linspace(14, -3, len(frame))
    frame["lift"] = 2 * frame["value"] - 4
    frame["low"], frame["high"] = frame["lift"] - 9, frame["lift"] + 9
    frame["state"] = np.where(frame["low"] > 6, "moves", "unclear")
    frame.loc[len(frame) - 1, "state"] = "too_few"
    return frame


def later() -> pd.DataFrame:
    return pd.DataFrame({
        "part": [*PARTS, "points"], "people": 9, "mean": [8.4, 11.4, 9.4, 4.6, 33.8],
        "own": [5.5, 5.4, 4.9, 1.6, 17.3], "difference": [2.9, 6.0, 4.5, 3.0, 16.5],
        "low": [-8.4, -0.1, 0.2, 0.2, 3.3], "high": [14.3, 12.2, 8.8, 5.8, 29.6],
        "flagged": [False, False, True, True, True],
    })  # fmt: skip


def post_curve() -> pd.DataFrame:
    frame = pd.DataFrame({"day": range(-4, 7), "posts": 498})
    frame["mean"] = [0.6, 0.2, -0.3, -1.2, 10.7, 5.2, 1.4, 0.3, -0.2, 0.1, 0.4]
    return frame.assign(low=frame["mean"] - 2.4, high=frame["mean"] + 2.4)


def referral_groups() -> pd.DataFrame:
    return pd.DataFrame({
        "group": ["chosen", "next", "ring", "others"], "inviters": [7, 6, 10, 245],
        "invitees": [12, 8, 10, 296], "kept": [10, 7, 10, 278],
        "depth": [2.0, 1.0, np.nan, 4.0],
        "margin": [5200.0, 900.0, 0.0, 69155.57], "reward": [144.0, 96.0, 120.0, 3552.0],
        "net": [5056.0, 804.0, -120.0, 65603.57],
    })  # fmt: skip


def signals() -> pd.DataFrame:
    return pd.DataFrame({"signal": ["mention", "quote", "reply"], "messages": [90, 400, 2717],
                         "resolved": [90, 311, 2717], "rate": [1.0, 0.7775, 1.0]})  # fmt: skip


def central() -> pd.DataFrame:
    return pd.DataFrame({"member": ["P-AAAAAAAA", "P-BBBBBBBB"], "pagerank": [0.012, 0.009],
                         "expertise": [6.1, -2.4], "brokerage": [0.44, 0.0],
                         "state": ["chosen", ""]})  # fmt: skip


def left_out() -> pd.DataFrame:
    return pd.DataFrame({"reason": ["noise", "freebie", "ring", "staff"],
                         "people": [25, 111, 10, 0]})  # fmt: skip


Draw = Callable[..., Any]
# name -> function, frame(s), other arguments
CHARTS: dict[str, tuple[Draw, Callable[[], Any], dict[str, Any]]] = {
    "triangle": (retention.triangle, triangle, {}),
    "triangle_varying": (retention.triangle, lambda: triangle(varying=True), {}),
    "revenue": (retention.revenue_retention, revenue, {}),
    "curves": (retention.curves, curves, {"among": SEGMENTS}),
    "curves_few": (retention.curves, lambda: curves(SEGMENTS[:3]), {"among": SEGMENTS}),
    "lifecycle": (retention.lifecycle_bars, lifecycle, {"festivals": FESTIVALS}),
    "survival": (retention.survival, survival, {}),
    "active_days": (retention.active_days, active_days, {}),
    "low_points": (retention.low_points, low_points, {}),
    "friends": (retention.friends, friends, {}),
    "backtest": (retention.backtest, backtest, {}),
    "coverage": (health.coverage, coverage, {}),
    "churn_methods": (churn.methods, churn_scores, {"chosen": "btyd"}),
    "churn_methods_open": (churn.methods, churn_scores, {}),
    "churn_importance": (churn.importance, importance, {}),
    "churn_reliability": (churn.reliability, said, {}),
    "churn_returns": (churn.returns, returns, {"horizon": 84}),
    "churn_returns_sends": (
        churn.returns,
        returns,
        {"horizon": 84, "sends": returns(("sent", "not_sent"))},
    ),
    "tracking": (ltv.tracking, tracking, {}),
    "by_frequency": (ltv.by_frequency, bins, {}),
    "worths": (ltv.segments, worths, {}),
    "newcomers": (ltv_outlook.newcomers, outlook, {}),
    "lorenz": (ltv.lorenz, lorenz_curve, {}),
    "second_purchase": (ltv.second_purchase, second, {}),
    "koc_stability": (koc.stability, cards, {}),
    "koc_later": (koc.later, later, {}),
    "koc_lifts": (koc.lifts, lifts, {}),
    "koc_curve": (koc.curve, post_curve, {}),
}
CHARTS["survival_projected"] = (retention.survival, survival, {"projection": projection()})
# charts that show names from data, with the function that makes a frame of such names
NAMED: dict[str, Callable[[tuple[str, ...]], pd.DataFrame]] = {
    "curves": curves,
    "survival": survival,
    "low_points": low_points,
    "friends": friends,
    "worths": worths,
    "newcomers": outlook,
    "koc_stability": cards,
    "koc_lifts": lifts,
}
TABLES: dict[str, tuple[Draw, Callable[[], Any]]] = {
    "by_segment": (retention.by_segment, low_points),
    "friend_loss": (retention.friend_loss, friends),
    "worth": (retention.worth, money),
    "mix_rate": (retention.mix_rate, mix),
    "findings": (health.findings, findings),
    "answers": (health.answers, answers),
    "churn_methods": (churn.methods_table, churn_scores),
    "churn_drift": (churn.drift, drift),
    "churn_layers": (churn.layers, layers),
    "churn_bands": (churn.bands, returns),
    "methods": (ltv_tables.methods, methods),
    "worth_by_segment": (ltv_tables.by_segment, worths),
    "outlook": (functools.partial(ltv_outlook.by_segment, by="channel", weeks=52), outlook),
    "rule_errors": (ltv_outlook.errors, rule_errors),
    "concentration": (ltv_tables.concentration, tops),
    "cycles": (ltv_tables.cycles, cycles),
    "crosscheck": (ltv_tables.crosscheck, crosscheck),
    "koc_cards": (koc.cards, cards),
    "koc_central": (koc.central, central),
    "koc_reasons": (koc.reasons, left_out),
    "koc_referrals": (koc.referral_table, referral_groups),
    "koc_signals": (koc.signals, signals),
}


GROUP_NAMES = (
    "晨雀·福利1群",
    "晨雀·护肤学堂2群",
    "晨雀·新品体验3群",
    "g004",
    "G5 mums & babies",
    "g006",
)


def group_means(names: tuple[str, ...] = GROUP_NAMES) -> pd.DataFrame:
    mean = np.linspace(0.12, 0.55, len(names))
    return pd.DataFrame(
        {"group": names, "people": 34, "mean": mean, "mean_low": mean - 0.09,
         "mean_high": mean + 0.09, "rank_stage": ["silver"] + ["golden"] * (len(names) - 1),
         "verdict": ["below"] + ["chance"] * (len(names) - 1), "status": "ok"}
    )  # fmt: skip


def group_lives() -> pd.DataFrame:
    week = np.array([0.0, 9, 14, 20, 31, 40, 55])
    alive = np.array([1, 0.96, 0.9, 0.83, 0.77, 0.74, 0.7])
    return pd.DataFrame({"week": week, "groups": 40 - np.arange(7) * 4, "survival": alive,
                         "low": alive - 0.12, "high": np.minimum(alive + 0.06, 1)})  # fmt: skip


def push_hours() -> pd.DataFrame:
    start = np.arange(24)
    share = 0.01 + 0.16 * np.exp(-((start - 20) ** 2) / 8) + 0.14 * np.exp(-((start - 8) ** 2) / 6)
    return pd.DataFrame({"start": start, "end": (start + 2) % 24, "share": share,
                         "low": share * 0.85, "high": share * 1.15,
                         "could_be_best": np.isin(start, (19, 20)),
                         "people": (9000 * share).astype(int), "days": 84})  # fmt: skip


def week_of_hours() -> pd.DataFrame:
    weekday, hour = (part.ravel() for part in np.indices((7, 24)))
    mean = 1 + 20 * np.exp(-((hour - 20) ** 2) / 10) * (1 + 0.1 * weekday)
    return pd.DataFrame({"weekday": weekday, "hour": hour, "days": 12, "mean": mean,
                         "share": mean / mean.sum()})  # fmt: skip


def group_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {"group": GROUP_NAMES, "place": ["dead", "closing", "watch", "cleaning", "trial", "golden"],
         "age": range(6, 36, 5), "members": 33, "active_share": 0.31, "staff_share": 0.4,
         "golden_weeks": 5, "net_revenue": 215.0,
         "verdict": ["below", "chance", "chance", "chance", "", "above"]}
    )  # fmt: skip


def group_steps() -> pd.DataFrame:
    return pd.DataFrame(
        {"group": GROUP_NAMES[:2], "on": pd.to_datetime(["2026-06-15", "2026-06-22"]),
         "before": ["golden", "cleaning"], "after": ["cleaning", "watch"],
         "reason": ["turned_silver", "low_weeks"]}
    )  # fmt: skip


def group_signs() -> pd.DataFrame:
    return pd.DataFrame(
        {"group": GROUP_NAMES[:2], "state": ["dead", "alive"],
         "died": pd.to_datetime(["2026-03-02", None]), "gap_weeks": [4.0, np.nan],
         "hard_share": [0.3, 1.0], "neglect": [True, False], "ads_only": [False, True],
         "imprecise": pd.array([False, None], dtype="boolean"), "cause": ["neglect", "ads_only"]}
    )  # fmt: skip


def group_ratios() -> pd.DataFrame:
    return pd.DataFrame(
        {"cause": ["neglect", "ads_only", "imprecise"], "ratio": [21.5, 8.0, np.nan],
         "low": [9.1, 2.2, np.nan], "high": [50.0, 28.9, np.nan], "p_adjusted": [0.0, 0.01, np.nan],
         "groups": [9, 7, 0], "deaths": [6, 4, 0], "status": ["ok", "ok", "too_few"]}
    )  # fmt: skip


def fading() -> pd.DataFrame:
    return pd.DataFrame({"term": ["with_inflow", "without_inflow", "size", "festival"],
                         "value": [-0.02, -0.06, 0.1, 0.03], "low": [-0.03, -0.08, -0.1, -0.02],
                         "high": [-0.01, -0.04, 0.3, 0.08]})  # fmt: skip


def warned() -> pd.DataFrame:
    return pd.DataFrame({"method": ["base_rate", "silent_week", "signs"],
                         "log_loss": [0.09, 0.07, 0.06], "low": [0.05, 0.04, 0.03],
                         "high": [0.13, 0.1, 0.09]})  # fmt: skip


def risky_groups() -> pd.DataFrame:
    return pd.DataFrame({"group": GROUP_NAMES[:2], "risk": [0.31, 0.02], "silent_week": [1.0, 0.0],
                         "active_share": [0.0, 0.4], "staff_gap": [1.0, 0.0],
                         "hard_share": [0.0, 0.2]})  # fmt: skip


def group_hours() -> pd.DataFrame:
    return pd.DataFrame(
        {"group": GROUP_NAMES[:2], "people": 400, "start": [8.0, 20.0], "end": [10.0, 22.0],
         "share": [0.1, 0.2], "low": [0.06, 0.16], "high": [0.14, 0.24], "rest_share": 0.19,
         "difference": [-0.09, 0.01], "p_adjusted": [0.001, 0.8], "flagged": [True, False],
         "status": "ok"}
    )  # fmt: skip


def group_staff() -> pd.DataFrame:
    return pd.DataFrame({"class": ["S", "C"], "groups": [5, 5], "sure": [2, 1],
                         "members_mean": [31.0, 24.0], "staff_messages": [11.5, 3.0],
                         "atmosphere": [1.9, np.nan], "net_revenue": [288.0, 99.0]})  # fmt: skip


CHARTS |= {
    "group_stages": (grouphealth.stages, group_means, {}),
    "group_values": (grouphealth.stages, group_means, {"rule": "value"}),
    "group_lives": (grouphealth.lives, group_lives, {"verdict": "longer", "groups": 40}),
    "push_windows": (grouphealth.windows, push_hours, {}),
    "week_hours": (grouphealth.week_hours, week_of_hours, {}),
}
NAMED["group_stages"] = group_means
TABLES |= {
    "groups": (grouphealth.groups, group_rows),
    "group_steps": (grouphealth.steps, group_steps),
    "group_causes": (grouphealth.causes, group_signs),
    "group_hazard": (grouphealth.hazard, group_ratios),
    "group_decay": (grouphealth.decay, fading),
    "group_warning": (grouphealth.warning_scores, warned),
    "group_risks": (grouphealth.at_risk, risky_groups),
    "group_hours": (grouphealth.other_hours, group_hours),
    "group_staffing": (grouphealth.staffing, group_staff),
}


def best_forms() -> pd.DataFrame:
    value = np.array([0.121, 0.112, 0.09, 0.07, np.nan])
    return pd.DataFrame(
        {"form": ["coupon", "draw", "video", "poster", "live"], "posts": [120, 60, 160, 200, 4],
         "exposures": [1500, 900, 2500, 3000, 40], "clicks": [180, 101, 225, 210, 2],
         "raw": value, "value": value, "low": value - 0.012, "high": value + 0.014,
         "own": value, "own_low": value - 0.013, "own_high": value + 0.015,
         "p_best": [0.8, 0.198, 0.002, 0.0, np.nan],
         "could_be_best": [True, True, False, False, False],
         "status": ["ok", "ok", "ok", "ok", "too_few"]}
    )  # fmt: skip


def reacted_forms() -> pd.DataFrame:
    return pd.concat(
        [best_forms().assign(reaction=name) for name in ("comments", "shares")], ignore_index=True
    )


def best_topics(names: tuple[str, ...] = GROUP_NAMES) -> pd.DataFrame:
    value = np.linspace(0.12, 0.05, len(names))
    chance = np.array([0.9, 0.1] + [0.0] * (len(names) - 2))
    return pd.DataFrame(
        {"topic": names, "posts": 50, "exposures": 900, "clicks": 70, "raw": value, "value": value,
         "low": value - 0.012, "high": value + 0.014, "p_best": chance,
         "could_be_best": chance > 0.05, "status": "ok"}
    )  # fmt: skip


def tired_receivers() -> pd.DataFrame:
    return pd.DataFrame(
        {"recent": [0, 1, 2, 3], "batches": [120, 50, 11, 5], "delivered": [7629, 3154, 1005, 265],
         "clicked": [856, 286, 81, 13], "rate": [0.112, 0.091, 0.081, 0.049],
         "low": [0.105, 0.081, 0.063, 0.029], "high": [0.12, 0.101, 0.103, 0.082],
         "ratio": [1.0, 0.77, 0.8, 0.48], "ratio_low": [np.nan, 0.67, 0.59, 0.25],
         "ratio_high": [np.nan, 0.89, 1.09, 0.93], "status": "ok"}
    )  # fmt: skip


def weekly_posts() -> pd.DataFrame:
    weeks = pd.date_range("2025-07-07", periods=50, freq="7D")
    posts = 12 + (np.arange(50) * 7) % 11
    return pd.DataFrame({"week": weeks, "posts": posts, "groups": 9,
                         "by_members": np.arange(50) % 5})  # fmt: skip


def survey_waves() -> pd.DataFrame:
    rows = [
        (
            question,
            f"w{wave}",
            day,
            side,
            150,
            score,
            score - half,
            score + half,
            change,
            False,
            "ok",
        )
        for question, size, half in (("nps", 30.0, 12.0), ("satisfaction", 4.0, 0.15))
        for wave, day in enumerate(pd.to_datetime(["2025-09-30", "2025-12-30", "2026-03-31"]))
        for side in ("members", "others")
        for change in [np.nan if wave == 0 else -1.0]
        for score in [size - wave * half / 4 - (half if side == "others" else 0)]
    ]
    names = ["question", "wave", "from_day", "side", "people", "score", "low", "high", "change",
             "flagged", "status"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def sent_forms() -> pd.DataFrame:
    share = {"executed": 0.9, "delivered": 0.93, "clicked": 0.1}
    steps = {
        f"{step}_{end}": [value + add, np.nan]
        for step, value in share.items()
        for end, add in (("rate", 0.0), ("low", -0.02), ("high", 0.02))
    }
    return pd.DataFrame({"kind": ["mass", "moments"], "audience": ["tag", "everyone"],
                         "batches": [99, 12], "planned": [13522, 12], **steps,
                         "status": ["ok", "too_few"]})  # fmt: skip


def after_send() -> pd.DataFrame:
    return pd.DataFrame(
        {"outcome": ["orders", "orders", "deletions"], "audience": ["all", "tag", "all"],
         "batches": [81, 21, 70], "delivered": [4391, 221, 5025], "after": [27.6, 31.7, np.nan],
         "matched": [25.6, 24.9, np.nan], "difference": [1.9, 6.8, np.nan],
         "low": [-5.2, 1.2, np.nan], "high": [9.1, 12.7, np.nan], "status": ["ok", "ok", "too_few"]}
    )  # fmt: skip


def tag_gains() -> pd.DataFrame:
    return pd.DataFrame({"people": [377], "batches": [131], "delivered": [4598], "clicked": [473],
                         "ratio": [1.42], "ratio_low": [1.11], "ratio_high": [1.8],
                         "status": ["ok"]})  # fmt: skip


def hit_pieces() -> pd.DataFrame:
    return pd.DataFrame(
        {"content_id": ["n1", "n2"], "group": GROUP_NAMES[:2], "form": ["video", "qa"],
         "topic": ["新品", "unknown"], "exposures": [360, 25], "clicks": [66, 5],
         "raw": [0.18, 0.2], "expected": [0.09, 0.1], "ratio": [1.9, 1.0], "p_adjusted": [0.0, 0.9],
         "winner": [True, False]}
    )  # fmt: skip


def silent_groups() -> pd.DataFrame:
    return pd.DataFrame({"group": GROUP_NAMES[:2], "posts": [0, 9], "weeks": [12, 12],
                         "silent_weeks": [12, 3], "gap_days": [84, 16]})  # fmt: skip


def talked_topics() -> pd.DataFrame:
    return pd.DataFrame(
        {"topic": [1, 2], "words": ["防晒、太阳、外面", "refund、late"], "messages": [761, 90],
         "people": [230, 40], "share": [0.05, 0.006], "difference": [0.01, -0.002],
         "low": [0.004, -0.01], "high": [0.016, 0.006], "p_adjusted": [0.01, 0.7],
         "flagged": [True, False], "status": "ok"}
    )  # fmt: skip


def complaining_groups() -> pd.DataFrame:
    return pd.DataFrame(
        {"group": GROUP_NAMES[:2], "messages": [220, 20], "negative": [19, 1], "people": [9, 1],
         "rate": [0.086, np.nan], "low": [0.05, np.nan], "high": [0.13, np.nan],
         "rate_before": [0.02, 0.03], "p_adjusted": [0.01, np.nan], "flagged": [True, False],
         "status": ["ok", "too_few"]}
    )  # fmt: skip


def complaint_words() -> pd.DataFrame:
    return pd.DataFrame({"word": ["太慢了", "scam"], "messages": [18, 6], "people": [16, 5],
                         "messages_before": [30, 0]})  # fmt: skip


def named_categories() -> pd.DataFrame:
    return pd.DataFrame(
        {"source": ["message", "message", "click"], "category": ["all", "面膜", "防晒"],
         "people": [821, 528, 17], "signs": [12223, 1946, 22], "bought": [454, 99, 0],
         "expected": [464.5, 71.0, 0.4], "ratio": [0.98, 1.39, np.nan], "low": [0.91, 1.1, np.nan],
         "high": [1.05, 1.7, np.nan], "flagged": [False, True, False],
         "status": ["ok", "ok", "too_few"]}
    )  # fmt: skip


def content_costs() -> pd.DataFrame:
    return pd.DataFrame(
        {"maker": ["brand", "member"], "posts": [836, 135],
         "creators": pd.array([None, 123], dtype="Int64"), "exposures": [12176, 2078],
         "clicks": [951, 117], "spent": [112688.55, np.nan], "per_click": [118.5, np.nan],
         "low": [100.7, np.nan], "high": [139.5, np.nan], "status": ["ok", "too_few"]}
    )  # fmt: skip


CHARTS |= {
    "content_forms": (content.best, best_forms, {}),
    "content_topics": (content.best, best_topics, {"factor": "topic"}),
    "content_fatigue": (content.fatigue, tired_receivers, {}),
    "content_cadence": (content.cadence, weekly_posts, {}),
    "content_nps": (content.opinion, survey_waves, {}),
    "content_satisfaction": (content.opinion, survey_waves, {"question": "satisfaction"}),
}
NAMED["content_topics"] = best_topics
TABLES |= {
    "content_sent": (content.sent, sent_forms),
    "content_after": (content.after_sends, after_send),
    "content_tags": (content.tags, tag_gains),
    "content_reactions": (content.reactions, reacted_forms),
    "content_winners": (content.winners, hit_pieces),
    "content_neglected": (content.neglected, silent_groups),
    "content_talk": (content.topics, talked_topics),
    "content_complaint_groups": (content.complaint_groups, complaining_groups),
    "content_complaint_terms": (content.complaint_terms, complaint_words),
    "content_demand": (content.demand, named_categories),
    "content_makers": (content.makers, content_costs),
}


def marked_leaders() -> pd.DataFrame:
    return pd.DataFrame(
        {"method": ["labels", "composite"], "top": 0.01, "people": 18, "hits": [12, 9],
         "rate": [0.67, 0.5], "low": [0.44, 0.29], "high": [0.84, 0.71], "p": 0.2, "status": "ok"}
    )  # fmt: skip


TABLES["koc_labels"] = (koc.marked, marked_leaders)


def weekly_links() -> pd.DataFrame:
    place = np.arange(26)
    return pd.DataFrame(
        {"week": pd.date_range("2026-01-05", periods=26, freq="7D"), "speakers": 300 + place,
         "askers": 80 + place % 5, "answerers": 150 - place, "sharers": 20 + place % 7,
         "paid_sharers": pd.array([None] * 26, dtype="Int64"), "bringers": 6 + place % 3}
    )  # fmt: skip


CHARTS["content_links"] = (content.links, weekly_links, {})
CHARTS |= campaigns.CHARTS
TABLES |= campaigns.TABLES


def steps_taken() -> pd.DataFrame:
    way = ["sampled", "added_adviser", "joined_group", "first_order"]
    return pd.DataFrame(
        {"segment": "all", "place": range(4), "from_step": [None, *way[:-1]], "step": way,
         "reached": [900, 700, 300, 80], "at_risk": pd.array([None, 880, 660, 250], dtype="Int64"),
         "took": pd.array([None, 690, 280, 75], dtype="Int64"),
         "rate": [np.nan, 0.784, 0.424, 0.3], "low": [np.nan, 0.756, 0.387, 0.247],
         "high": [np.nan, 0.81, 0.462, 0.36],
         "lost": pd.array([None, 190, 380, 175], dtype="Int64"),
         "median_hours": [np.nan, 3, 20, 200], "median_low": [np.nan, 2, 18, 170],
         "median_high": [np.nan, 4, 25, 240], "flagged": [False, False, True, False],
         "difference": [np.nan, 0.1, -0.2, 0.0],
         "status": "ok"}
    )  # fmt: skip


def ranked_channels() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": ["sample machine", "online store", HOSTILE[0]], "people": [900, 1200, 60],
         "mean": [0.62, 0.5, 0.2], "mean_low": [0.58, 0.47, 0.1], "mean_high": [0.66, 0.53, 0.3],
         "value": [0.6, 0.51, 0.28], "low": [0.56, 0.48, 0.18], "high": [0.64, 0.54, 0.38],
         "best": [0.98, 0.02, 0.0], "difference": [0.15, 0.02, -0.2], "in_top": [0.97, 0.1, 0.0],
         "p_adjusted": [0.001, 0.6, 0.02], "flagged": [True, False, True], "status": "ok",
         "chats": [120, 90, 3], "reply_share": [0.9, 0.8, np.nan],
         "reply_minutes": [12.0, 30.5, np.nan]}
    )  # fmt: skip


def tags_for_talks() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": ["os", HOSTILE[0]], "people": [80, 12], "chats": [120, 14],
         "per_chat": [0.62, np.nan], "low": [0.5, np.nan], "high": [0.74, np.nan],
         "status": ["ok", "too_few"]}
    )  # fmt: skip


def worn_invitations() -> pd.DataFrame:
    rates = np.array([0.42, 0.3, 0.18, 0.12, 0.03, 0.04, 0.06, 0.09])
    return pd.DataFrame(
        {"event": ["joined_group"] * 4 + ["deleted"] * 4, "label": ["0", "1", "2", "3+"] * 2,
         "at_risk": [900, 480, 260, 140] * 2, "rate": rates, "low": rates - 0.02,
         "high": rates + 0.03, "difference": [np.nan, -0.1, -0.2, -0.3, np.nan, 0.01, 0.03, 0.06],
         "flagged": [False, True, True, True, False, False, False, True], "status": "ok"}
    )  # fmt: skip


def kinds_of_first() -> pd.DataFrame:
    share = np.array([0.68, 0.24, 0.08])
    return pd.DataFrame(
        {"kind": ["regular", "trial", "membership"], "people": [680, 240, 80], "share": share,
         "share_low": share - 0.02, "share_high": share + 0.02, "cycle": [13.0, 9.0, np.nan],
         "cycle_low": [11.0, 7.0, np.nan], "cycle_high": [15.0, 12.0, np.nan],
         "at_risk": [500, 180, 20], "rate": [0.5, 0.3, np.nan], "low": [0.45, 0.24, np.nan],
         "high": [0.55, 0.37, np.nan], "difference": [0.15, -0.18, np.nan],
         "flagged": [True, True, False], "status": ["ok", "ok", "too_few"]}
    )  # fmt: skip


def channel_curves() -> pd.DataFrame:
    age = np.arange(1, 9)
    parts = [
        pd.DataFrame({"channel": name, "age": age, "at_risk": 400 - 40 * age, "margin": pace * age,
                      "low": 0.8 * pace * age, "high": 1.2 * pace * age, "cost": 30.0})
        for name, pace in (("sm", 3.0), ("os", 12.0), (HOSTILE[0], 6.0))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def channel_payback() -> pd.DataFrame:
    return pd.DataFrame(
        {"channel": ["os", "sm"], "cost": [30.0, 30.0], "at_risk": [80, 80], "seen": [8, 8],
         "margin": [96.0, 24.0], "low": [76.8, 19.2], "high": [115.2, 28.8], "ratio": [3.2, 0.8],
         "age": pd.array([3, None], dtype="Int64"), "age_low": pd.array([3, None], dtype="Int64"),
         "age_high": pd.array([4, None], dtype="Int64")}
    )  # fmt: skip


CHARTS |= {
    "channel_way": (channels.way, steps_taken, {}),
    "channel_ranking": (channels.ranking, ranked_channels, {}),
    "channel_luck": (channels.funnel_plot, ranked_channels, {}),
    "channel_payback": (channels.payback, channel_curves, {}),
    "channel_invited": (channels.invited, worn_invitations, {}),
}
TABLES |= {
    "channel_steps": (channels.steps, steps_taken),
    "channel_outcomes": (channels.outcomes, ranked_channels),
    "channel_costs": (channels.costs, channel_payback),
    "channel_tagging": (channels.tagging, tags_for_talks),
    "channel_invitations": (channels.invitations, worn_invitations),
    "channel_first_orders": (channels.first_orders, kinds_of_first),
    "channel_advisers": (channels.advisers, ranked_channels),
}


def ads_in_groups() -> pd.DataFrame:
    return pd.DataFrame(
        {"group": ["tea", HOSTILE[0], "g3"], "days": [20, 14, 4], "losses": [14, 8, 1],
         "member_days": [800, 300, 40], "raw": [2.4, 0.9, np.nan], "ratio": [2.1, 0.95, np.nan],
         "low": [1.3, 0.5, np.nan], "high": [3.4, 1.8, np.nan], "p_adjusted": [0.01, 0.6, np.nan],
         "flagged": [True, False, False], "status": ["ok", "ok", "too_few"]}
    )  # fmt: skip


def shared_trials() -> pd.DataFrame:
    return pd.DataFrame(
        {"label": ["silent", "shared"], "at_risk": [400, 120], "active": [100, 54],
         "rate": [0.25, 0.45], "low": [0.2, 0.36], "high": [0.3, 0.54],
         "difference": [np.nan, 0.2], "p_adjusted": [np.nan, 0.001], "flagged": [False, True],
         "status": "ok"}
    )  # fmt: skip


def packets_made() -> pd.DataFrame:
    return pd.DataFrame(
        {"label": ["made", "made_by_staff", "opened", "earned"], "people": [40, 1, 90, 30],
         "entries": [60, 8, 400, 31], "points": [np.nan, np.nan, 4000, 310],
         "per_person": [1.5, np.nan, 4.4, 1.03], "low": [1.2, np.nan, 3.8, 0.8],
         "high": [1.9, np.nan, 5.1, 1.4]}
    )  # fmt: skip


def paid_check_ins() -> pd.DataFrame:
    return pd.DataFrame(
        {"band": ["0", "1–6", "7+"], "people": [700, 150, 60], "mean": [20.0, 31.0, 60.0],
         "value": [22.0, 27.0, 40.0], "low": [19.0, 20.0, 25.0], "high": [25.0, 34.0, 55.0],
         "difference": [0.0, 5.0, 18.0], "difference_low": [0.0, -2.0, 3.0],
         "difference_high": [0.0, 12.0, 33.0], "reward": [0.0, 0.5, 2.1],
         "net": [0.0, 4.5, 15.9], "net_low": [0.0, -2.5, 0.9], "net_high": [0.0, 11.5, 30.9]}
    )  # fmt: skip


TABLES |= {
    "growth_group_ads": (growth.group_ads, ads_in_groups),
    "growth_trials": (growth.trials, shared_trials),
    "growth_packets": (growth.packets, packets_made),
    "growth_check_ins": (growth.check_ins, paid_check_ins),
}


def sales() -> pd.DataFrame:
    days = months(8)
    return pd.DataFrame(
        {"month": pd.to_datetime(days), "orders": range(90, 170, 10), "buyers": range(80, 160, 10),
         "returning": range(20, 100, 10), "gross": 100.0, "refunds": 10.0,
         "net": np.linspace(9000.5, 32000.25, 8), "complete": [True] * 7 + [False]}
    )  # fmt: skip


def accounts() -> pd.DataFrame:
    return pd.DataFrame(
        {"period": pd.to_datetime(months(4)), "members": [900, 950, 990, 999],
         "active": [500, 520, 530, 540], "new": 60, "retained": 400, "resurrected": 50,
         "activated_late": 10, "dormant": 70, "left": 30, "created_inactive": 5,
         "status": ["before_data", "ok", "ok", "open"]}
    )  # fmt: skip


def goals() -> pd.DataFrame:
    return pd.DataFrame(
        {"key": ["retention.month1", "overview.net_revenue", HOSTILE[0]],
         "unit": ["share", "money", ""], "target": [0.7, 20_000.0, 3.0], "people": [500, 900, None],
         "value": [0.72, 18_000.0, np.nan], "chance": [0.8, 0.0, np.nan],
         "status": ["open", "missed", "unknown"]}
    )  # fmt: skip


CHARTS |= {"overview_sales": (overview.sales, sales, {})}
TABLES |= {
    "overview_accounting": (overview.accounting, accounts),
    "overview_targets": (overview.targets, goals),
}


def growth_cohorts() -> pd.DataFrame:
    parts = []
    for place, month in enumerate(("2026-01", "2026-02", "2026-03", "2026-04")):
        for k, step in enumerate(("activated_7", "retained_30", "bought_90", "brought_30")):
            n, rate = 120 + 9 * place, 0.7 - 0.17 * k + 0.02 * place
            low, high = wilson(round(rate * n), n)
            known = place + k < 5
            parts.append((month, step, n if known else 12, round(rate * n) if known else 6,
                          *((rate, float(low), float(high)) if known else (np.nan,) * 3),
                          "ok" if known else "too_few"))  # fmt: skip
    names = ["cohort", "step", "at_risk", "active", "rate", "low", "high", "status"]
    return pd.DataFrame(parts, columns=names)


def growth_generations() -> pd.DataFrame:
    return pd.DataFrame(
        {"generation": ["0", "1", "2", "all"], "at_risk": [1372, 226, 12, 1610],
         "inviters": [193, 21, 0, 214], "invitees": [237, 23, 0, 260], "kept": [176, 18, 0, 194],
         "value": [0.128, 0.08, np.nan, 0.12], "low": [0.108, 0.05, np.nan, 0.103],
         "high": [0.152, 0.127, np.nan, 0.141], "raw": [0.173, 0.102, np.nan, 0.162],
         "raw_low": [0.149, 0.067, np.nan, 0.14], "raw_high": [0.2, 0.155, np.nan, 0.186],
         "most": [5, 2, 0, 5], "status": ["ok", "ok", "too_few", "ok"]}
    )  # fmt: skip


def growth_referred() -> pd.DataFrame:
    return pd.DataFrame(
        {"outcome": ["retained_30", "margin_90", "bought_90"], "people": [261, 235, 12],
         "referred": [0.77, 127.0, np.nan], "alone": [0.63, 77.3, np.nan],
         "difference": [0.14, 49.8, np.nan], "low": [0.084, 17.2, np.nan],
         "high": [0.198, 82.4, np.nan], "held": ["month channel", "month region", "month"],
         "status": ["ok", "ok", "too_few"], "p_adjusted": [0.001, 0.2, np.nan],
         "flagged": [True, False, False]}
    )  # fmt: skip


def growth_points() -> pd.DataFrame:
    return pd.DataFrame(
        {"reason": ["purchase", HOSTILE[0], "expired", "exchange"],
         "entries": [3408, 90, 5105, 1318], "people": [1090, 40, 988, 764],
         "points": [496_442, 4500, -165_602, -217_600], "per_entry": [145.7, 50.0, -32.4, -165.1],
         "cost": [4964.42, 45.0, -1656.02, np.nan]}
    )  # fmt: skip


def growth_promises() -> pd.DataFrame:
    return pd.DataFrame(
        {"label": ["in_time", "late", "unfulfilled"], "promises": [1102, 107, 60],
         "people": [684, 100, 58], "share": [0.868, 0.084, 0.047], "at_risk": [513, 48, 21],
         "active": [394, 39, 15], "rate": [0.768, 0.812, np.nan], "low": [0.73, 0.681, np.nan],
         "high": [0.802, 0.898, np.nan], "status": ["ok", "ok", "too_few"],
         "difference": [np.nan, 0.044, np.nan], "p_adjusted": [np.nan, 0.48, np.nan],
         "flagged": [False, False, False]}
    )  # fmt: skip


def growth_coupons() -> pd.DataFrame:
    return pd.DataFrame(
        {"batch": [f"monthly-{k:02}" for k in range(13)] + [HOSTILE[0]], "at_risk": 200,
         "people": 200, "passed": 12, "rate": 0.06, "low": 0.035, "high": 0.102, "open": 0,
         "worth": 180.0, "status": "ok"}
    )  # fmt: skip


def growth_dependence() -> pd.DataFrame:
    return pd.DataFrame(
        {"band": ["none", "some", "most", "all"], "buyers": [421, 248, 11, 7],
         "share": [0.613, 0.361, 0.016, 0.01], "low": [0.576, 0.326, 0.009, 0.005],
         "high": [0.649, 0.398, 0.028, 0.021], "orders": [1551, 1497, 34, 15]}
    )  # fmt: skip


def growth_coupon_margins() -> pd.DataFrame:
    return pd.DataFrame(
        {"label": ["with", "without"], "orders": [403, 3112], "buyers": [339, 1025],
         "revenue": [174.25, 134.1], "margin": [96.7, 80.2], "low": [88.0, 75.1],
         "high": [105.3, 85.2], "rate": [0.555, 0.598]}
    )  # fmt: skip


def growth_streaks() -> pd.DataFrame:
    days = np.arange(1, 13)
    survival = 0.87**days
    return pd.DataFrame(
        {"days": days, "at_risk": (300 * survival).astype(int),
         "passed": (260 * survival).astype(int), "rate": 0.87, "low": 0.82, "high": 0.91,
         "survival": survival, "survival_low": 0.9 * survival, "survival_high": 1.1 * survival}
    )  # fmt: skip


def growth_ads() -> pd.DataFrame:
    return pd.DataFrame(
        {"kind": ["hard", "soft"] * 2, "event": ["left", "left", "deleted", "deleted"],
         "groups": [24, 24, 24, 3], "days": [291, 227, 291, 9], "losses": [88, 71, 19, 2],
         "share": [0.0108, 0.0114, 0.0023, np.nan], "rest_share": [0.005, 0.0115, 0.004, np.nan],
         "ratio": [2.1, 0.99, 0.57, np.nan], "low": [1.5, 0.6, 0.4, np.nan],
         "high": [2.9, 1.6, 0.8, np.nan], "p_adjusted": [0.001, 0.96, 0.03, np.nan],
         "flagged": [True, False, True, False], "status": ["ok", "ok", "ok", "too_few"]}
    )  # fmt: skip


def growth_shares() -> pd.DataFrame:
    return pd.DataFrame(
        {"label": ["spontaneous", "rewarded"] * 2, "event": ["brought"] * 2 + ["deleted"] * 2,
         "at_risk": [208, 292] * 2, "active": [86, 60, 9, 40],
         "rate": [0.413, 0.205, 0.043, 0.137], "low": [0.349, 0.163, 0.024, 0.102],
         "high": [0.481, 0.255, 0.08, 0.181], "difference": [np.nan, -0.208, np.nan, 0.094],
         "p_adjusted": [np.nan, 0.001, np.nan, 0.002], "flagged": [False, True, False, True],
         "status": "ok"}
    )  # fmt: skip


def growth_teams() -> pd.DataFrame:
    return pd.DataFrame(
        {"campaign": ["", HOSTILE[0]], "teams": [9, 40], "completed": [6, 31],
         "rate": [0.667, 0.775], "low": [0.354, 0.625], "high": [0.879, 0.877],
         "buyers": [20, 110], "newcomers": [10, 31], "share": [0.5, 0.282]}
    )  # fmt: skip


def growth_returns() -> pd.DataFrame:
    return pd.DataFrame(
        {"band": ["1", "2-6", "7+"], "at_risk": [47, 120, 9], "returned": [18, 39, 2],
         "rate": [0.383, 0.325, np.nan], "low": [0.258, 0.248, np.nan],
         "high": [0.526, 0.413, np.nan], "status": ["ok", "ok", "too_few"]}
    )  # fmt: skip


CHARTS |= {
    "growth_streaks": (growth.streaks, growth_streaks, {}),
    "growth_steps": (growth.steps, growth_cohorts, {}),
    "growth_k": (growth.k_by_generation, growth_generations, {}),
    "growth_points": (growth.points, growth_points, {}),
    "growth_batches": (growth.batches, growth_coupons, {}),
}
TABLES |= {
    "growth_shares": (growth.shares, growth_shares),
    "growth_teams": (growth.teams, growth_teams),
    "growth_ads": (growth.ads, growth_ads),
    "growth_returns": (growth.returns, growth_returns),
    "growth_cohorts": (growth.cohorts, growth_cohorts),
    "growth_generations": (growth.generations, growth_generations),
    "growth_referred": (growth.referred, growth_referred),
    "growth_ledger": (growth.ledger, growth_points),
    "growth_promises": (growth.promises, growth_promises),
    "growth_dependence": (growth.dependence, growth_dependence),
    "growth_coupon_margins": (growth.coupon_margins, growth_coupon_margins),
}


def roi_months() -> pd.DataFrame:
    margin = np.array([4000.0, 9000.0, 14_000.0, 21_000.0, 26_000.0, 12_000.0])
    frame = pd.DataFrame({"month": pd.date_range("2026-01-01", periods=6, freq="MS"),
                          "buyers": [40, 80, 120, 180, 210, 90], "net": margin * 1.7,
                          "margin": margin, "spent": 12_500.0})  # fmt: skip
    frame["value"] = frame["margin"] - frame["spent"]
    frame["running"] = frame["value"].cumsum()
    for name, half in (("value", 0.2 * margin), ("running", np.cumsum(0.15 * margin))):
        frame[f"{name}_low"], frame[f"{name}_high"] = frame[name] - half, frame[name] + half
    return frame.assign(status=["ok"] * 5 + ["open"])


def roi_lives() -> pd.DataFrame:
    day = np.arange(0, 121, 10)
    parts = [
        pd.DataFrame({"segment": side, "day": day, "at_risk": 400 - 3 * day, "lost": 20,
                      "survival": np.exp(-day / pace), "low": np.exp(-day / pace) * 0.93,
                      "high": np.minimum(np.exp(-day / pace) * 1.07, 1.0)})
        for side, pace in (("in", 90), ("out", 60))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def roi_costs() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": ["staff", "content", HOSTILE[0], "unnamed"], "lines": [15, 15, 2, 1],
         "spent": [126_000.0, 45_000.0, 900.0, 0.0], "later": [0.0, 0.0, 100.0, 50.0],
         "billed": [126_000.0, 45_000.0, 1000.0, 50.0], "share": [0.73, 0.26, 0.01, 0.0]}
    )  # fmt: skip


def roi_phases() -> pd.DataFrame:
    return pd.DataFrame(
        {"starts_on": [dt.date(2026, 1, 14), dt.date(2026, 4, 8)],
         "ends_on": [dt.date(2026, 4, 7), dt.date(2026, 6, 30)], "days": 84, "buyers": [533, 3],
         "net": [130_000.0, 200.0], "margin": [77_000.0, 90.0], "spent": [54_000.0, 0.0],
         "value": [23_000.0, 90.0], "low": [12_000.0, -5.0], "high": [34_000.0, 185.0],
         "ratio": [1.43, np.nan], "per_day": [274.0, 1.1], "per_day_low": [143.0, -0.1],
         "per_day_high": [405.0, 2.2]}
    )  # fmt: skip


def roi_campaigns() -> pd.DataFrame:
    return pd.DataFrame(
        {"campaign": [HOSTILE[0], "spring coupon"], "kind": ["draw", "coupon"],
         "design": ["observational", "randomised"], "assigned": [424, 1300], "buyers": [17, 45],
         "spent": [1500.0, 3800.0], "attributed": [1190.0, 4070.0],
         "attributed_net": [-310.0, 270.0], "value": [np.nan, 186.0], "low": [np.nan, -2913.0],
         "high": [np.nan, 3285.0], "status": ["refused", "ok"],
         "standing": ["attributed", "effect"], "reason": ["observational", ""]}
    )  # fmt: skip


def roi_compared() -> pd.DataFrame:
    return pd.DataFrame(
        {"measure": ["repurchase", "life"], "members_in": [506, 185], "members_out": [322, 139],
         "rate_in": [0.51, 43.5], "rate_out": [0.49, 41.2], "naive": [0.02, 2.3],
         "naive_low": [-0.06, -9.7], "naive_high": [0.1, 14.3], "value": [0.021, np.nan],
         "low": [-0.06, np.nan], "high": [0.1, np.nan], "status": ["ok", "refused"],
         "trimmed": [0.01, np.nan], "balanced": [True, None], "robust": [0.014, np.nan]}
    )  # fmt: skip


def roi_tiers() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": ["in", "out", "naive", "corrected"], "people": [68, 69, 137, 137],
         "value": [2.5, 2.8, -0.1, -0.3], "low": [2.2, 2.6, -0.5, -0.6],
         "high": [2.7, 2.9, 0.3, -0.1], "status": "ok"}
    )  # fmt: skip


def roi_waves() -> pd.DataFrame:
    row = {"mean_in": 24.0, "mean_in_low": 12.0, "mean_in_high": 36.0, "mean_out": 13.0,
           "mean_out_low": 1.0, "mean_out_high": 25.0, "difference": 11.0, "low": -6.0,
           "high": 28.0}  # fmt: skip
    few = dict.fromkeys(row, np.nan)
    rows = [{"question": "nps", "wave": "w1", "members_in": 12, "members_out": 30, **few,
             "flagged": False, "status": "too_few"},
            {"question": "nps", "wave": HOSTILE[0], "members_in": 163, "members_out": 174, **row,
             "flagged": True, "status": "ok"}]  # fmt: skip
    return pd.DataFrame(rows)


def roi_premium() -> pd.DataFrame:
    return pd.DataFrame(
        {"measure": ["full_price", "full_price", "discount", "discount"],
         "segment": ["in", "out", "in", "out"], "buyers": [958, 20, 958, 20],
         "orders": [2994, 20, 2994, 20], "rate": [0.4, np.nan, 0.1, np.nan],
         "low": [0.37, np.nan, 0.09, np.nan], "high": [0.42, np.nan, 0.11, np.nan],
         "status": ["ok", "too_few", "ok", "too_few"]}
    )  # fmt: skip


def roi_scenarios() -> pd.DataFrame:
    return pd.DataFrame(
        {"share": [0.25, 1.0], "buyers": 1078, "margin": [68_000.0, 273_000.0], "spent": 219_000.0,
         "value": [-151_000.0, 53_500.0], "low": [-159_000.0, 21_700.0],
         "high": [-143_000.0, 85_300.0], "ratio": [0.31, 1.24]}
    )  # fmt: skip


def roi_concentration() -> pd.DataFrame:
    return pd.DataFrame(
        {"top": [0.05, 0.1], "buyers": [55, 109], "share_value": [0.33, 0.46], "low": [0.28, 0.42],
         "high": [0.36, 0.5]}
    )  # fmt: skip


def roi_dose() -> pd.DataFrame:
    frame = pd.DataFrame({"band": ["0", "1–2", "3–5", "6+"], "people": [828, 66, 60, 39],
                          "mean": [34.7, 40.9, 62.5, 80.0], "value": [38.7, 37.8, 54.6, 70.0],
                          "difference": [0.0, -0.9, 15.9, 31.3]})  # fmt: skip
    half = np.array([7.0, 27.0, 33.0, 28.0])
    frame["low"], frame["high"] = frame["value"] - half, frame["value"] + half
    frame["difference_low"] = frame["difference"] - half
    frame["difference_high"] = frame["difference"] + half
    return frame


def roi_mouth() -> pd.DataFrame:
    return pd.DataFrame({"what": ["clicked", "shared", "invited"], "members": [744, 120, 60],
                         "times": [2195, 144, 69]})  # fmt: skip


CHARTS |= {
    "roi_dose": (roi.dose, roi_dose, {}),
    "roi_months": (roi.months, roi_months, {}),
    "roi_running": (roi.running, roi_months, {}),
    "roi_lives": (roi.lives, roi_lives, {}),
}
TABLES |= {
    "roi_costs": (roi.costs, roi_costs),
    "roi_monthly": (roi.monthly, roi_months),
    "roi_phases": (roi.phases, roi_phases),
    "roi_campaigns": (roi.campaigns, roi_campaigns),
    "roi_compared": (roi.compared, roi_compared),
    "roi_tiers": (roi.tiers, roi_tiers),
    "roi_waves": (roi.waves, roi_waves),
    "roi_premium": (roi.premium, roi_premium),
    "roi_scenarios": (roi.scenarios, roi_scenarios),
    "roi_mouth": (roi.mouth, roi_mouth),
    "roi_concentration": (roi.concentration, roi_concentration),
}


def group_kinds(names: tuple[str, ...] = ("benefit", "content", "resource")) -> pd.DataFrame:
    mean = np.array([0.31, 0.22, *[np.nan] * (len(names) - 2)])
    return pd.DataFrame(
        {"dimension": "positioning", "segment": names, "groups": [9, 11, *[2] * (len(names) - 2)],
         "mean": mean, "mean_low": mean - 0.04, "mean_high": mean + 0.05,
         "difference": mean - 0.25, "p": 0.01, "p_adjusted": 0.02,
         "flagged": [True, False, *[False] * (len(names) - 2)],
         "status": ["ok", "ok", *["too_few"] * (len(names) - 2)]}
    )  # fmt: skip


def made_pieces() -> pd.DataFrame:
    count = {"creators": [9, 8, 60, None], "posts": [20, 11, 90, 400], "exposures": 4000,
             "clicks": 300, "again": [6, 0, 7, 55], "delivered": [30, 0, 12, 220],
             "clicked": [9, 0, 4, 70]}  # fmt: skip
    rate = np.array([0.09, np.nan, 0.07, 0.06])
    frame = pd.DataFrame(
        {"maker": ["chosen", "next", "others", "brand"], **count, "rate": rate,
         "low": rate - 0.01, "high": rate + 0.01, "status": ["ok", "too_few", "ok", "ok"]}
    )  # fmt: skip
    return frame.astype(dict.fromkeys(count, "Int64"))


TABLES |= {"koc_pieces": (koc.pieces, made_pieces),
           "group_kinds": (grouphealth.kinds, group_kinds)}  # fmt: skip


def tried_groups(names: tuple[str, ...] = ("新品体验群", "福利三群")) -> pd.DataFrame:
    return pd.DataFrame(
        {"group": names, "start": pd.Timestamp("2026-04-06"),
         "end": [pd.Timestamp("2026-05-04"), *[pd.NaT] * (len(names) - 1)],
         "outcome": ["passed", *["running"] * (len(names) - 1)], "staff_messages": 12.5,
         "atmosphere": [3.0, *[np.nan] * (len(names) - 1)], "share_before": 0.08,
         "share_after": 0.14}
    )  # fmt: skip


TABLES["group_trials"] = (grouphealth.trials, tried_groups)
CHARTS |= segments.CHARTS
TABLES |= segments.TABLES
