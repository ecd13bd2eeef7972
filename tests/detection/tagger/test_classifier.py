import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection.tagger import classifier
from gateway.detection.tagger.classifier import LEXICON, MANIFEST, MODELS, ModelError, load
from gateway.detection.tagger.tags import ENTITY_TYPES, TAGS, tag
from gateway.detection.tagger.tokens import tokenize

FAST = load("fast")
ACCURATE = load("accurate")
BOTH = pytest.mark.parametrize("model", [FAST, ACCURATE], ids=["fast", "accurate"])

SENTENCES = [
    "Yesterday Marta Kowalczyk moved from Rotterdam to a flat near Leipzig.",
    "Bitte rufen Sie Herrn Jürgen Albrecht in Stuttgart zurück.",
    "La réunion avec Sandrine Lefebvre est reportée au 12 mars 2024.",
    "El paciente Rodrigo Fuentes vive en Valladolid desde 1998.",
    "nothing to see here, just a quiet sentence about the weather",
    "",
    " \n ",
]


def texts_of(text, spans):
    return {(text[one.start : one.end], one.entity_type) for one in spans}


@BOTH
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yesterday Marta Kowalczyk moved to Leipzig.", "PERSON Marta Kowalczyk, LOCATION Leipzig"),
        ("Bitte rufen Sie Herrn Jürgen Albrecht zurück.", "PERSON Jürgen Albrecht"),
        ("Le rapport de Sandrine Lefebvre est prêt.", "PERSON Sandrine Lefebvre"),
        ("El paciente Rodrigo Fuentes vive en Vigo.", "PERSON Rodrigo Fuentes, LOCATION Vigo"),
        ("Ha chiamato Giulia Marchetti da Bologna.", "PERSON Giulia Marchetti, LOCATION Bologna"),
        ("Gisteren sprak Pieter Verhoeven met de buren.", "PERSON Pieter Verhoeven"),
        ("A reunião com Joana Figueiredo foi adiada.", "PERSON Joana Figueiredo"),
    ],
)
def test_names_in_seven_languages(model, text, expected):
    (spans,) = model.classify([text])

    wanted = {tuple(reversed(one.split(" ", 1))) for one in expected.split(", ")}
    assert wanted <= texts_of(text, spans)


@BOTH
def test_plain_prose_and_code_hold_nothing(model):
    texts = [
        "we walked along the river and talked about the weather",
        "def total(items):\n    return sum(item.price for item in items)\n",
        "Preheat the oven, mix flour and butter, and bake until golden.",
    ]

    assert model.classify(texts) == [[], [], []]


@BOTH
def test_a_text_is_found_the_same_alone_together_and_in_any_order(model):
    alone = [model.classify([text])[0] for text in SENTENCES]

    assert model.classify(SENTENCES) == alone
    assert model.classify(SENTENCES[::-1]) == alone[::-1]
    assert model.classify(SENTENCES * 40) == alone * 40


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES) | st.text(max_size=60), max_size=6))
def test_spans_are_in_order_disjoint_and_independent_of_the_batch(texts):
    for text, spans in zip(texts, FAST.classify(texts), strict=True):
        last = 0
        for one in spans:
            assert last <= one.start < one.end <= len(text)
            assert one.entity_type in ENTITY_TYPES
            assert 0 <= one.score <= 1
            last = one.end
        assert spans == FAST.classify([text])[0]


def test_long_texts_are_read_to_the_end(monkeypatch):
    sentence = SENTENCES[0] + " "
    whole = FAST.classify([sentence * 60])[0]
    monkeypatch.setattr(classifier, "_ROW", 50)
    monkeypatch.setattr(classifier, "_SECTION", 200)
    cut = FAST.classify([sentence * 60])[0]

    found = texts_of(sentence * 60, cut)
    assert len(cut) >= 60 * 3
    assert ("Marta Kowalczyk", "PERSON") in found
    assert [(one.start, one.end) for one in cut] == [(one.start, one.end) for one in whole]


