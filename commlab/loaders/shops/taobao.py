"""`--format taobao`: order reports of Taobao and Tmall, with their item sheets.

* Paid orders count (`shops/orders.py`). A report without a status column goes by the payment time.
* Whether 买家实际支付金额 is before or after refunds differs from report to report. It is found for
  each file from its refunded orders: where payment + refund = 总金额 in most of those
  that can tell, the column is net of refunds and `amount` is payment + refund; where payment =
  总金额, it is not. A file in which nothing can tell is read as not net, and the report says so.
* The buyer is 买家会员名, which is unique on Taobao. A masked one (小**明) names nobody.
* 联系手机 is the receiver's: a buyer's phone is the whole number most used in the buyer's orders.
  It is hashed into `identities`; names, addresses (but the province) and notes are not loaded.
* Refunds have no date in the report: they count at the payment.
* An item sheet has list prices: a line's amount is price × quantity, unless the sheet has the
  line's payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from commlab.config import Settings
from commlab.loaders import carried, identifiers, values
from commlab.loaders.options import Options
from commlab.loaders.shops import buyers, items, orders
from commlab.loaders.shops.sheets import Opened, Sheet, open_sheets
from commlab.loaders.workspace import WorkspaceWriter

SETTINGS = Settings(name="Taobao")
CHANNEL = "taobao"
STATUSES = orders.Statuses(
    unpaid=("等待买家付款",),
    paid=("买家已付款，等待卖家发货", "部分发货", "卖家已发货，等待买家确认", "交易成功"),
    closed=("交易关闭",),
)
ORDERS = Sheet(
    "the order report", "orders + members",
    {
        "order_id": ("订单编号", "主订单编号"),
        "nickname": ("买家会员名", "买家昵称"),
        "total": ("总金额",),
        "paid": ("买家实际支付金额",),
        "refund": ("退款金额",),
        "status": ("订单状态",),
        "created_at": ("订单创建时间",),
        "paid_at": ("订单付款时间",),
        "phone": ("联系手机",),
        "address": ("收货地址",),
        "store": ("店铺名称", "店铺Id"),
    },
    required=("order_id", "paid", "paid_at"),
)  # fmt: skip
ITEMS = Sheet(
    "the item sheet", "order_items",
    {
        "order_id": ("主订单编号", "订单编号"),
        "sku": ("商家编码", "外部系统编号"),
        "product": ("标题", "商品标题", "宝贝标题"),
        "price": ("价格", "商品价格"),
        "quantity": ("购买数量", "宝贝数量"),
        "item_paid": ("买家实际支付金额",),
        "item_refund": ("退款金额",),
    },
    required=("order_id", "product", "price", "quantity"),
)  # fmt: skip
NET = (
    "买家实际支付金额 is net of refunds (payment + refund = 总金额 in {n} of the {of} orders "
    "that can tell): amount = payment + refund"
)
GROSS = (
    "买家实际支付金额 is before refunds (payment = 总金额 in {n} of the {of} orders that can "
    "tell): amount = payment"
)
SILENT = "no refunded order tells whether 买家实际支付金额 is net of refunds: amount = payment"
AGAINST = "refunded order that does not follow the file's rule of payment and refund"
KEPT = {
    "orders": {"order_id": "str", "rank": "float64", "paid_at": carried.TIME, "amount": "int64",
               "refund_amount": "int64"},
    "people": {"order_id": "str", "member_id": "str", "at": carried.TIME, "region": "str",
               "phone": "str", "channel": "str"},
    "lines": items.COLUMNS,
}  # fmt: skip
HIDDEN = "nickname is masked: the buyer is unknown"


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Load order reports and item sheets into a workspace.

    Args:
        paths: Files and folders.
        writer: Writer of the workspace.
        options: Encoding.

    Raises:
        LoadError: A file cannot be read, or none is an order report, or no order was paid.
    """
    writer.begin(SETTINGS)
    carried.check_secret(writer)
    before = {name: carried.kept(writer, name, columns) for name, columns in KEPT.items()}
    sheets = open_sheets(paths, writer, options, (ITEMS, ORDERS))
    reports = [item for item in sheets if item.sheet is ORDERS]
    orders.require_orders(reports, sheets, before["orders"])
    people, parts = [before["people"]], []
    for opened in reports:
        rows = orders.paid_rows(opened, STATUSES, SETTINGS.zone)
        # Of everybody who is in the report, paid or not: the first order is the first contact.
        people.append(_people(opened, rows))
        found = orders.one_order(opened, rows)
        parts.append((opened, rows, orders.refunds(_amounts(opened, found, writer))))
    chosen = orders.settle(parts, before["orders"])
    orders.require_some(reports)
    everybody = pd.concat(people, ignore_index=True)
    _write(chosen, everybody, writer)
    lines = [(item, items.lines(item)) for item in sheets if item.sheet is ITEMS]
    kept, every = items.choose(lines, set(chosen["order_id"]), before["lines"])
    if len(every):
        writer.add("order_items", kept[["order_id", "sku", "product", "quantity", "amount"]])
    for name, frame in (("orders", chosen), ("people", everybody), ("lines", every)):
        carried.keep(writer, name, frame, KEPT[name])
    writer.report.notes += [
        "joined_at is a buyer's first order in the files; earlier ones are not known.",
        "Refunds have no date in the report: they count at the payment.",
    ]


