"""How phone numbers are written where no country code stands before them, and what only looks so.

Pure data: forms as regular expressions, and the regions whose number plans then decide.
"""

from __future__ import annotations

import re

NOT_A_PHONE = re.compile(
    r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:\D.*)?"
    r"|(?!0\d([-.])\d\d(?:\1\d\d){3}\Z)\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d(?:\D.*)?"
    r"|\d{1,2}[ ]\d{1,2}[ ](?:19|20)\d\d"
    r"|\d{1,3}(?:\.\d{1,3}){3}|\d+\.\d+(?:[ ]-?\d+\.\d+)?|\d{1,3}(?:\.\d{3})+"
    r"|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{3}-\d{2}-\d{4}"
    r"|(?:19|20)\d\d\s?[-–/]\s?(?:19|20)\d\d|0[- ]\d{2,7}[- ]\d{1,6}[- ]\d|97[89][- ].*"
    r"|\d{1,3}(?:\.\d+){2,}(?<!\d{3}\.\d{3}\.\d{4})(?<!\d\d\.\d\d\.\d\d\.\d\d\.\d\d)"
)
SURE_NOT = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:\D.*)?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:19|20)\d\d(?:\D.*)?"
    r"|(?!0\d)(?:1?\d{1,2}|2[0-5]\d)(?:\.(?:[01]?\d{1,2}|2[0-5]\d)){3}|\d+\.\d{1,2}"
    r"|\d{3}-\d{2}-\d{4}|(?:19|20)\d\d\s?[-–/]\s?(?:19|20)\d\d"
    r"|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|97[89][- ].*"
)
SIGNED = re.compile(r"(?:\+|00)\d+\.\d{1,3}")
DATED = re.compile(
    r"(?:19|20)\d\d[-/.](?:0[1-9]|1[0-2])[-/.](?:0[1-9]|[12]\d|3[01])|\d\.\d-\d{4}|^\d{5}-\d{4}$"
    r"|^\d{1,2}\.[ ]?\d{1,2}\.[ ](?:19|20)\d\d"
)
# Mobile numbers of FR, NL, GB, DE, BE, CH and AU without any separator.
BARE_MOBILE = re.compile(r"0(?:[67]\d{8}|7\d{9}|1[567]\d{8,9}|4[5-9]\d{7,8})")
MOBILE = re.compile(r"9\d{4}-\d{4}")  # of Brazil; like a ZIP code with four digits more
NANP = re.compile(
    r"(?!\d{3}\.\d{3}-)(?:1[-. ]?)?(?:\([2-9]\d{2}\)[ -]?|[2-9]\d{2}[-. /])[2-9]\d{2}[-. ]\d{4}"
)
TRUNK = tuple(
    "DE GB FR IT NL BE AT CH SE FI IE AU IN JP BR ZA TR KR NZ IL UA RO HU BG HR SI RS GR SK EG MA "
    "DZ NG KE PK BD ID MY TH VN PH TW CN AE SA IR AR CO VE ET GH TZ LK NP JO".split()
)
# How numbers are written nationally, where the form alone is telling: form, regions.
WRITTEN = (
    (re.compile(r"[679]\d\d[ .-]\d\d[ .-]\d\d[ .-]\d\d"), ("ES",)),
    (re.compile(r"9\d[ .-]\d{3}[ .-]\d\d[ .-]\d\d"), ("ES",)),
    (re.compile(r"(?:9[1236]|2\d)[ ]\d{3}[ ]\d{4}"), ("PT",)),
    (re.compile(r"(?:55|56|33|81)[ -]\d{4}[ -]\d{4}"), ("MX",)),
    (re.compile(r"\(?[1-9]\d\)?[ -]?9\d{4}[- .]\d{4}"), ("BR",)),
    (re.compile(r"\([1-9]\d\)[ ]?9\d{8}"), ("BR",)),
    (re.compile(r"\([1-9]\d\)[ ]?\d{4}[- ]\d{4}"), ("BR", "MX", "CL")),
    (re.compile(r"8[ -]?\(?\d{3}\)?[ -]?\d{3}-?[ ]?\d\d-?[ ]?\d\d"), ("RU", "KZ")),
    (re.compile(r"\(?5\d\d\)?[ ]\d{3}[ ]\d\d[ ]\d\d"), ("TR",)),
    (re.compile(r"[6-9]\d{4}[ -]\d{5}"), ("IN",)),
    (re.compile(r"1[3-9]\d[ -]\d{4}[ -]\d{4}"), ("CN",)),
    (re.compile(r"3\d\d[ ./-]\d{6,7}|3\d\d[ .-]\d{3}[ .-]\d{2}[ .-]?\d{2}"), ("IT", "CO")),
    (re.compile(r"\(\d{2,5}\)[ ]?\d{2,4}[ -]?\d{2,5}"), ("AR", "CL", "HU", "UA", "UY", "PE")),
    (re.compile(r"1[38]00[ ]\d{3}[ ]\d{3}"), ("AU",)),
    (re.compile(r"9[ ]\d{4}[ ]\d{4}|\(2\)[ ]?\d{4}[ ]\d{4}"), ("CL",)),
    (re.compile(r"[2-9]\d\d[ ]\d{3}[ ]\d{4}|\([2-9]\d\d\)[ ]?\d{7}"), ("MX", "CO")),
    (re.compile(r"[1-8]\d[ ]\d{3}[ ]\d\d[ ]\d\d"), ("PL",)),
    (re.compile(r"0\d{1,3}-\d{2,3}[ ]\d\d[ ]\d{2,3}"), ("SE",)),
    (re.compile(r"\(0\d{1,4}\)[ ]?\d{5,8}"), TRUNK),
    (re.compile(r"[2-9]\d{2}[ ]\d{2}[ ]\d{2}[ ]\d{2}"), ("SN", "LU", "CI")),
)
OTHERS = (
    "US ES PT PL DK NO CZ LU GR CY MT EE LV LT IS MX CL PE CR PA EC UY BO PY GT DO HK SG "
    "QA KW BH OM TN SN CI CM RU KZ BY GE AM AZ"
).split()
REGIONS = (*TRUNK, *OTHERS)
THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ ]\d{3}){1,3}")
AMOUNT = re.compile(r"(?!3\d\d\.\d{6,7}\Z)(?:0|[1-9]\d*)[.,]\d+|\d{1,3}(?:[., ]000)+")
LOCAL = re.compile(r"[2-9]\d{2}[- .](?:\d{4}|\d{2}[- .]\d{2})")
