"""`cloakroom demo`: three conversations through a real gateway, with what the model saw.

A server on a free port, the embedded configuration, the official `openai` client and the loopback
upstream, which answers with what it received. What left is what the upstream was given, byte for
byte: it is kept on its way in, not worked out afterwards.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import orjson
import typer
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway import telemetry
from gateway.cli import highlight
from gateway.cli.common import JsonOption, console, errors, print_json
from gateway.cli.conversations import CONVERSATIONS, Conversation, Held, Line, client
from gateway.config import load
from gateway.settings import Settings
from gateway.types import Json

_NARROW: Final = 100  # columns below which panels stand under each other
_CONFIG: Final = """\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem}
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One conversation: what was said at its ends, and the bodies that left in between."""

    conversation: Conversation
    held: Held
    bodies: tuple[bytes, ...]

    @property
    def leaked(self) -> tuple[str, ...]:
        """Planted values that occur in what left."""
        left = b"\n".join(self.bodies).decode()
        return tuple(value for value in self.conversation.planted if value in left)

    @property
    def restored(self) -> bool:
        """Whether everything came back as it ought to, to the letter."""
        return self.held.came_back == self.held.expected

    @property
    def ok(self) -> bool:
        """Something left, no planted value did, and all came back."""
        return bool(self.bodies) and not self.leaked and self.restored

    @property
    def left(self) -> tuple[Line, ...]:
        """The messages of the last body: it holds those of the earlier ones too."""
        messages = orjson.loads(self.bodies[-1])["messages"] if self.bodies else []
        return tuple(_line(message) for message in messages)


def _line(message: Any) -> Line:
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    if calls:
        return f"calls {calls[0]['name']}", "\n".join(call["arguments"] for call in calls)
    return message["role"], message["content"]


@app.command()
def demo(
    ctx: typer.Context,
    as_json: JsonOption = False,
) -> None:
    """Show masking and restoring at work, with no model, network or configuration."""
    if find_spec("openai") is None:
        typer.echo("the demonstration needs the openai client: pip install openai", err=True)
        raise typer.Exit(1)
    telemetry.install()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cloakroom-demo-") as folder:
        settings = _settings(Path(folder))
        outcomes = _outcomes(settings)
        records = asyncio.run(_records(settings))
    ok = all(one.ok for one in outcomes)
    if as_json:
        seconds = round(time.monotonic() - begun, 2)
        print_json({"ok": ok, "seconds": seconds} | _document(outcomes, records))
    else:
        _show(outcomes, records)
        _conclude(outcomes, ctx.find_root().info_name or "cloakroom")
    raise typer.Exit(0 if ok else 1)


def _settings(folder: Path) -> Settings:
    """The embedded default, but in a folder of its own instead of the current one."""
    file = folder / "cloakroom.yaml"
    file.write_text(_CONFIG, encoding="utf-8")
    return load(file, {})


def _outcomes(settings: Settings) -> list[Outcome]:
    bodies: list[bytes] = []
    outcomes: list[Outcome] = []
    with errors.status("Starting the gateway") as status:
        from gateway.cli.embedded import serving  # noqa: PLC0415 -- slow: shown as progress

        with serving(settings, bodies) as url, closing(client(url)) as openai:
            for one in CONVERSATIONS:
                status.update(f"Holding a conversation: {one.title}")
                outcomes.append(Outcome(one, one.hold(openai), tuple(bodies)))
                bodies.clear()
    return outcomes


async def _records(settings: Settings) -> list[dict[str, Json]]:
    from gateway.audit.store import SqlAuditStore  # noqa: PLC0415 -- slow: as above

    store = SqlAuditStore(settings.audit.url, settings.master_key)
    return [one for one in await store.list_records(limit=100) if one.get("request_id")]


def _document(outcomes: list[Outcome], records: list[dict[str, Json]]) -> dict[str, Json]:
    conversations: list[Json] = [
        {
            "name": one.conversation.name,
            "sent": _lines(one.held.sent),
            "left": _lines(one.left),
            "came_back": _lines(one.held.came_back),
            "planted": list(one.conversation.planted),
            "leaked": list(one.leaked),
            "restored": one.restored,
        }
        for one in outcomes
    ]
    return {"conversations": conversations, "audit": list(records)}


def _lines(lines: tuple[Line, ...]) -> list[Json]:
    return [{"who": who, "text": text} for who, text in lines]


# --- for people -----------------------------------------------------------------------------------


def _show(outcomes: list[Outcome], records: list[dict[str, Json]]) -> None:
    for number, one in enumerate(outcomes, 1):
        console.print()
        console.print(Text(f"{number}. {one.conversation.title.capitalize()}", style="bold"))
        console.print(_side_by_side(_panels(one)))
        console.print(_judgement(one))
    console.print()
    console.print(Text("What is on record: no text, only facts and commitments", style="bold"))
    console.print(_audit_table(records))


def _panels(one: Outcome) -> list[Panel]:
    planted = one.conversation.planted
    sent = [(who, highlight.values(text, planted)) for who, text in one.held.sent]
    left = [(who, highlight.placeholders(text)) for who, text in one.left]
    back = [(who, highlight.values(text, planted)) for who, text in one.held.came_back]
    return [
        _panel("what the application sent", sent, "blue"),
        _panel("what left for the model", left, "green"),
        _panel("what came back", back, "blue"),
    ]


def _panel(title: str, lines: list[tuple[str, Text]], style: str) -> Panel:
    shown = [Text.assemble((f"{who}: ", "dim"), text) for who, text in lines]
    return Panel(Group(*shown), title=title, border_style=style)


def _side_by_side(panels: list[Panel]) -> RenderableType:
    if console.width < _NARROW:
        return Group(*panels)
    grid = Table.grid(expand=True)
    for _ in panels:
        grid.add_column(ratio=1)
    grid.add_row(*panels)
    return grid


def _judgement(one: Outcome) -> Text:
    if one.ok:
        kept = len(one.conversation.planted)
        return Text(f"   {kept} values kept in, the answer restored to the letter", style="green")
    said = [f"{len(one.leaked)} values LEFT"] if one.leaked else []
    said += [] if one.restored else ["the answer was NOT restored"]
    said += [] if one.bodies else ["nothing reached the upstream"]
    return Text("   " + ", ".join(said), style="bold red")


def _audit_table(records: list[dict[str, Json]]) -> Table:
    table = Table("Request", "Record")
    for name in ("Rules", "Found", "Upstream", "Status"):
        table.add_column(name, overflow="fold")
    for one in reversed(records):
        accepted = one["type"] == "request.accepted"
        table.add_row(
            str(one["request_id"])[:12],
            str(one["type"]).removeprefix("request."),
            _words(one, "policy", "rule_ids"),
            _words(one, "detection", "entities") if accepted else "",
            str(one.get("upstream_id", "")),
            str(one.get("http_status", "")),
            end_section=not accepted,
        )
    return table


def _words(record: dict[str, Json], group: str, name: str) -> str:
    """A list's items or a table's entries, one a line; nothing where the record has none."""
    facts = record.get(group)
    value = facts.get(name) if isinstance(facts, dict) else None
    if isinstance(value, dict):
        return "\n".join(f"{key} {count}" for key, count in value.items())
    return "\n".join(map(str, value)) if isinstance(value, list) else ""


def _conclude(outcomes: list[Outcome], program: str) -> None:
    console.print()
    if all(one.ok for one in outcomes):
        _say(f"Next: {program} serve, then point your client at http://127.0.0.1:8080/v1")
        _say(f"      {program} inspect FILE shows what would leave for a text of yours")
        return
    console.print("The demonstration failed: see the lines in red.", style="bold red")
    _say(f"Next: {program} doctor says which part does not work")


def _say(text: str) -> None:
    console.print(Text(text), soft_wrap=True)
