"""Every entity type that this project's own recognizers find, with its meaning. Pure data.

One line a type: name, severity (how bad a leak is: critical, high, medium, low), how it is found
(structured: by form and checks; named: by the words around it or by the classifier), its family
(the general type that measurements and coarse policies fold it into), and its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

TABLE: Final = """
PRIVATE_KEY; critical; structured; SECRET; a private key block: PEM, OpenPGP, SSH2 or PuTTY
CONNECTION_STRING; critical; structured; SECRET; an address of a service with a password in it
API_KEY; critical; structured; SECRET; a token whose prefix says who issued it
JWT; critical; structured; SECRET; a JSON Web Token
SECRET; critical; structured; SECRET; a password, key, token or cookie, known by its name or place
CREDIT_CARD; critical; structured; CREDIT_CARD; a payment card number
IBAN; high; structured; IBAN; an international bank account number
BANK_ACCOUNT; high; structured; BANK_ACCOUNT; a national bank account number or sort code
ABA_ROUTING_NUMBER; medium; structured; BANK_ACCOUNT; a US bank routing number
BIC; low; structured; BANK_ACCOUNT; a bank identifier code (SWIFT) beside its label
CRYPTO; high; structured; CRYPTO; an address of a crypto currency
US_SSN; critical; structured; US_SSN; a US social security number
US_ITIN; critical; structured; NATIONAL_ID; a US individual taxpayer number
US_MBI; high; structured; ID; a US Medicare beneficiary number
NATIONAL_ID; critical; structured; NATIONAL_ID; a personal number or identity card of a country
TAX_ID; high; structured; NATIONAL_ID; a tax or value-added tax number of a person or firm
HEALTH_ID; high; structured; ID; a number of a health insurance, plan or member
MEDICAL_RECORD; high; structured; ID; a number of a patient, medical record, visit or specimen
PASSPORT; critical; structured; PASSPORT; a passport or travel document number beside its label
DRIVER_LICENSE; high; structured; DRIVER_LICENSE; a driving licence number beside its label
UK_DRIVING_LICENCE; high; structured; DRIVER_LICENSE; a British driving licence number
UK_NHS; high; structured; NATIONAL_ID; a British health service number
UK_NINO; critical; structured; NATIONAL_ID; a British national insurance number
ES_NIF; critical; structured; NATIONAL_ID; a Spanish identity or tax number (DNI, NIF)
ES_NIE; critical; structured; NATIONAL_ID; a Spanish number of a foreign resident
IT_FISCAL_CODE; critical; structured; NATIONAL_ID; an Italian fiscal code of a person
IT_VAT_CODE; medium; structured; NATIONAL_ID; an Italian value-added tax number
IT_IDENTITY_CARD; critical; structured; NATIONAL_ID; an Italian identity card number
PL_PESEL; critical; structured; NATIONAL_ID; a Polish personal number
SE_PERSONNUMMER; critical; structured; NATIONAL_ID; a Swedish personal number
SE_ORGANISATIONSNUMMER; low; structured; NATIONAL_ID; a Swedish organisation number
FI_PERSONAL_IDENTITY_CODE; critical; structured; NATIONAL_ID; a Finnish personal identity code
DE_TAX_ID; critical; structured; NATIONAL_ID; a German personal tax identification number
DE_TAX_NUMBER; high; structured; NATIONAL_ID; a German tax office number
DE_VAT_ID; medium; structured; NATIONAL_ID; a German value-added tax number
DE_SOCIAL_SECURITY; critical; structured; NATIONAL_ID; a German pension insurance number
DE_HEALTH_INSURANCE; high; structured; ID; a German health insurance number
DE_ID_CARD; critical; structured; NATIONAL_ID; a German identity card or passport number
TR_NATIONAL_ID; critical; structured; NATIONAL_ID; a Turkish personal number
KR_RRN; critical; structured; NATIONAL_ID; a Korean resident registration number
KR_BRN; low; structured; NATIONAL_ID; a Korean business registration number
TH_TNIN; critical; structured; NATIONAL_ID; a Thai personal number
SG_NRIC_FIN; critical; structured; NATIONAL_ID; a Singaporean identity number
SG_UEN; low; structured; NATIONAL_ID; a Singaporean number of a firm
IN_AADHAAR; critical; structured; NATIONAL_ID; an Indian personal number
IN_PAN; critical; structured; NATIONAL_ID; an Indian permanent account number
IN_GSTIN; medium; structured; NATIONAL_ID; an Indian goods and services tax number
IN_VOTER; high; structured; NATIONAL_ID; an Indian voter card number
AU_ABN; low; structured; NATIONAL_ID; an Australian business number
AU_ACN; low; structured; NATIONAL_ID; an Australian company number
AU_TFN; critical; structured; NATIONAL_ID; an Australian tax file number
CA_SIN; critical; structured; NATIONAL_ID; a Canadian social insurance number
ZA_ID_NUMBER; critical; structured; NATIONAL_ID; a South African identity number
ZA_INCOME_TAX_NUMBER; high; structured; NATIONAL_ID; a South African tax number
ZA_VAT_NUMBER; low; structured; NATIONAL_ID; a South African value-added tax number
ZA_COMPANY_REGISTRATION; low; structured; NATIONAL_ID; a South African number of a firm
US_NPI; medium; structured; ID; a US national provider identifier
MEDICAL_LICENSE; medium; structured; ID; a US number for prescribing controlled drugs
AU_MEDICARE; high; structured; NATIONAL_ID; an Australian Medicare number
KR_FRN; critical; structured; NATIONAL_ID; a Korean number of a foreign resident
KR_DRIVER_LICENSE; high; structured; DRIVER_LICENSE; a Korean driving licence number
NG_NIN; critical; structured; NATIONAL_ID; a Nigerian personal number
PH_TIN; high; structured; NATIONAL_ID; a Philippine tax number
PH_UMID; high; structured; NATIONAL_ID; a Philippine social security card number
DE_LANR; medium; structured; ID; a German number of a physician
DE_BSNR; low; structured; ID; a German number of a medical practice
DE_HANDELSREGISTER; low; structured; ID; a German commercial register number
EMAIL_ADDRESS; high; structured; EMAIL_ADDRESS; an e-mail address
PHONE_NUMBER; high; structured; PHONE_NUMBER; a phone or fax number, with its extension
IP_ADDRESS; medium; structured; IP_ADDRESS; an IPv4 or IPv6 address or network
MAC_ADDRESS; medium; structured; MAC_ADDRESS; a hardware address of a network card
URL; low; structured; URL; a web address; surer with user, query or profile in it
USERNAME; medium; structured; USERNAME; a name of an account, beside its label or behind an at sign
IMEI; medium; structured; ID; a number of a mobile phone
IMSI; medium; structured; ID; a number of a mobile subscriber
ICCID; medium; structured; ID; a number of a SIM card
DEVICE_ID; medium; structured; ID; a serial number or identifier of a device beside its label
VIN; medium; structured; ID; a vehicle identification number
LICENSE_PLATE; medium; structured; ID; a registration plate of a vehicle
EMPLOYEE_ID; medium; structured; ID; a number of an employee, officer or licensed professional
CUSTOMER_ID; medium; structured; ID; a number of a customer, member or subscriber
ID; medium; structured; ID; a number of a case, file, claim, contract, booking or student
COORDINATES; medium; structured; LOCATION; a place on the globe in degrees
ZIP_CODE; low; structured; ZIP_CODE; a postal code beside its label
DATE_OF_BIRTH; high; structured; DATE_TIME; a date beside a word of birth
DATE_TIME; low; structured; DATE_TIME; a calendar date, with its time of day
AGE; medium; structured; AGE; an age of a person
GENDER; low; structured; GENDER; a sex or gender beside its label or beside an age
ADDRESS; high; named; ADDRESS; a postal address: street and house number, with its town
LOCATION; medium; named; LOCATION; a town, region, country or other place
PERSON; high; named; PERSON; a name of a person
ORGANIZATION; low; named; ORGANIZATION; a name of a firm, authority or other body
NRP; medium; named; NRP; a nationality, religion or political group
"""

CLASSES_TABLE: Final = """
secrets: PRIVATE_KEY CONNECTION_STRING API_KEY JWT SECRET; PASSWORD
payment: CREDIT_CARD IBAN BANK_ACCOUNT CRYPTO; IBAN_CODE US_BANK_NUMBER
bank_codes: ABA_ROUTING_NUMBER BIC
health: MEDICAL_RECORD HEALTH_ID AU_MEDICARE DE_HEALTH_INSURANCE UK_NHS US_MBI;
  US_CLAIM_NUMBER US_HEALTH_INSURANCE_MEMBER_ID US_PRESCRIPTION_NUMBER
  US_PRIOR_AUTHORIZATION_NUMBER US_REFERRAL_NUMBER
