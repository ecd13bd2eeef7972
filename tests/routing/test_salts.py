"""Salts say nothing, and are the same for those who share a cache alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.salts import priority, salt
from gateway.settings import Vllm

KEY = b"k" * 32
names = st.text(max_size=8)
pools = st.sampled_from(
    [Vllm(), Vllm(salt="principal"), Vllm(salt="group", salt_groups={"acme": ("a*",), "b": ("b",)})]
)


@given(pools, names, names)
def test_vllm_takes_every_salt(pool: Vllm, tenant: str, principal: str):
    """It refuses the empty one, `@`, `/`, a backslash and NUL, and more than 128 characters."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", salt(KEY, pool, tenant, principal))


@given(names, names, names, names)
def test_principals_share_with_nobody(tenant: str, principal: str, other: str, another: str):
    pool = Vllm(salt="principal")
    same = salt(KEY, pool, tenant, principal) == salt(KEY, pool, other, another)
    assert same is ((tenant, principal) == (other, another))


@given(names, names, names, names)
def test_tenants_share_with_themselves(tenant: str, principal: str, other: str, another: str):
    same = salt(KEY, Vllm(), tenant, principal) == salt(KEY, Vllm(), other, another)
    assert same is (tenant == other)


def test_keys_and_kinds_of_owners_do_not_meet():
    group = Vllm(salt="group", salt_groups={"acme": ("x",)})
    made = [
        salt(KEY, Vllm(), "acme", ""), salt(b"o" * 32, Vllm(), "acme", ""),
        salt(KEY, group, "x", ""), salt(KEY, Vllm(salt="principal"), "acme", ""),
    ]  # fmt: skip
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(("tenant", "expected"), [("acme", 2), ("ab", 5), ("z", 0)])
def test_the_first_pattern_gives_the_priority(tenant: str, expected: int):
    assert priority({"acme": 2, "a*": 5}, tenant) == expected
