"""Cuts texts into tokens on this machine, with a model's own `tokenizer.json`.

What is cut is the original text, values and all. So no server is asked, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Encode: TypeAlias = Callable[[str], Sequence[tuple[int, int, int]]]
"""The tokens of a text: the number of each, where it begins and where it ends."""


class TokenizerProblem(Exception):
    """Why there is no tokenizer, for who named it."""


def open_tokenizer(path: Path) -> Encode:
    """The tokenizer of a file, or of a model's folder. Raises `TokenizerProblem`."""
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 -- an extra
    except ImportError:
        raise TokenizerProblem(
            "tokenizers is not installed: pip install 'cloakroom[vllm]'"
        ) from None
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        opened: Any = Tokenizer.from_file(str(file))
    except Exception:  # the library raises this very class
        raise TokenizerProblem(
            "the tokenizer cannot be read: name a model's tokenizer.json, or the folder it is in"
        ) from None
    opened.no_truncation()
    opened.no_padding()

    def encode(text: str) -> Sequence[tuple[int, int, int]]:
        made = opened.encode(text, add_special_tokens=False)
        return [(number, *where) for number, where in zip(made.ids, made.offsets, strict=True)]

    return encode
