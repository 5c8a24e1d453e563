"""Rules for the published recordings of digits: of each speaker and digit, fifty takes with all their samples."""

import zlib
from itertools import product

import pandas as pd

from stages.dataset import Suite
from stages.rules.vocabulary import among, no_error
from stages.sounds.digits import SPEAKERS, Takes

# Of digits 0 to 9: the CRC-32 of the samples, take after take from 0 to 49, counted from the published files.
CRCS = {
    "george": "8AED916E 49693AF8 7247AA4B C6FEF647 B72F01CF 17331E16 48838F95 50933427 70C6B57E 353150AF",
    "jackson": "FF28800C 2B580394 BAC3076B 77BB11FD 43B5395D E34965EF B62FBC78 0DBE77F6 346B4781 73802002",
    "lucas": "95244F99 6C797570 47FDD41B 3518B390 6DE04032 DF912227 A5A87540 D20D06BB 9BBE380F 36388DB9",
    "nicolas": "3BB41BF3 8B9D9131 EF04E65C D9849D5B BD4EDFDC CE359D49 5452C51D 66D2FBBD 24D104A9 DA1ADC4A",
    "theo": "C4098032 E4048DA1 3295A2CC 36B9CEB6 CA96413A 0EAA0786 FB25C1FB 6B524A4E 80A6C7D2 0A76B4D6",
    "yweweler": "2B18D6E2 CE41DDD8 0B08CE7E D65D9EBD 0C02C829 1E8D9331 1FDBA590 0E0221B1 2D696910 0410DFC7",
}


def takes_suite(takes: Takes) -> Suite:
    """A row per speaker and digit."""
    rows: list[tuple[int, str, str, int, str]] = []
    for speaker, digit in product(SPEAKERS, "0123456789"):
        found = sorted(take for said, by, take in takes if (said, by) == (digit, speaker))
        crc = 0
        for take in found:
            crc = zlib.crc32(takes[digit, speaker, take].astype("<i2").tobytes(), crc)
        published = CRCS[speaker].split()[int(digit)]
        error = "" if f"{crc:08X}" == published else f"CRC-32 {crc:08X}, published {published}"
        rows.append((len(rows), speaker, digit, len(found), error))
    return Suite(
        "takes",
        pd.DataFrame(rows, columns=["id", "by", "digit", "count", "sound_error"]),
        [
            among("count", [50], "each of the six speakers says each digit fifty times"),
            no_error("sound_error", "the recordings of a digit by a speaker are those published, sample by sample"),
        ],
    )
