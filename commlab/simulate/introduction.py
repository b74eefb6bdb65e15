"""README of a simulated workspace in both languages: what it holds and what is planted."""

from __future__ import annotations

import datetime as dt
import string
from collections.abc import Sequence
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from commlab.simulate.export import ZONE
from commlab.simulate.truth import Truth
from commlab.tables import TABLES

FILES = {"README.md": "en", "README.zh.md": "zh"}
CELL = 28  # characters; what is longer is cut

_MEANINGS_ZH = {
    "members": "成员（含员工账号）",
    "channels": "渠道活码：类型、门店、话术版本",
    "groups": "社群",
    "memberships": "在群记录：入群、退群、观察区间",
    "contacts": "好友关系：添加与删除",
    "staff": "员工账号：导购、气氛组、机器人",
    "messages": "群消息：文字、图片、引用回复",
    "orders": "订单：金额、退款、成本、折扣",
    "order_items": "订单明细",
    "touchpoints": "触点：添加、沟通、打标、点击等",
    "check_ins": "打卡",
    "campaigns": "活动",
    "assignments": "活动分组：实验组与对照组",
    "sends": "推送：群发、群 SOP，计划与执行、点击",
    "staff_days": "员工日报：单聊数、回复率、回复时长、新增好友",
    "group_days": "群日报：人数、发言、进群、退群",
    "tags": "标签：企业、个人、规则、问卷、渠道",
    "coupons": "优惠券：发放、核销、过期",
    "points": "积分流水：获得、消耗、过期、期初余额",
    "tiers": "会员等级：起止时间",
    "surveys": "问卷：每期、每题一行",
    "contents": "内容：形式、主题、曝光与互动",
    "costs": "成本：按月、按渠道、按活动",
    "referrals": "转介绍：谁邀请了谁、奖励成本",
    "identities": "身份标识（哈希值）",
}
_CHANNELS_ZH = {
    "official_account": "公众号",
    "sample_machine": "派样机",
    "online_store": "官方商城",
    "search": "微信搜索",
    "referral": "转介绍",
}
_CAUSES = {
    "en": {"neglect": "neglect", "ads_only": "ads only", "imprecise": "imprecise pulling"},
    "zh": {"neglect": "无人维护", "ads_only": "只发广告", "imprecise": "拉人不精准"},
}
_FESTIVALS = {
    "en": {"spring_festival": "Spring Festival", "double_11": "Double 11"},
    "zh": {"spring_festival": "春节", "double_11": "双 11"},
}


def introductions(
    truth: Truth, heads: dict[str, pa.Table], folder: str, command: str
) -> dict[str, str]:
    """Return the text of each README by file name.

    Args:
        truth: What is true of the workspace.
        heads: First rows of its tables.
        folder: Name of its folder.
        command: The command that makes it.
    """
    return {
        name: _template(lang).substitute(
            **_slots(truth, lang),
            tables=_overview(truth, lang),
            heads=_heads(truth, heads),
            folder=folder,
            command=command,
        )
        for name, lang in FILES.items()
    }


def _template(lang: str) -> string.Template:
    source = resources.files("commlab.simulate") / f"introduction.{lang}.md"
    return string.Template(source.read_text(encoding="utf-8"))


