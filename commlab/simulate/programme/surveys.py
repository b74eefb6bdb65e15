"""Survey waves: members and others, the livelier half answering more often than it should."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from scipy import special

from commlab.simulate.columns import arrow_table, ids, pick
from commlab.simulate.streams import stream

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels
    from commlab.simulate.practice import Surveys as Rules

# (question, lowest, highest answer, answer units for one point of the score)
QUESTIONS = (("nps", 0, 10, 1.0), ("satisfaction", 1, 5, 0.5), ("intent", 0, 10, 1.0))
WAVE_DAYS = 7
SETTLED = 30.0


@dataclasses.dataclass(frozen=True)
class Answers:
    """Respondents of one chunk, by wave; each answers every question.

    Attributes:
        wave: Number of the wave, from 1.
        member: Local number; -1 for non-members.
        at: Day.
        score: Answers, one row a respondent and one column a question.
        weight: Weight that undoes the unequal response.
    """

    wave: np.ndarray
    member: np.ndarray
    at: np.ndarray
    score: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return self.member.size


def score_distribution(rules: Rules, question: int, member: bool) -> np.ndarray:
    """Return the probability of each answer in the population (not among respondents).

    The answer is a normal score, rounded and cut to the scale; members are two halves.
    """
    _, low, high, unit = QUESTIONS[question]
    means = [rules.mean]
    if member:
        means = [rules.mean + rules.members + side * rules.lively / 2 for side in (-1, 1)]
    edges = np.concatenate([[-np.inf], np.arange(low, high) + 0.5, [np.inf]])
    return np.mean(
        [np.diff(special.ndtr((edges - unit * mean) / (unit * rules.sd))) for mean in means],
        axis=0,
    )


def nps(distribution: np.ndarray) -> float:
    """Return promoters (9, 10) minus detractors (0 to 6), in points, of answers 0 to 10."""
    return 100.0 * float(distribution[9:].sum() - distribution[:7].sum())


def draw_surveys(frame: Frame, number: int, chunk: Chunk) -> Answers:
    """Draw the waves of a chunk."""
    rng = stream(frame.seed, "surveys", number)
    rules, people = frame.world.surveys, chunk.people
    parts: list[tuple[np.ndarray, ...]] = []
    starts = range(rules.every_days, frame.days - WAVE_DAYS + 1, rules.every_days)
    for wave, start in enumerate(starts, start=1):
        there = np.flatnonzero(people.joined < start - SETTLED)
        lively = people.liveliness[there] > 0
        # Response shares with the planted ratio that give `asked` answers on average.
        base = 2.0 * rules.asked / 1000.0 / (1.0 + rules.respond)
        answers = rng.random(there.size) < np.minimum(np.where(lively, rules.respond, 1) * base, 1)
        who, side = there[answers], lively[answers]
        others = rng.poisson(rules.others / 1000.0 * there.size)
        member = np.concatenate([who, np.full(others, -1)])
        above = rules.members + rules.lively * (side - 0.5)
        mean = rules.mean + np.concatenate([above, np.zeros(others)])
        weight = np.where(side, (1 + rules.respond) / (2 * rules.respond),
                          (1 + rules.respond) / 2)  # fmt: skip
        columns = []
        for _, low, high, unit in QUESTIONS:
            raw = unit * (mean + rules.sd * rng.standard_normal(member.size))
            columns.append(np.clip(np.round(raw), low, high))
        parts.append(
            (
                np.full(member.size, wave),
                member,
                start + WAVE_DAYS * rng.random(member.size),
                np.column_stack(columns),
                np.concatenate([weight, np.ones(others)]),
            )
        )
    if not parts:
        none, floats = np.empty(0, np.int64), np.empty(0)
        return Answers(none, none, floats, np.empty((0, len(QUESTIONS))), floats)
    return Answers(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def surveys_table(labels: Labels, ours: Answers, before: int) -> pa.Table:
    """Return `surveys`; `before` counts the respondents of earlier chunks."""
    k, n = len(QUESTIONS), len(ours)
    person = np.repeat(np.arange(n), k)
    return arrow_table(
        "surveys",
        respondent_id=ids("r", person + 1 + before, 6),
        member_id=labels.members(ours.member[person]),
        wave=ids("w", ours.wave[person], 2),
        at=labels.times(ours.at[person]),
        question=pick([q[0] for q in QUESTIONS], np.tile(np.arange(k), n)),
        score=ours.score.ravel(),
        weight=ours.weight[person],
    )


def surveys_truth(frame: Frame) -> dict[str, Any]:
    """Return the true scores of the population, the same in every wave."""
    rules = frame.world.surveys
    both = {
        name: [score_distribution(rules, q, member) for q in range(len(QUESTIONS))]
        for name, member in (("members", True), ("others", False))
    }
    facts: dict[str, Any] = {
        "of": "the population; weights undo that the livelier half of the members answers "
        f"{rules.respond:g} times as often",
        "nps": {name: round(nps(items[0]), 6) for name, items in both.items()},
        "mean": {},
    }
    for place, (question, low, high, _) in enumerate(QUESTIONS):
        answers = np.arange(low, high + 1)
        facts["mean"][question] = {
            name: round(float(items[place] @ answers), 6) for name, items in both.items()
        }
    return facts
