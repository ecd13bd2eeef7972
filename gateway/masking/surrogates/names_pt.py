"""Frequent Portuguese first names and surnames that are no ordinary words. Data. Pure."""

from __future__ import annotations

FEMALE = """
adelaide adelia adriana agatha alessandra alexandra alice aline amalia amanda amelia anabela
andreia angelica anita antonia aparecida barbara beatriz benedita berenice bernadete brenda camila
carina carla carlota carmen cassandra catarina cecilia celia celina claudia cleide cristiana
cristina daniela debora denise diana edite eduarda elaine elena eliana elisa elisabete elvira elza
emilia erica ermelinda ester etelvina eugenia fabiana felicia fernanda filipa filomena flavia
florbela francisca gabriela giovana gisela graziela guilhermina guiomar helena heloisa henriqueta
iara ilda ines ingrid iolanda isabel isadora isaura ivone jacinta jaqueline jessica joana jordana
josefa judite julia juliana laura lavinia leila leonor leticia lidia ligia lilian liliana lorena
lucia luciana ludmila luisa luiza luzia madalena mafalda magda manuela marcela marcia margarida
mariana marisa marlene marta matilde mayara melissa micaela milena mirela miriam monica natalia
nathalia nicole noemia olivia patricia paula priscila rafaela raquel rebeca regina renata rita
roberta rosalina rosangela sabrina samanta sandra sara silvana silvia simone sofia sonia suelen
susana tainara tamara tania tatiana teresa teresinha tereza ursula valentina valeria vanessa vania
veronica viviane yasmin zelia zulmira
"""

MALE = """
abilio adalberto adelino adolfo adriano alberto alcides alexandre alfredo aloisio altair alvaro
amadeu amandio americo anacleto anderson andre antonio aristides arlindo armando armindo arnaldo
augusto baltazar bartolomeu belmiro bernardino bernardo caetano caio camilo carlos cicero claudio
cristiano damiao daniel danilo dario david denis diego dinis diogo duarte durval edgar edmundo
edson eduardo eliseu emanuel emilio erico ernesto estevao eugenio eurico evandro everton ezequiel
fabiano fabio fabricio fernando fernao filipe flavio floriano francisco frederico gabriel gastao
geraldo germano gerson gilberto gilmar gilson giovani goncalo gregorio guilherme gustavo heitor
helio henrique herculano hermes horacio hugo humberto icaro igor ilidio inacio isaac isidoro
ismael ivan jaime januario jefferson jeronimo jesuino joao joaquim joel jonas jonatas josue
juliano juvenal laercio leandro leonardo leopoldo lisandro lourenco luciano luis luiz manuel
marcelo mariano mario martim mateus mauricio mauro maximiano miguel murilo nataniel nelio nelson
nicolau nilton norberto nuno oliverio orlando osvaldo otavio ovidio pablo paulo pedro plinio
quintino rafael raimundo ramiro raul reginaldo reinaldo renan renato ricardo roberto rodolfo
rodrigo rogerio romulo ronaldo rubem ruben samuel sandro saul sebastiao sergio silvio simao
teodoro teofilo tiago tobias ubirajara valdemar valdir valter venancio vinicius virgilio vitor
vladimir wallace wesley william wilson zacarias
"""

LAST = """
abecasis aboim abranches acciaiuoli alarcao albuquerque alcantara alcoforado aleixo
alencar almeida almeidinha almeirim alpoim alvarenga alvares alves alvim amarante amorim amzalak
andrada andrade antunes aquino araujo arouca arriaga ascensao avelino azeredo azevedo bacelar
baeta balsemao bandarra baptista barbuda barcelos beirao beltrao benevides bensaude berenguer
bernardes bessa bettencourt bezerra bicudo bittencourt bivar bonifacio botelho botto braamcamp
bragadas brochado burnay cachapuz cadaval camacho camargo camarinha caminha canavarro cantanhede
cantinho capucho cardim cardozo carqueja carrilho carvalhosa castanhede castilho catarino
cavalcante cavalcanti cerqueira cerveira cesario chambel champalimaud cordovil corte-real cortez
coruche coutinho dalmeida damasceno diniz domingues drummond escobar esteves fagundes
felgueiras fernandes ferrao ferreira feteira fialho figueiredo figueiroa figueroa florencio
fonseca froes gadelha galhardo gamboa garcia geraldes godins godoi godoy gomes goncalves gonzaga
goulart gouveia guedelha guedes guimaraes gusmao guterres henriques hipolito lacerda lamego leiria
lencastre leonardes liberato linhares lins lobao lopes louzada macena maciel mafra magalhaes
magrico malafaia mamede marcelino marcondes marinho marreiros martinez martinho martins
mascarenhas medeiros meira meireles menano mendes mendonca meneses menezes mergulhao
mexia milhazes moniz montenegro morato moreira moscoso mourao mourinho murteira nabuco napoleao
nazareth negrao negreiros nunes ochoa oliveira ornelas osorio pacheco palmeirim paranhos pascoal
pedrosa pedroso penaforte peres perestrello perestrelo pessanha pitta povoas
proenca queiroga queiros queiroz quelhas rabello rabelo rainho raminhos ramires rebocho reboredo
reimao ribeirinho roboredo rodrigues roldao roquete sabrosa saldanha salema sanches sanhudo semedo
sequeira seruya severiano simas simoes siqueira soeiro sottomayor sousa souza taborda tamagnini
tavora teives teixeira teles telles temudo tinoco trancoso vahia valadao valadas valdevez
valdez varejao varela vasconcellos vasconcelos vasques vaz velasco velez verissimo viegas vilaca
vilarinho vilas-boas vilela vilhena vitorino zilhao zuzarte
"""

FEMALE_ACCENTED = """
débora inês júlia letícia lúcia mónica sónia verónica érica
"""

MALE_ACCENTED = """
andré antónio cláudio estêvão flávio fábio gonçalo inácio jerónimo joão lourenço luís maurício
mário sebastião simão sérgio vítor álvaro
"""

LAST_ACCENTED = """
araújo gonçalves guimarães magalhães mendonça mourão simões vilaça
"""
