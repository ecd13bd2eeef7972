"""First names that are known by their gender and that no stand-in bears. Data. Pure.

They are words of prose too, or short, or of other languages than the product's seven.
"""

from __future__ import annotations

FEMALE = """
abby ada adele agnieszka aisha alba aleksandra alexa allegra amber amina amy ana anastasia anais
angela angie ann anna anne anya april ashley asuncion aurora ava aylin ayse azucena bea becky bella
beth betty bianca blanca bonnie britta bruna candy caridad carol cathy celeste charity clara
concepcion conceicao daisy dawn deborah diletta dolly dolores donatella eden elena ella ellie elsa
elsie emine encarnacion esmeralda estela eva eve ewa faith fatima fatma fay fleur florence franca
gail gaia gloria grace greta guadalupe gwen hailey hatice hazel heidi hettie holly hope ida inga
ingeborg inmaculada irina iris isla ivy jade jan jane jasmine jelena jenny jill jo joan jodie joy
june kate kathy katie kay kristina layla lea leila lena letizia lia lieke lily lin lina lise liv
lizzie lola lotte lourdes lucy luz lynn mabel mae maggie maja malgorzata mara margherita maria
marie marina mary maya mercedes mia milagros milena millie molly mona nancy natasha neha nell nieves
nina noor nora norma oksana olena olga olive olivia olympia paige paloma pat patience pearl peggy
perla petunia pilar pippa poppy priya roisin romy ronja rosa rose rosario rosie ruby ruth sadie
sally savannah serena sheena shreya sienna signe silke sofie soledad stella sue summer sunita
svetlana tanya tara tess tessa tilda tina tracy trinidad una uma vera vicky victoria viola violet
yasmin yuki zainab zara zeynep zofia
"""

MALE = """
aad aaron abdul abdullah abel adam ahmad ahmed akira alan alejo aleksander alex alexei ali alois
amir andrei andrzej anders angel anibal ben bas bart barry bill billy bilal blaise bo bob bobby
bogdan bram brent brett bruno bryan callum carl casimir cem cesar chad chuck clark claus cliff cor
cristovao curt daan dale dan dave dean deepak dick dion dirk dmitri domingo don doug drew earl ed
eddie elias eli elmer emre erik erkan euan ewan felipe felix ferry fidel finn fred frank franz
frans friso fritz gary gaspar gavin gene german gil glen grant gunter gus guy hank hans hao hassan
harm harry hein heinz hiroshi hussein ibrahim igor ilya ivan ivo jack jake jamal jan jason jay jeff
jerry jesus jim jimmy jin joe joel john johnny jon jonas jordan jose josh juan julio justin kai
karel karl karim kemal ken kenta khalid kurt kyle lance larry lee len leo leon leroy levi liam
lloyd logan lou louis luc lucas luke magnus mahmoud marc marco marek mark marko markus mats matt
max mehmet mick miguel mike mikhail milan milo mohamed mohammad mohammed moises morgan muhammad
murat mustafa narciso ned neil nick nico nikolai noah noel octave oleg omar oscar osman otis otto
owen pascual pascal paul pavel pawel pedro pete phil piet pim piotr pip primo rafael rahul raj
rajesh ralph randy ravi ray raymond reg remo rex rhys rick rik rob rod roger roman ron ross roy
rui ryan sam samir sanjay salvador santiago scott sean seb selim sergei sergej seth shane shaun
sid silvestre sunil sven takashi tariq ted theo tim timur toby todd tom tomasz tommy ton tony tyler
vijay vikram victor vince vincent vlad vladimir wade walt ward warren wayne will wim wojciech
yusuf yuri zach
"""

BOTH = """
alexis andrea angel chris dominique casey charlie claude jackie jamie jean jesse kelly kim leslie
morgan nicola pat robin sacha sascha sam sandy sidney simone taylor
"""
