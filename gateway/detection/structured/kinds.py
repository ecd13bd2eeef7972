# ruff: noqa: E501, S105  (one kind a line; words for passwords, not passwords)
"""Values that are known by what they are called: record, customer and case numbers and their like.

Pure data. One line a kind: name, entity type, whether the label alone is enough (strong) or needs
a sign or word such as ":" or "no." behind it (weak), the form of the value (`labelled.FORMS`), and
the labels in English, German, French, Spanish, Italian, Dutch and Portuguese.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.detection.structured import identifier_table
from gateway.detection.structured.labels import Index

TABLE: Final = """
medical_record; MEDICAL_RECORD; strong; id; mrn|medical record|medical file|medical chart|hospital number|hospital id|chart number|chart no|patient id|patient no|patient number|patient record|patient nr|patient identifier|patientennummer|patienten id|patienten nr|patientennr|fallnummer|fall nr|aufnahmenummer|numéro de dossier|numéro patient|dossier médical|dossier patient|numéro d'hospitalisation|ipp|historia clínica|historia clinica|nhc|número de historia|nº historia|número de paciente|cartella clinica|numero paziente|numero cartella|patiëntnummer|patientnummer|dossiernummer|número do processo clínico|processo clínico|número do prontuário|prontuário|número de utente|utente|cipa|cip|specimen id|accession number|accession no|encounter id|encounter number|admission number|visit number|episodio|study id|subject id|donor id|sample id
health_plan; HEALTH_ID; strong; id; health insurance|insurance id|insurance no|insurance number|insurance policy|insurance member|insurance|insurance card|health id|health plan|health card|health plan id|member id|member no|member number|membership number|membership no|membership id|subscriber id|subscriber no|subscriber number|policy no|policy number|policy id|policyholder|medicaid|medicare|medicare number|beneficiary|ehic|krankenversicherungsnummer|versichertennummer|versicherungsnummer|versicherungsschein|policennummer|mitgliedsnummer|mitglieds nr|carte vitale|numéro d'assuré|numéro d'adhérent|numéro de police|numéro de contrat|mutuelle|tarjeta sanitaria|número de póliza|número de afiliado|póliza|tessera sanitaria|numero di polizza|polizza|polisnummer|verzekeringsnummer|lidnummer|cartão de saúde|número da apólice|apólice|group number|rx bin|national health id
national_id; NATIONAL_ID; strong; id; national id|national identity|national identification|national identifier|identity number|identity card|identity document|id card|id number|citizen id|personal id number|personal identification number|personal number|social insurance|national insurance|nino|ni number|government id|resident id|residence permit|alien registration|alien number|uscis|visa number|personalausweisnummer|personalausweis|ausweisnummer|ausweis nr|personenkennziffer|identitätsnummer|aufenthaltstitel|carte d'identité|carte nationale|numéro national|titre de séjour|documento de identidad|documento nacional|cédula|cédula de identidad|número de identidad|carta d'identità|carta di identità|documento d'identità|permesso di soggiorno|identiteitskaart|identiteitsbewijs|documentnummer|verblijfsvergunning|bilhete de identidade|carteira de identidade|registro geral|rg|número de identidade|nid|nrc|tessera|nass|nss|nuss|número de afiliación|pis$|pasep|título de eleitor|titulo de eleitor|título eleitoral
tax_id; TAX_ID; strong; id; tax id|tax number|tax identification|taxpayer|taxpayer id|tin|ein|fein|vat|vat number|vat id|vat no|vat reg|mwst nummer|uid nummer|steuernummer|steuer id|steuer nr|umsatzsteuer id|ust id|numéro fiscal|identifiant fiscal|numéro de tva|número fiscal|identificación fiscal|código fiscal|partita iva|codice fiscale|belastingnummer|btw nummer|número de contribuinte|contribuinte|inscrição estadual|kvk nummer|kvk
passport; PASSPORT; strong; id; passport|passport no|passport number|passport id|reisepass|reisepassnummer|passnummer|pass nr|passeport|numéro de passeport|pasaporte|passaporto|paspoort|paspoortnummer|passaporte
driver_license; DRIVER_LICENSE; strong; id; driver license|driver licence|drivers license|driver s license|driver s licence|driving license|driving licence|drivers licence|dl number|dl no|führerschein|führerscheinnummer|fuehrerschein|permis de conduire|numéro de permis|permiso de conducir|carnet de conducir|licencia de conducir|patente|patente di guida|rijbewijs|rijbewijsnummer|carta de condução|carteira de motorista|cnh|carteira de habilitação|dl$
iban; IBAN; strong; iban; iban|ibans|iban no|iban number|iban nr
ssn; US_SSN; strong; ssn; ssn|ssns|social security|social security no|soc sec|social sec|ss no|last four of ssn
license; DRIVER_LICENSE; weak; id; license|licence|license number|licence number|license no|licence no
bank_account; BANK_ACCOUNT; weak; account; account|account no|account number|acct|acct no|bank account|checking account|savings account|konto|kontonummer|konto nr|kontonr|bankverbindung|compte|numéro de compte|compte bancaire|rib|cuenta|cuenta bancaria|número de cuenta|conto|conto corrente|numero di conto|rekening|rekeningnummer|bankrekening|conta|conta corrente|número da conta|conta bancária|clabe
routing; ABA_ROUTING_NUMBER; strong; nine; routing|routing number|aba|rtn|routing no|routing transit
sort_code; BANK_ACCOUNT; strong; sort; sort code|sortcode|bankleitzahl|blz|bsb|branch code|code guichet|agência
ifsc; BANK_ACCOUNT; strong; id; ifsc|ifsc code
bic; BIC; strong; bic; swift|bic|swift bic|swift code|bic code|swiftcode|bic swift
zip_code; ZIP_CODE; strong; zip; zip|zip code|zipcode|postal code|postcode|post code|postleitzahl|plz|code postal|código postal|codigo postal|cap|codice postale|codice di avviamento postale|cep
plate; LICENSE_PLATE; strong; plate; license plate|licence plate|number plate|plate number|plate no|plate|plates|registration plate|vehicle registration|registration number|vrn|kennzeichen|kfz kennzeichen|amtliches kennzeichen|nummernschild|immatriculation|plaque d'immatriculation|plaque|matrícula|matricula|placa|placas|targa|kenteken|kentekenplaat|nummerplaat
vin; VIN; strong; vin; vin|chassis|chassis number|chassis no|vehicle identification|fahrgestellnummer|fahrzeug identifikationsnummer|fin|numéro de série|numéro de châssis|número de bastidor|bastidor|telaio|numero di telaio|chassisnummer|número do chassi
imei; IMEI; strong; imei; imei|meid|imei number
iccid; ICCID; strong; iccid; iccid|sim|sim card|sim number|sim kartennummer
imsi; IMSI; strong; imsi; imsi
device; DEVICE_ID; weak; id; device id|device identifier|device serial|serial number|serial no|device no|udid|idfa|gaid|android id|hardware id|gerätenummer|geräte id|seriennummer|serien nr|numéro de série|número de serie|numero di serie|serienummer|número de série|advertising id|implant serial|pacemaker
employee; EMPLOYEE_ID; weak; id; employee|employee id|employee no|employee number|staff id|staff no|staff number|personnel number|personnel no|personnel id|payroll|payroll number|badge|badge number|badge id|worker id|emp id|emp no|emp|mitarbeiternummer|mitarbeiter nr|mitarbeiter id|personalnummer|personal nr|dienstnummer|matricule|numéro d'employé|número de empleado|legajo|nómina|numero dipendente|matricola|personeelsnummer|medewerker|personeelsnr|número de funcionário|número do empregado|service number|officer id|notary license|bar number|medical license|npi|dea|dea number|license id|nºcol|ncol|col|número de colegiado|colegiado|lanr|rpps|número mecanográfico
student; ID; weak; id; student id|student no|student number|matriculation number|matrikelnummer|matrikel nr|numéro étudiant|numéro d'étudiant|matrícula estudiante|número de estudiante|numero di matricola|studentnummer|leerlingnummer|número de aluno|enrollment number|enrolment number|roll number
customer; CUSTOMER_ID; weak; id; customer|customer id|customer no|customer number|client id|client no|client number|cust|cust id|account id|user id|subscriber|kundennummer|kunden nr|kundennr|kunden id|debitorennummer|numéro client|numéro de client|numéro d'abonné|número de abonado|número abonado|abonado|numero di abbonamento|abonneenummer|número de assinante|identifiant client|référence client|número de cliente|id de cliente|número cliente|numero cliente|codice cliente|klantnummer|klant nr|klantnr|klant id|relatienummer|número do cliente|código do cliente|guest id|guest number|loyalty|loyalty number|frequent flyer|rewards number|vielfliegernummer|bonusnummer|member|mitglied|membre|socio|lid
case; ID; weak; case; case|case no|case number|case id|case file|file no|file number|file ref|docket|docket no|docket number|application no|application number|application nos|applications nos|claim no|claim number|claim id|claim|incident no|incident number|police report|report number|complaint no|ticket|ticket no|ticket number|ticket id|reference no|reference number|ref no|our ref|your ref|our reference|your reference|inmate|inmate number|warrant|warrant no|citation no|matter no|permit no|permit number|policy ref|aktenzeichen|az|geschäftszeichen|gz|geschäftsnummer|vorgangsnummer|vorgang|schadennummer|schaden nr|antragsnummer|unser zeichen|ihr zeichen|rg nr|numéro de procédure|numéro d'affaire|numéro de sinistre|affaire|dossier|dossier n|requête|référence|expediente|número de expediente|siniestro|demanda|referencia|numero di pratica|pratica|fascicolo|protocollo|sinistro|ricorso|zaaknummer|zaak|zaaknr|schadenummer|kenmerk|processo|número do processo|proc|sinistro n|protocolo
contract; ID; weak; id; contract no|contract number|contract id|lease no|lease number|invoice|invoice no|invoice number|invoice id|loan number|loan no|loan id|vertragsnummer|vertrag nr|vertragsnr|rechnungsnummer|rechnung nr|rechnungs nr|numéro de contrat|contrat n|facture|numéro de facture|contrato|número de contrato|factura|número de factura|contratto|numero di contratto|fattura|numero fattura|contractnummer|factuurnummer|contrato n|fatura|número da fatura|meter number|zählernummer|deed number|certificate number|certificate no|registration no|registration number|booking reference|booking ref|pnr|record locator|confirmation number|reservation number|buchungsnummer|reservierungsnummer|numéro de réservation|localizador|número de reserva|numero di prenotazione|boekingsnummer
prescription; ID; weak; id; rx|rx number|prescription|prescription number|prior authorization|prior auth|preauthorization|authorization number|referral|referral number|rezeptnummer|überweisungsnummer|ordonnance|receta
username; USERNAME; weak; user; username|user name|userid|user id|login|login name|logon|screen name|screenname|nickname|nick|user|usr|db user|benutzername|benutzerkennung|benutzer|nutzername|anmeldename|nom d'utilisateur|identifiant|pseudo|usuario|nombre de usuario|nome utente|utente|gebruikersnaam|gebruiker|nome de usuário|nome de utilizador|usuário|utilizador
platform; USERNAME; weak; user; skype|telegram|instagram|insta|twitter|discord|snapchat|tiktok|twitch|steam id|wechat|signal|twitter handle|mastodon|threads|onlyfans|kik|xing
"""

PHONE: Final = (
    "phone|phones|phone no|telephone|tel|tél|telno|mobile|mobile no|mob|cell|cellphone|cell phone|"
    "fax|telefax|whatsapp|hotline|helpline|sms|landline|voicemail|handy|handynummer|telefon|"
    "telefonnummer|festnetz|rufnummer|durchwahl|mobil|mobilnummer|mobilfunk|tlf|tfno|tfn|tlfn|"
    "téléphone|telephone|portable|numéro de téléphone|teléfono|telefono|teléfonos|móvil|movil|"
    "celular|cel$|zap$|cellulare|cell|telefone|telemóvel|telefoon|telefoonnummer|mobiel|mobieltje|"
    "contact number|phone number|number to call|callback|call back|call me|call us|ring me|text me|"
    "reach me|reached at|reach us|telefonisch|anrufen|rückruf|ruf mich|appelez|appeler|joignable|"
    "llámame|llamar al|llame al|chiamami|chiamare|bel me|bellen|ligue|ligar para|gsm|telefonu|"
    "numer telefonu|fone|telef|tlm|mon num|ton num|son num|телефон|тел|τηλ|τηλέφωνο|κινητό|הטלפון|טלפון|נייד|الهاتف|جوال|"
    "โทร|điện thoại|電話番号|전화번호|휴대폰|携帯|电话|電話|전화|手机|هاتف|फ़ोन|puhelin|puhelinnumero|telefonnr|cep telefonu"
)
"""Words that say that a number is a phone number."""

CALL: Final = (
    "call|calls|called|dial|ring|reach|contact|text|bel|ruf|rufe|ruft|rappelle|rappelez|appelle|llama|"
    "llamad|chiama|chiamate|telefona|liga|liguem|my number|his number|her number|new number|"
    "our number|their number|meine nummer|seine nummer|ihre nummer|neue nummer|mon numéro|"
    "son numéro|mi número|su número|mio numero|suo numero|mijn nummer|zijn nummer|haar nummer|"
    "meu número|seu número|new phone|under the number|"
    "message|erreichbar|erreichen|kontakt|contacter|contacto|contacta|"
    "contattare|contatto|bereikbaar|contato|contacte|emergency contact"
)
"""Words that make a phone number likely where its form is one."""

CARD: Final = (
    "card|cards|card number|card no|cardnumber|credit card|debit card|debit|visa|mastercard|amex|"
    "american express|discover card|discover$|jcb|diners|maestro|unionpay|kreditkarte|kreditkartennummer|karte|"
    "kartennummer|carte|carte bancaire|carte bleue|tarjeta|tarjeta de crédito|carta di credito|"
    "carta|cartão|creditcard|creditcardnummer|pan|cc|ccnum|betaalkaart"
)
"""Words that say that a number is a payment card's."""

