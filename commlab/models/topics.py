"""What members talk about: words of Chinese text and a factorisation into topics.

Words by rjieba, which is taught the names of products; rare words are left out, also those that
few people use (a nickname is no topic). TF–IDF, then non-negative matrix factorisation (Lee &
Seung 1999, Nature 401): each message is a sum of topics, each topic a sum of words.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse, stats as distributions

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.topic_words import STOP

MIN_TEXTS = 500  # below it words that go together do so by chance
MIN_USES = 20  # texts with a word
MIN_WRITERS = 10  # people who use a word: nobody can be told by it
MOST_SHARE = 0.5  # of texts: a word in every second says nothing of what they are about
MOST_WORDS = 2_000
SHOWN_WORDS = 6
MINOR = 0.1  # of the weight of a topic's first word: what weighs less does not describe it
NEAR = 0.3  # cosine from which a message is of a topic: one word of ten alike
_CALLED = re.compile(r"@\S+")  # whom a message addresses is not what it is about
_WORD = re.compile(r"[\u4e00-\u9fff]{2,}|[A-Za-z][A-Za-z']{2,}")


@dataclasses.dataclass(frozen=True)
class Topics:
    """Topics of messages.

    Attributes:
        frame: The largest first: topic (number), words, messages, people, share, share_before
            (of the first half of the window), share_after, difference, low, high (groups as
            clusters), p_adjusted, flagged, status.
        texts: Messages that were read.
        placed: Share of them that has a topic.
    """

    frame: pd.DataFrame
    texts: int
    placed: float

    def to_frame(self) -> pd.DataFrame:
        """Return the topics."""
        return self.frame.copy()


def words_of(texts: Iterable[str], names: Iterable[str] = ()) -> list[list[str]]:
    """Return the words of each text that may carry a topic.

    Args:
        texts: Messages.
        names: Names that are one word, such as products.

    Example:
        >>> words_of(["屏障面霜用了两周，状态稳多了"], ["屏障面霜"])[0][0]
        '屏障面霜'
    """
    import rjieba

    cutter = rjieba.Jieba()
    for name in sorted(set(names)):
        cutter.add_word(name, None, None)
    return [
        [word.lower() for word in cutter.cut(_CALLED.sub(" ", text))
         if _WORD.fullmatch(word) and word.lower() not in STOP]
        for text in texts
    ]  # fmt: skip


def find_topics(
    texts: pd.DataFrame,
    names: Iterable[str] = (),
    *,
    topics: int = 8,
    level: float = LEVEL,
    seed: int = 0,
) -> Topics:
    """Find topics.

    Args:
        texts: `metrics.text_sample`: member_id, group_id, late, text.
        names: Names that are one word, such as products.
        topics: Number of topics, 2 to 30.
        level: Level of the intervals; a topic is flagged where its adjusted p is below 1 − level.
        seed: Seed of the factorisation.

    Raises:
        NotEnoughDataError: Fewer than 500 messages, or too few words that many use.
    """
    guards.whole("topics", topics, low=2, high=30)
    if len(texts) < MIN_TEXTS:
        raise NotEnoughDataError(f"{len(texts)} messages with words: {MIN_TEXTS} are needed.")
    found = words_of(texts["text"], names)
    counts, vocabulary = _matrix(found, texts["member_id"])
    if len(vocabulary) < 2 * topics:
        raise NotEnoughDataError(
            f"{len(vocabulary)} words are used by {MIN_WRITERS} people: too few for "
            f"{topics} topics."
        )
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfTransformer

    weights = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    model = NMF(topics, init="nndsvda", random_state=seed, max_iter=400)
    themes = model.fit(weights).components_
    # Both sides have length 1: the cosine of a message and a topic.
    near = weights @ (themes / np.linalg.norm(themes, axis=1, keepdims=True)).T
    place = np.where(near.max(axis=1) >= NEAR, near.argmax(axis=1), -1)
    rows = []
    for number in range(topics):
        best = np.argsort(-themes[number], kind="stable")[:SHOWN_WORDS]
        least = MINOR * themes[number].max()
        used = [vocabulary[one] for one in best if themes[number, one] > least]
        rows.append({"words": "、".join(used), **_share(texts, place == number, level)})
    frame = pd.DataFrame(rows)
    frame["p_adjusted"] = stats.benjamini_hochberg(frame.pop("p"))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = "ok"
    frame = frame.sort_values(["messages", "words"], ascending=[False, True], ignore_index=True)
    frame.insert(0, "topic", np.arange(1, topics + 1))
    return Topics(frame, len(texts), float((place >= 0).mean()))


def _matrix(found: list[list[str]], writers: pd.Series) -> tuple[sparse.csr_matrix, list[str]]:
    """Return word counts by text, and the words that enough texts and people use."""
    lengths = [len(words) for words in found]
    flat = pd.Series([word for words in found for word in words], dtype="object")
    text = np.repeat(np.arange(len(found)), lengths)
    table = pd.DataFrame({"word": flat, "text": text})
    table["writer"] = writers.to_numpy()[text]
    by = table.groupby("word").agg(texts=("text", "nunique"), writers=("writer", "nunique"))
    kept = by[(by["texts"] >= MIN_USES) & (by["writers"] >= MIN_WRITERS)]
    kept = kept[kept["texts"] <= MOST_SHARE * len(found)]
    kept = kept.sort_values("texts", ascending=False, kind="stable").head(MOST_WORDS)
    vocabulary = sorted(kept.index)
    codes = pd.Index(vocabulary, dtype="object").get_indexer(table["word"])
    held = codes >= 0
    shape = (len(found), max(len(vocabulary), 1))
    ones = np.ones(int(held.sum()))
    return sparse.csr_matrix((ones, (text[held], codes[held])), shape=shape), vocabulary


def _share(texts: pd.DataFrame, mine: np.ndarray, level: float) -> dict[str, object]:
    """Return the share of a topic and its change between the halves, groups as clusters."""
    late = texts["late"].to_numpy(dtype=bool)
    by = pd.DataFrame(
        {"group": texts["group_id"].to_numpy(), "n1": late, "n0": ~late, "y1": mine & late,
         "y0": mine & ~late}
    ).groupby("group").sum().astype(float)  # fmt: skip
    n1, n0 = by["n1"].sum(), by["n0"].sum()
    row = {
        "messages": int(mine.sum()), "people": texts.loc[mine, "member_id"].nunique(),
        "share": float(mine.mean()),
    }  # fmt: skip
    if min(n1, n0) == 0 or len(by) < 3:
        return row | dict.fromkeys(
            ("share_before", "share_after", "difference", "low", "high", "p"), np.nan
        )
    before, after = by["y0"].sum() / n0, by["y1"].sum() / n1
    residual = (by["y1"] - after * by["n1"]) / n1 - (by["y0"] - before * by["n0"]) / n0
    groups = len(by)
    error = float(np.sqrt((residual**2).sum() * groups / (groups - 1)))
    gap = after - before
    half = distributions.t.ppf(0.5 + level / 2, groups - 1) * error
    p = 2 * distributions.t.sf(abs(gap) / error, groups - 1) if error > 0 else 1.0
    return row | {
        "share_before": before, "share_after": after, "difference": gap, "low": gap - half,
        "high": gap + half, "p": p,
    }  # fmt: skip
