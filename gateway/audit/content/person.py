"""A person whose data is looked for: named by values of one type, in one tenant's data. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from gateway.audit.content.index import normalised
from gateway.audit.record import commitment


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data it is. `values` are all the ways in which one value may have been written."""

    tenant: str
    entity_type: str
    values: tuple[str, ...] = field(repr=False)

    def scope(self, nonce: bytes) -> str:
        """A digest that stands for the person on record; who has the nonce can show for whom."""
        forms = sorted({normalised(self.entity_type, one) for one in self.values})
        return commitment(nonce, orjson.dumps([self.tenant, self.entity_type, forms])).digest
