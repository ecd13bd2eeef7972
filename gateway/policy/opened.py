"""What one policy opens that another does not, beside its rules: settings and answers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from gateway.policy.answers import cached_word, described, thinking_word
from gateway.policy.model import (
    Embeddings,
    Logprobs,
    Media,
    Policy,
    ProviderState,
    Shadow,
    TooLong,
    UnknownFields,
    UnsupportedLanguages,
)
from gateway.policy.order import reveals_more
from gateway.types import AnswerRules, ContentKept, NewData, OperatorUse, RecordRules

# From the closed to the open. A field that is masked and one that is dropped count as one: of
# neither is anything seen that was found.
_SETTINGS: Final[Mapping[str, tuple[tuple[StrEnum, ...], ...]]] = {
    "media": ((Media.DENY,), (Media.ON_PREM_ONLY,), (Media.PASS,)),
    "embeddings": ((Embeddings.ON_PREM_ONLY,), (Embeddings.ANY,)),
    "unsupported_languages": (
        (UnsupportedLanguages.DENY,),
        (UnsupportedLanguages.ON_PREM_ONLY,),
        (UnsupportedLanguages.PATTERNS,),
    ),
    "unknown_fields": ((UnknownFields.REFUSE,), (UnknownFields.DROP, UnknownFields.MASK)),
    "logprobs": ((Logprobs.REFUSE,), (Logprobs.DROP,)),
    "provider_state": (
        (ProviderState.NEVER,),
        (ProviderState.ON_PREM_ONLY,),
        (ProviderState.PASS,),
    ),
    "too_long": ((TooLong.REFUSE,), (TooLong.DROP_OLDEST,)),
}
_NEW_DATA: Final = ((NewData.MASK,), (NewData.FLAG,), (NewData.KEEP,))
_CONTENT: Final = ((ContentKept.NONE,), (ContentKept.MASKED,), (ContentKept.ORIGINAL,))
_EVERY: Final = "*"


class Opened(NamedTuple):
    """One key, from what to what: opened, or closed if not `more`. `entity_type` may be ""."""

    more: bool
    key: str
    before: str
    after: str
    entity_type: str = ""


def settings_opened(old: Policy, new: Policy) -> Iterator[Opened]:
    """What differs in the settings that hold whatever the rules say."""
    yield from _shadowed(old.shadow, new.shadow)
    for key, steps in _SETTINGS.items():
        before, after = getattr(old.handling, key), getattr(new.handling, key)
        yield from _stepped(f"handling.{key}", before, after, steps)
    tools = (old.handling.hosted_tools, new.handling.hosted_tools)
    yield from _listed("handling.hosted_tools", *tools)
    yield from _kept(old.record, new.record)


def answers_opened(old: AnswerRules, new: AnswerRules, types: Collection[str]) -> Iterator[Opened]:
    """What differs in the rules for answers; how new data is masked, for each of some types."""
    if old == new:
        return
    yield from _stepped("new_data", old.new_data, new.new_data, _NEW_DATA)
    if old.new_data is NewData.MASK and new.new_data is NewData.MASK:
        for one in types:
            yield from _masked(one, old.operator_for(one), new.operator_for(one))
    yield from _listed("hosts", old.hosts, new.hosts)
    tools = (_EVERY,) if old.tools is None else old.tools
    yield from _listed("tools", tools, (_EVERY,) if new.tools is None else new.tools)
    for tool in sorted({*old.paths, *new.paths}):
        # A tool without an entry has its values everywhere.
        before, after = old.paths.get(tool, (_EVERY,)), new.paths.get(tool, (_EVERY,))
        yield from _listed(f"paths.{tool}", before, after)
    if old.restores_thinking != new.restores_thinking:
        more = new.restores_thinking
        yield Opened(more, "thinking", thinking_word(old), thinking_word(new))
    if old.hides_cached != new.hides_cached:
        more = old.hides_cached
        yield Opened(more, "cached_tokens", cached_word(old), cached_word(new))


def _kept(old: RecordRules, new: RecordRules) -> Iterator[Opened]:
    """What is kept beside records. How long counts where both keep something."""
    yield from _stepped("record.content", old.content, new.content, _CONTENT)
    yield from _listed("record.subjects", old.subjects, new.subjects)
    before, after = old.retention_days, new.retention_days
    if before != after and old.subjects and new.subjects:
        yield Opened(after > before, "record.retention_days", str(before), str(after))


def _shadowed(before: Shadow, after: Shadow) -> Iterator[Opened]:
    """In shadow, plain text goes out; in shadow on the premises, nothing goes to others: so who
    leaves that one sends more as well."""
    if before is not after:
        less = before is Shadow.EVERYWHERE
        yield Opened(not less, "shadow", before.value, after.value)


def _stepped(
    key: str, before: StrEnum, after: StrEnum, steps: tuple[tuple[StrEnum, ...], ...]
) -> Iterator[Opened]:
    was, now = (
        next(number for number, some in enumerate(steps) if one in some) for one in (before, after)
    )
    if was != now:
        yield Opened(now > was, key, before.value, after.value)


def _masked(entity_type: str, before: OperatorUse, after: OperatorUse) -> Iterator[Opened]:
    words = (described(before), described(after))
    if reveals_more(entity_type, before, after):
        yield Opened(True, "operators", *words, entity_type)
    elif reveals_more(entity_type, after, before):
        yield Opened(False, "operators", *words, entity_type)


def _listed(key: str, before: Iterable[str], after: Iterable[str]) -> Iterator[Opened]:
    """What was added to a list, and what was taken away; one that holds all has nothing added."""
    was, now = set(before), set(after)
    words = (", ".join(sorted(was)) or "none", ", ".join(sorted(now)) or "none")
    if now - was and _EVERY not in was:
        yield Opened(True, key, *words)
    if was - now and _EVERY not in now:
        yield Opened(False, key, *words)
