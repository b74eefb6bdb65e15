"""Answers of queries, kept in bounded memory: a page asks the same question several times."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import pandas as pd

# All answers of a page on a sample take 5 MB; those by chat group of a million members 20 MB each,
# and asking again takes seconds.
MOST_BYTES = 200_000_000


class Answers:
    """Frames by question; beyond a size those that were not asked for longest are forgotten.

    Args:
        most: Bytes to keep in all; a frame that is larger is not kept.

    Example:
        >>> answers = Answers()
        >>> first = answers.get("one", lambda: pd.DataFrame({"x": [1]}))
        >>> first["x"] = 2  # the kept one stays as it is
        >>> int(answers.get("one", lambda: pd.DataFrame())["x"].iloc[0])
        1
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most = most
        self._held: dict[Hashable, tuple[pd.DataFrame, int]] = {}

    @property
    def bytes(self) -> int:
        """How much is kept."""
        return sum(size for _, size in self._held.values())

    def get(self, question: Hashable, ask: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the answer to a question, asked only where it is not kept.

        Args:
            question: What tells questions apart.
            ask: Finds the answer.
        """
        held = self._held.pop(question, None)
        if held is None:
            frame = ask()
            held = frame, int(frame.memory_usage(deep=True).sum())
        if held[1] <= self.most:
            self._held[question] = held  # at the end: asked for last
            while self.bytes > self.most:
                del self._held[next(iter(self._held))]
        return held[0].copy()
