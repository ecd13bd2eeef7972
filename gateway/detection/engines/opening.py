"""The configured engines, opened: each in a file of its own, imported only where it is asked for.

Nothing is ever downloaded: models are folders on this machine, or a server of yours.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from gateway.detection.tokenclassifier import ModelProblem, TokenClassifier
from gateway.errors import ConfigError, Problem
from gateway.settings import Engine

_MODULES: Final = {
    "spacy": ("spacy_pipeline", ""),
    "gliner": ("gliner_model", "gliner"),
    "transformers": ("hf_model", "transformers"),
    "vllm": ("vllm_server", "vllm"),
}


def open_engines(settings: Sequence[Engine]) -> list[TokenClassifier]:
    """One classifier per engine, ready to read.

    Raises:
        ConfigError: a package or a model is missing or cannot be used; all problems.
    """
    found: list[TokenClassifier] = []
    problems: list[Problem] = []
    for index, engine in enumerate(settings):
        opened = _open(engine, f"detection.engines[{index}]")
        if isinstance(opened, Problem):
            problems.append(opened)
        else:
            found.append(opened)
    if problems:
        raise ConfigError(problems)
    return found


def _open(engine: Engine, key: str) -> TokenClassifier | Problem:
    name, extra = _MODULES[engine.kind]
    # Before the libraries are imported, which look at it once.
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        module = import_module(f"gateway.detection.engines.{name}")
        opened: TokenClassifier = module.open_engine(engine)
    except ImportError as error:
        hint = f"pip install 'cloakroom[{extra}]'" if extra else ""
        missing = (error.name or "a package").partition(".")[0]
        return Problem("configuration", 0, key, f"{missing} is not installed", hint)
    except ModelProblem as error:
        return Problem("configuration", 0, key, str(error))
    except Exception as error:  # of a library that reads somebody's files
        message = f"the model cannot be opened ({type(error).__name__})"
        return Problem("configuration", 0, key, message)
    return opened
