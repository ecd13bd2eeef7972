"""What a model that reads names must do, and the check that it did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.types import Span


class IncompleteRead(Exception):
    """A stage did not read a text to its end, or gave an answer that cannot be one.

    Never holds text: its words are constants, names of stages and numbers.
    """


class ModelProblem(ValueError):
    """A model cannot be used. The words are ours, constants and names of fields, and may be shown.

    A gateway whose model cannot be used does not start.
    """


class TokenClassifier(Protocol):
    """Finds entities in texts by a model. Synchronous; called from any thread."""

    @property
    def entity_types(self) -> frozenset[str]:
        """Every entity type that it may find."""
        ...

    def classify(self, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
        """The spans of each text, in order of the texts; offsets are code points.

        Every character is read. What is found in a text depends on that text alone: not on the
        texts beside it, nor on their order.

        Raises:
            IncompleteRead: a part of a text was not read.
            TimeoutError: a server or a model took too long.
        """
        ...


def classified(classifier: TokenClassifier, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
    """What a classifier finds, checked: an answer per text, spans inside it, of its own types.

    Raises:
        IncompleteRead: the answer is not that.
    """
    if not texts:
        return []
    found = classifier.classify(texts)
    if len(found) != len(texts):
        raise IncompleteRead("a classifier did not answer for every text")
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            if not 0 <= span.start < span.end <= len(text):
                raise IncompleteRead("a classifier gave a span that is not in the text")
            if span.entity_type not in classifier.entity_types:
                raise IncompleteRead("a classifier gave a type that it does not know")
    return found
