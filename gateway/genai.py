"""OpenTelemetry's names for generative AI: attributes, metrics and their buckets. Pure.

https://github.com/open-telemetry/semantic-conventions-genai, in development and without a release.
The conventions also have names for messages, instructions, tools' arguments and results. None of
them stands here, so nothing can be told under them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
STREAM: Final = "gen_ai.request.stream"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
TOKENS: Final[Mapping[str, str]] = {
    "in": "gen_ai.usage.input_tokens",
    "out": "gen_ai.usage.output_tokens",
    "cached": "gen_ai.usage.cache_read.input_tokens",
}
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 -- an attribute's name
ERROR: Final = "error.type"
ADDRESS: Final = "server.address"

_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))


def resource(environ: Mapping[str, str], version: str, instance: str) -> dict[str, str]:
    """What is said of the process: its name, unless the environment gives one, and `instance`,
    which no other process has, so that figures of several are not taken for one's."""
    named = "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    named = named or bool(environ.get("OTEL_SERVICE_NAME"))
    return {
        **({} if named else {"service.name": "cloakroom"}),
        "service.version": version,
        "service.instance.id": instance,
    }


@dataclass(frozen=True, slots=True)
class Instrument:
    """A histogram as the conventions have it."""

    name: str
    unit: str
    about: str
    bounds: tuple[float, ...]


TOKEN_USAGE: Final = Instrument(
    "gen_ai.client.token.usage",
    "{token}",
    "Input and output tokens of an exchange, as the upstream counts them.",
    tuple(float(4**power) for power in range(14)),
)
CALL_SECONDS: Final = Instrument(
    "gen_ai.client.operation.duration",
    "s",
    "From asking the upstream to the last byte of its answer.",
    _SECONDS,
)
CALL_FIRST_CHUNK: Final = Instrument(
    "gen_ai.client.operation.time_to_first_chunk",
    "s",
    "From asking the upstream to the first byte of a stream.",
    _SECONDS,
)
REQUEST_SECONDS: Final = Instrument(
    "gen_ai.server.request.duration",
    "s",
    "From a request's first byte to the last of our answer.",
    _SECONDS,
)
FIRST_TOKEN: Final = Instrument(
    "gen_ai.server.time_to_first_token",
    "s",
    "From a request's first byte to the upstream's first, where the answer came to its end.",
    (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
PER_TOKEN: Final = Instrument(
    "gen_ai.server.time_per_output_token",
    "s",
    "Of a stream, from the first token to the last, by the tokens after the first.",
    (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
)
INSTRUMENTS: Final = (
    TOKEN_USAGE, CALL_SECONDS, CALL_FIRST_CHUNK, REQUEST_SECONDS, FIRST_TOKEN, PER_TOKEN,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is measured of an exchange that was sent. Times are seconds on one clock, 0 for never.

    `provider` is the upstream's configured name, `error` the code of an error.
    """

    operation: str
    provider: str
    error: str = ""
    stream: bool = False
    started: float
    sent: float
    first_byte: float = 0.0
    last_byte: float = 0.0
    ended: float
    usage: Mapping[str, int] = field(default_factory=dict)


def points(one: Measured) -> Iterator[tuple[Instrument, float, dict[str, str]]]:
    """The values to note, each with its attributes."""
    who = {OPERATION: one.operation, PROVIDER: one.provider}
    how = who | ({ERROR: one.error} if one.error else {})
    yield CALL_SECONDS, (one.last_byte or one.ended) - one.sent, how
    yield REQUEST_SECONDS, one.ended - one.started, how
    for key, kind in (("in", "input"), ("out", "output")):
        if key in one.usage:
            yield TOKEN_USAGE, float(one.usage[key]), who | {TOKEN_TYPE: kind}
    if one.stream and one.first_byte:
        yield CALL_FIRST_CHUNK, one.first_byte - one.sent, how
    if one.first_byte and not one.error:
        yield FIRST_TOKEN, one.first_byte - one.started, who
        after_first = one.usage.get("out", 0) - 1
        if one.stream and after_first > 0:
            yield PER_TOKEN, (one.last_byte - one.first_byte) / after_first, who
