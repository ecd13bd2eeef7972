"""Reads a Containerfile: its stages, and their instructions in order."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "Containerfile"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    text: str


def stages(text: str) -> tuple[tuple[Instruction, ...], ...]:
    """The instructions of each stage; what stands before the first FROM is left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, rest.strip()))
    return tuple(map(tuple, found))


def instructions(stage: tuple[Instruction, ...], name: str) -> list[str]:
    return [one.text for one in stage if one.name == name]


def copied(stage: tuple[Instruction, ...]) -> list[str]:
    """What a stage copies from the checkout."""
    words = (text.split() for text in instructions(stage, "COPY") if "--from" not in text)
    return [source for one in words for source in one[:-1]]


def ignores(patterns: str, path: str) -> bool:
    """Whether an ignore file keeps a path out; the last pattern that matches it decides."""
    kept_out = False
    for line in patterns.splitlines():
        if not line or line.startswith("#"):
            continue
        again, pattern = line.startswith("!"), line.removeprefix("!")
        anywhere = pattern.startswith("**/")
        names = [path, *map(str, Path(path).parents)][: -1 if "/" in path else None]
        if anywhere:
            hit = fnmatch.fnmatch(Path(path).name, pattern.removeprefix("**/"))
            hit = hit or any(part == pattern.removeprefix("**/") for part in Path(path).parts)
        else:
            hit = any(fnmatch.fnmatchcase(name, pattern) for name in names)
        if hit:
            kept_out = not again
    return kept_out
