"""What a record says of who served a request: words of the configuration and counts, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.audit.routing import RoutingFacts


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"processor": "own-data-centre", "country": "DE", "retention_days": 0},
        {"attempts": 3, "dropped_turns": 2}, {"dpa_ref": "DPA-2026/17"},
    ],
)  # fmt: skip
def test_what_fits_is_held(fields: dict[str, Any]):
    made = RoutingFacts(**fields)
    assert {key: value for key in made.__slots__ if (value := getattr(made, key)) is not None} == (
        fields
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"processor": ""}, {"processor": "Jane Roe"}, {"processor": "a@b"}, {"processor": "x" * 65},
        {"country": "Germany"}, {"country": "de"}, {"country": ""}, {"retention_days": -1},
        {"attempts": True}, {"dpa_ref": "our contract"}, {"dpa_ref": ""}, {"dropped_turns": 1.5},
    ],
)  # fmt: skip
def test_what_does_not_is_refused_unquoted(fields: dict[str, Any]):
    with pytest.raises(ValueError, match="routing") as caught:
        RoutingFacts(**fields)
    (value,) = fields.values()
    assert not value or str(value) not in str(caught.value)
