"""The nouns, adjectives, places and reasons of the built-in source of `translation_de`.

A noun has gender, genitive and plural, an adjective what it is after `ist` and the stem that endings are added to.
"""

from stages.texts.synchronous import word_list

ADULTS = word_list("""
en | many | gender | nom | gen | plural
man | men | m | Mann | Mannes | Männer
woman | women | f | Frau | Frau | Frauen
construction worker | construction workers | m | Bauarbeiter | Bauarbeiters | Bauarbeiter
police officer | police officers | m | Polizist | Polizisten | Polizisten
firefighter | firefighters | m | Feuerwehrmann | Feuerwehrmannes | Feuerwehrleute
musician | musicians | m | Musiker | Musikers | Musiker
dancer | dancers | f | Tänzerin | Tänzerin | Tänzerinnen
tourist | tourists | m | Tourist | Touristen | Touristen
student | students | m | Student | Studenten | Studenten
teacher | teachers | f | Lehrerin | Lehrerin | Lehrerinnen
soldier | soldiers | m | Soldat | Soldaten | Soldaten
farmer | farmers | m | Bauer | Bauern | Bauern
chef | chefs | m | Koch | Kochs | Köche
soccer player | soccer players | m | Fußballspieler | Fußballspielers | Fußballspieler
street vendor | street vendors | m | Straßenverkäufer | Straßenverkäufers | Straßenverkäufer
nurse | nurses | f | Krankenschwester | Krankenschwester | Krankenschwestern
grandmother | grandmothers | f | Großmutter | Großmutter | Großmütter
""")
KIDS = word_list("""
en | many | gender | nom | gen | plural
boy | boys | m | Junge | Jungen | Jungen
girl | girls | n | Mädchen | Mädchens | Mädchen
child | children | n | Kind | Kindes | Kinder
baby | babies | n | Baby | Babys | Babys
toddler | toddlers | n | Kleinkind | Kleinkindes | Kleinkinder
""")
ANIMALS = word_list("""
en | many | gender | nom | gen | plural
dog | dogs | m | Hund | Hundes | Hunde
cat | cats | f | Katze | Katze | Katzen
horse | horses | n | Pferd | Pferdes | Pferde
puppy | puppies | m | Welpe | Welpen | Welpen
monkey | monkeys | m | Affe | Affen | Affen
goat | goats | f | Ziege | Ziege | Ziegen
elephant | elephants | m | Elefant | Elefanten | Elefanten
bird | birds | m | Vogel | Vogels | Vögel
duck | ducks | f | Ente | Ente | Enten
pony | ponies | n | Pony | Ponys | Ponys
""")
PAPERS = word_list("""
en | many | gender | nom | gen | plural
book | books | n | Buch | Buches | Bücher
newspaper | newspapers | f | Zeitung | Zeitung | Zeitungen
letter | letters | m | Brief | Briefes | Briefe
magazine | magazines | f | Zeitschrift | Zeitschrift | Zeitschriften
map | maps | f | Landkarte | Landkarte | Landkarten
poem | poems | n | Gedicht | Gedichtes | Gedichte
""")
THINGS = word_list("""
en | many | gender | nom | gen | plural
ball | balls | m | Ball | Balles | Bälle
bag | bags | f | Tasche | Tasche | Taschen
camera | cameras | f | Kamera | Kamera | Kameras
cup | cups | f | Tasse | Tasse | Tassen
bottle | bottles | f | Flasche | Flasche | Flaschen
box | boxes | f | Kiste | Kiste | Kisten
basket | baskets | m | Korb | Korbes | Körbe
umbrella | umbrellas | m | Regenschirm | Regenschirms | Regenschirme
sign | signs | n | Schild | Schildes | Schilder
flag | flags | f | Fahne | Fahne | Fahnen
flower | flowers | f | Blume | Blume | Blumen
balloon | balloons | m | Luftballon | Luftballons | Luftballons
picture | pictures | n | Bild | Bildes | Bilder
stick | sticks | m | Stock | Stockes | Stöcke
bucket | buckets | m | Eimer | Eimers | Eimer
suitcase | suitcases | m | Koffer | Koffers | Koffer
chair | chairs | m | Stuhl | Stuhles | Stühle
toy | toys | n | Spielzeug | Spielzeugs | Spielzeuge
key | keys | m | Schlüssel | Schlüssels | Schlüssel
""")
CLOTHES = word_list("""
en | many | gender | nom | gen | plural
shirt | shirts | n | Hemd | Hemdes | Hemden
coat | coats | m | Mantel | Mantels | Mäntel
jacket | jackets | f | Jacke | Jacke | Jacken
dress | dresses | n | Kleid | Kleides | Kleider
skirt | skirts | m | Rock | Rockes | Röcke
sweater | sweaters | m | Pullover | Pullovers | Pullover
suit | suits | m | Anzug | Anzugs | Anzüge
vest | vests | f | Weste | Weste | Westen
costume | costumes | n | Kostüm | Kostüms | Kostüme
apron | aprons | f | Schürze | Schürze | Schürzen
""")
HEADGEAR = word_list("""
en | many | gender | nom | gen | plural
hat | hats | m | Hut | Hutes | Hüte
cap | caps | f | Mütze | Mütze | Mützen
helmet | helmets | m | Helm | Helmes | Helme
crown | crowns | f | Krone | Krone | Kronen
mask | masks | f | Maske | Maske | Masken
""")
FOOD = word_list("""
en | many | gender | nom | gen | plural
apple | apples | m | Apfel | Apfels | Äpfel
cake | cakes | m | Kuchen | Kuchens | Kuchen
banana | bananas | f | Banane | Banane | Bananen
soup | soups | f | Suppe | Suppe | Suppen
pizza | pizzas | f | Pizza | Pizza | Pizzas
sausage | sausages | f | Wurst | Wurst | Würste
egg | eggs | n | Ei | Eies | Eier
fish | fish | m | Fisch | Fisches | Fische
carrot | carrots | f | Karotte | Karotte | Karotten
sandwich | sandwiches | n | Sandwich | Sandwiches | Sandwiches
""")
DRINKS = word_list("""
en | gender | nom | gen
water | n | Wasser | Wassers
milk | f | Milch | Milch
tea | m | Tee | Tees
coffee | m | Kaffee | Kaffees
juice | m | Saft | Saftes
""")
INSTRUMENTS = word_list("""
en | many | gender | nom | gen | plural
guitar | guitars | f | Gitarre | Gitarre | Gitarren
violin | violins | f | Geige | Geige | Geigen
piano | pianos | n | Klavier | Klaviers | Klaviere
trumpet | trumpets | f | Trompete | Trompete | Trompeten
accordion | accordions | n | Akkordeon | Akkordeons | Akkordeons
flute | flutes | f | Flöte | Flöte | Flöten
saxophone | saxophones | n | Saxophon | Saxophons | Saxophone
""")
VEHICLES = word_list("""
en | many | gender | nom | gen | plural
car | cars | n | Auto | Autos | Autos
bus | buses | m | Bus | Busses | Busse
truck | trucks | m | Lastwagen | Lastwagens | Lastwagen
boat | boats | n | Boot | Bootes | Boote
train | trains | m | Zug | Zuges | Züge
""")
BIKES = word_list("""
en | many | gender | nom | gen | plural
bicycle | bicycles | n | Fahrrad | Fahrrades | Fahrräder
motorcycle | motorcycles | n | Motorrad | Motorrades | Motorräder
skateboard | skateboards | n | Skateboard | Skateboards | Skateboards
scooter | scooters | m | Roller | Rollers | Roller
""")
SEATS = word_list("""
en | many | gender | nom | gen | plural
bench | benches | f | Bank | Bank | Bänke
sofa | sofas | n | Sofa | Sofas | Sofas
rock | rocks | m | Felsen | Felsens | Felsen
carpet | carpets | m | Teppich | Teppichs | Teppiche
blanket | blankets | f | Decke | Decke | Decken
bed | beds | n | Bett | Bettes | Betten
table | tables | m | Tisch | Tisches | Tische
stage | stages | f | Bühne | Bühne | Bühnen
""")
LANDMARKS = word_list("""
en | many | gender | nom | gen | plural
tree | trees | m | Baum | Baumes | Bäume
house | houses | n | Haus | Hauses | Häuser
church | churches | f | Kirche | Kirche | Kirchen
fountain | fountains | m | Brunnen | Brunnens | Brunnen
fence | fences | m | Zaun | Zaunes | Zäune
wall | walls | f | Mauer | Mauer | Mauern
building | buildings | n | Gebäude | Gebäudes | Gebäude
statue | statues | f | Statue | Statue | Statuen
gate | gates | n | Tor | Tores | Tore
tent | tents | n | Zelt | Zeltes | Zelte
castle | castles | n | Schloss | Schlosses | Schlösser
shop | shops | m | Laden | Ladens | Läden
""")
WATERS = word_list("""
en | many | gender | nom | gen | plural
river | rivers | m | Fluss | Flusses | Flüsse
lake | lakes | m | See | Sees | Seen
stream | streams | m | Bach | Baches | Bäche
puddle | puddles | f | Pfütze | Pfütze | Pfützen
pond | ponds | m | Teich | Teiches | Teiche
""")
CLIMBS = word_list("""
en | many | gender | nom | gen | plural
ladder | ladders | f | Leiter | Leiter | Leitern
staircase | staircases | f | Treppe | Treppe | Treppen
mountain | mountains | m | Berg | Berges | Berge
hill | hills | m | Hügel | Hügels | Hügel
""")

