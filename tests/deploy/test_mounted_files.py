"""Files of a ConfigMap and a Secret, swapped as the kubelet swaps them: by one symbolic link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.errors import AuthenticationError
from gateway.identity.keys import KeyFile, add_key, revoke_key
from gateway.policy.files import PolicyStore

POLICY = "version: 1\nid: ours\nrules:\n  - {name: NAME, effect: mask}\n"


class Volume:
    """NAME -> ..data/NAME, ..data -> ..1: the next content is a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def put(self, name: str, text: str) -> Path:
        self.count += 1
        version = self.folder / f"..{self.count}"
        (version / name).parent.mkdir(parents=True)
        (version / name).write_text(text, encoding="utf-8")
        link = self.folder / "..data_tmp"
        link.symlink_to(version.name)
        os.replace(link, self.folder / "..data")
        top = self.folder / name.split("/", 1)[0]
        if not top.is_symlink():
            top.symlink_to(f"..data/{top.name}")
        return self.folder / name


def test_a_policy_that_is_swapped_is_read_anew(tmp_path: Path):
    volume = Volume(tmp_path)
    path = volume.put("policies/ours.yaml", POLICY.replace("NAME", "first"))
    store = PolicyStore([path])
    volume.put("policies/ours.yaml", POLICY.replace("NAME", "second"))
    assert store.changed()
    assert store.reload()
    assert [rule.name for rule in store.current.rules] == ["second"]
    volume.put("policies/ours.yaml", "version: 1\nid: ours\nrules: []\n")
    assert not store.reload()
    assert [rule.name for rule in store.current.rules] == ["second"]


def test_a_key_that_is_revoked_in_the_secret_lets_nobody_in_any_more(tmp_path: Path):
    made_in = tmp_path / "keys.yaml"
    given = add_key(made_in, bytes(32), "app", "acme", [])
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    volume = Volume(mounted)
    path = volume.put("keys.yaml", made_in.read_text(encoding="utf-8"))
    now = 0.0
    keys = KeyFile(path, bytes(32), clock=lambda: now)
    headers = {"authorization": f"Bearer {given.text}"}
    assert keys.authenticate(headers).tenant == "acme"
    revoke_key(made_in, "app")
    volume.put("keys.yaml", made_in.read_text(encoding="utf-8"))
    now += 5.0
    with pytest.raises(AuthenticationError):
        keys.authenticate(headers)
