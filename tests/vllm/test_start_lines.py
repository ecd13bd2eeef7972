"""What `deploy/vllm` and `doctor` tell operators: vLLM's own parser knows every option of it."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from gateway.cli.checks_vllm import FLAGS
from tests.e2e.world import ROOT
from tests.vllm.servers import run_python

pytestmark = pytest.mark.vllm

FOLDER = ROOT / "deploy" / "vllm"
PARSE = """
import json, sys
import vllm.envs
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
lines, names = json.load(sys.stdin)
for line in lines:
    parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(line)
    assert not parsed.enable_log_requests and not parsed.enable_log_outputs, line
    assert parsed.kv_events_config is None and parsed.disable_uvicorn_access_log, line
print(json.dumps([name for name in names if name not in vllm.envs.environment_variables]))
"""


def start_lines() -> list[list[str]]:
    readme = (FOLDER / "README.md").read_text("utf-8")
    joined = readme.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.startswith("vllm serve ")]
    folded = re.search(r"exec (vllm serve [^$]*?)--nnodes", re.sub(r"\s+", " ", readme))
    assert folded
    return [shlex.split(line)[2:] for line in [*lines, folded[1]]]


def chart_line() -> list[str]:
    """What the chart starts a vLLM with, whatever the values are."""
    template = ROOT / "helm" / "cloakroom" / "templates" / "vllm.yaml"
    options = re.findall(r"^ +- (--[a-z][^{}\n]*)$", template.read_text("utf-8"), re.MULTILINE)
    assert "--enable-lora" in options
    return ["/models/any", *options, "contracts=/adapters/contracts", "support=/adapters/support"]


def variables() -> set[str]:
    told = FLAGS + (FOLDER / "privacy.env").read_text("utf-8")
    return set(re.findall(r"VLLM_[A-Z_]+", told)) | {"VLLM_API_KEY", "VLLM_HOST_IP"}


def test_every_line_and_variable_is_vllms():
    options = re.search(r"; (--.*); no", FLAGS)
    assert options
    lines = [*start_lines(), chart_line(), ["/models/any", *options[1].split()]]
    assert len(lines) == 9
    assert len(variables()) > 8
    told = run_python("-c", PARSE, given=json.dumps([lines, sorted(variables())]))

    assert json.loads(told.splitlines()[-1]) == []
