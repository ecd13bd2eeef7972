"""`cloakroom inspect`: what would leave for a text. Nothing is sent and nothing is recorded."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.table import Table
from rich.text import Text

from gateway.cli import highlight
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.config import MissingKey
from gateway.errors import RequestError
from gateway.exchange import Caller, Detected, Preview
from gateway.masking.strictest import type_of
from gateway.settings import Settings
from gateway.types import Decision, Finding, Json, Leaf, LeafKind, Subject
from gateway.wire.body import parse_body
from gateway.wire.families import CHAT, CODECS, COMPLETIONS, RESPONSES
from gateway.wire.family import Codec

ANY_MODEL: Final = "model"
_TELLING: Final = {"messages": CHAT, "input": RESPONSES, "prompt": COMPLETIONS}
"""The members by which a request tells its API; Anthropic's looks like a chat."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A file; - for standard input.")] = Path("-"),
    config: ConfigOption = None,
    endpoint: Annotated[
        str, typer.Option(help="The API of the request, such as messages; else it is told by it.")
    ] = "",
    model: Annotated[str | None, typer.Option(help="The model to ask for.")] = None,
    tenant: Annotated[str, typer.Option(help="The caller's tenant.")] = "default",
    role: Annotated[list[str] | None, typer.Option(help="A role of the caller.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would leave for a text, without sending it.

    The text is a user's message, or a whole request if it is a JSON object with "messages",
    "input" or "prompt".
    """
    raw = read_input(file)
    codec = codec_of(endpoint, raw)
    settings = load_settings(config, MissingKey.LEND)
    for notice in settings.notices:
        typer.echo(f"note: {notice}", err=True)
    body = body_of(raw, model, settings)
    caller = Caller(Subject(tenant, "inspect", frozenset(role or ())), "req_inspect")
    preview = asyncio.run(_preview(settings, body, caller, codec))
    if as_json:
        print_json(document(preview))
    else:
        _show(preview)


def read_input(file: Path) -> bytes:
    """A file's bytes, or those of standard input."""
    if str(file) == "-":
        if sys.stdin.isatty():
            typer.echo("Type or paste the text; end with Ctrl-D.", err=True)
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        typer.echo(f"cannot read {file}: {error.strerror}", err=True)
        raise typer.Exit(2) from None


def body_of(raw: bytes, model: str | None, settings: Settings) -> bytes:
    """The request: the input itself if it is one, else one whose only message is the input."""
    if _is_request(raw):
        if model is None:
            return raw  # untouched, so that what the gateway refuses is refused here
        document = parse_body(raw, settings.limits.depth)
        document["model"] = model
        return orjson.dumps(document)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise RequestError("The text is not UTF-8.", code="invalid_utf8") from None
    message = {"role": "user", "content": text.removesuffix("\n")}
    return orjson.dumps({"model": model or _first_model(settings), "messages": [message]})


def codec_of(endpoint: str, raw: bytes) -> Codec:
    """The codec of an endpoint by its path or the end of it; without one, of the request itself.

    Raises:
        typer.Exit: there is no such endpoint.
    """
    if not endpoint:
        return next((codec for key, codec in _TELLING.items() if _is_request(raw, key)), CHAT)
    for codec in CODECS:
        if endpoint.strip("/") in (codec.path[1:], codec.endpoint[1:], codec.family.value):
            return codec
    known = ", ".join(codec.path[1:] for codec in CODECS)
    typer.echo(f"no such endpoint; there are {known}", err=True)
    raise typer.Exit(2)


def _is_request(raw: bytes, *keys: str) -> bool:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and any(key in document for key in keys or _TELLING)


def _first_model(settings: Settings) -> str:
    """The first model that is configured by its own name; any will do where none is."""
    named = (name for one in settings.upstreams for name in (*one.model_map, *one.models))
    return next((name for name in named if not set("*?[") & set(name)), ANY_MODEL)


async def _preview(settings: Settings, body: bytes, caller: Caller, codec: Codec) -> Preview:
    from gateway.app import open_parts  # noqa: PLC0415 -- slow: mistakes are said without it

    # Nothing goes on record, so that nothing is signed, and no keys are made to do it with.
    unsigned = replace(settings, audit=replace(settings.audit, signing_key_file=None))
    parts = open_parts(unsigned)
    try:
        return await parts.pipeline.preview(body, caller, codec)
    finally:
        await parts.aclose()


def document(preview: Preview) -> dict[str, Json]:
    """The preview as JSON. Offsets are in code points, half-open, of the string at `path`.

    Where that string holds JSON itself, `inner` is the range of the string literal in it and the
    offsets are those of the literal's text.
    """
    decision = preview.decision
    upstream = decision.candidates[0].name if decision.candidates else None
    masked = preview.masked
    return {
        "findings": [_finding(preview.parsed.leaves[one.leaf], one) for one in preview.findings],
        "languages": list[Json](sorted(preview.detected.languages)),
        "unsupported_languages": list[Json](sorted(preview.detected.unsupported_languages)),
        "decision": {
            "effect": decision.effect.value,
            "rule_ids": list(decision.rule_ids),
            "reason": decision.reason,
            "upstream": upstream,
            "upstream_class": decision.upstream_class.value if decision.upstream_class else None,
            "policy": decision.policy_id,
        },
        "masked": orjson.loads(masked.body) if masked is not None else None,
    }


def _finding(leaf: Leaf, one: Finding) -> dict[str, Json]:
    inner: dict[str, Json] = {"inner": list(leaf.inner)} if leaf.inner else {}
    others = sorted({part.entity_type for part in one.parts} - {one.entity_type})
    also: dict[str, Json] = {"also": list[Json](others)} if others else {}
    return {
        "path": highlight.place(leaf.path),
        "start": one.start,
        "end": one.end,
        "entity_type": one.entity_type,
        "score": one.score,
        "recognizer": one.recognizer,
        **also,
        **inner,
    }


# --- for people -----------------------------------------------------------------------------------


def _show(preview: Preview) -> None:
    console.print(_verdict(preview.decision))
    console.print(_languages(preview.detected))
    leaves = preview.parsed.leaves
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    for one in preview.findings:
        found[one.leaf].append(one)
    for index, leaf in enumerate(leaves):
        if index in found:
            spans = [(one.start, one.end, one.entity_type) for one in found[index]]
            _heading(_where(leaf))
            console.print(highlight.findings(leaf.text, spans), soft_wrap=True)
    if preview.findings:
        _heading("Findings")
        console.print(_table(preview))
    else:
        console.print("\nNothing was found.")
    if preview.masked is None:
        console.print("\nNothing would leave.", style="bold")
        return
    _heading("What would leave")
    body = orjson.loads(preview.masked.body)
    pretty = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
    cores = preview.masked.restoration.surfaces
    console.print(highlight.placeholders(pretty, cores), soft_wrap=True)


def _verdict(decision: Decision) -> Text:
    shown = Text("Decision: ")
    rules = ", ".join(decision.rule_ids) or "no rule names this"
    if not decision.candidates:
        shown.append("deny", style="bold red")
        return shown.append(f" ({decision.policy_id}: {rules}). {decision.reason}")
    upstream = decision.candidates[0]
    shown.append(decision.effect.value, style="bold green")
    shown.append(f" ({decision.policy_id}: {rules}), to upstream ")
    return shown.append(f"{upstream.name} ({upstream.upstream_class.value})")


def _languages(detected: Detected) -> Text:
    shown = Text("Languages: " + (", ".join(sorted(detected.languages)) or "not clear"))
    if detected.unsupported_languages:
        codes = ", ".join(sorted(detected.unsupported_languages))
        shown.append(f"; names are not looked for in {codes}", style="bold yellow")
    return shown


def _heading(text: str) -> None:
    console.print()
    console.print(Text(text, style="bold underline"))


def _where(leaf: Leaf) -> str:
    kind = {LeafKind.KEY: " (a key)", LeafKind.NUMBER: " (a number)"}.get(leaf.kind, "")
    inner = f" (JSON inside, at {leaf.inner[0]})" if leaf.inner else ""
    return highlight.safe(highlight.place(leaf.path)) + kind + inner


def _table(preview: Preview) -> Table:
    table = Table("Type", "Score", "Recognizer", "Operator", "Place")
    for one in preview.findings:
        leaf = preview.parsed.leaves[one.leaf]
        table.add_row(
            Text(one.entity_type, style=highlight.hue(one.entity_type)),
            f"{one.score:.2f}",
            one.recognizer,
            _operator(preview, type_of(one, preview.decision.operator_for)),
            Text(f"{_where(leaf)} {one.start}-{one.end}"),
        )
    return table


def _operator(preview: Preview, entity_type: str) -> str:
    """The operator that policy asks for, with its options: `surrogate (keep: format, locale)`."""
    if preview.masked is None:
        return "-"
    use = preview.decision.operator_for(entity_type)
    options = "; ".join(f"{name}: {', '.join(words)}" for name, words in use.options)
    return f"{use.name} ({options})" if options else use.name
