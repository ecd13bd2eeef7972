"""Logs that cannot carry user text.

A log line is JSON made of allow-listed fields. What a field may hold is a matter of type: a
number, a truth value, or a *token* (`[A-Za-z0-9._:/+-]`, at most 128 characters). Anything else
becomes "[dropped]", unknown fields vanish, and exceptions shrink to the name of their class and,
if they are ours, their code. Other libraries' log records lose their message in the same way.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO, TypeAlias

import orjson
import structlog

from gateway.errors import ConfigError, GatewayError

DROPPED: Final = "[dropped]"

# Keyword arguments for `uvicorn.run` and `uvicorn.Config`: its own handlers would print requests.
UVICORN_LOGGING: Final[Mapping[str, Any]] = {"log_config": None, "access_log": False}

_TOKEN: Final = re.compile(r"[A-Za-z0-9._:/+-]{0,128}")
_MAX_TUPLE: Final = 16

# Every field that a log line may have. A name is added here together with the code that logs it.
_FIELDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "attempt": int,
    "bytes": int,
    "choices": int,
    "code": str,
    "component": str,
    "count": int,
    "digest": str,
    "effect": str,
    "entity_types": tuple,
    "error_class": str,
    "error_code": str,
    "event": str,
    "exchange_id": str,
    "family": str,
    "file": str,
    "findings": int,
    "host": str,
    "key_id": str,
    "level": str,
    "library": str,
    "line": int,
    "method": str,
    "outcome": str,
    "phase": str,
    "policy_digest": str,
    "policy_id": str,
    "port": int,
    "problems": int,
    "ready": bool,
    "reason": str,
    "request_id": str,
    "rule_ids": tuple,
    "seconds": (int, float),
    "status": int,
    "stream": bool,
    "tenant": str,
    "timestamp": str,
    "upstream": str,
    "upstream_class": str,
    "version": str,
    "workers": int,
}

_Shown: TypeAlias = str | int | float | bool | list["_Shown"]
_ERROR_FIELDS: Final = ("exc_info", "exception", "error", "exc")


# --- logs ---------------------------------------------------------------------------------------


def guard(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor that lets only allow-listed fields of the right type pass.

    Fields that hold an exception become `error_class` and `error_code`. `dropped_fields` counts
    the fields that had no place.
    """
    shown: dict[str, Any] = {}
    for name in _ERROR_FIELDS:
        shown |= describe_error(_error_of(event.pop(name, None)))
    known = {name: value for name, value in event.items() if name in _FIELDS}
    shown |= {name: _shown(value, _FIELDS[name]) for name, value in known.items()}
    if dropped := len(event) - len(known):
        shown["dropped_fields"] = dropped
    return shown


def describe_error(error: BaseException | type[BaseException] | None) -> dict[str, _Shown]:
    """An exception without its words: `error_class`, and `error_code` if the error is ours."""
    if error is None:
        return {}
    kind = error if isinstance(error, type) else type(error)
    fields: dict[str, _Shown] = {"error_class": _shown(kind.__name__, str)}
    if isinstance(error, GatewayError):
        fields["error_code"] = _shown(error.code, str)
    elif isinstance(error, ConfigError):
        fields["error_code"] = "config_error"
    return fields


def _error_of(value: object) -> BaseException | type[BaseException] | None:
    if isinstance(value, BaseException):
        return value
    if isinstance(value, tuple):
        return _error_of(value[1]) if len(value) == 3 else None
    return sys.exception() if value is True else None


def _shown(value: object, kind: type | tuple[type, ...]) -> _Shown:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in kinds and not (str in kinds and isinstance(value, str)):
        return DROPPED
    if isinstance(value, tuple):
        return _shown_tuple(value)
    if isinstance(value, str):
        return str(value) if _TOKEN.fullmatch(value) else DROPPED
    return value if isinstance(value, bool | int | float) else DROPPED


def _shown_tuple(value: tuple[object, ...]) -> _Shown:
    if len(value) > _MAX_TUPLE:
        return DROPPED
    return [_shown(item, (str, int, float, bool)) for item in value]


def _json(event: MutableMapping[str, Any], **_: object) -> str:
    return orjson.dumps(event).decode()


class _WordlessRecord(logging.LogRecord):
    """What every logging call of every library makes: no message, no arguments, no traceback.

    So a handler that a library adds later has nothing to print either.
    """

    def __init__(
        self,
        name: str,
        level: int,
        pathname: str,
        lineno: int,
        _msg: object,
        _args: object,
        exc_info: object,
        func: str | None = None,
        _sinfo: str | None = None,
        **_: object,
    ) -> None:
        super().__init__(name, level, pathname, lineno, DROPPED, (), None, func)
        self.error_fields = describe_error(_error_of(exc_info))


class _ClassOnlyHandler(logging.Handler):
    """Other libraries' records as log lines: logger, level and exception class."""

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "error_fields", {})
        log("library_record", record.levelno, library=record.name, **fields)


def log(event: str, level: int, **fields: object) -> None:
    """Write a log line: a constant event name, and those of the fields that are allowed."""
    structlog.get_logger().log(level, event, **fields)


# --- installation -------------------------------------------------------------------------------


def install(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every log line, ours and the libraries', and every uncaught exception, through `guard`.

    Call it once, before the server starts and before other code logs; calling it again only
    changes `stream` (default: standard error) and `level`. Libraries are heard from WARNING up.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            guard,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    _capture_stdlib_logging()
    sys.excepthook = _on_uncaught
    threading.excepthook = _on_uncaught_in_thread
    sys.unraisablehook = _on_unraisable


def on_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For `loop.set_exception_handler`: a task's forgotten exception, by class only."""
    log("loop_error", logging.ERROR, exc_info=context.get("exception"))


def _capture_stdlib_logging() -> None:
    handler = _ClassOnlyHandler(logging.WARNING)
    logging.setLogRecordFactory(_WordlessRecord)
    logging.lastResort = handler  # for loggers that do not propagate and have no handler
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    access = logging.getLogger("uvicorn.access")
    access.propagate = False
    access.disabled = True


def _on_uncaught(
    kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    log("uncaught", logging.CRITICAL, exc_info=error or kind)


def _on_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        log("uncaught_in_thread", logging.CRITICAL, exc_info=args.exc_value)


def _on_unraisable(args: sys.UnraisableHookArgs) -> None:
    log("unraisable", logging.ERROR, exc_info=args.exc_value)
