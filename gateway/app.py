"""The composition root: settings in, application out. The only file that chooses parts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.routing import Route

from gateway import config, meters, spans
from gateway.api.errors import install_error_handlers
from gateway.api.exchanges import Endpoint, InFlight
from gateway.api.files import batch_routes
from gateway.api.models import models_router
from gateway.api.ops import ops_router
from gateway.api.responses import response_routes
from gateway.audit.checkpointing import configured_signing
from gateway.audit.facts import EventType
from gateway.audit.sinks.service import Outlets
from gateway.audit.store import SqlAuditStore
from gateway.batches.parts import BatchParts
from gateway.batches.shelf import Shelf
from gateway.console.desk import Desk, open_desk
from gateway.console.routes import console_routes
from gateway.console.sweeping import sweeping
from gateway.detection.cache import CachedDetector
from gateway.detection.engines.opening import open_engines
from gateway.detection.language.exchange import LanguageReader
from gateway.detection.plugins.known import has_code, known_recognizers
from gateway.detection.plugins.outside import OutsideRecognizers
from gateway.detection.presidio import PresidioDetector
from gateway.detection.tokenclassifier import TokenClassifier
from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.exchange import origin
from gateway.expiring import Expirer
from gateway.identity.keys import KeyFile, NoAuth
from gateway.keyring import derive
from gateway.masking.presidio import installed_operators
from gateway.offering import offered
from gateway.pipeline import Pipeline
from gateway.policy.files import PolicyStore
from gateway.ports import FileStore, StateStore, Upstream
from gateway.recording import Recorder
from gateway.reloading import PolicyReloader
from gateway.retrieving import StoredAnswers
from gateway.routing.health import ServerHealth
from gateway.routing.reporting import HealthReport
from gateway.settings import Detection, Limits, Settings
from gateway.settings import Upstream as UpstreamSettings
from gateway.snapshots import remember_policy
from gateway.state import States
from gateway.types import Family, Subject
from gateway.upstreams.anthropic import anthropic_upstream
from gateway.upstreams.azure import azure_upstream
from gateway.upstreams.files import AZURE_ENDPOINTS, AZURE_URLS, HttpFiles
from gateway.upstreams.http import HttpUpstream
from gateway.upstreams.loopback import LoopbackStates, LoopbackUpstream
from gateway.upstreams.loopback_files import LoopbackFiles
from gateway.upstreams.openai import openai_upstream
from gateway.upstreams.probing import ProbedUpstream
from gateway.upstreams.states import HttpStates
from gateway.upstreams.vllm import VllmPool
from gateway.vault.store import SqlVault
from gateway.wire.families import CODECS, RESPONSES

Wrap = Callable[[Upstream], Upstream]
Made = TypeVar("Made")

HTTP_UPSTREAMS: Final[Mapping[str, Callable[[UpstreamSettings, Limits], HttpUpstream]]] = {
    "openai": openai_upstream,
    "anthropic": anthropic_upstream,
    "azure_openai": azure_upstream,
}
"""The servers that are reached over HTTP, by the kind that the configuration names."""

FILES_OVER_HTTP: Final = ("openai", "azure_openai")
"""Those of them that may take files of requests."""

IN_BATCHES: Final = (Family.CHAT, Family.RESPONSES, Family.COMPLETIONS, Family.EMBEDDINGS)
"""The API families of which a batch can be."""


def make_upstream(settings: UpstreamSettings, limits: Limits, master_key: bytes = b"") -> Upstream:
    """The upstream of the configured kind."""
    if settings.kind == "vllm":
        return VllmPool(settings, limits, master_key)
    if settings.kind == "loopback":
        return LoopbackUpstream(settings)
    return HTTP_UPSTREAMS[settings.kind](settings, limits)


def make_files(settings: UpstreamSettings, upstream: Upstream) -> FileStore | None:
    """What keeps files of requests at an upstream; None where its kind has no such thing."""
    if isinstance(upstream, LoopbackUpstream):
        return LoopbackFiles(upstream)
    if not isinstance(upstream, HttpUpstream) or settings.kind not in FILES_OVER_HTTP:
        return None
    if settings.kind == "azure_openai":
        return HttpFiles(upstream, settings.model_map, AZURE_URLS, AZURE_ENDPOINTS)
    return HttpFiles(upstream, settings.model_map)


def make_states(settings: UpstreamSettings, upstream: Upstream) -> StateStore | None:
    """What gives stored answers back; None where the upstream's kind has no such thing."""
    if isinstance(upstream, LoopbackUpstream):
        return LoopbackStates(upstream)
    if isinstance(upstream, HttpUpstream) and Family.RESPONSES in settings.families:
        return HttpStates(upstream)
    return None


