"""Transcribes the speech in a file or a served recording with a trained recogniser."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from pipelines import task
from pipelines.ctc.alignment import align, spans
from pipelines.ctc.loss import log_likelihood
from pipelines.ctc.speech.inference import load_recogniser, posteriors
from pipelines.nn.ctc import greedy
from pipelines.sound.audio import Piece, from_text, texts_of_files


class Predictor(task.Predictor):
    """A recogniser loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._encoder = load_recogniser(weights)
        self._rate, self._step = self._model.params.sample_rate, self._model.params.step_seconds

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each recording (base64 of a sound file) its text, and the model's confidence in it.

        `confidence` is the probability of the text given the sound, of the least certain piece where the recording is
        longer than `audio.MAX_SECONDS`, times the share that is there of a file that is cut off; `characters` has the
        start and end of each (seconds) and the mean probability of its steps; `warnings` names what is doubtful about
        the sound. Raises ValueError that names the text that holds no recording.
        """
        return [self._answer(text, f"text {number} of {len(texts)}") for number, text in enumerate(texts, start=1)]

    def _answer(self, text: str, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        last = None
        for piece in from_text(text, name):
            found.append(self._recognised(piece))
            last = piece
        assert last is not None, "a recording without samples is an error"
        between = " " if " " in self._encoder.alphabet.characters else ""
        return {
            "name": last.name,
            "start": found[0]["start"],
            "end": round(last.start + last.seconds, 3),
            "text": between.join(part["text"] for part in found if part["text"]),
            "confidence": min(part["confidence"] for part in found) * min(1.0, last.share),
            "characters": [character for part in found for character in part["characters"]],
            "warnings": list(dict.fromkeys(warning for part in found for warning in part["warnings"])),
        }

    def _recognised(self, piece: Piece) -> dict[str, Any]:
        warnings = piece.warnings(self._rate)
        answer = {"start": round(piece.start, 3), "text": "", "confidence": 1.0, "characters": [], "warnings": warnings}
        if piece.is_silent:
            return answer
        log_probs = posteriors(self._model, self._encoder, self._encoder.features([piece.waveform(self._rate)]))[0]
        lengths = torch.tensor([len(log_probs)])
        labels = [span.label for span in greedy(log_probs[None], lengths)[0]]
        if not labels:
            return answer | {"confidence": math.exp(float(log_probs[:, 0].sum()))}
        batch = log_probs[None].double(), lengths, torch.tensor([labels]), torch.tensor([len(labels)])
        path, _ = align(*batch)
        probability = math.exp(float(log_likelihood(*batch)))
        characters = [
            {
                "character": self._encoder.alphabet.decode([span.label]),
                "start": round(piece.start + span.start * self._step, 3),
                "end": round(piece.start + span.end * self._step, 3),
                "confidence": round(float(log_probs[span.start : span.end, span.label].exp().mean()), 4),
            }
            for span in spans(path[0].tolist(), labels)
        ]
        text = self._encoder.alphabet.decode(labels)
        return answer | {"text": text, "confidence": min(probability, 1.0), "characters": characters}

    @staticmethod
    def inputs(arguments: list[str]) -> Iterator[str]:
        """The recordings in the files that `arguments` name, as texts, a piece at a time."""
        return texts_of_files(arguments)

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The text with its time and confidence, then a line for each character."""
        where = f"{answer['name']} " if answer["name"] else ""
        text = answer["text"] or "(nothing)"
        lines = [f"{where}{answer['start']:.2f}-{answer['end']:.2f} s: {text}  ({answer['confidence']:.0%})"]
        lines += [f"  warning: {warning}" for warning in answer["warnings"]]
        lines += [
            f"  {character['start']:8.2f} s  {character['character']}  {character['confidence']:.0%}"
            for character in answer["characters"]
        ]
        return "\n".join(lines)
