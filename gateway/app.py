"""The composition root: settings in, application out. The only file that chooses parts."""

from __future__ import annotations

import asyncio
import logging
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

from gateway import config, meters, spans, telemetry
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
from gateway.exchange import Caller, Preview, origin
from gateway.expiring import Expirer
from gateway.fleet import Fleet, Serving, Wrap, by_name, open_upstream
from gateway.identity.keys import KeyFile, NoAuth
from gateway.keyring import derive
from gateway.masking.presidio import installed_operators
from gateway.offering import offered
from gateway.pipeline import Pipeline
from gateway.policy.files import PolicyStore, load_policies
from gateway.policy.shipped import shipped_policy
from gateway.reconfiguring import Source, UpstreamReloader
from gateway.recording import Recorder
from gateway.reloading import PolicyReloader
from gateway.retrieving import StoredAnswers
from gateway.routing.health import ServerHealth
from gateway.routing.reporting import HealthReport
from gateway.selftest import Failure, selftest, until_passed
from gateway.settings import Detection, Settings
from gateway.snapshots import remember_policy
from gateway.state import States
from gateway.types import Family, Subject
from gateway.vault.store import SqlVault
from gateway.wire.families import CODECS, RESPONSES
from gateway.wire.family import Codec

Made = TypeVar("Made")

