"""Frequent function words of languages in Latin script. Data. Pure."""

from __future__ import annotations

FUNCTION_WORDS: dict[str, str] = {
    "en": """
    the of and to in is was for on just like get got know see one time now today new love good
    that with as by it at from be this are or an which you not have his her they has were been
    their but had will would can our your we he she my if please who when about there what all
    more no so than its into him them out up i me do did
    """,
    "de": """
    der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an
    werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war
    haben nur oder aber vor zur bis mehr durch man sein wurde ich wir ihr ihre unter wenn kann
    bitte mein uns mich mir du was
    """,
    "fr": """
    le la les de des du et à en un une est que qui dans pour par sur au aux avec ce il elle ne pas
    se son sa ses plus ou été sont cette ces mais nous vous je leur comme tout fait deux même être
    a ont aussi bien très où si on y merci d l qu c n s j mon ma mes votre notre
    """,
    "es": """
    el la los las de del y en que un una es por con para se no su al lo como más pero sus le ya o
    este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos
    durante todos uno les ni contra otros ese eso ante ellos e esto mi fue ha son está años tiene
    """,
    "it": """
    il lo la i gli le di del della dei delle e che in un una è per con non si da al alla nel nella
    sono come più anche ma ha ho suo sua o se dal dalla ai questo questa mi ci essere stato tra
    fra sul sulla degli ed dell nell all l c hanno era molto cui dopo quando perché io tutti
    """,
    "nl": """
    de het een van en in is op te dat die voor met zijn niet aan er om ook als dan maar bij uit
    nog naar door over ze ik je we hij werd wordt worden heeft had hebben deze dit kan was tot
    geen wel mijn onze uw meer hun haar al of zo moet veel waar alle jaar tegen
    """,
    "pt": """
    o a os as de do da dos das e em no na nos nas um uma que é para por com não se ao à mais como
    mas foi sua seu ou ser quando muito há já está eu também só pelo pela até isso ela entre era
    depois sem mesmo aos ter seus quem me esse eles são você tem foram pelos às num numa minha meu
    """,
    "pl": """
    i w na z się do nie że jest to o jak po za od dla przez ale przy oraz czy tak już był była
    było są ma może także tylko które który która jego jej ich co tym tego te być we ze pod bardzo
    jako gdy lub roku został mnie mi pan pani proszę
    """,
    "sv": """
    och i att det som en på är av för med den till inte har de ett om var jag men sig så vi från
    vid han hon kan när ska skulle också efter eller nu under vara mycket där denna detta mot hade
    alla sin sina bara över blev blir hans vad år ni du mig många honom henne ner upp alltid
    aldrig kunde ville måste själv hur igen gick kom sade dels något några ingen
    """,
    "da": """
    og i at det som en på er af for med den til ikke har de et om var jeg men sig så vi fra ved
    han hun kan når skal også efter eller nu under være meget der denne dette mod havde alle sin
    sine kun over blev bliver hans hvad år du mig mange blevet fordi ud ind mere jer ham hende ned
    op altid aldrig kunne ville måtte selv hvor hvordan hvis igen gik kom sagde dels noget nogle
    ingen
    """,
    "no": """
    og i at det som en på er av for med den til ikke har de et om var jeg men seg så vi fra ved
    han hun kan når skal også etter eller nå under være mye der denne dette mot hadde alle sin
    sine bare over ble blir hans hva år du meg mange blitt fordi ut inn mer dere ham henne ned opp
    alltid aldri kunne ville måtte selv hvor hvordan hvis igjen gikk kom sa dels noe noen ingen
    """,
    "cs": """
    a v se na je že s z do o k i to ve pro za by jako po který ale si od co jsou jeho které při až
    bylo byl byla jsem jen podle už tak není však také aby být roku ze má mezi nebo jak než mu ji
    její kde před jsme ještě toho své ten této svou děkuji prosím
    """,
    "sk": """
    a v sa na je že s z do o k i to vo pre za by ako po ktorý ale si od čo sú jeho ktoré pri až
    bolo bol bola som len podľa už tak nie však tiež aby byť roku zo má medzi alebo než mu ju jej
    kde pred sme ešte toho svoje ten tejto ktorá ďakujem prosím aj keď
    """,
    "ro": """
    și în de la a cu pe nu că un o din mai se este care pentru sunt ce au ca fi să prin sau dar al
    ale lui am fost după era fără foarte lor sa său până când aceasta acest această despre le i si
    sint între unui unei dacă mi te îl va vă
    """,
    "hu": """
    a az és hogy nem is egy ez van meg volt de csak mint már még ha kell el lehet vagy után azt
    minden aki pedig nagyon ki be fel mert ezt én ő mi ti ők sem majd több magyar szerint lesz
    köszönöm kérem amely illetve között való
    """,
    "tr": """
    ve bir bu da de için ile çok daha ne gibi kadar olan o ama olarak var en sonra ben mi her
    değil olduğu ya iki ise şey sen biz siz onlar göre önce bana oldu yok kendi büyük veya şu ki
    üzere ancak lütfen tarafından
    """,
    "fi": """
    ja on ei se että oli hän en ole mutta kun ovat myös kuin niin tai jos joka sen mitä minä sitä
    nyt olen olla hänen jo vain ne mukaan vielä jälkeen mies sinä me te he tämä tässä siitä sekä
    voi jotka kiitos ollut
    """,
    "vi": """
    và của là có trong cho không được với một các những người này đã khi để từ đến ra về như tôi
    bạn nhiều cũng vào ở tại sẽ theo năm trên đó nhưng lại anh chị ông bà số hoặc nếu
    """,
    "id": """
    yang dan di dengan untuk dari ini itu pada tidak adalah dalam akan ke oleh juga saya sebagai
    telah bisa ada atau karena kami anda kita mereka dia lebih sudah dapat seperti bahwa tersebut
    secara orang hanya belum masih harus tahun
    """,
}
"""Some fifty words a language; a word of several languages counts for less."""

