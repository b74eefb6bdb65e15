import io

import pytest

from commlab.errors import LoadError
from commlab.loaders.encoding import BLOCK, check, detect

CHINESE = "订单编号,买家会员名,总金额\n1,小明,12.50\n"


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (CHINESE.encode("utf-8"), "utf-8"),
        (CHINESE.encode("utf-8-sig"), "utf-8-sig"),
        (CHINESE.encode("gbk"), "gb18030"),
        (CHINESE.encode("gb18030"), "gb18030"),
        ("名\U00020000字很常见的句子\n".encode("gb18030"), "gb18030"),
        (CHINESE.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + CHINESE.encode("utf-16-be"), "utf-16"),
        (b"a,b\n1,2\n", "utf-8"),
    ],
)
def test_finds_the_encoding(encoded, expected):
    stream = io.BytesIO(encoded)
    assert detect(stream, "f.csv") == expected
    assert stream.read().decode(expected).lstrip("\ufeff").startswith(("订", "名", "a"))


@pytest.mark.parametrize("codec", ["gbk", "utf-8"])
@pytest.mark.parametrize("shift", range(-2, 3))
def test_first_chinese_character_after_a_megabyte_of_ascii(codec, shift):
    # Around the border of a block, where a character is cut in two.
    text = "a" * (BLOCK + shift - 1) + "\n" + CHINESE
    assert detect(io.BytesIO(text.encode(codec)), "f.csv") == {"gbk": "gb18030"}.get(codec, codec)


@pytest.mark.parametrize("before", [0, 10, BLOCK - 1, BLOCK + 5])
def test_fails_with_byte_offset_and_line(before):
    good = ("x" * before + "\nsecond line ").encode()
    with pytest.raises(LoadError) as error:
        detect(io.BytesIO(good + b"\xff\xff rest\n"), "orders.csv")
    message = str(error.value)
    assert "orders.csv" in message
    assert f"byte offset {len(good):,}" in message
    assert "line 2" in message
    assert "0xff" in message


def test_latin_text_is_not_taken_for_chinese():
    text = "Müller,Käse,Größe,Übung\n" * 20
    with pytest.raises(LoadError, match="cp1252"):
        detect(io.BytesIO(text.encode("cp1252")), "f.csv")


def test_utf8_with_one_broken_byte_is_not_taken_for_gb18030():
    broken = bytearray(("订单编号和买家会员名称一二三四\n" * 50).encode())
    broken[300] = 0xFF
    with pytest.raises(LoadError, match=r"byte offset (29|30)\d"):
        detect(io.BytesIO(bytes(broken)), "f.csv")


def test_a_named_encoding_is_checked():
    stream = io.BytesIO("Müller\n".encode("cp1252"))
    check(stream, "cp1252", "f.csv")
    with pytest.raises(LoadError, match="byte 0xfc at byte offset 1, line 1"):
        check(stream, "utf-8", "f.csv")
    with pytest.raises(LoadError, match="'utf-9' is not known"):
        check(stream, "utf-9", "f.csv")
