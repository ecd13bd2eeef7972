"""Wallets, vehicles, phones' numbers, coordinates and handles."""

from __future__ import annotations

import pytest

from gateway.detection.structured import devices
from tests.detection.marked import found, unmarked

FINDERS = (
    devices.wallets,
    devices.vehicles_and_devices,
    devices.plates,
    devices.machine_lines,
    devices.coordinates,
    devices.handles,
    devices.database_users,
)


@pytest.mark.parametrize(
    ("kind", "marked"),
    [
        ("CRYPTO", "pay [1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa]"),
        ("CRYPTO", "[bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq]."),
        ("CRYPTO", "[0x52908400098527886E0F7030069857D2E4169EE7]"),
        ("CRYPTO", "[LQTpS3VaYTjCr4s9Y1t5zbeY26zevf7Fb3]"),
        ("CRYPTO", "[TJRabPrwbZy45sbavfcjinPJC18kjpRTv8]"),
        (
            "CRYPTO",
            "[44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A]",
        ),
        ("CRYPTO", "solana wallet [7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV1]"),
        ("VIN", "the car [1M8GDM9AXKP042788]"),
        ("IMEI", "handset [35-209900-176148-1]"),
        ("ICCID", "[8944500102198304826]"),
        ("LICENSE_PLATE", "his car, [B-AB 1234], was"),
        ("PASSPORT", "x\n[P<UTOERIKSSON<<ANNA<MARIA]<<<<<<<<<<<<<<<<<<<\n"),
        ("PASSPORT", "[L898902C36UTO7408122F1204159ZE184226B<<<<<10]"),
        ("PASSPORT", "[I<UTOD231458907]<<<<<<<<<<<<<<<"),
        ("PASSPORT", "[7408122F1204159UTO<<<<<<<<<<<6]"),
        ("PASSPORT", "[ERIKSSON<<ANNA<MARIA]<<<<<<<<<"),
        ("LICENSE_PLATE", "reg [AB12 CDE] seen"),
        ("LICENSE_PLATE", "[AB12CDE] (UK plate)"),
        ("LICENSE_PLATE", "un coche matriculado [4321 CDF]"),
        ("LICENSE_PLATE", "automobile targata [FZ 345 KL]"),
        ("LICENSE_PLATE", "véhicule immatriculé le 3 mai, [AA-229-AA]"),
        ("LICENSE_PLATE", "kenteken was volgens hem [KN-123-D]"),
        ("LICENSE_PLATE", "a matrícula do carro é [12-AB-34]"),
        ("LICENSE_PLATE", "placa do carro dele: [BRA2E19]"),
        ("COORDINATES", "gps: [40.712776, -74.005974]"),
        ("COORDINATES", "at [40°42'46\"N 74°00'21\"W]"),
        ("COORDINATES", "[48.8584° N, 2.2945° E]"),
        ("COORDINATES", '"lat": [52.520008],'),
        ("USERNAME", "follow me [@anna_92] please"),
        ("USERNAME", "Instagram: [@annaschmidt]"),
        ("USERNAME", "GRANT ALL ON *.* TO '[dev_9960]'@'%'"),
        ("USERNAME", "CREATE USER '[anna]' IDENTIFIED"),
    ],
)
def test_finds(kind: str, marked: str):
    text, value = unmarked(marked)
    assert found(text, *FINDERS) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb is a typing error",
        "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV1",
        "1M8GDM9AXKP042789 and 12345678901234567",
        "np.array([1.2345, 6.7890]) and 1.41421356, 1.73205081",
        "loss 0.69314, 0.69315",
        "@property\n@dataclass\ndef f(): ...",
        "npm i @types/node @babel/core7",
        "@app.route('/x'), @media print, @param name1",
        "mail anna@b12.com",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "grant 'everything' to nobody",
        "8944500102198304827",
        "registered 2020 GDP figures, registration for ISO-9001 and ABC-1234, plate 12",
        "AB12 CDE and 4321 CDF",
        "<<<<<<< HEAD\n<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\n",
        "X<<2 and FLAGS<<SHIFT, 1<<31, ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, *FINDERS) == []
