"""What is fuzzed: of each target some small valid inputs, how one is read, and by which errors it may be refused.

A target is made in a folder of its own, for readers of files.
"""

import base64
import binascii
import gzip
import io
import json
import random
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import yaml
from numpy.typing import NDArray
from PIL import Image

import params
from inputs.pictures import read_picture
from inputs.sounds import pieces
from inputs.tables import parse_table
from pipelines import settings as pipeline_settings
from pipelines import task
from pipelines.nn import checkpoint, data_urls
from pipelines.seq2seq.parsing.trees import spans
from stages import archives, formats, own
from stages import settings as stage_settings
from stages.datasets.parsing.origin import trees
from stages.errors import StageError
from stages.formats.kind import Request
from tests.fuzz.mutations import mutated
from tests.pipelines.examples import EXAMPLES, RecordingLog

NAME = "FILE"  # what readers are told the input is called; they must say it


@dataclass(frozen=True)
class Target:
    """Valid inputs by name, and the reader that gets them changed."""

    samples: Mapping[str, bytes]
    read: Callable[[str, bytes], object]  # a sample's name, a changed content
    refusals: tuple[type[Exception], ...] = (ValueError,)
    named: str = ""  # a text that every refusal must have in it
    words: Sequence[bytes] = ()  # pieces of the format
    structured: Callable[[random.Random, bytes], bytes] | None = None  # a change that keeps what is around it valid

    def case(self, seed: int, number: int) -> tuple[str, bytes]:
        """The case of that number: the name of a sample, and its changed content."""
        rng = random.Random(f"{seed} {number}")
        name = rng.choice(list(self.samples))
        content = self.samples[name]
        if self.structured is not None and rng.random() < 0.5:
            return name, self.structured(rng, content)
        return name, mutated(rng, content, list(self.samples.values()), self.words)


def tables(_folder: Path) -> Target:
    comma = "name,price,count\n" + "".join(f"thing {n},{n}.25,{n * 1000}\n" for n in range(12))
    excel = "Preis;Menge\r\n" + "".join(f"{n},5;1.{n:03}\r\n" for n in range(9)) + ";;\r\n"
    samples = {
        "comma": comma.encode(),
        "excel": excel.encode("cp1252"),
        "utf-16": excel.encode("utf-16"),
        "tabs": b"\xef\xbb\xbf# notes\n\na\tb\n" + b"1 000\t2%\n" * 8,
        "quotes": b'a,b\n"x, ""y""\n",-1.5\n"z",2e3\n',
        "plain": b"1.5\n2.5\n-3\n\n4e1\n",
    }

    def read(_name: str, content: bytes) -> None:
        table = parse_table(content, NAME)
        for column in table.columns:
            try:
                table.numbers(column)
            except ValueError as error:
                if NAME not in str(error):
                    raise AssertionError(f"unnamed: {error}") from error

    words = (
        b",",
        b";",
        b"\t",
        b"|",
        b"\r\n",
        b'"',
        b'""',
        b"1.234,5",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xa0",
        b"%",
        b"'",
    )
    return Target(samples, read, named=NAME, words=words)


def sounds(_folder: Path) -> Target:
    wave = np.sin(np.arange(800) * 0.3) * np.hanning(800)
    samples = {}
    for kind, subtype in (
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("WAV", "PCM_24"),
        ("FLAC", "PCM_16"),
        ("AIFF", "PCM_16"),
    ):
        stream = io.BytesIO()
        channels = np.stack([wave, -wave], axis=1) if subtype == "PCM_24" else wave
        soundfile.write(stream, channels, 8000, format=kind, subtype=subtype)
        samples[f"{kind} {subtype}"] = stream.getvalue()
    samples["OGG"] = _ogg(wave)

    def read(_name: str, content: bytes) -> None:
        for number, piece in enumerate(pieces(io.BytesIO(content), NAME)):
            assert piece.samples.ndim == 1
            if number > 200:  # a header may promise hours
                break

    return Target(
        samples, read, named=NAME, words=(b"RIFF", b"RF64", b"data", b"fmt ", b"LIST", b"fLaC", b"OggS", b"SSND")
    )


def _ogg(wave: NDArray[np.float64]) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, wave, 8000, format="OGG", subtype="VORBIS")
    return stream.getvalue()


def pictures(_folder: Path) -> Target:
    samples = _pictures()
    words = (
        b"IHDR",
        b"IDAT",
        b"tRNS",
        b"acTL",
        b"Exif\0\0",
        b"\xff\xd8",
        b"\xff\xc0",
        b"\xff\xda",
        b"GIF89a",
        b"II*\0",
    )
    return Target(
        samples,
        lambda _name, content: read_picture(content, NAME),
        named=NAME,
        words=words,
        structured=lambda rng, _content: _png(rng, samples["PNG"], list(samples.values())),
    )


