"""Frequent German first names and surnames that are no ordinary words. Data. Pure."""

from __future__ import annotations

FEMALE = """
adelheid agnes alexandra amelie andrea angelika anja annegret annelie annemarie annette antje
astrid barbara beate bettina birgit birte brigitte carina carolin charlotte christa christiane
christine claudia cordula corinna cornelia dagmar daniela denise dorothea edeltraud elfriede
elisabeth elke elvira emilia erika esther evelyn franziska frauke frieda gabriele gerlinde gertrud
gesine gisela gudrun hannelore hedwig heidemarie heidrun heike helene helga henriette hildegard
ilona ilse ingeborg ingrid irmgard isabell jacqueline janina jasmin johanna judith julia juliane
jutta karin karla katharina kathrin katja kerstin kirsten klara kornelia larissa laura leonie
lieselotte lina luise magdalena manuela margarete marianne marlene marlies martina mathilda
mechthild meike melanie michaela miriam monika nadine natalie nicole nina patricia paula petra pia
ramona rebekka regina renate ricarda roswitha sabine sandra saskia sibylle sigrid silke silvia
simone sonja sophie stefanie susanne svenja tanja theresa ulrike ursula ute valentina vanessa
verena veronika viktoria vivien waltraud wiebke yvonne
"""

MALE = """
achim adrian albrecht alexander alfred andreas anton armin axel benedikt benjamin bernd bernhard
bertram bjarne boris burkhard carsten christian christoph clemens constantin daniel detlef dieter
dietmar dominik eberhard eckhard edgar egon emil erich erwin eugen fabian ferdinand florian
frederik fridolin friedhelm georg gerald gerd gerhard gernot gregor guido gustav hannes harald
hartmut heiko heiner heinz helmut hendrik henning herbert hermann holger horst hubert ingo jakob
jannik jens joachim jochen johannes jonas julian justus kai karsten kaspar kilian klaus konrad
korbinian kurt lars lennart leonhard leopold linus lorenz lothar ludger lukas magnus malte manfred
marcel marius markus martin matthias maximilian michael moritz niklas norbert olaf oskar ottmar
pascal patrick peter philipp rainer ralf raphael reinhard reinhold richard robert roland rolf
rudolf rupert sebastian siegfried stefan steffen sven thilo thomas thorsten tilman tobias torben
udo ulrich uwe valentin veit viktor vinzenz waldemar walter werner wilfried wilhelm winfried
wolfgang wolfram
"""

LAST = """
abele ackermann ahlers albers althaus altmann andresen arens arndt asmussen auerbach bachmann
baldauf bartels barth bastian baumann baumgarten baumgartner bechtold beckmann behnke behrendt
behrens benecke bergmann bernhardt beyer biermann blohm blumenthal bockelmann boldt bollmann
borchert bornemann brandt breitner bremer brinkmann bruns buchholz buchner buchwald budde
burkhardt busse christiansen claasen cordes dahlmann danneberg deppe dettmer diederich diekmann
dietrich dittmann dittrich dobler dombrowski drescher drewes ebeling ebersbach eckert eggers
ehlers ehrhardt eichholz eichler eilers eisele eisenberg engelhardt engelmann erhardt esser evers
falkenberg fassbender feldmann fellner fiedler finke flemming forster franke friedrichs fritsche
froehlich gebauer gebhardt gehrke geissler gerlach giese goebel gottschalk grabowski graefe
gramlich greiner grote gruber grunwald guenther gutmann haase habermann hackbarth hagemann hagen
hahnemann hallmann hamann hanke hansen harms hartmann hartwig hasenclever hauser heckmann
heidemann heilmann heinemann heinrichs heintze hellwig helmers hempel henkel hennig henschel
hentschel herrmann hertel herzberg hesse heuer hildebrandt hiller hinrichs hoffmann hofmeister
hollmann holtz hoppe huber ihle isenberg jacobi jacobsen jahnke janssen jeschke jessen joerges
juergens kaltenbach kaminski kampmann kasper kellermann kirchhoff kirchner kleinert klose koehler
koenig koepke kolbe kollmann kopp korff kowalski kramer kratz krause kremer kretschmer kreutzer
kroeger krueger kruse kuehn kuhlmann kuhn kunert kunkel kunze lachmann landgraf langhans
lauterbach lehmann lehnert leitner lenz liebermann lindemann lohmann lorenzen lueders luedtke
maier martens matthes meier meinecke meissner melzer menzel mertens michaelis michels mielke
moeller mohr mueller muench naumann neubauer neuhaus neumann niemann oberlander oehler ohlsen
opitz oppermann ostermann pauli paulsen petersen petzold pietsch plath pohl pohlmann prager preuss
probst raabe rademacher reichelt reimann reimers reinhardt reuter rieck riedel riemann roeder
rohde rosenthal rothe rudolph sauerland schaefer scheffler scherer schiller schlegel schlueter
schmitz schoenfeld scholz schrader schroeder schubert schuette schulte schulz schumacher schwab
seidel seifert siebert siemens sievers sommerfeld spengler stahlmann steffens stelter stenzel
stephan struve suhr tamm tessmer teubner thiele thiemann thoma thomsen tiedemann tietz timmermann
trautmann ullmann urbanek vogelsang volkmann vollmer wagenknecht waldmann wallner walther weidner
weinert weissenborn wendt wernicke wessel westphal wichmann wiedemann wiegand wiesner wilke willms
winkler wittmann woelfel wolff wuttke zeidler zeller ziemann zoellner
"""

FEMALE_ACCENTED = """
bärbel jördis käthe sünje zoë
"""

MALE_ACCENTED = """
björn götz günther jörg jörn jürgen rüdiger sören
"""

LAST_ACCENTED = """
böttcher dörr fröhlich förster größmann göbel günzel hübner jürgensen krämer kröger krüger köhler
köster kühn löffler lüdtke möller müller schröder schäfer schönfeld schütte
"""
