"""No canary gets into a log line or a metric, whichever way it is thrown in."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.telemetry import DROPPED, guard

CANARY = "Zoë Canary, 4111 1111 1111 1111"
ROOT = Path(__file__).parent.parent


def guarded(**event: Any) -> dict[str, Any]:
    return dict(guard(None, "info", event))


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("event", "exchange_closed", "exchange_closed"),
        ("event", f"could not mask {CANARY}", DROPPED),
        ("code", "a" * 128, "a" * 128),
        ("code", "a" * 129, DROPPED),
        ("code", "two words", DROPPED),
        ("code", "line\n", DROPPED),
        ("code", "me@example.org", DROPPED),
        ("code", b"bytes", DROPPED),
        ("code", 4111111111111111, DROPPED),
        ("status", 200, 200),
        ("status", "200", DROPPED),
        ("status", True, DROPPED),
        ("seconds", 0.25, 0.25),
        ("seconds", 1, 1),
        ("ready", True, True),
        ("rule_ids", ("a", "b"), ["a", "b"]),
        ("rule_ids", ("a", CANARY), ["a", DROPPED]),
        ("rule_ids", ["a"], DROPPED),
        ("rule_ids", ("a",) * 17, DROPPED),
        ("reason", {"text": CANARY}, DROPPED),
        ("reason", None, DROPPED),
    ],
)
def test_a_field_passes_by_its_type(field: str, value: Any, shown: Any):
    assert guarded(**{field: value}) == {field: shown}


@pytest.mark.parametrize("name", ["prompt", "messages", "text", CANARY, "stack_info"])
def test_a_field_that_is_not_listed_vanishes(name: str):
    assert guarded(event="x", **{name: "harmless"}) == {"event": "x", "dropped_fields": 1}


@given(
    event=st.dictionaries(
        st.sampled_from(["event", "code", "status", "error", "exc_info", "rule_ids", "free"]),
        st.recursive(
            st.sampled_from([CANARY, ValueError(CANARY), (CANARY,), CANARY.encode(), 1, None]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just(CANARY), inner),
        ),
    )
)
def test_no_shape_of_a_field_carries_a_canary(event: dict[str, Any]):
    assert b"Canary" not in orjson.dumps(guarded(**event))


@pytest.mark.parametrize("field", ["exc_info", "exception", "error", "exc"])
def test_an_exception_is_its_class(field: str):
    assert guarded(**{field: ValueError(CANARY)}) == {"error_class": "ValueError"}


def test_our_own_errors_have_a_code():
    shown = {"error_class": "AuditUnavailable", "error_code": "audit_unavailable"}
    assert guarded(exc_info=AuditUnavailable(CANARY)) == shown
    problem = Problem(file="f", line=1, key="k", message=CANARY)
    assert guarded(exc_info=ConfigError([problem]))["error_code"] == "config_error"


def test_exc_info_true_is_the_exception_in_hand():
    try:
        raise KeyError(CANARY)
    except KeyError:
        assert guarded(exc_info=True) == {"error_class": "KeyError"}


# --- the whole process: what reaches the standard streams ---------------------------------------


def python(code: str, **environment: str) -> tuple[list[dict[str, Any]], str]:
    """Run a program after `install()`; the log lines, and everything that it printed."""
    program = (
        "import asyncio, logging, sys, threading, warnings\n"
        "from gateway import metrics, telemetry\n"
        f"CANARY = {CANARY!r}\n"
        "telemetry.install()\n" + textwrap.dedent(code)
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
        timeout=120,
    )
    lines = [orjson.loads(line) for line in done.stderr.splitlines()]
    return lines, (done.stdout + done.stderr).decode()


def test_nothing_that_logs_or_fails_prints_text():
    lines, printed = python(
        """
        import structlog
        log = structlog.get_logger()
        log.info("started", port=8080, text=CANARY)
        log.warning(CANARY, exc_info=ValueError(CANARY))
        log.info("formatted %s", CANARY)
        for name in ("uvicorn.error", "aiohttp.client", "sqlalchemy.engine", "presidio-analyzer"):
            logging.getLogger(name).error("failed on %s", CANARY)
        logging.getLogger("uvicorn.access").error(CANARY)
        logging.getLogger("bad").error("%d", CANARY)  # formatting it would fail
        logging.getLogger(CANARY).error("x")
        late = logging.getLogger("late")
        late.addHandler(logging.StreamHandler(sys.stdout))
        late.error("failed on %s", CANARY, exc_info=EOFError(CANARY), stack_info=True)
        try:
            raise RuntimeError(CANARY)
        except RuntimeError:
            logging.getLogger("asyncio").exception(CANARY)
            log.exception("failed")
        warnings.warn(CANARY)

        class Unraisable:
            def __del__(self):
                raise ValueError(CANARY)

        Unraisable()

        def fail():
            raise LookupError(CANARY)

        thread = threading.Thread(target=fail, name=CANARY)
        thread.start()
        thread.join()

        async def task():
            raise OSError(CANARY)

        async def main():
            asyncio.get_running_loop().set_exception_handler(telemetry.on_loop_error)
            forgotten = asyncio.create_task(task())
            await asyncio.sleep(0)
            del forgotten

        asyncio.run(main())
        raise SystemError(CANARY)
        """
    )
    assert "Canary" not in printed
    assert "4111" not in printed
    assert lines[0] | {"timestamp": ""} == {
        "event": "started",
        "level": "info",
        "port": 8080,
        "dropped_fields": 1,
        "timestamp": "",
    }
    classes = [line.get("error_class") for line in lines]
    for name in ("ValueError", "RuntimeError", "LookupError", "OSError", "SystemError", "EOFError"):
        assert name in classes
    libraries = {line["library"] for line in lines if line["event"] == "library_record"}
    assert libraries >= {"uvicorn.error", "aiohttp.client", "sqlalchemy.engine", "py.warnings"}
    assert "uvicorn.access" not in libraries
    assert lines[-1]["event"] == "uncaught"


def test_a_timestamp_survives_the_guard():
    lines, _ = python("import structlog; structlog.get_logger().info('x')")
    assert lines[0]["timestamp"].endswith("Z")


# --- metrics ------------------------------------------------------------------------------------


def scraped(code: str) -> str:
    """What a process of its own has to show after some code: no other test has counted there."""
    lines, printed = python(textwrap.dedent(code) + "\nprint(metrics.render()[0].decode())")
    assert lines == []
    return printed


def test_the_metrics_have_their_names():
    text = scraped("""
        metrics.request_ended("chat", "mask", "ok", 0.2)
        metrics.entities_found("PERSON", "replace", 3)
        metrics.placeholders(issued=2, restored=1)
        metrics.failed_closed("audit_unavailable")
        metrics.upstream_phase("local", "first_byte", 0.1)
        metrics.tokens_used("chat", "local", prompt=10, completion=20)
        metrics.IN_FLIGHT.inc()
        metrics.DETECTION_SECONDS.observe(0.1)
        metrics.AUDIT_APPEND_SECONDS.observe(0.1)
        metrics.policy_reloaded(accepted=True)
    """)
    for line in (
        'cloakroom_requests_total{effect="mask",family="chat",outcome="ok"} 1.0',
        'cloakroom_entities_total{operator="replace",type="PERSON"} 3.0',
        'cloakroom_placeholders_total{state="issued"} 2.0',
        'cloakroom_fail_closed_total{reason="audit_unavailable"} 1.0',
        "cloakroom_in_flight 1.0",
        'cloakroom_policy_reloads_total{result="accepted"} 1.0',
        'cloakroom_upstream_seconds_count{phase="first_byte",upstream="local"} 1.0',
        "cloakroom_request_seconds_count 1.0",
        "cloakroom_detection_seconds_count 1.0",
        "cloakroom_audit_append_seconds_count 1.0",
        'gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",'
        'gen_ai_provider_name="local",gen_ai_token_type="output"} 20.0',
    ):
        assert line in text, line


def test_a_slow_request_names_its_trace_where_that_can_be_read():
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    lines, printed = python(
        f"""metrics.request_ended("chat", "mask", "ok", 0.2, "{trace}")
