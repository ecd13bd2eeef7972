"""One vLLM server: requests with what a shared server needs to be told, and looks at how it is.

Nothing but the endpoints named here is ever asked, and no text of an answer that is an error, a
metric or a list of models gets further than to what reads it for figures and names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from gateway.errors import UpstreamFailed
from gateway.keyring import derive
from gateway.routing import fitting
from gateway.routing.asking import Ask, Route
from gateway.routing.balance import Load
from gateway.routing.candidates import target_model
from gateway.routing.counting import question, turns_of
from gateway.routing.health import State
from gateway.routing.reported import Known, load_of, models_of
from gateway.routing.salts import priority, salt
from gateway.settings import Limits, Vllm
from gateway.settings import Upstream as UpstreamSettings
from gateway.upstreams import failures
from gateway.upstreams.http import JSON, Call, HttpClient, HttpReply, HttpUpstream
from gateway.upstreams.openai import OpenAIKind

if TYPE_CHECKING:
    from gateway.masking.mask import MaskedRequest

PATHS: Final = frozenset({"/chat/completions", "/completions", "/responses", "/messages"})
LOOK: Final = Limits(connect_s=1.0, first_byte_s=1.5, idle_s=1.5)
_TEXT: Final = "text/plain"
_NOTHING: Final = "application/octet-stream"  # the type of what has none
_MOST_BYTES: Final = 4 * 2**20
MODELS_EVERY: Final = 15  # looks


@dataclass(frozen=True, slots=True)
class VllmKind(OpenAIKind):
    """Implements `http.Kind`."""

    def target(self, path: str, _model: str) -> tuple[str, Mapping[str, str]]:
        """The family's own path. Raises `UpstreamFailed` for what is no family's."""
        if path not in PATHS:
            raise failures.invalid()
        return path, {}


class Replica:
    """Implements `asking.Member`.

    Args:
        settings: those of the pool's upstream.
        url: where the server is, without the API's `/v1`.
        server_name: the name on its certificate, where that is not the URL's host.

    Raises:
        ConfigError: as `HttpUpstream`.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        limits: Limits,
        master: bytes,
        url: str,
        server_name: str | None = None,
    ) -> None:
        self.name = url
        self.known = Known()
        self._settings = settings
        self._pool = settings.vllm or Vllm()
        self._salt_key = derive(master, "vllm-salt")
        self._api = HttpUpstream(
            replace(settings, base_url=f"{url}/v1"), limits, VllmKind(settings.api_key), server_name
        )
        self._root = HttpClient(replace(settings, base_url=url), LOOK, server_name)
        self._until_models = 0

    def __repr__(self) -> str:
        return f"Replica(is_up={self.is_up})"

    @property
    def is_up(self) -> bool:
        """Whether it said that it is well, or was not yet asked."""
        return self.known.is_up

    @property
    def state(self) -> State:
        """What looks at it have shown."""
        return self.known.state(self._pool.root)

    @property
    def load(self) -> Load:
        """What it says of its load."""
        return self.known.load

    def serves(self, model: str) -> bool:
        """Whether it has a model, by the name under which callers ask for it."""
        return self.known.serves(target_model(self._settings, model), self._pool.root)

    def has_other(self, model: str) -> bool:
        """Whether another model stands behind that name than the configuration expects."""
        return self.known.has_other(target_model(self._settings, model), self._pool.root)

    async def send(self, ask: Ask, route: Route) -> HttpReply:
        """Send the request with its salt, and wait for the first byte of the answer.

        Raises:
            UpstreamFailed: as `HttpUpstream.send`.
            RequestError: as `HttpUpstream.send`, or it is too long for the model.
        """
        request = ask.request.with_fields(
            cache_salt=salt(self._salt_key, self._pool, ask.tenant, ask.principal)
        )
        if self._pool.priorities is not None:
            request = request.with_fields(priority=priority(self._pool.priorities, ask.tenant))
        if request.path == "/responses" and not self._settings.stores_answers:
            request = request.with_fields(store=False)
        request = await self._fitted(ask, request, route)
        try:
            return await self._api.send(request, ask.request_id, ask.headers, ask.traceparent)
        except UpstreamFailed as error:
            if error.code == "upstream_model_not_found":
                self._until_models = 0
            raise

    async def _fitted(self, ask: Ask, request: MaskedRequest, route: Route) -> MaskedRequest:
        """The request, or what is left of it where all of it is too long. Raises `RequestError`."""
        model = target_model(self._settings, request.model)
        longest = self.known.longest(model)
        if not longest:
            return request
        body = request.body
        document = orjson.loads(body)
        room = fitting.wanted(document)
        if not fitting.may_be_too_long(len(body), room, longest):
            return request
        size = await self._count(request.path, document | {"model": model})
        if size is None or size + room <= longest:
            return request
        place, given = turns_of(request.path, document)
        count = len(fitting.turns(given)) - 1
        if not ask.drops_turns or count < 1:
            raise fitting.too_long(size, room, longest)
        return await self._shortened(request, document | {"model": model}, place, count, route)

    async def _shortened(
        self,
        request: MaskedRequest,
        document: dict[str, Any],
        place: str,
        most: int,
        route: Route,
    ) -> MaskedRequest:
        """The request without as many of its oldest turns as must go, of the `most` that may."""
        given, room = document[place], fitting.wanted(document)
        longest = self.known.longest(document["model"])

        async def size(count: int) -> int:
            kept = [given[index] for index in fitting.without_oldest(given, count)]
            counted = await self._count(request.path, document | {place: kept})
            return 0 if counted is None else counted  # it says itself what is too long

        left = await size(most)
        if left + room > longest:
            raise fitting.too_long(left, room, longest)
        low, high = 1, most  # the fewest that must go are between them
        while low < high:
            middle = (low + high) // 2
            if await size(middle) + room <= longest:
                high = middle
            else:
                low = middle + 1
        route.dropped_turns = high
        return request.with_turns(place, fitting.without_oldest(given, high))

    async def _count(self, path: str, document: Mapping[str, Any]) -> int | None:
        """How many tokens the server makes of a request; None where it does not say."""
        asked = question(path, document)
        if asked is None:
            return None
        body = orjson.dumps(asked.body)
        call = Call(asked.place, self._headers(JSON), body, types=frozenset({JSON}))
        told = _document(await self._read(self._root, call))
        counted = told.get(asked.answer) if isinstance(told, dict) else None
        return counted if type(counted) is int and counted >= 0 else None

    async def tokens(self, request: MaskedRequest) -> Sequence[tuple[int, str]]:
        """The tokens that it makes of a request: numbers and texts; none where it does not say."""
        document = orjson.loads(request.body)
        document["model"] = target_model(self._settings, request.model)
        asked = question(request.path, document)
        if asked is None or asked.place != "tokenize":
            return ()
        body = orjson.dumps({**asked.body, "return_token_strs": True})
        call = Call(asked.place, self._headers(JSON), body, types=frozenset({JSON}))
        return tokens_in(_document(await self._read(self._root, call)))

    async def look(self) -> None:
        """See how it is: whether it is well, how much there is to do, and now and then what it
        serves."""
        types = frozenset({_NOTHING, _TEXT, JSON})
        health = Call("health", {}, method="GET", types=types, endless=True)
        was_up = self.is_up
        well = await self._read(self._root, health) is not None
        self.known = self.known.seen(well=well)
        if not well:
            self._until_models = 0
            return
        call = Call("metrics", {}, method="GET", types=frozenset({_TEXT}))
        metrics = await self._read(self._root, call)
        self.known = self.known.told(load_of((metrics or b"").decode("utf-8", "replace")))
        if self._until_models <= 0 or not was_up:
            await self._look_at_models()
        self._until_models -= 1

    async def _look_at_models(self) -> None:
        call = Call("v1/models", self._headers(JSON), method="GET", types=frozenset({JSON}))
        models = models_of(_document(await self._read(self._root, call)))
        if models is not None:
            self.known = replace(self.known, models=models)
            self._until_models = MODELS_EVERY

    def _headers(self, kind: str) -> dict[str, str]:
        return {**self._api.headers("look", {}), "content-type": kind}

    async def _read(self, client: HttpClient, call: Call) -> bytes | None:
        """All of an answer; None where there is none."""
        try:
            reply = await client.send(call)
        except UpstreamFailed:
            return None
        read = b""
        try:
            async for chunk in reply.chunks():
                read += chunk
                if len(read) > _MOST_BYTES:
                    return None
        except UpstreamFailed:
            return None
        finally:
            await reply.aclose()
        return read

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()
        await self._root.aclose()


def tokens_in(told: object) -> list[tuple[int, str]]:
    """The tokens that a server's document names, as numbers and texts; none unless all are such."""
    named = told if isinstance(told, dict) else {}
    numbers, texts = named.get("tokens"), named.get("token_strs")
    if not isinstance(numbers, list) or not isinstance(texts, list):
        return []
    found = list(zip(numbers, texts, strict=False))
    whole = all(type(number) is int and isinstance(text, str) for number, text in found)
    return found if whole and len(numbers) == len(texts) else []


def _document(raw: bytes | None) -> Any:
    try:
        return None if raw is None else orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
