"""`cloakroom decrypt`: turn the ciphertexts of the `encrypt` operator back. It goes on record."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.audit.facts import EventType
from gateway.cli.common import ConfigOption, JsonOption, errors, load_settings, print_json
from gateway.cli.onrecord import put_on_record
from gateway.errors import RequestError
from gateway.keyring import derive
from gateway.masking.ciphertext import decrypt_all

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

# How a ciphertext begins, also one that was cut short.
_BEGINS: Final = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z][A-Za-z0-9_]{0,63}:enc:(?=[A-Za-z2-7])")


@app.command()
def decrypt(
    file: Annotated[Path, typer.Argument(help="A file; - for standard input.")] = Path("-"),
    tenant: Annotated[str, typer.Option(help="The tenant whose values these are.")] = "default",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a text with every ciphertext of a tenant (`PERSON:enc:…`) as its value.

    That somebody did so goes on record first: nothing is shown where it cannot. How many were left
    as they are, because they are another tenant's or damaged, is said as well.
    """
    settings = load_settings(config)
    raw = sys.stdin.buffer.read() if str(file) == "-" else _read(file)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise RequestError("The text is not UTF-8.", code="invalid_utf8") from None
    key = derive(settings.master_key, "operators", tenant)
    clear, count = decrypt_all(key, text)
    left = max(0, len(_BEGINS.findall(text)) - count)
    if count:
        put_on_record(settings, EventType.UNMASK_PERFORMED, tenant=tenant, target="decrypt")
    if as_json:
        print_json({"decrypted": count, "left": left, "text": clear})
        return
    sys.stdout.write(clear)
    _report(tenant, count, left)


def _report(tenant: str, count: int, left: int) -> None:
    text = f"{_ciphertexts(count)} of tenant {tenant} {_were(count)} turned back."
    if left:
        whose = "another tenant's, or damaged"
        text += f" {_ciphertexts(left)} {_were(left)} left: {whose}."
    errors.print(text, markup=False, highlight=False, soft_wrap=True)


def _ciphertexts(count: int) -> str:
    return f"{count} ciphertext" if count == 1 else f"{count} ciphertexts"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        typer.echo(f"cannot read {file}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
