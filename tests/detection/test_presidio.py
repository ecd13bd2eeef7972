"""The whole detector, as the pipeline uses it: what it finds, what it leaves, how it fails."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback

import pytest
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult

from gateway.detection.plugins import plugged
from gateway.detection.presidio import PresidioDetector
from gateway.detection.structured.country import ALONE
from gateway.errors import DetectionUnavailable
from gateway.settings import CustomRecognizer, Detection, ListEntry
from gateway.types import Span

DETECTOR = PresidioDetector(Detection())


def found(text: str, detector: PresidioDetector = DETECTOR) -> dict[str, str]:
    return {span.entity_type: text[span.start : span.end] for span in detector.analyze(text, "t")}


FINDINGS = [
    ("EMAIL_ADDRESS", "mail [JOHN.DOE@EXAMPLE.COM] now"),
    ("EMAIL_ADDRESS", "ask [anna@münchen.de], she knows"),
    ("EMAIL_ADDRESS", "[x.y@test.invalid]."),
    ("EMAIL_ADDRESS", "[u+tag@xn--mnchen-3ya.de]"),
    ("EMAIL_ADDRESS", "[用户@例子.广告]"),
    ("PHONE_NUMBER", "[+49 30 901820]\nnext line"),
    ("PHONE_NUMBER", "ring [(212) 555-0123 ext. 44] now"),
    ("PHONE_NUMBER", "[212.555.0123]"),
    ("PHONE_NUMBER", "[+91-98765-43210]"),
    ("PHONE_NUMBER", "Tel: [030 901820]"),
    ("PHONE_NUMBER", "[06 12 34 56 78]"),
    ("PHONE_NUMBER", "[020 7946 0958]"),
    ("PHONE_NUMBER", "[0049 30 901820]"),
    ("PHONE_NUMBER", "my phone is [5551234567]"),
    ("PHONE_NUMBER", "móvil [612 345 678]"),
    ("PHONE_NUMBER", "[+81-3-1234-5678]"),
    ("CREDIT_CARD", "[4111 1111 1111 1111]"),
    ("CREDIT_CARD", "[4111.1111.1111.1111]"),
    ("CREDIT_CARD", "[4111111111111111]"),
    ("CREDIT_CARD", "[3782-822463-10005]"),
    ("CREDIT_CARD", "[4222222222222]"),
    ("CREDIT_CARD", "my visa card [4111 1111 1111 1112]"),
    ("IBAN", "[de89370400440532013000] is ours"),
    ("IBAN", "to [DE89 3704 0044 0532 0130 00] was stopped"),
    ("IBAN", "IBAN [DE88 3704 0044 0532 0130 00]"),
    ("IBAN", "[GB82WEST12345698765432]"),
    ("US_SSN", "SSN [078-05-1120]"),
    ("US_SSN", "ssn [900-12-3456]"),
    ("US_SSN", "social security number is [123456789]"),
    ("IP_ADDRESS", "from [10.0.0.1/24]"),
    ("IP_ADDRESS", "[2001:db8::1] answers"),
    ("IP_ADDRESS", "[2001:0db8:85a3:0000:0000:8a2e:0370:7334/64]"),
    ("IP_ADDRESS", "[::ffff:192.168.1.1]"),
    ("MAC_ADDRESS", "[00:1B:44:11:3A:B7]"),
    ("URL", "open [https://x.com/a?token=1]"),
    ("URL", "[https://bob@host.com/x]"),
    ("CRYPTO", "[1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa]"),
    ("CRYPTO", "[bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq]"),
    ("CRYPTO", "[0x52908400098527886E0F7030069857D2E4169EE7]"),
    ("DATE_OF_BIRTH", "born on [12.03.1980]"),
    ("DATE_OF_BIRTH", "DOB: [1980-03-12]"),
    ("DATE_TIME", "on [12 March 2024]"),
    ("DATE_TIME", "[March 5, 2024]"),
    ("DATE_TIME", "am [5. März 2024]"),
    ("ADDRESS", "[123 Main Street, Springfield, IL 62704]"),
    ("ADDRESS", "[123 Main St Apt 4B, New York, NY 10001]"),
    ("ADDRESS", "[Hauptstraße 5, 10115 Berlin]"),
    ("ADDRESS", "[10 Downing Street, London SW1A 2AA]"),
    ("ADDRESS", "[Calle de Alcalá 45, 28014 Madrid]"),
    ("ADDRESS", "[12 rue de la Paix, 75002 Paris]"),
    ("MEDICAL_RECORD", "MRN: [00123456]"),
    ("MEDICAL_RECORD", "patient no. [A-4471]"),
    ("HEALTH_ID", "member ID: [XYZ123456789]"),
    ("UK_NHS", "NHS number [943 476 5919]"),
    ("UK_NINO", "NINO [AB123456C]"),
    ("ES_NIF", "DNI [12345678Z]"),
    ("ES_NIE", "[X1234567L]"),
    ("IT_FISCAL_CODE", "[RSSMRA85T10A562S]"),
    ("PL_PESEL", "[44051401359]"),
    ("DE_TAX_ID", "Steuer-ID [86095742719]"),
    ("IN_AADHAAR", "aadhaar [2341 2341 2346]"),
    ("IN_PAN", "[ABCPE1234F]"),
    ("PASSPORT", "passport number [912345678]"),
    ("BANK_ACCOUNT", "account number [12345678901]"),
    ("DRIVER_LICENSE", "driver license [D1234567]"),
    ("US_MBI", "[1EG4-TE5-MK73]"),
    ("SG_NRIC_FIN", "[S1234567D]"),
    ("CA_SIN", "SIN [130 692 544]"),
    ("US_NPI", "NPI [1245319599]"),
    ("US_ITIN", "ITIN [912-70-1234]"),
    ("FI_PERSONAL_IDENTITY_CODE", "[131052-308T]"),
    ("AU_TFN", "TFN [123 456 782]"),
    ("CREDIT_CARD", "[4111\u200b1111\u200b1111\u200b1111]"),
    ("CREDIT_CARD", "[٤١١١١١١١١١١١١١١١]"),
    ("EMAIL_ADDRESS", "[jo\u00adhn@exam\u200bple.com]"),
    ("EMAIL_ADDRESS", "to=[john%40example.com]"),
]


@pytest.mark.parametrize(("kind", "marked"), FINDINGS)
def test_finds(kind: str, marked: str):
    text = marked.replace("[", "").replace("]", "")
    assert found(text).get(kind) == marked[marked.index("[") + 1 : marked.index("]")]


@pytest.mark.parametrize(
    "text",
    [
        "order 123456789 and 1234567890",
        "version 1.2.3 in 2024 at 10:30",
        "release 1.2.3.4 of 2023-2024",
        "price 1,234,567.89 and $1234567",
        "the total is 1 000 000 and 3.14159265",
        "std::vector<int> a::b",
        "xmlns https://www.w3.org/2000/svg",
        "Spring 2024, Engineering 101",
        "In Chapter 5 of Version 3",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "on Monday at 12:30:45",
        "timestamp 1700000000 and 1700000000000",
        "icon@2x.png and isbn 978-3-16-148410-0",
        "123e4567-e89b-12d3-a456-426614174000",
        "order no. 12345678 was shipped, item A1234567",
        "SELECT * FROM users WHERE id = 1234567890",
        "def f(x): return x[0] + 123456789",
        "12/27, 5 - 10 - 15, section 12.3.4",
        "max_tokens=1024 and tokens: 12345678",
    ],
)
def test_leaves_alone(text: str):
    assert found(text) == {}


# ---------------------------------------------------------------- settings


def test_entity_types_cover_what_is_found():
    assert {kind for kind, _ in FINDINGS} <= DETECTOR.entity_types
    assert DETECTOR.entity_types >= ALONE
    assert {"PERSON", "API_KEY", "SECRET", "PRIVATE_KEY", "JWT"} <= DETECTOR.entity_types


def test_settings_shape_what_is_found():
    detector = PresidioDetector(
        Detection(
            languages=("de", "en"),
            recognizers=(
                CustomRecognizer(
                    name="staff", entity_type="STAFF_ID", patterns=((r"\bE-\d{4}\b", 0.3),),
                    context=("employee",),
                ),
            ),
            allow=(ListEntry(text="support@acme.com", entity_type="EMAIL_ADDRESS"),),
            deny=(ListEntry(text="Bluebird", entity_type="CODE_NAME"),),
            thresholds={"IP_ADDRESS": 0.99},
        )
    )  # fmt: skip
    assert {"STAFF_ID", "CODE_NAME"} <= detector.entity_types
    assert found("employee E-1234, E-9", detector) == {"STAFF_ID": "E-1234"}
    assert found("part E-1234", detector) == {}
    assert found("support@acme.com, Bluebird, 10.0.0.1", detector) == {"CODE_NAME": "Bluebird"}


def test_deny_beats_allow():
    entry = ListEntry(text="Anna Schmidt")
    denied = ListEntry(text="Anna Schmidt", entity_type="VIP")
    detector = PresidioDetector(Detection(allow=(entry,), deny=(denied,)))
    assert found("ask Anna Schmidt", detector) == {"VIP": "Anna Schmidt"}


def test_a_bad_pattern_is_refused_without_quoting_it():
    custom = CustomRecognizer(name="x", entity_type="X", patterns=(("(canary", 0.5),))
    with pytest.raises(ValueError, match="regular expression") as caught:
        PresidioDetector(Detection(recognizers=(custom,)))
    assert "canary" not in str(caught.value)


# ---------------------------------------------------------------- a user's own recognizers


def test_a_users_recognizer_plugs_in_for_any_language():
    plate = PatternRecognizer(
        supported_entity="PLATE",
        supported_language="fr",
        patterns=[Pattern("plate", r"\b[A-Z]{2}-\d{3}-[A-Z]{2}\b", 0.2)],
        context=["voiture"],
    )
    detector = PresidioDetector(Detection(), extra_recognizers=[plate])
    assert "PLATE" in detector.entity_types
    assert found("ma voiture AB-123-CD", detector) == {"PLATE": "AB-123-CD"}
    assert found("le lot AB-123-CD", detector) == {}
    assert found("mail a@b.com", detector) == {"EMAIL_ADDRESS": "a@b.com"}


CANARY = "".join(("can", "ary"))  # not in one piece, since a traceback shows source lines


class Broken(EntityRecognizer):
    """Quotes the text in its error, as careless recognizers do."""

    def load(self) -> None:
        pass

    def analyze(self, text, entities, nlp_artifacts) -> list[RecognizerResult]:
        raise RuntimeError(f"could not read {text}")


class Stolid(EntityRecognizer):
    """Finds nothing."""

    def load(self) -> None:
        pass

    def analyze(self, text, entities, nlp_artifacts) -> list[RecognizerResult]:
        return []


async def test_a_failing_recognizer_fails_closed_and_quotes_nothing(caplog):
    detector = PresidioDetector(Detection(), extra_recognizers=[Broken(["X"])])
    with caplog.at_level(logging.DEBUG), pytest.raises(DetectionUnavailable) as caught:
        await detector.detect([CANARY + "@example.com"], "t")
    assert caught.value.__context__ is None
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown + caplog.text
    await detector.aclose()


def test_a_runaway_pattern_of_the_operator_fails_closed():
    custom = CustomRecognizer(name="x", entity_type="X", patterns=((r"(a|aa)+$", 0.5),))
    detector = PresidioDetector(Detection(recognizers=(custom,), timeout_s=0.1))
    with pytest.raises(DetectionUnavailable, match="in time"):
        detector.analyze("a" * 60 + "!", "t")


def test_a_pattern_that_presidio_skipped_fails_closed(monkeypatch):
    detector = PresidioDetector(Detection(), extra_recognizers=[Stolid(["X"])])
    assert detector.analyze("hello", "t") == ()
    monkeypatch.setattr(plugged, "REGEX_TIMEOUT_SECONDS", 0)
    with pytest.raises(DetectionUnavailable):
        detector.analyze("hello", "t")


def test_presidio_logs_nothing(caplog):
    with caplog.at_level(logging.DEBUG):
        PresidioDetector(Detection()).analyze("my ssn is 078-05-1120, mail a@b.com", "t")
    assert caplog.records == []


# ---------------------------------------------------------------- the contract


async def test_detect_answers_for_every_text_in_order():
    texts = ["", "a@b.com", "nothing", "4111 1111 1111 1111 a@b.com"]
    answers = await DETECTOR.detect(texts, "t")
    assert [len(spans) for spans in answers] == [0, 1, 0, 2]
    assert all(isinstance(span, Span) for spans in answers for span in spans)
    assert list(answers) == [DETECTOR.analyze(text, "t") for text in texts]


ALONE_IN_THE_WORLD = """
import socket, asyncio
def deny(*args, **kwargs):
    raise AssertionError("network")