def make_detector(settings: Detection) -> PresidioDetector:
    """The detector with everything that the settings plug into it.

    Raises:
        ConfigError: a model, a recognizer, a list or a pattern cannot be used; all problems of
            recognizers and engines at once.
    """
    problems: list[Problem] = []
    known = _tried(lambda: known_recognizers(settings), problems) or []
    own = _tried(lambda: _own_classifier(settings.profile), problems) or []
    engines = _tried(lambda: open_engines(settings.engines), problems) or []
    outside = _tried(lambda: _outside(settings), problems)
    if not problems:
        try:
            return PresidioDetector(settings, known, [*own, *engines], outside)
        except ValueError as error:
            # Its own constant words: which list, pattern or recognizer cannot be used.
            problems.append(Problem("configuration", 0, "detection", str(error)))
    if outside is not None:
        outside.close()
    raise ConfigError(problems)


def _tried(build: Callable[[], Made], problems: list[Problem]) -> Made | None:
    try:
        return build()
    except ConfigError as error:
        problems += error.problems
        return None


def _outside(settings: Detection) -> OutsideRecognizers | None:
    return OutsideRecognizers(settings.recognizer_modules) if has_code(settings) else None


def _own_classifier(profile: str) -> list[TokenClassifier]:
    """The model of the profile; `patterns` has none, and needs no memory for one."""
    if profile == "patterns":
        return []
    from gateway.detection.tagger.classifier import ModelError, load  # noqa: PLC0415 - loads a runtime

    try:
        return [load(profile)]
    except ModelError as error:
        problem = Problem("configuration", 0, "detection.profile", str(error))
    raise ConfigError([problem])


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that is opened at start and closed at the end."""

    pipeline: Pipeline
    detector: PresidioDetector
    store: SqlAuditStore
    outlets: Outlets
    policies: PolicyStore
    upstreams: Mapping[str, Upstream]
    vault: SqlVault
    batches: BatchParts
    answers: StoredAnswers
    watched: tuple[VllmPool | ProbedUpstream, ...] = ()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Looks at the servers of pools, and at others, for as long as the block runs."""
        async with AsyncExitStack() as stack:
            for one in self.watched:
                await stack.enter_async_context(one.watching())
            await stack.enter_async_context(HealthReport(self.health).running())
            yield

    def health(self) -> list[ServerHealth]:
        """How each server of each upstream is, as far as this process knows."""
        return self.pipeline.dispatcher.health(self.upstreams.values())

    async def aclose(self) -> None:
        """Close the pools, the workers, the vault, the store and what takes its records on, in this
        order."""
        for upstream in self.upstreams.values():
            await upstream.aclose()
        await self.detector.aclose()
        await self.vault.aclose()
        await self.store.aclose()
        await self.outlets.aclose()


def open_parts(settings: Settings, wrap_upstream: Wrap | None = None) -> Parts:
    """Build every part. Raises `ConfigError` where one cannot be."""
    operators = installed_operators()
    policies = PolicyStore(settings.policies, operators=frozenset(operators))
    store = SqlAuditStore(
        settings.audit.url, settings.master_key, configured_signing(settings.audit)
    )
    outlets = Outlets(settings.audit, store)
    detector = make_detector(settings.detection)
    entries = settings.detection.cache_entries
    cache = CachedDetector(detector, derive(settings.master_key, "detection-cache"), entries)
    upstreams = {
        one.name: make_upstream(one, settings.limits, settings.master_key)
        for one in settings.upstreams
    }
    stores = [make_files(one, upstreams[one.name]) for one in settings.upstreams]
    keepers = [make_states(one, upstreams[one.name]) for one in settings.upstreams]
    upstreams |= {
        one.name: ProbedUpstream(upstream, one.probe_s)
        for one in settings.upstreams
        if one.probe_s and isinstance(upstream := upstreams[one.name], HttpUpstream)
    }
    watched = tuple(one for one in upstreams.values() if isinstance(one, VllmPool | ProbedUpstream))
    if wrap_upstream is not None:
        upstreams = {name: wrap_upstream(one) for name, one in upstreams.items()}
    vault = SqlVault(settings.audit.url, settings.master_key)
    states = States(vault, settings.vault.response_days)
    pipeline = Pipeline(
        settings=settings,
        detector=cache,
        languages=LanguageReader(derive(settings.master_key, "language-cache"), entries),
        classifier=detector.classifier_digest,
        entity_types=detector.entity_types,
        upstreams=upstreams,
        recorder=Recorder(outlets.sink),
        policy=lambda: policies.current,
        operators=operators,
        states=states,
    )
    batches = BatchParts(
        pipeline=pipeline,
        stores={one.name: one for one in stores if one is not None},
        shelf=Shelf(vault, settings.vault.batch_days),
        codecs={one.endpoint: one for one in CODECS if one.family in IN_BATCHES},
    )
    answers = StoredAnswers(
        pipeline, states, {one.name: one for one in keepers if one is not None}, RESPONSES
    )
    return Parts(
        pipeline, detector, store, outlets, policies, upstreams, vault, batches, answers, watched
    )


