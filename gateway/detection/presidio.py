"""Detection in process: our recognizers, token classifiers, and a user's own of Presidio's kind.

A batch of texts goes through it in four steps: views of all texts; the classifiers, once for all
views that read names; our recognizers and the user's own, view by view; and per text what follows
from the spans. What is found in a text depends on that text alone.

Our recognizers are called without Presidio's engine around them, which gives the same results at
less cost. A user's own run in a Presidio `AnalyzerEngine`, as they would anywhere. Neither
Presidio's pattern loop (which skips a regex that times out, that is, fails open) nor its context
enhancer (which is quadratic in the text) is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from presidio_analyzer import EntityRecognizer

from gateway.detection.coverage import complete
from gateway.detection.nlp import ClassifierEngine
from gateway.detection.plugins.outside import OutsideRecognizers
from gateway.detection.plugins.plugged import Plugged, silence_presidio
from gateway.detection.recognizers import (
    IdentifierRecognizer,
    TableRecognizer,
    country_identifiers,
    custom_identifiers,
)
from gateway.detection.spans import (
    above,
    compile_lists,
    denied,
    disjoint,
    threshold_of,
    trimmed,
    without_allowed,
    without_guesses,
)
from gateway.detection.tokenclassifier import TokenClassifier
from gateway.detection.views.normalize import views
from gateway.detection.views.view import View
from gateway.detection.worker import SHORT_CODE_POINTS, Item, Worker, time_left
from gateway.settings import Detection
from gateway.types import Span

SHORT_WITH_CLASSIFIER = {"fast": 1_024}
"""Code points that the profile's classifier and our patterns read in about 10 ms."""


class PresidioDetector:
    """Detects in this process, in one worker thread."""

    def __init__(
        self,
        settings: Detection,
        extra_recognizers: Sequence[EntityRecognizer] = (),
        classifiers: Sequence[TokenClassifier] = (),
        outside: OutsideRecognizers | None = None,
    ) -> None:
        """`extra_recognizers` are a user's own, of any Presidio class, for any language.

        They may be called from several threads at once, and their patterns are bounded in time;
        `outside` are those that are read in another process. The detector closes it.

        Raises:
            ValueError: a list entry, a custom pattern or a recognizer cannot be used.
        """
        silence_presidio()
        self._threshold = threshold_of(settings.thresholds)
        self._lists = compile_lists(settings.allow, settings.deny)
        rows = [*country_identifiers(), *custom_identifiers(settings.recognizers)]
        self._own = (TableRecognizer(), IdentifierRecognizer(rows))
        self._nlp = ClassifierEngine(settings.languages or ("en",), classifiers)
        self._plugged = Plugged(extra_recognizers) if extra_recognizers else None
        self._outside = outside
        self._stages = ("table", "identifiers") + (("plugged",) if self._plugged else ())
        self._has_classifier = bool(classifiers)
        digests = [str(getattr(one, "digest", "")) for one in classifiers]
        self.classifier_digest = next((one for one in digests if one), "")
        """SHA-256, hex, of what names the files of our own models; "" where none is loaded."""
        self.entity_types: frozenset[str] = frozenset(
            {kind for one in (*self._own, *extra_recognizers) for kind in one.supported_entities}
            | {kind for one in classifiers for kind in one.entity_types}
            | (outside.entity_types if outside else frozenset())
            | {entry.entity_type for entry in settings.deny if entry.entity_type}
        )
        self._worker = Worker(self._scan, settings.timeout_s, here_code_points=self._here(settings))

    def _here(self, settings: Detection) -> int:
        """How much text is read on the event loop: nothing, where others' code or regexes run."""
        foreign = any(entry.pattern for entry in (*settings.allow, *settings.deny))
        if self._plugged or self._outside or settings.recognizers or settings.engines or foreign:
            return 0
        if self._has_classifier:
            return SHORT_WITH_CLASSIFIER.get(settings.profile, 0)
        return SHORT_CODE_POINTS

    async def detect(self, texts: Sequence[str], tenant: str) -> Sequence[tuple[Span, ...]]:
        """The spans of each text, disjoint and in order.

        Raises:
            DetectionUnavailable: a recognizer failed, or the call as a whole took longer than
                the settings allow. It neither names nor holds any text.
        """
        return await self._worker.run(texts, tenant)

    def analyze(self, text: str, tenant: str) -> tuple[Span, ...]:
        """The spans of one text, in the calling thread, within the same time limit.

        Raises:
            DetectionUnavailable: as for `detect`.
        """
        return self._worker.run_here(text, tenant)

    async def aclose(self) -> None:
        """Stop the worker thread and the other process; work that has not begun is dropped."""
        self._worker.close()
        if self._outside is not None:
            self._outside.close()

    def _scan(self, batch: Sequence[Item]) -> list[tuple[Span, ...]]:
        """The spans of each item, from that item alone."""
        looks = [
            (index, view)
            for index, (text, _) in enumerate(batch)
            for view in views(text, time_left)
        ]
        found: list[list[Span]] = [[] for _ in batch]
        for (index, view), spans in zip(looks, self._read([v for _, v in looks]), strict=True):
            if not view.pieces:
                found[index] += [part for span in spans for part in span.told]
                continue
            for one in (part for span in spans for part in span.told):
                start, end = view.original(one.start, one.end)
                found[index].append(Span(start, end, one.entity_type, one.score, one.recognizer))
        return [
            self._settled(spans, text, tenant)
            for spans, (text, tenant) in zip(found, batch, strict=True)
        ]

    def _settled(self, found: Sequence[Span], text: str, tenant: str) -> tuple[Span, ...]:
        """What counts of the raw spans of a text: thresholds, lists, a disjoint cover."""
        if not found and not self._lists.deny:
            return ()
        kept = (trimmed(span, text) for span in above(found, self._threshold))
        allowed = without_allowed(
            [span for span in kept if span is not None], text, tenant, self._lists, time_left
        )
        found = without_guesses(allowed)
        return disjoint(found + denied(text, tenant, self._lists, time_left))

    def _read(self, batch: Sequence[View]) -> Iterator[Sequence[Span]]:
        """The raw spans of each view, every stage having read it to its end."""
        named = [at for at, view in enumerate(batch) if view.reads_names]
        of_names: dict[int, Sequence[Span]] = {}
        if self._has_classifier:
            time_left()
            answers = self._nlp.classify([batch[at].text for at in named])
            of_names = dict(zip(named, answers, strict=True))
        foreign: Sequence[Sequence[Span]] = [()] * len(batch)
        if self._outside is not None:
            texts = [(view.text, of_names.get(at, ())) for at, view in enumerate(batch)]
            foreign = self._outside.read(texts)
        for at, (view, others) in enumerate(zip(batch, foreign, strict=True)):
            reads = [stage.read(view.reading) for stage in self._own]
            names = of_names.get(at, ())
            if self._plugged is not None:
                reads.append(self._plugged.read(view.reading, names))
            yield [*names, *others, *complete(reads, self._stages, len(view.text))]
