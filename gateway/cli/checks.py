"""What `cloakroom doctor` checks, one function a check. Nothing is changed but a probe of the
audit store, which is taken back.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import entry_points, version
from typing import Final
from urllib.parse import urlsplit

import orjson

from gateway import strictyaml
from gateway.app import make_detector
from gateway.audit import sql
from gateway.audit.opening import is_postgres
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.postgres.faults import MIGRATE
from gateway.audit.sqlite.sql import database_file
from gateway.audit.store import SqlAuditStore
from gateway.cli.entity_types import known_types
from gateway.cli.policy_common import treats
from gateway.config import check_exposure
from gateway.conformance.opening import thrown_away
from gateway.detection.plugins.known import GROUP
from gateway.errors import ConfigError, GatewayError, Problem
from gateway.exchange import Caller
from gateway.identity.keys import read_keys
from gateway.masking.presidio import installed_operators
from gateway.policy import lint
from gateway.policy.cases import parse_cases, run_cases
from gateway.policy.files import load_policies
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.ports import Detector
from gateway.settings import Audit, Detection, Settings, Upstream
from gateway.types import Span, Subject, UpstreamClass
from gateway.upstreams.echo.common import PREFIX
from gateway.version import __version__
from gateway.wire.families import CHAT

EXPOSED_KEY: Final = "others can read the master key"  # a notice of the configuration
LOWEST_PYTHON: Final = (3, 11)
HIGHEST_PYTHON: Final = (3, 13)
KEYED: Final = frozenset({"anthropic", "azure_openai"})  # kinds that serve nobody without a key
_FIRST: Final = "`cloakroom serve`, when it first starts,"
PACKAGES: Final = ("presidio-analyzer", "presidio-anonymizer", "fastapi", "uvicorn", "sqlalchemy")


class Status(StrEnum):
    """How a check went. Only a failure makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was seen, and what to do about it."""

    name: str
    status: Status
    seen: str
    advice: str = ""


# A value of eight types each, in words that people use. Invented; the checksums are right.
PLANTED: Final = (
    ("PERSON", "Anna Schneider", "My name is Anna Schneider."),
    ("EMAIL_ADDRESS", "anna.schneider@example.com", "Write to anna.schneider@example.com."),
    ("PHONE_NUMBER", "+49 30 2345 6789", "Call +49 30 2345 6789 tomorrow."),
    ("CREDIT_CARD", "4111 1111 1111 1111", "The card is 4111 1111 1111 1111."),
    ("IBAN", "DE89 3704 0044 0532 0130 00", "Pay to DE89 3704 0044 0532 0130 00, please."),
    ("US_SSN", "536-22-8741", "The social security number is 536-22-8741."),
    ("IP_ADDRESS", "203.0.113.77", "The login came from 203.0.113.77 at night."),
    ("API_KEY", "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a", ""),
)


def _text(value: str, sentence: str) -> str:
    return sentence or f"The token {value} is in use."


def python() -> Check:
    """Whether this Python is one that the gateway is made for."""
    seen = ".".join(map(str, sys.version_info[:3]))
    if LOWEST_PYTHON <= sys.version_info[:2] <= HIGHEST_PYTHON:
        return Check("python", Status.OK, seen)
    return Check("python", Status.FAILED, seen, "install Python 3.11, 3.12 or 3.13")


def versions() -> Check:
    """What is installed."""
    seen = [f"cloakroom {__version__}", *(f"{name} {version(name)}" for name in PACKAGES)]
    return Check("versions", Status.OK, ", ".join(seen))


def exposure(settings: Settings) -> Check:
    """Whether callers are known wherever the gateway can be reached from."""
    listen = settings.listen
    seen = f"auth {settings.auth.mode}, listens on {listen.host} port {listen.port}"
    try:
        check_exposure(settings, insecure=False)
    except ConfigError as error:
        advice = error.problems[0].hint or error.problems[0].message
        return Check("exposure", Status.WARNING, seen, advice)
    return Check("exposure", Status.OK, seen)


def policies(settings: Settings, types: frozenset[str]) -> list[Check]:
    """Whether the policies can be read, and what a careful author would look at again.

    `types` are those that the configured detector finds.
    """
    try:
        policy = load_policies(settings.policies, frozenset(installed_operators()))
    except ConfigError as error:
        return [_of_problem("policy", problem) for problem in error.problems]
    done = [Check("policy", Status.OK, f"{policy.id}: {len(policy.rules)} rules")]
    known = known_types().union(types)
    for problem in lint.warnings(policy, known, treats()):
        done.append(replace(_of_problem("policy", problem), status=Status.WARNING))
    return done


def policy_cases() -> Check:
    """Whether the shipped policies do what their own test cases say."""
    failed: list[str] = []
    count = 0
    try:
        for name in shipped_policies():
            file = shipped_policy(name)
            cases = parse_cases(strictyaml.load(file.parent / "tests" / file.name))
            results = run_cases(load_policies([file]), cases)
            count += len(results)
            failed += [f"{name}: {one.case.name}" for one in results if one.failures]
    except ConfigError as error:
        return _of_problem("policy cases", error.problems[0])
    if failed:
        seen = f"{len(failed)} of {count} fail: {', '.join(failed)}"
        return Check("policy cases", Status.FAILED, seen, "install the package again")
    return Check(
        "policy cases", Status.OK, f"{count} cases of {', '.join(shipped_policies())} hold"
    )


def _of_problem(name: str, problem: Problem) -> Check:
    seen = str(replace(problem, hint=""))
    return Check(name, Status.FAILED, seen, problem.hint or "correct the file")


def master_key(settings: Settings) -> Check:
    """Whether there is a master key, for the gateway's eyes alone."""
    if settings.is_key_lent:
        if database_file(settings.audit.url).exists():
            seen = "the audit log is there, but not the key that it was begun with"
            return Check("master key", Status.FAILED, seen, "bring it back from a backup")
        seen = "there is none yet"
        return Check("master key", Status.WARNING, seen, f"{_FIRST} makes it: then back it up")
    for notice in settings.notices:
        seen, _, advice = notice.partition(": ")
        if seen == EXPOSED_KEY:
            return Check("master key", Status.FAILED, seen, advice)
    return Check("master key", Status.OK, "32 bytes, private")