AGES = word_list("""
en | alone | stem
young | jung | jung
old | alt | alt
elderly | älter | älter
tall | groß | groß
""")
LOOKS = word_list("""
en | alone | stem
little | klein | klein
blond | blond | blond
tired | müde | müd
friendly | freundlich | freundlich
smiling | lächelnd | lächelnd
barefoot | barfüßig | barfüßig
cheerful | fröhlich | fröhlich
""")
COATS = word_list("""
en | alone | stem
brown | braun | braun
black | schwarz | schwarz
white | weiß | weiß
gray | grau | grau
wet | nass | nass
spotted | gefleckt | gefleckt
big | groß | groß
small | klein | klein
""")
COLOURS = word_list("""
en | alone | stem
red | rot | rot
blue | blau | blau
green | grün | grün
yellow | gelb | gelb
white | weiß | weiß
black | schwarz | schwarz
orange | orangefarben | orangefarben
purple | violett | violett
pink | rosa | rosa
dark | dunkel | dunkl
striped | gestreift | gestreift
colorful | bunt | bunt
""")
SIZES = word_list("""
en | alone | stem
large | groß | groß
small | klein | klein
old | alt | alt
new | neu | neu
beautiful | schön | schön
strange | seltsam | seltsam
expensive | teuer | teur
""")
TASTES = word_list("""
en | alone | stem
fresh | frisch | frisch
hot | heiß | heiß
cold | kalt | kalt
delicious | lecker | lecker
""")
DEPTHS = word_list("""
en | alone | stem
deep | tief | tief
wide | breit | breit
muddy | schlammig | schlammig
long | lang | lang
""")
HEIGHTS = word_list("""
en | alone | stem
high | hoch | hoh
low | niedrig | niedrig
""")

PLACES = word_list("""
en | de
in the park | im Park
at the beach | am Strand
on the street | auf der Straße
in the snow | im Schnee
in the woods | im Wald
at the train station | am Bahnhof
at the market | auf dem Markt
in the garden | im Garten
on the playground | auf dem Spielplatz
at the airport | am Flughafen
at the bus stop | an der Bushaltestelle
outside | im Freien
in the mountains | in den Bergen
on the sidewalk | auf dem Bürgersteig
in the rain | im Regen
in the sun | in der Sonne
in the shade | im Schatten
at the harbor | am Hafen
in the city | in der Stadt
in the village | im Dorf
on the farm | auf dem Bauernhof
in the middle of the road | mitten auf der Straße
""")
REASONS = word_list("""
en | de
it is raining | es regnet
it is snowing | es schneit
the sun is shining | die Sonne scheint
it is cold | es kalt ist
it is getting dark | es dunkel wird
the bus is late | der Bus Verspätung hat
the music is loud | die Musik laut ist
school is over | die Schule aus ist
""")
