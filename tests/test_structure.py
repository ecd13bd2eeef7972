"""The rules of the code base that a linter does not know, read off the syntax trees."""

from __future__ import annotations

import ast
import gc
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gateway"
FILES = sorted(PACKAGE.rglob("*.py"))

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

# Patterns below gateway/; what is pure takes its clock, keys and randomness as arguments.
PURE = (
    "settings.py", "errors.py", "types.py", "ports.py", "keyring.py", "version.py",
    "entity_types.py", "operator_kinds.py", "admission.py", "offering.py",
    "tracecontext.py", "genai.py",
    "wire/*.py", "masking/*.py", "masking/surrogates/*.py",
    "detection/views/*.py", "detection/structured/*.py",
    "detection/language/guess.py", "detection/language/words.py",
    "detection/tagger/tokens.py", "detection/tagger/wordfeatures.py", "detection/tagger/tags.py",
    "detection/tagger/plausible.py",
    "detection/spans.py", "detection/segments.py",
    "detection/coreference.py", "detection/common_words.py", "detection/coverage.py",
    "detection/tokenclassifier.py", "detection/engines/decoding.py",
    "detection/engines/labels.py", "detection/engines/windowing.py",
    "evaluation/labels.py", "evaluation/score.py", "evaluation/mistakes.py",
    "evaluation/latency.py", "evaluation/report.py", "evaluation/html.py",
    "policy/model.py", "policy/shape.py", "policy/classes.py", "policy/conditions.py",
    "policy/rules.py", "policy/schema.py", "policy/limits.py", "policy/decide.py",
    "policy/lint.py", "policy/cases.py", "policy/coverage.py", "policy/diff.py",
    "policy/opened.py", "policy/order.py", "policy/universe.py", "policy/simulate.py",
    "policy/answers.py", "policy/kept.py", "policy/wording.py",
    "batches/lines.py", "batches/form.py", "batches/fields.py", "batches/kept.py",
    "batches/objects.py", "batches/openlines.py",
    "tracing/model.py", "tracing/page.py", "tracing/tokenpage.py", "tracing/cutting.py",
    "tracing/explaining.py",
    "conformance/model.py", "conformance/filling.py", "conformance/tables/*.py",
    "vault/sealing.py", "vault/names.py", "routing/candidates.py", "routing/balance.py",
    "routing/circuit.py", "routing/budget.py", "routing/reported.py", "routing/fitting.py",
    "routing/salts.py", "routing/counting.py", "routing/health.py",
    "audit/record.py", "audit/facts.py", "audit/grammar.py", "audit/chain.py",
    "audit/merkle.py", "audit/tlogproof.py", "audit/notes.py", "audit/checkpoint.py",
    "audit/verify.py", "audit/verdict.py", "audit/export.py", "audit/tiles.py",
    "audit/sinks/ocsf.py", "audit/routing.py",
    "audit/content/capsule.py", "audit/content/keys.py", "audit/content/index.py",
    "audit/content/facts.py",
    "audit/evidence/about.py", "audit/evidence/collect.py", "audit/evidence/quality.py",
    "audit/evidence/ropa.py", "audit/evidence/routes.py",
    "audit/evidence/dpia.py", "audit/evidence/outages.py",
    "audit/evidence/tables.py", "audit/evidence/texts.py", "audit/evidence/proving.py",
    "audit/evidence/pdf.py",
    "identity/roles.py",
    "console/accounts.py", "console/security.py", "console/filters.py",
    "console/describing.py", "console/tally.py", "console/charts.py",
    "console/differing.py", "console/flowing.py", "console/measuring.py", "console/lifeline.py",
    "console/deciding.py",
    "console/marking.py", "console/proposing.py", "console/reading_feedback.py",
)  # fmt: skip
NOT_PURE = ("masking/presidio.py",)

