"""A vault that lasts as long as its process: nothing is written, so nothing is sealed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from gateway.ports import Item, Owner
from gateway.vault.names import below, check


class MemoryVault:
    """A `Vault` in this process.

    Args:
        clock: the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._items: dict[tuple[Owner, str], dict[str, Item]] = {}

    def __repr__(self) -> str:
        return f"MemoryVault({sum(map(len, self._items.values()))} items)"

    async def put(self, owner: Owner, items: Sequence[Item]) -> None:
        """Keep these, all or none; an item of that kind and name is replaced.

        Raises:
            InternalError: a kind or a name is none.
        """
        check(items)
        for item in items:
            self._items.setdefault((owner, item.kind), {})[item.name] = item

    async def get(self, owner: Owner, kind: str, name: str) -> bytes | None:
        """The value of an item that is there, has not expired and is this owner's."""
        item = self._items.get((owner, kind), {}).get(name)
        return None if item is None or item.expires <= self._clock() else item.value

    async def page(
        self, owner: Owner, kind: str, prefix: str, after: str, limit: int
    ) -> Sequence[tuple[str, bytes]]:
        """Names and values of the next items whose names begin so and follow `after`, by name."""
        now, held = self._clock(), self._items.get((owner, kind), {})
        names = sorted(
            name
            for name, item in held.items()
            if name.startswith(prefix) and name > after and item.expires > now
        )
        return [(name, held[name].value) for name in names[:limit]]

    async def drop(self, owner: Owner, kind: str, name: str) -> None:
        """Delete an item, and all whose names go on with a slash after its name."""
        held = self._items.get((owner, kind), {})
        first, end = below(name)
        for one in [one for one in held if one == name or first <= one < end]:
            del held[one]

    async def purge(self, now: float) -> int:
        """Delete, of all owners, what has expired; how many items."""
        gone = [
            (held, name)
            for held in self._items.values()
            for name, item in held.items()
            if item.expires <= now
        ]
        for held, name in gone:
            del held[name]
        return len(gone)

    async def aclose(self) -> None:
        """Forget everything."""
        self._items.clear()
