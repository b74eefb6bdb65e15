"""Suppression of tables: an attacker with every total gets no further than the mark says."""

from __future__ import annotations

import numpy as np
import pytest

from commlab.suppression import COMPLEMENT, SHOWN, SMALL, Relation, Table, suppress
from tests.attacker import Attacker

NEAR = 1e-6


def attack(table: Table, states: np.ndarray, small: int) -> Attacker:
    reader = Attacker(small)
    visible = np.ones(len(states), bool) if table.visible is None else table.visible
    for cell, value in enumerate(table.value):
        if not visible[cell]:
            reader.unknown(cell)
        elif states[cell] == SHOWN:
            reader.cell(cell, value, None)
        else:
            reader.cell(cell, None, "<" if states[cell] == SMALL else "")
    for relation in table.relations:
        factors = dict(zip(relation.cells, relation.factors, strict=True))
        reader.equal(factors, sum(f * table.value[c] for c, f in factors.items()))
    return reader


def two_way(counts: np.ndarray) -> Table:
    """A table of rows and columns whose totals are all known."""
    place = np.arange(counts.size).reshape(counts.shape)
    lines = [*place, *place.T]
    relations = [Relation(tuple(line.tolist()), (1.0,) * len(line)) for line in lines]
    return Table(counts.ravel(), relations)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("small", [3, 5, 10])
def test_no_small_cell_of_a_table_with_margins_is_narrowed(seed, small):
    rng = np.random.default_rng([seed, small])
    counts = rng.poisson(rng.choice([2.0, 15.0, 60.0], size=(6, 7)))
    table = two_way(counts)
    states = suppress(table, small)
    tiny = (table.value > 0) & (table.value < small)
    assert tiny.any()
    assert (states[tiny] == SMALL).all()
    assert not (states[table.value == 0] != SHOWN).any()
    assert (states[~tiny] != SMALL).all()
    reader = attack(table, states, small)
    for cell in np.flatnonzero(tiny):
        low, high = reader.range(int(cell))
        assert low <= 1 + NEAR, (cell, low)
        assert high >= small - 1 - NEAR, (cell, high)


def test_without_complements_the_attacker_does_find_the_cell():
    """The test can fail: hiding only the small cell gives it away."""
    table = two_way(np.array([[3, 40, 50], [60, 70, 80], [90, 20, 30]]))
    states = np.where(table.value < 5, SMALL, SHOWN)
    assert attack(table, states, 5).range(0) == pytest.approx((3.0, 3.0))
    good = suppress(table, 5)
    assert attack(table, good, 5).range(0) == pytest.approx((1.0, 4.0))
    # A cell of a table with both margins needs three others: the corners of a rectangle.
    assert int((good == COMPLEMENT).sum()) == 3


def test_two_ones_do_not_hide_each_other():
    # 1 + 1 = 2 leaves nothing else, so a larger cell has to go with them.
    total = Relation((0, 1, 2, 3), (1.0,) * 4)
    assert suppress(Table(np.array([1, 1, 40, 60]), [total]), 5).tolist() == [1, 1, 2, 0]


def test_the_rest_of_a_whole_is_protected_though_no_table_shows_it():
    # 200 at risk, 197 active: 3 are not.
    table = Table(
        np.array([200, 197, 3]),
        [Relation((0, 1, 2), (1.0, -1.0, -1.0))],
        visible=np.array([True, True, False]),
    )
    states = suppress(table, 5)
    assert (states != SHOWN).any()
    low, high = attack(table, states, 5).range(2)
    assert high - low >= 3 - NEAR


def test_zeros_and_large_cells_alone_hide_nothing():
    table = two_way(np.array([[0, 50], [60, 0]]))
    assert not suppress(table, 5).any()


def test_cells_shown_elsewhere_are_spared_while_others_serve():
    total = Relation((0, 1, 2), (1.0,) * 3)
    fixed = np.array([False, True, False])
    states = suppress(Table(np.array([3, 20, 90]), [total], fixed=fixed), 5)
    assert states.tolist() == [SMALL, SHOWN, COMPLEMENT]


def test_what_is_shown_elsewhere_is_hidden_too_where_nothing_else_protects():
    # 7 people, 5 active, 2 not: hiding the 5 alone leaves 0 to 2 for those who are not.
    table = Table(
        np.array([7, 5, 2]), [Relation((0, 1, 2), (1.0, -1.0, -1.0))],
        visible=np.array([True, True, False]), fixed=np.array([True, False, False]),
    )  # fmt: skip
    states = suppress(table, 5)
    assert states[0] == COMPLEMENT
    low, high = attack(table, states, 5).range(2)
    assert high - low >= 3 - NEAR


def test_the_same_table_is_hidden_in_the_same_way():
    counts = np.random.default_rng(3).poisson(8, size=(8, 8))
    assert (suppress(two_way(counts), 5) == suppress(two_way(counts), 5)).all()