national_ids: NATIONAL_ID TAX_ID PASSPORT DRIVER_LICENSE AU_TFN CA_SIN DE_ID_CARD
  DE_SOCIAL_SECURITY DE_TAX_ID DE_TAX_NUMBER ES_NIE ES_NIF FI_PERSONAL_IDENTITY_CODE IN_AADHAAR
  IN_PAN IN_VOTER IT_FISCAL_CODE IT_IDENTITY_CARD KR_DRIVER_LICENSE KR_FRN KR_RRN NG_NIN PH_TIN
  PH_UMID PL_PESEL SE_PERSONNUMMER SG_NRIC_FIN TH_TNIN TR_NATIONAL_ID UK_DRIVING_LICENCE UK_NINO
  US_ITIN US_SSN ZA_ID_NUMBER ZA_INCOME_TAX_NUMBER;
  DE_FUEHRERSCHEIN DE_PASSPORT ES_PASSPORT IN_PASSPORT IT_DRIVER_LICENSE IT_PASSPORT KR_PASSPORT
  PH_PASSPORT UK_PASSPORT US_DRIVER_LICENSE US_PASSPORT ZA_DRIVER_LICENSE ZA_PASSPORT
company_ids: IT_VAT_CODE SE_ORGANISATIONSNUMMER DE_VAT_ID KR_BRN SG_UEN IN_GSTIN AU_ABN AU_ACN
  ZA_VAT_NUMBER ZA_COMPANY_REGISTRATION DE_BSNR DE_HANDELSREGISTER
