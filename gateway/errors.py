"""Every error that Cloakroom raises on purpose.

    GatewayError                 status, stable code, public message
    ├── RequestError             the caller sent something that cannot be served (4xx)
    │   ├── AuthenticationError  401, who is calling is not known
    │   ├── PolicyDenied         403, a rule refused the request
    │   └── NotFound             404, no such endpoint or model
    ├── Overloaded               429, a limit of ours is reached: try again
    ├── Unavailable              503, fail closed: a stage could not do its work
    │   ├── DetectionUnavailable
    │   ├── AuditUnavailable
    │   └── VaultUnavailable
    ├── UpstreamFailed           the model's server refused, timed out, broke off or sent garbage
    └── InternalError            500, a promise of ours did not hold
    ConfigError                  the start-up files are wrong: every problem at once

The public message of an error is written here or by the stage that raises it, from constants
and structural facts alone. It never holds user text, a value, or another server's words, so an
error may be logged, counted and shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class GatewayError(Exception):
    """The base: an HTTP status, a stable machine-readable code and a message for the caller.

    `param` names the place in the request by structural keys and indexes only, for example
    `messages[2].content`. `retry_after` is in seconds. `headers` go out with the
    error: ids and names only.
    """

    status = 500
    code = "internal_error"
    kind = "server_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        param: str | None = None,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.param = param
        self.retry_after = retry_after
        self.headers = dict(headers or {})


class RequestError(GatewayError):
    """The request cannot be served as it stands; the message says what to change."""

    status = 400
    code = "invalid_request"
    kind = "invalid_request_error"


class AuthenticationError(RequestError):
    """The caller is not known."""

    status = 401
    code = "invalid_api_key"
    kind = "authentication_error"


class PolicyDenied(RequestError):
    """A policy rule refused the request; the message is the rule's own reason."""

    status = 403
    code = "policy_denied"
    kind = "permission_error"


class NotFound(RequestError):
    """No such endpoint, or no such model for this caller."""

    status = 404
    code = "not_found"


class Overloaded(GatewayError):
    """A limit of ours is reached; the same request may succeed later."""

    status = 429
    code = "overloaded"
    kind = "rate_limit_error"


class Unavailable(GatewayError):
    """A stage could not do its work, so nothing was sent (fail closed)."""

    status = 503
    code = "unavailable"


class DetectionUnavailable(Unavailable):
    """Detection failed or ran out of time."""

    code = "detection_unavailable"


class AuditUnavailable(Unavailable):
    """The audit store did not take the record."""

    code = "audit_unavailable"


class VaultUnavailable(Unavailable):
    """The vault did not take, or did not give, what is kept in it."""

    code = "vault_unavailable"


class UpstreamFailed(GatewayError):
    """The upstream did not give a usable answer. Its own words are never relayed."""

    status = 502
    code = "upstream_failed"
    kind = "upstream_error"


class InternalError(GatewayError):
    """A promise of ours did not hold; nothing was sent or released."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a start-up file. `line` counts from 1; 0 means the whole file."""

    file: str
    line: int
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        key = f" {self.key}:" if self.key else ""
        return f"{place}:{key} {self.message}{hint}"


class ConfigError(Exception):
    """Start-up files are wrong. `problems` holds all of them; the process exits with 2."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
