"""Frequent French first names and surnames that are no ordinary words. Data. Pure."""

from __future__ import annotations

FEMALE = """
adeline agathe alexandra alice aline amandine anabelle anais angelique anne-sophie annick
antoinette ariane armelle astrid audrey aurelie axelle beatrice benedicte bernadette brigitte
camille carine carole caroline catherine cecile celine chantal charlene charlotte christelle
christiane christine claire clarisse claudine clemence clementine colette coralie corinne cyrielle
daniele delphine denise diane dorothee edith eleonore eliane elisa elisabeth elise elodie eloise
emeline emilie emmanuelle estelle eugenie evelyne fabienne fanny florence francine francoise
gabrielle genevieve georgette geraldine ghislaine ginette gwenaelle helene henriette huguette ines
isabelle jacqueline jeannine jocelyne josephine josette josiane juliette justine karine laetitia
laure laurence leonie liliane lorraine louise lucie lucienne madeleine magali margaux margot
marguerite marianne marielle marion marlene martine maryse mathilde maud melanie melissa micheline
mireille monique morgane muriel myriam nadege nadine nathalie nicole noemie odette odile pascale
patricia paulette pauline perrine raymonde regine romane sabine sandrine severine simone solene
sophie stephanie suzanne sylvie therese valentine valerie veronique virginie viviane yolande
yvette
"""

MALE = """
adrien alain albert alexandre alexis alphonse ambroise anatole andre antoine antonin armand arnaud
arthur aubin augustin aurelien baptiste barthelemy bastien baudouin benjamin benoit bernard
bertrand boris charles christian christophe clement corentin cyril cyrille damien daniel david
denis didier dimitri dorian edgar edmond edouard emile emmanuel enzo eric ernest etienne eugene
fabien fabrice ferdinand fernand florent florian francis franck francois frederic gabriel gael
gaetan gaspard gaston gauthier georges gerard ghislain gilbert gilles gregoire guillaume gustave
henri herve honore hubert hugo jacques jean-claude jean-luc jean-marc jean-paul jean-pierre
jeremie jerome joachim joel jonathan joseph julien laurent leandre leon leonard leopold lionel
loic louis lucien ludovic marcel marius martin mathieu mathis maurice maxence maxime michel
mickael nathan nicolas olivier pascal patrice patrick paul philippe pierrick quentin raoul raphael
raymond remi renaud rene robert rodolphe roger roland samuel sebastien stanislas stephane sylvain
theodore theophile thibault thierry thomas timothee tristan valentin vincent william yann yannick
yves yvon
"""

LAST = """
abadie alary allain allard alvarez andrieu andrieux arnoux aubert aubry audibert auffret auger
baillet bardet bardin baudry bazin beaufils beaumont bedard belanger belin bellanger benard berard
bernier berthelot berthier bertin besnard bigot blanchard blanchet blondel bodin bonneau bonnin
boudet bourdon bousquet boutin bouvet bouvier boyer briand brossard bruneau brunel brunet calvet
capelle cardon carlier caron carpentier carre castel cauchois chabert chapuis charlot charrier
chauvet chevallier colas costes coudray coulon daniau dautry debray decourcelle defrance delahaye
delaunay delmas delorme denizot descamps devaux dubois dubreuil duchemin duchesne ducros dufour
dufresne duhamel dujardin dulac dumas dumont dupin dupont duprat dupre dupuis dupuy durand duval
esteve evrard fabre faivre faucher favier favre ferrand fontenay foucault foucher fouquet fourcade
garnier gaubert gaudin gautier gendron geoffroy gerbault gibert gillet girard godard godefroy
gosselin goujon guerin guibert guichard guillard guillemin guillet guillon guillot guyot hamel
hamelin hardouin hebert hebrard herault herbin hernot hoarau huet humbert imbert jacob jacquemin
jamet janin jaubert joubert jouve labbe laborde lagarde lambert latour launay lebreton leclerc
leclercq lecomte leconte lecoq lefebvre lefevre lefort legendre legros lelievre lemaitre lemoine
leroux leroy lesage leveque levy lopez magnier mallet marquet martineau masson massot mauger
maurel maury menard merle meyer michaud michelet monnier monteil morand moreau morel morin morvan
muller noiret normand ollivier pasquier payet pelissier perrier perrin perrot petitjean peyre
pierron pouget prevost prigent pruvost quere raynaud regnault regnier remy renault reynaud richard
rigaud robin rodier rousset ruiz sabatier samson schmitt seguin simonet tanguy tardieu teissier
terrier tessier texier thiery tissot traore trouillet vannier vasseur vernet viard weber
"""

FEMALE_ACCENTED = """
adélaïde aurélie béatrice bénédicte clémence cécile céline françoise geneviève hélène léonie
mélanie noémie solène stéphanie séverine thérèse valérie véronique élodie éloïse émilie
"""

MALE_ACCENTED = """
andré aurélien clément frédéric gaël grégoire gérard hervé joël jérémie jérôme loïc léon mickaël
raphaël rémi stéphane sébastien édouard émile érwan étienne
"""

LAST_ACCENTED = """
bélanger béranger bérard fabrègue guérin hébert lefèvre lemaître lévêque ménard prévôt rémond
sévérac thévenet
"""
