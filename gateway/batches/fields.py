"""The fields of an upload beside the file. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from gateway.batches.form import invalid_form
from gateway.batches.kept import INPUT
from gateway.errors import RequestError

SHORTEST_S: Final = 3600
LONGEST_S: Final = 2_592_000


@dataclass(slots=True)
class UploadFields:
    """The fields, as far as they have come."""

    purpose: str = ""
    anchor: str = ""
    seconds: str = ""

    def note(self, name: str, value: str, *, is_late: bool) -> None:
        """One more; `is_late` says that the file has begun.

        Raises:
            RequestError: no upload has it, or none with this value.
        """
        if name == "purpose":
            self.purpose = value
            self.check_purpose()
        elif name not in ("expires_after[anchor]", "expires_after[seconds]"):
            message = "The form has a field that no upload has."
            raise RequestError(message, code="unsupported_parameter")
        elif is_late:
            raise invalid_form("The field expires_after must come before the file.")
        elif name == "expires_after[anchor]":
            self.anchor = value
        else:
            self.seconds = value

    def check_purpose(self) -> None:
        """Only files of requests can be read.

        Raises:
            RequestError: the purpose is another, or missing.
        """
        if self.purpose != INPUT:
            raise RequestError(
                "Only files with the purpose `batch` can be uploaded.",
                code="unsupported_purpose",
                param="purpose",
            )

    def expiry(self) -> int | None:
        """After how many seconds the upstream is to delete the file, if that is said.

        Raises:
            RequestError: it is not said as it must be.
        """
        if not self.anchor and not self.seconds:
            return None
        is_number = self.seconds.isascii() and self.seconds.isdecimal() and len(self.seconds) < 9
        return expiry_of(self.anchor, int(self.seconds) if is_number else None)


def expiry_of(anchor: Any, seconds: Any) -> int:
    """How long a file is kept, in seconds.

    Raises:
        RequestError: that is not what was said.
    """
    is_whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    if anchor != "created_at" or not is_whole or not SHORTEST_S <= seconds <= LONGEST_S:
        raise RequestError(
            f"An expiry needs the anchor created_at and {SHORTEST_S} to {LONGEST_S} seconds.",
            param="expires_after",
        )
    return int(seconds)
