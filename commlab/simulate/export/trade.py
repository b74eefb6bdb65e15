"""Orders and steps as tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from commlab.simulate.columns import arrow_table, money, pick
from commlab.simulate.export.labels import Labels
from commlab.simulate.orders import KINDS, SHOPS
from commlab.simulate.texts import PRODUCTS
from commlab.simulate.touches import EVENTS


def orders(labels: Labels) -> pa.Table:
    """Return `orders`."""
    ours = labels.chunk.orders
    known = ours.member >= 0
    adviser = labels.chunk.people.adviser[ours.member]
    return arrow_table(
        "orders",
        order_id=labels.orders(np.arange(len(ours))),
        member_id=labels.members(ours.member),
        buyer_status=pick(["unknown", "member"], known.astype(np.int64)),
        paid_at=labels.times(ours.at),
        amount=money(ours.amount),
        refund_amount=money(ours.refund),
        refunded_at=labels.times(ours.refunded),
        cost=money(ours.cost),
        discount=money(ours.list_amount - ours.amount),
        list_amount=money(ours.list_amount),
        kind=pick(KINDS, ours.kind),
        channel=pick(SHOPS, ours.shop),
        campaign_id=labels.campaigns(ours.campaign),
        group_id=labels.groups(ours.group),
        adviser_id=labels.advisers(np.where(ours.with_adviser, adviser, -1)),
        team_id=labels.teams(ours.team),
    )


def items(labels: Labels) -> pa.Table:
    """Return `order_items`."""
    ours = labels.chunk.items
    sku, product, category = zip(*(*PRODUCTS, ("vip", "会员卡", "会员")), strict=True)
    place = np.where(ours.product < 0, len(PRODUCTS), ours.product)
    return arrow_table(
        "order_items",
        order_id=labels.orders(ours.order),
        sku=pick(sku, place),
        product=pick(product, place),
        category=pick(category, place),
        quantity=ours.quantity.astype(float),
        amount=money(ours.amount),
    )


def touchpoints(labels: Labels) -> pa.Table:
    """Return `touchpoints`."""
    ours = labels.chunk.touches
    code = np.where(ours.with_code, labels.chunk.people.code[ours.member], -1)
    adviser = np.where(ours.with_staff, labels.chunk.people.adviser[ours.member], -1)
    return arrow_table(
        "touchpoints",
        member_id=labels.members(ours.member),
        at=labels.times(ours.at),
        event=pick(EVENTS, ours.event),
        channel=labels.codes(code),
        campaign_id=labels.campaigns(ours.campaign),
        staff_id=labels.advisers(adviser),
        rewarded=pa.array(ours.rewarded),
    )


def check_ins(labels: Labels) -> pa.Table:
    """Return `check_ins`."""
    ours = labels.chunk.check_ins
    return arrow_table(
        "check_ins",
        member_id=labels.members(ours.member),
        at=labels.times(ours.at),
        group_id=labels.groups(ours.group),
    )
