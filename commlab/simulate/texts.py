"""What people write: sentences by subject and product, and the quoted form of a reply."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commlab.simulate.columns import joined
from commlab.simulate.sentences import ECHO, PATTERNS, REPLY_SUBJECTS

# (sku, product, category) of the made-up brand
PRODUCTS = (
    ("cl01", "氨基酸洁面", "洁面"),
    ("cl02", "卸妆膏", "洁面"),
    ("to01", "舒缓爽肤水", "水乳"),
    ("lo01", "保湿乳液", "水乳"),
    ("se01", "修护精华", "精华"),
    ("se02", "亮肤精华", "精华"),
    ("se03", "夜间精华油", "精华"),
    ("cr01", "屏障面霜", "面霜"),
    ("cr02", "清爽凝霜", "面霜"),
    ("ma01", "补水面膜", "面膜"),
    ("ma02", "清洁泥膜", "面膜"),
    ("su01", "清透防晒乳", "防晒"),
    ("bo01", "山茶身体乳", "身体护理"),
    ("ha01", "护手霜", "身体护理"),
)
PICTURE = "[图片]"


@dataclasses.dataclass(frozen=True)
class Phrasebook:
    """All sentences, products filled in: pattern by pattern, product by product.

    Attributes:
        sentences: The sentences.
        first: Number of the first pattern of each subject, and the end.
    """

    sentences: pa.Array
    first: np.ndarray

    def draw(
        self, rng: np.random.Generator, subject: np.ndarray, product: np.ndarray
    ) -> np.ndarray:
        """Return the place of a random sentence for each subject, about a given product."""
        low, high = self.first[subject], self.first[subject + 1]
        pattern = low + np.floor(rng.random(subject.size) * (high - low)).astype(np.int64)
        return pattern * len(PRODUCTS) + product


def phrasebook() -> Phrasebook:
    """Return the sentences of all subjects."""
    sentences: list[str] = []
    first = [0]
    for _, patterns in sorted(PATTERNS.items()):
        for pattern in patterns:
            sentences += [pattern.replace("{}", name) for _, name, _ in PRODUCTS]
        first.append(first[-1] + len(patterns))
    return Phrasebook(pa.array(sentences), np.array(first))


def reply_subjects(subject: np.ndarray, reply_to: np.ndarray) -> np.ndarray:
    """Return subjects in which each reply fits what it answers.

    Args:
        subject: Subject of each message by itself.
        reply_to: Place of the message that it answers; -1 for none.
    """
    fits = np.array([REPLY_SUBJECTS.get(number, ECHO) for number in range(len(PATTERNS))])
    is_reply = reply_to >= 0
    to = np.where(is_reply, reply_to, 0)
    chosen = np.where(is_reply, ECHO, subject)
    # Whatever begins it, a chain of answers is small talk from the fourth link on.
    for _ in range(4):
        chosen = np.where(is_reply, fits[chosen[to]], chosen)
    return chosen


def quoted(name: pa.Array, quote: pa.Array, text: pa.Array, bracket: np.ndarray) -> pa.Array:
    """Return replies as a message archive holds them: the quoted text above the answer.

    Args:
        name: Nickname of who is quoted.
        quote: The quoted words.
        text: The answer.
        bracket: True for the form in corner brackets.
    """
    long = joined("这是一条引用/回复消息：\n“", name, "：\n", quote, "”\n------\n", text)
    short = joined("「", name, "：", quote, "」\n", "- " * 14 + "-", "\n", text)
    return pc.if_else(pa.array(bracket), short, long)
