"""Made-up frames for the charts and tables of notebook 08."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import campaign
from commlab.estimate import Estimate
from commlab.models.claims import ROWS
from commlab.models.refutation import DECIDE

NAMES = ("春日回购券", "分享裂变冲刺", "敏感肌护理小课堂", "拼团周", "一对一关怀")
VERDICTS = ("gain", "harm", "nothing", "broken", "cannot_tell")


def overview(names: tuple[str, ...] = NAMES) -> pd.DataFrame:
    n = len(names)
    frame = pd.DataFrame({
        "campaign": [f"c{k:02}" for k in range(n)], "name": names, "kind": "coupon",
        "design": "randomised", "arm": "treated", "starts_on": dt.date(2026, 3, 11),
        "people": 1300, "difference": np.linspace(0.082, -0.054, n),
    })  # fmt: skip
    frame = frame.assign(low=frame["difference"] - 0.04, high=frame["difference"] + 0.04,
                         p=0.001, p_adjusted=0.0021, unit="orders", status="ok", reason="",
                         verdict=[VERDICTS[k % len(VERDICTS)] for k in range(n)])  # fmt: skip
    frame.loc[n - 1, ["difference", "low", "high", "p_adjusted"]] = np.nan
    frame.loc[n - 1, ["status", "reason", "verdict"]] = ["refused", "campaign.why.one_arm",
                                                         "refused"]  # fmt: skip
    return frame


def claims(unit: str = "orders") -> pd.DataFrame:
    rows = pd.DataFrame({"row": list(ROWS), "assumption": list(ROWS.values())})
    size = 0.08 if unit == "orders" else 6.4
    middle = np.linspace(0.9, 1.1, 5) * size
    rows["value"] = [2.62, 2.33, size, np.nan, *middle, 3.4 * size, -3214.0]
    half = np.abs(rows["value"]) * 0.6
    rows = rows.assign(low=rows["value"] - half, high=rows["value"] + half, people=1300, unit=unit,
                       status="ok", reason="", method="Welch")  # fmt: skip
    rows.loc[[0, 1], "unit"] = "share"
    rows.loc[10, "unit"] = "money"
    rows.loc[3, ["status", "reason"]] = ["refused", "campaign.why.no_year"]
    rows["standing"] = ["naive"] * 4 + ["association"] * 3 + ["effect"] * 4
    rows["direction"] = "up"
    return rows.astype({"people": "Int64"})


def checks() -> pd.DataFrame:
    names = ["sample_ratio", *DECIDE, "leave_one_out", "spillover", "pull_forward"]
    frame = pd.DataFrame({"check": names, "passed": True, "value": 0.012, "low": -0.04,
                          "high": 0.05, "p": 0.42, "people": 1300, "reason": ""})  # fmt: skip
    frame["passed"] = frame["passed"].astype(object)
    frame.loc[2, "passed"] = False
    frame.loc[8, ["passed", "value", "reason"]] = [None, np.nan, "campaign.why.no_untouched"]
    return frame


def study() -> pd.DataFrame:
    gap = np.array([0.01, -0.02, 0.015, 0.03, 0.005, 0.0, 0.082, 0.01])
    half = np.where(np.arange(8) == 5, 0.0, 0.04)
    return pd.DataFrame({"period": range(-6, 2), "difference": gap, "low": gap - half,
                         "high": gap + half, "treated": 0.2, "others": 0.1})  # fmt: skip


def null_world() -> pd.DataFrame:
    value, half = np.array([3.17, 3.2, -0.02]), np.array([0.4, 0.3, 0.07])
    return pd.DataFrame({"row": ["reported", "same_rule", "honest"], "value": value,
                         "low": value - half, "high": value + half,
                         "people": [800, 13000, 26000]})  # fmt: skip


def curve() -> pd.DataFrame:
    share = np.linspace(0, 1, 21)
    parts = []
    for name, power in (("DR", 0.5), ("T", 0.6), ("response", 1.2)):
        gain = 6.2 * share**power
        parts.append(pd.DataFrame({
            "ranking": name, "share": share, "gain": gain, "random": 6.2 * share, "low": gain - 2,
            "high": gain + 2, "profit": gain - 5.9 * share, "profit_low": gain - 5.9 * share - 2,
            "profit_high": gain - 5.9 * share + 2,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def deciles() -> pd.DataFrame:
    uplift = np.linspace(18, -4, 10)
    return pd.DataFrame({"decile": range(1, 11), "people": 130, "predicted": uplift * 0.8,
                         "uplift": uplift, "low": uplift - 9, "high": uplift + 9})  # fmt: skip


def readout(arms: tuple[str, ...] = ("treated",)) -> pd.DataFrame:
    metrics = {"orders": "orders", "buyers": "share", "revenue": "money", "visitors": "share"}
    rows = [{"arm": arm, "metric": name, "unit": unit} for arm in arms
            for name, unit in metrics.items()]  # fmt: skip
    return pd.DataFrame(rows).assign(
        control=0.0752, treated=0.0655, difference=-0.0097, low=-0.039, high=0.019, cuped=-0.01,
        cuped_low=-0.037, cuped_high=0.017, relative=-0.13, p_adjusted=0.63, status="ok",
        reason="",
    )  # fmt: skip


def segments(names: tuple[str, ...] = ("north", "south")) -> pd.DataFrame:
    return pd.DataFrame({"segment": names, "arm": "treated", "n_control": 300, "n_treated": 310,
                         "difference": 0.08, "low": 0.01, "high": 0.15, "p_adjusted": 0.04,
                         "status": "ok"})  # fmt: skip


def balance() -> pd.DataFrame:
    return pd.DataFrame({"arm": "treated", "covariate": ["pre_orders", "tenure"],
                         "smd": [0.02, -0.11], "p": [0.71, 0.03]})  # fmt: skip


def detectable() -> pd.DataFrame:
    rows = [{"units": n // 20, "people": n, "holdout": share, "detectable": 1 / (n * share) ** 0.5}
            for n in (1300, 2600, 5200) for share in (0.5, 0.2, 0.1)]  # fmt: skip
    return pd.DataFrame(rows)


def winners() -> pd.DataFrame:
    bands = [(3, True), (2, False), (1, False), (0, False)]
    frame = pd.DataFrame([{"band": band, "more": more, "side": side}
                          for band, more in bands for side in ("alone", "treated")])  # fmt: skip
    before = frame["band"] * 14 / 30
    now = 0.08 + 0.4 * before + 0.05 * (frame["side"] == "treated")
    frame = frame.assign(people=160, before=before, now=now, low=now - 0.06, high=now + 0.06,
                         status="ok")  # fmt: skip
    frame.loc[0, ["before", "now", "low", "high"]] = np.nan
    frame.loc[0, "status"] = "too_few"
    return frame


def halves() -> pd.DataFrame:
    value = np.array([0.066, 0.016, -0.05])
    return pd.DataFrame({"half": ["first", "second", "change"], "value": value,
                         "low": value - 0.03, "high": value + 0.03, "people": 1300,
                         "unit": "orders"})  # fmt: skip


def arms(names: tuple[str, ...] = ("mens", "womens")) -> pd.DataFrame:
    rows = [
        {
            "arm": name,
            "people": 21000,
            "difference": 0.4,
            "low": 0.2,
            "high": 0.6,
            "p_adjusted": 0.01,
            "best": 0.48,
            "status": "ok",
            "reason": "",
        }
        for name in names
    ]
    rows.append({"arm": "control", "people": 21000, "best": 0.04, "status": "control",
                 "reason": ""})  # fmt: skip
    return pd.DataFrame(rows).assign(unit="money")


CHARTS = {
    "campaign_claims": (campaign.claims, claims, {}),
    "campaign_claims_money": (campaign.claims, lambda: claims("money"), {}),
    "campaign_event": (campaign.event, study, {"days": 14, "p": 0.6}),
    "campaign_null_world": (campaign.null_world, null_world, {}),
    "campaign_qini": (campaign.qini, curve, {"seen": True, "people": 1300}),
    "campaign_profit": (
        campaign.profit,
        curve,
        {
            "best": 0.4,
            "people": 1300,
            "earned": Estimate(value=1.2, low=-0.4, high=2.8, n=1300, unit="money"),
        },
    ),
    "campaign_winners": (campaign.winners, winners, {}),
    "campaign_winners_money": (campaign.winners, winners, {"unit": "money"}),
    "campaign_halves": (campaign.halves, halves, {"way": "down"}),
    "campaign_deciles": (campaign.deciles, deciles, {}),
}
TABLES = {
    "campaign_overview": (campaign.overview, overview),
    "campaign_claims": (campaign.claims_table, claims),
    "campaign_checks": (campaign.checks, checks),
    "campaign_readout": (campaign.readout_table, readout),
    "campaign_readout_arms": (campaign.readout_table, lambda: readout(("mens", "womens"))),
    "campaign_arms": (campaign.arms_table, lambda: arms(("mens", "<b>womens</b>"))),
    "campaign_segments": (campaign.segments, segments),
    "campaign_balance": (campaign.balance, balance),
    "campaign_deciles": (campaign.deciles_table, deciles),
    "campaign_detectable": (campaign.detectable, detectable),
}