def _pictures() -> dict[str, bytes]:
    ramp = np.add.outer(np.arange(24), np.arange(20)).astype("uint8") * 5
    colour = Image.fromarray(np.stack([ramp, ramp[::-1], 255 - ramp], axis=2))
    deep = Image.fromarray(ramp.astype("uint16") * 16)
    found = {}
    for name, picture in (
        ("PNG", colour),
        ("JPEG", colour),
        ("GIF", colour),
        ("BMP", colour),
        ("WEBP", colour),
        ("TIFF", deep),
    ):
        stream = io.BytesIO()
        picture.save(stream, format=name)
        found[name] = stream.getvalue()
    return found


def _png(rng: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """A chunk of a PNG changed, its length and checksum right; the pixels are changed before they are packed."""
    chunks = []
    place = 8
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    number = rng.randrange(len(chunks))
    kind, body = chunks[number]
    is_packed = kind == b"IDAT"
    body = mutated(rng, zlib.decompress(body) if is_packed else body, others, ())
    chunks[number] = (kind, zlib.compress(body, 1) if is_packed else body)
    return content[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", binascii.crc32(kind + body))
        for kind, body in chunks
    )


def packed(_folder: Path) -> Target:
    files = {"data/a.txt": b"one\n" * 50, "data/b.txt": b"two", "c.txt": b""}
    samples = {"stored": archives.pack(files), "deflated": _zip(files), "tar": _tar(files)}

    def structured(rng: random.Random, _content: bytes) -> bytes:
        """A tar changed before it is packed, so that its checksum is right."""
        return gzip.compress(mutated(rng, gzip.decompress(samples["tar"]), [*samples.values()], words), 1)

    words = (
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"../",
        b"/",
        b"ustar",
        b"\x1f\x8b",
        b"0000644",
        b"L",
        b"x",
        b"2",
    )
    return Target(
        samples,
        lambda _name, content: archives.members(content, name=NAME),
        (StageError,),
        named=NAME,
        words=words,
        structured=structured,
    )


def _zip(files: Mapping[str, bytes]) -> bytes:
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _tar(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def bracketed(_folder: Path) -> Target:
    samples = {
        "lines": b"(S (NP (NNP John)) (VP (VBZ sees) (NP (DT a) (NN dog))) (. .))\n" * 3,
        "penn": b"( (S (NP-SBJ-1 (-NONE- *)) (NP=2 (NNP \xc3\x89va)) (ADVP|PRT (RB up) ) ))\n",
    }

    def read(_name: str, content: bytes) -> None:
        """What one package writes, the other reads."""
        for tree in map(trees.clean, trees.parse(content.decode(errors="replace"))):
            if tree is not None:
                linear = tree.linear()
                tree.bracketed()
                try:
                    spans(linear.split(), len(tree.text.split()))
                except ValueError as error:
                    raise AssertionError(f"written, not read: {error}: {linear[:200]}") from error

    words = (
        b"(",
        b")",
        b"((",
        b"))",
        b"(NP ",
        b"-NONE-",
        b"-LRB-",
        b"(A" * 3000,
        b")" * 3000,
        b"\xe2\x80\x83",
        b"=",
        b"|",
    )
    return Target(samples, read, (StageError,), words=words)


def linear(_folder: Path) -> Target:
    samples = {"tree": b"5 (S (NP NNP )NP (VP VBZ (NP DT NN )NP )VP . )S", "small": b"1 (S NN )S"}

    def read(_name: str, content: bytes) -> None:
        count, *symbols = content.decode(errors="replace").split() or ["0"]
        spans(symbols, int(count) if count.isdecimal() and len(count) < 9 else 0)

    return Target(samples, read, words=(b"(", b")", b"(S ", b")S ", b" NN "))


PARAMS = """
data: {source: builtin, mirror: null, drift: {warn: 0.1, stop: 0.25}}
datasets:
  slots:
    source: null
    builtin: {seed: 3, train: 300, val: 40, test: 60}
own:
  my-names:
    kind: tagged
    path: names.conll
    columns: {tokens: 1}
    options: {encoding: utf-8}
    splits: {seed: 1}
pipelines:
  rnn:
    slots:
      dataset: slots
      seeds: 2
      training: {epochs: 3, learning_rate: 1e-08}
      public: {training: {epochs: 4}}
      variants: {elman: {model: {cell: elman}}, gru: {seeds: 1}}
    my-names: {like: rnn-slots, dataset: my-names, variants: {gru: {}}}
"""
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "slots",
    "x" * 999,
    [],
    {},
    [[1]],
    {"a": {1: 2}},
    {None: 3},
)


def settings(folder: Path) -> Target:
    file = folder / "params.yaml"

    def read(_name: str, content: bytes) -> None:
        file.write_bytes(content)
        sections = params.read(file)
        _each(stage_settings.load, sections["datasets"], file)
        _each(_requested, sections.get(params.OWN, {}), file)
        _each(pipeline_settings.load_pipeline, pipeline_settings.names(file), file)

    words = (
        b"? ",
        b"- ",
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!python/object:os.system ",
        b"|\n",
        b"{",
        b"[" * 3000,
        b"\t",
        b"%",
        b"~",
    )
    return Target({"params": PARAMS.encode()}, read, (ValueError, StageError), words=words, structured=_changed_yaml)


def _requested(name: str, file: Path) -> Request:
    """An entry of `own` as far as it comes of params.yaml; the rules of its kind take seconds to import."""
    entry = params.parse(own.Entry, params.read(file)[params.OWN][name], f"own.{name}")
    return own.request_of(name, entry, f"own.{name}")


def _each(load: Callable[[Any, Path], object], names: Any, file: Path) -> None:
    """Every entry is loaded, also those after one that is refused; that one is raised at the end."""
    refused = None
    for name in names:
        try:
            load(name, file)
        except (ValueError, StageError) as error:
            refused = error
    if refused is not None:
        raise refused


def _changed_yaml(rng: random.Random, content: bytes) -> bytes:
    """One to three values or keys replaced, anywhere."""
    values = yaml.safe_load(content)
    for _ in range(rng.randint(1, 3)):
        _change(rng, values)
    return yaml.safe_dump(values, sort_keys=False).encode()


def _change(rng: random.Random, values: Any) -> None:
    key = rng.choice(list(values)) if values else None
    inner = values.get(key)
    if isinstance(inner, dict) and inner and rng.random() < 0.8:
        _change(rng, inner)
    elif rng.random() < 0.3:
        values[rng.choice((None, 1, True, "", "a.b", "like", "source", "x" * 99))] = values.pop(key, None)
    else:
        values[key] = rng.choice(VALUES)


CONLL = b"".join(
    b"-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\nJim%d NNP I-NP I-PER\n\n" % n for n in range(12)
)
CONLLU = (
    b"# text = x\n1-2\tdel"
    + b"\t_" * 8
    + b"\n"
    + b"".join(b"1\tde%d\t_\tADP%s\n2\tel\t_\tDET%s\n\n" % (n, b"\t_" * 6, b"\t_" * 6) for n in range(12))
)
TMX = (
    b'<?xml version="1.0"?><tmx version="1.4"><header/><body>'
    + b"".join(
        b'<tu><tuv xml:lang="en"><seg>day %d</seg></tuv><tuv xml:lang="de"><seg>Tag <ph/>%d</seg></tuv></tu>\n' % (n, n)
        for n in range(12)
    )
    + b"</body></tmx>"
)
REVIEWS = [{"text": f"fine number {n}", "label": ("good", "bad")[n % 2], "split": None} for n in range(12)]
OWN = {
    "tagged a.conll": CONLL,
    "tagged b.conllu": CONLLU,
    "tagged c.jsonl": b'{"tokens": ["to", "Rome"], "tags": ["O", "B-LOC"]}\n' * 12,
    "pairs a.tmx": TMX,
    "pairs b.tsv": b"".join(b"day %d\tTag %d\n" % (n, n) for n in range(12)),
    "labelled a.jsonl": "\n".join(map(json.dumps, REVIEWS)).encode(),
    "labelled b.json": json.dumps(REVIEWS).encode(),
    "labelled c.csv": b"text,label\n" + b"".join(b'"seen, %d",%d\n' % (n, n % 3) for n in range(12)),
    "key-phrases a.jsonl": b'{"title": "graph theory", "abstract": "We count graphs.", "keyphrases": ["graphs"]}\n'
    * 12,
    "cases a.csv": b"name,kind,x,y\n" + b"".join(b"n%d,%d,%d.5,2\n" % (n, n % 2, n) for n in range(12)),
    "numbers a.csv": b"value\n1.5\n2.5\n3\n4\n5\n6\n7\n8\n",
    "text a.txt": b"".join(b"A line of text %d.\n" % n for n in range(30)),
    "trees a.mrg": b"".join(b"(S (NP (NNP John)) (VP (VBZ sees%d)))\n" % n for n in range(12)),
}


def own_formats(folder: Path) -> Target:
    def read(name: str, content: bytes) -> None:
        kind, file = name.split()
        path = folder / file
        path.write_bytes(content)
        request = own.request_of("mine", own.Entry(kind, str(path)), "own.mine")
        prepared = formats.find(kind).read(request)
        assert prepared.tables
        formats.find(kind).suited(prepared)

    words = (
        *(b"\t", b",", b'"', b"{", b"}", b"[" * 3000, b'{"a":' * 3000, b"null", b"NaN", b"\\ud800"),
        *(
            b"<tu>",
            b"</tu>",
            b"<!ENTITY a 'b'>",
            b"&amp;",
            b"O",
            b"B-",
            b"I-",
            b"\n\n",
            b"\r",
            b"\xff\xfe",
            b"\xe2\x80\xa8",
        ),
    )
    return Target(OWN, read, (StageError,), named=str(folder), words=words)


def checkpoints(folder: Path) -> Target:
    file = folder / "model.safetensors"
    state = {
        "model": {"weight": torch.arange(6.0).view(2, 3), "bias": torch.ones(2)},
        "optimizer": {0: [torch.tensor(1)]},
        "epoch": 3,
    }
    checkpoint.save(file, state)
    content = file.read_bytes()

    def read(_name: str, content: bytes) -> None:
        file.write_bytes(content)
        assert checkpoint.load(file)["epoch"] == state["epoch"], "another state, taken for whole"

    def structured(rng: random.Random, content: bytes) -> bytes:
        """The header changed, its length right."""
        (length,) = struct.unpack("<Q", content[:8])
        header = mutated(rng, content[8 : 8 + length], [content], words)
        return struct.pack("<Q", len(header)) + header + content[8 + length :]

    words = (
        b"F32",
        b"BF16",
        b"F4",
        b"BOOL",
        b"[" * 200,
        b'"shape":',
        b"0",
        b"{}",
        b"__metadata__",
        b"__tensor__",
        b"\\u0000",
    )
    return Target({"model": content}, read, named=str(file), words=words, structured=structured)


def _trained(family: str, name: str, folder: Path) -> task.Predictor:
    example = EXAMPLES[family, name]
    found = task.find(family, name)
    out = folder / f"{family}-{name}"
    out.mkdir()
    found.trainer.train(example.run(), example.write(folder / name), out, RecordingLog())
    return found.predictor(out / "model.safetensors")


def _answered(predictor: task.Predictor, content: bytes) -> None:
    """A text as a served model gets it: of any characters, lone surrogates too."""
    (answer,) = predictor([content.decode("utf-8", "surrogateescape")])
    json.dumps(answer)
    assert predictor.shown(answer).strip()


def tagger(folder: Path) -> Target:
    predictor = _trained("rnn", "slots", folder)
    texts = ("flights to boston on monday", "to new york", "日本語 to denver", "e\u0301 \u200b\ufeff to boston!", "")
    words = [
        text.encode()
        for text in ("boston ", "\u202e", "\u0300" * 50, "\ufdfa", "\0", "\U0001f600", "İ", "ﬃ", "“", "\n")
    ]
    samples = {text: text.encode() for text in texts}
    return Target(samples, lambda _name, content: _answered(predictor, content), named="text 1 of 1", words=words)


def classifier(folder: Path) -> Target:
    predictor = _trained("vgg16", "images", folder)
    files = _pictures()
    samples = {
        kind: data_urls.encode(content, f"image/{kind.lower()}", name="a.png") for kind, content in files.items()
    }
    samples["base64"] = base64.b64encode(files["PNG"]).decode()

    def structured(rng: random.Random, _content: bytes) -> bytes:
        """The picture changed, and encoded as it should be."""
        content = mutated(rng, rng.choice(list(files.values())), list(files.values()), ())
        return data_urls.encode(content, "image/png", name="a.png").encode()

    words = (b"data:", b",", b";base64", b";name=", b"%ff", b"=", b"==", b"image/png", b" ", b"\n")
    # A refusal calls the picture by the name in the data URL, which a change may have made any text.
    encoded = {name: text.encode() for name, text in samples.items()}
    return Target(
        encoded,
        lambda _name, content: _answered(predictor, content),
        words=words,
        structured=structured,
    )


TARGETS: Mapping[str, Callable[[Path], Target]] = {
    "tables": tables,
    "sounds": sounds,
    "pictures": pictures,
    "archives": packed,
    "trees": bracketed,
    "linear-trees": linear,
    "params": settings,
    "own-formats": own_formats,
    "checkpoints": checkpoints,
    "tagger": tagger,
    "picture-classifier": classifier,
}
