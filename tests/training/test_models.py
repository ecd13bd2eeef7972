"""Training, export and the classifier on a small scale: needs the packages of the extra `train`."""

from itertools import islice

import pytest

pytestmark = pytest.mark.models

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import numpy as np  # noqa: E402 -- the packages of the extra come first

from gateway.detection.tagger.classifier import load, read_manifest  # noqa: E402
from gateway.detection.tagger.tags import TAGS, best_tags, entities  # noqa: E402
from gateway.detection.tagger.tokens import tokenize  # noqa: E402
from gateway.detection.tagger.wordfeatures import case_of, folded  # noqa: E402
from gateway.training import build, export  # noqa: E402
from gateway.training import train as training  # noqa: E402
from gateway.training.dataset import Vocabulary, in_row, sentence  # noqa: E402
from gateway.training.generate import generate  # noqa: E402
from gateway.training.mixture import Corpus, batches  # noqa: E402
from gateway.training.model import Shape, Tagger, loss  # noqa: E402
from gateway.training.train import Plan, WordTable, train  # noqa: E402
from gateway.training.varied import Names  # noqa: E402

SHAPE = Shape(table=64, width=32, dilations=(1, 2))
KNOWN = np.arange(3, dtype=np.uint64)
TEXTS = list(islice(generate(400, 3), 300))


@pytest.fixture(scope="module")
def words():
    rng = np.random.default_rng(0)
    vectors = rng.integers(-127, 127, (3, 64)).astype(np.int8)
    return build.WordData((KNOWN, np.arange(3, dtype=np.uint16)), KNOWN, vectors)


@pytest.fixture(scope="module")
def data():
    vocabulary = Vocabulary()
    sentences = [
        sentence(
            one.text,
            [{"start": a, "end": b, "label": label} for a, b, label in one.spans],
            "generated",
            vocabulary,
        )
        for one in TEXTS
    ]
    sentences = in_row([one for one in sentences if len(one)])
    pool = np.arange(10, dtype=np.int32)
    lengths = np.array([case_of(word) & 7 for word in vocabulary.words], np.uint8)
    nowhere = np.zeros(len(lengths), np.bool_)
    names = Names(pool, pool, pool, lengths, nowhere, np.arange(len(lengths)), nowhere)
    return vocabulary, [Corpus("generated", sentences, 1.0)], names


def trained(words, data, seed, steps=41, device="cpu", start=None):
    vocabulary, corpora, names = data
    table = WordTable(vocabulary.words, words.lexicon, (words.vector_keys, None))
    plan = Plan(steps=steps, seed=seed, rows=4, row_tokens=64, warm_up=5)
    losses = []
    model = train(
        plan,
        SHAPE,
        table,
        words.table,
        batches(corpora, names, 4, 64, seed),
        lambda _, value: losses.append(value),
        device,
        start,
    )
    return model, losses