# Modules of others, and the only places that may import them.
ALLOWED_IMPORTS = {
    "fastapi": ("app.py", "api/*.py", "console/*.py"),
    "starlette": ("app.py", "api/*.py", "console/*.py"),
    "uvicorn": ("app.py", "__main__.py", "cli/*.py"),
    "sqlalchemy": ("*/store.py", "*/sql.py", "*/search.py", "audit/migrations/*.py",
                   "identity/*.py"),
    "argon2": ("console/passwords.py",),
    "jinja2": ("console/pages.py",),
    "presidio_analyzer": ("detection/presidio.py", "detection/nlp.py", "detection/recognizers.py",
                          "detection/plugins/*.py", "evaluation/presidio.py"),
    "spacy": ("detection/engines/spacy_pipeline.py", "evaluation/presidio.py"),
    "transformers": ("detection/engines/hf_model.py", "training/vectors.py"),
    "torch": ("training/*.py", "detection/engines/*.py"),
    "onnx": ("training/export.py",),
    "onnxruntime": ("detection/tagger/runtime.py",),
    "faker": ("training/*.py",),
    "gliner": ("detection/engines/gliner_model.py",),
    "presidio_anonymizer": ("masking/presidio.py",),
    "aiohttp": ("upstreams/*.py", "tools/http.py", "identity/oidc.py"),
    "multipart": ("batches/form.py",),
    "opentelemetry": ("spans.py", "meters.py"),
    "prometheus_client": ("metrics.py",),
    "typer": ("cli/*.py",),
    "rich": ("cli/*.py",),
    "httpx": (),
    "requests": (),
    "pickle": (),
    "random": ("training/draw.py",),  # generated text, not secrets
}  # fmt: skip