IN_BATCHES: Final = (Family.CHAT, Family.RESPONSES, Family.COMPLETIONS, Family.EMBEDDINGS)
"""The API families of which a batch can be."""


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

    serving: Serving
    detector: PresidioDetector
    store: SqlAuditStore
    outlets: Outlets
    policies: PolicyStore
    vault: SqlVault

    @property
    def pipeline(self) -> Pipeline:
        """That which is in force."""
        return self.serving.current.pipeline

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Looks at the servers of pools, and at others, for as long as the block runs."""
        async with self.serving.watching(), HealthReport(self.health).running():
            yield

    def health(self) -> list[ServerHealth]:
        """How each server of each upstream is, as far as this process knows."""
        return self.pipeline.dispatcher.health(self.pipeline.upstreams.values())

    async def aclose(self) -> None:
        """Close the pools, the workers, the vault, the store and what takes its records on, in this
        order."""
        await self.serving.aclose()
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
    opened = tuple(
        open_upstream(one, settings.limits, settings.master_key, wrap_upstream)
        for one in settings.upstreams
    )
    vault = SqlVault(settings.audit.url, settings.master_key)
    states = States(vault, settings.vault.response_days)
    pipeline = Pipeline(
        settings=settings,
        detector=CachedDetector(detector, derive(settings.master_key, "detection-cache"), entries),
        languages=LanguageReader(derive(settings.master_key, "language-cache"), entries),
        classifier=detector.classifier_digest,
        entity_types=detector.entity_types,
        upstreams=by_name(opened),
        recorder=Recorder(outlets.sink),
        policy=lambda: policies.current,
        operators=operators,
        states=states,
    )
    codecs = {one.endpoint: one for one in CODECS if one.family in IN_BATCHES}
    batches = BatchParts(pipeline, {}, Shelf(vault, settings.vault.batch_days), codecs)
    answers = StoredAnswers(pipeline, states, {}, RESPONSES)
    fleet = Fleet(opened, pipeline, batches, answers).with_upstreams(settings, opened)
    serving = Serving(fleet, wrap_upstream)
    return Parts(serving, detector, store, outlets, policies, vault)


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


def create_app(
    settings: Settings, *, wrap_upstream: Wrap | None = None, source: Source | None = None
) -> FastAPI:
    """The application. Its parts are opened here and closed when it stops.

    `state.leave()` has it say that it is not ready any more: it is going to stop. Where it has a
    `source`, the upstreams are kept as that says.
    """
    parts = open_parts(settings, wrap_upstream)
    process = _Process(settings, parts, caller_keys(settings), source)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with process.running(desk):
            yield

    app = FastAPI(
        title="Cloakroom", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )  # fmt: skip
    app.state.leave = process.leave
    install_error_handlers(app)
    checks = process.checks()
    app.include_router(ops_router(checks, process.warnings))
    _add_endpoints(app, parts, settings, process.callers)
    desk: Desk | None = None
    if settings.console.enabled:

        async def look(raw: bytes, caller: Caller, codec: Codec) -> Preview:
            with parts.serving.using(lambda fleet: fleet.pipeline) as pipeline:
                return await pipeline.preview(raw, caller, codec)

        sink = parts.outlets.sink
        desk = open_desk(
            lambda: parts.serving.current.pipeline.settings, sink, checks, process.warnings, look,
            lambda: parts.policies.current.digest, servers=parts.health,
        )  # fmt: skip
        app.router.routes += console_routes(desk)
    return app


class _Process:
    """What goes on in a gateway while it runs, beside its requests."""

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        callers: KeyFile | NoAuth,
        source: Source | None,
    ) -> None:
        self.callers = callers
        self._settings = settings
        self._parts = parts
        self._is_leaving = False
        self._failures: list[Failure] | None = None  # of the self-test, once it has run
        recorder, swap = parts.pipeline.recorder, parts.serving.swap
        self._upstreams = (
            None if source is None else UpstreamReloader(source, settings, swap, recorder)
        )
        keep = self._keep = partial(remember_policy, settings.audit.url, settings.policies)
        self._policies = PolicyReloader(
            parts.policies, recorder, lambda: origin(parts.pipeline.settings.digest), keep=keep,
            on_signal=lambda: None if self._upstreams is None else self._upstreams.ask(),
        )  # fmt: skip

    def leave(self) -> None:
        """Say that it is not ready any more."""
        self._is_leaving = True

    def checks(self) -> dict[str, Callable[[], bool]]:
        """What has to be well for requests to be taken."""
        parts = self._parts
        return {
            "audit": lambda: parts.outlets.sink.ready,
            "policy": lambda: bool(parts.policies.current.rules),
            "keys": lambda: self.callers.ready,
            "selftest": lambda: self._failures == [],
            "draining": lambda: not self._is_leaving,
        }

    def warnings(self) -> list[str]:
        """What is for somebody to see to."""
        return [
            *self._parts.store.warnings(),
            *self._parts.outlets.warnings(),
            *self._policies.warnings(),
            *(self._upstreams.warnings() if self._upstreams is not None else ()),
            *(f"selftest_{one.family}_{one.reason}" for one in self._failures or ()),
        ]

    @asynccontextmanager
    async def running(self, desk: Desk | None) -> AsyncIterator[None]:
        """Start, and have all go on that must, for as long as the block runs; then close all."""
        parts, settings = self._parts, self._settings
        await parts.store.start()
        parts.outlets.start(partial(_record_event, parts))
        await asyncio.to_thread(self._keep, parts.policies.current.digest)
        await _record_start(parts)
        expirer = Expirer(settings.audit.url, settings.master_key, parts.vault)
        try:
            async with AsyncExitStack() as stack:
                going_on = [until_passed(self._try_out), self._policies.running()]
                going_on += [expirer.running(), parts.watching(), sweeping(desk)]
                if self._upstreams is not None:
                    going_on.append(self._upstreams.running())
                for one in going_on:
                    await stack.enter_async_context(one)
                yield
        finally:
            self.leave()
            with suppress(AuditUnavailable):  # the store says so itself; the rest must close
                await _record_event(parts, EventType.PROCESS_STOPPING, "")
            await parts.aclose()
            await asyncio.to_thread(_flush)

    async def _try_out(self) -> bool:
        """Mask a canary and put it back; a gateway that cannot is not ready, and says why, once."""
        pipeline = self._parts.pipeline
        policy = load_policies([shipped_policy("mask-all")])
        known, self._failures = self._failures or [], await selftest(pipeline, policy)
        for one in [each for each in self._failures if each not in known]:
            telemetry.log("selftest_failed", logging.ERROR, family=one.family, reason=one.reason)
            with suppress(AuditUnavailable):
                await _record_event(self._parts, EventType.SELFTEST_FAILED, one.family)
        return not self._failures


def _add_endpoints(
    app: FastAPI, parts: Parts, settings: Settings, callers: KeyFile | NoAuth
) -> None:
    """What callers with keys may ask."""
    known, serving = callers.authenticate, parts.serving
    app.include_router(models_router(partial(_offered, parts), known))
    in_flight = InFlight(settings.limits.in_flight)
    for codec in CODECS:
        endpoint = Endpoint(
            codec, lambda: serving.using(lambda fleet: fleet.pipeline), known, in_flight
        )
        app.router.routes.append(Route(codec.endpoint, endpoint, methods=["POST"]))
    app.router.routes += batch_routes(
        lambda: serving.using(lambda fleet: fleet.batches), known, in_flight
    )
    app.router.routes += response_routes(
        lambda: serving.using(lambda fleet: fleet.answers), known, in_flight
    )


def _offered(parts: Parts, caller: Subject, families: Collection[Family]) -> Mapping[str, str]:
    upstreams = parts.pipeline.settings.upstreams
    return offered(parts.policies.current, upstreams, caller, families)


def _flush() -> None:
    spans.flush()
    meters.flush()


async def _record_start(parts: Parts) -> None:
    """A process that cannot say that it started does not start."""
    policy = parts.policies.current
    await _record_event(parts, EventType.PROCESS_STARTED, parts.store.writer_id)
    await _record_event(parts, EventType.POLICY_LOADED, policy.digest)


async def _record_event(parts: Parts, kind: EventType, target: str) -> None:
    pipeline = parts.pipeline
    await pipeline.recorder.event(kind, origin(pipeline.settings.digest), target)


def source_of(path: Path | None, environ: Mapping[str, str]) -> Source | None:
    """Where the configuration is read again from; None for the embedded default."""
    named = environ.get(config.ENVIRONMENT)
    file = path or (Path(named) if named else None)
    if file is None:
        return None
    return Source(file, partial(config.load, file, environ, config.MissingKey.REFUSE))


def create_app_from_environ() -> FastAPI:
    """For worker processes: the file that CLOAKROOM_CONFIG names, or the embedded default."""
    settings = config.load(None, os.environ)
    return create_app(settings, source=source_of(None, os.environ))
