"""Frequent Dutch first names and surnames that are no ordinary words. Data. Pure."""

from __future__ import annotations

FEMALE = """
aafke adriana agnes aleida alida alies angelique anneke annelies annemarie annemiek annet annika
antje antoinette ariane astrid aukje barbara bernadette bertha betsy brigitte carla carolien
catharina cato cecilia chantal charlotte christel christina claudia corinne cornelia corrie
danielle debby desiree diana dieuwertje dineke dorien dorothea edith eefje elianne elisabeth elise
ellen elly elsbeth emma esmee esther evelien femke fenna floortje francien francisca frederique
froukje geertje geertruida gerda gerrie greet gwendolyn hanneke hannie heleen helma hendrika
henriette hester hetty hilda hilde ilona ilse ineke ingeborg ingrid isabel isabelle jacoba
jacqueline janine janneke jannie janny jantje jasmijn jeanette jeannette jessica jetske johanna
jolanda jolien jorien josephine josien joyce judith julia karin karlijn katja katrien kirsten
klaartje laura leonie letty lianne lidwien liesbeth lisanne lisette lonneke lotje louise lucia
lydia maaike maartje madelief magda margaret margot margreet margriet marianne marieke mariella
marije marijke marike marion mariska marissa marjan marjolein marlies marloes martha martine
mathilde mechteld melanie melissa mieke miep mirella mirjam monique myrthe nadine nanda natasja
nelleke nicole nienke nina noortje patricia paula paulien petra pieternel pleuntje quirine rebecca
regina renske rianne rinske roelien rosalie saar sabine sandra sanne saskia silvia simone sjaan
sjoukje sonja sophie stefanie susanne suzanne sylvia tamara tanja tessa teuntje thea theresia
tineke titia tjitske trijntje truus ursula veronique wendela wendy wietske wilhelmina willemijn
wilma yvette yvonne
"""

MALE = """
aart abraham adriaan adrianus albert alexander alfons alwin andre anton antonius antoon arend arie
arjan arjen arnold arnoud aron auke barend bastiaan benjamin berend bernard carel casper cees
christiaan coen constantijn cornelis daniel david dennis derk diederik douwe dylan edgar edwin
eelco eelke egbert emiel engelbert erik ernst erwin evert fabian ferdinand filip floris frank
frederik freek gerard gerben gerbrand gerhard gerlof gerrit gert gertjan gijs gijsbert godfried
govert guido guus harmen harold harrie hendrik herbert herman hessel hidde hubert hugo huib jacob
jacobus jacques jan-willem jannes jarno jelle jelmer jeroen jesse jochem joep joey johan johannes
jonas jonathan joost jordi joris joshua julian jurgen jurre klaas koenraad laurens leendert
leonard lodewijk lourens lubbert ludo luuk maarten marc marcel marinus mario marnix marten martijn
mathijs matthijs maurice maurits meindert melle menno michael michiel nathan nico nicolaas niels
olaf olivier pascal patrick paul peter philip pieter quinten raymond reinier reinout remco rene
richard rick rinus robbert robert robin roderick roeland roelof roger roland ronald ruben rudolf
ruud sebastiaan sicco siebe sjaak sjoerd stefan steven stijn sven sybren teun theodoor thijmen
thijs thom thomas tijmen timo tjeerd tobias tycho valentijn vincent wessel wiebe wilbert wilfred
willem willem-jan wouter wybe xander yorick youri zeger
"""

LAST = """
aalbers aarts abbink adriaanse albers alberts andriessen ansems arends barends bartels beekhuis
beekman beerens belinfante benders berends berendsen bergsma bernards beukers bierens bijlsma
blankers boelens boerma boersma boeve bolhuis bongers bonnema boonstra bosma bosveld bouma bouman
bouwens breukers brinkman broekhuis broekman brouwers bruinsma brummelman buijs buitenhuis
claassen clement cleutjens coenen coppens cornelissen cremers cuijpers daalder daemen dalhuisen
damen damstra dekkers dieleman diepeveen dijkema dijkhuizen dijkman dijkstra dirksen doeland
doornbos dorrestein douma driessen duinkerken dujardin duyvestein eekhof eggink ekkelenkamp elbers
elferink elzinga engbers ensink erkens essers evers eversen feenstra fennema fokkema franken
fransen frederiks geelen geerlings geerts gelderblom gerards gerritsen gielen giesen gijsbers
gommers goossens gorissen gosselink graafland grevink groenendijk groeneveld groenewegen groothuis
haandrikman haarman hanssen harmsen hartman haverkamp heerema heijmans heijnen heinen hellinga
hendriks hendriksen hermans hermsen heuvelman hoekman hoeks hoekstra hoevenaars hofstede hofstra
hogenboom holtkamp holwerda hoogendoorn hoogstraten houben houwen huijbers huijgens huizenga
huizinga hulshof ijzerman imhof jaarsma jacobs jansma janssens jaspers jellema jonkers joosten
jorritsma jurgens kamphuis kamps kappert karssen kemper kersten klaassen kleijn klijn klinkhamer
kloosterman koeman koenders koenen kooistra koppelman kortekaas kostelijk kraaijeveld kranenburg
kuijpers kuipers lamers lammers laurijssen leenders leeuwenburg leijten lemmens lensink lentink
lindhout linssen lommers looijen loonstra lubbers lucassen luijten maassen maessen marinussen
martens mathijssen meekes meeuwissen meijer meijerink meinders mensink menting mertens meulenbelt
michels mulders muller nieboer niehof nieuwenhuizen nijboer nijhof nijland nijssen noordhoek
noorman olthof oomen oosterhuis oosterom oosterveld ottens oudejans overbeek paalman peeters
penninga peters philipsen pieters pieterse poelman ponsen postma postuma raaijmakers reijnders
reinders remmers renkema reuvers rietveld rijkers rijnders ritsema roelfsema roelofs roelofsen
roemer rombouts rosmalen rozema ruijters rutgers rutten sanders santema scheepers scheffers
schellekens schreurs schuiling schutte seegers sikkema simons sinke smits snoeijs sommers
spierings spijkerman steenbergen steenhuis steggink sterenborg stevens stoffels stokman stolwijk
straatman strijbos swinkels teeuwen tempelman teunissen theunissen thijssen tielemans tijhuis
timmermans tolsma treffers uiterwijk vaessen veenstra veldhuis veldkamp veldman verbeek verbruggen
verburg verdonk verhaar verhagen verheijen verhoef verhoeven verkerk vermeer vermeulen vermolen
verschoor verschuren versluis versteeg verstegen vervoort verweij vinke visscher vliegenthart
voermans vogelzang vollebregt vosman wagemakers walraven warmerdam wassink weijers wennekes
wesselink wessels westerhof westerhuis westerveld wiegers wiersma wijnands wijnen willems
willemsen woertman wolters wouters wubben zandstra zeegers zegers zijlstra zoetemelk zuidema
zuiderveld zwiers
"""

FEMALE_ACCENTED = """
anaïs daniëlle desirée esmée frédérique michèle noëlle renée zoë
"""

MALE_ACCENTED = """
andré daniël gaël joël raphaël rené
"""

LAST_ACCENTED = """
daniëls israëls koëter michiëls
"""
