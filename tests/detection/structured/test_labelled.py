"""Values that are known by their label, in seven languages; not amounts, dates and hashes."""

from __future__ import annotations

import pytest

from gateway.detection.structured.kinds import KINDS, LABELS
from gateway.detection.structured.labelled import FORMS, labelled
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    ("kind", "marked"),
    [
        ("MEDICAL_RECORD", "MRN: [00123456]"),
        ("MEDICAL_RECORD", "(MRN [MRN-1005432])"),
        ("MEDICAL_RECORD", "patient no. [A-4471]"),
        ("MEDICAL_RECORD", "Patientennummer [PT-99812]"),
        ("MEDICAL_RECORD", "numéro de dossier : [20231145]"),
        ("MEDICAL_RECORD", "NHC: [45764]."),
        ("MEDICAL_RECORD", "Episodio:[761345]."),
        ("HEALTH_ID", "member ID: [XYZ123456789]"),
        ("HEALTH_ID", "Versicherungsnummer: [K-4411872]"),
        ("NATIONAL_ID", '"nationalId": "[NID-331150562]"'),
        ("NATIONAL_ID", "NASS: [27 2226350 05]."),
        ("PASSPORT", "Passport No. [X1234567]"),
        ("PASSPORT", "Reisepassnummer: [C01X00T47]"),
        ("PASSPORT", "pasaporte [AAA123456]"),
        ("DRIVER_LICENSE", "driver's license: [D123-4567-8901]"),
        ("DRIVER_LICENSE", "Führerschein [B072RRE2I55]"),
        ("BANK_ACCOUNT", "account number: [1234567890]"),
        ("BANK_ACCOUNT", "Kontonummer [532013000]"),
        ("BANK_ACCOUNT", "sort code [20-00-00]"),
        ("ABA_ROUTING_NUMBER", "routing number [021000021]"),
        ("BIC", "SWIFT/BIC: [DEUTDEFF500]"),
        ("US_SSN", "SSN: [XXX-XX-1234]"),
        ("US_SSN", "the SSN ending in [4470]"),
        ("ZIP_CODE", "ZIP: [90210-1234]"),
        ("ZIP_CODE", "PLZ [10115]"),
        ("ZIP_CODE", "postcode [SW1A 1AA]"),
        ("DEVICE_ID", "device id [3f2504e0-4f89-41d3-9a0c-0305e82c3301]"),
        ("HEALTH_ID", "tessera sanitaria [80380000100012345678]"),
        ("TAX_ID", "KvK [12345678]"),
        ("NATIONAL_ID", "PIS [120.12345.67-8]"),
        ("DRIVER_LICENSE", "DL# [F2551234]"),
        ("ID", "Az. [4 StR 123/21]"),
        ("BANK_ACCOUNT", "CLABE [032180000118359719]"),
        ("BANK_ACCOUNT", "IFSC [SBIN0001234]"),
        ("LICENSE_PLATE", "Kennzeichen: [B-AB 1234]"),
        ("LICENSE_PLATE", "matrícula [1234 BCD]"),
        ("VIN", "Fahrgestellnummer: [WVWZZZ1JZXW000001]"),
        ("IMEI", "IMEI [490154203237518]"),
        ("DEVICE_ID", "serial number: [SN-88A-4471]"),
        ("EMPLOYEE_ID", "Employee ID: [E-10442]"),
        ("EMPLOYEE_ID", "Personalnummer [004711]"),
        ("EMPLOYEE_ID", "NºCol: [31 31 25060]."),
        ("EMPLOYEE_ID", "[EMP-58838],Jennifer"),
        ("CUSTOMER_ID", "Kundennummer: [K-883421]"),
        ("CUSTOMER_ID", "numéro client [4458812]"),
        ("CUSTOMER_ID", "customer_id = [12345]"),
        ("CUSTOMER_ID", "Falta su número de abonado, el [AB-771-0938]."),
        ("CUSTOMER_ID", "il mio codice cliente è il [88-1234-A]"),
        ("EMPLOYEE_ID", "retrouve son matricule, c'est le [RH-20931], et"),
        ("PASSPORT", "un pasaporte, el [PAB482913], metido"),
        ("ID", "case no. [2:19-cv-00123]"),
        ("ID", "Aktenzeichen [12 O 345/21]"),
        ("ID", "application (no. [36042/97]) against"),
        ("ID", "expediente nº [2021/00345]"),
        ("ID", "invoice #[INV-20931]"),
        ("USERNAME", "username: [jdoe42]"),
        ("USERNAME", "login = [anna.schmidt]"),
        ("USERNAME", "Benutzername: [amueller]"),
        ("USERNAME", 'user := "[user_9125]"'),
    ],
)
def test_finds(kind: str, marked: str):
    text, value = unmarked(marked)
    assert found(text, labelled) == [(kind, value)]


def test_a_label_may_have_a_list():
    text = "applications nos. 26480/95, 28291/95 and 29280/95)"
    assert found(text, labelled) == [("ID", no) for no in ("26480/95", "28291/95", "29280/95")]


@pytest.mark.parametrize(
    "text",
    [
        "case 12345: print(1)",
        "the case of 2019, claim 5 of the patent",
        "order no. 12345678, item A1234567, tracking number 12345678",
        "account 500 EUR, policy of 12 months, member since 2019",
        "passport control at 10:45 on 2024-05-01",
        "archive.gz\n1679091c5a880faf6fb5e6087eb1b2dc  file",
        "case: 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "plaquetas 131 000/µl",
        "(referencia: 89-215 ukat/L)",
        "username is required. The user is logged in.",
        "user.name = form.username.value",
        "errors.username = 'Please choose a longer one'",
        "username: str | None, user_id: str\nthreads = args.num_threads",
        "handler = self.handler",
        "swift code review, zip file 12345 bytes",
        "VAT 19% of 1234.50",
        "https://example.com/patient/id/1234567",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, labelled) == []


def test_the_table_is_whole():
    assert {kind.form for kind in KINDS.values()} <= set(FORMS)
    assert len(KINDS) > 25
    assert LABELS is not None
