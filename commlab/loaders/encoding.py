"""The character encoding of a text file, found from the whole file.

An export may be plain ASCII for a megabyte and hold its first Chinese name after that, so the
first kilobyte proves nothing. Order of trial: byte order mark, UTF-8, GB18030 (which contains
GBK and GB2312).
"""

from __future__ import annotations

import codecs
import functools
import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO

from commlab.errors import LoadError

BLOCK = 1 << 20
_SAMPLE = 2_000  # non-ASCII characters looked at in each block
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def detect(stream: BinaryIO, where: str) -> str:
    """Return the Python name of the encoding of a whole byte stream.

    Args:
        stream: Seekable bytes, at any position; left at its start.
        where: File name for messages.

    Returns:
        "utf-8-sig", "utf-16", "utf-8" or "gb18030".

    Raises:
        LoadError: No encoding fits; the message has the byte offset and the line.

    Example:
        >>> import io
        >>> detect(io.BytesIO("订单编号,总金额".encode("gbk")), "orders.csv")
        'gb18030'
    """
    stream.seek(0)
    head = stream.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            check(stream, name, where)
            return name
    failure = _first_failure(stream, "utf-8")
    if failure is None:
        stream.seek(0)
        return "utf-8"
    gb_failure, common, seen = _try_gb18030(stream)
    stream.seek(0)
    # Bytes of another encoding often pass as rare characters: real Chinese text uses common ones.
    if gb_failure is None and common * 2 >= seen:
        return "gb18030"
    offset, line, byte = failure
    why = (
        f"nor as GB18030 (byte offset {gb_failure[0]:,}, line {gb_failure[1]:,})"
        if gb_failure
        else "and as GB18030 it would be rare characters without sense"
    )
    raise LoadError(
        f"cannot be decoded as UTF-8 (byte 0x{byte:02x} at byte offset {offset:,}, "
        f"line {line:,}), {why}.",
        where=where,
        fix="Save it as UTF-8, or name its encoding, e.g. encoding = 'cp1252'.",
    )


def check(stream: BinaryIO, encoding: str, where: str) -> None:
    """Raise unless the whole stream can be decoded; the stream is left at its start.

    Raises:
        LoadError: It cannot, or Python does not know the encoding.
    """
    try:
        failure = _first_failure(stream, encoding)
    except LookupError:
        raise LoadError(
            f"encoding == {encoding!r} is not known.", where=where, fix="E.g. 'gb18030'."
        ) from None
    stream.seek(0)
    if failure is not None:
        offset, line, byte = failure
        raise LoadError(
            f"cannot be decoded as {encoding}: byte 0x{byte:02x} at byte offset {offset:,}, "
            f"line {line:,}.",
            where=where,
            fix="Save it as UTF-8, or name its real encoding.",
        )


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while block := stream.read(BLOCK):
        yield block
    yield b""


def _first_failure(stream: BinaryIO, encoding: str) -> tuple[int, int, int] | None:
    """Byte offset, line and byte of the first thing that cannot be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, line = 0, 1
    for block in _blocks(stream):
        pending = decoder.getstate()[0]
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            at = offset - len(pending) + error.start
            before = max(0, at - offset)
            byte = (pending + block)[error.start]
            return at, line + block[:before].count(b"\n"), byte
        offset += len(block)
        line += block.count(b"\n")
    return None


def _try_gb18030(stream: BinaryIO) -> tuple[tuple[int, int, int] | None, int, int]:
    """Where GB18030 fails, and how many of the characters seen are common ones."""
    failure = _first_failure(stream, "gb18030")
    if failure is not None:
        return failure, 0, 0
    decoder = codecs.getincrementaldecoder("gb18030")()
    common = seen = 0
    for block in _blocks(stream):
        signs = _NOT_ASCII.finditer(decoder.decode(block, final=not block))
        found = [sign[0] for sign in itertools.islice(signs, _SAMPLE)]
        seen += len(found)
        common += sum(character in _common() for character in found)
    return None, common, seen


@functools.cache
def _common() -> frozenset[str]:
    """GB2312 rows 1 to 3 (punctuation, full-width letters) and level 1: the 3,755 common hanzi."""
    rows = [*range(1, 4), *range(16, 56)]
    pairs = bytes(
        byte for row in rows for cell in range(1, 95) for byte in (row + 0xA0, cell + 0xA0)
    )
    return frozenset(pairs.decode("gb2312", errors="ignore"))
