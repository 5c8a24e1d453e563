"""How good a recogniser is: error rates, doubled characters, and a comparison of decoders on the same network."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.ctc.automata import Automaton, lexicon, ngram
from pipelines.ctc.decoding import SearchParams, beam_search, trimmed
from pipelines.ctc.speech.data import Alphabet
from pipelines.nn.ctc import greedy
from pipelines.nn.words import by_length
from pipelines.reporting import metrics
from pipelines.task import Row

BATCH_SIZE = 64  # recordings

Decoder = Callable[[Tensor, Tensor], list[tuple[int, ...]]]  # log probabilities (B, T', C), steps (B,) -> labels


def scores(rows: pd.DataFrame, recognised: Sequence[str]) -> Row:
    """In percent: error rates, exact texts, doubled characters kept and merged, exact texts with doubled and new words.

    A figure over no rows is 100, as is that of a column that the data do not have. Where the rows come from several
    tables, the error rates of each are included.
    """
    found = metrics.error_rates(list(rows["text"]), recognised)
    right = rows["text"].to_numpy() == pd.Series(recognised, dtype="str").to_numpy()
    kept, merged, pairs = doubled_pairs(list(rows["text"]), recognised)
    found["doubled_kept"] = 100 * kept / pairs if pairs else 100.0
    found["doubled_merged"] = 100 * merged / pairs if pairs else 0.0
    for column, name in (("doubled", "doubled_right"), ("new_words", "new_words_right")):
        chosen = rows[column].to_numpy(dtype=bool) if column in rows else np.zeros(len(rows), bool)
        found[name] = 100 * float(right[chosen].mean()) if chosen.any() else 100.0
    if len(set(rows["part"])) > 1:
        for part, of_part in rows.groupby("part"):
            rates = metrics.error_rates(list(of_part["text"]), [recognised[index] for index in of_part.index])
            found |= {f"{part}_{key}": value for key, value in rates.items()}
    return found


def doubled_pairs(gold: Sequence[str], recognised: Sequence[str]) -> tuple[int, int, int]:
    """The number of doubled characters (the same twice in a row) that were kept, that were merged, and of all.

    A pair is kept where an alignment with the fewest edits has both characters right, and merged where it has one
    right and the other deleted.
    """
    import jiwer

    kept = merged = pairs = 0
    for text, found in zip(gold, recognised, strict=True):
        places = [index for index in range(len(text) - 1) if text[index] == text[index + 1]]
        if not places:
            continue
        edits = ["delete"] * len(text)
        for chunk in jiwer.process_characters(text, found).alignments[0]:
            edits[chunk.ref_start_idx : chunk.ref_end_idx] = [chunk.type] * (chunk.ref_end_idx - chunk.ref_start_idx)
        for index in places:
            both = sorted(edits[index : index + 2])
            pairs += 1
            kept += both == ["equal", "equal"]
            merged += both == ["delete", "equal"]
    return kept, merged, pairs


def collate(log_probs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Recordings (T', C) as one batch (B, T', C), and their steps (B,)."""
    steps = torch.tensor([len(row) for row in log_probs])
    return torch.nn.utils.rnn.pad_sequence(list(log_probs), batch_first=True), steps


def decode(log_probs: Sequence[Tensor], alphabet: Alphabet, decoder: Decoder) -> list[str]:
    """The text of each recording (T', C) by a decoder."""
    texts = [""] * len(log_probs)
    for chosen in by_length(map(len, log_probs), BATCH_SIZE):
        for index, labels in zip(chosen, decoder(*collate([log_probs[index] for index in chosen])), strict=True):
            texts[index] = alphabet.decode(labels)
    return texts


def greedy_decoder(log_probs: Tensor, steps: Tensor) -> list[tuple[int, ...]]:
    """Best-path decoding."""
    return [tuple(span.label for span in spans) for spans in greedy(log_probs, steps)]


def beam_decoder(beam: int, *automata: tuple[Automaton, float], label_bonus: float = 0.0) -> Decoder:
    """Prefix beam search with automata and their weights."""

    def decoder(log_probs: Tensor, steps: Tensor) -> list[tuple[int, ...]]:
        found = beam_search(log_probs, steps, beam=beam, candidates=beam, automata=automata, label_bonus=label_bonus)
        return [hypotheses[0].labels for hypotheses in found]

    return decoder


def decoders(train: Sequence[str], alphabet: Alphabet, params: SearchParams) -> dict[str, Decoder]:
    """Each decoder by name; language model and lexicon are made of the training texts."""
    model = ngram([alphabet.encode(text) for text in train], len(alphabet), params.lm_order)
    found: dict[str, Decoder] = {
        "trimming": trimmed,
        "greedy": greedy_decoder,
        "beam": beam_decoder(params.beam_size),
        f"beam, {params.lm_order}-gram": beam_decoder(
            params.beam_size, (model, params.lm_weight), label_bonus=params.label_bonus
        ),
    }
    if " " in alphabet.characters:
        words = sorted({word for text in train for word in text.split()})
        known = lexicon([alphabet.encode(word) for word in words], len(alphabet), alphabet.encode(" ")[0])
        found["beam, lexicon"] = beam_decoder(params.beam_size, (known, 1.0))
    return found


def compared(
    rows: pd.DataFrame, train: Sequence[str], log_probs: Sequence[Tensor], alphabet: Alphabet, params: SearchParams
) -> pd.DataFrame:
    """The scores of the same network with each decoder: a row for each, in percent."""
    found = {
        name: scores(rows, decode(log_probs, alphabet, decoder))
        for name, decoder in decoders(train, alphabet, params).items()
    }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("decoder")
