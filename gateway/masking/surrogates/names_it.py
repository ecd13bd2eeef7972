"""Frequent Italian first names and surnames that are no ordinary words. Data. Pure."""

from __future__ import annotations

FEMALE = """
adelaide adele adriana agata agnese alessandra alessia alice amelia anastasia angelica anita
annalisa annamaria annarita antonella antonia antonietta arianna barbara beatrice benedetta
camilla carla carlotta carmela caterina cecilia chiara cinzia clarissa claudia clelia concetta
cristina daniela debora denise desiree diana elena eleonora elettra eliana elisa elisabetta eloisa
elvira emanuela emilia emma enrica erica erika ester eugenia evelina fabiana fabiola federica
fernanda filomena flavia francesca gabriella genoveffa giada gianna ginevra giorgia giovanna
gisella giuditta giulia giuliana giuseppina graziella greta ilaria ileana imma ines irma isabella
jessica katia lara laura lavinia lia lidia liliana livia loredana lorena lorenza lucia luciana
ludovica luigia luisa maddalena manuela marcella mariangela marika marilena marisa marta martina
matilde maura melania melissa michela milena mirella miriam monica morena nadia natalia nicoletta
nives noemi orietta ornella ottavia paola patrizia raffaella raimonda rebecca renata rita roberta
romina rosalba rosanna rosaria rossana rossella sabina sabrina sandra santina sara silvana silvia
simona sofia sonia stefania susanna sveva tamara tania tatiana teresa tiziana valentina valeria
vanessa veronica viviana wanda ylenia
"""

MALE = """
adriano agostino alberto aldo alessandro alessio alfio alfonso alfredo amedeo andrea antonello
antonio armando arturo attilio augusto aurelio benedetto beniamino bernardo calogero camillo carlo
carmelo carmine cesare christian ciro claudio corrado cosimo cristian cristiano cristoforo damiano
daniele danilo dario davide demetrio diego dino domenico edoardo egidio elia elio emanuele
emiliano emilio ennio enrico enzo ermanno ernesto ettore eugenio ezio fabio fabrizio federico
ferdinando fernando filiberto filippo flavio francesco fulvio gabriele gaetano gaspare gennaro
gerardo giacinto giacomo giampaolo giampiero giancarlo gianfranco gianluca gianluigi gianmarco
gianni gino gioacchino giorgio giovanni girolamo giuliano giulio giuseppe graziano gregorio
gualtiero guglielmo guido gustavo igor ivan ivano jacopo kevin lamberto lanfranco leandro leonardo
leonida leopoldo livio lorenzo loris luca luciano ludovico luigi manfredi manlio manuel marcello
mariano mario martino massimiliano massimo matteo mattia maurizio mauro michelangelo michele mirko
nazario nicola nicolas nunzio omar orlando osvaldo ottavio paolo pasquale patrizio piergiorgio
pierluigi piero pierpaolo pietro raffaele raimondo raul renato renzo riccardo roberto rocco
rodolfo romeo ruggero salvatore samuele sandro sebastiano sergio silvano silvio simone stefano
tancredi tiziano tommaso ubaldo ugo umberto valerio vincenzo vittorio walter
"""

LAST = """
accardi acerbi agnelli agostini aiello alberti aldini aleandri alfieri aloisi altieri ambrosio
ancona andreoli angeli angelini angelone antonelli antonini arcuri arrighi astolfi attanasio
avallone bacci badalamenti baggio baldi baldini balducci ballerini bandini baraldi bardi barone
barsotti bartoli bartolini basile bassani bassetti battisti bellandi bellini belloni bellucci
benassi benedetti benetti benvenuti bernardi bernardini bertelli berti bertini bertolini bertoni
bettini biagi biagini bianchini biasini bigi bini biondi bisio bonaventura bonetti bonfanti bonini
bonomi bordoni borelli borghi borrelli bortolotti boschi bosio bottaro bozzi brambilla brancati
bruni bucci burati calcagno caldara calvi cannata cannavaro cantoni capasso caputo caracciolo
carelli caridi carlucci caruso casadei casagrande caselli cassani castiglione cattaneo cecchi
cecchini ceriani cerutti chiesi cipriani cirillo clementi coletti coluccio contini coppola corradi
costantini cozzi cremonesi crippa cuomo dagostino damiani damico danieli degasperi deluca demarco
demartino derosa desantis desimone donini esposito fabbri fabiani fabris facchini falchi falcone
falconi fanelli fantini farinelli fasano favaro fazio federici ferrante ferraro ferrero ferretti
filippi filippini finazzi fioretti fiorini florio formisano franceschini franzoni frattini
fumagalli fusco gabrielli galasso galeazzi galimberti galvani gambino garofalo gaspari gentilini
germani gervasi ghezzi giacomelli giannini giannone gigliotti gilardi giordani giorgi giuffrida
giuliani gobbi graziani gregori grimaldi guarini guarneri guerrini guidotti iacono iannone
invernizzi izzo labate lagana landini lanzi lazzari leonardi liguori lippi lorenzetti lorenzini
lucchini luciani macri maffei magnani mainardi maiorana malagoli malaspina malatesta mancini
manfredini mangano manzoni marchetti marchini marinelli mariotti marotta martelli martinelli
martucci marzano mascolo masi masini massari mastroianni mattioli mazzola mazzoni meloni merlini
miceli micheli michelini minelli minniti molinari molteni mondini montanari morabito morandi
morelli moroni morosini musso nardi natali nicoletti nicolini orlandi ottaviani palmieri palumbo
panzeri paolini papini parodi pascale pasini patane pedroni peretti perrone perrotta pesenti
petrini petrone petrucci piccinini piras pirozzi pizzi polidori proietti provenzano puglisi
raimondi rampini randazzo ranieri ravelli recchia renzi riccardi rinaldi rizzi rizzo rocchi
romanelli rondini rosati roselli rosselli rossetti ruberto ruffini ruggeri ruggiero sabatini
sabbatini sanfilippo sangiorgi sanna santarelli sartor sartori savini scalise schiavone sciarra
serafini sforza silvestri simonetti simoni sorrentino spadaro spinelli stefani tiberi todaro
tomasi tonelli torrisi tosi tozzi trentini trevisan trevisani tucci uberti ugolini urso vaccaro
valentini venturini vergani villani vinci visentin vitiello zamboni zanetti zanini zanotti
zecchini zerbini zuccaro
"""

FEMALE_ACCENTED = """
desirée mariù
"""

MALE_ACCENTED = """
giosuè niccolò nicolò
"""

LAST_ACCENTED = """
calò cantù macrì patanè viganò
"""
