"""The canonical tables, declared once.

Validation, the printed schema (`commlab tables`) and the data dictionary are made from these
declarations. Every loader ends here and every metric starts here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from commlab import guards
from commlab.errors import MissingTableError, nearest

FORMAT_VERSION = 1

# What a column holds, and how it stands on disk (Parquet).
DTYPES = {
    "id": "text, never parsed as a number",
    "text": "text",
    "time": "UTC timestamp, microseconds",
    "date": "calendar date",
    "money": "DECIMAL(18,2) in the workspace currency; whole minor units inside",
    "int": "64-bit integer",
    "float": "double",
    "bool": "true or false",
    "list": "list of text; in CSV joined by semicolons",
}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Attributes:
        name: Column name.
        dtype: One of `DTYPES`.
        meaning: What it holds, for the data dictionary.
        required: Whether rows without it cannot be used.
        default: Value of absent or null cells, when there is one.
        values: The allowed values; empty when free.
        references: `table.column` that an id points to.
        later: True when the fact becomes known after the row's event: a value later than
            `as_of` is then unknown (null), while the row stays.
        follows: A `later` column of the same table that this one belongs to: where that one is
            later than `as_of`, this one is its default too.
    """

    name: str
    dtype: str
    meaning: str
    required: bool = False
    default: str | bool | int | None = None
    values: tuple[str, ...] = ()
    references: str = ""
    later: bool = False
    follows: str = ""

    def __post_init__(self) -> None:
        guards.one_of("dtype", self.dtype, tuple(DTYPES))


@dataclasses.dataclass(frozen=True)
class Table:
    """One canonical table.

    Attributes:
        name: Table name, also the file name in a workspace.
        meaning: What one row is.
        columns: The columns, in order.
        key: Columns that name a row; empty where equal rows are real.
        event: The column that dates the row: rows later than `as_of` are not read.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    event: str = ""

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a row cannot do without."""
        return tuple(column.name for column in self.columns if column.required)


def _columns(*lines: str, **extra: Mapping[str, object]) -> tuple[Column, ...]:
    """Parse `name[*] dtype meaning [(value, …; default x)]`; `extra` adds fields by column."""
    columns = []
    for line in lines:
        name, dtype, meaning = line.split(" ", 2)
        required = name.endswith("*")
        name = name.rstrip("*")
        columns.append(Column(name, dtype, meaning, required, **extra.get(name, {})))  # type: ignore[arg-type]
    return tuple(columns)


def _values(*values: str, default: str | None = None) -> dict[str, object]:
    return {"values": values, "default": default}


_LATER: dict[str, object] = {"later": True}
_MEMBER: dict[str, object] = {"references": "members.member_id"}
_GROUP: dict[str, object] = {"references": "groups.group_id"}
_CHANNEL: dict[str, object] = {"references": "channels.channel"}
_CAMPAIGN: dict[str, object] = {"references": "campaigns.campaign_id"}
_STAFF: dict[str, object] = {"references": "staff.staff_id"}