def callers(settings: Settings) -> list[Check]:
    """Whether the keys file is there and whole, and lets somebody in."""
    file = settings.auth.keys_file
    if file is None:
        return []
    add = "make a key with: cloakroom apikeys add"
    if not file.exists():
        return [Check("keys file", Status.FAILED, f"there is no file {file}", add)]
    try:
        entries = read_keys(file)
    except ConfigError as error:
        return [_of_problem("keys file", problem) for problem in error.problems]
    valid = sum(one.revoked is None for one in entries)
    seen = f"{valid} keys in force, {len(entries) - valid} revoked"
    if not valid:
        return [Check("keys file", Status.WARNING, f"{seen}: nobody is let in", add)]
    return [Check("keys file", Status.OK, seen)]


async def audit(settings: Settings) -> Check:
    """Whether the audit store takes a write, by a transaction that is rolled back."""
    begun = time.monotonic()
    try:
        untried = _untried(settings)
        if untried is not None:
            return untried
        store = SqlAuditStore(settings.audit.url, settings.master_key)
        await store.start()
        try:
            writable = await store.probe()
        finally:
            await store.aclose()
    except ConfigError as error:
        return _of_problem("audit", error.problems[0])
    if not writable:
        advice = "see that the folder may be written to and has room"
        return Check("audit", Status.FAILED, f"{store.place} does not take writes", advice)
    if is_postgres(settings.audit.url):
        missing = await asyncio.to_thread(_unsigned, settings.audit)
        if missing is not None:
            return missing
    return Check("audit", Status.OK, f"{store.place} takes writes ({_ms(begun)} ms)")


def _untried(settings: Settings) -> Check | None:
    """What there is to say where the store must not be tried, which would make it, or write to it
    with a key that is not its own; None where it may be. Raises `ConfigError`."""
    if is_postgres(settings.audit.url):
        return None
    file = database_file(settings.audit.url)
    if file.exists():
        why = "not tried without its key"
        known = Check("audit", Status.WARNING, why, "see what is said of the master key")
        return known if settings.is_key_lent else None
    if not os.access(file.absolute().parent, os.W_OK | os.X_OK):
        advice = "let the gateway's user write there, or set audit.url"
        return Check("audit", Status.FAILED, f"{file} cannot be made in its folder", advice)
    return Check("audit", Status.OK, f"{file} is not there yet: {_FIRST} makes it")


def _unsigned(settings: Audit) -> Check | None:
    """Why nothing would be signed, though records are written; None where it would."""
    file = settings.signing_key_file
    if file is not None and not file.exists():
        seen = f"there is no file of signing keys: {file}"
        advice = f"copy it from another gateway, or run `{MIGRATE}`, which makes it"
        return Check("audit", Status.FAILED, seen, advice)
    backend = PostgresBackend(settings.url, 5.0)
    try:
        login, missing = backend.missing_roles()
    except sql.DatabaseFault as fault:
        seen = f"the roles of the login cannot be read ({fault})"
        return Check("audit", Status.WARNING, seen, "run this command again")
    if not missing:
        return None
    roles = ", ".join(missing)
    seen = f"{backend.place}: the login is no member of {roles}: nothing is signed"
    return Check("audit", Status.FAILED, seen, f"as a superuser run: GRANT {roles} TO {login}")


async def detection(settings: Settings) -> tuple[list[Check], frozenset[str]]:
    """Whether the detector can be made as configured and finds what it must; and its types."""
    try:
        finder = make_detector(settings.detection)
    except ConfigError as error:
        return [_of_problem("detector", one) for one in error.problems], frozenset()
    try:
        made = Check("models", Status.OK, _models(settings.detection, finder.classifier_digest))
        return [made, await _finds(finder)], finder.entity_types
    finally:
        await finder.aclose()


