"""Phone numbers that are set aside for fiction, so that nobody answers them. Pure.

Sources: North American Numbering Plan, 555-0100 to 555-0199 (ATIS-0300115); Ofcom, numbers for
use in TV and radio drama; Bundesnetzagentur, Amtsblatt 7/2021, Mitteilung 148/2021 (numbers for
media productions); ARCEP, décision 2018-0881 (numbers for audiovisual works); ComReg, 020 91x;
ACMA, numbers for use in radio, books, film and TV; PTS, numbers for books and films. Spain,
Italy, Portugal and the Netherlands publish none.
"""

from __future__ import annotations

import re
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from gateway.masking.surrogates.draw import Draw

# Area codes of the United States and of Canada; each has its own 555-01xx.
_US_AREAS: Final = """
201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 225 228 229 231 234 239 240
251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314
315 316 317 318 319 320 321 323 330 334 336 337 347 351 352 360 361 385 386 401 402 404 405 406
407 408 409 410 412 413 414 415 417 419 423 425 432 434 435 440 443 469 478 479 480 484 501 502
503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563 567 570
571 573 574 575 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620
623 626 630 631 636 641 646 650 651 660 661 662 678 682 701 702 703 704 706 707 708 712 713 714
715 716 717 718 719 720 724 727 731 732 734 740 754 757 760 763 765 770 772 773 774 775 781 785
786 801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 828 830 831 832 843 845 847 850
856 857 858 859 860 863 864 865 870 901 903 904 906 907 908 909 910 912 913 914 915 916 917 918
919 920 925 928 931 936 937 940 941 947 949 951 952 954 956 970 971 972 973 978 979 980 985 989
""".split()
_CA_AREAS: Final = "204 226 236 250 289 306 403 416 418 438 450 506 514 519 587 604 613 647".split()

# National numbers by country: groups, `#` a digit; a leading `m` marks mobile numbers.
_PLANS: Final = {
    "GB": (
        "20 7946 0###", "113 496 0###", "114 496 0###", "115 496 0###", "116 496 0###",
        "117 496 0###", "118 496 0###", "121 496 0###", "131 496 0###", "141 496 0###",
        "151 496 0###", "161 496 0###", "191 498 0###", "28 9649 6###", "29 2018 0###",
        "1632 960###", "m 7700 900###",
    ),
    "DE": (
        "30 23125###", "40 66969###", "69 90009###", "89 99998###", "221 4710###",
        "m 171 39200##", "m 176 040690##",
    ),
    "FR": (
        "1 99 00 ## ##", "2 61 91 ## ##", "3 53 01 ## ##", "4 65 71 ## ##", "5 36 49 ## ##",
        "m 6 39 98 ## ##",
    ),
    "IE": ("20 91# ####",),
    "AU": ("2 5550 ####", "3 5550 ####", "7 5550 ####", "8 5550 ####"),
    "SE": ("31 390 06 ##", "40 628 04 ##", "8 465 004 ##", "m 70 174 06 5#",
           "m 70 174 06 7#", "m 70 174 06 9#"),
}  # fmt: skip
_CODES: Final = {"US": "1", "CA": "1", "GB": "44", "DE": "49", "FR": "33", "IE": "353",
                 "AU": "61", "SE": "46"}  # fmt: skip
_ISLANDS: Final = {"GG": "GB", "JE": "GB", "IM": "GB"}  # of the same plan
_REGIONS: Final = {"en": "US", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL",
                   "pt": "PT", "sv": "SE"}  # fmt: skip
_EXTENSION = re.compile(
    r"(?P<head>.*?\d)(?P<word>[ ,;]{0,2}(?:ext(?:ension)?\.?|x|#)[ ]?)(?P<digits>\d{1,6})",
    re.IGNORECASE,
)
_LONGEST: Final = 60
_FORM = re.compile(r"[+()\d ./\u00a0\u2011\u2013-]{6,40}")


