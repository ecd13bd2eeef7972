"""`cloakroom serve` as a real process: it listens, drains, and fails in words."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parent.parent.parent
EMAIL = "anna.schneider@example.com"


def environ(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOAKROOM")}
    return kept | {"PYTHONPATH": str(ROOT), "no_proxy": "*", **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway", "serve", *arguments]


def fail(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr


@contextmanager
def running(
    folder: Path, *arguments: str, **env: str
) -> Iterator[tuple[subprocess.Popen[str], dict]]:
    process = subprocess.Popen(
        command("--port", "0", "--json", *arguments),
        cwd=folder,
        env=environ(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("}") or line.rstrip().endswith("}"):
                break
        assert said, process.communicate(timeout=120)[1]
        yield process, json.loads(said)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=120)


def body(text: str) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()


def ask(url: str, text: str) -> str:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", body(text), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        assert "server" not in answer.headers
        return json.load(answer)["choices"][0]["message"]["content"]


def is_open(address: tuple[str | None, int | None]) -> bool:
    try:
        socket.create_connection(address, timeout=120).close()
    except ConnectionError:  # refused, or reset just as it closed
        return False
    return True


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=120) as answer:
        return answer.read().decode()


def stopped(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 0, errors
    return errors


def test_it_listens_says_so_and_ends_well(tmp_path: Path):
    with running(tmp_path) as (process, facts):
        assert facts["policy"] == "default"
        assert facts["upstreams"] == ["loopback"]
        assert facts["url"].startswith("http://127.0.0.1:")
        assert ask(facts["url"], f"Write to {EMAIL}") == f"I received: Write to {EMAIL}"
        errors = stopped(process)
    assert "Traceback" not in errors
    assert EMAIL not in errors
    assert unsigned(tmp_path) == 0


def test_a_request_in_flight_is_served_after_sigterm(tmp_path: Path):
    with running(tmp_path) as (process, facts):
        address = (urlsplit(facts["url"]).hostname, urlsplit(facts["url"]).port)
        content = body(f"Write to {EMAIL}")
        with socket.create_connection(address, timeout=120) as client:
            head = (
                f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}"
            )
            client.sendall(
                head.encode() + b"\r\ncontent-type: application/json\r\n\r\n" + content[:9]
            )
            for _ in range(1000):
                if "cloakroom_in_flight 1.0" in get(facts["url"] + "/metrics"):
                    break
            process.send_signal(signal.SIGTERM)
            assert any(not is_open(address) for _ in range(1_000_000))
            client.sendall(content[9:])
            answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        assert answer.startswith("HTTP/1.1 200")
        assert EMAIL in answer
        process.communicate(timeout=120)
        assert process.returncode == 0


def test_several_workers_share_the_socket_and_the_metrics(tmp_path: Path):
    config = tmp_path / "cloakroom.yaml"
    config.write_text("version: 1\nupstreams:\n  - {name: echo, kind: loopback, class: external}\n")
    arguments = ("--workers", "2", "--config", "cloakroom.yaml")
    with running(tmp_path, *arguments, TMPDIR=str(tmp_path)) as (process, facts):
        assert facts["workers"] == 2
        assert facts["upstreams"] == ["echo"]
        assert ask(facts["url"], f"Write to {EMAIL}").endswith(EMAIL)
        assert "cloakroom_requests_total" in get(facts["url"] + "/metrics")
        assert list(tmp_path.glob("cloakroom-workers-*/*.db"))
        stopped(process)
    assert not list(tmp_path.glob("cloakroom-workers-*"))
    assert unsigned(tmp_path) == 0


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that serve: children of the first that have the socket."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]


def answered(url: str) -> str:
    """What it answers as soon as it does."""
    for _ in range(100_000):
        try:
            return get(url)
        except OSError:
            continue
    raise AssertionError(url)


def wait_for_all(folder: Path, workers: int) -> None:
    """Wait until so many processes have said that they started: they have read their files."""
    with closing(sqlite3.connect(folder / "cloakroom.db")) as log:
        started = "SELECT count(*) FROM audit_records WHERE type = 'process.started'"
        assert any(log.execute(started).fetchone()[0] == workers for _ in range(10_000_000))


def unsigned(folder: Path) -> int:
    """How many records no signed checkpoint covers."""
    with closing(sqlite3.connect(folder / "cloakroom.db")) as log:
        [(records,)] = log.execute("SELECT count(*) FROM audit_records")
        [(signed,)] = log.execute("SELECT max(size) FROM audit_checkpoints")
    assert records > 3
    return records - signed


def failing(ready: str) -> dict[str, str]:
    """The checks of a gateway as soon as it says that it is not ready."""
    for _ in range(100_000):
        try:
            get(ready)
        except urllib.error.HTTPError as refused:
            return json.load(refused)["checks"]
    raise AssertionError(ready)


def test_before_it_ends_it_says_that_it_is_not_ready_and_serves_on(tmp_path: Path):
    for workers in ("1", "2"):
        with running(tmp_path, "--notice", "3600", "--workers", workers) as (process, facts):
            ready = facts["url"] + "/readyz"
            assert json.loads(answered(ready))["status"] == "ready"
            process.send_signal(signal.SIGTERM)
            checks = failing(ready)
            assert [name for name, said in checks.items() if said != "ok"] == ["draining"]
            assert ask(facts["url"], f"Write to {EMAIL}").endswith(EMAIL)
            stopped(process)  # a second signal: at once


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_where_the_process_that_looks_after_them_is_killed(tmp_path: Path):
    """What they leave goes when the gateway is started again."""
    with running(tmp_path, "--workers", "2", TMPDIR=str(tmp_path)) as (process, facts):
        answered(facts["url"] + "/livez")
        assert len(workers_of(process)) == 2
        process.kill()
        process.communicate(timeout=120)  # the pipes end with the last that has them
        address = (urlsplit(facts["url"]).hostname, urlsplit(facts["url"]).port)
        assert not is_open(address)
    [left] = tmp_path.glob("cloakroom-workers-*")
    with running(tmp_path, "--workers", "2", TMPDIR=str(tmp_path)) as (process, facts):
        [new] = tmp_path.glob("cloakroom-workers-*")
        assert new != left
        stopped(process)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_killed_worker_had_in_flight_is_counted_no_longer(tmp_path: Path):
    with running(tmp_path, "--workers", "2") as (process, facts):
        answered(facts["url"] + "/livez")
        address = (urlsplit(facts["url"]).hostname, urlsplit(facts["url"]).port)
        with socket.create_connection(address, timeout=120) as client:
            head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"
            client.sendall(head.encode())
            for _ in range(100_000):
                if "cloakroom_in_flight 1.0" in get(facts["url"] + "/metrics"):
                    break
            for pid in workers_of(process):
                os.kill(pid, signal.SIGKILL)
            for _ in range(100_000):
                if "cloakroom_in_flight 1.0" not in answered(facts["url"] + "/metrics"):
                    break
            assert "cloakroom_in_flight 1.0" not in answered(facts["url"] + "/metrics")
        stopped(process)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_all_workers_take_a_changed_policy_at_sighup_and_none_is_started_anew(tmp_path: Path):
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\nid: p\nrules: [{name: rest, effect: mask}]\n")
    config = tmp_path / "cloakroom.yaml"
    upstream = "upstreams: [{name: echo, kind: loopback, class: external}]"
    config.write_text(f"version: 1\n{upstream}\npolicies: [p.yaml]\n")
    arguments = ("--workers", "2", "--config", "cloakroom.yaml")
    with running(tmp_path, *arguments) as (process, facts):
        wait_for_all(tmp_path, 2)
        before = workers_of(process)
        policy.write_text(policy.read_text().replace("id: p", "id: q"))
        process.send_signal(signal.SIGHUP)
        for _ in range(100_000):
            said = get(facts["url"] + "/metrics")
            if 'cloakroom_policy_reloads_total{result="accepted"} 2.0' in said:
                break
        assert 'cloakroom_policy_reloads_total{result="accepted"} 2.0' in said
        assert workers_of(process) == before
        stopped(process)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_changed_upstream_is_asked_after_sighup_and_a_wrong_file_changes_nothing(
    tmp_path: Path, workers: str
):
    config = tmp_path / "cloakroom.yaml"
    text = "version: 1\nupstreams: [{name: NAME, kind: loopback, class: external}]\n"
    for name in ("one", "two"):  # as volumes of configuration are: links, of which one is swapped
        (tmp_path / name).mkdir()
        (tmp_path / name / "cloakroom.yaml").write_text(text.replace("NAME", name))
    (tmp_path / "..data").symlink_to("one")
    config.symlink_to("..data/cloakroom.yaml")
    arguments = ("--workers", workers, "--config", "cloakroom.yaml")
    with running(tmp_path, *arguments) as (process, facts):
        assert json.loads(answered(facts["url"] + "/readyz"))["status"] == "ready"
        wait_for_all(tmp_path, int(workers))
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(tmp_path / "..data")
        process.send_signal(signal.SIGHUP)
        want = f'cloakroom_config_reloads_total{{result="accepted"}} {workers}.0'
        assert any(want in get(facts["url"] + "/metrics") for _ in range(100_000))
        request = urllib.request.Request(
            f"{facts['url']}/v1/chat/completions", body("Hi"), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert answer.headers["x-cloakroom-upstream"] == "two"
        config.write_text("version: 1\nupstreams: []\n")
        process.send_signal(signal.SIGHUP)
        said: dict = {}
        for _ in range(100_000):
            said = json.loads(get(facts["url"] + "/readyz"))
            if "warnings" in said:
                break
        assert said["warnings"] == ["config_rejected"]
        assert ask(facts["url"], f"Write to {EMAIL}").endswith(EMAIL)
        stopped(process)


def certificate(folder: Path) -> None:
    """A key and its own certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)


