"""`cloakroom audit evidence`: a folder that shows what the log says of a period, on its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit import record as audit
from gateway.audit.checkpoint import SigningKeys
from gateway.audit.checkpointing import Signing
from gateway.audit.evidence.pack import EvidenceError, Inputs, write_pack
from gateway.audit.facts import EventType
from gateway.audit.reading import open_log
from gateway.audit.signing import load_signing_keys
from gateway.cli.audit_common import Exit, UrlOption, moment, progress, reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, load_settings, print_json
from gateway.cli.onrecord import append
from gateway.packing import api_keys, model_card, read_about, rules_of, wait_until_signed
from gateway.settings import Settings
from gateway.version import __version__


def evidence(
    out: Annotated[Path, typer.Option(help="The folder to write: not there yet, or empty.")],
    config: ConfigOption = None,
    url: UrlOption = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Only records since then.", callback=moment)
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Only records before then.", callback=moment)
    ] = None,
    about: Annotated[
        Path | None,
        typer.Option(help="A YAML file: controller, purposes, data subjects, processors."),
    ] = None,
    signing_key: Annotated[
        Path | None, typer.Option(help="The log's private keys, instead of the configured ones.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the evidence of a period: records, proofs, policies, and what they come to.

    That it was made goes on record first, unless only --url is given: then the log is only read,
    and the pack is signed only with --signing-key. Exit codes: 0 written; 1 the log does not hold,
    or is not signed; 2 the log cannot be read or written, or a file is wrong.
    """
    with reading(as_json=json):
        settings = load_settings(config) if url is None or config is not None else None
        where = url or (settings.audit.url if settings else "")
        keys = _signing_keys(settings, signing_key)
        said = read_about(about)
        callers = api_keys(settings.auth) if settings else []
        try:
            card, manifest = model_card()
            exported = ""
            if settings is not None:
                signing = Signing(keys, settings.audit.origin) if keys else None
                target = f"evidence:{since or ''}/{until or ''}"
                exported = append(settings, EventType.AUDIT_EXPORTED, where, signing, target=target)
            inputs = Inputs(
                since=since or "", until=until or "", made_at=_now(), gateway=__version__,
                about=said, card=card, model_manifest=manifest, rules_of=rules_of,
                api_keys=callers, signer=keys.ed25519 if keys else None, exported=exported,
            )  # fmt: skip
            made = _write(where, out, inputs, hidden=json)
        except EvidenceError as error:
            stop(f"The pack cannot be made: {error}.", Exit.NOT_SO, as_json=json)
        except OSError as error:
            stop(f"The pack cannot be written ({type(error).__name__}).", as_json=json)
    if json:
        print_json({"ok": True, **made})
        return
    say(f"{made['records']:,} records from leaf {made['first_leaf']:,} on: {out}")
    say(f"Check it with: python3 -I {out / 'verify.py'} --key FILE")
    if not made["signed"]:
        say("Nobody signed its manifest: no signing key was given.", "yellow")


def _write(where: str, out: Path, inputs: Inputs, *, hidden: bool) -> dict[str, Any]:
    with open_log(where) as log, progress(hidden=hidden) as bar:
        if inputs.exported and inputs.signer is not None:
            wait_until_signed(log, inputs.exported)
        task = bar.add_task("evidence", total=None)

        def step(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        return write_pack(log, out, inputs, step)


def _signing_keys(settings: Settings | None, named: Path | None) -> SigningKeys | None:
    """The keys of the log, where somebody says where they are."""
    path = named or (settings.audit.signing_key_file if settings else None)
    if path is None or (named is None and not path.exists()):
        return None
    return load_signing_keys(path)


def _now() -> str:
    return audit.timestamp(time.time_ns() // 1000)
