"""Files, batches and results for the client, built anew of what is named here alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.batches.kept import INPUT, KeptBatch, KeptFile
from gateway.wire.answers import figures, invalid, token

_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_FILE_STATES: Final = frozenset({"uploaded", "processed", "error"})
_BATCH_STATES: Final = frozenset(
    {"validating", "failed", "in_progress", "finalizing", "completed", "expired"}
    | {"cancelling", "cancelled"}
)
_TIMES: Final = (
    "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
    "cancelling_at", "cancelled_at",
)  # fmt: skip
_MOST_ERRORS: Final = 100
_REFUSED: Final = "The upstream reports an error; its code says which."


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a file of results, as the upstream wrote it."""

    line: str  # our name of the request
    id: str | None
    status: int | None = None  # None where there is no response
    request_id: str | None = None
    body: Any = field(default=None, repr=False)
    error: str | None = None  # a code


def their_id(answer: Mapping[str, Any], key: str = "id") -> str:
    """An id that the upstream made.

    Raises:
        UpstreamFailed: it made none.
    """
    found = answer.get(key)
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise invalid()
    return found


def their_optional_id(answer: Mapping[str, Any], key: str) -> str | None:
    """As `their_id`, where there may be none."""
    return None if answer.get(key) in (None, "") else their_id(answer, key)


def file_object(file_id: str, kept: KeptFile, answer: Mapping[str, Any]) -> dict[str, Any]:
    """A file. What the upstream has is the masked file; the owner is told of its own."""
    state = answer.get("status")
    size = kept.size if kept.purpose == INPUT else _whole(answer.get("bytes"), kept.size)
    expires = _whole(answer.get("expires_at"), kept.expires)
    return {
        "id": file_id,
        "object": "file",
        "bytes": size,
        "created_at": kept.created,
        **({} if expires is None else {"expires_at": expires}),
        "filename": kept.filename,
        "purpose": kept.purpose,
        "status": state if state in _FILE_STATES else "processed",
    }


def batch_object(
    batch_id: str,
    kept: KeptBatch,
    answer: Mapping[str, Any],
    output: str | None,
    errors: str | None,
) -> dict[str, Any]:
    """A batch, with our ids of its files.

    Raises:
        UpstreamFailed: the upstream's answer is none.
    """
    created = _whole(answer.get("created_at"), None)
    state = answer.get("status")
    if created is None or state not in _BATCH_STATES:
        raise invalid()
    model = token(answer.get("model"), None)
    usage = {} if kept.hides_cached else figures(answer.get("usage"))
    return {
        "id": batch_id,
        "object": "batch",
        "endpoint": kept.endpoint,
        **({} if model is None else {"model": model}),
        "errors": _errors(answer.get("errors")),
        "input_file_id": kept.file,
        "completion_window": token(answer.get("completion_window"), "24h"),
        "status": state,
        "output_file_id": output,
        "error_file_id": errors,
        "created_at": created,
        **{name: _whole(answer.get(name), None) for name in _TIMES},
        "request_counts": _counts(answer.get("request_counts")),
        **({"usage": usage} if usage else {}),
        "metadata": kept.metadata,
    }


def read_result(raw: bytes) -> Result:
    """Take one line of a file of results apart.

    Raises:
        UpstreamFailed: it is none.
    """
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise invalid() from None
    if not isinstance(said, dict) or not isinstance(said.get("custom_id"), str):
        raise invalid()
    response, error = said.get("response"), said.get("error")
    made = {"line": said["custom_id"], "id": token(said.get("id"), None)}
    code = _code(error) if isinstance(error, dict) else None
    if response is None:
        return Result(**made, error=code or "upstream_error")
    if not isinstance(response, dict):
        raise invalid()
    status = response.get("status_code")
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
        raise invalid()
    request_id = token(response.get("request_id"), "")
    return Result(
        **made, status=status, request_id=request_id, body=response.get("body"), error=code
    )


def result_line(result: Result, custom_id: str, body: Mapping[str, Any] | None) -> bytes:
    """One line of a file of results, framed. `body` is the restored answer, None for none."""
    response: dict[str, Any] | None = None
    if result.status is not None:
        said = refusal(result.body) if body is None else body
        response = {"status_code": result.status, "request_id": result.request_id, "body": said}
    error = None if result.error is None else {"code": result.error, "message": _REFUSED}
    made = {"id": result.id, "custom_id": custom_id, "response": response, "error": error}
    return orjson.dumps(made) + b"\n"


def refusal(body: Any) -> dict[str, Any]:
    """The body of a response that is an error: its code, and not a word of the upstream's."""
    error = body.get("error") if isinstance(body, dict) else None
    code = _code(error if isinstance(error, dict) else {})
    said = {"message": _REFUSED, "type": "upstream_error", "param": None, "code": code}
    return {"error": said}


def listed(objects: Sequence[Mapping[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """A page of a list."""
    ends = {"first_id": objects[0]["id"], "last_id": objects[-1]["id"]} if objects else {
        "first_id": None, "last_id": None,
    }  # fmt: skip
    return {"object": "list", "data": list(objects), **ends, "has_more": has_more}


def _errors(errors: Any) -> dict[str, Any] | None:
    listed = errors.get("data") if isinstance(errors, dict) else None
    if not isinstance(listed, list):
        return None
    data = [
        {
            "code": _code(one),
            "message": _REFUSED,
            "param": None,
            "line": _whole(one.get("line"), None),
        }
        for one in listed[:_MOST_ERRORS]
        if isinstance(one, dict)
    ]
    return {"object": "list", "data": data}


def _counts(counts: Any) -> dict[str, int]:
    said = counts if isinstance(counts, dict) else {}
    return {name: _whole(said.get(name), 0) or 0 for name in ("total", "completed", "failed")}


def _code(error: Mapping[str, Any]) -> str:
    return token(error.get("code"), None) or "upstream_error"


def _whole(value: Any, default: int | None) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_whole else default
