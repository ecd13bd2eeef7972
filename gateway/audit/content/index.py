"""The blind index: finding what was kept of a person without keeping who it was. Pure.

A row holds HMAC-SHA-256 over the entity type and the value in one normal form, under a key of the
tenant. Who has the table alone learns which requests share a value, and not which value. Who has
the master key, too, can test guesses: the rows are personal data until they are deleted.

The normal form makes the common ways of writing one value equal. It does not tell that two values
are of one person: a search asks for each value, and each way to write it, by itself.
"""

from __future__ import annotations

import hmac
import unicodedata
from typing import Final

from gateway.keyring import derive

_MIN_DIGITS: Final = 4


def index_key(master: bytes, tenant: str) -> bytes:
    """The key of a tenant's index."""
    return derive(master, "audit-subject-index", tenant)


def normalised(entity_type: str, value: str) -> str:
    """The one form of a value, by what it looks like.

    Unicode's compatibility forms (NFKC) and case are folded. E-mail addresses keep their signs;
    of telephone numbers only the digits count, without the zeros of `00`; numbers of any other
    kind lose their separators; names lose signs and double spaces.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    text = " ".join(folded.split())
    if "@" in text:
        return text.replace(" ", "").removeprefix("mailto:")
    if entity_type.startswith("PHONE"):
        digits = "".join(one for one in text if one.isdigit())
        return (digits.removeprefix("00") or text) if digits else text
    words = "".join(one if unicodedata.category(one)[0] in "LMN" else " " for one in text).split()
    joined = "".join(words)
    count = sum(one.isdigit() for one in joined)
    is_number = count >= _MIN_DIGITS and count * 2 >= len(joined)
    return (joined if is_number else " ".join(words)) or text


def blind(key: bytes, entity_type: str, value: str) -> bytes:
    """The index of a value: 32 bytes. `key` is that of the tenant."""
    name = entity_type.encode()
    message = (
        len(name).to_bytes(4, "big")
        + name
        + normalised(entity_type, value).encode("utf-8", "surrogatepass")
    )
    return hmac.digest(key, message, "sha256")


def values_of(text: str) -> tuple[str, ...]:
    """The values in a text, one a line, each once."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
