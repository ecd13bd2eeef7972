"""What `cloakroom doctor` sees of the console: who can sign in, and by what login that is read."""

from __future__ import annotations

from typing import Final

from gateway.audit.migrations.grants import CONSOLE
from gateway.audit.opening import is_postgres
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.sql import DatabaseFault
from gateway.audit.sqlite.sql import database_file
from gateway.cli.checks import Check, Status
from gateway.console.store import AccountStore
from gateway.errors import AuditUnavailable, ConfigError
from gateway.settings import Settings

RETENTION: Final = "cloakroom_retention"
_ADD: Final = "make an account with: cloakroom console user add NAME --role reviewer"


def console(settings: Settings) -> list[Check]:
    """Whether somebody can sign in; nothing where there is no console. Blocks."""
    if not settings.console.enabled:
        return []
    url = settings.audit.url
    missing = _missing(url) if is_postgres(url) else None
    return [missing or _accounts(url)]


def _accounts(url: str) -> Check:
    """How many there are, without making the file of a log that is not there."""
    try:
        is_new = not is_postgres(url) and not database_file(url).exists()
        count = 0 if is_new else len(AccountStore(url).accounts())
    except ConfigError as error:
        problem = error.problems[0]
        return Check("console", Status.FAILED, problem.message, problem.hint)
    except AuditUnavailable as error:
        return Check("console", Status.FAILED, error.message, "see what is said of the audit log")
    if not count:
        return Check("console", Status.WARNING, "there are no accounts yet", _ADD)
    return Check("console", Status.OK, f"{count} account{'' if count == 1 else 's'}")


def _missing(url: str) -> Check | None:
    """What the login lacks on PostgreSQL: without the one role nobody gets in, without the other
    two pages cannot be used."""
    try:
        login, missing = PostgresBackend(url, 5.0).missing_roles((CONSOLE, RETENTION))
    except DatabaseFault as fault:
        seen = f"the roles of the login cannot be read ({fault})"
        return Check("console", Status.WARNING, seen, "run this command again")
    if CONSOLE in missing:
        seen = f"the login is no member of {CONSOLE}: nobody can sign in"
        advice = f"as a superuser run: GRANT {CONSOLE} TO {login}"
        return Check("console", Status.FAILED, seen, advice)
    if missing:
        seen = f"no holds and data subjects at the console: the login is no member of {RETENTION}"
        advice = f"if you want them there run as a superuser: GRANT {RETENTION} TO {login}"
        return Check("console", Status.WARNING, seen, advice)
    return None
