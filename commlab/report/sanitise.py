"""What a notebook's outputs may keep when they become a page that people forward.

Outputs and markdown can carry text from the data, and libraries put scripts and style sheets into
theirs. Here only plain elements, plain attributes and pictures that are inside the page survive.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import bleach
from bleach import html5lib_shim
from bleach.css_sanitizer import CSSSanitizer

from commlab.report.html import Html


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Elements that stay. Any other is taken away and what it holds stays, but for DROPPED.
KEPT = _names(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption "
    "figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark ol p picture pre q s section "
    "small source span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr"
)
# Elements that go with all they hold: their text is not for readers.
DROPPED = _names(
    "applet audio base button canvas embed form frame frameset head iframe input link math meta "
    "noembed noframes noscript object option param plaintext script select style svg template "
    "textarea title track video xmp"
)

_ANYWHERE = _names(
    "aria-label class colspan data-label data-state dir headers height id lang open role rowspan "
    "scope span style title width"
)
_STYLES = _names(
    "background background-color border border-bottom border-collapse border-color border-left "
    "border-radius border-right border-style border-top border-width color display font-size "
    "font-style font-variant-numeric font-weight height letter-spacing line-height margin "
    "margin-bottom margin-left margin-right margin-top max-width min-width padding padding-bottom "
    "padding-left padding-right padding-top text-align text-decoration vertical-align white-space "
    "width"
)
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+\Z")
_LINK = re.compile(
    # Elsewhere, within the page, or another report of the run, which stands beside it.
    r"(https?://|mailto:|#|[0-9]{2}_[a-z0-9_]{1,60}\.(en|zh)\.html\Z)",
    re.IGNORECASE,
)
_ID = re.compile(r"[^\s<>\"'&]{1,100}\Z")
# A property and a value without functions (they could load something), but for plain colours.
_PLAIN = re.compile(r"[a-z-]+:\s*([^\\@<(]+|(rgb|hsl)a?\([\d\s.,%/]+\)(\s*!important)?)\Z")
_MEDIA = re.compile(r"\((max|min)-width: ?\d+px\)\Z")


def clean(markup: str) -> Html:
    """Return markup without anything that runs, loads, or restyles the page.

    Args:
        markup: HTML of an output or of a markdown cell.

    Returns:
        The HTML that is left, well formed. Scripts, style sheets, frames, forms and drawings in
        SVG go with all they hold; event handlers, addresses outside the page (but for links to
        click on) and unknown attributes go; other unknown elements leave their text.

    Example:
        >>> print(clean('<p onclick="x()">Hi <script>alert(1)</script><b>there</b></p>'))
        <p>Hi <b>there</b></p>
    """
    return Html(_cleaner().clean(markup))


def _allowed(element: str, name: str, value: str) -> bool:
    value = html5lib_shim.convert_entities(value)
    if name == "src":
        return element == "img" and bool(_PICTURE.match(value))
    if name == "srcset":
        return element == "source" and bool(_PICTURE.match(value))
    if name == "href":
        return element == "a" and bool(_LINK.match(value.strip()))
    if name == "alt":
        return element == "img"
    if name == "media":
        return element == "source" and bool(_MEDIA.match(value))
    if name == "id":
        return bool(_ID.match(value))
    return name in _ANYWHERE


class _Styles(CSSSanitizer):
    """Keeps plain properties whose value loads nothing."""

    def sanitize_css(self, style: str) -> str:
        kept = super().sanitize_css(html5lib_shim.convert_entities(style))
        parts = [part.strip() for part in kept.split(";")]
        return "; ".join(part for part in parts if _PLAIN.match(part))


class _WithoutDropped(html5lib_shim.Filter):
    """Leaves out the elements of `DROPPED` with everything inside them."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        depth = 0
        for token in super().__iter__():
            name = token.get("name")
            if name in DROPPED:
                depth += {"StartTag": 1, "EndTag": -1}.get(token["type"], 0)
            elif depth == 0:
                yield token


_local = threading.local()  # a Cleaner serves one thread, pages are made in several


def _cleaner() -> bleach.Cleaner:
    if not hasattr(_local, "cleaner"):
        _local.cleaner = bleach.Cleaner(
            # What is dropped must be seen as an element first, or its text would stay.
            tags=KEPT | DROPPED,
            attributes=_allowed,
            protocols={"http", "https", "mailto", "data"},
            strip=True,
            filters=[_WithoutDropped],
            css_sanitizer=_Styles(allowed_css_properties=_STYLES),
        )
    return _local.cleaner
