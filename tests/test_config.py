"""The configuration file: what it means, what is refused, and the master key."""

from __future__ import annotations

import base64
import multiprocessing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import keyfiles, masterkey
from gateway.config import check_exposure, load, shipped_policies, shipped_policy
from gateway.config_schema import is_loopback
from gateway.errors import ConfigError
from gateway.settings import (
    FAMILIES_OF_KIND,
    KNOWN_BETAS,
    Auth,
    Console,
    CustomRecognizer,
    Detection,
    Engine,
    Limits,
    Listen,
    ListEntry,
    Secret,
    Settings,
    Tls,
    Upstream,
    Vault,
)
from gateway.types import Family, UpstreamClass

KEY = bytes(range(32))
LOOPBACK = "upstreams: [{name: a, kind: loopback, class: on_prem}]\n"
AZURE = "name: u, kind: azure_openai, class: external, base_url: 'https://r.openai.azure.com'"
OPENAI = "name: u, kind: openai, class: external, base_url: 'https://api.example.com/v1'"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "cloakroom.yaml").write_text("version: 1\n" + text)
    return load(folder / "cloakroom.yaml", environ)


def refused(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, **environ)
    assert not list(folder.glob("*.key*")), "a key was made in spite of problems"
    return [str(one).removeprefix(f"{folder}/") for one in caught.value.problems]


FULL = """\
listen: {host: 127.0.0.1, port: 8443, tls: {cert_file: cert.pem, key_file: tls/key.pem}}
auth: {mode: keys, keys_file: keys.yaml}
policies: [own.yaml, mask-all]
detection:
  profile: patterns
  languages: [en, de]
  recognizers:
    - {name: badge, entity_type: BADGE, patterns: [{regex: 'B-\\d{4}', score: 1}], context: [badge]}
  allow: [Acme, {text: Berlin, entity_type: LOCATION, tenant: t}, {pattern: 'A\\d'}]
  deny: [Falcon, {pattern: 'X-\\d+', entity_type: PROJECT}]
  thresholds: {PERSON: 0.7}
  timeout_s: 3
  cache_entries: 10
limits: {body_bytes: 1000, depth: 8, in_flight: 2, connect_s: 1, first_byte_s: 2, idle_s: 0.5}
vault: {response_days: 7, batch_days: 2}
console: {enabled: true, idle_minutes: 5, session_hours: 2}
upstreams:
  - name: local
    kind: openai
    class: on_prem
    base_url: "http://10.0.0.1:8000/v1/"
    api_key: "${env:LOCAL_KEY}"
    models: ["*"]
    model_map: {"gpt-*": "qwen3"}
  - name: cloud
    kind: openai
    class: external
    base_url: "https://api.example.com/v1"
    api_key: "${file:cloud.txt}"
    models: ["gpt-*"]
    proxy_url: "http://proxy.example.com:3128"
    ca_file: cert.pem
    client_cert_file: cert.pem
    client_key_file: tls/key.pem
    forward_headers: [OpenAI-Organization]
audit: {url: "sqlite:///data/audit.db"}
secrets: {master_key: "${env:MASTER}"}
"""


PLUGGED = """\
  recognizer_modules: ["acme.recognizers:Badge"]
  recognizer_files: [own-recognizers.yaml]
  predefined: [MacAddressRecognizer]
  engines:
    - {kind: spacy, model: de_core_news_sm}
    - {kind: transformers, model: models/ner, labels: {PER: PERSON, MISC: ""}, device: cuda}
    - kind: vllm
      model: https://ner.example.com/
      tokenizer: models/ner
      served_model: ner
      ca_file: ca.pem
      timeout_s: 1
      threshold: 0.25
"""