def test_rows_of_any_length_give_the_same_scores(monkeypatch):
    text = " ".join(SENTENCES) * 5
    whole = FAST.classify([text])
    for size in (17, 64, 333):
        monkeypatch.setattr(classifier, "_ROW", size)
        assert FAST.classify([text]) == whole


@BOTH
@pytest.mark.parametrize("texts", [[SENTENCES[0] * 60], SENTENCES * 60], ids=["long", "many"])
def test_a_deadline_that_passes_stops_the_reading_at_the_next_row(model, texts, monkeypatch):
    left = iter([1.0, 1.0])

    def time_left():
        if next(left, None) is None:
            raise TimeoutError

    monkeypatch.setattr(classifier, "_ROW", 100)
    monkeypatch.setattr(classifier, "time_left", time_left)
    with pytest.raises(TimeoutError):
        model.classify(texts)


def test_threads_do_not_disturb_each_other():
    alone = [FAST.classify([text])[0] for text in SENTENCES]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: FAST.classify(SENTENCES), range(16)))

    assert all(run == alone for run in runs)


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(MODELS, tmp_path / "models")
    return tmp_path / "models"


@pytest.mark.parametrize("name", [MANIFEST, LEXICON, "fast.onnx"])
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()

    with pytest.raises(ModelError, match="missing"):
        load("fast", folder)


@pytest.mark.parametrize("name", [LEXICON, "fast.onnx"])
def test_a_file_cut_short_or_changed_is_refused(folder, name):
    content = (folder / name).read_bytes()
    for damaged in (content[:-1], b"x" + content[1:], b""):
        (folder / name).write_bytes(damaged)
        with pytest.raises(ModelError, match="not the file"):
            load("fast", folder)


def test_models_of_another_version_are_refused(folder):
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"entity_types": ["PERSON"]}))

    with pytest.raises(ModelError, match="another version"):
        load("fast", folder)


def test_what_two_graphs_say_counts_alike(folder):
    def scores_of(*graphs):
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["graphs"]["accurate"] = [f"{name}.onnx" for name in graphs]
        (folder / MANIFEST).write_text(json.dumps(manifest))
        return _log_softmax(load("accurate", folder).scores(SENTENCES[:4]))

    both, turned = scores_of("accurate", "fast"), scores_of("fast", "accurate")
    one, other = scores_of("accurate"), scores_of("fast")
    means = _log_softmax([(a + b) / 2 for a, b in zip(one, other, strict=True)])

    assert max(np.abs(a - b).max() for a, b in zip(both, turned, strict=True)) < 1e-6
    assert max(np.abs(a - b).max() for a, b in zip(both, means, strict=True)) < 0.01
    assert min(np.abs(a - b).max() for a, b in zip(one, other, strict=True)) > 0.1


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("with Anton Wolfgang Zzyzx there", ["Anton Wolfgang Zzyzx"]),
        ("with Anton, Wolfgang and Zzyzx", ["Anton", "Wolfgang", "Zzyzx"]),
        ("with Anton\nWolfgang there", ["Anton", "Wolfgang"]),
        ("with Zzyzx Anton there", ["Zzyzx", "Anton"]),
        ("with anton wolfgang there", ["anton", "wolfgang"]),
    ],
)
def test_names_side_by_side_are_one_person_from_a_known_name_on(text, people):
    tokens = tokenize(text)
    scores = np.zeros((len(tokens), TAGS), np.float32)
    single = tag(ENTITY_TYPES.index("PERSON"), 3)
    names = [at for at, word in enumerate(tokens.words) if word.lower() in NAMES_BESIDE]
    scores[names, single] = 20

    found = FAST.decoded(text, tokens, scores)
    assert [text[one.start : one.end] for one in found] == people


NAMES_BESIDE = ("anton", "wolfgang", "zzyzx")


def _log_softmax(scores):
    return [one - np.log(np.exp(one).sum(axis=1, keepdims=True)) for one in scores]


def test_a_profile_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="no profile"):
        load("huge")
