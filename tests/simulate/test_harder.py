"""Harder worlds: leaders who ask, helpers who move nobody, keen takers, talk before demand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from commlab.errors import ArgumentError
from commlab.simulate import sentences
from commlab.simulate.behaviour import Demand, Freebies, Influence
from commlab.simulate.chunk import Chunk, draw_chunk, frame
from commlab.simulate.messages import MEMBER
from commlab.simulate.world import World

DAYS, MEMBERS = 270, 3000
HARD = World(
    influence=Influence(asks=0.3, helper_share=0.01),
    freebies=Freebies(keen=0.1, chatty=0.5),
    demand=Demand(share=0.4),
)


@pytest.fixture(scope="module")
def chunks() -> dict[str, Chunk]:
    worlds = {"plain": World(), "hard": HARD}
    return {
        name: draw_chunk(frame(world, 5, dt.date(2025, 4, 1), DAYS), 0, MEMBERS)
        for name, world in worlds.items()
    }


def _by(chunk: Chunk, mask: np.ndarray, subject: int) -> int:
    said = chunk.messages
    own = (said.source == MEMBER) & (said.subject == subject)
    return int(mask[said.writer[own]].sum())


def test_people_leaders_and_their_posts_stay_the_same(chunks: dict[str, Chunk]) -> None:
    plain, hard = chunks["plain"], chunks["hard"]
    for name in ("koc", "loud", "spender", "cluster", "hub", "hunter"):
        assert np.array_equal(getattr(plain.roles, name), getattr(hard.roles, name)), name
    assert np.array_equal(plain.caused.posts, hard.caused.posts)
    assert np.array_equal(plain.orders.at, hard.orders.at)


def test_leaders_ask_as_often_as_planted(chunks: dict[str, Chunk]) -> None:
    koc = chunks["hard"].roles.koc
    asked = _by(chunks["hard"], koc, sentences.QUESTION)
    told = _by(chunks["hard"], koc, sentences.EXPERIENCE)
    assert _by(chunks["plain"], chunks["plain"].roles.koc, sentences.QUESTION) == 0
    assert stats.binomtest(asked, asked + told, 0.3).pvalue > 0.001


def test_helpers_answer_as_leaders_do_and_cause_nothing(chunks: dict[str, Chunk]) -> None:
    hard = chunks["hard"]
    helper, koc = hard.roles.helper, hard.roles.koc
    assert not (helper & (koc | hard.roles.loud | hard.roles.hunter)).any()
    assert helper.sum() == pytest.approx(0.01 * MEMBERS, abs=1)
    each = [_by(hard, who, sentences.ANSWER) / who.sum() for who in (helper, koc)]
    ordinary = ~(helper | koc)
    assert min(each) > 10 * _by(hard, ordinary, sentences.ANSWER) / ordinary.sum()
    assert not np.isin(hard.caused.by, np.flatnonzero(helper)).any()
    assert not chunks["plain"].roles.helper.any()


def test_nobody_answers_himself(chunks: dict[str, Chunk]) -> None:
    said = chunks["hard"].messages
    mine = np.flatnonzero((said.source == MEMBER) & (said.subject == sentences.ANSWER))
    to = said.reply_to[mine]
    member = said.source[to] == MEMBER
    assert (said.writer[mine] != said.writer[to])[member].all()


def test_keen_members_take_as_much_and_hunters_chat(chunks: dict[str, Chunk]) -> None:
    hard, plan = chunks["hard"], HARD.freebies
    taken = np.bincount(hard.takes.member, minlength=MEMBERS)
    settled = (hard.people.joined < DAYS - plan.take_days - 1) & ~hard.roles.hunter
    mean = plan.keen * plan.takes + (1 - plan.keen) * plan.ordinary
    ours = taken[settled]
    assert abs(ours.mean() - mean) < 4 * ours.std() / np.sqrt(ours.size)
    said = hard.messages
    wrote = np.zeros(MEMBERS, dtype=bool)
    wrote[said.writer[said.source == MEMBER]] = True
    assert wrote[hard.roles.hunter].any()
    assert not wrote[hard.roles.ring].any()


@pytest.mark.parametrize(("name", "share"), [("hard", 0.4), ("plain", 0.0)])
def test_items_follow_talk_as_often_as_planted(
    chunks: dict[str, Chunk], name: str, share: float
) -> None:
    """Counted person by person: of items soon after a product was named, how many are that one."""
    chunk = chunks[name]
    said, items = chunk.messages, chunk.items
    named = (said.source == MEMBER) & ~said.picture & ~said.revoked
    named &= np.isin(said.subject, (sentences.QUESTION, sentences.EXPERIENCE, sentences.ORDER))
    talk: dict[int, list[tuple[float, int]]] = {}
    for who, at, product in zip(
        said.writer[named], said.at[named], said.product[named], strict=True
    ):
        talk.setdefault(int(who), []).append((float(at), int(product)))
    soon = same = 0
    for order, product in zip(items.order, items.product, strict=True):
        paid = chunk.orders.at[order]
        before = [one for one in talk.get(int(chunk.orders.member[order]), []) if one[0] < paid]
        if product < 0 or not before or paid - max(before)[0] > 14:
            continue
        soon += 1
        same += int(product == max(before)[1])
    assert soon > 200
    assert stats.binomtest(same, soon, share + (1 - share) / 14).pvalue > 0.001


@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        (Influence, {"asks": 1.5}),
        (Influence, {"helper_share": 0.5}),
        (Freebies, {"keen": -0.1}),
        (Freebies, {"chatty": 2.0}),
        (Demand, {"share": 1.1}),
        (Demand, {"days": 0.0}),
    ],
)
def test_parameters_out_of_bounds(plan: type, wrong: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        plan(**wrong)
