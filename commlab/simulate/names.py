"""Made-up nicknames and places: word lists only, nobody real."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from commlab.simulate.columns import joined

_BEFORE = (
    "", "", "", "", "小", "阿", "大", "爱吃", "晚风里的", "今天也要", "可可", "慢慢", "想睡觉的",
    "早起的", "住在海边的", "不熬夜的", "会发光的", "软软的", "圆滚滚的", "安静的",
)  # fmt: skip
_CORE = (
    "小鱼", "阿橙", "柚子", "奶糖", "橘猫", "山茶", "豆包", "青柠", "荔枝", "年糕", "汤圆", "麦芽",
    "茉莉", "海盐", "芝士", "团子", "栗子", "桃桃", "布丁", "云朵", "星星", "松果", "可颂", "乌龙",
    "桂花", "蓝莓", "椰椰", "麻薯", "小满", "初七", "一一", "南瓜", "泡芙", "薄荷", "银杏", "花卷",
)  # fmt: skip
_AFTER = (
    "", "", "", "", "", "呀", "吖", "同学", "不加糖", "少冰", "妈妈", "酱", "的日常", "在路上",
    "（护肤中）", "07", "2号", "～", "Mia", "Coco",
)  # fmt: skip

# (province or city, weight, cities)
_PLACES = (
    ("上海", 20, ("上海",)),
    ("浙江", 17, ("杭州", "宁波", "温州", "嘉兴")),
    ("江苏", 16, ("南京", "苏州", "无锡", "常州")),
    ("广东", 15, ("广州", "深圳", "佛山", "东莞")),
    ("北京", 10, ("北京",)),
    ("四川", 8, ("成都", "绵阳")),
    ("湖北", 6, ("武汉", "宜昌")),
    ("福建", 5, ("福州", "厦门")),
    ("山东", 3, ("济南", "青岛")),
)


def nicknames(rng: np.random.Generator, n: int) -> pa.Array:
    """Return `n` nicknames; some people share one, as in life."""
    parts = [
        pa.array(words).take(pa.array(rng.integers(len(words), size=n)))
        for words in (_BEFORE, _CORE, _AFTER)
    ]
    return joined(*parts)


def places(rng: np.random.Generator, n: int) -> tuple[pa.Array, pa.Array]:
    """Return `n` regions and the cities in them."""
    pairs = [(region, city) for region, _, cities in _PLACES for city in cities]
    weights = np.array([w / len(cities) for _, w, cities in _PLACES for _ in cities], dtype=float)
    drawn = pa.array(rng.choice(len(pairs), size=n, p=weights / weights.sum()))
    return (
        pa.array([region for region, _ in pairs]).take(drawn),
        pa.array([city for _, city in pairs]).take(drawn),
    )
