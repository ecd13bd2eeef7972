"""`cloakroom decrypt`: turn the ciphertexts of the `encrypt` operator back. It goes on record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.facts import EventType
from gateway.cli.common import ConfigOption, JsonOption, errors, load_settings, print_json
from gateway.cli.onrecord import put_on_record
from gateway.errors import RequestError
from gateway.keyring import derive
from gateway.masking.ciphertext import decrypt_all

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def decrypt(
    file: Annotated[Path, typer.Argument(help="A file; - for standard input.")] = Path("-"),
    tenant: Annotated[str, typer.Option(help="The tenant whose values these are.")] = "default",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a text with every ciphertext of a tenant (`PERSON:enc:…`) as its value.

    That somebody did so goes on record first: nothing is shown where it cannot.
    """
    settings = load_settings(config)
    raw = sys.stdin.buffer.read() if str(file) == "-" else _read(file)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise RequestError("The text is not UTF-8.", code="invalid_utf8") from None
    key = derive(settings.master_key, "operators", tenant)
    clear, count = decrypt_all(key, text)
    if count:
        put_on_record(settings, EventType.UNMASK_PERFORMED, tenant=tenant, target="decrypt")
    if as_json:
        print_json({"decrypted": count, "text": clear})
        return
    sys.stdout.write(clear)
    errors.print(f"{count} ciphertexts of tenant {tenant} were turned back.", highlight=False)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        typer.echo(f"cannot read {file}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
