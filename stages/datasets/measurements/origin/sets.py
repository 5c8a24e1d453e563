"""What a set of measurements is made of, and the published ones as their files give them.

The numbers here were counted from the files (see the addresses in `PUBLIC`); the rules hold every prepared table
against them, so that a row lost, a unit changed or a gross error mended in silence stops the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.origin import PublicFile


@dataclass(frozen=True)
class Feature:
    """One measured quantity of a published set."""

    unit: str
    low: float  # no true value lies outside low..high: what lies there is an error of reading or of unit
    high: float
    smallest: float  # of the published values
    largest: float
    means: Mapping[str, float]  # of each group


@dataclass(frozen=True)
class Measurements:
    """One set: how many cases of each group each split has, and what was measured of each case."""

    cases: Mapping[tuple[str, str], int]  # (group, split) -> cases
    features: Mapping[str, Feature]


def _stat(smallest: float, largest: float, water: float, normal: float) -> Feature:
    return Feature("points", 1, 255, smallest, largest, {"Water": water, "Normal": normal})


PUBLISHED: dict[str, Measurements] = {
    # Speed of light, less 299000 km/s; five series of 20 runs in the summer of 1879. The value of today: 734.5 in air.
    "michelson": Measurements(
        {(f"experiment {number}", "train"): 20 for number in range(1, 6)},
        {
            "speed": Feature(
                *("km/s above 299000", 500, 1200, 620, 1070),
                {f"experiment {number}": mean for number, mean in enumerate((909, 856, 845, 820.5, 831.5), start=1)},
            )
        },
    ),
    # Time of light over 7.44 km, less 24800 ns, 1882. The value of today: 33. Two gross errors: -44 and -2.
    "newcomb": Measurements(
        {("all", "train"): 66}, {"time": Feature("ns above 24800", -60, 60, -44, 40, {"all": 26.212121})}
    ),
    # Density of the earth, water being 1; 1798. The value of today: 5.51. The third one is 4.88 as Cavendish printed
    # it, and 5.88 in `density2`: he had slipped. The first six were made before he changed the apparatus.
    "cavendish": Measurements(
        {("first six", "train"): 6, ("later", "train"): 23},
        {
            "density": Feature("times water", 4, 7, 4.88, 5.85, {"first six": 5.311667, "later": 5.483478}),
            "density2": Feature("times water", 4, 7, 5.07, 5.88, {"first six": 5.478333, "later": 5.483478}),
        },
    ),
    # Heights of grown children and their parents, 1886. Two groups, so two modes; a family's children are no
    # independent draws, which is what `cluster` says.
    "galton": Measurements(
        {("female", "train"): 453, ("male", "train"): 481},
        {
            "height": Feature("inches", 50, 85, 56, 79, {"female": 64.103974, "male": 69.234096}),
            "father": Feature("inches", 55, 85, 62, 78.5, {"female": 69.260265, "male": 69.13763}),
            "mother": Feature("inches", 50, 80, 58, 70.5, {"female": 64.148786, "male": 64.033264}),
        },
    ),
    # Water against Normal, split at number 400 as in the lecture. Variants share a number, so they stay together.
    "pokemon": Measurements(
        {("Water", "train"): 79, ("Normal", "train"): 61, ("Water", "test"): 33, ("Normal", "test"): 37},
        {
            "hp": _stat(20, 255, 72.0625, 77.27551),
            "attack": _stat(5, 160, 74.151786, 73.469388),
            "defense": _stat(5, 180, 72.946429, 59.846939),
            "special-attack": _stat(10, 180, 74.8125, 55.816327),
            "special-defense": _stat(20, 160, 70.517857, 63.72449),
            "speed": _stat(5, 135, 65.964286, 71.55102),
            # Their sum, which the file leaves out.
            "total": Feature("points", 6, 1530, 190, 770, {"Water": 430.455357, "Normal": 401.683673}),
        },
    ),
}
CLASSIFICATION = ("pokemon", "classes-2d", "classes-7d")  # the sets whose test split is held out

_RDATASETS = (
    "https://raw.githubusercontent.com/vincentarelbundock/Rdatasets/1dcc2bf5f955cc1224a3e1307256e1fe86b68dae/csv/"
)
_KEITH_GALLI = "https://raw.githubusercontent.com/KeithGalli/pandas/d0025fc924d0eb00aa65a157e5086001fda0b780/"
PUBLIC = (
    PublicFile(
        "morley.csv",
        "measurements/morley.csv",
        f"{_RDATASETS}datasets/morley.csv",
        "a351aa18c2cc85e25c3f8f2496ac4af35e87c7c0b79304422337f3957df110de",
        1283,
    ),
    PublicFile(
        "newcomb.csv",
        "measurements/newcomb.csv",
        f"{_RDATASETS}MASS/newcomb.csv",
        "fa1289ffe98f14d79cc26758999a4b68f63e6821fc1c0b700be193490bbefb9e",
        401,
    ),
    PublicFile(
        "Cavendish.csv",
        "measurements/Cavendish.csv",
        f"{_RDATASETS}HistData/Cavendish.csv",
        "df2d7b063f3bae5fd518e4cc313280d37e14f833dc26a43148ce397bae797c3d",
        516,
    ),
    PublicFile(
        "GaltonFamilies.csv",
        "measurements/GaltonFamilies.csv",
        f"{_RDATASETS}HistData/GaltonFamilies.csv",
        "b1fc91e4d4b9604661967dcc62ff1055eaa3020c4d5c42d1f9d588f74b9b3317",
        34722,
    ),
    PublicFile(
        "pokemon_data.csv",
        "pokemon/pokemon_data.csv",
        f"{_KEITH_GALLI}pokemon_data.csv",
        "5cd228ca772fe3dd05be0250f78420fb3ece7c13f755c0c6ffa5c07c2009c2e0",
        40832,
    ),
)
