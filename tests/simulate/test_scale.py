"""Worlds with as many orders and messages as asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from commlab.errors import ArgumentError
from commlab.simulate import simulate
from commlab.simulate.closed_forms import expected_repeat_purchases
from commlab.simulate.scale import scaled
from commlab.simulate.world import World

from .conftest import START


def test_a_world_has_as_many_rows_as_asked_for(tmp_path: Path) -> None:
    truth = simulate(
        tmp_path / "w", members=5000, seed=3, orders_per_member=4, messages_per_member=25
    )
    # Two samples of the same world: 4 % of the pilot, and 5 and 8 % (62 groups) of this one.
    assert truth.rows["orders"] / 5000 == pytest.approx(4, rel=4 * 0.064)
    assert truth.rows["messages"] / 5000 == pytest.approx(25, rel=4 * 0.09)
    kinds = truth.figures["world"]["channels"]
    assert kinds[0]["alpha"] < World().channels[0].alpha
    assert truth.figures["purchases"]["by_channel"][kinds[0]["name"]]["alpha"] == kinds[0]["alpha"]
    words = (tmp_path / "w" / "README.md").read_text(encoding="utf-8")
    assert "--orders-per-member 4 --messages-per-member 25" in words


def test_more_orders_come_from_buying_more_often_not_from_more_buyers() -> None:
    world = scaled(World(), START, 456, orders=4)
    for old, new in zip(World().channels, world.channels, strict=True):
        assert new.buyer_share == old.buyer_share
        assert new.messages == old.messages
        assert expected_repeat_purchases(new, [52.0])[0] > expected_repeat_purchases(old, [52.0])[0]


@pytest.mark.parametrize("name", ["orders_per_member", "messages_per_member"])
def test_what_cannot_come_about_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArgumentError, match=f"{name} == 100000, must be between"):
        simulate(tmp_path / "w", members=100, **{name: 100_000})
    assert not (tmp_path / "w").exists()
