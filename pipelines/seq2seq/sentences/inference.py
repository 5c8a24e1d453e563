"""A trained auto-encoder: saved, loaded, and asked for codes, reconstructed sentences and neighbours.

Training and prediction both use it.

Shapes: B sentences, M known sentences, E the width of a code.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from pipelines.nn import checkpoint, word_reader
from pipelines.seq2seq.decoding import decode
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import Languages
from pipelines.seq2seq.search import BeamParams
from pipelines.seq2seq.sentences.model import SentencesParams, build_autoencoder
from pipelines.seq2seq.symbols import collate_sources
from pipelines.seq2seq.text_model import from_state, state_of
from pipelines.seq2seq.tokenizer import Tokenizer

BATCH_SIZE = 256  # sentences


def codes_of(model: Seq2Seq, sentences: list[list[int]]) -> Tensor:
    """The code of each sentence (B, E)."""
    device = next(model.parameters()).device
    found = []
    with torch.inference_mode():
        for start in range(0, len(sentences), BATCH_SIZE):
            source, lengths = collate_sources(sentences[start : start + BATCH_SIZE])
            found.append(model.encode(source.to(device), lengths.to(device)).code.cpu())
    return torch.cat(found)


def reconstruct(model: Seq2Seq, sentences: list[list[int]], params: BeamParams) -> list[list[int]]:
    """The sentence that the decoder makes of each sentence's code, in the order of `sentences`.

    The encoder checks the decoder: of the outputs of a beam, the one is taken whose own code is nearest to the code
    that it was decoded from.
    """
    found = decode(model, sentences, collate_sources, lambda one: 2 * len(one) + 5, params, n_best=params.beam_size)
    outputs = [[list(hypothesis.symbols) for hypothesis in hypotheses] for hypotheses in found]
    own = torch.split(codes_of(model, [one for row in outputs for one in row]), [len(row) for row in outputs])
    codes = codes_of(model, sentences)
    return [
        row[int((of_row - code).norm(dim=1).argmin())] for row, of_row, code in zip(outputs, own, codes, strict=True)
    ]


def nearest(codes: Tensor, known: Tensor) -> Tensor:
    """The rows of `known` (M, E) by their angle to each of codes (B, E), nearest first: (B, M)."""
    cosines = nn.functional.normalize(codes, dim=1) @ nn.functional.normalize(known, dim=1).T
    return cosines.argsort(dim=1, descending=True, stable=True)


def save_autoencoder(
    path: Path, model: Seq2Seq, params: SentencesParams, languages: Languages, *, known: list[str], codes: Tensor
) -> None:
    """Writes all that prediction needs into one file; `known` are sentences with their codes (M, E).

    The encoder is a reader of words that other tasks may start from.
    """
    state = state_of(model, params, languages)
    state |= word_reader.entry(languages.source.symbols.names, "encoder.embedding.weight", "encoder.recurrent.")
    checkpoint.save(path, state | {"known": known, "codes": codes})


def load_autoencoder(path: Path) -> tuple[Seq2Seq, Tokenizer, SentencesParams, list[str], Tensor]:
    """The auto-encoder saved at `path`, ready to answer, and the known sentences with their codes.

    Raises ValueError for a file that is damaged.
    """
    state = checkpoint.load(path)
    model, languages, params = from_state(state, SentencesParams, build_autoencoder)
    return model, languages.source, params, state["known"], state["codes"]
