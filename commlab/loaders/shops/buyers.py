"""Who bought: members made of buyers, and the provinces that addresses begin with."""

from __future__ import annotations

import pandas as pd

# What an address begins with, in the short form that is common to all its spellings.
_PROVINCES = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江",
    "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆",
    "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆", "台湾", "香港", "澳门",
)  # fmt: skip


def region(address: pd.Series) -> pd.Series:
    """Return the province that an address begins with; the rest of it is not kept.

    Example:
        >>> region(pd.Series(["广东省 深圳市 南山区", "海外"])).tolist()
        ['广东', nan]
    """
    return address.str.strip().str.extract(rf"^({'|'.join(_PROVINCES)})", expand=False)


def members(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one member a buyer: joined at the first time seen, in the region of most rows.

    Args:
        rows: member_id, at, and optionally region.
    """
    known = rows[rows["member_id"].notna() & rows["at"].notna()].sort_values("at", kind="stable")
    found = known.groupby("member_id")["at"].first().rename("joined_at").reset_index()
    if "region" in known:
        found["region"] = found["member_id"].map(usual(known, "region"))
    return found.sort_values(["joined_at", "member_id"])


def usual(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return, by member, the value that most rows of the member have; of equals the first.

    Gifts go to other people's phones: a buyer's own is the one that is used most.
    """
    known = rows[rows["member_id"].notna() & rows[column].notna()]
    counts = known.groupby(["member_id", column], sort=False).size().rename("rows").reset_index()
    best = counts.sort_values("rows", ascending=False, kind="stable")
    return best.drop_duplicates("member_id").set_index("member_id")[column].sort_index()