BIRTH: Final = (
    "born|birth|birthday|birthdate|date of birth|dob|bday|geboren|geb|geburtsdatum|"
    "geburtstag|gebdat|né le|née le|né|née|naissance|date de naissance|ddn|nacido|nacida|nació|"
    "nacimiento|fecha de nacimiento|nato il|nata il|nato|nata|nascita|data di nascita|nascido|"
    "nascida|nascimento|data de nascimento|geboortedatum|geboren op|verjaardag"
)
"""Words that say that a date is one of birth."""

LIVES: Final = (
    "lives at|lives in|live at|live in|living at|living in|resides at|resides in|residing at|"
    "residing in|reside in|wohnhaft in|wohnt in|wohne in|habite à|habite au|vive en|vivo en|"
    "abita in|abito in|reside en|mora em|vive em|woont in|woon in|domiciled in"
)
"""Words after which a place stands where somebody lives."""

ADDRESS: Final = (
    "address|addr|anschrift|adresse|domicilio|dirección|direccion|indirizzo|morada|endereço|"
    "adres|wohnadresse|lieferadresse|rechnungsadresse|residence|wohnort|woonadres"
)
"""Words that say that a postal address follows."""

AGE: Final = (
    "age|aged|age of|edad|âge|âgé|âgée|âgés|età|leeftijd|idade|alter$|im alter von|a la edad de|"
    "à l âge de|all età di|turns|turned|at the age of"
)
"""Words that say that an age follows."""

