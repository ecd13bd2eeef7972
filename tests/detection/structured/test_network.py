"""IP addresses and hardware addresses among versions, times and code."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.network import ip_addresses, macs
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    ("kind", "marked"),
    [
        ("IP_ADDRESS", "from {192.168.0.1}:8080"),
        ("IP_ADDRESS", "(ip={172.16.254.1})"),
        ("IP_ADDRESS", "http {10.1.2.0/24}"),
        ("IP_ADDRESS", "ping {8.8.8.8}."),
        ("IP_ADDRESS", "block {4.0.0.0/8}"),
        ("IP_ADDRESS", "{2001:db8:85a3::8a2e:370:7334} answers"),
        ("IP_ADDRESS", "{2001:0db8:0000:0000:0000:ff00:0042:8329}/64"[:-3]),
        ("IP_ADDRESS", "{fe80::1ff:fe23:4567:890a%eth0}"),
        ("IP_ADDRESS", "[{2001:db8::7}]:443"),
        ("IP_ADDRESS", "{::ffff:192.168.1.1}"),
        ("IP_ADDRESS", "ip:{2001:db8:0:1:1:1:1:1},x"),
        ("IP_ADDRESS", "value:{2001:db8::33ec}"),
        ("IP_ADDRESS", "from_host:{da8a:2472:5f:fc4f:c9c1:f73e:95da:a91d}."),
        ("IP_ADDRESS", "SRC:{fe80::1ff:fe23:4567:890a}"),
        ("IP_ADDRESS", "tcp 0 0 {10.0.0.5}.443 established"),
        ("IP_ADDRESS", "IP {203.0.113.7}.51123: Flags [S]"),
        ("MAC_ADDRESS", "mac:{aa:bb:cc:dd:ee:f0}"),
        ("MAC_ADDRESS", "MAC: {00:1B:44:11:3A:B7}"),
        ("MAC_ADDRESS", "{00-1b-44-11-3a-b7},"),
        ("MAC_ADDRESS", "{001b.4411.3ab7}"),
        ("MAC_ADDRESS", "{00:1B:44:FF:FE:11:3A:B7}"),
    ],
)
def test_finds(kind: str, marked: str):
    text, value = unmarked(marked, "{}")
    assert found(text, ip_addresses, macs) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "version 10.2.33.4",
        "release: 1.10.0.1 is newer than 1.9.9.9",
        "bind 127.0.0.1 or 0.0.0.0, mask 255.255.255.0, loopback ::1",
        "section 12.13.14.15",
        "std::vector<int> a::b::c(1)",
        "at 12:30:45 and 10:11:12:13",
        "256.1.1.1 and 1.2.3 and 1.2.3.4.5",
        "ff:ff:ff:ff:ff:ff is broadcast",
        "2024-03-05-12-30-45",
        "zip:2001:db8:1 and chip:1:2:3:4:5:6:7:8, mic:aa:bb:cc:dd:ee:f0",
        "tcp version 1.2.3.4.5.6",
        "x[1::2], y[::3], z[a::-1]",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, ip_addresses, macs) == []


@given(st.ip_addresses(v=6))
def test_every_ipv6_address_in_its_short_form(address: ipaddress.IPv6Address):
    written = str(address)
    if len(written) >= 6 and any(map(str.isdigit, written)):
        assert found(f"host {written} is up", ip_addresses) == [("IP_ADDRESS", written)]


@given(st.ip_addresses(v=4))
def test_every_ipv4_address(address: ipaddress.IPv4Address):
    written = str(address)
    first = int(written.partition(".")[0])
    if first not in (0, 127, 255):
        assert found(f"ip {written} is up", ip_addresses) == [("IP_ADDRESS", written)]
