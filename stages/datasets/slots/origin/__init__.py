"""Travel requests of a grammar in the layout of ATIS; public: ATIS."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from stages.datasets.slots.origin.grammar import GRAMMAR, INTENTS
from stages.origin import Origin, Provenance, PublicFile
from stages.texts.grammar import distinct_sentences
from stages.texts.sizes import Sizes


@dataclass(frozen=True)
class SlotsOptions(Sizes):
    """params.yaml's `datasets.slots.builtin`: the seed, and how many utterances each split gets."""

    FEWEST = 1


FOLDERS = {"train": "train", "val": "valid", "test": "test"}  # split -> published folder


def make(options: SlotsOptions) -> Iterator[tuple[str, bytes]]:
    """Write the grammar's utterances in the layout of ATIS. Every tag occurs in train, however small that is."""
    intents = [intent for intent, weight in INTENTS.items() for _ in range(weight)]
    seen: set[str] = set()
    for split, folder in FOLDERS.items():
        rng = Random(f"{options.seed}/{split}")
        cover = set(GRAMMAR.tags()) if split == "train" else set()
        rows = distinct_sentences(GRAMMAR, intents, split, options.rows(split), rng, seen=seen, cover=cover)
        yield f"{folder}/seq.in", _lines(sentence.text for _, sentence in rows)
        yield f"{folder}/seq.out", _lines(" ".join(sentence.tags) for _, sentence in rows)
        yield f"{folder}/label", _lines(intent for intent, _ in rows)
    yield "slot_label.txt", _lines(["PAD", "UNK", *GRAMMAR.tags()])
    yield "intent_label.txt", _lines(["UNK", *INTENTS])


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


_SLOTGATED = (
    "https://raw.githubusercontent.com/MiuLab/SlotGated-SLU/61f0307c729b1fad479ef1de94aa5ac5dee601b0/data/atis/"
)
_JOINTBERT = "https://raw.githubusercontent.com/monologg/JointBERT/00324f60dda4a491b2913bc3065ae93966caea3f/data/atis/"
_ATIS = (
    (_SLOTGATED, "train/seq.in", 289848, "3a670980841b21ab39088b2595efc17d487cdc45769c075a3e5f9458bba28c7f"),
    (_SLOTGATED, "train/seq.out", 415557, "14c7131bd66562f797dbd7189bc7358f0cf354c6afb0785a9ab973c35b58f34c"),
    (_SLOTGATED, "train/label", 57831, "d0a771547665eecbdf9f96ea015ef07d1f6ee9f063e861020dafabb3c2a04377"),
    (_SLOTGATED, "valid/seq.in", 32761, "c7435b96e7948393608c34819628e863c5338f11ca68e8f896d2cc041d8e17f8"),
    (_SLOTGATED, "valid/seq.out", 47763, "83ccff3e36f83a993f8e5b5b82adf3256076f234abda4d784051381d7ac76922"),
    (_SLOTGATED, "valid/label", 6518, "06957cfe6fdffac84f8280bc3a1f8ca85c85631b363817aa4543aac611f8addf"),
    (_SLOTGATED, "test/seq.in", 52122, "4b2119fc59c37f9398c6605db435d4f467505009e6ee3e5af04fed09f39dc397"),
    (_SLOTGATED, "test/seq.out", 81238, "a4690d6bceadc06876d1ff99bc401744aa981cb321e598ae12a3859d7be53254"),
    (_SLOTGATED, "test/label", 11634, "ce4bfe6590d9498e1078f30b4137d3e8b3e94277b444b26360c0bf2e9e282761"),
    (_JOINTBERT, "intent_label.txt", 380, "d4e228c803961a6939ceaa5c791e7730457c92480687144bdfd10e4d0d9b8284"),
    (_JOINTBERT, "slot_label.txt", 2310, "3986c69b49e5895826fa021e5dc57382e6e9724ef58182b418997ca0cacbbcb3"),
)
ORIGIN = Origin(
    name="slots",
    options=SlotsOptions,
    sources={
        "builtin": Provenance(
            "drawn from the grammar in stages/datasets/slots/origin/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Provenance(
            "ATIS in the split of SlotGated-SLU, github.com/MiuLab/SlotGated-SLU; label lists of monologg/JointBERT",
            "none stated in either repository; ATIS was first distributed by the LDC",
        ),
    },
    public=tuple(PublicFile(path, f"atis/{path}", base + path, digest, size) for base, path, size, digest in _ATIS),
    make=make,
)