PASSWORD: Final = (
    "password|passwords|passwd|passphrase|passcode|passwort|passwörter|pwd|pswd|kennwort|"
    "kenncode|passkode|contraseña|contrasena|mot de passe|mdp|wachtwoord|senha|palavra passe|"
    "parola d ordine|codice segreto|clave de acceso|clave|pgpassword|dbpassword|dbpass|"
    "rootpassword|adminpassword|userpassword|wifipassword|masterpasswort|startpasswort|"
    "benutzerpasswort|einmalpasswort|wlanpasswort|adminpasswort"
)
"""Words that say that a password follows: any value but a common word is one."""

TOKEN: Final = (
    "secret|token|api key|access key|private key|auth key|signing key|encryption key|"
    "master key|account key|shared key|consumer key|client key|secret key|credential|"
    "credentials|sessionid|session id|sid|phpsessid|jsessionid|csrf|apikey|authtoken|bearer"
)
"""Words that say that a secret follows: only a random value is one."""

PASSCODE: Final = (
    "pin$|pin code|pincode|code pin|código pin|codice pin|puk|geheimzahl|tan$|otp|one time code|"
    "one time password|one time passcode|verification code|authentication code|login code|"
    "access code|security code|door code|gate code|entry code|unlock code|alarm code|cvv|cvc|csc|"
    "card verification|kartenprüfnummer|prüfziffer|cryptogramme|bestätigungscode|"
    "verifizierungscode|sicherheitscode|einmalcode|zugangscode|türcode|code de vérification|"
    "code de sécurité|code d accès|código de verificación|código de seguridad|código de acceso|"
    "codice di verifica|codice di sicurezza|codice di accesso|verificatiecode|beveiligingscode|"
    "toegangscode|código de verificação|código de segurança|código de acesso"
)
"""Words that say that a short code follows that opens something."""

