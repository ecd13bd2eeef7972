# ruff: noqa: E501  (one number a line)
"""National identifiers and tax numbers: their forms, check algorithms, and what they are called.

Pure data. One line a number: the module of python-stdnum that checks it, the entity type, the
lengths without separators, the form without separators, how it may be written to count without
any label ("=" for the bare form, "-" for not at all), and its labels in the languages of its
country and in English. Types that Presidio names keep that name; others are NATIONAL_ID (people)
or TAX_ID (tax and value-added tax numbers).
"""

from __future__ import annotations

from typing import Final

TABLE: Final = r"""
ad.nrt; TAX_ID; 8; [A-Z]\d{6}[A-Z]; [A-Z]-\d{6}-[A-Z]; nrt|número de registre tributari
al.nipt; TAX_ID; 10; [A-Z]\d{8}[A-Z]; -; nipt|nuis
ar.cuit; TAX_ID; 11; \d{11}; \d{2}-\d{8}-\d; cuit|cuil|clave única
ar.cbu; BANK_ACCOUNT; 22; \d{22}; =; cbu|clave bancaria
ar.dni; NATIONAL_ID; 7-8; \d{7,8}; -; dni|documento nacional
at.uid; TAX_ID; 9-11; (?:AT)?U\d{8}; ATU\d{8}; uid|umsatzsteuer identifikationsnummer|ust idnr
at.vnr; NATIONAL_ID; 10; \d{10}; \d{4} (?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d; sozialversicherungsnummer|svnr|sv nr|sv nummer|versicherungsnummer|social security
at.tin; TAX_ID; 9; \d{9}; -; abgabenkontonummer|steuernummer
at.businessid; TAX_ID; 2-9; (?:FN)?\d{1,6}[A-Z]; -; firmenbuchnummer|firmenbuch|fn$
au.abn; AU_ABN; 11; \d{11}; \d\d \d{3} \d{3} \d{3}; abn|australian business number
au.acn; AU_ACN; 9; \d{9}; -; acn|australian company number
au.tfn; AU_TFN; 8-9; \d{8,9}; -; tfn|tax file number
az.voen; TAX_ID; 10; \d{10}; -; voen|vöen
be.nn; NATIONAL_ID; 11; \d{11}; \d\d\.\d\d\.\d\d-\d{3}\.\d\d; rijksregisternummer|numéro de registre national|registre national|rijksregister|insz|niss|nationaal nummer|numéro national|national number
be.bis; NATIONAL_ID; 11; \d{11}; \d\d\.\d\d\.\d\d-\d{3}\.\d\d; bis nummer|numéro bis|rijksregisternummer|numéro national|insz|niss
be.eid; NATIONAL_ID; 12; \d{12}; \d{3}-\d{7}-\d\d; identiteitskaart|carte d'identité|kaartnummer|eid
be.vat; TAX_ID; 10-12; (?:BE)?[01]?\d{9}; BE ?[01]\d{3}\.?\d{3}\.?\d{3}; btw nummer|btw|ondernemingsnummer|numéro d'entreprise|numéro de tva|vat number|vat
bg.egn; NATIONAL_ID; 10; \d{10}; -; егн|egn|единен граждански номер
bg.pnf; NATIONAL_ID; 10; \d{10}; -; лнч|lnch|личен номер на чужденец
bg.vat; TAX_ID; 11-12; BG\d{9,10}; =; ддс|vat
br.cpf; NATIONAL_ID; 11; \d{11}; \d{3}\.\d{3}\.\d{3}-\d\d; cpf|cadastro de pessoas físicas
br.cnpj; TAX_ID; 14; \d{14}; \d\d\.\d{3}\.\d{3}/\d{4}-\d\d; cnpj|cadastro nacional
by.unp; TAX_ID; 9; [A-Z0-9]{9}; -; унп|unp
ca.sin; CA_SIN; 9; \d{9}; -; sin|social insurance|assurance sociale|nas
ca.bn; TAX_ID; 9-15; \d{9}(?:R[TPCM]\d{4})?; \d{9} ?R[TPCM] ?\d{4}; business number|bn|gst number
ca.bc_phn; HEALTH_ID; 10; 9\d{9}; -; phn|personal health number|health card
ch.ssn; NATIONAL_ID; 13; 756\d{10}; 756\.\d{4}\.\d{4}\.\d\d|756\d{10}; ahv|avs|sozialversicherungsnummer|ahv nummer|numéro avs|numero avs
ch.uid; TAX_ID; 12; CHE\d{9}; CHE-?\d{3}\.?\d{3}\.?\d{3}; uid|ide
ch.vat; TAX_ID; 13-16; CHE\d{9}(?:MWST|TVA|IVA|TPV); CHE-?\d{3}\.\d{3}\.\d{3} (?:MWST|TVA|IVA|TPV); mwst|tva|iva
cl.rut; NATIONAL_ID; 8-9; \d{7,8}[0-9K]; \d{1,2}\.\d{3}\.\d{3}-[0-9Kk]|\d{7,8}-[0-9Kk]; rut|run|rol único
cn.ric; NATIONAL_ID; 18; \d{17}[0-9X]; =; 身份证|身份證|resident identity|chinese id
cn.uscc; TAX_ID; 18; [0-9A-HJ-NPQRTUWXY]{18}; -; 统一社会信用代码|unified social credit
co.nit; NATIONAL_ID; 8-16; \d{8,16}; -; nit|número de identificación tributaria
cr.cpf; NATIONAL_ID; 9-10; \d{9,10}; -; cédula|cedula
cr.cr; NATIONAL_ID; 11-12; 1\d{10,11}; -; dimex|cédula de residencia
cr.cpj; TAX_ID; 10; [2-5]\d{9}; [2-5]-\d{3}-\d{6}; cédula jurídica|persona jurídica
cu.ni; NATIONAL_ID; 11; \d{11}; -; número de identidad|carné de identidad
cy.vat; TAX_ID; 9-11; (?:CY)?\d{8}[A-Z]; CY\d{8}[A-Z]; φπα|vat
cz.rc; NATIONAL_ID; 9-10; \d{9,10}; \d\d(?:[05][1-9]|[1267][0-9]|[38][0-2])(?:0[1-9]|[12]\d|3[01])/\d{3,4}; rodné číslo|rodne cislo|birth number
cz.dic; TAX_ID; 10-12; CZ\d{8,10}; =; dič|dic
de.idnr; DE_TAX_ID; 11; [1-9]\d{10}; [1-9]\d{10}|[1-9]\d \d{3} \d{3} \d{3}; steuer id|steueridentifikationsnummer|steuer identifikationsnummer|idnr|identifikationsnummer|tax id|steuerliche identifikationsnummer|steuer idnr
de.vat; DE_VAT_ID; 9-11; (?:DE)?\d{9}; DE ?\d{9}|DE ?\d{3} ?\d{3} ?\d{3}; ust id|ust idnr|umsatzsteuer id|umsatzsteuer identifikationsnummer|vat|ustid
de.stnr; DE_TAX_NUMBER; 10-13; \d{10,13}; -; steuernummer|steuer nr|st nr|tax number
dk.cpr; NATIONAL_ID; 10; \d{10}; (?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d-\d{4}; cpr|cpr nummer|personnummer|cpr nr
dk.cvr; TAX_ID; 8-10; (?:DK)?\d{8}; -; cvr|moms
do.cedula; NATIONAL_ID; 11; \d{11}; \d{3}-\d{7}-\d; cédula|cedula
do.rnc; TAX_ID; 9; \d{9}; -; rnc
dz.nif; TAX_ID; 15-20; \d{15}(?:\d{5})?; -; nif|numéro d'identification fiscale
ec.ci; NATIONAL_ID; 10; \d{10}; -; cédula|cedula|cédula de identidad
ec.ruc; TAX_ID; 13; \d{13}; -; ruc
ee.ik; NATIONAL_ID; 11; [1-6]\d{10}; [3-6]\d{10}; isikukood|personal code
ee.kmkr; TAX_ID; 9-11; (?:EE)?\d{9}; EE\d{9}; kmkr|käibemaks
ee.registrikood; TAX_ID; 8; \d{8}; -; registrikood|registry code
eg.tn; TAX_ID; 9; \d{9}; -; الرقم الضريبي|tax registration number
es.nie; ES_NIE; 9; [XYZ]\d{7}[A-Z]; [XYZxyz][- ]?\d{7}[- ]?[A-Za-z]; nie|número de identidad de extranjero
es.dni; ES_NIF; 8-9; \d{7,8}[A-Z]; \d{7,8}[- ]?[A-Z]|\d\d\.\d{3}\.\d{3}[- ]?[A-Z]; dni|nif|documento nacional de identidad|número de identificación fiscal
es.cif; TAX_ID; 9; [A-HJNP-SUVW]\d{7}[0-9A-J]; -; cif|nif|código de identificación fiscal
es.nif; ES_NIF; 9-11; ES[A-Z0-9]\d{7}[A-Z0-9]|[KLM]\d{7}[A-Z]; ES[- ]?[A-Z0-9][- ]?\d{7}[- ]?[A-Z0-9]; nif|iva|vat
es.ccc; BANK_ACCOUNT; 20; \d{20}; \d{4}[- ]\d{4}[- ]\d\d[- ]\d{10}; ccc|cuenta|código cuenta cliente
es.referenciacatastral; ID; 20; [0-9A-Z]{20}; =; referencia catastral|catastral
es.cups; ID; 20-22; ES\d{16}[A-Z]{2}(?:\d[A-Z])?; =; cups|punto de suministro
eu.at_02; ID; 8-24; [A-Z]{2}\d\d[A-Z0-9]{4,20}; -; gläubiger id|gläubiger identifikationsnummer|creditor identifier|creditor id|identifiant créancier|identificador del acreedor|identificativo del creditore|incassant id|identificador do credor
eu.oss; TAX_ID; 11-12; EU\d{9}|IM\d{10}; =; oss
fi.hetu; FI_PERSONAL_IDENTITY_CODE; 10-11; \d{6}[-+ABCDEFYXWVU]?\d{3}[0-9A-Y]; \d{6}[-+ABCDEFYXWVU]\d{3}[0-9A-FHJ-NPR-Y]; henkilötunnus|hetu|personal identity code|personbeteckning
fi.alv; TAX_ID; 10; FI\d{8}; =; alv|y tunnus
fi.ytunnus; TAX_ID; 8; \d{8}; -; y tunnus|business id
fi.veronumero; NATIONAL_ID; 12; \d{12}; -; veronumero|tax number
fo.vn; TAX_ID; 6; \d{6}; -; vinnutal|v tal
fr.nir; NATIONAL_ID; 15; [1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{8}; [12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[ABab]) ?\d{3} ?\d{3} ?\d\d; nir|sécurité sociale|numéro de sécu|sécu|numéro de sécurité sociale|insee|n sécu
fr.nif; TAX_ID; 13; [0-3]\d{12}; -; numéro fiscal|nif|spi|identifiant fiscal
fr.siren; TAX_ID; 9; \d{9}; -; siren
fr.siret; TAX_ID; 14; \d{14}; \d{3} \d{3} \d{3} \d{5}; siret
fr.tva; TAX_ID; 11-13; (?:FR)?[0-9A-HJ-NP-Z]{2}\d{9}; FR ?[0-9A-HJ-NP-Z]{2} ?\d{3} ?\d{3} ?\d{3}; tva|numéro de tva|vat
gb.nhs; UK_NHS; 10; \d{10}; -; nhs|nhs number|health service
gb.utr; TAX_ID; 10; \d{10}; -; utr|unique taxpayer reference
gb.upn; NATIONAL_ID; 13; [A-Z]\d{11}[0-9A-Z]; -; upn|unique pupil number
gb.vat; TAX_ID; 9-14; (?:GB|XI)?\d{9}(?:\d{3})?; GB ?\d{3} ?\d{4} ?\d\d; vat|vat number|vat registration
gh.tin; TAX_ID; 11; [PCGQV]00[A-Z0-9]{7}[0-9X]; =; tin|tax id
gn.nifp; TAX_ID; 9; \d{9}; -; nifp|nif
gr.amka; NATIONAL_ID; 11; (?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{7}; -; αμκα|amka
gr.vat; TAX_ID; 9-11; (?:EL|GR)?\d{9}; (?:EL|GR)\d{9}; αφμ|afm|vat
gt.nit; TAX_ID; 7-12; \d{6,11}[0-9K]; -; nit
hr.oib; NATIONAL_ID; 11-13; (?:HR)?\d{11}; HR\d{11}; oib|osobni identifikacijski broj
hu.anum; TAX_ID; 8-10; (?:HU)?\d{8}; HU\d{8}; adószám|adoszam|anum
id.nik; NATIONAL_ID; 16; \d{16}; -; nik|ktp|nomor induk kependudukan
id.npwp; TAX_ID; 15-16; \d{15,16}; \d\d\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}; npwp
ie.pps; NATIONAL_ID; 8-9; \d{7}[A-W][A-IW]?; \d{7}[A-W][A-IW]?; pps|ppsn|pps no|personal public service
ie.vat; TAX_ID; 10-11; IE\d[0-9A-Z+*]\d{5}[A-W][A-I]?; =; vat
il.idnr; NATIONAL_ID; 9; \d{9}; -; מספר זהות|תעודת זהות|teudat zehut|israeli id
il.hp; TAX_ID; 9; 5\d{8}; -; מספר חברה|company number
in_.aadhaar; IN_AADHAAR; 12; [2-9]\d{11}; -; aadhaar|aadhar|uidai
in_.epic; IN_VOTER; 10; [A-Z]{3}\d{7}; -; voter id|epic|elector
in_.gstin; IN_GSTIN; 15; \d\d[A-Z]{5}\d{4}[A-Z][0-9A-Z]{3}; =; gstin|gst
in_.pan; IN_PAN; 10; [A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]; [A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]; pan|pan card|permanent account number
in_.vid; NATIONAL_ID; 16; [2-9]\d{15}; -; vid|virtual id
is_.kennitala; NATIONAL_ID; 10; \d{10}; (?:0[1-9]|[1-6]\d|7[01])(?:0[1-9]|1[0-2])\d\d-\d{4}; kennitala
is_.vsk; TAX_ID; 7-8; IS\d{5,6}; -; vsk|virðisaukaskattsnúmer
it.codicefiscale; IT_FISCAL_CODE; 16; [A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]; =; codice fiscale|cod fisc|fiscal code
it.iva; IT_VAT_CODE; 11-13; (?:IT)?\d{11}; IT\d{11}; partita iva|p iva|piva|vat
jp.in_; NATIONAL_ID; 12; \d{12}; -; 個人番号|マイナンバー|my number card|individual number
jp.cn; TAX_ID; 13; \d{13}; -; 法人番号|corporate number
ke.pin; TAX_ID; 11; [AP]\d{9}[A-Z]; =; kra pin|kra
kr.rrn; KR_RRN; 13; \d{13}; \d{6}-[0-49]\d{6}; 주민등록번호|주민번호|resident registration|rrn
kr.brn; KR_BRN; 10; \d{10}; -; 사업자등록번호|business registration
li.peid; NATIONAL_ID; 4-12; \d{4,12}; -; peid|personenidentifikationsnummer
lt.asmens; NATIONAL_ID; 11; [1-6]\d{10}; [3-6]\d{10}; asmens kodas|personal code
lt.pvm; TAX_ID; 11-14; LT\d{9}(?:\d{3})?; =; pvm
lu.tva; TAX_ID; 10; LU\d{8}; =; tva|vat
lv.pvn; NATIONAL_ID; 11-13; (?:LV)?\d{11}; LV\d{11}|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d-[012]\d{4}; personas kods|pvn
ma.ice; TAX_ID; 15; \d{15}; -; ice|identifiant commun
mc.tva; TAX_ID; 11-13; (?:FR)?\d\d000\d{6}; FR ?\d\d ?000 ?\d{3} ?\d{3}; tva
md.idno; TAX_ID; 13; \d{13}; -; idno|idnp
me.pib; TAX_ID; 8; \d{8}; -; pib
mk.edb; TAX_ID; 13-15; (?:MK)?\d{13}; -; едб|edb
mt.vat; TAX_ID; 10; MT\d{8}; =; vat
mu.nid; NATIONAL_ID; 14; [A-Z]\d{12}[0-9A-Z]; =; nid|national identity
mx.curp; NATIONAL_ID; 18; [A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d; =; curp
mx.rfc; NATIONAL_ID; 12-13; [A-ZÑ&]{3,4}\d{6}[0-9A-Z]{3}; [A-ZÑ&]{4}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[0-9A-Z]{3}; rfc
my.nric; NATIONAL_ID; 12; \d{12}; \d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-\d\d-\d{4}; nric|mykad|ic no|kad pengenalan
mz.nuit; TAX_ID; 9; \d{9}; -; nuit
nl.bsn; NATIONAL_ID; 8-9; \d{8,9}; -; bsn|burgerservicenummer|sofinummer|sofi nummer
nl.btw; TAX_ID; 14; NL\d{9}B\d\d; NL ?\d{4}\.?\d{2}\.?\d{3}\.?B\.?\d\d; btw|btw nummer|vat
nl.identiteitskaartnummer; PASSPORT; 9; [A-NP-Z]{2}[A-NP-Z0-9]{6}\d; -; paspoort|paspoortnummer|identiteitskaart|documentnummer
nl.onderwijsnummer; NATIONAL_ID; 9; 10\d{7}; -; onderwijsnummer
no.fodselsnummer; NATIONAL_ID; 11; \d{11}; (?:[04][1-9]|[1256]\d|[37][01])(?:[048][1-9]|[159][0-2])\d\d ?\d{5}; fødselsnummer|personnummer|fodselsnummer|fnr
no.kontonr; BANK_ACCOUNT; 11; \d{11}; \d{4}\.\d\d\.\d{5}; kontonummer|kontonr|konto
no.mva; TAX_ID; 12-14; (?:NO)?\d{9}MVA; (?:NO ?)?\d{3} ?\d{3} ?\d{3} ?MVA; mva
no.orgnr; TAX_ID; 9; \d{9}; -; orgnr|organisasjonsnummer
nz.ird; TAX_ID; 8-9; \d{8,9}; -; ird
nz.bankaccount; BANK_ACCOUNT; 15-16; \d{15,16}; \d\d-\d{4}-\d{7}-\d{2,3}; bank account
pe.cui; NATIONAL_ID; 8-9; \d{8}[0-9A-K]?; -; dni|cui
pe.ruc; TAX_ID; 11; (?:10|15|17|20)\d{9}; -; ruc
pk.cnic; NATIONAL_ID; 13; [1-7]\d{12}; [1-7]\d{4}-\d{7}-\d; cnic|nadra
pl.pesel; PL_PESEL; 11; \d{11}; =; pesel
pl.nip; TAX_ID; 10-12; (?:PL)?\d{10}; PL ?\d{10}; nip|numer identyfikacji podatkowej
pl.regon; TAX_ID; 9-14; \d{9}(?:\d{5})?; -; regon
pt.nif; TAX_ID; 9-11; (?:PT)?[1-35-9]\d{8}; PT\d{9}; nif|contribuinte|número de contribuinte
pt.cc; NATIONAL_ID; 12; \d{9}[A-Z0-9]{2}\d; \d{8} \d [A-Z0-9]{2}\d; cartão de cidadão|cartao de cidadao|bilhete de identidade|cc
py.ruc; TAX_ID; 5-9; \d{5,9}; -; ruc
ro.cnp; NATIONAL_ID; 13; [1-9]\d{12}; [1256]\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|[1-4]\d|5[12]|70)\d{4}; cnp|cod numeric personal
ro.cf; TAX_ID; 4-12; (?:RO)?\d{2,10}; RO\d{6,10}; cui|cod fiscal|cif
ro.onrc; TAX_ID; 8-13; [JFC]\d{3,8}(?:19|20)\d\d; [JFC]\d{1,2}/\d{1,6}/(?:19|20)\d\d; registrul comerțului|onrc|nr reg com
rs.pib; TAX_ID; 9; \d{9}; -; pib|пиб
ru.inn; TAX_ID; 10-12; \d{10}(?:\d{2})?; -; инн|inn
ru.ogrn; TAX_ID; 13-15; \d{13}(?:\d{2})?; -; огрн|ogrn
se.personnummer; SE_PERSONNUMMER; 10-12; (?:19|20)?\d{10}; (?:(?:18|19|20)\d\d|\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[-+]\d{4}; personnummer|personnr|samordningsnummer
se.orgnr; SE_ORGANISATIONSNUMMER; 10; \d{10}; -; organisationsnummer|orgnr|org nr
se.vat; TAX_ID; 14; SE\d{12}; =; moms|vat|momsregistreringsnummer
sg.uen; SG_UEN; 9-10; \d{8,9}[A-Z]|[TSR]\d\d[A-Z]{2}\d{4}[A-Z]; -; uen|unique entity number
si.emso; NATIONAL_ID; 13; (?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])[09]\d{8}; (?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])[09]\d{8}; emšo|emso|jmbg
si.ddv; TAX_ID; 8-10; (?:SI)?\d{8}; SI\d{8}; ddv|davčna številka
si.maticna; TAX_ID; 7-10; \d{7}(?:\d{3})?; -; matična številka
sk.dph; TAX_ID; 12; SK\d{10}; =; ič dph|dph
sm.coe; TAX_ID; 5-7; (?:SM)?\d{5}; SM\d{5}; coe|codice operatore economico
sn.ninea; TAX_ID; 7-12; \d{7,9}(?:\d[A-Z]\d)?; -; ninea
sv.nit; TAX_ID; 14; \d{14}; \d{4}-\d{6}-\d{3}-\d; nit
th.pin; TH_TNIN; 13; [1-9]\d{12}; [1-8]-\d{4}-\d{5}-\d\d-\d; เลขประจำตัวประชาชน|บัตรประชาชน|thai id
th.moa; TAX_ID; 13; 0\d{12}; -; เลขทะเบียนนิติบุคคล|เลขประจำตัวผู้เสียภาษี|juristic person
tn.mf; TAX_ID; 13; \d{7}[A-Z]{3}\d{3}; \d{7}[A-Z]/[A-Z]/[A-Z]/\d{3}; matricule fiscal
tr.tckimlik; TR_NATIONAL_ID; 11; [1-9]\d{10}; =; tc kimlik|kimlik no|tckn|kimlik
tr.vkn; TAX_ID; 10; \d{10}; -; vkn|vergi kimlik|vergi no
tw.ubn; TAX_ID; 8; \d{8}; -; 統一編號|統編
ua.rntrc; NATIONAL_ID; 10; \d{10}; -; рнокпп|ідентифікаційний код
ua.edrpou; TAX_ID; 8; \d{8}; -; єдрпоу|edrpou
us.ein; TAX_ID; 9; \d{9}; -; ein|employer identification|employer id|federal tax id|fein
us.itin; US_ITIN; 9; 9\d{8}; 9\d\d-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}; itin|individual taxpayer|tin|taxpayer
us.atin; NATIONAL_ID; 9; 9\d{8}; -; atin
us.ptin; NATIONAL_ID; 9; P\d{8}; -; ptin|preparer
us.rtn; ABA_ROUTING_NUMBER; 9; \d{9}; -; routing|aba|routing number|rtn|transit
uy.rut; TAX_ID; 12; \d{12}; -; rut
ve.rif; TAX_ID; 10; [VEJPG]\d{9}; [VEJPG]-\d{8}-\d; rif
vn.mst; TAX_ID; 10-13; \d{10}(?:\d{3})?; -; mst|mã số thuế
za.idnr; ZA_ID_NUMBER; 13; \d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{7}; \d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{4}[0-2]8\d|\d{6} \d{4} [0-2]8\d; id number|identity number|south african id|rsa id|sa id|id nommer
za.tin; ZA_INCOME_TAX_NUMBER; 10; [01239]\d{9}; -; tax reference|income tax|sars
uk.nino; UK_NINO; 9; (?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]; [A-Za-z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]; nino|national insurance|ni number
uk.driving; UK_DRIVING_LICENCE; 16; [A-Z9]{5}\d(?:0[1-9]|1[0-2]|5[1-9]|6[0-2])(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{2}[A-Z0-9]{3}; =; driving licence|driver licence|licence number|driver number|driving license
us.mbi; US_MBI; 11; [1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d\d; [1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y]{2}\d\d; mbi|medicare|beneficiary
sg.nric; SG_NRIC_FIN; 9; [STFGM]\d{7}[A-Z]; [STFGM]\d{7}[A-Z]; nric|fin
de.rvnr; DE_SOCIAL_SECURITY; 12; \d{2}(?:0[1-9]|[12]\d|3[01]|5[1-9]|[67]\d|8[01])(?:0[1-9]|1[0-2])\d\d[A-Z]\d{3}; \d\d ?\d{6} ?[A-Z] ?\d{3}; rentenversicherungsnummer|sozialversicherungsnummer|rvnr|sv nummer|versicherungsnummer
de.kvnr; DE_HEALTH_INSURANCE; 10; [A-Z]\d{9}; -; krankenversichertennummer|versichertennummer|kvnr|krankenversicherung|krankenkasse|versicherten nr|gesundheitskarte
de.idcard; DE_ID_CARD; 9-10; [CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}\d\d?; -; personalausweis|ausweisnummer|ausweis|personalausweisnummer|ausweis nr|perso$|reisepass|reisepassnummer
es.nass; NATIONAL_ID; 12; \d{12}; -; nass|seguridad social|número de afiliación|nuss|nss
it.cie; IT_IDENTITY_CARD; 9; [A-Z]{2}\d{5}[A-Z]{2}|[A-Z]{2}\d{7}; -; carta d'identità|carta di identità|cie
fr.cni; NATIONAL_ID; 9-12; \d{12}|[A-Z0-9]{9}; -; carte d'identité|carte nationale d'identité|cni
us.npi; US_NPI; 10; [12]\d{9}; -; npi|national provider
us.dea; MEDICAL_LICENSE; 9; [ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}; -; dea|dea number|medical license|medical licence
au.medicare; AU_MEDICARE; 10-11; [2-6]\d{9}\d?; -; medicare|medicare number|medicare card
kr.frn; KR_FRN; 13; \d{6}[5-8]\d{6}; -; foreigner registration|외국인등록번호|alien registration
kr.driver; KR_DRIVER_LICENSE; 12; \d{12}; -; 운전면허|면허번호|driver license
ng.nin; NG_NIN; 11; \d{11}; -; nin|national identification number
ph.tin; PH_TIN; 9-12; \d{9}(?:\d{3})?; -; tin|philippine tin
ph.umid; PH_UMID; 12; \d{12}; -; umid|crn
za.vat; ZA_VAT_NUMBER; 10; 4\d{9}; -; vat|vat number|vat registration
za.company; ZA_COMPANY_REGISTRATION; 12; (?:19|20)\d{10}; -; company registration|cipc
de.lanr; DE_LANR; 9; \d{9}; -; lanr|arztnummer|lebenslange arztnummer
de.bsnr; DE_BSNR; 9; \d{9}; -; bsnr|betriebsstättennummer
de.hr; DE_HANDELSREGISTER; 4-9; HR[AB]\d{2,6}[A-Z]?; -; handelsregister|amtsgericht|registergericht|hrb|hra
"""