def test_plugged_in_detection(folder: Path):
    (folder / "models" / "ner").mkdir(parents=True)
    for name in ("own-recognizers.yaml", "ca.pem"):
        (folder / name).touch()
    found = read(folder, LOOPBACK + "detection:\n" + PLUGGED).detection
    assert found == Detection(
        recognizer_modules=("acme.recognizers:Badge",),
        recognizer_files=(folder / "own-recognizers.yaml",),
        predefined=("MacAddressRecognizer",),
        engines=(
            Engine(kind="spacy", model="de_core_news_sm"),
            Engine(
                kind="transformers",
                model=str(folder / "models/ner"),
                labels={"PER": "PERSON", "MISC": ""},
                device="cuda",
            ),
            Engine(
                kind="vllm",
                model="https://ner.example.com",
                threshold=0.25,
                tokenizer=folder / "models/ner",
                served_model="ner",
                ca_file=folder / "ca.pem",
                timeout_s=1,
            ),
        ),
    )


def test_everything(folder: Path):
    for name in ("tls", "data"):
        (folder / name).mkdir()
    for name in ("cert.pem", "tls/key.pem", "own.yaml"):
        (folder / name).touch()
    (folder / "cloud.txt").write_text("sk-cloud\n")
    found = read(folder, FULL, LOCAL_KEY=" sk-local ", MASTER=base64.b64encode(KEY).decode())
    assert found == Settings(
        listen=Listen(
            port=8443, tls=Tls(cert_file=folder / "cert.pem", key_file=folder / "tls/key.pem")
        ),
        auth=Auth(mode="keys", keys_file=folder / "keys.yaml"),
        policies=(folder / "own.yaml", shipped_policy("mask-all")),
        detection=Detection(
            profile="patterns",
            languages=("en", "de"),
            recognizers=(
                CustomRecognizer(
                    name="badge",
                    entity_type="BADGE",
                    patterns=(("B-\\d{4}", 1),),
                    context=("badge",),
                ),
            ),
            allow=(
                ListEntry(text="Acme"),
                ListEntry(text="Berlin", entity_type="LOCATION", tenant="t"),
                ListEntry(pattern="A\\d"),
            ),
            deny=(
                ListEntry(text="Falcon", entity_type="DENY_LISTED"),
                ListEntry(pattern="X-\\d+", entity_type="PROJECT"),
            ),
            thresholds={"PERSON": 0.7},
            timeout_s=3,
            cache_entries=10,
        ),
        limits=Limits(
            body_bytes=1000, depth=8, in_flight=2, connect_s=1, first_byte_s=2, idle_s=0.5
        ),
        vault=Vault(response_days=7, batch_days=2),
        console=Console(enabled=True, idle_s=300.0, session_s=7200.0),
        upstreams=(
            Upstream(
                name="local",
                kind="openai",
                upstream_class=UpstreamClass.ON_PREM,
                families=FAMILIES_OF_KIND["openai"],
                base_url="http://10.0.0.1:8000/v1",
                api_key=Secret("sk-local"),
                model_map={"gpt-*": "qwen3"},
            ),
            Upstream(
                name="cloud",
                kind="openai",
                upstream_class=UpstreamClass.EXTERNAL,
                families=FAMILIES_OF_KIND["openai"],
                base_url="https://api.example.com/v1",
                api_key=Secret("sk-cloud"),
                models=("gpt-*",),
                proxy_url="http://proxy.example.com:3128",
                ca_file=folder / "cert.pem",
                client_cert_file=folder / "cert.pem",
                client_key_file=folder / "tls/key.pem",
                forward_headers=("openai-organization",),
            ),
        ),
        audit=found.audit,
        master_key=KEY,
        digest=sha256((folder / "cloakroom.yaml").read_bytes()).hexdigest(),
    )
    assert found.audit.url == f"sqlite:///{folder}/data/audit.db"
    assert "sk-local" not in repr(found)
    assert "sk-cloud" not in repr(found)
    assert not list(folder.rglob("*.key"))


def test_defaults(folder: Path):
    found = read(folder, LOOPBACK)
    assert (found.listen, found.auth) == (Listen(), Auth())
    assert (found.detection, found.limits, found.vault) == (Detection(), Limits(), Vault())
    assert not found.console.enabled
    assert found.policies == (shipped_policy("default"),)
    assert found.audit.url == f"sqlite:///{folder}/cloakroom.db"
    assert (folder / "cloakroom.key").is_file()


