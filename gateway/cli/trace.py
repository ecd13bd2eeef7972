"""`cloakroom trace`: one request's way, sent for real, as tables, JSON or a page with pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from gateway import telemetry
from gateway.cli import highlight
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.cli.inspect import body_of, read_input
from gateway.config import MissingKey
from gateway.settings import Settings
from gateway.tracing.model import Token, Trace
from gateway.tracing.page import page
from gateway.tracing.tokenizer import Encode, TokenizerProblem, open_tokenizer
from gateway.tracing.tokenpage import OTHER_TOKENIZER
from gateway.types import Subject

_BAR: Final = 18  # characters of a whole

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def trace(
    file: Annotated[Path, typer.Argument(help="A file; - for standard input.")] = Path("-"),
    config: ConfigOption = None,
    model: Annotated[str | None, typer.Option(help="The model to ask.")] = None,
    tenant: Annotated[str, typer.Option(help="The caller's tenant.")] = "default",
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help="The model's tokenizer.json, or its folder: shows the text's tokens before"
            " masking, too. It is read here; the text is sent nowhere for that."
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with pictures here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Send a text for real, masked and on record, and show every step of its way.

    The text is a user's message, or a whole chat request if it is a JSON object with "messages".
    What is shown holds the text's values: it is for who sends it, and kept nowhere.
    """
    telemetry.install()
    raw = read_input(file)
    encode = None if tokenizer is None else _tokenizer(tokenizer)
    settings = load_settings(config, MissingKey.MAKE)
    body = body_of(raw, model, settings)
    seen = asyncio.run(_trace(settings, body, Subject(tenant, "trace"), encode))
    if html is not None:
        html.write_text(page(seen), encoding="utf-8")
    if as_json:
        print_json(asdict(seen))
        return
    _show(seen)
    if html is not None:
        console.print(Text(f"\nThe page is in {html}."))


def _tokenizer(path: Path) -> Encode:
    try:
        return open_tokenizer(path)
    except TokenizerProblem as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None


async def _trace(settings: Settings, body: bytes, subject: Subject, encode: Encode | None) -> Trace:
    from gateway.app import open_parts  # noqa: PLC0415 -- slow: mistakes are said without it
    from gateway.tracing.running import trace as run  # noqa: PLC0415

    parts = open_parts(settings)
    try:
        await parts.store.start()
        return await run(parts, body, subject, encode)
    finally:
        await parts.aclose()


def _show(seen: Trace) -> None:
    end = max((one.at + one.took for one in seen.steps), default=1.0) or 1.0
    steps = Table("Step", "What it did", "Took", title="Steps")
    steps.add_column("", no_wrap=True, min_width=_BAR)
    for step in seen.steps:
        before = int(step.at / end * _BAR)
        bar = " " * before + "\u2588" * max(1, round(step.took / end * _BAR))
        steps.add_row(step.name, step.said, f"{step.took:.1f} ms", bar[:_BAR])
    console.print(steps)
    if seen.findings:
        found = Table("Type", title="Findings")
        for name in ("Value", "What left", "Score", "Found by"):
            found.add_column(name, overflow="fold")
        for one in seen.findings:
            value, became = highlight.safe(one.value), highlight.safe(one.became)
            found.add_row(
                one.entity_type, Text(value), Text(became), f"{one.score:.2f}", one.recognizer
            )
        console.print(found)
    route = Table("Route", "", title="Which way, and why", show_header=False)
    for name, said in {**seen.route, **{key: str(n) for key, n in seen.usage.items()}}.items():
        route.add_row(name, Text(said))
    if seen.said:
        route.add_row("first token", f"{seen.first_token_ms:.0f} ms")
        route.add_row("speed", f"{seen.tokens_per_second:.1f} tokens/s")
    console.print(route)
    for cut in seen.cuts:
        _show_tokens(f"Written, {len(cut.before)} tokens: ", cut.before, "black on yellow")
        _show_tokens(f"Sent, {len(cut.after)} tokens: ", cut.after, "black on green")
    if seen.cuts and not seen.same_tokenizer:
        console.print(Text(f"\n{OTHER_TOKENIZER}", style="yellow"))
    if seen.tokens:
        _show_tokens("Prompt tokens: ", seen.tokens, "black on green")
    _show_said(seen)
    console.print(Text("\nAnswer", style="bold underline"))
    console.print(Text(highlight.safe(seen.answer)), soft_wrap=True)


def _show_tokens(title: str, tokens: Sequence[Token], style: str) -> None:
    pieces = Text(f"\n{title}")
    for token in tokens:
        pieces.append(highlight.safe(token.text), style=style if token.of else "on grey23")
        pieces.append("\u00b7", style="dim")
    console.print(pieces, soft_wrap=True)


def _show_said(seen: Trace) -> None:
    if not any(one.candidates for one in seen.said):
        return
    said = Table("At", "Said", "What else it could be", title="Token by token")
    for one in seen.said[:40]:
        others = ", ".join(
            f"{highlight.safe(each.text)!r} {each.probability:.0%}" for each in one.candidates
        )
        said.add_row(f"{one.at:.0f} ms", Text(highlight.safe(one.text)), Text(others))
    console.print(said)
    if len(seen.said) > 40:
        console.print(f"... {len(seen.said) - 40} more; --html or --json has them all", style="dim")