def test_training_learns_and_the_same_seed_gives_the_same_weights(words, data):
    torch.set_num_threads(1)
    one, losses = trained(words, data, 5)
    again, _ = trained(words, data, 5)
    other, _ = trained(words, data, 6)

    assert losses[-1] < losses[0]
    pairs = zip(one.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(one.score.weight, other.score.weight)


def test_batches_made_ahead_give_the_same_weights(words, data, monkeypatch):
    torch.set_num_threads(1)
    one, _ = trained(words, data, 5)
    monkeypatch.setattr(training, "is_fed_ahead", lambda _: True)
    again, _ = trained(words, data, 5)

    pairs = zip(one.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_learns_the_same_and_gives_a_model_for_the_cpu(words, data):
    one, losses = trained(words, data, 5)
    other, on_gpu = trained(words, data, 5, device="cuda")

    assert on_gpu[0] == pytest.approx(losses[0], rel=0.1)  # dropout draws other numbers there
    assert on_gpu[-1] < on_gpu[0]
    assert other.score.weight.device.type == one.score.weight.device.type == "cpu"


def scores_of(model, words, text):
    """The scores of one text by PyTorch, in float32 throughout."""
    tokens = tokenize(text)
    distinct = list(dict.fromkeys(folded(word) for word in tokens.words))
    place = {word: at for at, word in enumerate(distinct)}
    table = WordTable(distinct, words.lexicon, (words.vector_keys, None))
    ends = [-1, *tokens.ends[:-1]]
    spaces = [float(a > b) for a, b in zip(tokens.starts, ends, strict=True)]
    with torch.inference_mode():
        vectors = model.word_vectors(*table.select(torch.arange(len(distinct))))
        out = model(
            vectors,
            torch.tensor([[place[folded(word)] for word in tokens.words]]),
            torch.tensor([[case_of(word) for word in tokens.words]]),
            torch.tensor([spaces]),
            torch.ones(1, len(tokens)),
        )
    return out[0].numpy()


@pytest.fixture(scope="module")
def shipped(words, data, tmp_path_factory):
    model, _ = trained(words, data, 5, steps=120)
    folder = tmp_path_factory.mktemp("models")
    build.write(folder, {"fast": model}, words, {})
    return model, load("fast", folder), folder


def test_the_graph_gives_the_scores_of_the_model(shipped, words):
    model, classifier, _ = shipped
    for one in TEXTS[:60]:
        exact = scores_of(model, words, one.text)
        (found,) = classifier.scores([one.text])
        assert found.shape == exact.shape == (len(tokenize(one.text)), TAGS)
        assert np.abs(found - exact).max() < 0.3


def test_int8_misses_hardly_a_character_that_float32_finds(shipped, words):
    model, classifier, _ = shipped
    found = missed = 0
    for one in TEXTS:
        exact = {
            at
            for a, b, _ in entities(best_tags(scores_of(model, words, one.text)))
            for at in range(a, b)
        }
        ours = {
            at
            for a, b, _ in entities(best_tags(classifier.scores([one.text])[0]))
            for at in range(a, b)
        }
        found += len(exact)
        missed += len(exact - ours)

    assert found > 300
    assert missed <= 0.02 * found


def test_the_manifest_names_every_file(shipped):
    _, _, folder = shipped
    files = {file.name for file in folder.iterdir()} - {"manifest.json"}

    assert set(read_manifest(folder).files) == files


def test_export_is_the_same_again(shipped, tmp_path):
    model, _, folder = shipped
    export.export(model, tmp_path / "fast.onnx")

    assert (tmp_path / "fast.onnx").read_bytes() == (folder / "fast.onnx").read_bytes()


def test_a_graph_gives_its_model_back(shipped, words, tmp_path):
    _, _, folder = shipped
    again = export.restore(folder / "fast.onnx", words.table)
    export.export(again, tmp_path / "fast.onnx")

    assert again.shape == SHAPE
    assert (tmp_path / "fast.onnx").read_bytes() == (folder / "fast.onnx").read_bytes()


def test_training_goes_on_from_weights(words, data, shipped):
    torch.set_num_threads(1)
    _, _, folder = shipped
    _, fresh = trained(words, data, 5)
    start = export.restore(folder / "fast.onnx", words.table)
    _, losses = trained(words, data, 5, start=start)

    assert losses[0] < fresh[0] / 2


def test_a_profile_goes_on_from_a_folder_in_the_shape_that_it_has(words, data, shipped):
    vocabulary, (corpus,), names = data
    _, _, folder = shipped
    small = build.Data(vocabulary, {"generated/en": corpus.sentences}, names)
    run = build.Run({"fast": 1}, start=folder)
    model = build.train_profile("fast", small, words, lambda *_: None, run)

    assert model.shape == SHAPE


def test_gaps_keep_texts_apart():
    torch.manual_seed(0)
    model = Tagger(SHAPE, torch.zeros(1, 64)).eval()
    words = torch.randn(5, SHAPE.width)

    def run(index, mask):
        index = torch.tensor([index])
        zeros = torch.zeros_like(index)
        return model(words, index, zeros, zeros.float(), torch.tensor([mask], dtype=torch.float32))

    alone = run([0, 1, 2, 3], [1, 1, 1, 1])
    beside = run([4, 4, 0, 0, 0, 1, 2, 3], [1, 1, 0, 0, 1, 1, 1, 1])
    assert torch.allclose(alone[0], beside[0, 4:], atol=1e-5)


def test_any_allowed_tag_is_right():
    scores = torch.zeros(1, 1, TAGS)
    all_allowed = loss(scores, torch.ones(1, 1, TAGS), torch.ones(1, 1))
    one_allowed = torch.zeros(1, 1, TAGS)
    one_allowed[0, 0, 3] = 1

    assert all_allowed.item() == pytest.approx(0, abs=1e-5)
    assert loss(scores, one_allowed, torch.ones(1, 1)).item() == pytest.approx(np.log(TAGS))
