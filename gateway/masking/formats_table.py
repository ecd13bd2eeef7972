# ruff: noqa: E501  (one format a line)
"""The formats of numbers that are encrypted sign by sign, with their checks. Pure data.

One line a format: entity type, check, template. The lines of a type are tried in their order. A
template says for each sign, separators left out, what may stand there:

    9       a digit, encrypted
    A       a letter, encrypted
    =       either, kept
    [LIST]  one of the list, encrypted among those of its kind; a list of one sign is kept
    ?       a check sign, computed anew
    ~       alone: any number of digits and letters, all encrypted

Digits stay digits and letters stay letters. `{n}` repeats what stands before it, and `{m,n}`
stands for several lines. The check is `luhn` (ISO/IEC 7812-1), `luhn` with digits that are put in
front, `vin` (49 CFR 565.15), the name of a module of python-stdnum, `form` with the name of a row
of the identifier table, or `-` for none.

Checks whose answer depends on the day are left out: what they hold valid changes, and then a value
could not be decrypted any more. For the same reason a line that is changed or put before others
changes what its type's values become.
"""

from __future__ import annotations

from typing import Final

TABLE: Final = """
CREDIT_CARD; luhn; [4]9{11}?
CREDIT_CARD; luhn; [4]9{14}?
CREDIT_CARD; luhn; [4]9{17}?
CREDIT_CARD; luhn; [5][1-5]9{13}?
CREDIT_CARD; luhn; [2][3-6]9{13}?
CREDIT_CARD; luhn; [2][2][3-9]9{12}?
CREDIT_CARD; luhn; [2][2][2][1-9]9{11}?
CREDIT_CARD; luhn; [2][7][01]9{12}?
CREDIT_CARD; luhn; [2][7][2][0]9{11}?
CREDIT_CARD; luhn; [3][47]9{12}?
CREDIT_CARD; luhn; [3][0689]9{11}?
CREDIT_CARD; luhn; [3][5]9{13}?
CREDIT_CARD; luhn; [2][1][3][1]9{10}?
CREDIT_CARD; luhn; [1][8][0][0]9{10}?
CREDIT_CARD; luhn; [6]9{14}?
CREDIT_CARD; luhn; [5][0678]9{13}?
CREDIT_CARD; luhn; [5][678]9{9,12}?
CREDIT_CARD; luhn; ={1}9{10,17}?
BANK_ACCOUNT; es.ccc; 9{8}??9{10}
BANK_ACCOUNT; no.kontonr; 9{10}?
BANK_ACCOUNT; -; ~
ABA_ROUTING_NUMBER; us.rtn; [0]9{7}?
ABA_ROUTING_NUMBER; us.rtn; [1][0-2]9{6}?
ABA_ROUTING_NUMBER; us.rtn; [2][1-9]9{6}?
ABA_ROUTING_NUMBER; us.rtn; [3][0-2]9{6}?
ABA_ROUTING_NUMBER; us.rtn; [6][1-9]9{6}?
ABA_ROUTING_NUMBER; us.rtn; [7][0-2]9{6}?
ABA_ROUTING_NUMBER; us.rtn; [8][0]9{6}?
US_SSN; us.ssn; [0-8]9{8}
US_ITIN; us.itin; [9]9{2}[5-9]9{5}
US_MBI; form us.mbi; [1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]9[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]9[AC-HJKMNP-RT-Y]{2}9{2}
US_NPI; luhn 80840; [12]9{8}?
CA_SIN; ca.sin; [1-79]9{7}?
UK_NHS; gb.nhs; 9{9}?
UK_NINO; form uk.nino; [A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]9{6}[A-D]
ES_NIF; es.dni; 9{8}?
ES_NIE; es.nie; [XYZ]9{7}?
IT_FISCAL_CODE; it.codicefiscale; A{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-7LMNPQRST][0-9LMNPQRSTUV]A[0-9LMNPQRSTUV]{3}?
IT_VAT_CODE; it.iva; 9{7}={3}?
IT_VAT_CODE; it.iva; [I][T]9{7}={3}?
IT_IDENTITY_CARD; form it.cie; A{2}9{5}A{2}
IT_IDENTITY_CARD; form it.cie; A{2}9{7}
PL_PESEL; pl.pesel; 9{2}[01]9{7}?
PL_PESEL; pl.pesel; [012]9[23]9{7}?
SE_ORGANISATIONSNUMMER; se.orgnr; [1-9]9[2-9]9{6}?
DE_TAX_ID; de.idnr; [1-9]9{9}?
DE_TAX_NUMBER; -; 9{10,11}
DE_VAT_ID; de.vat; [1-9]9{7}?
DE_VAT_ID; de.vat; [D][E][1-9]9{7}?
DE_ID_CARD; form de.idcard; [CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}9
TR_NATIONAL_ID; tr.tckimlik; [1-9]9{8}??
KR_BRN; kr.brn; [1-9]9{9}
KR_DRIVER_LICENSE; -; ={2}9{10}
TH_TNIN; th.pin; [1-8]9{11}?
IN_AADHAAR; in_.aadhaar; [2-9]9{10}?
IN_PAN; in_.pan; A{3}[ABCFGHJLPT]A9{4}A
IN_VOTER; in_.epic; A{3}9{6}?
AU_ABN; au.abn; ??9{9}
AU_ACN; au.acn; 9{8}?
AU_TFN; au.tfn; 9{7,8}?
ZA_INCOME_TAX_NUMBER; za.tin; [01239]9{8}?
NG_NIN; -; 9{11}
PH_TIN; -; 9{9}
PH_TIN; -; 9{12}
PH_UMID; -; 9{12}
IMEI; luhn; ={2}9{12}?
IMEI; imei; ={2}9{12}
IMEI; imei; ={2}9{14}
IMSI; imsi; ={5}9{9,10}
ICCID; luhn; [8][9]={2}9{13,15}?
ICCID; luhn; [8][9]={2}9{13,15}?[F]
VIN; vin; ={3}[0-9A-HJ-NPR-Z]{5}?[0-9A-HJ-NPR-Z]{8}
NATIONAL_ID; br.cpf; 9{9}??
NATIONAL_ID; nl.bsn; 9{8}?
NATIONAL_ID; ch.ssn; [7][5][6]9{9}?
NATIONAL_ID; -; ~
TAX_ID; pl.nip; 9{9}?
TAX_ID; fr.siren; 9{8}?
TAX_ID; -; ~
HEALTH_ID; -; ~
MEDICAL_RECORD; -; ~
PASSPORT; -; ~
DRIVER_LICENSE; -; ~
EMPLOYEE_ID; -; ~
CUSTOMER_ID; -; ~
ID; -; ~
DEVICE_ID; -; ~
LICENSE_PLATE; -; ~
"""
