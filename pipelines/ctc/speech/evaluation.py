"""What a recogniser's answers are worth: error rates, doubled characters, and the same network read by each decoder."""

from collections.abc import Callable, Sequence

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

AT_ONCE = 64  # recordings that the decoders read in one batch

Reader = Callable[[Tensor, Tensor], list[tuple[int, ...]]]


def scores(rows: pd.DataFrame, recognised: Sequence[str]) -> Row:
    """In percent: error rates, texts right, doubled characters kept and merged, and what is right of doubled and new.

    Where there is nothing of a kind, nothing of it is wrong: 100. Where the rows come from several tables, also the
    figures of each.
    """
    found = metrics.error_rates(list(rows["text"]), recognised)
    right = rows["text"].to_numpy() == pd.Series(recognised, dtype="str").to_numpy()
    kept, merged, pairs = doubled_pairs(list(rows["text"]), recognised)
    found["doubled_kept"] = 100 * kept / pairs if pairs else 100.0
    found["doubled_merged"] = 100 * merged / pairs if pairs else 0.0
    for column, name in (("doubled", "doubled_right"), ("new_words", "new_words_right")):
        chosen = rows[column].to_numpy(dtype=bool)
        found[name] = 100 * float(right[chosen].mean()) if chosen.any() else 100.0
    if len(set(rows["part"])) > 1:
        for part, of_part in rows.groupby("part"):
            rates = metrics.error_rates(list(of_part["text"]), [recognised[index] for index in of_part.index])
            found |= {f"{part}_{key}": value for key, value in rates.items()}
    return found


def doubled_pairs(gold: Sequence[str], recognised: Sequence[str]) -> tuple[int, int, int]:
    """Of the places where a text has the same character twice in a row: how many were kept, merged, and are there.

    A pair is kept where an alignment with the fewest edits finds both characters, and merged where it finds one of
    them and the other is missing.
    """
    import jiwer

    kept = merged = pairs = 0
    for text, said in zip(gold, recognised, strict=True):
        places = [index for index in range(len(text) - 1) if text[index] == text[index + 1]]
        if not places:
            continue
        fate = ["delete"] * len(text)
        for chunk in jiwer.process_characters(text, said).alignments[0]:
            fate[chunk.ref_start_idx : chunk.ref_end_idx] = [chunk.type] * (chunk.ref_end_idx - chunk.ref_start_idx)
        for index in places:
            both = sorted(fate[index : index + 2])
            pairs += 1
            kept += both == ["equal", "equal"]
            merged += both == ["delete", "equal"]
    return kept, merged, pairs


def together(log_probs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Recordings (T', C) as one batch (B, T', C), and their steps (B,)."""
    steps = torch.tensor([len(row) for row in log_probs])
    return torch.nn.utils.rnn.pad_sequence(list(log_probs), batch_first=True), steps


def texts_read(log_probs: Sequence[Tensor], alphabet: Alphabet, read: Reader) -> list[str]:
    """What a decoder reads in each recording (T', C)."""
    texts = [""] * len(log_probs)
    for chosen in by_length(map(len, log_probs), AT_ONCE):
        for index, labels in zip(chosen, read(*together([log_probs[index] for index in chosen])), strict=True):
            texts[index] = alphabet.text(labels)
    return texts


def read_greedily(log_probs: Tensor, steps: Tensor) -> list[tuple[int, ...]]:
    return [tuple(span.label for span in spans) for spans in greedy(log_probs, steps)]


def read_by_beam(beam: int, *automata: tuple[Automaton, float], label_bonus: float = 0.0) -> Reader:
    def read(log_probs: Tensor, steps: Tensor) -> list[tuple[int, ...]]:
        found = beam_search(log_probs, steps, beam=beam, candidates=beam, automata=automata, label_bonus=label_bonus)
        return [hypotheses[0].labels for hypotheses in found]

    return read


def readers(train: Sequence[str], alphabet: Alphabet, params: SearchParams) -> dict[str, Reader]:
    """Each decoder by name; language model and lexicon know the training texts alone."""
    model = ngram([alphabet.encoded(text) for text in train], len(alphabet), params.lm_order)
    found: dict[str, Reader] = {
        "trimming": trimmed,
        "greedy": read_greedily,
        "beam": read_by_beam(params.beam),
        f"beam, {params.lm_order}-gram": read_by_beam(
            params.beam, (model, params.lm_weight), label_bonus=params.label_bonus
        ),
    }
    if " " in alphabet.characters:
        words = sorted({word for text in train for word in text.split()})
        known = lexicon([alphabet.encoded(word) for word in words], len(alphabet), alphabet.encoded(" ")[0])
        found["beam, lexicon"] = read_by_beam(params.beam, (known, 1.0))
    return found


def compared(
    rows: pd.DataFrame, train: Sequence[str], log_probs: Sequence[Tensor], alphabet: Alphabet, params: SearchParams
) -> pd.DataFrame:
    """The same network read by each decoder: a row for each, figures in percent."""
    found = {
        name: scores(rows, texts_read(log_probs, alphabet, read))
        for name, read in readers(train, alphabet, params).items()
    }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("decoder")