_DECLARED = (
    Table(
        "members",
        "one person in contact with the community",
        _columns(
            "member_id* id the person",
            "joined_at* time first contact with the community",
            "channel id channel code that brought the person",
            "adviser_id id adviser (staff) in charge",
            "gender text as stated",
            "birth_year int year of birth",
            "region text province or state",
            "city text city",
            "nickname text display name; never leaves the workspace",
            "role text what the account is",
            channel=_CHANNEL,
            adviser_id=_STAFF,
            gender=_values("female", "male", "unknown"),
            role=_values("member", "staff", "bot", "atmosphere", default="member"),
        ),
        key=("member_id",),
        event="joined_at",
    ),
    Table(
        "groups",
        "one chat group",
        _columns(
            "group_id* id the group",
            "name text group name",
            "created_at* time when it was opened",
            "positioning text what the group offers",
            "product text product line it is for",
            "region text region it is for",
            "goal text loyalty, sales or the brand's own word",
            "owner_id id staff member who owns it",
            "closed_at time when it was closed",
            "tags list tags of the group",
            positioning=_values("benefit", "content", "resource", "other"),
            owner_id=_STAFF,
            closed_at=_LATER,
        ),
        key=("group_id",),
        event="created_at",
    ),
    Table(
        "memberships",
        "one stay of one person in one group",
        _columns(
            "group_id* id the group",
            "member_id* id the person",
            "joined_at* time when the stay began",
            "join_scene text how the person came in",
            "inviter_id id who invited",
            "observed_from time since when the stay was under observation (delayed entry)",
            "last_seen_at time last time known to be in the group",
            "left_at time first time known gone; last_seen_at and left_at bracket the true time",
            "leave_kind text why the stay ended; migrated and closed are not leaving",
            group_id=_GROUP,
            member_id=_MEMBER,
            join_scene=_values("invite", "link", "qr"),
            left_at=_LATER,
            leave_kind=_values("left", "removed", "migrated", "closed") | {"follows": "left_at"},
        ),
        key=("group_id", "member_id", "joined_at"),
        event="joined_at",
    ),
    Table(
        "messages",
        "one chat message",
        _columns(
            "message_id* id the message",
            "group_id id the group; null for one-to-one",
            "member_id* id who wrote it",
            "sent_at* time when it was sent",
            "kind text form of the message",
            "text text the words; never leave the workspace",
            "reply_to id message that it answers",
            "mentions list member ids that it mentions",
            "is_ad text advertising",
            "revoked bool withdrawn by its author",
            group_id=_GROUP,
            member_id=_MEMBER,
            kind=_values(
                "text",
                "image",
                "video",
                "link",
                "mini_program",
                "red_packet",
                "file",
                "other",
                default="text",
            ),
            reply_to={"references": "messages.message_id"},
            is_ad=_values("none", "soft", "hard"),
            revoked={"default": False},
        ),
        key=("message_id",),
        event="sent_at",
    ),
    Table(
        "orders",
        "one paid order",
        _columns(
            "order_id* id the order",
            "member_id id the buyer; null when unknown",
            "buyer_status text whether the buyer is a member (default from member_id)",
            "paid_at* time when it was paid",
            "amount* money paid, before refunds",
            "refund_amount money refunded so far",
            "refunded_at time when it was refunded; undated refunds count at paid_at",
            "cost money goods and fulfilment",
            "discount money discount given",
            "list_amount money price before discount",
            "kind text trial, membership charge or regular order",
            "channel id sales channel code",
            "campaign_id id campaign that it is booked to",
            "group_id id group that it came from",
            "adviser_id id adviser that it is booked to",
            "team_id id buying team",
            member_id=_MEMBER,
            buyer_status=_values("member", "non_member", "unknown"),
            refund_amount={"default": 0, "follows": "refunded_at"},
            refunded_at=_LATER,
            kind=_values("trial", "membership", "regular", default="regular"),
            campaign_id=_CAMPAIGN,
            group_id=_GROUP,
            adviser_id=_STAFF,
        ),
        key=("order_id",),
        event="paid_at",
    ),
    Table(
        "order_items",
        "one line of an order",
        _columns(
            "order_id* id the order",
            "sku* id stock-keeping unit",
            "product text product name",
            "category text category",
            "quantity* float units",
            "amount* money paid for the line",
            order_id={"references": "orders.order_id"},
        ),
    ),
    Table(
        "channels",
        "one channel code",
        _columns(
            "channel* id the code",
            "type text kind of channel",
            "parent id channel that it belongs to",
            "store_id id store",
            "script text version of the invitation text",
        ),
        key=("channel",),
    ),
    Table(
        "contacts",
        "one friendship between a customer and a staff member",
        _columns(
            "member_id* id the customer",
            "staff_id* id the staff member",
            "added_at* time when the friendship began",
            "add_way text how it came about",
            "channel id channel code",
            "observed_from time since when it was under observation",
            "deleted_at time when it was deleted",
            "deleted_by text who deleted",
            member_id=_MEMBER,
            staff_id=_STAFF,
            channel=_CHANNEL,
            deleted_at=_LATER,
            deleted_by=_values("customer", "staff") | {"follows": "deleted_at"},
        ),
        event="added_at",
    ),
    Table(
        "touchpoints",
        "one step of one person",
        _columns(
            "member_id* id the person",
            "at* time when",
            "event* text the step",
            "channel id channel code",
            "campaign_id id campaign",
            "staff_id id staff member involved",
            "rewarded bool true when the step was paid for",
            member_id=_MEMBER,
            event=_values(
                "exposed",
                "invited",
                "followed_account",
                "added_adviser",
                "chatted",
                "surveyed",
                "drawn",
                "redeemed",
                "tagged",
                "joined_group",
                "sampled",
                "shared",
                "clicked",
                "visited",
                "carted",
                "watched",
            ),
            channel=_CHANNEL,
            campaign_id=_CAMPAIGN,
            staff_id=_STAFF,
        ),
        event="at",
    ),
    Table(
        "sends",
        "one push to a person or a group",
        _columns(
            "send_id* id the push",
            "kind* text form of the push",
            "planned_at time when it was planned for",
            "sent_at time when it went out",
            "status text outcome as exported",
            "staff_id id staff member who sends",
            "member_id id receiver",
            "group_id id receiving group",
            "content_id id content sent",
            "campaign_id id campaign",
            "tag text tag that it was targeted by",
            "clicked_at time when it was clicked",
            kind=_values("mass", "group_sop", "moments", "one_to_one"),
            sent_at=_LATER,
            status={"follows": "sent_at"},
            clicked_at=_LATER,
            member_id=_MEMBER,
            group_id=_GROUP,
            campaign_id=_CAMPAIGN,
            staff_id=_STAFF,
            content_id={"references": "contents.content_id"},
        ),
        key=("send_id",),
    ),
    Table(
        "staff",
        "one staff account",
        _columns(
            "staff_id* id the account",
            "role* text what it does",
            "store_id id store",
            "valid_from date first day in the role",
            "valid_to date last day in the role",
            role=_values("adviser", "atmosphere", "service", "bot", "other"),
        ),
        key=("staff_id",),
    ),
    Table(
        "staff_days",
        "one staff account on one day, as exported",
        _columns(
            "staff_id* id the account",
            "on* date the day",
            "chats int one-to-one chats",
            "messages int messages sent",
            "reply_share float share of chats answered, 0 to 1",
            "reply_minutes float mean minutes to the first reply",
            "negative_feedback int deletions and blocks",
            "new_contacts int friends added",
            staff_id=_STAFF,
        ),
        key=("staff_id", "on"),
        event="on",
    ),
    Table(
        "group_days",
        "one group (or owner) on one day, as exported",
        _columns(
            "group_id id the group",
            "owner_id id the owner, where the source counts by owner",
            "on* date the day",
            "members int members on the day",
            "members_active int members who wrote",
            "messages int messages",
            "joined int joined on the day",
            "left int left on the day",
            group_id=_GROUP,
            owner_id=_STAFF,
        ),
        key=("group_id", "owner_id", "on"),
        event="on",
    ),
    Table(
        "tags",
        "one tag on one person",
        _columns(
            "member_id* id the person",
            "tag* text the tag",
            "tag_group text group of tags",
            "source text who set it",
            "tagged_at time when it was set",
            member_id=_MEMBER,
            source=_values("corporate", "personal", "rule", "survey", "channel"),
        ),
        event="tagged_at",
    ),
    Table(
        "campaigns",
        "one campaign",
        _columns(
            "campaign_id* id the campaign",
            "name text its name",
            "kind text what it is",
            "starts_at* time first moment",
            "ends_at* time last moment",
            "design* text how people were chosen",
            "control_arm text arm that got nothing",
            "goal text what it was for",
            "target float target stated before",
            kind=_values(
                "coupon",
                "team_buy",
                "fission",
                "lecture",
                "draw",
                "check_in",
                "care",
                "push",
                "other",
            ),
            design=_values("randomised", "clustered", "observational"),
            control_arm={"default": "control"},
        ),
        key=("campaign_id",),
        event="starts_at",
    ),
    Table(
        "assignments",
        "one person in one campaign",
        _columns(
            "campaign_id* id the campaign",
            "member_id* id the person",
            "arm* text arm assigned",
            "assigned_at* time when",
            "cluster_id id team or group that was assigned as one",
            "participated_at time when the person took part",
            campaign_id=_CAMPAIGN,
            member_id=_MEMBER,
            participated_at=_LATER,
        ),
        key=("campaign_id", "member_id"),
        event="assigned_at",
    ),
    Table(
        "referrals",
        "one person brought by another",
        _columns(
            "inviter_id* id who invited",
            "invitee_id* id who came",
            "at* time when",
            "campaign_id id campaign",
            "reward_cost money reward paid",
            inviter_id=_MEMBER,
            invitee_id=_MEMBER,
            campaign_id=_CAMPAIGN,
        ),
        event="at",
    ),
    Table(
        "coupons",
        "one coupon given to one person",
        _columns(
            "batch* id coupon batch",
            "member_id* id the person",
            "issued_at* time when",
            "expires_at time last moment of validity",
            "redeemed_at time when it was used",
            "order_id id order that it was used on",
            "value money face value",
            member_id=_MEMBER,
            redeemed_at=_LATER,
            order_id={"references": "orders.order_id", "follows": "redeemed_at"},
        ),
        event="issued_at",
    ),
    Table(
        "points",
        "one entry in the points ledger",
        _columns(
            "member_id* id the person",
            "at* time when",
            "delta* int points earned (positive) or spent (negative)",
            "reason* text what for; opening balances have the reason opening",
            "expires_at time when they lapse",
            "promised_by time when a promised reward was due",
            "fulfilled_at time when it was given",
            member_id=_MEMBER,
            fulfilled_at=_LATER,
        ),
        event="at",
    ),
    Table(
        "tiers",
        "one spell of one person in a tier",
        _columns(
            "member_id* id the person",
            "tier* text the tier",
            "valid_from* time first moment",
            "valid_to time last moment",
            member_id=_MEMBER,
            valid_to=_LATER,
        ),
        key=("member_id", "valid_from"),
        event="valid_from",
    ),
    Table(
        "check_ins",
        "one check-in",
        _columns(
            "member_id* id the person",
            "at* time when",
            "group_id id group",
            "campaign_id id campaign",
            member_id=_MEMBER,
            group_id=_GROUP,
            campaign_id=_CAMPAIGN,
        ),
        event="at",
    ),
    Table(
        "costs",
        "one cost line of a period",
        _columns(
            "starts_on* date first day",
            "ends_on date last day (a month is usual)",
            "category* text cost line",
            "amount* money spent",
            "channel id channel",
            "campaign_id id campaign",
            "group_id id group",
            category=_values("content", "event", "platform", "staff", "reward", "goods", "other"),
            channel=_CHANNEL,
            campaign_id=_CAMPAIGN,
            group_id=_GROUP,
        ),
        event="starts_on",
    ),
    Table(
        "surveys",
        "one answer to one question",
        _columns(
            "respondent_id* id who answered",
            "member_id id the member; null for others",
            "wave* text survey wave",
            "at* time when",
            "question* text the question",
            "score* float the answer",
            "weight float survey weight",
            member_id=_MEMBER,
            question=_values("nps", "satisfaction", "awareness", "intent", "other"),
        ),
        event="at",
    ),
    Table(
        "contents",
        "one piece of content",
        _columns(
            "content_id* id the piece",
            "group_id id group where it was posted",
            "posted_at* time when",
            "kind* text form",
            "topic text topic",
            "creator_id id who made it (user content, opinion leader)",
            "cost money what it cost",
            "exposures int times shown",
            "clicks int clicks",
            "comments int comments",
            "shares int shares",
            kind=_values("video", "article", "live", "poster", "coupon", "qa", "draw", "topic"),
            group_id=_GROUP,
        ),
        key=("content_id",),
        event="posted_at",
    ),
    Table(
        "identities",
        "one identifier of one person",
        _columns(
            "member_id* id the person",
            "kind* text kind of identifier",
            "value_hash* id keyed hash of its value",
            member_id=_MEMBER,
            kind=_values("external_userid", "unionid", "phone", "shop_nickname"),
        ),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _DECLARED}

# A workspace answers something as soon as it has one of these.
ENOUGH = ("orders", "messages", "memberships")


def table(name: str) -> Table:
    """Return the declaration of a table.

    Args:
        name: Name of a canonical table.

    Raises:
        MissingTableError: No canonical table has that name.

    Example:
        >>> table("orders").required
        ('order_id', 'paid_at', 'amount')
    """
    try:
        return TABLES[name]
    except KeyError:
        raise MissingTableError(
            f"{name!r} is not a canonical table.", fix=nearest(name, TABLES)
        ) from None
