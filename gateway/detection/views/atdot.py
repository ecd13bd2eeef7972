"""E-mail addresses in words: "anna (at) example dot com", "anna arroba ejemplo punto es". Pure.

Only what ends in a top-level label that is in use, or reserved by RFC 2606, is rewritten, and words
that are ordinary ones ("at", "point") need more around them than words that are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.views.view import Edit

AT_WORDS = frozenset(
    "at ät arroba chiocciola klammeraffe affenschwanz apenstaartje arobase arrobe".split()
)
"""Words of which one stands in every address that has its sign in words."""

DOT_WORDS = frozenset("dot punkt punto point ponto punt".split())

_STRONG_AT = (
    r"at[- ]?sign|at[- ]?zeichen|arroba|chiocciola|klammeraffe|affenschwanz|apenstaartje|"
    r"arobase|arrobe"
)


def _in_brackets(words: str) -> str:
    pairs = (
        (r"\(", r"\)"),
        (r"\[", r"\]"),
        (r"\{", r"\}"),
        ("<", ">"),
        (r"\|", r"\|"),
        (r"\*", r"\*"),
    )
    return "|".join(f"{opened} ?(?:{words}) ?{closed}" for opened, closed in pairs)


# A sign in brackets, a word that means nothing else, a bare word, or the sign with space about.
_AT = re.compile(
    r"(?=[(\[{<|*@aäck])"  # where most places fail
    rf"(?:(?P<bracket>{_in_brackets(f'at|@|ät|{_STRONG_AT}')}|\(a\)|\[a\])"
    rf"|(?<![^\W_])(?P<strong>{_STRONG_AT})(?![^\W_])"
    r"|(?<![^\W_])(?P<word>at|ät)(?![^\W_])|(?P<sign>@))",
    re.IGNORECASE,
)
_DOT_WORDS = "dot|punkt|punto|point|ponto|punt"
_DOT_IN_BRACKETS = _in_brackets(rf"{_DOT_WORDS}|\.")
_GAP = r"[ _\t-]{1,3}"
_SPACE = r"[ \t]{0,2}"
_WORD_SPACE, _SIGN_SPACE = re.compile(_GAP), re.compile(_SPACE)
_MORE_WORDS = re.compile(r"\s\w")
_DOT = re.compile(
    rf"{_SPACE}(?:{_DOT_IN_BRACKETS}){_SPACE}|{_GAP}(?P<word>{_DOT_WORDS}){_GAP}"
    r"|(?P<sign>[ ]?\.[ ]?)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?(?!\w)")
_LABEL_IN_DASHES = re.compile(r"[^\W_]{1,63}")  # of "anna_at_example_dot_com"
_HYPHEN = re.compile(
    rf"{_GAP}(?:dash|hyphen|minus|bindestrich|tiret|trattino|guion|guión|hífen|streepje){_GAP}",
    re.IGNORECASE,
)
_JOINTS = {
    "underscore": "_", "unterstrich": "_", "guion bajo": "_", "guión bajo": "_",
    "sottolineato": "_", "trattino basso": "_", "tiret bas": "_", "sublinhado": "_",
    "underline": "_", "liggend streepje": "_", "dash": "-", "hyphen": "-", "minus": "-",
    "bindestrich": "-", "tiret": "-", "trattino": "-", "guion": "-", "guión": "-", "hífen": "-",
    "streepje": "-", "plus": "+", "dot": ".", "punkt": ".", "punto": ".", "point": ".",
    "ponto": ".", "punt": ".",
}  # fmt: skip
_JOINT_WORDS = "|".join(sorted(_JOINTS, key=len, reverse=True))
_LOCAL = re.compile(
    rf"[\w.+-]{{1,64}}(?:(?:{_GAP}(?:{_JOINT_WORDS}){_GAP}"
    rf"|{_SPACE}(?:{_DOT_IN_BRACKETS}){_SPACE}|[ ]\.[ ])[\w.+-]{{1,64}}){{0,4}}$",
    re.IGNORECASE,
)
_JOINT = re.compile(
    rf"{_GAP}(?P<word>{_JOINT_WORDS}){_GAP}|{_SPACE}(?:{_DOT_IN_BRACKETS}){_SPACE}|[ ]\.[ ]",
    re.IGNORECASE,
)
_BACKWARDS = 200
_TOP_LEVEL = frozenset(
    """com net org edu gov mil int info biz name pro mobi io co ai app dev me tv eu online site shop
    store tech blog cloud xyz club example test invalid localhost local corp lan internal email
    de at ch li fr be lu es it nl pt br mx ar cl pe uk us ca au nz ie in za jp cn kr hk sg tw ru ua
    by pl cz sk hu ro bg gr hr si rs se no dk fi is ee lv lt tr il ae sa eg ma ng ke id my th vn ph
    museum coop berlin hamburg wien paris london amsterdam frl cat gal swiss""".split()
)
# After a bare "at", a word for dot that is an ordinary word there needs a label that is no word.
_AMBIGUOUS = {"point", "punt", "punto", "ponto", "punkt"}
_WORDLIKE = frozenset(
    "at in is it be me no so to us my id name pro store club shop site test".split()
)


def address_edits(text: str) -> Iterator[Edit]:
    """What to rewrite so that addresses in words become addresses in signs."""
    done = 0
    for at in _AT.finditer(text):
        if at.start() < done:
            continue
        edits = _address(text, at, done)
        if edits:
            yield from edits
            done = edits[-1][1]


def _address(text: str, at: re.Match[str], floor: int) -> list[Edit]:
    kind = at.lastgroup
    is_word = kind in ("word", "strong")
    before = _spaces_before(text, at.start())
    gap = (_WORD_SPACE if is_word else _SIGN_SPACE).match(text, at.end())
    if gap is None or (is_word and before == at.start()):
        return []
    start = gap.end()
    window = text[max(floor, before - _BACKWARDS) : before]
    is_spelled = _SPELLED_LOCAL.search(window) is not None
    domain = _domain(
        text,
        start,
        kind,
        in_dashes=kind == "word" and text[at.end()] in "_-",
        is_spelled=is_spelled,
    )
    if domain is None:
        return []
    is_plain = kind == "sign" and before == at.start() and start == at.end()
    if is_plain and not domain and not _JOINT.search(window):
        return []
    local = _LOCAL.search(window)
    if local is None or not window[local.start()].isalnum():
        return []
    if kind == "word" and not _is_meant(at[0], local[0], domain):
        return []
    shift = before - len(window)
    joints = [
        (shift + one.start(), shift + one.end(), _JOINTS.get((one["word"] or "dot").lower(), "."))
        for one in _JOINT.finditer(window, local.start())
    ]
    return [*joints, *([] if is_plain else [(before, start, "@")]), *domain]


def _is_meant(word: str, local: str, domain: list[Edit]) -> bool:
    """Whether a bare "at" is the sign: a dot was said too, or only it is written in capitals."""
    return bool(domain) or (word.isupper() and not local.isupper()) or _is_address(local)


def _is_address(local: str) -> bool:
    """Whether what stands before "at" and a domain is like a local part, and like no file."""
    return _SPELLED_LOCAL.fullmatch(local) is not None and not _FILE.search(local)


_FILE = re.compile(
    r"\.(?:html?|php|py|js|ts|css|md|txt|json|ya?ml|xml|csv|pdf|docx?|xlsx?|png|jpe?g|svg|zip|tar|gz|exe|"
    r"sh|rs|go|rb|c|h|cpp|java|log|conf|cfg|ini|com|org|net|io|dev)\Z|v\d[\w.]*\Z|\(\)?\Z",
    re.IGNORECASE,
)


def _spaces_before(text: str, at: int) -> int:
    start = at
    while start > max(0, at - 3) and text[start - 1] in " _\t-":
        start -= 1
    return start


_SPELLED_LOCAL = re.compile(
    rf"(?:{_GAP}(?:dot|punkt|punto|point|ponto|punt|underscore|unterstrich){_GAP}[\w+-]{{1,64}}"
    r"|[^\W\d_][\w-]{0,62}[._][\w+-]{1,63}|[^\W\d_][\w+-]{0,62}\d)\Z",
    re.IGNORECASE,
)


def _domain(
    text: str, start: int, kind: str | None, *, in_dashes: bool, is_spelled: bool
) -> list[Edit] | None:
    """The edits of a domain that begins there; None if what stands there is none."""
    pattern = _LABEL_IN_DASHES if in_dashes else _LABEL
    edits: list[Edit] = []
    kept: list[Edit] | None = None
    at = start
    for _ in range(8):
        label = pattern.match(text, at)
        if label is None:
            break
        at = label.end()
        if edits and _is_top(label, edits, kind, is_spelled=is_spelled):
            kept = list(edits)
        elif (
            at > start and label.start() > start and text[label.start() - 1 : at] == "." + label[0]
        ):
            # A written dot: any label of letters may end the domain, if the sign is no code.
            is_last = label[0].isalpha() and (
                kind not in ("sign", "word") or label[0].lower() in _TOP_LEVEL
            )
            kept = list(edits) if is_last and len(label[0]) >= 2 else kept
        dot = _DOT.match(text, at) or _HYPHEN.match(text, at)
        if dot is None:
            break
        sign = "-" if dot.re is _HYPHEN else "."
        if dot[0] != sign:
            edits.append((dot.start(), dot.end(), sign))
        at = dot.end()
    return kept


def _is_top(label: re.Match[str], edits: list[Edit], kind: str | None, *, is_spelled: bool) -> bool:
    text, name = label.string, label[0].lower()
    start, end, sign = edits[-1]
    if name not in _TOP_LEVEL or sign != ".":
        return False
    said = text[start:end].strip(" _-\t").lower()
    if name not in _WORDLIKE:
        return said != "." or kind != "word"
    if said == ".":  # "noon. in": a full stop with space about
        return kind == "sign" and text[start:end] == " . "
    if is_spelled:
        return True
    # "the dot in the sky": a label that is a word must be the last one.
    return kind != "word" or (said not in _AMBIGUOUS and not _MORE_WORDS.match(text, label.end()))
