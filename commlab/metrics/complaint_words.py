"""Words that members use when something is wrong; a workspace adds its own (`negative_words`).

Chosen for precision: words that seldom stand in a friendly sentence. Words of feeling alone
(累, 烦) are left out, they are small talk as often as not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CHINESE = (
    # goods
    "刺痛", "泛红", "过敏了", "烂脸", "爆痘", "闷痘", "起疹", "搓泥", "假货", "过期", "发霉",
    "变质", "破损", "碎了", "压坏", "有点漏", "漏液", "漏了", "没效果", "不好用", "难用", "难闻",
    "翻车", "踩雷", "质量差", "停用",
    # delivery and price
    "太慢了", "没动", "还没发货", "还没到", "发错", "少发", "漏发", "涨价", "贵了", "降价了",
    "刚买就", "套路", "虚假",
    # service and group
    "没回我", "没人回", "不理人", "态度差", "联系不上", "退款", "退货", "投诉", "差评", "举报",
    "拉黑", "骗人", "坑人", "失望", "后悔", "垃圾", "恶心", "广告太多", "消息太多", "免打扰",
    "太吵", "退群",
)  # fmt: skip
ENGLISH = (
    "broken", "leaking", "expired", "fake", "refund", "complaint", "disappointed", "terrible",
    "horrible", "useless", "scam", "rip off", "never arrived", "still waiting", "no reply",
    "too slow", "overpriced", "allergic", "unsubscribe", "spam",
)  # fmt: skip
# What turns such a word round when it stands right before it.
NOT = ("没有", "没", "不会", "不", "未", "无", "别", "从没", "并未", "从未", "毫无", "not ", "no ",
       "never ", "isn't ", "wasn't ")  # fmt: skip


def complaint_words(more: Iterable[str] = (), fewer: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the words looked for, lower case, longest first.

    Args:
        more: Words of the workspace.
        fewer: Words that are none there.

    Example:
        >>> "漏粉" in complaint_words(["漏粉"]), "翻车" in complaint_words(fewer=["翻车"])
        (True, False)
    """
    dropped = {word.strip().lower() for word in fewer}
    kept = {word.strip().lower() for word in (*CHINESE, *ENGLISH, *more)} - dropped - {""}
    return tuple(sorted(kept, key=lambda word: (-len(word), word)))


def patterns(words: Iterable[str]) -> tuple[str, str]:
    """Return two regular expressions: the words, and the words with a negation before them.

    English words stand between word borders; Chinese has none.
    """
    each = "|".join(
        rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in words
    )
    turned = "|".join(re.escape(word) for word in NOT)
    return f"(?:{each})", f"(?:{turned})(?:{each})"
