"""Recognizers of the worst kinds, for the process that reads with them."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult


class Words(EntityRecognizer):
    """Finds Falcon, and does to some texts what no recognizer should."""

    def __init__(self) -> None:
        super().__init__(["PROJECT"])

    def load(self) -> None:
        pass

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any) -> list[RecognizerResult]:
        print(text)
        sys.stderr.write(text)
        os.write(1, text.encode("utf-8", "replace"))
        if text == "hang":
            time.sleep(600)
        if text == "runaway":
            re.search(r"(a|aa)+$", "a" * 80 + "!")  # holds the interpreter's lock
        if text == "raise":
            raise RuntimeError(text)
        if text == "exit":
            sys.exit(3)
        if text == "die":
            os._exit(3)
        if text == "nonsense":
            return [RecognizerResult("PROJECT", 0, 99, 0.9)]
        found = [RecognizerResult("PROJECT", m.start(), m.end(), 0.9)
                 for m in re.finditer("Falcon", text)]  # fmt: skip
        people = [one for one in nlp_artifacts.entities if one.label_ == "PERSON"]
        return found + [RecognizerResult("PROJECT", p.start_char, p.end_char, 1.0) for p in people]


class Unmade(Words):
    def __init__(self) -> None:
        raise RuntimeError("canary")


class Endless(Words):
    def __init__(self) -> None:
        os._exit(1)


class Odd(Words):
    def __init__(self) -> None:
        super().__init__()
        self.supported_entities = ["lower case"]
