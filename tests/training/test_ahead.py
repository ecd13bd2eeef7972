import os
from itertools import count, islice

import pytest

from gateway.training.ahead import ahead


def test_the_items_come_in_their_order():
    assert list(ahead(range(300))) == list(range(300))


def test_they_are_made_in_another_process_which_ends_with_the_iterator():
    made = ahead(os.getpid() for _ in count())
    (maker,) = set(islice(made, 5))
    made.close()

    assert maker != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(maker, 0)


def test_a_stream_that_fails_is_an_end_that_is_told():
    def failing():
        yield 1
        os._exit(3)

    made = ahead(failing())

    assert next(made) == 1
    with pytest.raises(EOFError):
        next(made)
