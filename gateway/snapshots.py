"""What policy said at a time can be read later: its files are kept beside the records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.audit.evidence.policies import keep_policy
from gateway.audit.reading import PolicyFile
from gateway.errors import ConfigError
from gateway.policy.files import read_chains
from gateway.policy.kept import parse_kept
from gateway.policy.model import Policy
from gateway.policy.schema import digest


def remember_policy(url: str, paths: Sequence[Path], sha256: str) -> bool:
    """Keep the files of the policy in force in the log at `url`; whether that was done.

    It is not where the files are no longer those of this digest: another policy comes into force
    within seconds, or they are wrong and the old one stays. Blocks.

    Raises:
        ConfigError, AuditUnavailable: they cannot be kept.
    """
    chains, problems = read_chains(paths)
    documents = [one for chain in chains for one in chain]
    if problems or digest(documents) != sha256:
        return False
    files = [PolicyFile(Path(one.file).name, one.content.decode()) for one in documents]
    keep_policy(url, sha256, files)
    return True


def policy_of(files: Sequence[PolicyFile]) -> Policy:
    """The policy that kept files say.

    Operators of others are looked for only where it is wrong without them: that is slow.

    Raises:
        ConfigError: they are of another version, or wrong.
    """
    texts = [(one.name, one.text) for one in files]
    try:
        return parse_kept(texts)
    except ConfigError:
        from gateway.masking.presidio import installed_operators  # noqa: PLC0415 -- as said

        return parse_kept(texts, frozenset(installed_operators()))
