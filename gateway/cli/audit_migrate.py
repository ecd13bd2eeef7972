"""`cloakroom audit migrate`: make the audit log's tables, or bring them up to this version."""

from __future__ import annotations

from gateway.audit import opening
from gateway.audit.signing import load_or_make_signing_keys
from gateway.cli.audit_common import UrlOption
from gateway.cli.common import (
    ConfigOption,
    JsonOption,
    console,
    fail,
    load_settings,
    print_json,
)
from gateway.config import MissingKey
from gateway.errors import ConfigError


def migrate(config: ConfigOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Make the log's tables, or bring them up to this version.

    For PostgreSQL, by a login that owns the tables and may make roles. The configured file of
    signing keys is made, too, where there is none. Exit codes: 0 done, or nothing to do; 2 it
    cannot be done.
    """
    made_keys = False
    audit = None if url is not None else load_settings(config, MissingKey.LEND).audit
    try:
        changed = opening.migrate(audit.url if audit is not None else url or "")
        if audit is not None and audit.signing_key_file is not None:
            _, made_keys = load_or_make_signing_keys(audit.signing_key_file)
            if made_keys and not json:
                text = f"made the log's signing keys, {audit.signing_key_file}: back them up"
                console.print(text, soft_wrap=True, markup=False, highlight=False)
    except ConfigError as error:
        fail(error)
    if json:
        print_json({"changed": changed, "made_signing_keys": made_keys})
        return
    console.print("The audit log is up to date now." if changed else "There was nothing to do.")