def _people(opened: Opened, rows: pd.DataFrame) -> pd.DataFrame:
    text = opened.text
    nickname = values.to_id(text["nickname"]).cells
    hidden = identifiers.masked(text["nickname"])
    opened.doubt(HIDDEN, rows.index[hidden[rows.index]])
    number = identifiers.phones(text["phone"])
    stars = identifiers.masked(text["phone"])
    opened.doubt(identifiers.MASKED, rows.index[stars[rows.index]])
    store = values.to_text(text["store"].str.strip()).cells
    return pd.DataFrame(
        {
            "order_id": values.to_id(text["order_id"]).cells,
            "member_id": nickname.where(~hidden),
            "at": orders.first_time(text, SETTINGS.zone),
            "region": buyers.region(text["address"]),
            "phone": identifiers.hashes("phone", number),
            "channel": store.fillna(CHANNEL),
        }
    )


def _amounts(opened: Opened, found: pd.DataFrame, writer: WorkspaceWriter) -> pd.DataFrame:
    """Find the file's rule and apply it."""
    paid, total, refund = found["paid"], found["total"], found["refund"].fillna(0)
    refunded = (refund > 0) & total.notna() & paid.notna()
    net = refunded & (paid + refund == total)
    gross = refunded & (paid == total)
    rule, other = (net, gross) if net.sum() > gross.sum() else (gross, net)
    decided = int(net.sum() + gross.sum())
    says = SILENT if not decided else NET if rule is net else GROSS
    name = opened.account.source
    writer.report.notes.append(f"{name}: {says.format(n=f'{rule.sum():,}', of=f'{decided:,}')}.")
    opened.doubt(AGAINST, found.loc[other.fillna(False).astype(bool), "line"])
    amount = paid + refund if decided and rule is net else paid
    return found.assign(amount=amount)


def _write(chosen: pd.DataFrame, everybody: pd.DataFrame, writer: WorkspaceWriter) -> None:
    first = everybody.groupby("order_id").first()
    bought = chosen.assign(
        member_id=chosen["order_id"].map(first["member_id"]),
        channel=chosen["order_id"].map(first["channel"]),
    )
    writer.add("members", buyers.members(everybody))
    writer.add(
        "orders",
        bought[["order_id", "member_id", "paid_at", "amount", "refund_amount", "channel"]],
    )
    channels = bought["channel"].drop_duplicates().sort_values()
    writer.add("channels", pd.DataFrame({"channel": channels, "type": "shop"}))
    number = buyers.usual(everybody, "phone")
    names = pd.Series(sorted(everybody["member_id"].dropna().unique()), dtype="str")
    own = identifiers.identity_rows(names, "shop_nickname", names, scope=CHANNEL)
    theirs = identifiers.hashed_rows(
        pd.Series(number.index, dtype="str"), "phone", number.reset_index(drop=True)
    )
    writer.add("identities", pd.concat([own, theirs]))
