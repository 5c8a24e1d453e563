"""The arguments of `python -m stages add`, apart from what it does, which takes seconds to import."""

import argparse
from pathlib import Path

from stages.formats import KINDS


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of the command."""
    parser.add_argument("name", help="of the data set and of its pipeline: small letters, digits and dashes")
    parser.add_argument("kind", choices=KINDS, help="what the data are")
    parser.add_argument("path", type=Path, help="a file or a folder")
    parser.add_argument("--like", metavar="PIPELINE", help="the pipeline whose settings to take (default: by the kind)")
    parser.add_argument("--column", action="append", default=[], metavar="ROLE=NAME", help="or its number, from 1")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="of the kind")
    parser.add_argument("--val", type=float, help="share of the rows, where no split is given")
    parser.add_argument("--test", type=float, help="share of the rows, where no split is given")
    parser.add_argument("--seed", type=int, help="of the draw")
    parser.add_argument("--quarantine", type=float, metavar="SHARE", help="of rows that may be set aside")
    parser.add_argument("--dry-run", action="store_true", help="only look")
    parser.add_argument(
        "--import", action="store_true", dest="is_imported", help="bring the files under data/ with DVC"
    )