professional_ids: US_NPI MEDICAL_LICENSE DE_LANR EMPLOYEE_ID
references: CUSTOMER_ID ID
contact: EMAIL_ADDRESS PHONE_NUMBER USERNAME URL
devices: IP_ADDRESS MAC_ADDRESS IMEI IMSI ICCID DEVICE_ID
vehicles: VIN LICENSE_PLATE
people: PERSON NRP GENDER
organizations: ORGANIZATION
places: ADDRESS LOCATION COORDINATES ZIP_CODE
dates: DATE_OF_BIRTH DATE_TIME AGE
"""
"""Classes that every policy knows. After a semicolon: types of Presidio's own recognizers."""

SEVERITIES: Final = ("low", "medium", "high", "critical")
"""How bad a leak is, the least first."""

_WORST_CLASSES: Final = ("secrets", "payment", "national_ids")


@dataclass(frozen=True, slots=True)
class EntityType:
    """What a type means."""

    name: str
    severity: str
    structured: bool
    family: str
    meaning: str


def _read(line: str) -> EntityType:
    name, severity, found, family, meaning = line.split("; ", 4)
    return EntityType(name, severity, found == "structured", family, meaning)


MEANINGS: Final[Mapping[str, EntityType]] = MappingProxyType(
    {entry.name: entry for entry in map(_read, TABLE.strip().splitlines())}
)
"""Every type, by name, the worst leak first."""

MODEL_ONLY: Final = frozenset({"ORGANIZATION"})
"""Types that only the classifier finds."""

ENTITY_TYPES: Final = frozenset(MEANINGS) - MODEL_ONLY
"""Every type that the table of recognizers can find."""


def _classes() -> dict[str, frozenset[str]]:
    lines = CLASSES_TABLE.replace("\n  ", " ").strip().splitlines()
    named = (line.split(": ", 1) for line in lines)
    return {name: frozenset(members.replace(";", " ").split()) for name, members in named}


CLASSES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(_classes())
"""The types of each class."""

_CRITICAL: Final = frozenset[str]().union(*(CLASSES[name] for name in _WORST_CLASSES))


def severity(entity_type: str) -> str:
    """How bad a leak of this type is. A type that nobody described is `high`, a Presidio type of
    a class whose types are mostly critical is critical."""
    known = MEANINGS.get(entity_type)
    if known is not None:
        return known.severity
    return "critical" if entity_type in _CRITICAL else "high"
