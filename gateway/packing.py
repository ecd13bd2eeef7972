"""What an evidence pack says that is not in the log: keys, the detector, and words of people.

And how long to wait until the record that says that it was made is signed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from gateway import strictyaml
from gateway.audit.evidence.about import About, ApiKey, PolicyRule, Processor
from gateway.audit.reading import LogReader, PolicyFile
from gateway.errors import ConfigError
from gateway.identity.keys import read_keys
from gateway.policy.model import Rule, When
from gateway.settings import Auth
from gateway.snapshots import policy_of
from gateway.types import OperatorUse
from gateway.validation import Strict, validate

Words = Annotated[str, Field(min_length=1, max_length=2000)]

COVERED_S: Final = 15.0  # how long to wait until the record of a pack is signed
_POLL_S: Final = 0.1
_MODELS: Final = files("gateway") / "detection" / "tagger" / "models"
_UNREADABLE: Final = "(these files are of another version)"


class _ProcessorModel(Strict):
    """One entry of `processors`, by the upstream's name."""

    name: Words | None = None
    country: Words | None = None
    contract: Words | None = None
    retention: Words | None = None
    safeguards: Words | None = None


class _AboutModel(Strict):
    """The file that `--about` names: what GDPR Art. 30(1) asks and no log can know."""

    controller: Words | None = None
    contact: Words | None = None
    purposes: list[Words] = Field(default_factory=list)
    data_subjects: list[Words] = Field(default_factory=list)
    retention: list[Words] = Field(default_factory=list)
    measures: list[Words] = Field(default_factory=list)
    processors: dict[Words, _ProcessorModel] = Field(default_factory=dict)


def read_about(path: Path | None) -> About:
    """The words of people.

    Raises:
        ConfigError: the file cannot be read, or is wrong: every problem at once.
    """
    if path is None:
        return About()
    model = validate(strictyaml.load(path), _AboutModel)
    return About(
        controller=model.controller or "",
        contact=model.contact or "",
        purposes=tuple(model.purposes),
        data_subjects=tuple(model.data_subjects),
        retention=tuple(model.retention),
        measures=tuple(model.measures),
        processors={
            name: Processor(**{key: value or "" for key, value in one.model_dump().items()})
            for name, one in model.processors.items()
        },
    )


def api_keys(auth: Auth) -> list[ApiKey]:
    """Who may call, without anything of a key's secret.

    Raises:
        ConfigError: the file of the keys cannot be read, or is wrong.
    """
    if auth.mode != "keys" or auth.keys_file is None:
        return []
    return [
        ApiKey(
            one.id, one.tenant, tuple(one.roles), tuple(one.tags), one.created, one.revoked or ""
        )
        for one in read_keys(auth.keys_file)
    ]


def model_card() -> tuple[str, bytes]:
    """The card of the models that are installed, and their manifest.

    Raises:
        OSError: they are not there.
    """
    card = (_MODELS / "MODEL_CARD.md").read_text(encoding="utf-8")
    return card, (_MODELS / "manifest.json").read_bytes()


def wait_until_signed(log: LogReader, event_id: str) -> None:
    """Wait, for a while, until a checkpoint covers a record: another process may have to sign."""
    until = time.monotonic() + COVERED_S
    while time.monotonic() < until:
        index, latest = log.leaf_of(event_id), log.latest_checkpoint()
        if index is not None and latest is not None and latest.size > index:
            return
        time.sleep(_POLL_S)


def rules_of(snapshot: Sequence[PolicyFile]) -> list[PolicyRule]:
    """The rules in the files of a policy, in the order in which they are read."""
    try:
        policy = policy_of(snapshot)
    except ConfigError:
        return [PolicyRule(snapshot[0].name if snapshot else "", _UNREADABLE, "")]
    return [_rule(policy.id, one) for one in policy.rules]


def _rule(policy: str, rule: Rule) -> PolicyRule:
    operators = {**rule.operators, "any other": rule.default_operator}
    return PolicyRule(
        policy=policy,
        rule=rule.name,
        effect=rule.effect.value,
        types=tuple(sorted(_types(rule.when))),
        operators=_operators(operators) if rule.effect == "mask" else (),
        reason=rule.reason,
    )


def _types(when: When) -> set[str]:
    named: set[str] = set()
    for some in (when.any_of, when.all_of):
        named |= {one for types in (some or {}).values() for one in types}
    for types, _ in (when.at_least or {}).values():
        named |= types or frozenset()
    return named


def _operators(uses: Mapping[str, OperatorUse]) -> tuple[tuple[str, str], ...]:
    return tuple((name, use.name) for name, use in uses.items())