def _models(settings: Detection, digest: str) -> str:
    """The profile, the models, and what is plugged in."""
    own = f"its files are whole (manifest {digest[:12]})" if digest else "no model"
    parts = [f"profile {settings.profile}: {own}"]
    engines = [one.kind for one in settings.engines]
    plugged = [
        *settings.recognizer_modules,
        *(one.name for one in settings.recognizer_files),
        *settings.predefined,
        *sorted(one.name for one in entry_points(group=GROUP)),
    ]
    parts.append(f"engines: {', '.join(engines) or 'none'}")
    parts.append(f"recognizers plugged in: {', '.join(plugged) or 'none'}")
    parts.append(f"languages: {', '.join(sorted(settings.languages))}")
    return "; ".join(parts)


async def _finds(finder: Detector) -> Check:
    """Whether a planted value of each of eight types is found."""
    advice = "look at detection.thresholds and detection.allow in the configuration"
    texts = [_text(value, sentence) for _, value, sentence in PLANTED]
    begun = time.monotonic()
    try:
        spans = await finder.detect(texts, "default")
    except GatewayError as error:
        return Check("detector", Status.FAILED, error.message, advice)
    missed = [
        entity_type
        for (entity_type, value, _), text, found in zip(PLANTED, texts, spans, strict=True)
        if not _covered(text, value, found)
    ]
    if missed:
        return Check("detector", Status.FAILED, f"does not find {', '.join(missed)}", advice)
    return Check("detector", Status.OK, f"finds all {len(PLANTED)} types ({_ms(begun)} ms)")


def _covered(text: str, value: str, spans: Sequence[Span]) -> bool:
    start = text.index(value)
    return any(one.start <= start and start + len(value) <= one.end for one in spans)


async def round_trip(settings: Settings) -> Check:
    """Whether values are masked on their way out and stand in the answer, letter for letter.

    Through the whole pipeline and the loopback upstream, with a policy that masks everything and
    an audit log of its own.
    """
    advice = "this is a fault of the gateway: please report it with this table"
    text = " ".join(_text(value, sentence) for _, value, sentence in PLANTED)
    body = {"model": "check", "messages": [{"role": "user", "content": text}]}
    caller = Caller(Subject("default", "doctor"), "req_doctor")
    loopback = Upstream(name="loopback", kind="loopback", upstream_class=UpstreamClass.ON_PREM)
    begun = time.monotonic()
    try:
        async with thrown_away(replace(settings, upstreams=(loopback,))) as parts:
            admitted = await parts.pipeline.admit(orjson.dumps(body), caller, CHAT)
            answer = orjson.loads(await parts.pipeline.complete(admitted))
    except ConfigError as error:
        return Check("round trip", Status.FAILED, error.problems[0].message, advice)
    except GatewayError as error:
        return Check("round trip", Status.FAILED, f"{error.code}: {error.message}", advice)
    left = admitted.masked.body.decode()
    kept = [entity_type for entity_type, value, _ in PLANTED if value in left]
    if kept:
        return Check("round trip", Status.FAILED, f"left unmasked: {', '.join(kept)}", advice)
    if answer["choices"][0]["message"]["content"] != PREFIX + text:
        return Check("round trip", Status.FAILED, "the answer was not restored", advice)
    return Check("round trip", Status.OK, f"masked, sent, restored, recorded ({_ms(begun)} ms)")


async def upstreams(settings: Settings) -> list[Check]:
    """Whether a connection to each upstream can be opened. A warning at most: they come and go."""
    return await asyncio.gather(*(_reach(one, settings) for one in settings.upstreams))


async def _reach(upstream: Upstream, settings: Settings) -> Check:
    name = f"upstream {upstream.name}"
    if upstream.kind == "loopback":
        return Check(name, Status.OK, "loopback: inside the gateway")
    url = urlsplit(upstream.proxy_url or upstream.base_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    via = " (its proxy)" if upstream.proxy_url else ""
    place = f"{url.hostname} port {port}{via}"
    try:
        tls = _tls(upstream) if url.scheme == "https" else None
        async with asyncio.timeout(settings.limits.connect_s):
            _, writer = await asyncio.open_connection(url.hostname, port, ssl=tls)
        writer.close()
    except ssl.SSLError:
        advice = "see that the certificate is valid for this name, and upstreams.ca_file"
        return Check(name, Status.WARNING, f"{place}: no trust in its certificate", advice)
    except OSError:  # a TimeoutError is one
        advice = "see that it runs and that the network lets this host reach it"
        return Check(name, Status.WARNING, f"{place} cannot be reached", advice)
    if upstream.kind in KEYED and upstream.api_key is None:
        advice = f"set api_key: a server of kind {upstream.kind} refuses requests without one"
        return Check(name, Status.WARNING, f"{place} answers, but there is no api_key", advice)
    return Check(name, Status.OK, f"{place} answers{' over TLS' if tls else ''}")


def _tls(upstream: Upstream) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if upstream.proxy_url else upstream.ca_file)
    if upstream.client_cert_file and not upstream.proxy_url:
        context.load_cert_chain(upstream.client_cert_file, upstream.client_key_file)
    return context


def _ms(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
