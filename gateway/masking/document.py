"""Rebuilds a JSON document around new leaf texts, copying only what changes. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.types import Json, Leaf, LeafKind, Path


class Rewriter:
    """Writes into a copy of a document; the original is never changed."""

    def __init__(self, document: dict[str, Json]) -> None:
        self._root: dict[str, Any] = dict(document)
        self._copied: dict[Path, Any] = {(): self._root}
        self._renamed: list[tuple[Path, str]] = []

    def put(self, leaves: Sequence[Leaf], texts: Mapping[int, str]) -> None:
        """Put the new text of each changed leaf in its place."""
        inner: dict[Path, list[tuple[Leaf, str]]] = {}
        for index, text in texts.items():
            leaf = leaves[index]
            if leaf.inner is not None:
                inner.setdefault(leaf.path, []).append((leaf, text))
            elif leaf.kind is LeafKind.KEY:
                self._renamed.append((leaf.path, text))
            else:
                self.set(leaf.path, lambda _, text=text: text)  # type: ignore[misc]
        for path, changes in inner.items():
            self.set(path, lambda text, changes=changes: _splice(text, changes))  # type: ignore[misc]

    def set(self, path: Path, change: Callable[[str], str]) -> None:
        """Replace the value at `path` by `change` of it."""
        parent = self._writable(path[:-1])
        parent[path[-1]] = change(parent[path[-1]])

    def finish(self) -> dict[str, Any]:
        """Rename the keys, deepest first, and give the new document."""
        by_parent: dict[Path, dict[str, str]] = {}
        for path, name in self._renamed:
            by_parent.setdefault(path[:-1], {})[str(path[-1])] = name
        for parent in sorted(by_parent, key=len, reverse=True):
            names = by_parent[parent]
            target = self._writable(parent)
            items = [(names.get(key, key), value) for key, value in target.items()]
            target.clear()
            target.update(items)
        return self._root

    def _writable(self, path: Path) -> Any:
        known = self._copied.get(path)
        if known is None:
            parent = self._writable(path[:-1])
            known = parent[path[-1]]
            known = dict(known) if isinstance(known, dict) else list(known)
            parent[path[-1]] = known
            self._copied[path] = known
        return known


def _splice(text: str, changes: list[tuple[Leaf, str]]) -> str:
    """Write new string literals into a text that holds JSON; all else stays as it was."""
    out: list[str] = []
    done = 0
    for leaf, new in sorted(changes, key=lambda change: change[0].inner or (0, 0)):
        start, end = leaf.inner or (0, 0)
        out.append(text[done:start])
        out.append(json.dumps(new, ensure_ascii=False))
        done = end
    out.append(text[done:])
    return "".join(out)
