"""What each operator makes of a value: forms, keys, fallbacks, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking import tokens as tokens_module
from gateway.masking.ciphertext import decrypt_all, decrypted, encrypted
from gateway.masking.operators import subkey
from gateway.masking.runs import Words
from gateway.masking.surrogates.stand_in import StandIn
from gateway.masking.tokens import ATTEMPTS, SPENT, OperatorKeys, Tokens
from gateway.types import OperatorUse

KEY = b"k" * 32
KEYS = OperatorKeys.derived(b"s" * 32, b"t" * 32)
SURROGATE = OperatorUse("surrogate")
FPE = OperatorUse("fpe")
CARD = "4111 1111 1111 1111"
TEXTS = st.text(st.characters(), min_size=0, max_size=60)


def tokens(*texts: str, values: tuple[str, ...] = (), barred: tuple[str, ...] = ()) -> Tokens:
    return Tokens(KEYS, Words(texts), set(values), barred=barred, language="en")


# --- encrypt --------------------------------------------------------------------------------------


@given(TEXTS)
def test_a_ciphertext_decrypts_to_the_value(value: str) -> None:
    """Deterministic, in a form that survives a change of case, and bound to key and type."""
    text = encrypted(KEY, "PERSON", value)

    assert re.fullmatch(r"PERSON:enc:[a-z2-7]{26,}", text)
    assert encrypted(KEY, "PERSON", value) == text
    assert decrypted(KEY, text) == value
    assert decrypted(b"x" * 32, text) is None
    assert decrypted(KEY, text.replace("PERSON", "LOCATION")) is None
    assert encrypted(KEY, "LOCATION", value).partition(":")[2] != text.partition(":")[2]


@given(st.lists(TEXTS.filter(lambda text: ":enc:" not in text), max_size=4))
def test_all_ciphertexts_of_a_text_are_decrypted(values: list[str]) -> None:
    """Each is found between other text, and foreign ones stay as they are."""
    foreign = encrypted(b"x" * 32, "PERSON", "Anna")
    sealed = " - ".join(encrypted(KEY, "EMAIL_ADDRESS", value) for value in values)

    opened = decrypt_all(KEY, f"({foreign}, {sealed})")
    assert opened == (f"({foreign}, {' - '.join(values)})", len(values))


def test_a_changed_ciphertext_stays_as_it_is() -> None:
    """One letter more, less or other: no value, and no error."""
    text = encrypted(KEY, "PERSON", "Anna Schmidt")
    other = text[:-9] + ("a" if text[-9] != "a" else "b") + text[-8:]

    for changed in (text + "a", text[:-1], other, "x" + text, text[:20], "PERSON:enc:" + "a" * 27):
        assert decrypted(KEY, changed) is None
        assert decrypt_all(KEY, changed) == (changed, 0)


def test_operators_have_keys_of_their_own() -> None:
    """No key is used for two things, and none is shown."""
    derived = {subkey(KEY, name) for name in ("fpe", "surrogate", "encrypt")}
    keys = [getattr(KEYS, name) for name in OperatorKeys.__slots__]

    assert len(derived | {KEY}) == 4
    assert len(set(keys)) == 5
    assert all(len(key) == 32 for key in keys)
    assert not any(repr(key) in repr(KEYS) for key in keys)
    assert subkey(KEY, "encrypt", 64)[:32] == subkey(KEY, "encrypt")
    with pytest.raises(ValueError, match="32 bytes"):
        subkey(b"", "encrypt")


# --- tokens ---------------------------------------------------------------------------------------


def test_one_value_has_one_token() -> None:
    """The first type and the first operator hold, except where only a placeholder is legal."""
    issued = tokens()
    first = issued.issue(SURROGATE, "PERSON", "Anna Schmidt")

    assert first[0] == "surrogate"
    assert issued.issue(OperatorUse("replace"), "ORGANIZATION", "Anna Schmidt") == first
    core = issued.placeholder("PERSON", "Anna Schmidt")
    assert issued.surfaces == {first[1]: "Anna Schmidt", core: "Anna Schmidt"}
    assert issued.literals == {first[1]: "Anna Schmidt"}


@pytest.mark.parametrize("name", ["surrogate", "fpe", "encrypt"])
def test_a_barred_value_gets_a_placeholder(name: str) -> None:
    """Whatever the policy asks for."""
    operator, token = tokens(barred=(CARD,)).issue(OperatorUse(name), "CREDIT_CARD", CARD)

    assert operator == "replace"
    assert token.startswith("CREDIT_CARD_")


@pytest.mark.parametrize("name", ["fpe", "encrypt"])
def test_a_token_that_stands_in_the_exchange_is_not_used(name: str) -> None:
    """In a text, or as a value."""
    use = OperatorUse(name)
    operator, made = tokens().issue(use, "CREDIT_CARD", CARD)

    assert operator == name
    assert tokens(f"see {made}.").issue(use, "CREDIT_CARD", CARD)[0] == "replace"
    assert tokens(values=(made,)).issue(use, "CREDIT_CARD", CARD)[0] == "replace"
    assert tokens(f"see x{made}x.").issue(use, "CREDIT_CARD", CARD)[0] in {name, "replace"}


def test_the_next_stand_in_is_tried() -> None:
    """One that stands in the exchange is left out, and the choice stays a function of the key."""
    _, first = tokens().issue(SURROGATE, "PERSON", "Anna Schmidt")
    operator, second = tokens(f"see {first}.").issue(SURROGATE, "PERSON", "Anna Schmidt")

    assert operator == "surrogate"
    assert second != first
    assert tokens(f"{first}!").issue(SURROGATE, "PERSON", "Anna Schmidt") == (operator, second)


@pytest.mark.parametrize(
    "text", ["ab", "a b", "x <b>", 'say "so"', "a\\bc", "abc\n", " abc", "abc😀", "known"]
)
@pytest.mark.parametrize(("other", "asked"), [("", 5), ("a<", ATTEMPTS)])
def test_stand_ins_that_could_not_be_found_again(
    monkeypatch: pytest.MonkeyPatch, text: str, other: str, asked: int
) -> None:
    """Too short, with brackets or quotes, or in the text: a bounded number is tried, and fewer
    where they are all the same."""
    attempts = []

    def one(*_: object, attempt: int, **__: object) -> StandIn:
        attempts.append(attempt)
        return StandIn(other if other and attempt % 2 else text)

    monkeypatch.setattr(tokens_module, "stand_in", one)
    operator, _ = tokens("it is known").issue(SURROGATE, "PERSON", "Anna")

    assert operator == "replace"
    assert attempts == list(range(asked))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", {"Mara": ("Anna", "Mara Lind"), "Lind": ("Schmidt", "Mara Lind")}),
        ("a Lind tree", {"Mara": ("Anna", "Mara Lind")}),
        ("Linden, lind", {"Mara": ("Anna", "Mara Lind"), "Lind": ("Schmidt", "Mara Lind")}),
    ],
)
def test_parts_of_a_name_come_back(
    monkeypatch: pytest.MonkeyPatch, text: str, kept: dict[str, tuple[str, str]]
) -> None:
    """Unless they stand in the exchange, or mean two things."""
    made = {
        "Anna Schmidt": StandIn("Mara Lind", (("Mara", "Anna"), ("Lind", "Schmidt"))),
        "Bob Ng": StandIn("Ute Lo", (("Ute", "Bob"), ("Lo", "Ng"))),
        "Ann Ray": StandIn("Ute Falk", (("Ute", "Ann"), ("Falk", "Ray"))),
        "Ray": StandIn("Falk"),
    }
    monkeypatch.setattr(tokens_module, "stand_in", lambda _, __, surface, **___: made[surface])
    issued = tokens(text)
    for value in made:
        issued.issue(SURROGATE, "PERSON", value)

    assert issued.aliases() == kept


def test_a_person_stays_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name alone becomes that part of the stand-in, where it is one person's alone."""
    made = {
        "Anna Schmidt": StandIn("Mara Lind", (("Mara", "Anna"), ("Lind", "Schmidt"))),
        "Bob Schmidt": StandIn("Olaf Keel", (("Olaf", "Bob"), ("Keel", "Schmidt"))),
        "Schmidt": StandIn("Falk"),
        "Bob": StandIn("Kai"),
        "Anna": StandIn("Ystad"),
    }
    monkeypatch.setattr(tokens_module, "stand_in", lambda _, __, surface, **___: made[surface])

    def names(issued: Tokens, *surfaces: str) -> list[str]:
        return [issued.issue(SURROGATE, "PERSON", surface)[1] for surface in surfaces]

    assert names(tokens(), "Anna Schmidt", "Schmidt") == ["Mara Lind", "Lind"]
    assert names(tokens(), "Schmidt", "Anna Schmidt") == ["Falk", "Mara Lind"]
    assert names(tokens("a Lind"), "Anna Schmidt", "Schmidt") == ["Mara Lind", "Falk"]
    both = tokens()
    assert names(both, "Anna Schmidt", "Bob Schmidt", "Schmidt", "Bob")[2:] == ["Falk", "Olaf"]
    assert set(both.aliases()) == {"Mara", "Lind", "Keel"}
    assert both.issue(SURROGATE, "LOCATION", "Anna") == ("surrogate", "Ystad")