def caller_keys(settings: Settings) -> KeyFile | NoAuth:
    """What knows the callers. Raises `ConfigError` where the keys file is missing or wrong."""
    if settings.auth.mode != "keys" or settings.auth.keys_file is None:
        return NoAuth(settings.auth.tags)
    return KeyFile(settings.auth.keys_file, settings.master_key)


# FastAPI's own traces and logs hold paths, queries and the words of exceptions. By default they go
# to whatever provider the process has, and a variable of the environment makes one.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_app(settings: Settings, *, wrap_upstream: Wrap | None = None) -> FastAPI:
    """The application. Its parts are opened here and closed when it stops.

    `state.leave()` has it say that it is not ready any more: it is going to stop.
    """
    parts = open_parts(settings, wrap_upstream)
    draining = False
    callers = caller_keys(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.store.start()
        parts.outlets.start(partial(_record_event, parts, settings))
        keep = partial(remember_policy, settings.audit.url, settings.policies)
        await asyncio.to_thread(keep, parts.policies.current.digest)
        await _record_start(parts, settings)
        recorder, started_by = parts.pipeline.recorder, origin(settings.digest)
        reloader = PolicyReloader(parts.policies, recorder, started_by, keep=keep)
        expirer = Expirer(settings.audit.url, settings.master_key, parts.vault)
        try:
            async with (
                reloader.running(), expirer.running(), parts.watching(), sweeping(desk),
            ):  # fmt: skip
                yield
        finally:
            leave()
            with suppress(AuditUnavailable):  # the store says so itself; the rest must close
                await _record_event(parts, settings, EventType.PROCESS_STOPPING, "")
            await parts.aclose()
            await asyncio.to_thread(_flush)

    app = FastAPI(
        title="Cloakroom", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )  # fmt: skip

    def leave() -> None:
        nonlocal draining
        draining = True

    app.state.leave = leave
    install_error_handlers(app)
    checks = {
        "audit": lambda: parts.outlets.sink.ready,
        "policy": lambda: bool(parts.policies.current.rules),
        "keys": lambda: callers.ready,
        "draining": lambda: not draining,
    }

    def warnings() -> list[str]:
        return [*parts.store.warnings(), *parts.outlets.warnings()]

    app.include_router(ops_router(checks, warnings))
    _add_endpoints(app, parts, settings, callers)
    desk: Desk | None = None
    if settings.console.enabled:
        look, digest = parts.pipeline.preview, lambda: parts.policies.current.digest
        desk = open_desk(settings, parts.outlets.sink, checks, warnings, look, digest)
        app.router.routes += console_routes(desk)
    return app


def _add_endpoints(
    app: FastAPI, parts: Parts, settings: Settings, callers: KeyFile | NoAuth
) -> None:
    """What callers with keys may ask."""
    app.include_router(models_router(partial(_offered, parts, settings), callers.authenticate))
    in_flight = InFlight(settings.limits.in_flight)
    for codec in CODECS:
        endpoint = Endpoint(codec, parts.pipeline, callers.authenticate, in_flight)
        app.router.routes.append(Route(codec.endpoint, endpoint, methods=["POST"]))
    app.router.routes += batch_routes(parts.batches, callers.authenticate, in_flight)
    app.router.routes += response_routes(parts.answers, callers.authenticate, in_flight)


def _offered(
    parts: Parts, settings: Settings, caller: Subject, families: Collection[Family]
) -> Mapping[str, str]:
    return offered(parts.policies.current, settings.upstreams, caller, families)


def _flush() -> None:
    spans.flush()
    meters.flush()


async def _record_start(parts: Parts, settings: Settings) -> None:
    """A process that cannot say that it started does not start."""
    policy = parts.policies.current
    await _record_event(parts, settings, EventType.PROCESS_STARTED, parts.store.writer_id)
    await _record_event(parts, settings, EventType.POLICY_LOADED, policy.digest)


async def _record_event(parts: Parts, settings: Settings, kind: EventType, target: str) -> None:
    await parts.pipeline.recorder.event(kind, origin(settings.digest), target)


def create_app_from_environ() -> FastAPI:
    """For worker processes: the file that CLOAKROOM_CONFIG names, or the embedded default."""
    named = os.environ.get("CLOAKROOM_CONFIG")
    return create_app(config.load(Path(named) if named else None, os.environ))
