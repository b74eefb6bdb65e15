import pytest

from commlab.errors import LoadError
from commlab.loaders.mapping import parse_map, read_map

COLUMNS = {"order_id": "单号", "paid_at": "时间", "amount": "金额"}


def block(**extra):
    return {"orders": {"columns": {**COLUMNS, **extra.pop("columns", {})}, **extra}}


def test_everything_a_map_can_say(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text(
        """
[settings]
name = "小店"
zone = "Asia/Tokyo"
margin = 0.25

[[orders]]
files = "订单*.csv"
unit = "fen"
where = [{ column = ["订单状态", "状态"], in = ["交易成功"] }]

[orders.columns]
order_id = { from = "订单号 ", drop_point_zero = true }
member_id = ["会员", "昵称"]
paid_at = { from = "付款时间", zone = "UTC", format = "%d/%m/%Y" }
amount = { from = "实付", unit = "yuan" }
refund_amount = "退款"
kind = { from = "类型", values = { "试用" = "trial" }, otherwise = "regular" }
channel = { constant = "shop" }

[[members]]
one_per_key = true
columns = { member_id = "会员", joined_at = "注册时间", role = { constant = "member" } }
""",
        encoding="utf-8",
    )
    plan = read_map(path)
    assert (plan.settings.name, plan.settings.zone, plan.settings.margin) == (
        "小店", "Asia/Tokyo", 0.25)  # fmt: skip
    orders, members = plan.blocks
    rules = {rule.name: rule for rule in orders.columns}
    assert rules["order_id"].aliases == ("订单号",)
    assert rules["order_id"].drop_point_zero
    assert rules["member_id"].aliases == ("会员", "昵称")
    assert (rules["paid_at"].zone, rules["paid_at"].format) == ("UTC", "%d/%m/%Y")
    assert (rules["amount"].unit, rules["refund_amount"].unit) == ("yuan", "fen")
    assert rules["refund_amount"].zone == "Asia/Tokyo"
    assert (rules["kind"].words, rules["kind"].otherwise) == ((("试用", "trial"),), "regular")
    assert rules["channel"].constant == "shop"
    assert orders.where[0].aliases == ("订单状态", "状态")
    assert members.one_per_key
    assert members.table.name == "members"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"order": {}}, "'order'.*'orders'"),
        ({}, "no table"),
        (block(file="a"), "'file'.*'files'"),
        (block(columns={"amuont": "x"}), "'amuont'.*'amount'"),
        (block(columns={"kind": {"fro": "x"}}), "'fro'.*'from'"),
        (block(columns={"kind": {"from": "x", "constant": "y"}}), "either"),
        (block(columns={"kind": {}}), "either"),
        (block(columns={"kind": 5}), "5"),
        (block(columns={"kind": ""}), "column name"),
        (block(columns={"kind": {"from": "x", "values": {"a": "tria"}}}), "'tria'.*'trial'"),
        (block(columns={"amount": {"from": "x", "unit": "cent"}}), "'cent'.*yuan"),
        (block(columns={"paid_at": {"from": "x", "zone": "Beijing"}}), "Beijing"),
        (block(columns={"order_id": {"from": "x", "drop_point_zero": "yes"}}), "true or false"),
        (block(unit="jiao"), "'jiao'"),
        (block(header="3"), "whole number"),
        (block(header=True), "whole number"),
        (block(where=[{"column": "x"}]), "one of in"),
        (block(where={"column": "x", "in": ["a"]}), "must be a list"),
        ({"orders": {"columns": {"order_id": "x", "amount": "y"}}}, "'paid_at'"),
        ({"orders": 3}, "3"),
        ({"settings": {"zonee": "UTC"}, **block()}, "zonee.*'zone'"),
        ({"settings": {"zone": "Mars"}, **block()}, "Mars"),
    ],
)
def test_errors_name_the_place_and_the_nearest_word(raw, message):
    with pytest.raises(LoadError, match=message) as error:
        parse_map(raw, "my.toml")
    assert "my.toml" in str(error.value)


def test_a_map_that_is_missing_or_no_toml(tmp_path):
    with pytest.raises(LoadError, match="no such map"):
        read_map(tmp_path / "no.toml")
    (tmp_path / "m.toml").write_text("[[orders]\n")
    with pytest.raises(LoadError, match="not valid TOML"):
        read_map(tmp_path / "m.toml")
    (tmp_path / "m.toml").write_text("单号 = 1\n")
    with pytest.raises(LoadError, match="quotes"):
        read_map(tmp_path / "m.toml")


def test_the_example_of_the_documentation_is_a_valid_map():
    import textwrap
    import tomllib

    from commlab.loaders import mapping

    text = mapping.__doc__
    example = text[text.index("    [settings]") : text.index("Keys of a block")]
    plan = parse_map(tomllib.loads(textwrap.dedent(example)))
    assert [item.table.name for item in plan.blocks] == ["orders", "members"]


def test_the_documented_map_and_keys():
    import dataclasses
    import tomllib
    from pathlib import Path

    from commlab.loaders.mapping import _BLOCK_KEYS, _COLUMN_KEYS

    text = (Path(__file__).parents[2] / "docs" / "map-format.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    plan = parse_map(tomllib.loads(example))
    assert {field.name for field in dataclasses.fields(plan.blocks[0])} - {"table"} <= _BLOCK_KEYS
    for key in _BLOCK_KEYS | _COLUMN_KEYS:
        assert f"`{key}`" in text, key
