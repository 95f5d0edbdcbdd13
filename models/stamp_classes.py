"""The stamps of Tux Paint that show an ImageNet class: cut-outs of photographs and drawings after nature.

A stamp is here where its description or its name is a name of the class; cartoons are left out, and three whose name
means something else (a mouse that is no computer's, a ribbon's bow, a road sign).
"""

CLASSES = {
    name: int(number)
    for name, _, number in (
        entry.partition("=")
        for entry in """
animals/birds/drake=97 animals/birds/hen=8 animals/birds/magpie=18 animals/birds/ostrich=9 animals/birds/peacock=84
animals/birds/pelican=144 animals/birds/tucan=96 animals/birds/vulture=23 animals/fish/lionfish=396
animals/insects/bee=309 animals/insects/fly=308 animals/insects/grasshopper=311 animals/insects/mantis=315
animals/lizards/iguana=39 animals/mammals/apes/chimp=367 animals/mammals/apes/gorilla=366
animals/mammals/aquatic/orca=148 animals/mammals/aquatic/otter=360 animals/mammals/aquatic/sea_lion=150
animals/mammals/badger=362 animals/mammals/bovines/bison=347 animals/mammals/bovines/ram=348
animals/mammals/camel/dromedary=354 animals/mammals/cats/lion-2=291 animals/mammals/cats/lion=291
animals/mammals/cats/tiger=292 animals/mammals/dogs/dingo=273 animals/mammals/echidna=102
animals/mammals/equines/zebra=340 animals/mammals/ferret=359 animals/mammals/hedgehog=334
animals/mammals/hippopotamus=344 animals/mammals/pig=341 animals/mammals/rodents/beaver=337
animals/mammals/rodents/marmot=336 animals/marsupials/koala=105 animals/marsupials/wombat=106
clothes/hats/sombrero=808 clothes/t_sock=806 food/fruit/Strawberry2=949 food/fruit/banana=954 food/fruit/lemon=951
food/fruit/orange=950 food/fruit/pineapple=953 food/fruit/pomegranate=957 food/fruit/strawberry=949 food/pizza=963
food/vegetables/broccoli=937 food/vegetables/corn=987 food/vegetables/mushroom=947 hobbies/binoculars=447
hobbies/music/brass/trumpet=513 hobbies/music/string/cello=486 hobbies/music/string/guitar2=546
hobbies/music/string/guitar_electric=546 hobbies/music/string/violin=889 hobbies/music/wind/bassoon=432
household/dishes/teapot=849 household/tools/hammer=587 medical/stethoscope=823 medical/syringe=845 seasonal/candle=470
seasonal/christmas/stocking=496 seasonal/hanukkah/holiday_candle=470 sports/basketball=430 sports/soccer=805
sports/tennis_ball=852 town/usps_mailbox=637 vehicles/auto/sportscar2=817 vehicles/auto/truck=717
vehicles/emergency/firetruck=555 vehicles/flight/balloon360=417 vehicles/garbagetruck=569 vehicles/race/indycar=751
""".split()
    )
}
"""Path below the folder of stamps, without its ending -> index of the class among the 1000."""
