"""Nationalities, faiths and political camps of people, by the words beside them. Pure.

An adjective says something of somebody only beside a word for people: "una pianista georgiana" and
"der polnische Pfleger" do, "cocina georgiana" does not. Romance languages put the adjective behind
the noun, Germanic ones before it. That capitals are written in one language and not in the other
does not matter here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.detection.structured.context import Reading
from gateway.detection.structured.demonyms import DEMONYMS, GERMANIC, ROMANCE
from gateway.detection.structured.inflection import forms
from gateway.types import Span

_EN: Final = """
man woman boy girl child person people citizen national resident immigrant migrant refugee student
tourist visitor worker nurse doctor surgeon dentist teacher professor chef cook waiter driver farmer
artist actor actress singer musician pianist writer author poet novelist journalist photographer
lawyer judge engineer scientist researcher historian geologist player footballer striker goalkeeper
cyclist runner swimmer boxer skier athlete coach captain sailor skipper soldier officer general
diplomat ambassador minister president politician senator businessman businesswoman entrepreneur
priest bishop monk nun rabbi imam pastor family couple mother father husband wife friend colleague
neighbour neighbor housemate flatmate girlfriend boyfriend patient victim suspect defendant weaver
descent origin nationality heritage parents
""".split()
_DE: Final = """
mann frau junge mädchen kind person staatsbürger staatsangehöriger staatsangehörige bürger einwohner
migrant flüchtling student tourist besucher arbeiter pfleger pflegekraft krankenschwester arzt
ärztin chirurg zahnarzt lehrer professor koch köchin kellner fahrer bauer künstler schauspieler
sänger musiker pianist schriftsteller autor dichter journalist fotograf anwalt richter ingenieur
forscher spieler fußballer stürmer torwart radfahrer läufer schwimmer boxer skifahrer bergführer
sportler trainer kapitän soldat offizier general diplomat botschafter minister präsident politiker
abgeordneter abgeordnete unternehmer priester pfarrer bischof mönch nonne rabbiner imam pastor
familie ehepaar mutter vater ehemann ehefrau freund freundin kollege kollegin nachbar mitbewohner
patient opfer herkunft abstammung nationalität staatsangehörigkeit eltern
""".split()
_NL: Final = """
man vrouw jongen meisje kind burger inwoner migrant vluchteling student toerist bezoeker arbeider
verpleger verpleegkundige arts chirurg tandarts leraar lerares hoogleraar kok ober chauffeur boer
kunstenaar acteur actrice zanger zangeres muzikant pianist schrijver schrijfster dichter journalist
fotograaf advocaat rechter ingenieur onderzoeker speler voetballer spits keeper wielrenner renner
loper zwemmer zwemster bokser schaatser turner turnster atleet trainer kapitein soldaat officier
generaal diplomaat ambassadeur minister president politicus kamerlid ondernemer priester bisschop
monnik non rabbijn imam dominee gezin familie echtpaar moeder vader echtgenoot echtgenote vriend
vriendin collega buurman buurvrouw huisgenoot patiënt slachtoffer verdachte duivenmelker afkomst
nationaliteit gemeente ouders
""".split()
_FR: Final = """
homme femme garçon fille enfant citoyen ressortissant habitant immigré migrant réfugié étudiant
touriste visiteur ouvrier infirmier médecin chirurgien dentiste professeur enseignant cuisinier
serveur chauffeur agriculteur artiste acteur actrice chanteur musicien pianiste violoniste écrivain
auteur poète romancier journaliste photographe avocat juge ingénieur chercheur historien joueur
footballeur attaquant gardien cycliste coureur nageur boxeur skieur athlète entraîneur capitaine
marin navigateur soldat officier général diplomate ambassadeur ministre président député sénateur
maire élu candidat militant patron entrepreneur prêtre curé évêque moine religieux rabbin imam
pasteur famille couple mère père mari épouse ami amie collègue voisin patient victime suspect
prévenu origine nationalité confession
""".split()
_ES: Final = """
hombre mujer niño niña chico chica joven ciudadano habitante inmigrante migrante refugiado
estudiante turista visitante obrero trabajador enfermero médico cirujano dentista maestro profesor
cocinero camarero conductor agricultor artista actor actriz cantante músico pianista violinista
escritor autor poeta novelista periodista fotógrafo abogado juez jueza ingeniero científico
investigador historiador jugador futbolista delantero portero ciclista corredor nadador boxeador
esquiador atleta tenista gimnasta remero entrenador capitán marinero soldado oficial general
diplomático embajador ministro presidente presidenta político diputado senador alcalde alcaldesa
concejal candidato empresario sacerdote cura obispo monje monja rabino imán pastor familia pareja
matrimonio madre padre marido esposo amigo compañero colega vecino novio paciente víctima sospechoso
detenido delegación comunidad templo origen nacionalidad confesión
""".split()
_IT: Final = """
uomo donna ragazzo ragazza bambino bambina cittadino abitante immigrato migrante rifugiato profugo
studente turista visitatore operaio lavoratore infermiere medico chirurgo dentista maestro
professore cuoco cameriere autista agricoltore artista attore attrice cantante musicista pianista
violinista scrittore autore poeta romanziere giornalista fotografo avvocato giudice ingegnere
scienziato ricercatore storico giocatore calciatore attaccante portiere ciclista corridore nuotatore
pugile sciatore atleta tennista ginnasta allenatore capitano marinaio soldato ufficiale generale
diplomatico ambasciatore ministro presidente politico deputato senatore sindaco candidato
imprenditore sacerdote prete vescovo monaco monaca suora rabbino imam pastore famiglia coppia madre
padre marito moglie amico amica collega vicino paziente vittima sospettato delegazione comunità
badante origine nazionalità cittadinanza
""".split()
_PT: Final = """
homem mulher menino menina rapaz rapariga moço criança cidadão habitante imigrante migrante
refugiado estudante aluno turista visitante operário trabalhador enfermeiro médico cirurgião
dentista professor cozinheiro motorista agricultor artista ator atriz cantor músico pianista
violinista escritor autor poeta romancista jornalista fotógrafo advogado juiz juíza engenheiro
cientista pesquisador investigador historiador jogador futebolista atacante goleiro ciclista
corredor nadador boxeador atleta tenista ginasta treinador capitão marinheiro soldado oficial
general diplomata embaixador ministro presidente político deputado senador prefeito vereador
candidato empresário sacerdote padre bispo monge freira rabino imã pastor família casal mãe pai
marido esposa amigo colega vizinho namorado paciente vítima suspeito delegação comunidade origem
nacionalidade
""".split()
_BEFORE: Final = frozenset().union(
    forms("fr", _FR), forms("es", _ES), forms("it", _IT), forms("pt", _PT)
)
_BEHIND: Final = frozenset().union(forms("en", _EN), forms("de", _DE), forms("nl", _NL))
_PLURALS: Final = frozenset("los las les gli os as des dei".split())
_CAMP = re.compile(r"[^\W\d_]+ist(?:as?|es?|i)")

_FIRST_PART = re.compile(r"(?<!\w)[^\W\d_]+-\Z")  # of "anglo-german"
_WORD_BEFORE = re.compile(r"(?<![\w’-])(?:[ldLD]['’])?([^\W\d_]+)[ :]{1,2}\Z")
_WORD_BEHIND = re.compile(r"[ ]([^\W\d_]+)(?!\w)")
_NAME_BEHIND = re.compile(r"[ ][A-ZÀ-Þ][^\W\d_]")
STATUS = re.compile(r"[ ](?:national|citizen)s?(?!\w)")
"""What belongs to a nationality behind it: "a Turkish national"."""
_REACH: Final = 24  # code points of a word beside


def nationalities(reading: Reading) -> Iterator[Span]:
    """What says of people where they come from, what they believe or whom they follow."""
    text, lower = reading.text, reading.lower
    for word in sorted(reading.vocabulary & DEMONYMS):
        at = lower.find(word)
        while at >= 0:
            end = at + len(word)
            if not (lower[at - 1 : at].isalnum() or lower[end : end + 1].isalnum()):
                first = _FIRST_PART.search(text, max(0, at - _REACH), at)
                start = first.start() if first else at
                if _is_of_people(text, word, start, end):
                    status = STATUS.match(text, end)
                    yield Span(start, status.end() if status else end, "NRP", 0.6, "nationality")
            at = lower.find(word, end)


def _is_of_people(text: str, word: str, start: int, end: int) -> bool:
    if word in GERMANIC:
        behind = _WORD_BEHIND.match(text, end)
        if behind is not None and behind[1].lower() in _BEHIND:
            return True
    before = _WORD_BEFORE.search(text, max(0, start - _REACH), start)
    if word not in ROMANCE or before is None:
        return False
    if _CAMP.fullmatch(word) and (before[1].lower() in _PLURALS or _NAME_BEHIND.match(text, end)):
        return True
    is_surname = text[start].isupper() and before[1][0].isupper()  # Pastor Navarro
    return before[1].lower() in _BEFORE and (not is_surname or text[start:end].isupper())


ENTITY_TYPES = frozenset({"NRP"})