def test_without_a_file(folder: Path):
    found = load(None, {})
    assert [(one.name, one.kind, one.models) for one in found.upstreams] == [
        ("loopback", "loopback", ("*",))
    ]
    assert found.upstreams[0].upstream_class is UpstreamClass.ON_PREM
    assert (found.listen, found.auth, found.digest) == (Listen(), Auth(), "")
    assert found.audit.url == f"sqlite:///{folder}/cloakroom.db"
    check_exposure(found, insecure=False)


def test_the_environment_names_the_file(folder: Path):
    (folder / "own.yaml").write_text("version: 1\n" + LOOPBACK)
    assert load(None, {"CLOAKROOM_CONFIG": "own.yaml"}).digest
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load(None, {"CLOAKROOM_CONFIG": "none.yaml"})
    # the argument goes first
    assert load(folder / "own.yaml", {"CLOAKROOM_CONFIG": "none.yaml"}).digest


def test_paths_are_relative_to_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "etc").mkdir()
    (folder / "etc" / "own.yaml").touch()
    (folder / "etc" / "c.yaml").write_text(f"version: 1\npolicies: [own.yaml]\n{LOOPBACK}")
    found = load(Path("etc/c.yaml"), {})
    assert found.policies == (folder / "etc" / "own.yaml",)
    assert found.audit.url == f"sqlite:///{folder}/etc/cloakroom.db"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ['"upstreams" is missing']),
        ("upstreams: []\n", [":2: upstreams: must not be empty"]),
        ("upstreams: [~]\n", ["upstreams[0]: must be a mapping"]),
        (LOOPBACK + "lisen: {}\n", [":3: lisen: unknown key", "did you mean listen?"]),
        (LOOPBACK + "listen: {prot: 1}\n", ["listen.prot: unknown key", "mean port?"]),
        (LOOPBACK + "listen: {port: '1'}\n", ["listen.port: must be a whole number"]),
        (LOOPBACK + "listen: {port: 65536}\n", ["listen.port: must be less than"]),
        (LOOPBACK + "listen: {host: 'a b'}\n", ["listen.host: must be an IP address"]),
        (LOOPBACK + "listen: {host: 0.0.0.0}\n", ["listen.host: without auth", "--insecure"]),
        (LOOPBACK + "listen: {host: 192.0.2.1}\nauth: {mode: none}\n", ["listen.host: without"]),
        (LOOPBACK + "listen: {tls: {cert_file: a, key_file: b}}\n", ["cert_file: no such", "b"]),
        (LOOPBACK + "auth: {mode: keys}\n", ["auth: keys_file belongs to mode keys"]),
        (LOOPBACK + "auth: {mode: none, keys_file: a}\n", ["auth: keys_file belongs"]),
        (LOOPBACK + "auth: {mode: kyes}\n", ["auth.mode: must be one of: keys, none", "keys?"]),
        (LOOPBACK + "auth: {}\n", ['auth: required key "mode" is missing']),
        (LOOPBACK + "policies: []\n", ["policies: must not be empty"]),
        (LOOPBACK + "policies: defalt\n", ["policies: must be a list"]),
        (LOOPBACK + "policies: [defalt]\n", ["policies[0]: no shipped policy", "mean default?"]),
        (LOOPBACK + "policies: [a/b.yaml]\n", ["policies[0]: no such file", "banking, default, "]),
        (LOOPBACK + "policies: [other/default.yaml]\n", ["policies[0]: no such file"]),
        (LOOPBACK + "policies: [/policies/default.yaml]\n", ["policies[0]: no such file"]),
        (LOOPBACK + "audit: {url: 'postgresql://a:pw@b/c'}\n", ["audit.url: must not hold"]),
        (LOOPBACK + "audit: {url: 'sqlite://'}\n", ["audit.url: must be the URL of an SQLite"]),
        (LOOPBACK + "audit: {url: 'sqlite:///:memory:'}\n", ["audit.url: must be the URL"]),
        (LOOPBACK + "audit: {url: 'sqlite:///a.db?mode=ro'}\n", ["audit.url: must be the URL"]),
        (LOOPBACK + "audit: {url: 'sqlite:///none/a.db'}\n", ["audit.url: no such folder"]),
        (LOOPBACK + "limits: {depth: 0}\n", ["limits.depth: must be greater than"]),
        (LOOPBACK + "limits: {idle_s: 0}\n", ["limits.idle_s: must be greater than 0"]),
        (LOOPBACK + "vault: {response_days: 0}\n", ["vault.response_days: must be greater than"]),
        (LOOPBACK + "console: {idle_minutes: 0}\n", ["console.idle_minutes: must be greater than"]),
        (LOOPBACK + "console: {session_hours: 25}\n", ["console.session_hours: must be less"]),
        (LOOPBACK + "vault: {batch_days: 4000}\n", ["vault.batch_days: must be less than"]),
        (LOOPBACK + "limits: {idle_s: true}\n", ["limits.idle_s: must be a number"]),
        (
            LOOPBACK + "detection: {thresholds: {PERSON: 1.1}}\n",
            ["thresholds.PERSON: must be less"],
        ),
        (
            LOOPBACK + "detection: {thresholds: {person: 1}}\n",
            ["thresholds.person: must be an ent"],
        ),
        (
            LOOPBACK + "detection: {profile: strict}\n",
            ["profile: must be one of: fast, accurate, patterns"],
        ),
        (LOOPBACK + "detection: {profile: default}\n", ["profile: must be one", "write patterns"]),
        (LOOPBACK + "detection: {languages: []}\n", ["languages: must not be empty"]),
        (
            LOOPBACK + "detection: {languages: [en, eng]}\n",
            ["languages[1]: must be one of: de, en, es, fr, it, nl, pt", "did you mean en?"],
        ),
        (LOOPBACK + "detection: {languages: [German]}\n", ["did you mean de?"]),
        (LOOPBACK + "detection: {languages: [pt-BR]}\n", ["did you mean pt?"]),
        (
            LOOPBACK + "detection: {languages: [pl]}\n",
            ["must be one of", "names in it need an engine or recognizers of your own"],
        ),
        (
            LOOPBACK + "detection: {languages: [xx], recognizer_modules: ['a:B']}\n",
            ["must be one of: ar, bg"],
        ),
        (LOOPBACK + "detection: {profile: fats}\n", ["profile: must be one", "did you mean fast?"]),
        (LOOPBACK + "detection: {recognizer_modules: [a.b]}\n", ["must be package.module:Cl"]),
        (LOOPBACK + "detection: {recognizer_files: [no.yaml]}\n", ["recognizer_files[0]: no such"]),
        (LOOPBACK + "detection: {engines: [{kind: bert, model: a}]}\n", ["kind: must be one of"]),
        (
            LOOPBACK + "detection: {engines: [{kind: spacy, model: a/b}]}\n",
            ["model: no such folder"],
        ),
        (
            LOOPBACK + "detection: {engines: [{kind: transformers, model: none, device: cuda}]}\n",
            ["engines[0].model: no such folder"],
        ),
        (
            LOOPBACK + "detection: {engines: [{kind: transformers, model: a, tokenizer: a}]}\n",
            ["engines[0]: only kind vllm has tokenizer"],
        ),
        (LOOPBACK + "detection: {engines: [{kind: gliner, model: a}]}\n", ["needs labels"]),
        (
            LOOPBACK + "detection: {engines: [{kind: vllm, model: 'https://a'}]}\n",
            ["kind vllm needs tokenizer and served_model"],
        ),
        (
            LOOPBACK + "detection: {engines: [{kind: vllm, model: 'http://a:1', tokenizer: a,"
            " served_model: m}]}\n",
            ["unmasked and unencrypted"],
        ),
        (
            LOOPBACK + "detection: {engines: [{kind: vllm, model: 'http://u:p@127.0.0.1',"
            " tokenizer: a, served_model: m}]}\n",
            ["must not hold credentials"],
        ),
        (
            LOOPBACK + "detection: {engines: [{kind: vllm, model: 'https://a', tokenizer: none,"
            " served_model: m}]}\n",
            ["tokenizer: no such folder"],
        ),
        (
            LOOPBACK + "detection: {engines: [{kind: spacy, model: a, labels: {PER: person}}]}\n",
            ["labels.PER"],
        ),
        (LOOPBACK + "detection: {languages: [english]}\n", ["languages[0]: "]),
        (LOOPBACK + "detection: {allow: [{}]}\n", ["allow[0]: needs either text or pattern"]),
        (LOOPBACK + "detection: {allow: [{text: a, pattern: b}]}\n", ["allow[0]: needs either"]),
        (LOOPBACK + "detection: {allow: [7]}\n", ["allow[0]: must be a mapping"]),
        (LOOPBACK + "detection: {deny: [{text: a}]}\n", ["deny[0]: needs an entity_type"]),
        (LOOPBACK + "detection: {deny: [{pattern: '(', entity_type: A}]}\n", ["pattern: must be"]),
        (LOOPBACK + "detection: {deny: [{pattern: 'a*', entity_type: A}]}\n", ["empty text"]),
        (
            LOOPBACK + "detection: {recognizers: [{name: a, entity_type: A, patterns: []}]}\n",
            ["recognizers[0].patterns: must not be empty"],
        ),
        (LOOPBACK + "secrets: {master_key: abc}\n", ["master_key: must not stand in the conf"]),
        (LOOPBACK + "secrets: {master_key: '${env:NO}'}\n", ["variable NO is not set"]),
        (LOOPBACK + "secrets: {master_key: '${env:BAD}'}\n", ["must be 32 bytes in base64"]),
        (LOOPBACK + "secrets: {master_key: '${env:EMPTY}'}\n", ["variable EMPTY is empty"]),
        (LOOPBACK + "secrets: {master_key: '${file:no.key}'}\n", ["no.key cannot be read"]),
        (LOOPBACK + "detection: {deny: ['${env:BAD}']}\n", ["deny[0]: references are read in"]),
    ],
)
def test_refusals(folder: Path, text: str, parts: list[str]):
    found = "\n".join(refused(folder, text, BAD="bad-secret", EMPTY=" "))
    assert "cloakroom.yaml" in found
    for part in parts:
        assert part in found
    assert "bad-secret" not in found
    assert "pw@" not in found


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("name: u, kind: opnai, class: external", "kind: must be one of: openai, anthropic"),
        ("name: u, kind: loopback, class: onprem", "class: must be one of: on_prem, external"),
        ("name: u, kind: loopback, upstream_class: on_prem", "upstream_class: unknown key"),
        ("name: 'u v', kind: loopback, class: on_prem", "name: must be a name"),
        ("name: u, kind: openai, class: external", 'required key "base_url" is missing'),
        (
            "name: u, kind: loopback, class: on_prem, base_url: 'http://a'",
            "base_url: has no meaning",
        ),
        ("name: u, kind: loopback, class: on_prem, api_key: x", "api_key: has no meaning"),
        (
            OPENAI.replace("https", "http"),
            "base_url: an external upstream must be reached over https",
        ),
        (OPENAI.replace("https", "ftp"), "base_url: must be an http:// or https:// URL"),
        (OPENAI.replace("//api", "//user:hunter2@api"), "base_url: must not hold credentials"),
        (OPENAI.replace("/v1", "/v1?key=hunter2"), "base_url: must not have a query"),
        (OPENAI.replace("com/v1", "com:99999/v1"), "base_url: must be an http"),
        (OPENAI.replace("https://api.example.com", "https://"), "base_url: must be an http"),
        (OPENAI + ", proxy_url: 'socks5://a'", "proxy_url: must be an http:// or https:// URL"),
        (OPENAI + ", ca_file: none.pem", "ca_file: no such file"),
        (OPENAI + ", client_cert_file: cloakroom.yaml", "client_key_file belong together"),
        (OPENAI + ", models: []", "models: must not be empty"),
        (OPENAI + ", families: []", "families: must not be empty"),
        (OPENAI + ", families: [chat, chta]", "families[1]: must be one of: chat, responses"),
        (
            OPENAI + ", api_version: 2024-10-21",
            "a meaning for an upstream of kind azure_openai",
        ),
        (OPENAI + ", forward_betas: []", "has a meaning for an upstream of kind anthropic alone"),
        ("name: u, kind: azure_openai, class: external", 'required key "base_url" is missing'),
        (
            AZURE + ", families: [messages]",
            "an upstream of kind azure_openai speaks chat,",
        ),
        (AZURE + ", api_version: latest", "api_version: must be a date"),
        (
            "name: u, kind: anthropic, class: external, families: [messages, chat]",
            "families: an upstream of kind anthropic speaks messages alone",
        ),
        (
            "name: u, kind: anthropic, class: external, base_url: 'http://a.example'",
            "base_url: an external upstream must be reached over https",
        ),
        (
            "name: u, kind: anthropic, class: external, forward_betas: ['a b']",
            "forward_betas[0]: must be a pattern",
        ),
        ("name: u, kind: loopback, class: on_prem, forward_betas: []", "has no meaning"),
        (OPENAI + ", forward_headers: [anthropic-beta]", "forward_headers[0]: is a header that is"),
        (OPENAI + ", models: ['gpt-[45]']", "models[0]: must be a pattern"),
        (OPENAI + ", model_map: {a: 'b*'}", "model_map.a: must be a model's name"),
        (OPENAI + ", forward_headers: [Authorization]", "forward_headers[0]: is a header that is"),
        (
            OPENAI + ", forward_headers: [X-Cloakroom-Conversation]",
            "[0]: is a header that is never",
        ),
        (OPENAI + ", forward_headers: ['a b']", "forward_headers[0]: must be a header name"),
        (OPENAI + ", api_key: '${env:NONE}'", "environment variable NONE is not set"),
        (OPENAI + ", api_key: '${file:none}'", "none cannot be read: No such file"),
        (OPENAI + ", api_key: 'Bearer ${env:K}'", "api_key: must be ${env:NAME} or ${file:PATH}"),
        (OPENAI + ", api_key: '${vault:K}'", "api_key: must be ${env:NAME} or ${file:PATH}"),
        (OPENAI + ', api_key: "hunter2\\nx: y"', "api_key: must be printable ASCII"),
        (OPENAI + ", api_key: 7", "api_key: must be text"),
        (OPENAI + ", proxy_url: '${env:K}'", "references are read in api_key, audit.password"),
    ],
)
def test_refused_upstreams(folder: Path, entry: str, part: str):
    found = "\n".join(refused(folder, f"upstreams: [{{{entry}}}]\n", K="k"))
    assert part in found
    assert "hunter2" not in found


