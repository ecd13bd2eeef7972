"""Frequent English first names and surnames that are no ordinary words. Data. Pure."""

from __future__ import annotations

FEMALE = """
abigail alison amanda amelia andrea anita annabel audrey barbara bethany brenda bridget carolyn
catherine charlotte cheryl chloe christine cynthia deborah denise diana donna dorothy edith eileen
elaine eleanor elizabeth emily emma erica evelyn fiona gillian hannah heather helen imogen isobel
jacqueline janet janice jennifer jessica joanna josephine joyce judith julia karen katherine
kathleen kimberly laura lauren leslie lorraine louise lucinda lydia madeleine margaret marilyn
maureen megan melanie melissa michelle miriam monica naomi natalie nicola nicole olivia pamela
patricia paula penelope phoebe phyllis priscilla rachel rebecca rosalind roxanne sandra sarah
shannon sharon sheila shirley sophie stephanie susan sylvia tabitha tamara teresa theresa tiffany
tracey valerie vanessa veronica vivian wendy winifred yvonne zoe
"""

MALE = """
adrian alan albert alexander alistair andrew anthony archibald arthur barnaby benedict benjamin
bernard bradley brendan brian bruce charles christopher clifford clive colin conrad craig damian
daniel darren david dennis derek desmond dominic donald douglas duncan dylan edmund edward edwin
elliot ernest ethan eugene fergus francis frederick gareth geoffrey george gerald gilbert gordon
graeme gregory harold henry herbert howard hugh humphrey ian isaac jacob james jeffrey jeremy
jerome jonathan joseph joshua keith kenneth kevin kieran lawrence leonard lewis malcolm marcus
martin matthew maurice michael nathan neville nicholas nigel owen patrick philip quentin ralph
raymond reginald richard robert roderick ronald rupert russell samuel sebastian stanley stephen
stuart terence theodore thomas timothy toby trevor vernon vincent walter wilfred william
"""

LAST = """
abernathy acheson addison alderton aldridge allenby allison anderson appleby arkwright armitage
arnold ashby ashcroft ashworth atherton atkinson attwood babcock bainbridge bancroft barclay
barlow barnett barrington bartlett bateman baxter beckett beckford bellamy bennett benson bentley
beresford billington blackburn blackwell blakely blenkinsop bowman bradbury bradshaw brampton
bramwell branson brennan brigham bromley buchanan buckley burgess burnett burrows burton caldwell
calloway campbell carlisle carmichael carrington cartwright chadwick chalmers chamberlain chapman
christie clayton clements clifton coleman collingwood compton connolly copeland cosgrove courtenay
coventry crawford crawley cromwell cummings cunningham dalton danvers davenport davidson dawson
delaney dempsey dennison devlin dickinson dobson donahue donaldson donnelly dorsey drummond dunbar
dunlop dunstan eastwood eccleston edgerton ellington ellison elsworth emerson enfield everett
fairbanks fairfax farnham farrell faulkner fenton ferguson fielding finch findlay fitzgerald
fitzpatrick foley forsyth fothergill fraser frobisher fulton galbraith gallagher garfield garland
garrett gibbons gibson gladstone goddard goodwin graham greenwood gresham griffiths grimshaw
hadley haldane halloway halsey hamilton hammond hampton hanley hargreaves harrington harrison
hartley hastings hathaway hawkins hawthorne hayward heathcote hemsley henderson hepburn hewitt
hibbert higgins hitchcock hobson hodgson holbrook holloway holmes honeycutt hopkins hornsby
houghton howarth hubbard hudson huntington hutchinson ingham ingram jackson jameson jamieson
jenkins jennings johnson johnston keating kellerman kendrick kennedy kensington kilbride kilgore
kingsley kirkland lambert lancaster langford langley latimer lawson leighton lennox lindsay
livingston lockhart lockwood lomax ludlow macdonald mackenzie maddox mansfield marlowe matthews
maxwell mccarthy mccormack mcgregor mcintyre mckenna meredith middleton milligan mitchell
montgomery morrison mortimer mulligan napier nelson newcombe newton nicholson norwood ogden
osborne oswald parkinson patterson pemberton pendleton perkins pickering prescott preston
pritchard quigley radcliffe rafferty ramsay ramsbottom reynolds richardson robertson robinson
rockwell rutherford sanderson saunders seymour shaughnessy sheffield shelby sheridan sherwood
simmons simpson sinclair somerville stafford standish stapleton stephenson stevenson stockton
stratton sullivan sutherland swanson templeton tennant thackeray thompson thornton townsend
trevelyan trumbull underwood vaughan wadsworth wainwright wakefield wallace walsh warburton
watkins watson weatherby webster wellington wentworth westbrook wetherell whitaker whitfield
whitman whittington wilkinson williamson willoughby wilson winchester windham winslow winthrop
woodbridge woodward worthington wyndham
"""

FEMALE_ACCENTED = """
chloë renée siân zoë
"""

MALE_ACCENTED = """
andré ciarán rené seán
"""

LAST_ACCENTED = """
brontë
"""
