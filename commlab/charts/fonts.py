"""The font of every chart: Noto Sans SC from a package, so that no machine needs a system font."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from commlab.errors import RunError

PACKAGE = "pylopdf_fonts_zh_cn"
SYMBOLS = "DejaVu Sans"  # ships with matplotlib: symbols that the Chinese font lacks
ABSENT = "□"  # stands for a character that no font has, e.g. most emoji

# Families that systems install, in order of preference; any of them covers GB 2312.
INSTALLED = (
    "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC",
)  # fmt: skip


def _packaged() -> str | None:
    try:
        path = importlib.import_module(PACKAGE).sans_path()
    except ImportError:
        return None
    font_manager.fontManager.addfont(path)
    return FT2Font(str(path)).family_name


def _installed() -> str | None:
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((name for name in INSTALLED if name in known), None)


@functools.cache
def families() -> tuple[str, ...]:
    """Return the font families to draw with, best first.

    Raises:
        RunError: Neither the font package nor an installed Chinese font is there.

    Example:
        >>> families()[-1]
        'DejaVu Sans'
    """
    name = _packaged() or _installed()
    if name is None:
        raise RunError(
            "There is no font with Chinese characters to draw charts with.",
            fix="Install the one that commlab names: pip install pylopdf-fonts-zh-cn",
        )
    return (name, SYMBOLS)


@functools.cache
def characters() -> frozenset[int]:
    """Return the code points that `families` can draw."""
    points: set[int] = set()
    for name in families():
        path = Path(font_manager.findfont(name, fallback_to_default=False))
        points.update(FT2Font(str(path)).get_charmap())
    return frozenset(points)


def missing(text: str) -> str:
    """Return the characters of `text` that no font has, each once, in order.

    Example:
        >>> missing("社群 retention ≥ 5")
        ''
    """
    known = characters()
    return "".join(dict.fromkeys(char for char in text if char != "\n" and ord(char) not in known))


def drawable(text: str) -> str:
    """Return text from data with every character that no font has replaced by a box.

    A name may hold anything; a chart must neither fail on it nor drop it in silence. Joiners and
    variation selectors, which have no shape of their own, go without a box.

    Example:
        >>> drawable("直播间\U0001f680A")
        '直播间□A'
    """
    known = characters()
    shapeless = {0x200D, *range(0xFE00, 0xFE10)}
    return "".join(
        char if char == "\n" or ord(char) in known else ABSENT
        for char in text
        if ord(char) not in shapeless
    )
