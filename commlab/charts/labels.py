"""Text in charts: how wide it is, where it breaks, and where labels go so that none overlap."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

from commlab.charts import fonts
from commlab.text import tidy

_UNIT = 100  # points at which widths are measured
# Chinese punctuation that may not begin, or end, a line (GB/T 15834).
_NOT_FIRST = set("，。、；：！？）》」』”’%％·…｜,.;:!?)")
_NOT_LAST = set("（《「『“‘￥¥£$(第")
_PAUSES = "，：；。"  # after which a title would best break


@functools.cache
def _faces() -> tuple[FT2Font, ...]:
    paths = [font_manager.findfont(name, fallback_to_default=False) for name in fonts.families()]
    faces = tuple(FT2Font(str(path)) for path in paths)
    for face in faces:
        face.set_size(_UNIT, 72)
    return faces


@functools.cache
def _advance(char: str) -> float:
    for face in _faces():
        if face.get_char_index(ord(char)):
            glyph = face.load_char(ord(char), LoadFlags.NO_HINTING)
            return round(glyph.linearHoriAdvance / 65536 / _UNIT, 4)
    return 1.0


def width(text: str, size: float) -> float:
    """Return the width of one line of text in points at a font size.

    Example:
        >>> width("留存", 10)
        20.0
    """
    return size * sum(_advance(char) for char in text)


def _is_wide(char: str) -> bool:
    return ord(char) >= 0x2E80


def _pieces(text: str) -> list[str]:
    """Return the parts between which a line may break; a part keeps the space behind it."""
    parts: list[str] = []
    for char in text:
        last = parts[-1] if parts else ""
        glue = (
            last
            and (char == " " or char in _NOT_FIRST or last[-1] in _NOT_LAST)
            and not (last.endswith(" ") and char not in (" ", *_NOT_FIRST))
        )
        run = last and not last.endswith(" ") and not _is_wide(char) and not _is_wide(last[-1])
        run = run or (last and last[-1].isdigit() and _is_wide(char))  # 3项, 7.5个: one thing
        if glue or run:
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def wrap(text: str, points: float, size: float, *, lines: int | None = None) -> str:
    """Return text broken into lines no wider than `points`.

    English breaks between words, Chinese between any two characters that its punctuation rules
    allow; a word wider than the line is cut. Beyond `lines` the text ends with an ellipsis.

    Args:
        text: One line of text.
        points: Width of the line.
        size: Font size.
        lines: Most lines there may be.

    Example:
        >>> wrap("half gone by month two", 60, 10).split(chr(10))
        ['half gone by', 'month two']
        >>> wrap("样本机渠道的成员，第二个月流失过半", 90, 10, lines=1)
        '样本机渠道的成员…'
    """
    rows = [""]
    for piece in _pieces(text):
        for part in [piece] if width(piece.rstrip(), size) <= points else list(piece):
            if rows[-1] and width((rows[-1] + part).rstrip(), size) > points:
                rows.append("")
            rows[-1] += part.lstrip() if not rows[-1] else part
    rows = [row.rstrip() for row in rows]
    if lines is not None and len(rows) > lines:
        last = rows[lines - 1]
        while last and width(last + "…", size) > points:
            last = last[:-1]
        rows = [*rows[: lines - 1], last.rstrip() + "…"]
    return "\n".join(rows)


def balance(text: str, points: float, size: float) -> str:
    """Return wrapped text whose lines are about equally long: no word stands alone on the last.

    Example:
        >>> balance("one two three four five six", 110, 10).split(chr(10))
        ['one two three', 'four five six']
    """
    count = wrap(text, points, size).count("\n")
    if not count:
        return text
    pauses = [k for k, c in enumerate(text[:-1]) if c in _PAUSES or text[k + 1] == "（"]
    halves = [(text[: k + 1], text[k + 1 :]) for k in pauses]
    widths = [(width(one, size), width(two, size)) for one, two in halves]
    fair = [k for k, w in enumerate(widths) if points / 3 < min(w) <= max(w) <= points]
    if fair:
        return "\n".join(halves[min(fair, key=lambda k: abs(widths[k][0] - widths[k][1]))])
    low, high = points / (count + 2), points
    while high - low > size / 4:
        middle = (low + high) / 2
        fits = wrap(text, middle, size).count("\n") == count
        low, high = (low, middle) if fits else (middle, high)
    return wrap(text, high, size)


def fill(parts: Sequence[str], between: str, points: float, size: float) -> str:
    """Return parts side by side, a new line begun where the next part would not fit.

    Example:
        >>> fill(["n = 12", "data to 30 June"], " · ", 90, 10).split(chr(10))
        ['n = 12', 'data to 30 June']
    """
    rows: list[str] = []
    for part in parts:
        joined = f"{rows[-1]}{between}{part}" if rows else part
        if rows and width(joined, size) <= points:
            rows[-1] = joined
        else:
            rows.append(part)
    return "\n".join(balance(row, points, size) for row in rows)


def name(value: object, points: float, size: float, *, lines: int = 1) -> str:
    """Return a name from data, cleaned for drawing and cut to a width.

    Example:
        >>> name("官方商城", 100, 10)
        '官方商城'
    """
    return wrap(fonts.drawable(tidy(value)), points, size, lines=lines)


def spread(
    centres: Sequence[float],
    sizes: Sequence[float] | float,
    *,
    low: float = -np.inf,
    high: float = np.inf,
) -> np.ndarray:
    """Return positions near `centres` at which things of these sizes do not overlap.

    The positions with the least sum of squared moves (pool adjacent violators), kept between
    `low` and `high` where there is room for all.

    Args:
        centres: Wanted centres, in any order.
        sizes: Extent of each along the axis.
        low: Lower edge for the lowest thing.
        high: Upper edge for the highest thing.

    Example:
        >>> spread([1.0, 1.1, 5.0], 1.0).tolist()
        [0.55, 1.55, 5.0]
    """
    wanted = np.asarray(centres, dtype=float)
    if wanted.size == 0:
        return wanted
    extent = np.broadcast_to(np.asarray(sizes, dtype=float), wanted.shape)
    order = np.argsort(wanted, kind="stable")
    size = extent[order]
    # distance of each centre from the first when all touch: subtracted, order is all that is left
    touching = np.concatenate([[0.0], np.cumsum((size[1:] + size[:-1]) / 2)])
    blocks: list[tuple[float, int]] = []
    for target in wanted[order] - touching:
        mean, count = float(target), 1
        while blocks and blocks[-1][0] >= mean:
            before, many = blocks.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        blocks.append((mean, count))
    free = np.repeat([mean for mean, _ in blocks], [count for _, count in blocks])
    least, most = low + size[0] / 2, high - size[-1] / 2 - touching[-1]
    placed = np.clip(free, least, max(least, most)) + touching
    result = np.empty_like(wanted)
    result[order] = placed
    return result
