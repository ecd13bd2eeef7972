"""What compliance reviewers ask, and the clicks from the console's first page to the answer.

A click is a link, or a button after its form is filled in; three are the most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.console.accounts import Role

MOST: int = 3
A_RECORD = "the first record"
IN_FORCE = "the policy in force"
PLACES: Mapping[str, str] = {
    A_RECORD: "main tbody a",
    IN_FORCE: "main p a",
}
"""What has no name of its own, and where it is on the page."""


@dataclass(frozen=True)
class Question:
    """Who asks what, on whose behalf it is answered, by which clicks, and where the answer is.

    `filled` is what is filled in before a button of this name is pressed.
    """

    regime: str
    asks: str
    role: Role
    clicks: tuple[str, ...]
    answer: str
    filled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    file: bool = False


_PERSON = {"Find": {"tenant": "acme", "entity_type": "EMAIL_ADDRESS", "values": "leo@example.org"}}
_ERASE = {**_PERSON, "See what would be erased": {"reason": "gdpr-17-1b"}}
R, A, P, U = Role.REVIEWER, Role.APPROVER, Role.OPERATOR, Role.AUDITOR

QUESTIONS: tuple[Question, ...] = (
    Question(
        "GDPR 4(5)", "What is kept apart from the records, and of whom?", U,
        ("Retention",), "Kept beside them",
    ),
    Question(
        "GDPR 5(1)(e)", "How long is what kept, and what is due to go?", U,
        ("Retention",), "How long what is kept",
    ),
    Question("GDPR 15", "What do you hold on this person?", R, ("Data subjects", "Find"),
             "Hand it over", _PERSON),
    Question("GDPR 15", "Hand it over.", R, ("Data subjects", "Find", "Export as JSON"),
             '"tenant": "acme"', _PERSON, file=True),
    Question("GDPR 17", "What would be erased of this person, before it is?", A,
             ("Data subjects", "Find", "See what would be erased"),
             "To erase them, write how many requests there are", _ERASE),
    Question("GDPR 17(3)(b)", "What is on legal hold?", U, ("Retention",), "Legal holds"),
    Question("GDPR 25", "Is everything masked by default, and what is not?", U,
             ("Policies", IN_FORCE), "effect: mask"),
    Question("GDPR 25, 32", "What left as it was, and to whom?", U, ("Data flow",),
             "went as they were to others"),
    Question("GDPR 30", "The record of processing, with recipients.", U,
             ("Exports", "Build and download"), "ropa", file=True),
    Question("GDPR 28, 44", "Who processes what is sent, where, under which contract?", U,
             ("Data flow",), "Who the upstreams are"),
    Question("GDPR 35", "What does detection miss, by type and language?", U,
             ("Detector quality",), "By type and language"),
    Question("EU AI Act 12, 19", "What happened, traceably, over the system's life?", U,
             ("requests", A_RECORD), "Policy's digest"),
    Question("EU AI Act 26(6)", "Are logs kept for six months or more?", U, ("Retention",),
             "Records"),
    Question("HIPAA 164.312(b)", "Who looked at what?", U, ("Access",), "What was done"),
    Question("PCI DSS 10.2.1", "Who had access to the log itself?", U, ("Access",),
             "audit.viewed"),
    Question("PCI DSS 10.3.4", "Was this record changed?", U,
             ("requests", A_RECORD, "Verify now"), "It holds"),
    Question("PCI DSS 10.7", "Does logging work, and how far is the log signed?", P, (),
             "are signed"),
    Question("SOC 2 CC8", "What changed in the policy, and when?", U,
             ("Policies", "against the one before"), "changed"),
    Question("SOC 2 CC6", "Who may do what at the console?", U, ("Access",), "Accounts"),
    Question("SOC 2", "Evidence over a period.", U, ("Exports", "Build and download"),
             "VERIFY.md", file=True),
    Question("ISO 27001 A.8.15", "Which logs are there, and are any records missing?", U,
             ("Retention",), "the numbers of each writer follow one another"),
    Question("ISO 42001 A.6.2.8", "Under which policy was this decided, by which rule?", U,
             ("requests", A_RECORD), "Rules that matched"),
    Question("NIST AI RMF", "How well is it measured, and what do people say of it?", U,
             ("Detector quality",), "Said by people"),
    Question("Works council", "Are staff known by name in the log?", U, ("requests", A_RECORD),
             "Reference"),
    Question("Works council", "Who saw a text, why, and who agreed?", U, ("Unmasking",),
             "All requests, newest first"),
    Question("All", "What would this text do?", P, ("Try a text",),
             "What would be found, decided, and leave"),
)  # fmt: skip


def as_table() -> str:
    """The questions as a table of Markdown."""
    head = ["| Asked by | Question | Clicks from the overview | |", "|---|---|---|---|"]
    rows = [
        f"| {one.regime} | {one.asks} | {' → '.join(one.clicks) or 'none'} | {len(one.clicks)} |"
        for one in QUESTIONS
    ]
    return "\n".join(head + rows)


if __name__ == "__main__":
    print(as_table())
