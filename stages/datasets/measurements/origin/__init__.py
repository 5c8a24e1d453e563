"""Measurements drawn from known distributions; public: classical ones."""

from stages.datasets.measurements.origin.draws import MeasurementsOptions, make
from stages.datasets.measurements.origin.sets import PUBLIC
from stages.origin import Origin, Provenance

ORIGIN = Origin(
    name="measurements",
    options=MeasurementsOptions,
    sources={
        "builtin": Provenance("drawn by stages/datasets/measurements/origin/draws.py", "Apache-2.0, as this project"),
        "public": Provenance(
            "Michelson, Newcomb, Cavendish and Galton from github.com/vincentarelbundock/Rdatasets; "
            "Pokemon from github.com/KeithGalli/pandas",
            "Rdatasets: no definite licence found for the data, to its author's understanding free to redistribute; "
            "Pokemon: none stated",
        ),
    },
    public=PUBLIC,
    make=make,
)
