"""Words that tell what stands beside them, in seven languages."""

from __future__ import annotations

from typing import Final

COMPANY_WORDS: Final = """
inc corp ltd llc llp plc co company corporation incorporated limited group holding holdings gmbh ag
kg ohg ug mbh se sa sas sarl sarl snc spa srl srls bv nv vof cv sl slu sociedad lda ltda eireli ab
oy as aps oyj kft zrt doo pty bank banque banca banco sparkasse volksbank raiffeisenbank insurance
versicherung assurance assurances seguros assicurazioni verzekeringen university universität
université universidad università universiteit universidade college school schule école escuela
scuola escola hochschule gymnasium lycée liceo colegio institute institut instituto istituto
hospital klinik klinikum krankenhaus hôpital clinique clínica clinica ospedale ziekenhuis ministry
ministerium ministère ministerio ministero ministerie ministério department bundesamt agency agence
agencia agenzia agência authority behörde commission council court tribunal gericht amtsgericht
landgericht bundesgericht bundesgerichtshof committee foundation stiftung fondation fundación
fondazione stichting fundação association verein verband union federation fédération federación
club united fc sv tsv vfl ac as real sporting athletic atlético team party partei parti partido
partito partij stadtwerke werke industries technologies solutions systems services consulting
partners associates brothers sons gebrüder
""".split()
CALENDAR_WORDS: Final = """
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday jan feb mar apr jun jul aug sep sept oct nov dec
januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag
samstag sonnabend sonntag janvier février mars avril juin juillet août septembre octobre novembre
décembre lundi mardi mercredi jeudi vendredi samedi dimanche enero febrero marzo abril mayo junio
julio agosto septiembre octubre noviembre diciembre lunes martes miércoles jueves viernes sábado
domingo gennaio febbraio aprile maggio giugno luglio settembre ottobre novembre dicembre lunedì
martedì mercoledì giovedì venerdì sabato domenica januari februari maart mei augustus maandag
dinsdag woensdag donderdag vrijdag zaterdag zondag janeiro fevereiro março maio junho julho setembro
outubro dezembro segunda terça quarta quinta sexta
""".split()
HONORIFIC_WORDS: Final = """
mr mrs ms miss dr prof professor sir lord lady herr frau fräulein doktor monsieur madame
mademoiselle mme mlle mm maître señor señora señorita sr sra srta don doña signor signora signorina
sig dott dottor dottoressa avv meneer mevrouw dhr mevr mw drs ir senhor senhora dona exmo exma dra
captain sergeant colonel general inspector judge senator president minister
""".split()

NATIONALITIES: Final = """
american british english scottish welsh irish french german spanish italian dutch portuguese belgian
swiss austrian polish czech slovak hungarian romanian bulgarian greek turkish russian ukrainian
swedish norwegian danish finnish icelandic estonian latvian lithuanian croatian serbian bosnian
slovenian albanian macedonian chinese japanese korean vietnamese thai indonesian malaysian filipino
indian pakistani bangladeshi afghan iranian iraqi syrian lebanese israeli palestinian saudi egyptian
moroccan algerian tunisian libyan sudanese ethiopian somali kenyan nigerian ghanaian senegalese
south african brazilian argentine argentinian chilean peruvian colombian venezuelan mexican cuban
canadian australian european asian african arab kurdish jewish muslim christian catholic protestant
orthodox hindu buddhist sikh islamic democrat republican conservative labour communist socialist
deutsch deutsche deutschen deutscher deutsches französisch französische französischen französischer
englisch englische englischen spanisch spanische spanischen italienisch italienische italienischen
türkisch türkische türkischen polnisch polnische polnischen russisch russische russischen
amerikanisch amerikanische amerikanischen chinesisch chinesische britisch britische britischen
katholisch katholische evangelisch evangelische jüdisch jüdische muslimisch muslimische
français française françaises allemand allemande allemands allemandes anglais anglaise espagnol
espagnole italien italienne italiens belge belges suisse néerlandais portugais portugaise russe
russes américain américaine américains chinois chinoise japonais marocain marocaine algérien
algérienne tunisien catholique protestant musulman juif juive
español española españoles españolas francés francesa franceses alemán alemana alemanes inglés
inglesa italiano italiana italiani italiane portugués portuguesa ruso rusa americano americana
estadounidense mexicano mexicana argentino argentina chileno colombiano peruano venezolano marroquí
católico católica musulmán judío tedesco tedesca tedeschi francese francesi inglese inglesi
spagnolo spagnola portoghese russo russa russi cinese cinesi giapponese marocchino rumeno albanese
cattolico musulmano ebreo nederlandse nederlands duitse duits franse frans engelse engels belgische
spaanse italiaanse portugese russische amerikaanse chinese turkse turks marokkaanse poolse
katholieke protestantse joodse islamitische português portuguesa portugueses francês francesa
alemão alemã inglês inglesa espanhol espanhola italiano brasileiro brasileira angolano russo
chinês japonês católico evangélico muçulmano judeu
""".split()