def _slots(truth: Truth, lang: str) -> dict[str, Any]:
    facts, comma = truth.figures, "、" if lang == "zh" else ", "
    none = "无" if lang == "zh" else "none"
    weeks = facts["retention"]["weeks"].index(12)
    curves = facts["retention"]["membership_survival"]
    survival = [
        f"{_channel(name, lang)} {curve[weeks] * 100:.0f} %"
        for name, curve in curves.items()
        if name != "all"
    ]
    factors = dict(facts["world"]["festivals"])
    festivals = [f"{_FESTIVALS[lang].get(name, name)} × {x:g}" for name, x in factors.items()]
    groups = facts["groups"]
    hunters = facts["freebies"]["by_channel"].items()
    first = (facts["referrals"].get("by_generation") or [{}])[0]
    return {
        "k": f"{first.get('k', 0):g}",
        "kept": f"{facts['referrals'].get('kept_share', 0) * 100:.0f}",
        "rings": len(facts["influence"]["decoys"]["rings"]),
        "koc": len(facts["influence"]["koc"]),
        "lift": f"{facts['influence']['lift']:g}",
        "loud": len(facts["influence"]["decoys"]["loud"]),
        "spenders": len(facts["influence"]["decoys"]["big_spenders"]),
        "clusters": len(facts["influence"]["decoys"]["clusters"]),
        "hunters": comma.join(
            f"{_channel(name, lang)} {item['share'] * 100:g} %" for name, item in hunters
        ),
        "twice": len(facts["identities"]["one_person"]),
        "brand": facts["world"]["brand"],
        "members": f"{truth.members:,}",
        "start": truth.start.isoformat(),
        "as_of": truth.as_of.isoformat(),
        "survival": comma.join(survival),
        "festivals": comma.join(festivals),
        "harsh": comma.join(facts["deletions"]["harsh_advisers"]["ids"]) or none,
        "campaigns": comma.join(
            _campaign(name, item, lang) for name, item in facts["campaigns"].items()
        )
        or none,
        "icc": f"{facts['activity']['days 0-28']['group_icc']:.3f}",
        "dead": comma.join(
            f"{g} ({_CAUSES[lang][item['cause']]})" for g, item in groups.items() if "died" in item
        )
        or none,
        "closed": comma.join(g for g, item in groups.items() if "closed" in item) or none,
        "snapshot": facts["unseen"]["first_snapshot_day"] + 1,
        "unseen_memberships": facts["unseen"]["memberships"],
        "unseen_contacts": facts["unseen"]["contacts"],
        "gain": f"{facts['sends']['gain_of_a_tag']:g}",
        "contradictory": f"{facts['tags']['contradictory']:,}",
        "stale": f"{facts['tags']['stale']:,}",
        "liability": f"{facts['points']['liability_fen'] / 100:,.2f}",
        "nps": f"{facts['surveys']['nps']['members'] - facts['surveys']['nps']['others']:.0f}",
        "unknown": f"{facts['orders']['unknown_buyers']:,}",
    }


def _channel(name: str, lang: str) -> str:
    return _CHANNELS_ZH.get(name, name) if lang == "zh" else name.replace("_", " ")


def _campaign(name: str, facts: dict[str, Any], lang: str) -> str:
    effect, zh = facts["effect_orders"], lang == "zh"
    size = f"{abs(effect):.2g}"
    if facts["null"]:
        return f"`{name}` 真实效果为零" if zh else f"`{name}` does nothing"
    if facts["design"] == "observational":
        words = (
            f"`{name}` 使参与者人均多 {size} 笔" if zh else f"`{name}` adds {size} a participant"
        )
        hidden = facts["confounding"]["hidden"]
        note = {
            "lasting": ("（另有长期存在的隐藏原因）", " (beside a lasting hidden cause)"),
            "momentary": ("（另有只在活动期出现的隐藏原因）", " (beside a momentary one)"),
        }.get(hidden, ("", ""))
        return words + note[0 if zh else 1]
    if effect < 0:
        return f"`{name}` 使人均少 {size} 笔" if zh else f"`{name}` costs {size} orders a person"
    where = ("（按群分组）", " (assigned by group)") if facts["design"] == "clustered" else ("", "")
    if zh:
        return f"`{name}` 使人均多 {size} 笔{where[0]}"
    return f"`{name}` adds {size} orders a person{where[1]}"


def _overview(truth: Truth, lang: str) -> str:
    header = ("表", "行数", "内容") if lang == "zh" else ("table", "rows", "one row is")
    rows = [
        (
            f"`{name}`",
            f"{truth.rows[name]:,}",
            _MEANINGS_ZH.get(name, "") if lang == "zh" else TABLES[name].meaning,
        )
        for name in TABLES
        if name in truth.rows
    ]
    return _markdown(header, rows)


def _heads(truth: Truth, heads: dict[str, pa.Table]) -> str:
    parts = []
    for name in TABLES:
        if name in truth.rows:
            rows = [tuple(_cell(v) for v in row.values()) for row in heads[name].to_pylist()]
            parts.append(f"### `{name}`\n\n{_markdown(tuple(heads[name].column_names), rows)}")
    return "\n\n".join(parts)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    text = str(value).replace("\n", " ").replace("|", "\\|")
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [tuple(header), tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
