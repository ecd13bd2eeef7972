"""The language of a text is guessed where it is clear, and not guessed where it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.language.guess import SUPPORTED, language
from gateway.detection.language.words import ENDINGS, FUNCTION_WORDS, LETTERS

SENTENCES = [
    ("en", "The meeting was moved to Thursday because the room is not free before noon."),
    ("en", "i just got home and the keys were not there, can you call me when you see them"),
    ("de", "Die Besprechung wurde auf Donnerstag verschoben, weil der Raum vorher nicht frei ist."),
    (
        "de",
        "hast du noch die nummer von der frau, die gestern bei uns war und nach dir gefragt hat",
    ),
    ("fr", "La réunion a été reportée à jeudi parce que la salle n'est pas libre avant midi."),
    (
        "fr",
        "Pouvez-vous envoyer le contrat à l'adresse de notre bureau et nous dire quand il arrive ?",
    ),
    ("es", "La reunión se ha cambiado al jueves porque la sala no está libre antes del mediodía."),
    ("es", "No sé dónde está el contrato, pero mi jefe me dijo que lo tenía en su despacho."),
    (
        "it",
        "La riunione è stata spostata a giovedì perché la sala non è libera prima di mezzogiorno.",
    ),
    ("it", "Mi scusi, ho perso il numero della signora che era qui ieri con i suoi figli."),
    ("nl", "De vergadering is verplaatst naar donderdag, omdat de zaal niet eerder vrij is."),
    ("nl", "Kun je mij het nummer geven van de vrouw die gisteren bij ons was?"),
    (
        "pt",
        "A reunião foi adiada para quinta-feira porque a sala não está livre antes do meio-dia.",
    ),
    ("pt", "Você sabe onde ficou o contrato? Eu não consigo mais achar o meu em casa."),
    (
        "pl",
        "Spotkanie zostało przeniesione na czwartek, ponieważ sala nie jest wolna przed południem.",
    ),
    ("sv", "Mötet har flyttats till torsdag eftersom rummet inte är ledigt före klockan tolv."),
    ("da", "Mødet er blevet flyttet til torsdag, fordi lokalet ikke er ledigt før klokken tolv."),
    ("no", "Møtet er blitt flyttet til torsdag fordi rommet ikke er ledig før klokken tolv."),
    ("cs", "Schůzka byla přesunuta na čtvrtek, protože místnost není před polednem volná."),
    ("sk", "Stretnutie bolo presunuté na štvrtok, pretože miestnosť nie je pred poludním voľná."),
    ("ro", "Ședința a fost mutată pe joi, pentru că sala nu este liberă înainte de prânz."),
    ("hu", "Az értekezletet csütörtökre tették át, mert a terem dél előtt nem szabad."),
    ("tr", "Toplantı perşembe gününe ertelendi, çünkü salon öğleden önce boş değil ve bu çok geç."),
    ("fi", "Kokous on siirretty torstaille, koska huone ei ole vapaa ennen kello kahtatoista."),
    ("vi", "Cuộc họp đã được chuyển sang thứ năm vì phòng không trống trước buổi trưa."),
    ("id", "Rapat dipindahkan ke hari Kamis karena ruangan itu tidak kosong sebelum tengah hari."),
    ("ru", "Встреча перенесена на четверг, потому что комната занята до полудня."),
    ("uk", "Зустріч перенесено на четвер, бо кімната до полудня зайнята, і її не звільнять."),
    ("bg", "Срещата е преместена за четвъртък, защото стаята не е свободна преди обяд."),
    ("ar", "تم تأجيل الاجتماع إلى يوم الخميس لأن القاعة غير متاحة قبل الظهر"),
    ("fa", "جلسه به روز پنجشنبه منتقل شد چون اتاق پیش از ظهر خالی نیست و گفتند"),
    ("he", "הפגישה נדחתה ליום חמישי כי החדר לא פנוי לפני הצהריים"),
    ("zh", "会议改到星期四，因为会议室中午以前没有空。"),
    ("ja", "会議室が正午まで空いていないので、会議は木曜日に変更されました。"),
    ("ko", "회의실이 정오 전에 비지 않아서 회의가 목요일로 옮겨졌습니다."),
    ("hi", "बैठक गुरुवार को होगी क्योंकि कमरा दोपहर से पहले खाली नहीं है।"),
    ("th", "การประชุมเลื่อนไปเป็นวันพฤหัสบดีเพราะห้องไม่ว่างก่อนเที่ยง"),
    ("el", "Η συνάντηση μεταφέρθηκε την Πέμπτη επειδή η αίθουσα δεν είναι ελεύθερη."),
]


@pytest.mark.parametrize(("code", "text"), SENTENCES)
def test_sentences(code: str, text: str):
    assert language(text) == code
    assert language(text.upper()) == code
    assert language(f"{text}\nInfo: anna.de.la.cruz@example.com, http://example.pt/de/os") == code


@pytest.mark.parametrize(
    "text",
    ["", "ok", "Anna Schmidt", "4111 1111 1111 1111", "{'a': [1, 2, 3]}", "!!!", "GmbH & Co. KG",
     "x = foo(bar, baz)", "anna.de.la.cruz@example.com", "привет", "好"],
)  # fmt: skip
def test_what_is_too_short_or_no_language(text: str):
    assert language(text) is None


def test_a_foreign_name_does_not_change_the_language():
    assert language("The meeting with 王小明 and Владимир was moved to Thursday by them.") == "en"
    assert language("Встречу с John Smith перенесли на четверг, сказал он вчера.") == "ru"


def test_only_the_beginning_counts():
    english, german = SENTENCES[0][1], SENTENCES[2][1]
    assert language(f"{english} " * 40 + f"{german} " * 200) == "en"


def test_the_tables_name_the_same_languages():
    assert set(FUNCTION_WORDS) >= SUPPORTED
    assert set(LETTERS) <= set(FUNCTION_WORDS)
    assert set(ENDINGS) <= set(FUNCTION_WORDS)
    assert {code for code, _ in SENTENCES} >= set(FUNCTION_WORDS)
    assert all(len(set(words.split())) >= 40 for words in FUNCTION_WORDS.values())


@given(st.text(max_size=80))
def test_any_text_has_one_answer(text: str):
    answer = language(text)
    assert answer is None or len(answer) == 2
    assert language(text) == answer
