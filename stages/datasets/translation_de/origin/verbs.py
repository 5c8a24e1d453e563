"""The verbs of the built-in source of `translation_de`, by the kind of what goes with them (ACTS in patterns.py).

English: base, third person, -ing, participle. German: third person singular and plural, participle, the part that goes
to the end of a clause, `sich`.
"""

from stages.texts.synchronous import word_list

TRANSITIVE = word_list("""
kind | en | third | ing | past | sg | pl | part | off
hold | hold | holds | holding | held | hält | halten | gehalten |
hold | carry | carries | carrying | carried | trägt | tragen | getragen |
hold | look at | looks at | looking at | looked at | sieht | sehen | gesehen | an
hold | touch | touches | touching | touched | berührt | berühren | berührt |
handle | pick up | picks up | picking up | picked up | hebt | heben | gehoben | auf
handle | throw away | throws away | throwing away | thrown away | wirft | werfen | geworfen | weg
handle | put away | puts away | putting away | put away | räumt | räumen | geräumt | weg
handle | photograph | photographs | photographing | photographed | fotografiert | fotografieren | fotografiert |
handle | draw | draws | drawing | drawn | zeichnet | zeichnen | gezeichnet |
handle | clean | cleans | cleaning | cleaned | putzt | putzen | geputzt |
handle | sell | sells | selling | sold | verkauft | verkaufen | verkauft |
handle | buy | buys | buying | bought | kauft | kaufen | gekauft |
handle | hide | hides | hiding | hidden | versteckt | verstecken | versteckt |
handle | paint | paints | painting | painted | bemalt | bemalen | bemalt |
read | read | reads | reading | read | liest | lesen | gelesen |
read | read out | reads out | reading out | read out | liest | lesen | gelesen | vor
read | tear up | tears up | tearing up | torn up | zerreißt | zerreißen | zerrissen |
eat | eat | eats | eating | eaten | isst | essen | gegessen |
eat | cut | cuts | cutting | cut | schneidet | schneiden | geschnitten |
eat | prepare | prepares | preparing | prepared | bereitet | bereiten | bereitet | zu
eat | taste | tastes | tasting | tasted | probiert | probieren | probiert |
eat | share | shares | sharing | shared | teilt | teilen | geteilt |
devour | eat | eats | eating | eaten | frisst | fressen | gefressen |
drink | drink | drinks | drinking | drunk | trinkt | trinken | getrunken |
wear | wear | wears | wearing | worn | trägt | tragen | getragen |
dress | put on | puts on | putting on | put on | zieht | ziehen | gezogen | an
dress | take off | takes off | taking off | taken off | zieht | ziehen | gezogen | aus
crown | put on | puts on | putting on | put on | setzt | setzen | gesetzt | auf
crown | take off | takes off | taking off | taken off | setzt | setzen | gesetzt | ab
fix | repair | repairs | repairing | repaired | repariert | reparieren | repariert |
fix | wash | washes | washing | washed | wäscht | waschen | gewaschen |
fix | stop | stops | stopping | stopped | hält | halten | gehalten | an
fix | push | pushes | pushing | pushed | schiebt | schieben | geschoben |
drive | drive | drives | driving | driven | fährt | fahren | gefahren |
watch | watch | watches | watching | watched | beobachtet | beobachten | beobachtet |
watch | hug | hugs | hugging | hugged | umarmt | umarmen | umarmt |
watch | look for | looks for | looking for | looked for | sucht | suchen | gesucht |
watch | lift up | lifts up | lifting up | lifted up | hebt | heben | gehoben | hoch
watch | comfort | comforts | comforting | comforted | tröstet | trösten | getröstet |
feed | feed | feeds | feeding | fed | füttert | füttern | gefüttert |
feed | pet | pets | petting | petted | streichelt | streicheln | gestreichelt |
feed | brush | brushes | brushing | brushed | bürstet | bürsten | gebürstet |
feed | train | trains | training | trained | dressiert | dressieren | dressiert |
chase | chase | chases | chasing | chased | jagt | jagen | gejagt |
chase | lick | licks | licking | licked | leckt | lecken | geleckt | ab
give | give | gives | giving | given | gibt | geben | gegeben |
give | show | shows | showing | shown | zeigt | zeigen | gezeigt |
give | hand over | hands over | handing over | handed over | übergibt | übergeben | übergeben |
give | bring | brings | bringing | brought | bringt | bringen | gebracht |
""")
OTHERS = word_list("""
kind | en | third | ing | sg | pl | off | self
play | play | plays | playing | spielt | spielen | |
ride | ride | rides | riding | fährt | fahren | |
mount | ride | rides | riding | reitet | reiten | |
board | board | boards | boarding | steigt | steigen | ein |
leave | get off | gets off | getting off | steigt | steigen | aus |
help | help | helps | helping | hilft | helfen | |
help | follow | follows | following | folgt | folgen | |
help | wave to | waves to | waving to | winkt | winken | zu |
help | listen to | listens to | listening to | hört | hören | zu |
help | thank | thanks | thanking | dankt | danken | |
talk | talk to | talks to | talking to | spricht | sprechen | |
talk | dance with | dances with | dancing with | tanzt | tanzen | |
talk | argue with | argues with | arguing with | streitet | streiten | |
talk | play with | plays with | playing with | spielt | spielen | |
wait | wait | waits | waiting | wartet | warten | |
point | point | points | pointing | zeigt | zeigen | |
sit | sit | sits | sitting | sitzt | sitzen | |
sit | lie | lies | lying | liegt | liegen | |
sit | stand | stands | standing | steht | stehen | |
sit | sleep | sleeps | sleeping | schläft | schlafen | |
kneel | kneel | kneels | kneeling | kniet | knien | |
settle | sit down | sits down | sitting down | setzt | setzen | | sich
settle | lie down | lies down | lying down | legt | legen | | sich
jump | jump | jumps | jumping | springt | springen | |
run | run | runs | running | läuft | laufen | |
pass | run | runs | running | läuft | laufen | vorbei |
pass | walk | walks | walking | geht | gehen | vorbei |
approach | walk | walks | walking | geht | gehen | zu |
approach | run | runs | running | rennt | rennen | zu |
circle | run | runs | running | läuft | laufen | herum |
circle | walk | walks | walking | geht | gehen | herum |
climb | climb | climbs | climbing | steigt | steigen | hinauf |
climb | run | runs | running | läuft | laufen | hinauf |
descend | climb | climbs | climbing | steigt | steigen | hinunter |
descend | run | runs | running | läuft | laufen | hinunter |
stroll | walk | walks | walking | geht | gehen | entlang |
stroll | run | runs | running | läuft | laufen | entlang |
lean | lean | leans | leaning | lehnt | lehnen | |
lurk | hide | hides | hiding | versteckt | verstecken | | sich
idle | laugh | laughs | laughing | lacht | lachen | |
idle | dance | dances | dancing | tanzt | tanzen | |
idle | sing | sings | singing | singt | singen | |
idle | wait | waits | waiting | wartet | warten | |
idle | work | works | working | arbeitet | arbeiten | |
idle | relax | relaxes | relaxing | ruht | ruhen | aus | sich
idle | stretch | stretches | stretching | streckt | strecken | | sich
idle | warm up | warms up | warming up | wärmt | wärmen | auf | sich
idle | get up | gets up | getting up | steht | stehen | auf |
idle | exercise | exercises | exercising | trainiert | trainieren | |
idle | pray | prays | praying | betet | beten | |
roam | run around | runs around | running around | läuft | laufen | herum |
roam | sleep | sleeps | sleeping | schläft | schlafen | |
roam | play | plays | playing | spielt | spielen | |
roam | swim | swims | swimming | schwimmt | schwimmen | |
roam | lie down | lies down | lying down | legt | legen | hin | sich
roam | get up | gets up | getting up | steht | stehen | auf |
try | try | tries | trying | versucht | versuchen | |
try | begin | begins | beginning | fängt | fangen | an |
bend | bend down | bends down | bending down | bückt | bücken | | sich
""")
