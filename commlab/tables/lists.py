"""The action lists that reports write to `private/`: real ids, best first."""

from commlab.tables.declaration import CHANNEL, MEMBER, STAFF, Table, columns

_DECLARED = (
    Table(
        "silent",
        "one member who was active in the period before and not in the last complete one",
        columns(
            "member_id* id the person",
            "adviser_id id adviser (staff) in charge, who calls",
            "channel id channel code that brought the person",
            "last_active_on* date last sign of life",
            "orders int paid orders so far; empty without a table of orders",
            "net_revenue float paid less refunded, in currency units",
            member_id=MEMBER,
            adviser_id=STAFF,
            channel=CHANNEL,
        ),
        key=("member_id",),
    ),
    Table(
        "churn",
        "one customer who is likely not to buy again in time, the most value at risk first",
        columns(
            "member_id* id the person",
            "adviser_id id adviser (staff) in charge, who calls",
            "risk* float probability of no purchase within the horizon",
            "value_at_risk* float risk times what the horizon would bring at the pace so far, "
            "in currency units",
            "last_order_on* date last day with a purchase",
            "reasons text what raises the risk most, in English; empty where nothing tells",
            "reasons_zh text the same in Chinese",
            "action* text what to offer, in English",
            "action_zh* text the same in Chinese",
            member_id=MEMBER,
            adviser_id=STAFF,
        ),
        key=("member_id",),
    ),
    Table(
        "suspected_staff",
        "one account that counts as a member and behaves like staff",
        columns(
            "member_id* id the account, to be put into `staff` in commlab.toml",
            "messages* int messages written",
            "share* float share of all messages not by known staff",
            "groups* int groups written in",
            "night_share float share of its messages between 00:00 and 06:00",
            "reasons* text works, everywhere, round_the_clock, loud",
            member_id=MEMBER,
        ),
        key=("member_id",),
    ),
    Table(
        "valuable",
        "one buyer among those who are expected to leave most margin, most first",
        columns(
            "member_id* id the person",
            "adviser_id id adviser (staff) in charge, who looks after the person",
            "channel id channel code that brought the person",
            "last_bought_on* date last purchase",
            "purchases* int days with a purchase so far",
            "expected_purchases* float purchases expected within the horizon",
            "value* float expected margin less service within the horizon, in currency units",
            "value_low* float lower end of the 95 % range of what this person may leave",
            "value_high* float upper end",
            "no_purchase* float chance of no purchase in the weeks over which models were tested",
            "value_at_risk* float expected margin times that chance",
            member_id=MEMBER,
            adviser_id=STAFF,
            channel=CHANNEL,
        ),
        key=("member_id",),
    ),
    Table(
        "due",
        "one member who is due to buy a category again, the nearest due day first",
        columns(
            "member_id* id the person",
            "adviser_id id adviser (staff) in charge, who writes",
            "category* text category bought before",
            "last_bought_on* date last purchase of the category",
            "due_on* date last purchase plus the median cycle of the category",
            "days_late* int days since then; negative: still to come",
            "cycle_days* int median days between first and second purchase of the category",
            member_id=MEMBER,
            adviser_id=STAFF,
        ),
        key=("member_id", "category"),
    ),
)

LISTS: dict[str, Table] = {table.name: table for table in _DECLARED}
