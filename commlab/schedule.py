"""How many points things are worth: the schedule by which member value is counted.

Points add up, and a score can rise: a cut such as 20 means the same from month to month. No study
fixes the prices. The defaults take 1 point for about 20 currency units of net margin and price the
rest at what a brand would rather pay than go without; `commlab.models.propose_schedule` scales
them to a community. Ranks do not depend on that scale.
"""

from __future__ import annotations

import dataclasses

from commlab import guards

PARTS = ("consumption", "content", "interaction", "social")
CUT = 20.0  # points above which an adviser invites a member of a closing group (requirement B7)


@dataclasses.dataclass(frozen=True)
class PointSchedule:
    """Points for each thing that a member does in the window; `[value_points]` in commlab.toml.

    Attributes:
        margin: A currency unit of net margin (of net revenue where no margin is known).
        purchase: A day with a purchase: coming back is worth something beside the money.
        post: An original post: a message that answers nobody and is no advertisement.
        picture: What a picture or video adds to a post.
        reply_received: A person who answers a member on a day.
        piece: A piece of content that the brand could publish (`contents.creator_id`).
        message: A message of any kind.
        reply: A message that answers somebody.
        answer: What it adds that a question of another member was answered.
        check_in: A day with a check-in.
        day: A day with any activity.
        invitee: A person brought in the window who is still there.
        invitee_margin: A currency unit of net margin of all persons ever brought, in the window.
        share: A share that was not paid for.
        rewarded_share: A share that was.
        person_reached: A different person who answered, mentioned or called the member.
        posts_a_day: Posts of one day that count: more are noise, not more content.
        messages_a_day: Messages of one day that count.
    """

    margin: float = 0.05
    purchase: float = 1.0
    post: float = 0.5
    picture: float = 0.5
    reply_received: float = 0.5
    piece: float = 3.0
    message: float = 0.1
    reply: float = 0.2
    answer: float = 0.5
    check_in: float = 0.3
    day: float = 0.3
    invitee: float = 5.0
    invitee_margin: float = 0.02
    share: float = 0.5
    rewarded_share: float = 0.1
    person_reached: float = 0.5
    posts_a_day: int = 3
    messages_a_day: int = 10

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_a_day"):
                guards.whole(f"value_points.{field.name}", value, low=1)
            else:
                guards.in_range(f"value_points.{field.name}", value, low=0)

    def scaled(self, factor: float) -> PointSchedule:
        """Return the schedule with every price multiplied; what counts stays the same.

        Example:
            >>> PointSchedule().scaled(2).purchase
            2.0
        """
        guards.in_range("factor", factor, low=0, open_low=True)
        prices = {
            field.name: getattr(self, field.name) * factor
            for field in dataclasses.fields(self)
            if not field.name.endswith("_a_day")
        }
        return dataclasses.replace(self, **prices)
