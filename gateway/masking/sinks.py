"""Where in a model's answer a value must not be put: links, images and HTML attributes.

Text that was planted in a document can ask the model to write a link whose address carries a
placeholder. Whoever renders the answer would then send the value to that address. So inside an
address a value is restored only if it stood in an address of the same host in the request, or
the policy lists the host. (EchoLeak, CVE-2025-32711, is of this class.)

The question is always asked of the *masked* text before the placeholder, so that what was
restored earlier cannot change the answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

WINDOW = 2048  # code points of masked text that are looked at

# How an address begins that may hold blanks; browsers read a backslash as a slash. A word with a
# colon and a blank behind it begins a sentence.
_OPENS = re.compile(r"(?i)[a-z][a-z0-9+.\-]{1,30}:(?!\s)|[/\\]{2}|www\.")
_HOST = re.compile(r"(?i)^(?:[a-z][a-z0-9+.\-]*:)?//(?:[^/?#@]*@)?([^/?#:\\]+)")
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*_[0-9A-Z]{6}>")
_ADDRESS_START = re.compile(
    r"(?i)(?P<scheme>(?:[a-z][a-z0-9+.\-]{1,30}:)?//|www\.|\b(?:mailto|tel|sms|data|javascript):)"
)
_BARE = re.compile(r"(?i)www\.|(?:mailto|tel|sms|data|javascript):")
_WEB = re.compile(r"(?i)https?:")  # browsers put up with what lacks slashes behind it
_SLASH = re.compile(r"(?i)\\/|\\u002f|&#47;|&#x2f;|&sol;")
_TAG = re.compile(
    r"<[A-Za-z][A-Za-z0-9:\-]*[\s/][^<>]*=\s*[^\s<>]*\Z|<[A-Za-z][^<>]*=\s*[\"'][^<>]*\Z"
)
# Parentheses in a target are balanced, so that one which is still open is part of it.
_TARGET = re.compile(
    r"\]\(\s{0,8}(?:[^()\s\]]|\](?!\()|\([^()\s]*\)|\()*\Z|\](?:\(|:)\s{0,8}<[^>\n]*\Z"
)
_LITERAL = re.compile(r'"\s*([^"\s][^"]*)\Z')
_QUOTED = re.compile(r"""[=(]\s{0,8}(?:"\s*([^"\s][^"]*)|'\s*([^'\s][^']*))\Z""")
_APART = re.compile(r"[\s\"'`<>]")
_CONTACT = re.compile(r"(?i)(?:^|[\s\"'(<\[])(?:mailto|tel|sms):\Z")


def _address_before(masked: str, *, is_json: bool) -> str | None:
    """The part of an address that ends where the text ends; None outside any address.

    What stands in quotes as the value of an attribute, or in JSON as a string literal, and begins
    as an address is one to its end, blanks included.
    """
    text = _PLACEHOLDER.sub(lambda match: "\ufffc" * len(match.group()), masked)
    for pattern in (_TARGET, _TAG):
        match = pattern.search(text)
        if match is not None:
            start = _last_start(match.group())
            return match.group()[start:] if start >= 0 else ""
    for pattern in (_QUOTED, _LITERAL) if is_json else (_QUOTED,):
        match = pattern.search(text)
        inside = next(filter(None, match.groups()), "") if match else ""
        if _OPENS.match(inside):
            return inside
    word = _APART.split(text)[-1]
    start = _last_start(word)
    return word[start:] if start >= 0 else None


def _last_start(text: str) -> int:
    start = -1
    for match in _ADDRESS_START.finditer(text):
        start = match.start()
        if "//" in match.group() or match.group().lower() == "www.":
            break
    return start


def place(before: str, *, is_json: bool = False) -> str | None:
    """Where a value would stand at the end of some masked text: None for outside any address.

    Else the host, once it is complete; or the address so far, where the value would be part of
    the host; or "" in a target or attribute that has no host.
    """
    if len(before) >= WINDOW and before.isascii() and _APART.search(before) is None:
        return ""  # a word that is longer than what is looked at may begin as an address
    before = _SLASH.sub("/", before)
    if not _may_hold_address(before):
        return None
    address = _address_before(before, is_json=is_json)
    if address is None or _CONTACT.search(before):
        return None
    named = _HOST.match("//" + address if address.lower().startswith("www.") else address)
    if named is None or named.end(1) == len(named.string):
        return address.lower()
    return named.group(1).lower()


class SinkRule:
    """Decides for one exchange whether a value may be put at the end of some masked text.

    `places_of` holds, per placeholder, the places where its value stood in the request.
    """

    __slots__ = ("_allowed", "_places_of")

    def __init__(
        self, places_of: Mapping[str, Collection[str]], allowed_hosts: Collection[str] = ()
    ) -> None:
        self._places_of = places_of
        self._allowed = frozenset(host.lower() for host in allowed_hosts)

    @property
    def places_of(self) -> Mapping[str, Collection[str]]:
        """The places where the value of each placeholder stood."""
        return self._places_of

    @property
    def allowed(self) -> frozenset[str]:
        """The hosts in whose addresses any value may stand."""
        return self._allowed

    def permits(self, before: str, core: str, value: str, *, is_json: bool = False) -> bool:
        """Whether the value of placeholder `core` may follow `before`, the masked text so far."""
        wanted = place(before, is_json=is_json)
        if wanted is None or wanted in self._places_of.get(core, ()) or wanted in self._allowed:
            return True
        # The value would be the whole target: it may be, if it is an address itself. Its host must
        # be at its end already: what the model writes behind the value would go on with it.
        own = _HOST.match(value)
        return (
            not wanted and own is not None and value[own.end() : own.end() + 1] in ("/", "?", "#")
        )


def _may_hold_address(before: str) -> bool:
    """A cheap test that is true wherever `_address_before` could find something."""
    return (
        "//" in before
        or "](" in before
        or "]:" in before
        or ("=" in before and "<" in before)
        or _WEB.search(before) is not None
        or (before != "" and not before[-1].isspace() and _in_bare_address(before))
    )


def _in_bare_address(before: str) -> bool:
    return _BARE.search(before.rsplit(None, 1)[-1]) is not None
