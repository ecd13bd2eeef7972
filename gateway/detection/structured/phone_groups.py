"""Phone numbers in three groups of three digits, which amounts have as well: 612 345 678. Pure.

So people write mobile numbers in Spain, Portugal, Poland and Czechia, without a trunk zero. Such a
group counts as a phone number if no unit can follow it, nothing before it says that it is an
amount, and the text has no number in groups of three that is longer or shorter.
"""

from __future__ import annotations

import re

from gateway.detection.structured import scan
from gateway.detection.structured.context import Reading

REGIONS = ("ES", "PT", "PL", "CZ")
"""Where numbers are written so."""

_FORM = re.compile(r"(?!\d00[ ])[4-9]\d\d[ ](?!000)\d{3}[ ](?!000)\d{3}")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ .,]\d{3}){1,4}")
_ENDS = re.compile(
    r"[ ]?(?:\Z|[\n\r;:)\]\"'?!/|]|[.,](?!\d)|(?:ou|or|o|oder|of|and|und|e|y|et|en|i|a|nebo|lub|"
    r"por|para|pour|per|please|bitte|thanks|obrigad[oa]|gracias|amanhã|mañana|hoje|hoy|jutro)(?![\w]))",
    re.IGNORECASE,
)
_AMOUNT_BEFORE = re.compile(
    r"(?:[$€£=~≈<>+*/-]|(?<![^\W_])(?:total|totale|sum|amount|population|revenue|budget|count|size|about|"
    r"usd|eur|gbp|umsatz|summe|betrag|rund|einwohner|montant|importe|suma|población|população|valor|"
    r"importo|bedrag|of|von|de|di|van|bytes|rows|lines|index|seed|no|nr|nº))[ .:]{0,2}\Z",
    re.IGNORECASE,
)


def may_be_phone(reading: Reading, start: int, end: int) -> bool:
    """Whether a run of digits is such a group and nothing around it says that it is an amount."""
    text = reading.text
    return (
        _FORM.fullmatch(text, start, end) is not None
        and _ENDS.match(text, end) is not None
        and _AMOUNT_BEFORE.search(text, max(0, start - 20), start) is None
        and all(
            _FORM.fullmatch(text, *run) is not None
            for run in scan.runs(reading)
            if _THOUSANDS.fullmatch(text, *run)
        )
    )
