"""Run one experiment over many worlds and judge its promises by binomial noise alone.

An experiment looks at one world, made from a seed, and returns outcomes: an interval that held
the truth or did not, a null that was rejected or was not. Over n worlds the number of hits of an
honest method is Binomial(n, promised); what lies outside its 99.9 % range is not noise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

NOISE = 0.999  # an honest method fails one judgement in a thousand
RULES = ("range", "at_least", "at_most", "shown")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one world says about one promise.

    Attributes:
        name: The promise; the same in every world, at most once a world (outcomes of one world
            are not independent, so they may not be counted as many).
        hit: Whether the interval held the truth, or the null was rejected; None: no answer.
        promised: Probability of a hit that was promised; None where nothing was.
        rule: "range": hits as promised, neither fewer nor more than noise allows. "at_least":
            only fewer are wrong (discrete predictive intervals; intervals that promise care).
            "at_most": only more are wrong (corrected tests). "shown": not judged.
        side: Of an interval that missed: "under" or "over" the truth it lay.
    """

    name: str
    hit: bool | None
    promised: float | None
    rule: str = "range"
    side: str = ""

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"rule == {self.rule!r}, must be one of {', '.join(RULES)}.")
        if self.promised is None and self.rule != "shown":
            raise ValueError(f"{self.name}: rule {self.rule!r} needs a promise.")
        if self.promised is not None and not 0 < self.promised < 1:
            raise ValueError(f"promised == {self.promised!r}, must be between 0 and 1.")


def covers(
    name: str, truth: float, low: float, high: float, *, level: float = 0.95, rule: str = "range"
) -> Outcome:
    """Return whether an interval holds the truth; one with a missing end gives no answer."""
    if not np.isfinite(truth):
        raise ValueError(f"{name}: the truth is {truth!r}.")
    if np.isnan(low) or np.isnan(high):
        return Outcome(name, None, level, rule)
    side = "under" if high < truth else "over" if low > truth else ""
    return Outcome(name, not side, level, rule, side)


def rejects(name: str, p: float | bool, *, promised: float = 0.05, rule: str = "range") -> Outcome:
    """Return whether a true null was rejected, from its p-value or the test's own verdict."""
    if isinstance(p, bool | np.bool_):
        return Outcome(name, bool(p), promised, rule)
    return Outcome(name, None if np.isnan(p) else bool(p < promised), promised, rule)


def flag(name: str, value: bool) -> Outcome:
    """Return whether something happened of which nothing was promised."""
    return Outcome(name, bool(value), None, "shown")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A question put to many worlds.

    Attributes:
        name: Its name on the command line.
        title: Heading of its table.
        about: Markdown: the worlds, the truth and where it comes from, what the rows are.
        look: Function of seeds and of what `prepare` returned, to the outcomes of each world.
            It gets up to `batch` seeds at once, and no world's outcomes may depend on which.
        tested: Worlds that the slow tests look at: fewer where a world takes long.
        prepare: Function that makes, once, what all worlds share (usually the truth).
        reading: Markdown under the table: what it shows and why.
    """

    name: str
    title: str
    about: str
    look: Callable[[Sequence[int], Any], Sequence[Sequence[Outcome]]]
    prepare: Callable[[], Any] = lambda: None
    reading: str = ""
    batch: int = 1
    tested: int = 100


def noise_range(n: int, promised: float) -> tuple[int, int]:
    """Return the numbers of hits between which noise alone may bring an honest method.

    Example:
        >>> noise_range(200, 0.95), noise_range(1000, 0.95)
        ((179, 198), (926, 971))
    """
    tail = (1 - NOISE) / 2
    low, high = stats.binom.ppf([tail, 1 - tail], n, promised)
    return int(low), int(high)


@dataclasses.dataclass(frozen=True)
class Row:
    """The judgement of one promise.

    Attributes:
        name: The promise.
        rule: See `Outcome`.
        promised: See `Outcome`.
        worlds: Worlds that gave an answer.
        hits: Answers that were hits.
        under: Intervals that lay under the truth.
        over: Intervals that lay over it.
        silent: Worlds without an answer.
    """

    name: str
    rule: str
    promised: float | None
    worlds: int
    hits: int
    under: int
    over: int
    silent: int

    @property
    def share(self) -> float:
        """Share of answers that were hits."""
        return self.hits / self.worlds if self.worlds else float("nan")

    @property
    def bounds(self) -> tuple[int, int]:
        """Fewest and most hits that the rule allows."""
        if self.promised is None:
            return 0, self.worlds
        low, high = noise_range(self.worlds, self.promised)
        return {
            "range": (low, high),
            "at_least": (low, self.worlds),
            "at_most": (0, high),
            "shown": (0, self.worlds),
        }[self.rule]

    @property
    def verdict(self) -> str:
        """ "as promised", "too few", "too many", "shown", or "no answer"."""
        if not self.worlds:
            return "no answer"
        if self.rule == "shown":
            return "shown"
        low, high = self.bounds
        return "too few" if self.hits < low else "too many" if self.hits > high else "as promised"

    @property
    def kept(self) -> bool:
        """Whether the promise was kept, or is not judged."""
        return self.verdict in ("as promised", "shown")


def run(
    experiment: Experiment, seeds: Iterable[int], prepared: Any = None
) -> Iterator[tuple[int, list[Outcome]]]:
    """Look at one world after another; `prepared` spares `experiment.prepare()`."""
    shared = experiment.prepare() if prepared is None else prepared
    chosen = list(seeds)
    for place in range(0, len(chosen), experiment.batch):
        part = chosen[place : place + experiment.batch]
        for seed, outcomes in zip(part, experiment.look(part, shared), strict=True):
            names = [outcome.name for outcome in outcomes]
            if len(names) != len(set(names)):
                twice = sorted({name for name in names if names.count(name) > 1})
                raise ValueError(f"world {seed} answers twice to {', '.join(twice)}.")
            yield seed, list(outcomes)


def judge(worlds: Iterable[Iterable[Outcome]]) -> list[Row]:
    """Return a row for each promise, in the order in which they first appear."""
    found: dict[str, list[Outcome]] = {}
    for outcomes in worlds:
        for outcome in outcomes:
            found.setdefault(outcome.name, []).append(outcome)
    rows = []
    for name, outcomes in found.items():
        first = outcomes[0]
        if any((o.rule, o.promised) != (first.rule, first.promised) for o in outcomes):
            raise ValueError(f"{name} promises different things in different worlds.")
        rows.append(
            Row(
                name=name,
                rule=first.rule,
                promised=first.promised,
                worlds=sum(o.hit is not None for o in outcomes),
                hits=sum(o.hit is True for o in outcomes),
                under=sum(o.side == "under" for o in outcomes),
                over=sum(o.side == "over" for o in outcomes),
                silent=sum(o.hit is None for o in outcomes),
            )
        )
    return rows
