"""Talk that foretells what is bought: items follow the product that their buyer named last."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate import sentences
from commlab.simulate.messages import MEMBER, Messages
from commlab.simulate.orders import Items, Orders
from commlab.simulate.streams import stream
from commlab.simulate.world import World

# Subjects all of whose sentences name a product, and say nothing against it.
NAMING = (sentences.QUESTION, sentences.EXPERIENCE, sentences.ORDER)


def follow_talk(
    world: World, seed: int, chunk: int, orders: Orders, items: Items, messages: Messages
) -> Items:
    """Return items of which some are what their buyer named last; as drawn by default."""
    plan = world.demand
    if not plan.share:
        return items
    named = (messages.source == MEMBER) & ~messages.picture & ~messages.revoked
    named &= np.isin(messages.subject, NAMING)
    who, at = messages.writer[named], messages.at[named]
    order = np.lexsort((at, who))
    who, at, product = who[order], at[order], messages.product[named][order]
    buyer, paid = orders.member[items.order], orders.at[items.order]
    if not who.size:
        return items
    # One number for person and day: days are far fewer than the step between persons.
    step = 1e5
    last = np.searchsorted(who * step + at, buyer * step + paid, "left") - 1
    place = np.maximum(last, 0)
    follows = stream(seed, "demand", chunk).random(items.product.size) < plan.share
    follows &= (last >= 0) & (who[place] == buyer) & (paid - at[place] <= plan.days)
    follows &= items.product >= 0
    return dataclasses.replace(items, product=np.where(follows, product[place], items.product))
