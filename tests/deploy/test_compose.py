"""The compose file and what it mounts: the logins, the migration and the gateway's own start."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from gateway.app import open_parts
from gateway.config import MissingKey, load
from gateway.identity.keys import KeyFile
from tests.audit import pg
from tests.deploy.containerfile import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("gateway", "migrate", "keeper")
PASSWORDS = ("db_owner_password", "db_gateway_password", "db_auditor_password")


@pytest.mark.parametrize("name", OURS)
def test_our_containers_cannot_write_or_gain_rights(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_gateway_has_longer_to_end_than_it_gives_its_requests():
    from gateway.cli.server import DRAIN_S  # noqa: PLC0415 -- slow

    assert int(SERVICES["gateway"]["stop_grace_period"].removesuffix("s")) >= DRAIN_S + 5


def test_an_evidence_pack_of_the_console_has_room_in_compose_and_in_the_chart():
    from gateway.console.exports import MOST_RECORDS  # noqa: PLC0415 -- slow

    needed = MOST_RECORDS * 2_000  # bytes of records, proofs, and the ZIP of both
    (mount,) = SERVICES["gateway"]["tmpfs"]
    assert int(mount.rpartition("size=")[2].removesuffix("m")) * 2**20 >= needed
    chart = ROOT / "helm" / "cloakroom" / "templates" / "deployment.yaml"
    room = re.search(r"name: tmp, emptyDir: .sizeLimit: (\d+)Gi", chart.read_text("utf-8"))
    assert room
    assert int(room[1]) * 2**30 >= needed


def test_only_the_migration_has_the_owners_password():
    holders = {name for name, one in SERVICES.items() if "db_owner_password" in _secrets(one)}
    assert holders == {"migrate", "postgres"}


def test_what_is_published_is_published_on_this_machine_alone():
    ports = [port for one in SERVICES.values() for port in one.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_model_has_no_way_out():
    for name in ("vllm", "vllm-cpu"):
        (network,) = SERVICES[name]["networks"]
        assert COMPOSE["networks"][network]["internal"] is True
        assert SERVICES[name]["env_file"] == ["./vllm/privacy.env"]


def test_what_a_service_names_is_declared_and_what_is_declared_is_named():
    named: dict[str, set[str]] = {"secrets": set(), "networks": set(), "volumes": set()}
    for service in SERVICES.values():
        named["secrets"] |= set(service.get("secrets", ()))
        named["networks"] |= set(service.get("networks", ()))
        sources = (volume.split(":")[0] for volume in service.get("volumes", ()))
        named["volumes"] |= {source for source in sources if source[0] not in "./$"}
        assert set(service.get("depends_on", ())) <= set(SERVICES)
    assert named == {section: set(COMPOSE[section]) for section in named}


def test_what_is_not_always_wanted_has_a_profile():
    profiles = {name: one.get("profiles", []) for name, one in SERVICES.items()}
    always = {name for name, named in profiles.items() if not named}
    assert always == {"gateway", "migrate", "postgres"}
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for profile in ("gpu", "cpu", "monitoring"):
        assert [profile] in profiles.values()
        assert f"`--profile {profile}`" in readme


def test_no_image_goes_by_latest():
    images = [one["image"] for one in SERVICES.values()]
    defaults = [re.fullmatch(r"\$\{[A-Z_]+:-(.+)\}", image) for image in images]
    for image, default in zip(images, defaults, strict=True):
        assert default, image
        assert re.search(r":[a-z0-9][^:/]+$", default[1]), image
        assert not default[1].endswith(":latest"), image


def test_every_mounted_file_is_there():
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), source


def test_every_secret_is_made_by_the_script_and_never_written_over(tmp_path: Path):
    shutil.copy(DEPLOY / "compose" / "secrets.sh", tmp_path)
    script = ["sh", str(tmp_path / "secrets.sh")]
    subprocess.run(script, check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    wanted = {Path(one["file"]).name for one in COMPOSE["secrets"].values()}
    assert set(made) == wanted
    assert len(set(made.values())) == len(made)
    again = subprocess.run(script, check=True, capture_output=True)
    assert b"made" not in again.stdout
    assert {p.name: p.read_bytes() for p in (tmp_path / "secrets").iterdir()} == made


def _secrets(service: dict[str, Any]) -> list[str]:
    return list(service.get("secrets", ()))


# --- with a PostgreSQL ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """A server with our logins, and the two configurations as they would be mounted."""

    server: pg.Server
    folder: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def mounted(self, name: str) -> Path:
        text = (DEPLOY / "compose" / name).read_text(encoding="utf-8")
        text = text.replace("/run/secrets/master_key", f"{self.folder}/master.key")
        text = text.replace("/run/secrets", str(self.folder))
        text = text.replace("/var/lib/cloakroom", str(self.folder))
        text = text.replace("@postgres/", f"@{self.address}/")
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def ask(self, login: str, statement: str) -> list[tuple[Any, ...]]:
        return pg.query(f"postgresql://{login}@{self.address}/cloakroom", statement)


def _psql() -> str:
    folder = pg.programs()
    own = folder / "psql" if folder is not None else None
    return str(own) if own is not None and own.is_file() else shutil.which("psql") or ""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if pg.programs() is None or not _psql():
        pytest.skip("no programs of PostgreSQL")
    folder = tmp_path_factory.mktemp("mounted")
    shutil.copy(DEPLOY / "compose" / "secrets.sh", folder)
    subprocess.run(["sh", str(folder / "secrets.sh")], check=True, capture_output=True)
    for path in (folder / "secrets").iterdir():
        shutil.move(path, folder / path.name)
    with pg.server() as server:
        pg.query(server.url, "CREATE DATABASE cloakroom")
        values = ["database=cloakroom", "owner_password=a", "gateway_password=b"]
        values += ["reviewer_password=c", "keeper_password=d"]
        options = [word for one in values for word in ("-v", one)]
        script = ["-X", "-q", "-f", str(DEPLOY / "postgres" / "logins.sql")]
        subprocess.run(
            [_psql(), server.url, *options, *script], check=True, capture_output=True, timeout=120
        )
        yield World(server, folder)


@pytest.fixture(scope="module")
def migrated(world: World) -> World:
    command = [sys.executable, "-m", "gateway", *SERVICES["migrate"]["command"][:-1]]
    config = world.mounted("migrate.yaml")
    done = subprocess.run(
        [*command, str(config)], cwd=ROOT, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return world


async def test_the_gateway_starts_on_what_the_owner_migrated(migrated: World):
    path = migrated.mounted("cloakroom.yaml")
    settings = load(path, {}, MissingKey.REFUSE)
    parts = open_parts(settings)
    try:
        await parts.store.start()
        assert parts.store.ready
        assert parts.store.warnings() == ()
    finally:
        await parts.aclose()


def test_the_first_key_can_be_made_before_the_gateway_runs(migrated: World):
    path = migrated.mounted("cloakroom.yaml")
    command = [sys.executable, "-m", "gateway", "apikeys", "add", "--tenant", "example"]
    done = subprocess.run(
        [*command, "--config", str(path)], cwd=ROOT, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    settings = load(path, {}, MissingKey.REFUSE)
    assert settings.auth.keys_file is not None
    assert KeyFile(settings.auth.keys_file, settings.master_key).ready


@pytest.mark.parametrize(
    ("login", "statement"),
    [
        ("cloakroom_gateway", "DELETE FROM audit_records"),
        ("cloakroom_gateway", "UPDATE audit_records SET body = ''"),
        ("cloakroom_gateway", "CREATE TABLE mine (a int)"),
        ("cloakroom_gateway", "DROP TABLE audit_records"),
        ("cloakroom_gateway", "SELECT audit_prune(0, '', '')"),
        ("cloakroom_auditor", "INSERT INTO audit_meta SELECT * FROM audit_meta"),
        ("cloakroom_auditor", "CREATE TABLE mine (a int)"),
        ("cloakroom_keeper", "UPDATE audit_records SET body = ''"),
        ("cloakroom_keeper", "DELETE FROM audit_records"),
        ("cloakroom_keeper", "CREATE TABLE mine (a int)"),
    ],
)
def test_a_login_may_do_no_more_than_it_must(migrated: World, login: str, statement: str):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        migrated.ask(login, statement)


@pytest.mark.parametrize(
    "command",
    [
        ["prune", "--days", "1"],
        ["anchor", "--out", "FOLDER/anchor"],
        ["evidence", "--out", "FOLDER/evidence"],
    ],
    ids=lambda command: command[0],
)
def test_the_keeper_does_its_jobs(migrated: World, tmp_path: Path, command: list[str]):
    path = migrated.mounted("keeper.yaml")
    words = [word.replace("FOLDER", str(tmp_path)) for word in command]
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "audit", *words, "--config", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_auditor_reads(migrated: World):
    assert migrated.ask("cloakroom_auditor", "SELECT count(*) >= 0 FROM audit_records")
