"""A translator's settings."""

from dataclasses import dataclass

from pipelines.seq2seq.text_model import TextParams
from pipelines.seq2seq.tokenizer import Units


@dataclass(frozen=True, kw_only=True)
class TranslatorParams(TextParams):
    """The languages, the model, and what training changes."""

    languages: tuple[str, ...]  # of the columns source and target; BLEU parts words by them
    reverse: bool = False  # True: target is read and source written
    source_units: Units = "words"  # words | characters | subwords | tokens (what spaces part)
    target_units: Units = "words"
    lower_source: bool = True  # capitals are read as small letters
    subwords: int = 4000  # pieces of a language, where units are subwords
    scheduled_sampling: float = 0.0  # share of steps that read the decoder's own words in the last epoch

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.languages) != 2:
            raise ValueError(f"languages is {list(self.languages)}: expected two, as in [en, zh]")
        if not 0 <= self.scheduled_sampling <= 1:
            raise ValueError(f"scheduled_sampling is {self.scheduled_sampling:g}: expected a share from 0 to 1")

    @property
    def written_language(self) -> str:
        """The language of translations."""
        return self.languages[0 if self.reverse else 1]