def test_a_number_comes_back_without_its_separators() -> None:
    """As models like to write it."""
    issued = tokens()
    operator, made = issued.issue(FPE, "CREDIT_CARD", CARD)

    assert operator == "fpe"
    assert issued.aliases() == {made.replace(" ", ""): (CARD.replace(" ", ""), made)}


def test_scope_of_format_preserving_encryption() -> None:
    """By default a value has another number in another scope; a policy may widen that."""
    of_tenant = OperatorUse("fpe", (("scope", ("tenant",)),))
    other = OperatorKeys.derived(b"o" * 32, b"t" * 32)

    def number(keys: OperatorKeys, use: OperatorUse) -> str:
        return Tokens(keys, Words([]), ()).issue(use, "CREDIT_CARD", CARD)[1]

    assert number(KEYS, of_tenant) == number(other, of_tenant)
    assert len({number(KEYS, FPE), number(other, FPE), number(KEYS, of_tenant)}) == 3


def test_tokens_show_nothing() -> None:
    """No representation holds a value or its token."""
    issued = tokens("Anna Schmidt", values=("Anna Schmidt",))
    _, made = issued.issue(SURROGATE, "PERSON", "Anna Schmidt")

    assert "Anna" not in repr(issued)
    assert made not in repr(issued)


def test_where_no_stand_ins_are_left_few_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A type has so many and no more: long lists of it must not cost all attempts for each value.
    What is still free is found, and other types are as they were."""
    asked: list[str] = []

    def one(_: bytes, entity_type: str, surface: str, *, attempt: int, **__: object) -> StandIn:
        asked.append(surface)
        return StandIn(f"free of {surface}" if "last" in surface else f"taken {attempt % 2}")

    monkeypatch.setattr(tokens_module, "stand_in", one)
    made = tokens("taken 0, taken 1")
    for number in range(2 * SPENT):
        assert made.issue(SURROGATE, "ZIP_CODE", f"{number}")[0] == "replace"
    assert len(asked) == SPENT * ATTEMPTS + SPENT
    assert made.issue(SURROGATE, "ZIP_CODE", "last") == ("surrogate", "free of last")
    assert made.issue(SURROGATE, "IP_ADDRESS", "other")[0] == "replace"
    assert asked.count("other") == ATTEMPTS