IMPURE_MODULES = {
    "asyncio", "http", "logging", "os", "random", "secrets", "socket", "structlog",
    "subprocess", "threading", "time", "urllib",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today"}  # of datetime's classes
IMPURE_NAMES = {"open", "input", "print", "exec", "eval"}


def name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def matches(file: Path, patterns: tuple[str, ...]) -> bool:
    return any(Path(name(file)).match(pattern) for pattern in patterns)


@cache
def tree(file: Path) -> ast.Module:
    gc.disable()  # a finalizer that runs while the parser builds its tree can fail it (CPython)
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    finally:
        gc.enable()


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(file: Path) -> Iterator[tuple[str, ast.AST]]:
    """Full names of imported modules, and of what is imported from them."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(file)}:{node.lineno} imports relatively"
            yield node.module or "", node
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def is_pure(file: Path) -> bool:
    # match() reads from the right: a pattern without a folder means the top folder only
    top = tuple(pattern for pattern in PURE if "/" not in pattern)
    deep = tuple(pattern for pattern in PURE if "/" in pattern)
    pure = name(file) in top if file.parent == PACKAGE else matches(file, deep)
    return pure and not matches(file, NOT_PURE)


def test_there_is_something_to_check():
    assert len(FILES) > 20
    assert sum(map(is_pure, FILES)) > 10


@pytest.mark.parametrize("file", FILES, ids=name)
def test_size(file: Path):
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE_LINES, f"{lines} lines"
    if file.name == "__init__.py":
        assert file.read_bytes() == b""
    for function in functions(file):
        assert function.end_lineno is not None
        length = function.end_lineno - function.lineno + 1
        assert length <= MAX_FUNCTION_LINES, f"{function.name} has {length} lines"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_every_function_is_annotated(file: Path):
    for function in functions(file):
        a = function.args
        arguments = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
        bare = [x.arg for x in arguments if x.annotation is None and x.arg not in {"self", "cls"}]
        assert not bare, f"{function.name}: {bare}"
        assert function.returns is not None, function.name


@pytest.mark.parametrize("file", FILES, ids=name)
def test_imports_stay_in_their_places(file: Path):
    for module, node in imports(file):
        allowed = ALLOWED_IMPORTS.get(module.split(".")[0])
        assert allowed is None or _allowed(file, allowed), f"line {node.lineno}: {module}"  # type: ignore[attr-defined]


def _allowed(file: Path, patterns: tuple[str, ...]) -> bool:
    return any(
        name(file) == pattern if "/" not in pattern else Path(name(file)).match(pattern)
        for pattern in patterns
    )


@pytest.mark.parametrize("file", list(filter(is_pure, FILES)), ids=name)
def test_pure_files_are_pure(file: Path):
    for module, node in imports(file):
        top = module.split(".")[0]
        assert top not in IMPURE_MODULES, f"line {node.lineno}: {module}"  # type: ignore[attr-defined]
        assert not module.startswith(("gateway.telemetry", "gateway.metrics", "gateway.config")), (
            module
        )
    for node in ast.walk(tree(file)):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if called and node.func.id in IMPURE_NAMES:
            raise AssertionError(f"line {node.lineno} calls {node.func.id}")
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            raise AssertionError(f"line {node.lineno} reads the clock")
        if isinstance(node, ast.AsyncFunctionDef):
            assert name(file) == "ports.py", f"line {node.lineno} is async"


def test_masked_requests_are_made_in_one_place():
    for file in FILES:
        if name(file) == "masking/mask.py":
            continue
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Call):
                called = node.func
                made = called.attr if isinstance(called, ast.Attribute) else ""
                made = called.id if isinstance(called, ast.Name) else made
                assert made != "MaskedRequest", f"{name(file)}:{node.lineno}"
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
                assert "MaskedRequest" not in bases, f"{name(file)}:{node.lineno}"
        taken = {module for module, _ in imports(file)}
        assert not any(module.startswith("gateway.masking.mask._") for module in taken), file


def test_the_token_of_masked_requests_stays_in_its_file():
    mask = PACKAGE / "masking" / "mask.py"
    calls = [
        node
        for node in ast.walk(tree(mask))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "MaskedRequest"
    ]
    assert calls
    for call in calls:
        assert ast.unparse(call.args[0]).startswith("_"), f"line {call.lineno}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_broad_except_swallows(file: Path):
    """It raises, or it hands on what it caught: to the code below it, or to an answer."""
    for node in ast.walk(tree(file)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else "BaseException"
        if caught not in {"Exception", "BaseException"}:
            continue
        inner = list(ast.walk(node))
        raises = any(isinstance(one, ast.Raise) for one in inner)
        uses = any(isinstance(one, ast.Name) and one.id == node.name for one in inner)
        assert raises or uses, f"{name(file)}:{node.lineno} swallows {caught}"


# --- every file of the project ------------------------------------------------------------------

SKIPPED = re.compile(
    r"(^|/)(\.git|node_modules|\.venv[a-z-]*|\.[a-z_]+_cache|\.hypothesis|__pycache__|build|dist|[^/]*\.egg-info)(/|$)"
)
TEXT = {"", ".cfg", ".ini", ".j2", ".json", ".lock", ".md", ".py", ".sh", ".sql", ".toml",
        ".tpl", ".txt", ".yaml", ".yml"}  # fmt: skip
FORBIDDEN = re.compile(
    "|".join(
        [
            r"\bTO" + r"DO\b",
            r"\bFIX" + "ME\b",
            r"\.\./" + "shared",
            r"/work/" + r"(main|shared)",
            r"\bpypi\." + "org",
            "files\\." + "pythonhosted",
            "--(extra-)?" + "index-url",
            "--find-" + "links",
        ]
    )
)


def project_files() -> list[Path]:
    return [
        file
        for file in sorted(ROOT.rglob("*"))
        if not SKIPPED.search(file.relative_to(ROOT).as_posix())
        and file.suffix in TEXT
        and file.is_file()
    ]


def test_no_forbidden_words():
    files = project_files()
    assert ROOT / "requirements.lock" in files
    found = []
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}")
    assert not found


@pytest.mark.parametrize(
    "lock",
    [
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-models.lock",
        "requirements-clients.lock",
        "deploy/vllm/requirements.txt",
    ],
)
def test_every_locked_package_has_hashes(lock: str):
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:] if text.startswith("#") else []
    assert len(entries) > 40
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+(\[[a-z,]+\])?==[^ ]+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]


def test_every_locked_package_of_javascript_has_a_hash_and_no_address():
    lock = ROOT / "tests" / "clients" / "js" / "package-lock.json"
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    named = {where: entry for where, entry in packages.items() if where}
    assert len(named) >= 3
    for where, entry in named.items():
        assert entry["integrity"].startswith("sha512-"), where
        assert "resolved" not in entry, where