def test_each_kind_has_its_families_its_address_and_its_betas(folder: Path):
    text = f"""\
upstreams:
  - {{name: anthropic, kind: anthropic, class: external}}
  - {{name: own, kind: anthropic, class: on_prem, base_url: "http://a/v1", forward_betas: ["a-*"]}}
  - {{{AZURE.replace("name: u", "name: azure")}}}
  - {{{AZURE.replace("name: u", "name: dated")}, api_version: 2024-10-21, families: [chat]}}
  - {{{OPENAI}, families: [chat, messages]}}
  - {{name: loop, kind: loopback, class: on_prem, families: [messages]}}
  - {{name: all, kind: loopback, class: on_prem}}
"""
    found = {one.name: one for one in read(folder, text).upstreams}
    assert {name: one.families for name, one in found.items()} == {
        "anthropic": {Family.MESSAGES},
        "own": {Family.MESSAGES},
        "azure": frozenset(Family) - {Family.MESSAGES},
        "dated": {Family.CHAT},
        "u": {Family.CHAT, Family.MESSAGES},
        "loop": {Family.MESSAGES},
        "all": frozenset(Family),
    }
    assert found["anthropic"].base_url == "https://api.anthropic.com"
    assert (found["own"].base_url, found["own"].forward_betas) == ("http://a/v1", ("a-*",))
    assert found["anthropic"].forward_betas == KNOWN_BETAS
    assert (found["azure"].api_version, found["dated"].api_version) == ("", "2024-10-21")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:1", "127.9.9.9"])
