"""The one way in which text from data enters HTML."""

from __future__ import annotations

import html
import re
import unicodedata

# Control characters, and marks that turn the reading direction round and so can forge a number.
_SPACE = re.compile(r"[ \t\n\r\f\v\x85\u2028\u2029]+")  # not the space that may not break
_CONTROL = ("Cc", "Cs")
_CODE = re.compile(r"`([^`<>]+)`")
_DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def tidy(value: object) -> str:
    """Return text as one line without control and direction characters.

    Example:
        >>> tidy(" a  b ")
        'a b'
    """
    text = _SPACE.sub(" ", str(value)).strip(" ")
    kept = (unicodedata.category(char) not in _CONTROL and char not in _DIRECTION for char in text)
    return "".join(char for char, keep in zip(text, kept, strict=True) if keep)


def escape(value: object) -> str:
    """Return text that is safe inside an HTML element or a quoted attribute.

    Example:
        >>> escape('<img src=x onerror="alert(1)">')
        '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return html.escape(tidy(value), quote=True)


def coded(escaped: str) -> str:
    """Return escaped text with what stands between backticks set as code.

    Texts name commands and settings so, for the terminal and for pages alike.

    Example:
        >>> coded(escape("Run `commlab load` & look."))
        'Run <code>commlab load</code> &amp; look.'
    """
    # str: joined by a subclass that escapes, the marks would be escaped again
    return _CODE.sub(r"<code>\1</code>", str(escaped))
