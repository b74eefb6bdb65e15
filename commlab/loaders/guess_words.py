"""What exports call the columns of the canonical tables, in Chinese and English.

A name is compared without case, spaces and signs; the first names are the more telling ones.
"""

# ruff: noqa: E501 - a Chinese letter counts as two there

from __future__ import annotations

# Table → canonical column → names. Only tables that come as plain exports.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "orders": {
        "order_id": ("订单编号", "订单号", "订单ID", "主订单编号", "交易单号", "order id", "order no",
                     "order number", "order", "trade id", "invoice no"),
        "member_id": ("会员ID", "客户ID", "用户ID", "买家ID", "会员编号", "客户编号", "会员号",
                      "买家会员名", "会员名", "买家昵称", "external_userid", "unionid", "openid",
                      "member id", "customer id", "user id", "buyer id", "customer", "buyer"),
        "paid_at": ("付款时间", "支付时间", "订单付款时间", "买家付款时间", "支付完成时间", "成交时间",
                    "paid at", "payment time", "pay time", "paid time", "order date",
                    "下单时间", "订单创建时间", "创建时间", "created at", "order time"),
        "amount": ("实付金额", "实付", "实收金额", "支付金额", "付款金额", "买家实际支付金额",
                   "订单实付金额", "订单实收金额", "成交金额", "paid amount", "amount paid", "paid",
                   "payment", "total paid", "订单金额", "总金额", "amount", "total", "revenue"),
        "refund_amount": ("退款金额", "已退款金额", "退款", "refund amount", "refund", "refunded"),
        "refunded_at": ("退款时间", "退款完成时间", "refund time", "refunded at"),
        "discount": ("优惠金额", "折扣金额", "优惠", "discount", "discount amount"),
        "cost": ("成本", "商品成本", "成本金额", "cost", "cogs"),
        "channel": ("渠道", "销售渠道", "订单来源", "店铺名称", "店铺", "channel", "source", "store"),
    },
    "order_items": {
        "order_id": ("订单编号", "订单号", "主订单编号", "order id", "order no", "order"),
        "sku": ("商家编码", "规格编码", "商品编码", "商品ID", "货号", "条码", "sku", "sku id",
                "product id", "item id", "stock code"),
        "product": ("商品名称", "商品标题", "宝贝标题", "标题", "product name", "product", "title"),
        "category": ("类目", "商品类目", "品类", "分类", "category"),
        "quantity": ("数量", "购买数量", "商品数量", "件数", "quantity", "qty", "units"),
        "amount": ("商品实际成交金额", "小计", "金额", "成交金额", "line total", "amount", "subtotal"),
    },
    "members": {
        "member_id": ("会员ID", "客户ID", "用户ID", "会员编号", "客户编号", "会员号",
                      "external_userid", "unionid", "openid", "member id", "customer id",
                      "user id"),
        "joined_at": ("入会时间", "注册时间", "成为会员时间", "成为客户时间", "添加时间", "加入时间",
                      "joined at", "join date", "registered at", "signup date", "created at"),
        "channel": ("来源渠道", "来源", "渠道", "注册渠道", "channel", "source"),
        "adviser_id": ("导购", "专属导购", "跟进人", "所属员工", "添加人", "adviser", "owner", "sales"),
        "gender": ("性别", "gender", "sex"),
        "region": ("省份", "省", "地区", "province", "region", "state"),
        "city": ("城市", "市", "city"),
        "nickname": ("昵称", "客户昵称", "会员昵称", "nickname"),
    },
    "messages": {
        "message_id": ("消息ID", "消息编号", "msgid", "message id"),
        "group_id": ("群ID", "群聊ID", "群编号", "chat_id", "roomid", "group id", "chat id"),
        "member_id": ("发送者", "发送人", "发言人", "成员ID", "发送人ID", "sender", "from", "member id",
                      "user id", "author"),
        "sent_at": ("发送时间", "消息时间", "时间", "sent at", "send time", "msgtime", "timestamp"),
        "text": ("消息内容", "内容", "文本", "content", "text", "message"),
    },
    "memberships": {
        "group_id": ("群ID", "群聊ID", "群编号", "chat_id", "group id"),
        "member_id": ("成员ID", "客户ID", "会员ID", "external_userid", "member id", "user id"),
        "joined_at": ("入群时间", "进群时间", "加入时间", "join time", "joined at"),
        "left_at": ("退群时间", "离群时间", "leave time", "left at"),
        "inviter_id": ("邀请人", "邀请人ID", "inviter", "invited by"),
    },
    "sends": {
        "send_id": ("任务ID", "推送ID", "群发ID", "消息ID", "send id", "task id"),
        "sent_at": ("发送时间", "推送时间", "群发时间", "sent at", "send time"),
        "status": ("发送状态", "送达状态", "状态", "status"),
        "staff_id": ("发送员工", "员工", "员工ID", "发送人", "staff", "sender"),
        "member_id": ("客户ID", "接收客户", "接收人", "member id", "receiver", "customer id"),
        "group_id": ("群ID", "接收群", "group id"),
        "clicked_at": ("点击时间", "clicked at", "click time"),
    },
    "points": {
        "member_id": ("会员ID", "客户ID", "会员编号", "会员号", "member id", "customer id",
                      "user id"),
        "at": ("变动时间", "发生时间", "积分时间", "时间", "at", "time", "date"),
        "delta": ("变动积分", "积分变动", "积分变化", "变动值", "积分", "points", "delta", "change"),
        "reason": ("变动原因", "积分来源", "变动类型", "原因", "类型", "reason", "type"),
        "expires_at": ("过期时间", "有效期", "expires at", "expiry"),
    },
    "coupons": {
        "batch": ("券批次", "优惠券批次", "券活动", "优惠券名称", "batch", "coupon name", "coupon"),
        "member_id": ("会员ID", "客户ID", "领取人", "member id", "customer id", "user id"),
        "issued_at": ("领取时间", "发放时间", "发券时间", "issued at", "claimed at"),
        "redeemed_at": ("核销时间", "使用时间", "redeemed at", "used at"),
        "order_id": ("核销订单号", "使用订单号", "订单号", "order id"),
        "value": ("面值", "券面额", "优惠金额", "value", "face value"),
    },
}  # fmt: skip
# What every row of such a file is, where the file does not say it.
CONSTANTS = {("sends", "kind"): "mass"}
STATUS = ("订单状态", "交易状态", "order status", "status", "状态")