def test_an_external_upstream_may_be_a_proxy_on_this_machine(folder: Path, host: str):
    entry = f"name: u, kind: openai, class: external, base_url: 'http://{host}/v1', api_key: lit"
    (found,) = read(folder, f"upstreams: [{{{entry}}}]\n").upstreams
    assert found.api_key == Secret("lit")


def test_every_problem_is_told_in_order_of_lines(folder: Path):
    found = refused(
        folder,
        """\
listen: {prot: 1}
upstreams:
  - {name: a, kind: nope, class: on_prem}
  - {name: b, kind: openai, class: external, base_url: "http://x.example/v1"}
  - {name: b, kind: loopback, class: on_prem, api_key: "${env:NO}"}
limits: {depth: -1, dpth: 1}
secrets: {master_key: "${file:none}"}
policies: [nope, nope/a.yaml]
audit: {url: mysql://x}
extra: 1
""",
    )
    lines = [int(one.split(":")[1]) for one in found]
    assert lines == sorted(lines)
    assert set(lines) == {2, 4, 5, 6, 7, 8, 9, 10, 11}
    assert any("duplicate upstream name" in one for one in found)
    assert any("variable NO is not set" in one for one in found)


def test_recognizer_names_are_unique(folder: Path):
    one = "{name: a, entity_type: A, patterns: [{regex: x, score: 0.5}]}"
    found = refused(folder, f"{LOOPBACK}detection: {{recognizers: [{one}, {one}]}}\n")
    assert "recognizers[1].name: duplicate recognizer name" in found[0]


