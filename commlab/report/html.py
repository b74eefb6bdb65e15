"""The escaping helper of pages, and small builders of HTML on top of it.

Everything that a page shows goes through `escape` (cells of tables come from `commlab.charts`,
which has `commlab.text.escape` for text on one line). The builders escape every child that is not
`Html` already, so markup can only come from this module.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterable

from markupsafe import Markup

from commlab.errors import ArgumentError
from commlab.text import coded

Html = Markup  # text that is safe to put into a page as it stands

VOID = frozenset({"br", "hr", "img", "meta", "source", "wbr"})
PNG = b"\x89PNG\r\n\x1a\n"
DPI = 160  # of charts; an inch of CSS has 96 pixels
NARROW = "(max-width: 600px)"

# Control characters but for tab and line feed, halves of surrogate pairs, and marks that turn the
# reading direction round: a name with one of those could forge the figure beside it.
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")


def escape(value: object) -> Html:
    """Return a value as text that no browser reads as markup.

    Args:
        value: Anything; None becomes the empty text, `Html` stays as it is.

    Returns:
        The text with `& < > " '` escaped, without control characters (but for tab and line
        feed), marks that turn the reading direction round, and halves of surrogate pairs.

    Example:
        >>> print(escape("<b onclick='x'>Tom & Co</b>"))
        &lt;b onclick=&#39;x&#39;&gt;Tom &amp; Co&lt;/b&gt;
    """
    if isinstance(value, Html):
        return value
    return Markup.escape("" if value is None else _CONTROLS.sub("", str(value)))


def join(parts: Iterable[object], between: str = "") -> Html:
    """Return the parts, escaped, one after the other.

    Example:
        >>> print(join(["a<b", "c"], between=", "))
        a&lt;b, c
    """
    return Html(escape(between).join(escape(part) for part in parts))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """Return one element.

    Args:
        name: Name of the element.
        *children: What it holds; escaped unless it is `Html`.
        **attributes: Its attributes. A trailing underscore is dropped (`class_`), others become
            hyphens (`data_state`). None and False leave the attribute out, True writes it bare.

    Raises:
        ArgumentError: A name that is none, an event handler, or a child in a void element.

    Example:
        >>> print(tag("p", "1 < 2", class_="note"))
        <p class="note">1 &lt; 2</p>
    """
    _check_name(name)
    written = []
    for raw, value in attributes.items():
        attribute = raw.removesuffix("_").replace("_", "-")
        _check_name(attribute)
        if attribute.startswith("on"):
            raise ArgumentError(f"attribute == {attribute!r}: pages hold no scripts.")
        if value is True:
            written.append(f" {attribute}")
        elif value is not None and value is not False:
            written.append(f' {attribute}="{_attribute(value)}"')
    opening = f"<{name}{''.join(written)}>"
    if name in VOID:
        if children:
            raise ArgumentError(f"<{name}> holds nothing.")
        return Html(opening)
    return Html(f"{opening}{join(children)}</{name}>")


def _attribute(value: object) -> str:
    # Inside an attribute even Html is text.
    return str(escape(str(value) if isinstance(value, Html) else value))


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise ArgumentError(f"name == {name!r}, must be a plain name of HTML.")


def paragraphs(text: str, **attributes: object) -> Html:
    r"""Return text as paragraphs: a blank line ends one, backticks stand round code.

    Example:
        >>> print(paragraphs("One & two.\n\nThree."))
        <p>One &amp; two.</p><p>Three.</p>
    """
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    return join(tag("p", Html(coded(escape(part))), **attributes) for part in parts if part)


def fold(summary: object, *children: object, class_: str | None = None) -> Html:
    """Return a part that opens on a click, without any script.

    Example:
        >>> print(fold("More", tag("p", "text")))
        <details><summary>More</summary><p>text</p></details>
    """
    return tag("details", tag("summary", summary), *children, class_=class_)


def data_uri(png: bytes) -> str:
    """Return a picture as an address that holds it.

    Raises:
        ArgumentError: The bytes are not a PNG picture.
    """
    if not png.startswith(PNG):
        raise ArgumentError("the picture is not a PNG.")
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def png_size(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG picture in pixels."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def picture(wide: bytes, narrow: bytes | None, *, alt: str) -> Html:
    """Return a chart: the wide drawing, and the narrow one for phones.

    Args:
        wide: PNG picture at 160 dpi.
        narrow: PNG picture for screens up to 600 px; None: the wide one serves both.
        alt: What the chart says, for those who cannot see it.
    """
    sources = []
    if narrow is not None:
        across, down = _css_size(narrow)
        sources.append(
            tag("source", media=NARROW, srcset=data_uri(narrow), width=across, height=down)
        )
    across, down = _css_size(wide)
    image = tag("img", src=data_uri(wide), alt=alt, width=across, height=down)
    return tag("figure", tag("picture", *sources, image), class_="chart")


def _css_size(png: bytes) -> tuple[int, int]:
    width, height = png_size(png)
    return round(width * 96 / DPI), round(height * 96 / DPI)
