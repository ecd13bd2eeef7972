"""PIN, check codes, one-time codes, passwords without a sign before them, recovery phrases."""

from __future__ import annotations

import pytest

from gateway.detection.structured.passcodes import FINDERS
from tests.detection.marked import found, unmarked

WORDS = "abandon ability able about above absent absorb abstract absurd abuse access accident"
NUMBERED = " ".join(f"{at}. {word}" for at, word in enumerate(WORDS.split(), 1))


@pytest.mark.parametrize(
    "marked",
    [
        "PIN: [4821]",
        "my pin code is [4821], remember",
        "pin=[0815]",
        "PIN-Code lautet [0815]",
        "código PIN: [1234].",
        "code PIN [1234] perdu",
        "CVV [123]",
        "The security code is [123].",
        "Card verification value: [123]",
        "Sicherheitscode [123]",
        '"cvc": "[456]"',
        "OTP [493021] expires in 5 minutes",
        "Your verification code: [493 021]",
        "verification code is [G-493021]",
        "Bestätigungscode: [493021]",
        "code de vérification : [493021]",
        "código de verificación: [493021]",
        "codice di verifica: [493021]",
        "verificatiecode: [493021]",
        "código de verificação: [493021]",
        "TAN [493021]",
        "the door code is [2580]",
        "pw [Xy7#kLm2]",
        "benutzer mmuster / passwort [Herbst#24]",
        "mot de passe [Chat&1987], merci",
        "totp secret [JBSWY3DPEHPK3PXP]",
        "token [d8e8fca2dc0f896fd7cb4cb0031ba249]",
        "<password>[S3cr3t!23]</password>",
        "<ns:userPassword>[abcdef]</ns:userPassword>",
        "<apiKey>[d8e8fca2dc0f896fd7cb4cb0031ba249]</apiKey>",
        f"recovery phrase: [{WORDS}]",
        f"Wiederherstellungsphrase lautet [{NUMBERED}]",
        f"seed phrase: `[{WORDS} {WORDS}]`",
    ],
)
def test_finds(marked: str):
    text, value = unmarked(marked)
    assert found(text, *FINDERS) == [("SECRET", value)]


@pytest.mark.parametrize(
    "text",
    [
        "pin 13 of the chip, pin: 17, pins 1 to 4",
        "pin the version to 2.1.0",
        "tan 45 = 1, tan: 1.5574, tan 1234",
        "the verification code has 6 digits",
        "OTP 2000-01-01, pin: 1000 ms, puk: 2500%",
        "security code 4.1.2.3 and code 1234",
        "the password v2.1 (new), password reset2024",
        "password user1@example.com",
        "password ${P1}, password %s1234, pw=(x1#)",
        '<label for="password">Password</label> <b>password</b>',
        "<token>identifier</token> <password></password> password>abcdef</b",
        "token TokenKind2Something",
        "token 12345678901234567890",
        "tokens 1024",
        "recovery phrase: write all the words down, and keep them where nobody else finds paper",
        f"recovery phrase: {WORDS[:50]}",
        WORDS,
    ],
)
def test_leaves_alone(text: str):
    assert found(text, *FINDERS) == []
