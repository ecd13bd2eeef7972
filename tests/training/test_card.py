from gateway.detection.tagger.tags import ENTITY_TYPES
from gateway.training.card import SOURCES, card

TALLY = {
    "gold": 1234,
    "exact": {"precision": 0.9, "recall": 0.8, "f2": 0.8182},
    "overlap": {"recall": 0.95},
    "characters": {"recall": 0.97},
}
DOCUMENT = {
    "systems": [{"corpora": {"wikigold.dev": {"types": {"PERSON": TALLY}, "languages": {"en": 1}}}}]
}


def test_a_card_says_sources_sizes_biases_and_figures():
    bias = {"fast": dict.fromkeys(ENTITY_TYPES, 1.5)}
    text = card({"fast.onnx": 7_000_000}, bias, [("seed", "7")], {"fast": DOCUMENT})

    for name, licence, *_ in SOURCES:
        assert f"| {name} | {licence} |" in text
    assert "| fast.onnx | 7,000,000 |" in text
    assert "| fast |" + " +1.50 |" * len(ENTITY_TYPES) in text
    assert "| wikigold.dev | en | PERSON | 1,234 | 0.900 | 0.800 | 0.818 | 0.950 | 0.970 |" in text
    assert "Known misses" in text


def test_every_licence_and_source_is_named():
    assert all(name and licence and source for name, licence, _, source in SOURCES)