def test_policies(folder: Path):
    assert set(shipped_policies()) >= {"default", "mask-all"}
    default = shipped_policy("default")
    assert default.is_file()
    assert default.is_absolute()
    text = LOOPBACK + "policies: [default, policies/mask-all.yaml, ./policies/default.yaml]\n"
    assert read(folder, text).policies == (default, shipped_policy("mask-all"), default)
    (folder / "policies").mkdir()
    own = folder / "policies" / "mask-all.yaml"
    own.touch()
    assert read(folder, text).policies[1] == own
    for name in ("../tests/default", "README", "defualt", ""):
        with pytest.raises(ConfigError):
            shipped_policy(name)


# --- exposure -----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "example.com"])
@pytest.mark.parametrize("mode", ["none", "keys"])
@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("insecure", [False, True])
def test_exposure(folder: Path, host: str, mode: str, allowed: bool, insecure: bool):
    base = load(None, {})
    listen, auth = Listen(host=host), Auth(mode=mode, allow_unauthenticated=allowed)
    exposed = replace(base, listen=listen, auth=auth)
    if is_loopback(host) or mode == "keys" or (allowed and insecure):
        check_exposure(exposed, insecure)
    else:
        with pytest.raises(ConfigError, match=r"listen\.host"):
            check_exposure(exposed, insecure)