LETTERS: dict[str, str] = {
    "de": "ß", "es": "ñ¿¡", "pt": "ãõ", "pl": "łęąśżźń", "cs": "řěůťň", "sk": "ľĺŕťäôň",
    "ro": "șțăţ", "hu": "őű", "tr": "ığş", "fr": "œ", "da": "æ", "no": "æ", "sv": "ä", "it": "òì",
    "vi": "ơưđạảấầậắằặẹẻẽếềệọỏốồộớờợụủứừựỳỹ",
}  # fmt: skip
"""Letters that few other languages have."""

ENDINGS: dict[str, tuple[str, ...]] = {
    "da": ("tion", "øj", "ej ", "ede ", "lige ", "hed ", "erne "),
    "no": ("sjon", "øy", "ei ", "ene ", "het ", "elig "),
    "sv": ("tion", "arna ", "het ", "ade ", "orna "),
    "fi": ("ssa ", "lla ", "sta ", "een ", "nen ", "aan ", "ksi ", "uu", "ää", "yy"),
    "sk": ("ého ", "ého,", "ej ", "ou ", "cia ", "osť", "ť "),
    "cs": ("ého ", "ích ", "ou ", "ství", "ost ", "ní "),
    "hu": ("ok ", "ek ", "ban ", "ben ", "nak ", "nek ", "sz", "gy"),
    "tr": ("lar ", "ler ", "nda ", "nde ", "yor", "mak ", "mek ", "dır", "nın ", "nin "),
    "id": ("kan ", "nya ", "an ", " meng", " ber", " pem"),
    "en": ("ing ", "tion ", "'s "),
    "de": ("ung ", "en ", "sch", "ich"),
    "nl": ("ij", "aa", "oe", "sch"),
    "pt": ("ção", "ções", "nh", "lh"),
    "es": ("ción", "ciones", "ll", "ñ"),
    "it": ("zione", "zioni", "gli", "tà "),
    "fr": ("eux ", "eau", " d'", " l'", "qu'", " d’", " l’"),
    "pl": ("rz", "cz", "sz", "ego ", "owa", "nia "),
    "ro": ("ului ", "ilor ", "ește", "ție", "ul "),
}
"""Ways in which words end or are spelled that point to a language, weakly."""
