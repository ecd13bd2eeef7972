"""Kept files give the policy that they were kept of, with every file in its chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.audit.reading import PolicyFile
from gateway.errors import ConfigError
from gateway.policy.files import load_policies, read_chains
from gateway.policy.kept import chains_of, parse_kept
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.snapshots import policy_of

BASE = "version: 1\nid: base\nrules:\n  - {name: rest, effect: mask}\n"
LEAF = (
    "version: 1\nid: leaf\nextends: base.yaml\nrules:\n"
    "  - {name: more, effect: deny, reason: secret, when: {any_of: [PERSON]}}\n"
)
OTHER = "version: 1\nid: other\nextends: [base.yaml]\nrules:\n  - {name: other, effect: mask}\n"


def kept(paths: list[Path]) -> list[tuple[str, str]]:
    chains, _ = read_chains(paths)
    return [(Path(one.file).name, one.content.decode()) for chain in chains for one in chain]


def written(folder: Path) -> dict[str, Path]:
    texts = {"base": BASE, "leaf": LEAF, "other": OTHER}
    files = {name: folder / f"{name}.yaml" for name in texts}
    for name, file in files.items():
        file.write_text(texts[name])
    return files


@pytest.mark.parametrize(
    "names", [["base"], ["leaf"], ["leaf", "other"], ["other", "leaf"], ["base", "leaf"]]
)
def test_the_policy_is_the_one_that_was_kept(tmp_path: Path, names: list[str]):
    files = written(tmp_path)
    paths = [files[name] for name in names]
    before, after = load_policies(paths), parse_kept(kept(paths))
    assert (after.id, after.digest) == (before.id, before.digest)
    assert [one.name for one in after.rules] == [one.name for one in before.rules]
    chains, _ = read_chains(paths)
    flat = [one for chain in chains for one in chain]
    assert [len(one) for one in chains_of(flat)] == [len(one) for one in chains]


@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_policy_is_read_again_from_its_texts(name: str):
    paths = [shipped_policy(name)]
    assert parse_kept(kept(paths)).rules == load_policies(paths).rules


def test_files_of_another_version_are_refused():
    with pytest.raises(ConfigError):
        policy_of([PolicyFile("x.yaml", "version: 99\n")])