def test_it_serves_tls(tmp_path: Path):
    certificate(tmp_path)
    config = tmp_path / "cloakroom.yaml"
    config.write_text(
        "version: 1\nlisten: {tls: {cert_file: cert.pem, key_file: key.pem}}\n"
        "upstreams:\n  - {name: a, kind: loopback, class: on_prem}\n"
    )
    with running(tmp_path, "--config", str(config)) as (process, facts):
        assert facts["url"].startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        with urllib.request.urlopen(facts["url"] + "/livez", timeout=120, context=trust) as answer:
            assert answer.status == 200
        stopped(process)


def test_a_taken_port(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = fail(tmp_path, "--port", port)
    assert code == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in said
    assert "--port" in said.partition("hint:")[2]


def test_the_world_is_not_served_without_keys(tmp_path: Path):
    code, said = fail(tmp_path, "--host", "0.0.0.0")
    assert code == 2
    assert "auth" in said


def test_every_problem_of_the_configuration_is_said(tmp_path: Path):
    config = tmp_path / "cloakroom.yaml"
    config.write_text(
        "version: 1\nlisten: {prot: 1}\nupstreams:\n  - {name: a, kind: nope, class: on_prem}\n"
    )
    code, said = fail(tmp_path, "--config", str(config))
    assert code == 2
    assert "cloakroom.yaml:2" in said
    assert "cloakroom.yaml:4" in said


def test_a_certificate_that_is_none(tmp_path: Path):
    (tmp_path / "a.pem").write_text("not a certificate")
    config = tmp_path / "cloakroom.yaml"
    config.write_text(
        "version: 1\nlisten: {tls: {cert_file: a.pem, key_file: a.pem}}\n"
        "upstreams:\n  - {name: a, kind: loopback, class: on_prem}\n"
    )
    code, said = fail(tmp_path, "--config", str(config))
    assert code == 2
    assert "certificate" in said


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_audit_log_that_cannot_be_written(tmp_path: Path, workers: str):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "cloakroom.db").write_bytes(b"this is no database" * 100)
    config = tmp_path / "cloakroom.yaml"
    config.write_text(
        "version: 1\nupstreams:\n  - {name: a, kind: loopback, class: on_prem}\n"
        "audit: {url: 'sqlite:///log/cloakroom.db'}\n"
    )
    code, said = fail(tmp_path, "--config", str(config), "--workers", workers, "--port", "0")
    assert code in {1, 2}
    assert "audit" in said
