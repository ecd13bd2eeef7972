"""Common first names of English, German, French, Spanish, Italian, Portuguese and Dutch. Pure.

A short list, written by hand: it only has to tell "Anna Schmidt" from "Annual Report". Names
that are rare, or that are found by what stands around them, need not be here.
"""

from __future__ import annotations

import unicodedata
from itertools import filterfalse

FIRST_NAMES: frozenset[str] = frozenset(
    """
    aaron abigail adam adrian agnes aidan alan albert alberto aldo alejandra alejandro alessandra
    alessandro alex alexander alexandra alexandre alexis alfonso alfred alfredo alice alicia alison
    amanda amber amelia amelie amy ana anders andre andrea andreas andrés andrew angela angelo
    anita anja anke ann anna anne annette annika antje anton antonia antonio antónio ariane armin
    arnaud arthur arturo ashley astrid audrey aurélie axel barbara bart bas beatrice beatriz ben
    benedikt benjamin benoît bernard bernd bernhard bert bettina beth betty bianca birgit björn
    bob boris brad bram brandon brenda brian brigitte britta brittany bruno bryan caitlin camila
    camille carl carla carlo carlos carmen carol carolina caroline caroline carsten catarina
    catherine cathy cécile cecilia chantal charles charlie charlotte chiara chloe chloé chris
    christa christel christian christiane christina christine christoph christophe christopher
    cindy claire clara claude claudia claudio claus clemens colin concetta connor corinna craig
    cristian cristiano cristina curtis cynthia daan dagmar damien dan daniel daniela daniele
    danielle daphne darren dave david davide debbie deborah debra denis denise dennis derek diana
    diane diego dieter dietmar dirk dolores dominic dominik dominique donald donna doris dorothea
    dorothy doug douglas duarte dylan eberhard edith eduardo edward edwin eileen elaine elena
    elisa elisabeth elise elizabeth elke ellen elliot emil emilia emilie emilio emily emma
    emmanuel enrico enrique eric erica erich erik erika ernst esther ethan eugene eva evan evelyn
    fabian fabio fabrice federica federico felicia felipe felix fernanda fernando filipe filippo
    fiona florian frances francesca francesco francis francisca francisco franck franco françois
    françoise frank franz fred frederic frédéric friedrich fritz gabriel gabriela gabriele
    gabriella gabrielle gareth gary geert geoffrey georg george georges gérard gerd gerhard gertrud
    gianluca gianni gilles gina giorgio giovanna giovanni gisela giulia giuseppe gloria gonzalo
    gordon graham greg gregor gregory greta guido guillaume guillermo günter günther gustavo guy
    hanna hannah hannelore hannes hans harald harold harry hartmut heather hector heidi heike
    heiko heinrich heinz helen helena helene helga helmut hendrik henk henri henry herbert hermann
    hilda holger horst howard hubert hugo ian ignacio ilse ines inés inge ingeborg ingo ingrid
    irene iris irma isaac isabel isabella isabelle ivan jack jacob jacqueline jacques jaime jake
    jakob james jamie jan jana jane janet janice janine jasmin jasmine jason javier jean jeanne
    jeff jeffrey jennifer jens jeremy jerry jesse jessica jesús jill jim jimmy joan joana joanna
    joão joaquín joachim jochen joe joel johan johann johanna johannes john jonas jonathan
    jörg jorge joris josé josef joseph joshua josephine juan juana judith judy julia julian juliana
    julie julien juliette jürgen justin jutta karen karin karina karl karl-heinz karla karsten
    kate katharina katherine kathleen kathrin kathryn kathy katie katja katrin kay keith kelly ken
    kenneth kerstin kevin kim kimberly klara klaus konrad kristen kristin kristina kurt kyle lara
    larissa larry lars laura lauren laurence laurent laurie lea leah lena leo leon leonardo leonie
    leslie leticia lieke lily linda lisa liz lorena lorenzo louis louise luc luca lucas lucia
    lucía luciana luciano lucie lucy ludwig luis luisa luís luigi luiz lukas luke lydia maarten
    magdalena maja manfred manon manuel manuela mara marc marcel marcelo marco marcos marcus
    margaret margarida margarita margit margot maria maría marian mariana marianne marie mariette
    marija marika marina mario marion marisa mark marko markus marlene marlies marta martha martin
    martina martine marvin mary massimo mateo mathias mathieu mathilde matilde matt matteo
    matthew matthias mattia maureen maurice mauricio maurizio max maximilian megan melanie melissa
    mercedes michael michaela michel michela michele michelle miguel mike milan mireille miriam
    mohamed mohammed monica monika monique moritz muhammad nadia nadine nancy natalia natalie
    natasha nathalie nathan nicholas nick nico nicola nicolas nicole niels niklas nina noah noel
    nora norbert norma nuno olaf oliver olivia olivier oscar oskar otto pablo paola paolo pascal
    patrice patricia patrick patrizia paul paula pauline paulo pedro peggy peter petra phil
    philip philipp philippe phillip pia pierre pieter pietro rachel rafael rainer ralf ralph ramon
    ramón randy raphael raquel raul raúl raymond rebecca regina reinhard renate rené renata
    riccardo ricardo richard rick rita rob robert roberta roberto robin rodrigo roger roland rolf
    roman ron ronald rosa rosemarie roxane roy rubén rudolf rui russell ruth ryan sabine sabrina
    salvatore sam samantha samuel sandra sandrine santiago sara sarah sascha scott sean sebastian
    sébastien sergio shannon sharon sheila silke silvia silvio simon simona simone sofia sofía
    sonia sonja sophia sophie stacy stefan stefanie stefania stefano steffen stephan stephane
    stéphane stephanie stephen steve steven stuart susan susana susanne suzanne sven svenja
    sylvia sylvie tamara tania tanja tatiana ted teresa terry thea theo theodor theresa thérèse
    thierry thijs thilo thomas tiago tiffany tim timo timothy tina tino tobias todd tom tommaso
    tony torsten tracy travis trevor tyler udo ulrich ulrike ursula uta ute uwe valentina
    valentin valeria valérie vanessa vera verena veronica véronique vicente victor vincent
    vincenzo virginia virginie viviane volker walter waltraud wanda wayne wendy werner wilhelm
    willem william winfried wolf wolfgang xavier yann yannick yolanda yves yvonne zoe
    bill brooke chase dawn drew faith florence frank grace hope hunter joy june may paige pat
    patience rose rich sue sydney victoria violet will jordan madison mason taylor
    anthony bradley billy bobby bruce bryce callum chad clarence clive cody craig dale dalton dean
    derrick dustin dwayne earl eddie elijah elmer ernest eugene fernando floyd garry gavin gerald
    gilbert glen glenn harvey hayden howard ismail ivor jared jay jeffery jimmie jon jose juan
    julius lance lawrence lee leo leroy lester levi lewis liam lloyd logan luther malcolm marcus
    mario melvin mitchell morgan nathaniel neil nigel norman oscar otis owen perry philip preston
    quentin ralph reginald rhys rodney roderick ross roy russell samir seth shane shaun shawn
    sidney simon spencer stanley stewart stuart theodore toby travis troy vernon wade wallace
    warren wesley willie wyatt zachary adele alma annabel april ashleigh audrey beatrix bernadette
    bernice beth bethany beverly bonnie candace carly carolyn carrie cassandra charlene chelsea
    cheryl colleen constance courtney crystal daisy darlene debra della dolly donna eleanor elsie
    erin estelle eve fay gail gemma georgia georgina geraldine gertrude gillian gladys glenda gwen
    hailey hayley hazel hollie holly ivy jackie jade jan jeannette jenna jenny jill joanne jodie
    josie joyce kara karla kathy kayla kayleigh kelsey kirsty kristy latoya leanne leila lesley
    lillian lois loretta lori lorraine louisa lucille lynn lynne mabel madeleine maggie marcia
    marilyn marjorie maxine melinda mia mildred millie miranda molly monique muriel myra nadine
    naomi natasha nellie nikki norma olga paige pamela pearl penelope penny phyllis polly poppy
    priscilla ramona renee rhonda robyn rosalind rosemary roxanne sadie sally savannah selina
    shelley shirley sonia stacey stella summer suzanne tabitha tamara tara teresa thelma tiffany
    tracey tricia valerie vera vicky vivian wilma yvette zara
    aisha ahmad ahmed ali amina amir ayesha bilal fatima farah hamza hasan hassan huda hussein
    ibrahim jamal karim khalid khalil layla leyla mahmoud malik mariam mohammad mona mustafa nadia
    noor nur omar osman rashid said salim samira sara tariq yasmin yusuf youssef zainab abdul
    abdullah ayşe ayse cem elif emine emre erkan fatma hakan hatice huseyin kemal mehmet murat
    özlem selim serkan sibel yasemin zeynep amit anil anita anjali arjun arun ashok deepa deepak
    divya gita kavita kiran krishna lakshmi manish meena mohan neha nikhil nisha pooja prakash
    pradeep priya rahul raj rajesh rakesh ravi rohan rohit sanjay shreya sunil sunita suresh vijay
    vikram agnieszka aleksandra alexei anastasia andrei andrzej anya bogdan boris dmitri dmitry
    dragan ewa goran grzegorz igor irina ivana jelena joanna katarzyna krzysztof ludmila
    magdalena malgorzata marek marta michal mikhail milena milos natalia nikola nikolai oksana
    oleg olena pavel pawel petr piotr sergei svetlana tatiana tomasz vladimir wojciech yuri zofia
    akira chen haruto hiroshi jing kenji kenta li mei min ming naoko satoshi takashi wei xiao yan
    yuki yuko aino antti eero juha kaisa matti mikko päivi pekka sari timo ville aase agneta
    anders anneli arne bengt bjarne bo einar erling eskil freja gunnar gustav håkan helle ingrid
    jakob jesper kirsten knud lars leif magnus mette morten ole oskar per rasmus rune signe sigrid
    søren sven tore torben ulf viktor
    """.split()
)


def _plain(name: str) -> str:
    return "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFD", name)))


_PLAIN = frozenset(_plain(name) for name in FIRST_NAMES) | FIRST_NAMES


def is_first_name(word: str) -> bool:
    """Whether a lower-cased word is a listed first name, with or without its accents."""
    return word in _PLAIN or (not word.isascii() and _plain(word) in _PLAIN)


def first_names(words: frozenset[str]) -> set[str]:
    """The listed first names among lower-cased words, with or without their accents."""
    accented = list(filterfalse(str.isascii, words))
    # All at once, since most are none: a line break joins with no mark.
    bare = _bare("\n".join(accented)).split("\n")
    may_be = [word for word, bare in zip(accented, bare, strict=False) if bare in _BARE]
    return set(filter(is_first_name, may_be)) | words & _PLAIN


def _bare(name: str) -> str:
    return unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()


_BARE = frozenset(map(_bare, _PLAIN))