RECOVERY_PHRASE: Final = (
    "seed phrase|seed words|recovery phrase|recovery words|mnemonic|mnemonic phrase|backup phrase|"
    "wiederherstellungsphrase|wiederherstellungswörter|phrase de récupération|frase semilla|"
    "frase de recuperación|frase di recupero|frase seed|herstelzin|herstelwoorden|"
    "frase de recuperação"
)
"""Words that say that the words which open a wallet follow."""

SHORT_PASSWORD: Final = "pass|pw|pin"
SQL_PASSWORD: Final = "identified by|with password|encrypted password"
AUTH_SCHEME: Final = "bearer|basic|token|apikey|digest|negotiate"
COMMAND: Final = (
    "curl|mysql|mysqldump|psql|sshpass|mongo|mongosh|mongodump|redis|docker|htpasswd|az|"
    "cookie|cookies|wget"
)
"""Programs and headers that are given secrets in a place of their own."""

FULL_NAME: Final = (
    "name$|full name|first name|last name|surname|given name|family name|middle name|vorname|"
    "nachname|familienname|nom$|prénom|nombre$|apellido|apellidos|nome$|cognome|naam$|voornaam|"
    "achternaam|sobrenome|employee name|customer name|patient name|holder|cardholder"
)
"""Headings of columns that hold names of people."""

