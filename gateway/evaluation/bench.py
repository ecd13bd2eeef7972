"""What the detector costs: CPU time by stage and by size of batch, memory, start-up.

Only here is time taken; no test asserts one. Figures are the best of several rounds: what disturbs
a measurement makes it slower, never faster.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from gateway.evaluation.latency import CHARACTERS_PER_TOKEN, per_1k
from gateway.ports import Detector
from gateway.settings import Detection
from gateway.types import Json

if TYPE_CHECKING:  # loaded after memory was counted
    from gateway.detection.structured.context import Reading
    from gateway.detection.tokenclassifier import TokenClassifier

ROUNDS: Final = 5
CURVE: Final = (1, 2, 4, 8, 16, 32, 64)
SHORT_TOKENS: Final = 100
LANGUAGES: Final = 7

# What the gateway loads besides the detector, so that memory is counted above it.
_REST: Final = ("aiohttp", "fastapi", "numpy", "sqlalchemy", "uvicorn", "gateway.wire.chat")
_STATUS: Final = Path("/proc/self/status")

# One sentence per language and kind; the values are documentation's own or do not exist.
SENTENCES: Final = (
    "Please ask Maria Jensen whether the draft reached her before the meeting on Tuesday; "
    "her address is maria.jensen@example.com and the office answers at +44 20 7946 0958. ",
    "Die Lieferung geht an Herrn Thomas Brandt, Lindenallee 12, und die Rechnung wird vom Konto "
    "DE89 3704 0044 0532 0130 00 bezahlt, sobald die Ware geprüft worden ist. ",
    "Le dossier de Claire Fontaine a été transmis au service le 14 mars, et la réponse devrait "
    "arriver avant la fin du mois si aucune pièce ne manque. ",
    "La reunión con Javier Ortega quedó para el jueves por la tarde, porque el informe de la "
    "primera revisión todavía no estaba terminado cuando llamó. ",
    "Il contratto con la signora Elena Marini prevede una consegna in due parti, la prima entro "
    "tre settimane e la seconda quando i lavori saranno finiti. ",
    "De aanvraag van Pieter de Boer is gisteren binnengekomen, maar het formulier was niet "
    "ondertekend en moet daarom opnieuw worden opgestuurd. ",
    "O pedido de Beatriz Almeida foi registado de manhã, e o valor será devolvido para o mesmo "
    "cartão dentro de poucos dias, como estava combinado. ",
    "When the pump runs dry the pressure falls, so the controller waits until the sensor has "
    "seen water again and only then starts the second cycle of the test. ",
)


class OpenDetector(Detector, Protocol):
    """A detector that is closed at the end."""

    async def aclose(self) -> None:
        """Let go of what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the batch curve."""

    texts: int
    cpu_ms_per_1k: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Start:
    """What loading the detector took. Sizes are resident bytes; 0 where the system does not say."""

    seconds: float
    rss_before: int
    rss_loaded: int
    rss_used: int


@dataclass(frozen=True, slots=True)
class Bench:
    """All figures of one run."""

    profile: str
    tokens: int
    start: Start
    stages: dict[str, float]
    total: float
    curve: tuple[Point, ...]


def sample(tokens: int, turn: int = 0) -> str:
    """Running text of about that many tokens, beginning with another sentence at each turn."""
    wanted = int(tokens * CHARACTERS_PER_TOKEN)
    parts: list[str] = []
    size = 0
    while size < wanted:
        parts.append(SENTENCES[(turn + len(parts)) % len(SENTENCES)])
        size += len(parts[-1])
    return "".join(parts)[:wanted]


def rss() -> int:
    """Resident memory of this process in bytes."""
    gc.collect()
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(one.split()[1]) * 1024 for one in lines if one.startswith("VmRSS:")), 0)


async def bench(
    settings: Detection,
    open_detector: Callable[[Detection], OpenDetector],
    tokens: int,
    advance: Callable[[str], None],
) -> Bench:
    """Measure a detector. `advance` is told what is measured next.

    Start-up figures are true only where nothing of the detector was loaded before; so
    `open_detector` imports what it needs when it is called.

    Raises:
        ConfigError: the detector cannot be built with these settings.
        DetectionUnavailable: it did not read the built-in text.
    """
    for name in _REST:
        importlib.import_module(name)
    advance("start")
    before, began = rss(), time.perf_counter()
    detector = open_detector(settings)
    loaded = rss()

    def detect(texts: Sequence[str]) -> Awaitable[object]:
        return detector.detect(texts, "default")

    try:
        await detect([sample(SHORT_TOKENS)])
        seconds = time.perf_counter() - began
        advance("everything")
        text = sample(tokens)
        total = await _best(lambda: detect([text]))
        used = rss()
        stages = await _stages(settings, text, advance)
        curve = []
        for count in CURVE:
            advance(f"batch of {count}")
            curve.append(await _point(detect, count))
    finally:
        await detector.aclose()
    whole = per_1k(total[0], len(text))
    # The stages are measured alone: on a busy machine their sum may exceed the whole.
    stages["rest"] = max(0.0, whole - sum(stages.values()))
    start = Start(seconds, before, loaded, used)
    return Bench(settings.profile, tokens, start, stages, whole, tuple(curve))


async def _stages(
    settings: Detection, text: str, advance: Callable[[str], None]
) -> dict[str, float]:
    """CPU milliseconds per 1,000 tokens of the views, our recognizers, and the classifier."""
    from gateway.detection.recognizers import ClassifierRecognizer, recognizers  # noqa: PLC0415
    from gateway.detection.structured.context import Reading  # noqa: PLC0415 -- after memory was counted
    from gateway.detection.views.normalize import views  # noqa: PLC0415

    of_text = views(text)
    texts = [view.text for view in of_text]
    named = [view.text for view in of_text if getattr(view, "reads_names", True)]
    work: dict[str, Callable[[], object]] = {"views": lambda: views(text)}
    for one in recognizers("en", _classifiers(settings.profile)):
        own: str = one.name  # type: ignore[has-type]
        is_model = isinstance(one, ClassifierRecognizer)
        name = "classifier" if is_model else f"patterns: {own}"
        read: Callable[[Reading], object] = getattr(one, "read")  # noqa: B009 -- of our own only
        work[name] = partial(_read_all, read, Reading, named if is_model else texts)
    out = {}
    for name, call in work.items():
        advance(name)
        out[name] = per_1k((await _best(_asynchronous(call)))[0], len(text))
    return out


def _classifiers(profile: str) -> list[TokenClassifier]:
    from gateway.detection.tagger import classifier  # noqa: PLC0415 -- brings its runtime along

    return [] if profile == "patterns" else [classifier.load(profile)]


def _read_all(
    read: Callable[[Reading], object], reading: type[Reading], texts: Sequence[str]
) -> list[object]:
    return [read(reading(text)) for text in texts]


def _asynchronous(call: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def run() -> object:
        return call()

    return run


async def _best(call: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """CPU and wall seconds of the best of several rounds, the first of which does not count."""
    await call()
    cpus, walls = [], []
    for _ in range(ROUNDS):
        cpu, wall = time.process_time(), time.perf_counter()
        await call()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return min(cpus), min(walls)


async def _point(detect: Callable[[Sequence[str]], Awaitable[object]], count: int) -> Point:
    texts = [sample(SHORT_TOKENS, turn) for turn in range(count)]
    cpu, wall = await _best(lambda: detect(texts))
    return Point(count, per_1k(cpu, sum(map(len, texts))), wall * 1e3)


def document(done: Bench) -> dict[str, Json]:
    """The figures as JSON."""
    start = done.start
    return {
        "profile": done.profile,
        "tokens": done.tokens,
        "characters_per_token": CHARACTERS_PER_TOKEN,
        "cpu_ms_per_1k_tokens": round(done.total, 3),
        "stages": {name: round(value, 3) for name, value in done.stages.items()},
        "batches": [
            {
                "texts": one.texts,
                "cpu_ms_per_1k_tokens": round(one.cpu_ms_per_1k, 3),
                "wall_ms": round(one.wall_ms, 3),
            }
            for one in done.curve
        ],
        "cold_start_s": round(start.seconds, 3),
        "rss": {
            "before": start.rss_before,
            "loaded": start.rss_loaded,
            "used": start.rss_used,
            "added": max(0, start.rss_used - start.rss_before),
        },
    }