socket.socket.connect = deny
socket.socket.connect_ex = deny
socket.getaddrinfo = deny
socket.create_connection = deny
from gateway.detection.presidio import PresidioDetector
from gateway.settings import Detection
async def main():
    detector = PresidioDetector(Detection(languages=("en", "de")))
    [spans] = await detector.detect(["a@b.co.uk, https://x.org?q=1, +49 30 901820"], "t")
    assert len(spans) == 3, spans
    await detector.aclose()
asyncio.run(main())
"""


def test_needs_no_network():
    done = subprocess.run(
        [sys.executable, "-c", ALONE_IN_THE_WORLD], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


HOSTILE = {
    "letters": "a" * 50_000,
    "digits": "1" * 50_000,
    "spaced digits": "1 " * 20_000,
    "signs": "@" * 20_000,
    "addresses": "a@a." * 10_000,
    "brackets": "<" * 50_000,
    "colons": "f:" * 20_000,
    "dots": "1." * 20_000,
    "names": "Aa " * 15_000,
    "titles": "Dr. " * 12_000,
    "houses": "12 Aa Bb " * 5_000,
    "keys": "-----BEGIN PRIVATE KEY-----" * 2_000,
    "labels": "password=" * 5_000,
    "labelled": "mrn a-a-a-" * 5_000,
    "ibans": "DE12 " * 10_000,
    "urls": "a://" * 12_000,
    "percent": "%41" * 15_000,
    "marks": "e\u0301" * 20_000,
    "unprinted": "\u200b" * 50_000,
    "overrides": "\u202e" * 20_000,
    "quotes": '"' * 20_000 + "@",
    "context": "account " + "12345678 " * 5_000,
    "white space": " \n" * 25_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_to_its_end(name: str):
    assert DETECTOR.analyze(HOSTILE[name], "t") is not None
