"""Further sinks and anchors in the configuration: what they mean, what is refused, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import load
from gateway.errors import ConfigError
from gateway.settings import Audit, Settings

HEAD = """\
version: 1
upstreams: [{name: l, kind: loopback, class: on_prem}]
audit:
  url: sqlite:///audit.db
"""


def read(folder: Path, text: str) -> Settings:
    file = folder / "cloakroom.yaml"
    file.write_text(HEAD + text)
    return load(file, {})


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return [str(one) for one in caught.value.problems]


def test_nothing_leaves_unless_it_is_configured(tmp_path: Path):
    audit = read(tmp_path, "").audit
    default = Audit(url="")
    assert (audit.sinks, audit.anchors, audit.require_all) == ((), (), False)
    assert (audit.anchor_every_s, audit.anchor_warn_s) == (900.0, 86_400.0)
    assert (default.anchor_every_s, default.anchor_warn_s) == (900.0, 86_400.0)


def test_everything_that_can_be_said(tmp_path: Path):
    (tmp_path / "out").mkdir()
    for name in ("ca.pem", "c.pem", "c.key"):
        (tmp_path / name).write_text("")
    audit = read(
        tmp_path,
        """\
  require: all
  anchor_every_minutes: 5
  anchor_warn_hours: 2
  sinks:
    - {kind: jsonl, path: out/a.jsonl, rotate_mb: 2}
    - {kind: ocsf, path: out/o.jsonl}
    - {kind: folder, name: bucket, path: out, every_s: 5}
    - kind: syslog
      host: siem.example
      port: 7000
      ca_file: ca.pem
      client_cert_file: c.pem
      client_key_file: c.key
      answers_end: false
  anchors:
    - {kind: file, path: out}
    - {kind: webhook, url: https://anchor.example/x, ca_file: ca.pem}
""",
    ).audit
    lines, ocsf, folder, syslog = audit.sinks
    assert audit.require_all
    assert (audit.anchor_every_s, audit.anchor_warn_s) == (300.0, 7200.0)
    assert [one.name for one in audit.sinks] == ["jsonl", "ocsf", "bucket", "syslog"]
    assert (lines.path, lines.rotate_bytes) == (tmp_path / "out" / "a.jsonl", 2 * 1024 * 1024)
    assert (ocsf.path, ocsf.rotate_bytes) == (tmp_path / "out" / "o.jsonl", 256 * 1024 * 1024)
    assert (folder.path, folder.hold_s) == (tmp_path / "out", 5.0)
    assert (syslog.path, syslog.host, syslog.port) == (None, "siem.example", 7000)
    assert not syslog.answers_end
    assert syslog.ca_file == tmp_path / "ca.pem"
    assert (syslog.client_cert_file, syslog.client_key_file) == (
        tmp_path / "c.pem",
        tmp_path / "c.key",
    )
    assert (lines.place.line, lines.place.key) == (9, "audit.sinks[0]")
    file, hook = audit.anchors
    assert (file.path, file.url) == (tmp_path / "out", "")
    assert (hook.path, hook.url) == (None, "https://anchor.example/x")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("  sinks: [{kind: jsonl}]\n", [":5:", "sinks[0]", "needs path"]),
        ("  sinks: [{kind: syslog}]\n", ["sinks[0]", "needs host"]),
        ("  sinks: [{kind: jsonl, path: a, port: 1}]\n", ["jsonl has no port"]),
        ("  sinks: [{kind: folder, path: ., rotate_mb: 1}]\n", ["folder has no rotate_mb"]),
        ("  sinks: [{kind: jsnol, path: a}]\n", ["sinks[0].kind", "did you mean jsonl?"]),
        ("  sinks: [{kind: jsonl, pth: a}]\n", ["sinks[0].pth: unknown key", "path"]),
        ("  sinks: [{kind: jsonl, path: no/a}]\n", ["sinks[0].path: no such folder", "hint"]),
        ("  sinks: [{kind: folder, path: none}]\n", ["sinks[0].path: no such folder"]),
        ("  sinks: [{kind: jsonl, path: .}]\n", ["sinks[0].path: is a folder"]),
        ("  sinks: [{kind: syslog, host: h, ca_file: x}]\n", ["sinks[0].ca_file: no such file"]),
        ("  sinks: [{kind: syslog, host: h, client_key_file: x}]\n", ["belong together"]),
        ("  sinks: [{kind: folder, path: ., answers_end: true}]\n", ["has no answers_end"]),
        ("  sinks: [{kind: syslog, host: 'a b'}]\n", ["sinks[0].host", "host name"]),
        (
            "  sinks:\n    - {kind: jsonl, path: a}\n    - {kind: jsonl, path: b}\n",
            [":7:", "sinks[1]", "a second one of the name jsonl", "hint"],
        ),
        (
            "  sinks: [{kind: jsonl, path: a}, {kind: ocsf, path: ./a}]\n",
            ["sinks[1].path", "another sink writes there"],
        ),
        ("  require: all\n", ["audit", "needs sinks"]),
        ("  require: some\n", ["audit.require: must be one of: primary, all"]),
        ("  anchors: [{kind: webhook}]\n", ["anchors[0]", "needs url"]),
        ("  anchors: [{kind: file, path: none}]\n", ["anchors[0].path: no such folder"]),
        ("  anchors: [{kind: file, path: ., url: 'https://a'}]\n", ["file has no url"]),
        ("  anchors: [{kind: webhook, url: 'http://a.example/'}]\n", ["over https"]),
        ("  anchors: [{kind: webhook, url: 'https://u:hunter2@a/'}]\n", ["credentials"]),
        ("  anchor_every_minutes: 0\n", ["audit.anchor_every_minutes"]),
        ("  anchor_warn_hours: 0\n", ["audit.anchor_warn_hours"]),
    ],
)
def test_refusals(tmp_path: Path, text: str, parts: list[str]):
    told = "\n".join(refused(tmp_path, text))
    for part in parts:
        assert part in told
    assert "hunter2" not in told
