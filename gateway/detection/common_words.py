"""Words that are parts of names and common words as well, in lower case: a table.

Months and days, titles and forms of address, places, and such surnames and given names in en, de,
fr, es, it, nl and pt as stand with a capital letter when they mean something else. What is a common
word in lower case alone need not be here: `coreference` sees that for itself.
"""

from __future__ import annotations

_TITLES = """
mister mrs miss missus madam sir lady lord dame doctor professor prof father sister brother
saint captain major general colonel sergeant judge justice president senator king queen prince
princess pope bishop herr frau fräulein doktor graf monsieur madame mademoiselle maître docteur
señor señora señorita don doña doctora profesor signor signora signorina dottor dottoressa
professore avvocato meneer mevrouw heer mijnheer senhor senhora dona doutor doutora
"""

_TIME = """
january february march april may june july august september october november december monday
tuesday wednesday thursday friday saturday sunday spring summer autumn winter today tomorrow
januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag
samstag sonnabend sonntag frühling sommer herbst janvier février mars avril juin juillet août
septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche enero
febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes martes
miércoles jueves viernes sábado domingo gennaio febbraio aprile maggio giugno luglio settembre
ottobre novembre dicembre lunedì martedì mercoledì giovedì venerdì sabato domenica januari februari
maart mei augustus maandag dinsdag woensdag donderdag vrijdag zaterdag zondag janeiro fevereiro
março maio junho julho setembro outubro dezembro segunda terça quarta quinta sexta
"""

_ENGLISH = """
the and for with from our your his her their this that will can may art mark grace hope faith joy
english french german spanish welsh scott england france london paris berlin milan israel china
india jordan chad georgia virginia carolina dallas austin houston washington lincoln bank street
lane park church school college university company house hall bridge castle tower court cross hill
lake river island north south east west first last next new major minor sun star page case group
"""

_GERMAN = """
richter kaiser könig graf ritter herzog vogt meister wirt bauer jäger koch engel teufel herz kopf
bart stein berg wald baum blume sommer winter herbst mark markt bach brunnen brücke burg stadt land
hof haus kirche kreuz schule feld acker wiese garten heim kraft friede frieden gott himmel stern
sonne mond abend morgen kind mann frau vater mutter bruder schwester freund vogel hahn fuchs wolf
bär hund stark lang kurz groß klein jung alt neu
"""

_ROMANCE = """
roi duc comte moulin fontaine rivière bois mont montagne pierre champ champs chemin rue pont église
france rose noël reine victoire rey reyes santos iglesia torres castillo campo casa calle puente
río monte valle sierra luz sol mar cruz paz gloria esperanza mercedes ángel rosa conte papa chiesa
castello santo santa croce pace fiore ponte fontana roma venezia costa praia rocha reis bispo guerra
nascimento graça igreja
"""

_DUTCH = """
berg dijk veld hout molen brug kerk huis hof stad land zee koning prins groot klein lang kort jong
oud zomer lente herfst
"""

_SMALL = """
van von der den des del dos das della dello degli dei les las los sur sous zum zur vom und aus
mit bei ten ter too bin ibn abu san santa saint sankt sint jr sen inc ltd llc gmbh corp
"""

COMMON: frozenset[str] = frozenset(
    " ".join((_TITLES, _TIME, _ENGLISH, _GERMAN, _ROMANCE, _DUTCH, _SMALL)).split()
)
"""A part of a name that is in here is not looked for on its own."""
