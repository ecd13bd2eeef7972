"""Words for nationalities, faiths and political camps, in seven languages. Data. Pure.

Entries are in lower case: of Romance languages in the masculine singular, of German and Dutch
without endings; of words with a hyphen what stands behind it. All forms of an entry count.
"""

from __future__ import annotations

from typing import Final

from gateway.detection.structured.inflection import forms

_EN: Final = """
afghan albanian algerian american andorran angolan argentine argentinian armenian asian australian
austrian azerbaijani bahraini bangladeshi basque bavarian belarusian belgian bolivian bosnian
brazilian breton british bulgarian burmese cambodian cameroonian canadian catalan chechen chilean
chinese colombian congolese corsican croatian cuban cypriot czech danish dominican dutch ecuadorian
egyptian english eritrean estonian ethiopian european fijian filipina filipino finnish flemish
french gambian georgian german ghanaian greek guatemalan guinean haitian hawaiian honduran hungarian
icelandic indian indonesian iranian iraqi irish israeli italian ivorian jamaican japanese jordanian
kazakh kenyan korean kosovar kurdish kuwaiti laotian latvian lebanese liberian libyan lithuanian
macedonian malawian malaysian malian maltese mauritian mexican moldovan mongolian montenegrin
moroccan mozambican namibian nepalese nepali nicaraguan nigerian nigerien norwegian omani pakistani
palestinian panamanian paraguayan peruvian polish portuguese qatari romanian russian rwandan
salvadoran samoan saudi scottish senegalese serbian singaporean slovak slovenian somali spanish
sudanese surinamese swedish swiss syrian taiwanese tamil tanzanian thai tibetan togolese tongan
tunisian turkish ugandan ukrainian uruguayan uzbek venezuelan vietnamese welsh yemeni zambian
zimbabwean māori maori roma romani sinti inuit cherokee navajo anglican baptist buddhist catholic
christian hindu jain jewish lutheran methodist mormon muslim orthodox presbyterian protestant quaker
rastafarian shia shiite sikh sunni communist conservative liberal socialist
""".split()
_DE: Final = """
afghan alban alger amerikan angolan argentin armen asiat austral bangladesch belg bolivian bosn
brasilian brit bulgar chilen chines dän engl eritre estn äthiop europä finn fläm französ georg ghana
griech holländ ind indones irak iran ir israel italien jamaikan japan jemenit jordan jugoslaw
kamerun kanad kasach kenian kirgis kolumbian korean kosovar kroat kuban kurd lett libanes liby litau
luxemburg malays malt marokkan mazedon mexikan moldau mongol montenegrin namib nepales neuseeländ
niederländ nigerian norweg österreich pakistan palästinens peruan philippin poln portugies rumän
russ saud schott schwed schweizer senegales serb singhales slowak slowen somal span sudanes surinam
syr taiwan tansan thailänd tibet tschech tschetschen tunes türk ugand ukrain ungar uruguay usbek
venezolan vietnames walis zypr anglikan buddhist calvinist evangel hinduist islam jezid jüd kathol
luther methodist mohammedan muslim orthod protestant reformator schiit sikh sunnit alevit
""".split()
_FR: Final = """
afghan africain albanais algérien allemand américain andorran angolais argentin arménien asiatique
australien autrichien azerbaïdjanais bangladais basque belge béninois biélorusse birman bolivien
bosnien brésilien breton britannique bulgare burkinabé cambodgien camerounais canadien catalan
chilien chinois chypriote colombien comorien congolais coréen corse croate cubain danois égyptien
équatorien espagnol estonien éthiopien européen finlandais flamand français gabonais gallois
géorgien ghanéen grec guinéen haïtien hollandais hongrois indien indonésien irakien iranien
irlandais islandais israélien italien ivoirien jamaïcain japonais jordanien kabyle kenyan kurde
laotien letton libanais libérien libyen lituanien luxembourgeois malgache malien maltais marocain
mauricien mauritanien mexicain moldave mongol néerlandais zélandais népalais nigérian nigérien
norvégien pakistanais palestinien paraguayen péruvien philippin polonais portugais québécois roumain
russe rwandais saoudien sénégalais serbe slovaque slovène somalien soudanais suédois suisse syrien
taïwanais tchadien tchèque tchétchène thaïlandais tibétain togolais tunisien turc ukrainien
uruguayen vénézuélien vietnamien yéménite zaïrois anglican bouddhiste catholique chrétien copte
évangélique hindou juif luthérien mormon musulman orthodoxe protestant sikh sunnite chiite centriste
communiste conservateur écologiste gaulliste lepéniste libéral macroniste républicain royaliste
socialiste trotskiste mélenchoniste frontiste souverainiste
""".split()
_ES: Final = """
afgano africano albanés alemán americano andaluz angoleño argelino argentino armenio asturiano
asiático australiano austriaco austríaco azerí bangladesí belga bielorruso boliviano bosnio
brasileño británico búlgaro camboyano camerunés canadiense canario catalán checo checheno chileno
chino chipriota colombiano congoleño coreano costarricense croata cubano danés dominicano
ecuatoriano egipcio eritreo escocés eslovaco esloveno español estadounidense estonio etíope europeo
filipino finlandés francés galés gallego georgiano ghanés griego guatemalteco guineano haitiano
holandés hondureño húngaro indio indonesio inglés iraní iraquí irlandés islandés israelí italiano
jamaicano japonés jordano keniano keniata kurdo letón libanés libio lituano luxemburgués macedonio
malayo maliense maltés marroquí mauritano mexicano moldavo mongol mozambiqueño navarro neerlandés
neozelandés nepalí nicaragüense nigeriano noruego pakistaní palestino panameño paraguayo peruano
polaco portugués puertorriqueño rumano ruso ruandés salvadoreño saharaui saudí senegalés serbio
sirio somalí sudafricano sudanés sueco suizo tailandés taiwanés tibetano tunecino turco ucraniano
uruguayo valenciano vasco venezolano vietnamita yemení anglicano budista católico cristiano
evangélico gitano hindú judío luterano mormón musulmán ortodoxo protestante sij suní chií anarquista
carlista centrista chavista comunista conservador ecologista falangista independentista liberal
nacionalista peronista podemita republicano socialista trotskista
""".split()
_IT: Final = """
abruzzese afgano africano albanese algerino americano angolano argentino armeno asiatico australiano
austriaco azero bangladese basco belga bielorusso boliviano bosniaco brasiliano britannico bulgaro
cambogiano camerunese canadese catalano ceceno ceco cileno cinese cipriota colombiano congolese
coreano corso croato cubano danese dominicano ecuadoriano egiziano eritreo estone etiope europeo
filippino finlandese fiammingo francese gallese georgiano ghanese giapponese giordano greco guineano
haitiano indiano indonesiano inglese iracheno iraniano irlandese islandese israeliano italiano
ivoriano keniano keniota kosovaro curdo lettone libanese libico lituano lussemburghese macedone
malese maliano maltese marocchino messicano moldavo mongolo mozambicano neozelandese nepalese
nigeriano norvegese olandese pachistano palestinese paraguaiano peruviano polacco portoghese romeno
rumeno russo ruandese salvadoregno sardo saudita scozzese senegalese serbo siciliano siriano
slovacco sloveno somalo spagnolo statunitense sudafricano sudanese svedese svizzero tailandese
taiwanese tedesco tibetano tunisino turco ucraino ugandese ungherese uruguaiano venezuelano
vietnamita yemenita anglicano buddista cattolico cristiano ebreo evangelico induista luterano
musulmano ortodosso protestante rom sikh sinti sunnita sciita valdese berlusconiano centrista
comunista democristiano ecologista fascista forzista grillino leghista liberale meloniano missino
pentastellato repubblicano renziano socialista sovranista
""".split()
_NL: Final = """
afghaans albanees algerijns amerikaans angolees antilliaans argentijns armeens aziatisch australisch
belgisch boliviaans bosnisch braziliaans brits bulgaars canadees chileens chinees colombiaans
congolees cubaans cypriotisch deens duits ecuadoraans egyptisch engels eritrees estisch ethiopisch
europees fins frans fries georgisch ghanees grieks hongaars iers ijslands indiaas indisch
indonesisch iraaks iraans israëlisch italiaans ivoriaans jamaicaans japans jordaans kaapverdisch
keniaans koerdisch koreaans kroatisch lets libanees libisch litouws luxemburgs macedonisch
maleisisch maltees marokkaans mexicaans moldavisch moluks nederlands nepalees nigeriaans noors
oekraïens oezbeeks oostenrijks pakistaans palestijns peruaans pools portugees roemeens russisch
rwandees saoedisch schots senegalees servisch sloveens slowaaks soedanees somalisch spaans surinaams
syrisch taiwanees thais tibetaans tsjechisch tsjetsjeens tunesisch turks venezolaans vietnamees
vlaams welsh afrikaans zweeds zwitsers anglicaans boeddhistisch calvinistisch christelijk
doopsgezind evangelisch gereformeerd hervormd hindoeïstisch islamitisch joods katholiek luthers
orthodox protestants remonstrants
""".split()
_PT: Final = """
afegão africano albanês alemão americano andorrano angolano argelino argentino armênio arménio
asiático australiano austríaco belga boliviano bósnio brasileiro britânico búlgaro verdiano
camaronês canadense canadiano catalão checo tcheco chileno chinês cipriota colombiano congolês
coreano croata cubano dinamarquês egípcio equatoriano escocês eslovaco esloveno espanhol
estadunidense estónio estoniano etíope europeu filipino finlandês francês galego galês georgiano
ganês grego guineense haitiano holandês húngaro indiano indonésio inglês iraniano iraquiano irlandês
islandês israelense israelita italiano jamaicano japonês jordano queniano curdo letão libanês líbio
lituano luxemburguês macedônio malaio maltês marroquino mauritano mexicano moçambicano moldavo
neerlandês neozelandês nepalês nigeriano norueguês palestino palestiniano panamenho paquistanês
paraguaio peruano polaco polonês riquenho português romeno ruandês russo tomense saudita senegalês
sérvio sírio somali sudanês sueco suíço tailandês taiwanês timorense tunisiano turco ucraniano
uruguaio venezuelano vietnamita iemenita adventista anglicano budista católico cigano cristão
espírita evangélico hindu judeu luterano mórmon muçulmano ortodoxo pentecostal protestante sikh
sunita umbandista xiita bolsonarista centrista comunista conservador ecologista liberal lulista
petista republicano salazarista socialista trabalhista tucano
""".split()


ROMANCE: Final = frozenset().union(
    forms("fr", _FR), forms("es", _ES), forms("it", _IT), forms("pt", _PT)
)
"""Those that stand behind what they say of whom."""
GERMANIC: Final = frozenset().union(
    forms("en", _EN),
    forms("nl", _NL),
    forms("de", ["deutsch", *(stem + "isch" for stem in _DE)]),
)
"""Those that stand before it."""
DEMONYMS: Final = ROMANCE | GERMANIC
