"""Builds what the Containerfile says without a container engine: its commands, each in its root.

A stage begins as a copy of a root with Debian and Python. A RUN is carried out by chroot, without
any network: packages come from a folder of wheels, by the same hashes. It needs root.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.containerfile import FILE, ROOT, Instruction, ignores, stages

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IGNORED = FILE.with_name("Containerfile.dockerignore").read_text(encoding="utf-8")
WHEELS = "/wheels"


@dataclass
class Stage:
    """A root that is being built, and what its instructions say of running it."""

    root: Path
    environ: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    arguments: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0"

    def inside(self, path: str) -> Path:
        """Where a path of the stage is on this machine."""
        return (
            self.root / os.path.normpath(f"{self.workdir}/{path}" if path[0] != "/" else path)[1:]
        )


def build(base: Path, wheels: Path, folder: Path) -> Stage:
    """The last stage of the Containerfile, built in a folder."""
    done: dict[str, Stage] = {}
    stage = Stage(folder)
    for number, instructions in enumerate(stages(FILE.read_text(encoding="utf-8"))):
        name = re.search(r" AS (\w+)$", instructions[0].text)
        stage = Stage(folder / (name[1] if name else str(number)))
        subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(stage.root)], check=True)
        for one in instructions:
            _carry_out(one, stage, done, wheels)
        done[name[1] if name else str(number)] = stage
    return stage


def _carry_out(one: Instruction, stage: Stage, done: dict[str, Stage], wheels: Path) -> None:
    match one.name:
        case "ARG":
            name, _, value = one.text.partition("=")
            stage.arguments[name] = value
        case "ENV":
            stage.environ |= dict(word.split("=", 1) for word in shlex.split(one.text))
        case "WORKDIR":
            stage.workdir = one.text
            stage.inside(".").mkdir(parents=True, exist_ok=True)
        case "USER":
            stage.user = one.text
        case "RUN":
            _run(one.text, stage, wheels)
        case "COPY":
            _copy(one.text.split(), stage, done)
        case "FROM" | "LABEL" | "VOLUME" | "EXPOSE" | "STOPSIGNAL":
            pass
        case "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
            pass
        case other:
            raise AssertionError(f"nobody knows how to carry out {other}")


def _run(command: str, stage: Stage, wheels: Path) -> None:
    there = stage.root / WHEELS[1:]
    there.mkdir(exist_ok=True)
    environ = {**stage.arguments, **stage.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS}
    script = (
        f'mount --bind -o ro "{wheels}" "{there}" && mount -t proc proc "{stage.root}/proc" && '
        f'exec chroot "{stage.root}" /bin/sh -c \'cd "$0" && eval "$1"\' "$2" "$3"'
    )
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--net", "--fork", "sh", "-euc", script, "sh", "-",
         stage.workdir, command],
        env=environ, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    there.rmdir()


def _copy(words: list[str], stage: Stage, done: dict[str, Stage]) -> None:
    origin = ROOT
    if words[0].startswith("--from="):
        origin = done[words.pop(0).removeprefix("--from=")].root
    *sources, target = words
    for source in sources:
        path = origin / source.lstrip("/")
        to = stage.inside(target)
        if path.is_file() and (target.endswith("/") or to.is_dir()):
            to = to / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            shutil.copy(path, to)
        else:
            ours = origin == ROOT  # what another stage made is not changed any more
            shutil.copytree(
                path, to, symlinks=True, dirs_exist_ok=True,
                ignore=_kept_out if ours else None,
                copy_function=shutil.copy2 if ours else os.link,
            )  # fmt: skip


def _kept_out(folder: str, names: list[str]) -> set[str]:
    where = Path(folder).relative_to(ROOT)
    return {name for name in names if ignores(IGNORED, str(where / name))}


@contextmanager
def running(
    stage: Stage, command: list[str], writable: dict[str, Path], readable: dict[str, Path],
    environ: dict[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:  # fmt: skip
    """A command as the image's user on a read-only root, without any rights. Folders of this
    machine stand at some paths, which must be there."""
    root = stage.root
    lines = [f'mount --bind "{root}" "{root}"', f'mount -o remount,bind,ro "{root}"']
    lines.append(f'mount -t proc proc "{root}/proc"')
    for at, folder in {**writable, **readable}.items():
        lines.append(f'mount --bind "{folder}" "{root}{at}"')
    lines += [f'mount -o remount,bind,ro "{root}{at}"' for at in readable]
    user, group = stage.user.split(":")
    lines.append(
        "exec setpriv --no-new-privs --inh-caps=-all "
        f'{shutil.which("chroot")} --userspec={user}:{group} --groups={group} "{root}" '
        '/bin/sh -c \'cd "$0" && exec "$@"\' "$@"'
    )
    process = subprocess.Popen(
        ["unshare", "--mount", "sh", "-euc", "\n".join(lines),
         "sh", stage.workdir, *command],
        env={**stage.environ, **(environ or {})},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