def test_exposure_is_asked_for_in_the_file(folder: Path):
    text = LOOPBACK + "listen: {host: 0.0.0.0}\nauth: {mode: none, allow_unauthenticated: true}\n"
    found = read(folder, text)
    check_exposure(found, insecure=True)
    with pytest.raises(ConfigError):
        check_exposure(found, insecure=False)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("LOCALHOST", True),
        ("localhost.", True), ("0.0.0.0", False), ("::", False), ("localhost.evil.com", False),
        ("10.0.0.1", False), ("2130706433", False), ("", False),
    ],
)  # fmt: skip
def test_loopback(host: str, expected: bool):
    assert is_loopback(host) is expected


# --- the master key -----------------------------------------------------------------------------


def test_a_key_is_made_once_and_said_so(folder: Path):
    first = read(folder, LOOPBACK)
    path = folder / "cloakroom.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(first.master_key) == 32
    assert [str(path) in one and "made" in one for one in first.notices] == [True]
    again = read(folder, LOOPBACK)
    assert again.master_key == first.master_key
    assert again.notices == ()
    assert base64.b64encode(first.master_key).decode() not in repr(first) + str(first.notices)
    assert sorted(one.name for one in folder.iterdir()) == ["cloakroom.key", "cloakroom.yaml"]


