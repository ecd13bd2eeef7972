"""Names of people: by what stands around them, and by a list of first names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from gateway.detection.structured.context import Reading
from gateway.detection.structured.first_names import first_names, is_first_name
from gateway.detection.structured.places import matches, starts
from gateway.types import Span

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĘĚĞĢİĶŁĽŃŇŐŒŘŚŞŠŤŮŰŹŻŽ"
_REST = rf"(?:[^\W\d_]*(?:[-'’][^\W\d_]+){{0,3}}|\.(?:[{_UPPER}]\.)?)"
_PART = rf"[{_UPPER}]{_REST}"
_PARTICLE = (
    r"(?:van|von|vom|zu|zur|de|del|della|der|den|di|da|dos|das|du|la|le|ten|ter|bin|ibn|al|el|y|e)"
)
_LINK = rf"[ \t](?:{_PARTICLE}[ \t]){{0,3}}"
_NAME_1 = rf"{_PART}(?:{_LINK}{_PART}){{0,3}}"
_NAME_2 = rf"{_REST}(?:{_LINK}{_PART}){{1,3}}"
# What may not stand before a name is asked behind its first letter: so a search looks for that.
_FREE = rf"[{_UPPER}](?<![\w.].)"
_FREE_OF_SIGNS = rf"[{_UPPER}](?<![\w.@/#-].)"

_TITLES = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Lady|Lord|Rev|Judge|Herr|Herrn|Frau|Fräulein|"
    r"Mme|Mlle|Monsieur|Madame|Mademoiselle|Señor|Señora|Señorita|Sra?|Srta|Don|Doña|Sig|Sigra|"
    r"Signor|Signora|Senhor|Senhora|Dhr|Mevr|Mevrouw|Meneer"
)
_TITLE = re.compile(
    rf"(?<!\w)(?:{_TITLES})\b\.?[ \t](?:(?:Dr|Prof|Dipl|med)\b\.?[ \t]){{0,3}}"
    rf"((?:{_PARTICLE}[ \t]){{0,3}}{_NAME_1})"
)
# The words after which a single name is enough.
_SELF = re.compile(
    r"(?<!\w)(?i:my (?:full )?name is|my name's|i am called|call me|name(?:d)?\s?[:=]|"
    r"surname\s?[:=]|"
    r"(?:first|last|full|given|family|middle) ?name\s?(?:is|[:=])|"
    r"mein name ist|ich hei(?:ß|ss)e|ich bin|je m['’]appelle|me llamo|mi nombre es|mi chiamo|"
    r"o meu nome é|meu nome é|me chamo|mijn naam is|ik heet|"
    r"(?:vorname|nachname|nom|prénom|nombre|nome|naam)\s?[:=]|"
    r"dear|hi|hello|hey|lieber?|hallo|sehr geehrte[rs]?|cher|chère|bonjour|estimad[oa]|querid[oa]|"
    r"gentile|caro|cara|beste|signed(?: by)?\s?[:,]?|unterzeichnet(?: von)?\s?:?)"
    rf"[ \t]{{1,3}}({_NAME_1})"
)
# The words after which it takes a first and a last name.
_ROLES = frozenset(
    """
    patient patientin customer client tenant witness employee applicant candidate claimant
    defendant plaintiff user member guest caller student teacher nurse doctor manager colleague
    supervisor beneficiary payee cardholder holder owner landlord husband wife son daughter brother
    sister mother father friend neighbour neighbor contact attn attention cc kunde kundin mieter
    mieterin mitarbeiter mitarbeiterin zeuge zeugin cliente paciente paziente inquilino empleado
    dipendente klant klantin dear hi hello hey
    """.split()
)
_ROLE_PHRASES = frozenset(
    "name of,names of,behalf of,record for,file for,signed by,written by,sent by,issued to,"
    "lease to,belongs to,married to,namen von,auftrag von,nom de,nombre de,nome di,nome de".split(
        ","
    )
)
_BEFORE = re.compile(
    rf"({_FREE}{_NAME_2})"
    r"(?=[ \t]?(?:<[^<>\s@]{1,64}@|\([^()\s@]{1,64}@)|['’]s (?:account|phone|address|email|ssn|"
    r"record|file|card|iban|passport|birthday)|,? (?:wrote|writes|called|said|says|lives at|"
    r"lives in|resides|was born|born (?:on|in)|pays the|signed|asked|told|emailed|reported|schrieb|"
    r"sagte|wohnt|geboren|a écrit|habite|escribió|vive en|ha scritto|abita)\b)"
)
_SIGNATURE = re.compile(
    r"(?i:regards|wishes|thanks|sincerely|yours(?: truly)?|"
    r"cheers|mit freundlichen grüßen|viele grüße|liebe grüße|cordialement|saludos|atentamente|"
    r"cordiali saluti|distinti saluti|atenciosamente|met vriendelijke groet(?:en)?)"
    rf"[,.!]?[ \t]{{0,3}}\r?\n\s{{0,3}}({_NAME_1})(?=[ \t]*(?:\r?\n|$|,))"
)
_LOWER_SELF = re.compile(
    r"(?<!\w)(?i:my (?:full )?name is|mein name ist|je m['’]appelle|me llamo|mi nombre es|"
    r"mi chiamo|meu nome é|mijn naam is)[ \t]{1,3}([^\W\d_]{2,20}(?:[ \t][^\W\d_]{2,20})?)"
)
_SEQUENCE = re.compile(rf"({_FREE_OF_SIGNS}{_NAME_2})(?![\w@])")

# Capitalised words that are no part of a name: sentence starts, headings, places, firms.
_STOP = frozenset(
    """
    a an the this that these those i we you he she it they them his her our your their my me us
    who what when where why how which please thank thanks thanking dear hello hi hey yes no not
    if in on at for from to of by with and or but as is are was were be been do does did can
    could will would shall should may might must have has had let make send give get take see
    note new old next last first team support sales service customer customers client
    department office company all everyone sir madam madame monday tuesday wednesday thursday
    friday saturday sunday january february march april june july august september october
    november december north south east west street road avenue lane drive boulevard square
    station airport university college school hospital church hotel park bridge river lake city
    county state states kingdom republic union bank group inc llc ltd gmbh corp corporation
    limited court house museum center centre building agreement act law project plan report
    summary invoice order contract number address phone email date name id account card iban
    ssn api http https url json xml sql html pdf english german french spanish italian american
    european british day night week month year time weather news herren damen und oder der die
    das ein eine ich du er sie es wir ihr mit von zu auf für le la les un une et ou el los las
    una y o il lo gli world there folks guys friends colleagues both period guide manual
    success manager term terms policy story stories journey experience interface relations
    satisfaction data info information list form portal feedback care profile settings session
    login role roles input output agent acquisition value lifetime advisory safety history
    details records rights committee council ministry agency board commission institute
    association foundation society none null nil true false undefined str int string
    """.split()
)
_AMBIGUOUS = frozenset(
    "will may mark bill rich art pat drew frank jack sue june grace hope joy rose faith dawn chase "
    "hunter paige sydney jordan victoria florence charlotte paris madison mason guy max guido wolf "
    "patience violet don ray".split()
)


def people(reading: Reading) -> Iterator[Span]:
    """Names of people.

    A name is one to four capitalised words with particles between them ("van der Berg"). Titles,
    greetings, labels and signatures make one of a single word; roles ("patient", "customer") and
    what follows (an address in angle brackets, "wrote") of two or more; so does a listed first
    name before a capitalised word that is not a common one.
    """
    text, vocabulary = reading.text, reading.vocabulary
    for words, pattern, score, before, after in _CUES:
        for start, end in _stretches(reading, vocabulary & words, before, after):
            for match in pattern.finditer(text, start, end):
                yield from _cut(text, _words(text, *match.span(1)), score, "person_context")
    if "@" in text:
        for start, end in _before_signs(text):
            for match in _BEFORE.finditer(text, start, end):
                yield from _cut(text, _words(text, *match.span(1)), 0.75, "person_context")
    yield from _signed(reading)
    known = first_names(vocabulary)
    known |= vocabulary & _ROLES | vocabulary & _ROLE_HEADS
    for start, end in _stretches(reading, known, 90, 90):
        for match in _SEQUENCE.finditer(text, start, end):
            yield from _sequence(text, match.start(1), match.end(1))
    yield from _introduced(reading)


def _signed(reading: Reading) -> Iterator[Span]:
    """Names on the line below a closing."""
    text = reading.text
    if "\n" in text:
        for match in matches(_SIGNATURE, text, starts(reading.lower, _CLOSINGS)):
            yield from _cut(text, _words(text, *match.span(1)), 0.8, "person_context")


def _introduced(reading: Reading) -> Iterator[Span]:
    """Names in lower case, where people give their own."""
    for start, end in _stretches(reading, reading.vocabulary & _NAME_WORDS, 24, 90):
        for match in _LOWER_SELF.finditer(reading.text, start, end):
            own = [word for word in match[1].split() if word.lower() not in _STOP]
            if own and match[1].startswith(" ".join(own)):
                stop = match.start(1) + len(" ".join(own))
                yield Span(match.start(1), stop, "PERSON", 0.7, "person_self")


def _stretches(
    reading: Reading, words: AbstractSet[str], before: int, after: int
) -> list[tuple[int, int]]:
    """The surroundings of some words of the text, joined where they overlap, in order."""
    if not words:
        return []
    text, lower = reading.text, reading.lower
    places: list[int] = []
    for word in words:
        at = lower.find(word)
        while at >= 0:
            stop = at + len(word)
            if not text[at - 1 : at].isalpha() and not text[stop : stop + 1].isalpha():
                places.append(at)
            at = lower.find(word, stop)
    merged: list[tuple[int, int]] = []
    for at in sorted(places):
        start, end = max(0, at - before), min(len(text), at + after)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


_SIGN_REACH = 240  # a name of four long words and what stands before an at sign


def _before_signs(text: str) -> Iterator[tuple[int, int]]:
    """What stands before the at signs of a text, each stretch once."""
    at, done = text.find("@"), 0
    while at >= 0:
        yield max(done, at - _SIGN_REACH), at + 1
        done = at + 1
        at = text.find("@", done)


_TITLE_WORDS = frozenset(re.sub(r"(\w)\?", r"", _TITLES).lower().split("|")) | frozenset(
    "sr sra señora".split()
)
_NAME_WORDS = frozenset("name appelle llamo nombre chiamo nome naam".split())
_SELF_WORDS = _NAME_WORDS | frozenset(
    "called call named surname heiße heisse bin heet vorname "
    "nachname nom prénom dear hi hello hey liebe lieber hallo geehrte geehrter geehrtes cher chère "
    "bonjour estimado estimada querido querida gentile caro cara beste signed unterzeichnet "
    "firstname lastname fullname".split()
)
_BEFORE_WORDS = frozenset(
    "account phone address email ssn record file card iban passport birthday wrote writes called "
    "said says lives resides born pays signed asked told emailed reported schrieb sagte wohnt "
    "geboren écrit habite escribió vive scritto abita".split()
)
_CUES = (
    (_TITLE_WORDS, _TITLE, 0.9, 2, 120),
    (_SELF_WORDS, _SELF, 0.85, 24, 110),
    (_BEFORE_WORDS, _BEFORE, 0.75, 110, 16),
)
_ROLE_HEADS = frozenset(phrase.split()[0] for phrase in _ROLE_PHRASES)


_WORD = re.compile(r"[^ \t]+")


Word = tuple[int, int, str]
"""Where a word begins and ends, and what it is in lower case without signs about it."""


def _words(text: str, start: int, end: int) -> list[Word]:
    return [
        (match.start(), match.end(), match[0].strip(".,'’").lower())
        for match in _WORD.finditer(text, start, end)
    ]


def _cut(text: str, words: Sequence[Word], score: float, name: str) -> Iterator[Span]:
    """The name in some words up to its first common one; nothing if it begins with one."""
    last = start = words[0][0]
    ending = ""
    for _, stop, word in words:
        if word in _STOP and word not in FAMILY_PARTICLES:
            break
        last, ending = stop, word
    cut = text[start:last]
    while cut and ending in FAMILY_PARTICLES:
        cut = cut.rpartition(" ")[0].rstrip(" \t")
        ending = _words(cut, 0, len(cut))[-1][2] if cut else ""
    if text[start + len(cut) : start + len(cut) + 1] == "_" or (len(cut) > 6 and _SHOUTED(cut)):
        return  # a name of a variable
    if len(cut.strip(".")) > 1 and cut.lower().strip(".") not in _TITLE_WORDS:
        yield Span(start, start + len(cut), "PERSON", score, name)


_SHOUTED = re.compile(r"[A-Z]+").fullmatch
FAMILY_PARTICLES = frozenset(
    "van von vom zu zur de del della der den di da dos das du la le ten ter bin ibn al el y e"
    "".split()
)


def _sequence(text: str, start: int, end: int) -> Iterator[Span]:
    """A run of capitalised words: a name if a role stands before it or it has a first name."""
    words = _words(text, start, end)
    index = 0
    while index < len(words) and (words[index][2] in _STOP or words[index][2] in _ROLES):
        index += 1
    if len(words) - index < 2:
        return
    before = words[index - 1][2] if index else ""
    if before in _ROLES or (not index and _has_role_before(text, start)):
        for span in _cut(text, words[index:], 0.7, "person_role"):
            if span.end > words[index][1]:
                yield span
                return
    yield from _by_first_name(text, words[index:])


def _has_role_before(text: str, start: int) -> bool:
    if text[start - 1 : start] not in (" ", "\t"):
        return False
    words = text[max(0, start - 40) : start].lower().rsplit(None, 2)[-2:]
    last = words[-1].strip(":,(\"'") if words else ""
    return last in _ROLES or " ".join(words) in _ROLE_PHRASES


def _by_first_name(text: str, words: Sequence[Word]) -> Iterator[Span]:
    for index, (begin, _, word) in enumerate(words[:-1]):
        if not (is_first_name(word) or ("-" in word and is_first_name(word.partition("-")[0]))):
            continue
        rest = [w for w in words[index + 1 :] if w[2] not in FAMILY_PARTICLES]
        if not rest:
            continue
        surname, unsure = rest[0][2], word in _AMBIGUOUS
        if unsure and (len(surname) < 3 or surname.endswith("ing") or surname in _STOP):
            continue
        if surname in _STOP:
            if surname in _SURNAMES_TOO and len(rest) == 1:
                yield Span(begin, rest[0][1], "PERSON", 0.6, "person_first_name")
            continue
        yield from _cut(text, words[index:], 0.75, "person_first_name")
        return


# Common words that are common surnames as well: taken after an unmistakable first name.
_SURNAMES_TOO = frozenset(
    "day may law lane park church hall bridge march west north east south street hill rivers bank "
    "house note young".split()
)
# How the closings of letters begin.
_CLOSINGS = (
    "regards", "wishes", "thanks", "sincerely", "yours", "cheers", "mit freundlichen grüßen",
    "viele grüße", "liebe grüße", "cordialement", "saludos", "atentamente", "cordiali saluti",
    "distinti saluti", "atenciosamente", "met vriendelijke groet",
)  # fmt: skip


ENTITY_TYPES = frozenset({"PERSON"})