metrics.upstream_phase("local", "total", 0.2, CANARY)
for accept in ("", "application/openmetrics-text;version=1.0.0"):
    print(*metrics.render(accept)[::-1])
"""
    )
    assert lines == []
    plain, _, open_metrics = printed.rpartition("application/openmetrics-text")
    assert "trace_id" not in plain
    assert f'# {{trace_id="{trace}"}} 0.2' in open_metrics
    assert open_metrics.count("trace_id") == 1
    assert "# EOF" in open_metrics


def test_labels_are_bounded():
    text = scraped("""
        metrics.entities_found(CANARY, "replace")
        metrics.entities_found("A" * 41, "replace")
        metrics.request_ended(CANARY, CANARY, CANARY, 1)
        metrics.failed_closed(CANARY)
        metrics.upstream_phase(CANARY, CANARY, 1)
        metrics.tokens_used(CANARY, CANARY, prompt=1, completion=1)
    """)
    assert "Canary" not in text
    assert CANARY not in text
    assert 'cloakroom_entities_total{operator="replace",type="OTHER"} 2.0' in text


def test_workers_are_counted_together(tmp_path: Path):
    code = "metrics.failed_closed('x')\nmetrics.IN_FLIGHT.inc()\n"
    for _ in range(2):
        assert python(code, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)) == ([], "")
    _, printed = python(
        code + "print(metrics.render()[0].decode())", PROMETHEUS_MULTIPROC_DIR=str(tmp_path)
    )
    assert 'cloakroom_fail_closed_total{reason="x"} 3.0' in printed