def test_the_key_lies_beside_the_database(folder: Path):
    (folder / "data").mkdir()
    read(folder, LOOPBACK + "audit: {url: 'sqlite:///data/a.db'}\n")
    assert (folder / "data" / "cloakroom.key").is_file()


def test_a_key_that_others_can_read_is_noticed(folder: Path):
    read(folder, LOOPBACK)
    (folder / "cloakroom.key").chmod(0o640)
    (notice,) = read(folder, LOOPBACK).notices
    assert f"chmod 600 {folder}/cloakroom.key" in notice
    own = folder / "own.key"
    own.write_text(KEY.hex())
    own.chmod(0o604)
    text = LOOPBACK + "secrets: {master_key: '${file:own.key}'}\n"
    found = read(folder, text)
    assert found.master_key == KEY
    assert len(found.notices) == 1
    own.chmod(0o400)
    assert read(folder, text).notices == ()


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe", b"A" * 43, b"A" * 20_000])
def test_a_broken_key_file_is_never_replaced(folder: Path, content: bytes):
    (folder / "cloakroom.key").write_bytes(content)
    with pytest.raises(ConfigError, match=r"secrets\.master_key"):
        read(folder, LOOPBACK)
    assert (folder / "cloakroom.key").read_bytes() == content


@given(st.binary(min_size=32, max_size=32))
def test_both_notations_of_a_key(key: bytes):
    assert masterkey.decode(key.hex()) == key
    assert masterkey.decode(key.hex().upper()) == key
    assert masterkey.decode(base64.b64encode(key).decode()) == key


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_keys_of_other_sizes(size: int):
    for text in (base64.b64encode(bytes(size)).decode(), bytes(size).hex() if size != 32 else ""):
        with pytest.raises(masterkey.SecretProblem):
            masterkey.decode(text)


def make(path: Path, gate: object) -> bytes:
    gate.wait()  # type: ignore[attr-defined]
    return masterkey.read_or_make(path)[0]


def _child(path: Path, gate: object, answers: object) -> None:
    answers.put(make(path, gate))  # type: ignore[attr-defined]


def test_processes_that_start_at_once_agree(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(3), context.Queue()
    arguments = (tmp_path / "k", gate, answers)
    children = [context.Process(target=_child, args=arguments) for _ in range(3)]
    for child in children:
        child.start()
    keys = {answers.get(timeout=120) for _ in children}
    for child in children:
        child.join(120)
    assert len(keys) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["k"]


def test_whoever_loses_the_race_takes_the_winners_key(tmp_path: Path, monkeypatch):
    path = tmp_path / "k"
    real = keyfiles.os.link

    def late(source: Path, target: Path) -> None:
        path.write_text(KEY.hex())
        real(source, target)

    monkeypatch.setattr(keyfiles.os, "link", late)
    assert masterkey.read_or_make(path) == (KEY, False)
    assert [one.name for one in tmp_path.iterdir()] == ["k"]


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keyfiles.os, "link", full)
    with pytest.raises(masterkey.SecretProblem, match="No space left"):
        masterkey.read_or_make(tmp_path / "k")
    assert not list(tmp_path.iterdir())
