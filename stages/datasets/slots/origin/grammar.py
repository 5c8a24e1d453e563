"""The built-in source of `slots`: what travellers ask for, as a grammar (see stages/texts/grammar.py for the notation).

It is made so that memorising words fails. A city can be where one leaves, arrives, changes or sleeps; a number can be
a flight, an aircraft, an hour, a day or a price; a day can be that of departure, arrival or return: only the words
around it decide. And names of cities, airlines, hotels and car companies are held out: some occur in test alone, others
in val alone, so that the best model on val is the one that copes with new names, without having seen those of test.
(Airports are not held out: nothing shows whether an unknown name is an airport's or a city's.)
"""

from stages.texts.grammar import Grammar, Names, parse_rules

CITIES = Names(
    everywhere=(
        *("atlanta", "baltimore", "boston", "charlotte", "chicago", "cincinnati", "cleveland", "columbus", "dallas"),
        *("denver", "detroit", "fort worth", "houston", "indianapolis", "kansas city", "las vegas", "los angeles"),
        *("memphis", "miami", "milwaukee", "minneapolis", "montreal", "nashville", "new york", "newark", "oakland"),
        *("orlando", "philadelphia", "phoenix", "pittsburgh", "salt lake city", "san diego", "san francisco"),
        *("seattle", "st. louis", "st. paul", "tampa", "toronto", "washington", "west palm beach", "san jose"),
    ),
    only={
        "val": (
            *("anchorage", "buffalo", "corpus christi", "dayton", "el paso", "grand rapids", "knoxville", "omaha"),
            *("santa fe", "savannah", "syracuse", "tulsa"),
        ),
        "test": (
            *("albuquerque", "baton rouge", "boise", "des moines", "honolulu", "jacksonville", "little rock"),
            *("louisville", "mexico city", "new orleans", "oklahoma city", "portland", "raleigh", "rapid city"),
            *("sacramento", "san antonio", "spokane", "tucson", "vancouver", "wichita"),
        ),
    },
)
AIRPORTS = (
    *(
        "dulles",
        "gatwick",
        "general mitchell",
        "hartsfield",
        "hobby",
        "john f. kennedy",
        "kennedy",
        "la guardia",
        "logan",
    ),
    *("love field", "midway", "national", "o'hare", "pearson", "sky harbor", "stapleton"),
)
AIRPORT_CODES = (
    "atl",
    "bos",
    "bwi",
    "den",
    "dfw",
    "ewr",
    "iah",
    "jfk",
    "lga",
    "mia",
    "msp",
    "ord",
    "pdx",
    "sfo",
    "slc",
)
AIRLINES = Names(
    everywhere=(
        *("air canada", "alaska airlines", "america west", "american", "american airlines", "canadian airlines"),
        *("continental", "continental airlines", "delta", "delta airlines", "eastern", "lufthansa"),
        *("midwest express", "northwest", "northwest airlines", "southwest", "united", "united airlines", "us air"),
    ),
    only={
        "val": ("braniff", "icelandair", "ozark air lines", "aloha airlines"),
        "test": (
            *("air france", "british airways", "frontier airlines", "hawaiian airlines", "iberia", "japan airlines"),
            *("jetblue", "piedmont", "swissair", "tower air"),
        ),
    },
)
HOTELS = Names(
    everywhere=(
        *("airport inn", "city center hotel", "comfort lodge", "golden bay hotel", "grand plaza", "harbor view inn"),
        *("lakeside resort", "maple house", "metropole", "park avenue suites", "sunset motel", "union square hotel"),
    ),
    only={
        "val": ("bellevue", "blue heron lodge", "castle rock inn"),
        "test": ("ambassador", "magnolia house", "old mill lodge", "seven pines resort", "silver birch inn"),
    },
)
RENTERS = Names(
    everywhere=("avis", "budget", "dollar", "dollar rent a car", "hertz", "national"),
    only={"val": ("payless",), "test": ("alamo", "thrifty", "easy rent a car")},
)
STATES = (
    *("arizona", "california", "colorado", "florida", "georgia", "massachusetts", "michigan", "minnesota", "missouri"),
    *("nevada", "new jersey", "new york", "north carolina", "ohio", "pennsylvania", "texas", "utah", "washington"),
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
DAY_NUMBERS = (
    *_ORDINALS,
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
    *("eighteenth", "nineteenth", "twentieth", "thirtieth", "thirty first"),
    *(f"twenty {ordinal}" for ordinal in _ORDINALS),
    *(str(day) for day in range(1, 32)),
)
CLOCK = (
    *(f"{hour} {half}" for hour in range(1, 13) for half in ("am", "pm", "o'clock")),
    *(f"{hour}{minute} {half}" for hour in range(1, 13) for minute in (15, 30, 45) for half in ("am", "pm")),
    *(str(hour) for hour in range(1, 13)),
    *(str(100 * hour + minute) for hour in range(6, 23) for minute in (0, 20, 30, 50)),
    *("noon", "midnight", "noontime"),
)
TIME_RELATIVE = ("after", "around", "before", "by", "no earlier than", "no later than")
PERIODS = ("afternoon", "early morning", "evening", "late evening", "midday", "morning", "night", "mid afternoon")
TODAY = ("today", "tomorrow", "tonight", "the day after tomorrow", "next week", "this weekend")
DATE_RELATIVE = ("this", "next", "this coming", "the following")
MEALS = ("breakfast", "brunch", "dinner", "lunch", "meal", "snack")
COUNTS = ("two", "three", "four", "five", "six", "eight", "2", "3", "4", "5")

LEXICON: dict[str, Names | tuple[str, ...]] = {
    "fromloc.city_name": CITIES,
    "fromloc.airport_name": AIRPORTS,
    "fromloc.airport_code": AIRPORT_CODES,
    "fromloc.state_name": STATES,
    "toloc.city_name": CITIES,
    "toloc.airport_name": AIRPORTS,
    "toloc.airport_code": AIRPORT_CODES,
    "toloc.state_name": STATES,
    "stoploc.city_name": CITIES,
    "stoploc.airport_name": AIRPORTS,
    "city_name": CITIES,
    "airport_name": AIRPORTS,
    "airport_code": AIRPORT_CODES,
    "state_name": STATES,
    "depart_date.day_name": DAYS,
    "depart_date.month_name": MONTHS,
    "depart_date.day_number": DAY_NUMBERS,
    "depart_date.today_relative": TODAY,
    "depart_date.date_relative": DATE_RELATIVE,
    "depart_time.time": CLOCK,
    "depart_time.time_relative": TIME_RELATIVE,
    "depart_time.start_time": CLOCK,
    "depart_time.end_time": CLOCK,
    "depart_time.period_of_day": PERIODS,
    "arrive_date.day_name": DAYS,
    "arrive_date.month_name": MONTHS,
    "arrive_date.day_number": DAY_NUMBERS,
    "arrive_time.time": CLOCK,
    "arrive_time.time_relative": TIME_RELATIVE,
    "arrive_time.start_time": CLOCK,
    "arrive_time.end_time": CLOCK,
    "arrive_time.period_of_day": PERIODS,
    "return_date.day_name": DAYS,
    "return_date.month_name": MONTHS,
    "return_date.day_number": DAY_NUMBERS,
    "return_date.today_relative": TODAY,
    "return_date.date_relative": DATE_RELATIVE,
    "return_time.period_of_day": PERIODS,
    "airline_name": AIRLINES,
    "airline_code": ("aa", "ac", "co", "dl", "hp", "nw", "tw", "ua", "us", "yx"),
    "flight_number": tuple(str(number) for number in range(101, 3000, 7)),
    "aircraft_code": ("727", "737", "747", "757", "767", "airbus 320", "d9s", "dc 10", "dh8", "f 28", "j31", "m80"),
    "flight_mod": ("earliest", "first", "last", "latest", "next", "shortest", "very first"),
    "flight_stop": ("direct", "non stop", "nonstop", "one stop", "two stop"),
    "flight_days": ("daily", "week day", "weekday", "weekend"),
    "flight_time": ("arrival times", "departure time", "departure times", "flight time", "schedule", "times"),
    "connect": ("connecting flight", "connection", "plane change"),
    "round_trip": ("one way", "return", "round trip"),
    "class_type": ("business", "business class", "coach", "coach class", "economy", "first class", "thrift"),
    "cost_relative": ("cheap", "cheapest", "least expensive", "low cost", "lowest priced", "most expensive"),
    "cost_limit": ("at most", "below", "less than", "no more than", "over", "under"),
    "fare_amount": (
        *(f"{amount} dollars" for amount in range(100, 1300, 50)),
        *(str(amount) for amount in range(110, 1000, 30)),
        *("five hundred dollars", "one thousand dollars", "three hundred", "two hundred dollars"),
    ),
    "fare_basis_code": ("b", "bh", "f", "fn", "h", "q", "qo", "qw", "qx", "y", "yn"),
    "restriction_code": ("ap 55", "ap 57", "ap 58", "ap 68", "ap 80"),
    "meal": MEALS,
    "meal_description": ("gluten free", "hot", "kosher", "low fat", "vegan", "vegetarian"),
    "passenger_count": COUNTS,
    "transport_type": ("bus", "limousine", "rental car", "shuttle", "subway", "taxi", "train", "limo service"),
    "hotel_name": HOTELS,
    "room_type": ("double", "family", "king size", "single", "suite", "twin"),
    "star_rating": ("five star", "four star", "three star", "2 star", "3 star", "luxury"),
    "amenity": ("breakfast", "free parking", "gym", "internet access", "pool", "sea view", "shuttle"),
    "stay_length": ("a week", "five nights", "one night", "three nights", "two nights", "2 nights", "10 days"),
    "checkin_date.day_name": DAYS,
    "checkin_date.month_name": MONTHS,
    "checkin_date.day_number": DAY_NUMBERS,
    "car_company": RENTERS,
    "car_type": ("compact", "convertible", "economy", "four wheel drive", "full size", "luxury", "mid size", "van"),
    "pickup_date.day_name": DAYS,
    "pickup_date.today_relative": TODAY,
    "pickup_time.time": CLOCK,
}

RULES = parse_rules("""
# how people start and end
hello: hello | hi | okay | well | uh | um | yes | so | now | all right | good morning | good evening
please: please | thanks | thank you | if possible | if there are any | as soon as possible
ask: show me | list | i need | i want | i'd like | give me | find me | could you find me | can you show me | get me
    | i am looking for | i'm looking for | tell me about | i would like to see | do you have | please show me
    | please list | let me see | i'd like to book | uh i need | okay i want | would you have
what_is: what is | what's | tell me | do you know | could you tell me | show me | give me | find

# where: plain after a verb (fly from ...), with more words after a noun (flights leaving ...)
from: 4* from @fromloc.city_name | out of @fromloc.city_name | from @fromloc.airport_name
    | from @fromloc.airport_name airport | from @fromloc.airport_code | from anywhere in @fromloc.state_name
to: 4* to @toloc.city_name | into @toloc.city_name | to @toloc.airport_name | to @toloc.airport_name airport
    | to @toloc.airport_code | to anywhere in @toloc.state_name
leaving: 3* $from | leaving @fromloc.city_name | departing from @fromloc.city_name | originating in @fromloc.city_name
    | starting in @fromloc.city_name | that leave @fromloc.airport_name
going: 3* $to | arriving in @toloc.city_name | going to @toloc.city_name | for @toloc.city_name
    | bound for @toloc.city_name | landing at @toloc.airport_name | with destination @toloc.city_name
via: via @stoploc.city_name | through @stoploc.city_name | stopping in @stoploc.city_name
    | with a stop in @stoploc.city_name | with a layover in @stoploc.city_name | by way of @stoploc.city_name
    | changing planes in @stoploc.city_name | with a stopover at @stoploc.airport_name
    | with a @connect in @stoploc.city_name
trip: 3* $from $to | $to $from | between @fromloc.city_name and @toloc.city_name | $from $to $via | $from $via $to
route: 5* $leaving $going | 2* $going $leaving | 2* $trip | $leaving $going $via | $going $via $leaving | $going
    | $leaving | 2* @fromloc.city_name to @toloc.city_name | @fromloc.city_name @toloc.city_name
    | that leave @fromloc.city_name and arrive in @toloc.city_name | to get me $from $to

# when
leave_day: 2* on @depart_date.day_name | @depart_date.day_name | @depart_date.today_relative
    | on @depart_date.month_name @depart_date.day_number | on the @depart_date.day_number of @depart_date.month_name
    | on the @depart_date.day_number | @depart_date.month_name @depart_date.day_number
    | @depart_date.date_relative @depart_date.day_name
    | on @depart_date.day_name @depart_date.month_name @depart_date.day_number
leave_time: in the @depart_time.period_of_day | @depart_time.period_of_day | at @depart_time.time
    | leaving @depart_time.time_relative @depart_time.time | @depart_time.time_relative @depart_time.time
    | departing at @depart_time.time | leaving between @depart_time.start_time and @depart_time.end_time
    | departing from @depart_time.start_time to @depart_time.end_time
arrive: arriving @arrive_time.time_relative @arrive_time.time | that arrives at @arrive_time.time
    | arriving on @arrive_date.day_name | arriving on @arrive_date.month_name @arrive_date.day_number
    | getting in in the @arrive_time.period_of_day | that gets in @arrive_time.time_relative @arrive_time.time
    | arriving @arrive_date.day_name @arrive_time.period_of_day | which lands @arrive_date.day_name
    | arriving on the @arrive_date.day_number of @arrive_date.month_name
    | arriving between @arrive_time.start_time and @arrive_time.end_time
    | and i have to be there @arrive_time.time_relative @arrive_time.time
back: returning on @return_date.day_name | returning on @return_date.month_name @return_date.day_number
    | coming back @return_date.today_relative | and back on the @return_date.day_number
    | and return @return_date.date_relative @return_date.day_name | and back @return_date.day_name
    | returning @return_date.day_name @return_time.period_of_day
    | with return on @return_date.day_name in the @return_time.period_of_day
when: 2* $leave_day | 2* $leave_time | $leave_day $leave_time | $arrive | $leave_day $arrive | $leave_day $back
    | $leave_time $back | $back

# flights and fares
kind: @flight_stop | @round_trip | @class_type | @cost_relative | @flight_days | @airline_name | @airline_name
    | @depart_time.period_of_day | @depart_date.day_name | @cost_relative @round_trip | @airline_name @flight_stop
    | @depart_date.day_name @depart_time.period_of_day
flights: 2* flights | a flight | all flights | the flights | seats | $kind flights | a $kind flight
    | the @flight_mod flight | the @flight_mod $kind flight | @passenger_count seats | a $kind ticket
extra: 2* on @airline_name | with @airline_name | flying @airline_name | in @class_type | serving @meal
    | with a @meal_description @meal | that serves @meal | on a @aircraft_code | using a @aircraft_code
    | @cost_limit @fare_amount | for @cost_limit @fare_amount | for @passenger_count people | $via | @flight_stop
    | for @passenger_count adults | @round_trip | with a @connect | without a @connect | on any airline
flight: 4* $hello? $ask $flights $route $when? $please? | 2* $hello? $ask $flights $route $extra $when? $please?
    | $hello? $ask $flights $when $route $please? | 2* $hello? $flights $route $when? | $route $when $extra?
    | $when $ask $flights $route $extra? | 2* $hello? i want to fly $trip $when $extra? $please?
    | i'm in @fromloc.city_name and i have to be in @toloc.city_name $when | get me $to $from $when $please?
    | which airlines have flights $route $when? | is there a $kind flight $route $extra? $when?
    | are there any $kind flights $route $when? | what are the $kind flights $route | what about $flights $going $when?
    | $hello? how do i get $from $to $when? | $hello? i have to go $to $leave_day $back $extra?
    | what $kind flights do you have $trip $when?
fares: fares | prices | ticket prices | the fare | the @cost_relative fare | @round_trip fares | @class_type fares
    | the @cost_relative @class_type fare | @airline_name fares
airfare: $hello? $what_is $fares $route $when? $please? | $hello? $ask $fares $route $extra? $when?
    | how much is a @round_trip ticket $route $when? | how much does it cost to fly $trip $when? $extra?
    | $fares $route @cost_limit @fare_amount | what does @airline_name flight @flight_number cost $when?
    | how much is the @cost_relative flight $route | what is the price of a @class_type seat $route $when?
airline: $hello? which airlines fly $trip $when? | what airlines have @class_type $trip | who flies $trip $when?
    | what airline is @airline_code | does @airline_name fly $trip $when? | $ask airlines serving @airport_name
    | which airline has flight @flight_number $trip | does @airline_name have @flight_stop flights $route
flight_time: $hello? $what_is the @flight_time of flight @flight_number $from? | how long does it take to fly $trip
    | when does flight @flight_number leave $from? | $hello? $what_is the @flight_time $trip
    | @flight_time for $kind flights $route $when? | when does @airline_name @flight_number get to @toloc.city_name
    | what time does @airline_code @flight_number arrive in @toloc.city_name $leave_day?
    | is @airline_name flight @flight_number $from on time @depart_date.today_relative?
    | $what_is the arrival time of the @depart_time.time flight $route
aircraft: what kind of aircraft is used on flight @flight_number $trip? | how many people fit on a @aircraft_code
    | does @airline_name use a @aircraft_code $trip | what is a @aircraft_code
    | what plane is @airline_code @flight_number | $hello? $what_is the capacity of the @aircraft_code
    | how big is the @airline_name @aircraft_code
meal: do they serve @meal on flight @flight_number $from? | $hello? which flights $route serve @meal
    | what meals are served on @airline_name flight @flight_number
    | is there a @meal_description @meal on the @depart_time.time flight $route
    | can i have a @meal_description @meal on @airline_code @flight_number
    | i need a @meal_description @meal for @passenger_count passengers on flight @flight_number

# airports, codes, ways into town
abbreviation: what does fare code @fare_basis_code mean | what does @airline_code stand for | what is @restriction_code
    | $hello? what does @airport_code mean | explain the code @fare_basis_code $please?
    | what's restriction @restriction_code | what is fare basis @fare_basis_code on @airline_name
    | what are the restrictions of a @fare_basis_code ticket $trip
    | $hello? explain restriction @restriction_code for the @cost_relative fare $trip
airport: $hello? which airports are near @city_name | how many airports does @city_name have | where is @airport_name
    | what city is @airport_code in | 2* $ask airports in @state_name | is @airport_name airport in @city_name
    | is there an airport in @state_name
    | which airport is closest to downtown @city_name
distance: how far is @airport_name from downtown @city_name | how far is it $trip
    | what is the distance from @airport_name airport to @city_name | how far is the @hotel_name from @airport_name
    | $hello? how many miles is it between @fromloc.city_name and @toloc.city_name
ground_service: $hello? $ask ground transportation in @city_name $please? | $ask a @transport_type in @city_name
    | is there a @transport_type from @airport_name to downtown @city_name
    | how do i get from @airport_name into @city_name
    | how much is a @transport_type in @city_name | $hello? can i take a @transport_type to the @hotel_name
    | what is the cost of a @transport_type or a @transport_type from @airport_name airport
    | does the @hotel_name have a @transport_type from @airport_code

# hotels and cars
stay: for @stay_length | from @checkin_date.month_name @checkin_date.day_number | checking in on @checkin_date.day_name
    | from @checkin_date.day_name for @stay_length | for @passenger_count people for @stay_length
    | for @passenger_count guests | on the @checkin_date.day_number of @checkin_date.month_name for @stay_length
with: with a @amenity | with @amenity | with @amenity and @amenity | @cost_limit @fare_amount a night
    | near @airport_name | close to the airport
hotel: $hello? $ask a hotel in @city_name $stay? $with? $please? | $ask a @star_rating hotel in @city_name $with $stay?
    | $hello? book a @room_type room at the @hotel_name in @city_name $stay $please? | the @hotel_name $stay $please?
    | $ask a @star_rating hotel in @state_name $with? | $ask the @cost_relative hotel in @city_name $stay?
    | does the @hotel_name have a @amenity
    | is the @hotel_name in @city_name a @star_rating hotel | $ask a @room_type room $with in @city_name $stay
    | i need somewhere to stay in @city_name $stay | how much is a @room_type room at the @hotel_name $stay?
    | @hotel_name or @hotel_name which one is closer to @airport_name
pickup: on @pickup_date.day_name | @pickup_date.today_relative | on @pickup_date.day_name at @pickup_time.time
    | picking it up at @pickup_time.time | for @stay_length | @pickup_date.today_relative at @pickup_time.time
car: $hello? $ask a @car_type car in @city_name $pickup? $please? | $ask a car from @car_company in @city_name $pickup?
    | i want to rent a @car_type from @car_company at @airport_name $pickup? | is @car_company at @airport_code
    | how much is a @car_type car with @car_company for @stay_length | does @car_company have a @car_type in @city_name
    | $hello? rent a car @cost_limit @fare_amount in @city_name $pickup?
""")

# How often each intent is drawn: skewed, as real requests are. An intent is also the rule that its requests start from.
INTENTS = {
    "flight": 44,
    "airfare": 12,
    "hotel": 11,
    "car": 7,
    "ground_service": 6,
    "flight_time": 5,
    "airline": 5,
    "aircraft": 2,
    "meal": 2,
    "abbreviation": 2,
    "airport": 2,
    "distance": 2,
}

# How often a name is a held-out one, in val and test: about half of their utterances then show at least one.
HELD_OUT_SHARE = 0.4

GRAMMAR = Grammar(RULES, LEXICON, HELD_OUT_SHARE)