NEGATIVE: Final = (
    "order|orders|order no|order number|order id|bestellung|bestellnummer|auftragsnummer|commande|"
    "pedido|número de pedido|ordine|numero ordine|bestelling|bestelnummer|encomenda|tracking|"
    "tracking number|sendungsnummer|isbn|issn|doi|ean|upc|gtin|sku|article|artikel|artikelnummer|"
    "part number|part no|item|item number|model|modell|version|release|build|revision|rfc|iso|din|"
    "trace|trace id|span|span id|request id|correlation id|checksum|hash|timestamp|"
    "section|paragraph|chapter|page|line|port|commit|changeset|bug|issue|step|figure|table|"
    "abschnitt|kapitel|seite|zeile|sezione|capitolo|pagina|page|ligne|párrafo|capítulo|página"
)
"""Words before a number that say it is nobody's."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of labelled value."""

    name: str
    entity_type: str
    strong: bool
    form: str


def _kinds() -> tuple[dict[str, Kind], dict[str, str]]:
    kinds: dict[str, Kind] = {}
    labels: dict[str, str] = {}
    for line in TABLE.strip().splitlines():
        name, entity_type, strength, form, phrases = line.split("; ", 4)
        kinds[name] = Kind(name, entity_type, strength == "strong", form)
        labels[name] = phrases
    return kinds, labels


KINDS, _LABELLED = _kinds()
_NUMBERED = {
    parts[0]: parts[5]
    for parts in (line.split("; ", 5) for line in identifier_table.TABLE.strip().splitlines())
}
LABELS = Index(
    {
        **_LABELLED,
        **_NUMBERED,
        "phone": PHONE,
        "call": CALL,
        "card": CARD,
        "birth": BIRTH,
        "age": AGE,
        "full_name": FULL_NAME,
        "lives": LIVES,
        "address": ADDRESS,
        "password": PASSWORD,
        "token": TOKEN,
        "passcode": PASSCODE,
        "recovery_phrase": RECOVERY_PHRASE,
        "short_password": SHORT_PASSWORD,
        "sql_password": SQL_PASSWORD,
        "auth_scheme": AUTH_SCHEME,
        "command": COMMAND,
        "negative": NEGATIVE,
    }
)
"""All labels: of the kinds and words here, and of the identifier table."""
