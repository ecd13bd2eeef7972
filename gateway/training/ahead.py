"""What a GPU is fed with is made in a process of its own, so that neither waits for the other.

The batches and their order are those that the stream gives by itself.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from typing import TypeVar

_Item = TypeVar("_Item")


def ahead(stream: Iterable[_Item]) -> Iterator[_Item]:
    """The items of a stream, each made in a forked process while the one before is used.

    They must be picklable. The process ends with the iterator.

    Raises:
        EOFError: the process has died.
    """
    forking = multiprocessing.get_context("fork")  # the stream holds all data: it is not copied
    theirs, ours = forking.Pipe(duplex=False)
    maker = forking.Process(target=_make, args=(stream, ours, theirs), daemon=True)
    maker.start()
    ours.close()
    try:
        while True:
            more, item = theirs.recv()
            if not more:
                return
            yield item
    finally:
        theirs.close()
        maker.kill()
        maker.join()


def _make(stream: Iterable[object], out: Connection, other_end: Connection) -> None:
    other_end.close()  # or the process would never learn that nobody reads any more
    for item in stream:
        out.send((True, item))
    out.send((False, None))
