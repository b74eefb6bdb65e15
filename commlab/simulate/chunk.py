"""One chunk of members with its own groups and advisers: the unit in which a world is made.

Nothing crosses chunks but channels, campaigns and costs, so a large world is written chunk by
chunk in bounded memory.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from commlab.simulate.assigned import Assigned
from commlab.simulate.campaigns import draw_campaigns, extras, kept
from commlab.simulate.clock import Clock
from commlab.simulate.contacts import Contacts, draw_contacts
from commlab.simulate.demand import follow_talk
from commlab.simulate.freebies import Takes, draw_takes, with_hunters
from commlab.simulate.groups import Groups, Stays, draw_groups, draw_stays
from commlab.simulate.identities import Identities, draw_identities
from commlab.simulate.influence import Caused, draw_caused
from commlab.simulate.interests import Interests, draw_interests
from commlab.simulate.messages import Messages, activity, draw_messages
from commlab.simulate.orders import Items, Orders, draw_items, draw_orders
from commlab.simulate.people import People, advisers, draw_people
from commlab.simulate.posts import draw_posts
from commlab.simulate.purchases import Purchases, draw_purchases
from commlab.simulate.roles import Roles, draw_roles
from commlab.simulate.sends import Sends, draw_sends
from commlab.simulate.touches import CheckIns, Touches, draw_check_ins, draw_touches
from commlab.simulate.world import World

ATMOSPHERE = 3  # atmosphere accounts a chunk, as B6 asks for at least
BOTS = 1


@dataclasses.dataclass(frozen=True)
class Frame:
    """What all chunks share.

    Attributes:
        world: Parameters.
        seed: Seed.
        start: First day.
        days: Length.
        chat: Clock of chat, without festivals.
        shop: Clock of orders, with festivals.
    """

    world: World
    seed: int
    start: dt.date
    days: int
    chat: Clock
    shop: Clock


def frame(world: World, seed: int, start: dt.date, days: int) -> Frame:
    """Return what all chunks of a world share."""
    return Frame(
        world,
        seed,
        start,
        days,
        chat=Clock(start, days, world.chat_hours),
        shop=Clock(start, days, world.order_hours, dict(world.festivals)),
    )


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Everything that happens to one chunk of members; numbers are local to it."""

    advisers: int
    people: People
    groups: Groups
    stays: Stays
    contacts: Contacts
    purchases: Purchases
    campaigns: list[Assigned]
    orders: Orders
    items: Items
    messages: Messages
    touches: Touches
    check_ins: CheckIns
    roles: Roles
    caused: Caused
    takes: Takes
    identities: Identities
    interests: Interests
    sends: Sends


def draw_chunk(frame: Frame, number: int, members: int) -> Chunk:
    """Draw one chunk.

    Args:
        frame: What all chunks share.
        number: Number of the chunk, part of the seed.
        members: How many members it has.
    """
    world, seed, days = frame.world, frame.seed, frame.days
    count = advisers(world, members)
    people = draw_people(world, seed, number, members, days, frame.chat)
    groups = draw_groups(world, seed, number, members, days, count)
    stays = draw_stays(world, seed, number, people, groups, days)
    contacts = draw_contacts(world, seed, number, people, days)
    purchases = draw_purchases(world, seed, number, people, frame.shop, days)
    roles = draw_roles(world, seed, number, people, groups, stays, purchases, days)
    posts = draw_posts(world, seed, number, roles, stays, frame.chat, days)
    caused = draw_caused(world, seed, number, people, roles, stays, posts, frame.shop, days)
    takes = draw_takes(world, seed, number, people, roles, frame.chat, days)
    campaigns = [
        with_hunters(world, people, roles, item)
        for item in draw_campaigns(world, seed, number, people, purchases, stays, frame.shop, days)
    ]
    interests = draw_interests(world, seed, number, people)
    sends, contacts = draw_sends(
        world, seed, number, people, contacts, interests, purchases, frame.chat, days
    )
    orders = draw_orders(
        world, seed, number, people, kept(purchases, campaigns),
        [*extras(campaigns), sends.orders, caused.orders], roles, groups, stays, frame.shop, days,
    )  # fmt: skip
    messages = draw_messages(
        world, seed, number, people, groups, stays, roles, posts, frame.chat, days
    )
    items = draw_items(world, seed, number, orders)
    return Chunk(
        advisers=count,
        people=people,
        groups=groups,
        stays=stays,
        contacts=contacts,
        purchases=purchases,
        campaigns=campaigns,
        orders=orders,
        items=follow_talk(world, seed, number, orders, items, messages),
        messages=messages,
        touches=draw_touches(
            world, seed, number, people, contacts, stays, campaigns, roles, takes,
            activity(world, seed, number, people), frame.chat, days,
        ),
        check_ins=draw_check_ins(world, seed, number, stays, roles, frame.chat, days),
        roles=roles,
        caused=caused,
        takes=takes,
        identities=draw_identities(world, seed, number, people),
        interests=interests,
        sends=sends,
    )  # fmt: skip