def phone(draw: Draw, surface: str, keep: frozenset[str], language: str) -> str | None:
    """A number of a fictional range. Without `locale` it is North American.

    None: the value is no number, or its country has set no numbers aside.
    """
    extension = _EXTENSION.fullmatch(surface.strip()[: _LONGEST + 1])
    head = extension["head"] if extension else surface.strip()
    if len(surface) > _LONGEST or not _FORM.fullmatch(head):
        return None
    digits = re.sub(r"\D", "", head)
    if not 6 <= len(digits) <= 16:
        return None
    number = _parsed(head, _home(head, digits, language))
    country = "US"
    if "locale" in keep:
        country = _country(number)
        country = _ISLANDS.get(country, country)
    if country not in _CODES:
        return None
    groups = _groups(draw, country, number)
    if "format" not in keep:
        return " ".join((f"+{_CODES[country]}", *groups))
    text = _like(head, digits, country, groups)
    if extension:
        text += f"{extension['word']}{draw.digits(len(extension['digits']))}"
    return text


def _home(head: str, digits: str, language: str) -> str:
    """The country of a number without a country code: by its form, by the language of its text."""
    if re.fullmatch(r"\(?[2-9]\d\d\)?[ .-]?[2-9]\d\d[.-]\d{4}", head):
        return "US"
    if language[:2] == "en" and len(digits) == 11 and digits.startswith("0"):
        return "GB"
    return _REGIONS.get(language[:2], "")


def _parsed(head: str, region: str) -> PhoneNumber | None:
    text = "+" + head[2:] if head.startswith("00") else head
    try:
        return phonenumbers.parse(text, region or None)
    except NumberParseException:
        return None


def _country(number: PhoneNumber | None) -> str:
    if number is None:
        return ""
    region = phonenumbers.region_code_for_number(number)
    return region or phonenumbers.region_code_for_country_code(number.country_code or 0)


def _groups(draw: Draw, country: str, number: PhoneNumber | None) -> list[str]:
    """The national number, in the groups that its country writes."""
    if country in ("US", "CA"):
        areas = _US_AREAS if country == "US" else _CA_AREAS
        return [draw.pick(areas), "555", draw.filled("01##")]
    plans = _PLANS[country]
    mobile = number is not None and phonenumbers.number_type(number) == PhoneNumberType.MOBILE
    likely = [plan for plan in plans if plan.startswith("m ") == mobile] or list(plans)
    return draw.filled(draw.pick(likely).removeprefix("m ")).split(" ")


def _same_code(head: str, digits: str, code: str) -> bool:
    """Whether the groups of the digits begin alike: with the same country code, or with none."""
    if head.startswith("+"):
        return digits.startswith(code)
    return not head.startswith("00") or digits.startswith("00" + code)


def _like(head: str, digits: str, country: str, groups: list[str]) -> str:
    """The number with the country code, brackets and separators of another."""
    code, national = _CODES[country], "".join(groups)
    trunk = "" if country in ("US", "CA") else "0"
    if head.startswith("+"):
        front = code + (trunk if "(0)" in head else "")
    elif head.startswith("00"):
        front = "00" + code
    elif country in ("US", "CA"):
        front = "1" if len(digits) == 11 and digits.startswith("1") else ""
    else:
        front = trunk
    if len(front + national) == len(digits) and _same_code(head, digits, code):
        fill = iter(front + national)
        return "".join(next(fill) if sign.isdigit() else sign for sign in head)
    between = [sign for sign in re.sub(r"\(0\)", "", head) if sign in " -./"]
    separator = max(set(between), key=between.count) if between else ""
    if head.startswith(("+", "00")):
        sign = "+" if head.startswith("+") else ""
        first = sign + front.removesuffix("0") if "(0)" in head and trunk else sign + front
        area = f"({trunk}){groups[0]}" if "(0)" in head and trunk else groups[0]
        return separator.join((first, area, *groups[1:]))
    area = front + groups[0]
    if "(" in head:
        return f"({area}) " + separator.join(groups[1:])
    return separator.join((area, *groups[1:]))
