"""Translates the speech in a file or a served recording with a trained translator."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines import task
from pipelines.seq2seq.speech_translation.data import features_of
from pipelines.seq2seq.speech_translation.inference import load_translator
from pipelines.seq2seq.speech_translation.model import Cascade
from pipelines.sound.audio import Piece, from_text, texts_of_files

N_BEST = 3  # translations of a piece


class Predictor(task.Predictor):
    """A translator loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model = load_translator(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each recording (base64 of a sound file) its translation.

        A recording longer than `audio.MAX_SECONDS` is cut where it is quietest and translated piece by piece; `pieces`
        has for each of them the translation, its log probability and score, the next best ones, and the transcript of a
        cascade. `cut` is true for a translation that did not end within its limit; `warnings` names what is doubtful
        about the sound. Raises ValueError that names the text that holds no recording.
        """
        return [self._answer(text, f"text {number} of {len(texts)}") for number, text in enumerate(texts, start=1)]

    def _answer(self, text: str, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        warnings: list[str] = []
        last = None
        for piece in from_text(text, name):
            warnings += piece.warnings(self._model.params.sample_rate)
            found.append(self._translated(piece))
            last = piece
        assert last is not None, "a recording without samples is an error"
        between = "" if self._model.params.language == "zh" else " "
        return {
            "name": last.name,
            "start": found[0]["start"],
            "end": found[-1]["end"],
            "translation": between.join(part["translation"] for part in found if part["translation"]),
            "cut": any(part["cut"] for part in found),
            "warnings": list(dict.fromkeys(warnings)),
            "pieces": found,
        }

    def _translated(self, piece: Piece) -> dict[str, Any]:
        params = self._model.params
        answer: dict[str, Any] = {"start": round(piece.start, 3), "end": round(piece.start + piece.seconds, 3)}
        if piece.is_silent:
            return answer | {"translation": "", "log_prob": 0.0, "score": 0.0, "cut": False, "others": []}
        features = features_of([piece.waveform(params.sample_rate)], params)
        hypotheses = self._model.translations(features, params, n_best=N_BEST)[0]
        translations = [
            {
                "translation": self._model.tokenizer.decode(one.symbols),
                "log_prob": one.log_prob,
                "score": one.score,
                "cut": one.is_cut,
            }
            for one in hypotheses
        ]
        if isinstance(self._model, Cascade):
            answer["recognised"] = self._model.transcripts(features)[0]
        return answer | translations[0] | {"others": translations[1:]}

    @staticmethod
    def inputs(arguments: list[str]) -> Iterator[str]:
        """The recordings in the files that `arguments` name, as texts, a piece at a time."""
        return texts_of_files(arguments)

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The translation of each piece with its time and score, the next best ones, and what is doubtful."""
        lines = []
        for piece in answer["pieces"]:
            where = f"{answer['name']} " if answer["name"] else ""
            translation = piece["translation"] or "(nothing)"
            lines.append(f"{where}{piece['start']:.2f}-{piece['end']:.2f} s: {translation}  ({piece['score']:.2f})")
            if "recognised" in piece:
                lines.append(f"  recognised: {piece['recognised'] or '(nothing)'}")
            lines += [f"  or: {one['translation'] or '(nothing)'}  ({one['score']:.2f})" for one in piece["others"]]
        lines += [f"  warning: {warning}" for warning in answer["warnings"]]
        if answer["cut"]:
            lines.append("  warning: cut, as it did not end within its limit")
        return "\n".join(lines)
