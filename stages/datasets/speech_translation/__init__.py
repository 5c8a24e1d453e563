"""Data set `speech_translation`: sound in one language to text in another.

A row is an utterance: `text` is its translation, in `language`. `said` is a transcript, there for a cascade to compare
with: who translates speech directly does without it. The sound is `samples[start : start + length]` of the table's
array, at 8000 samples a second. Tables: `train`, `val`, `test`.

Built-in: Cantonese to English. Sentences of a synchronous grammar (origin/grammar.py), spoken by espeak-ng
(stages/sounds/synthesis.py) with the voices that the data set `speech` has, too: those of val and test are not heard in
training. Each sentence of val and test combines two words that training has in other sentences only.

Public: a proxy. Strings of English digits, joined from the Free Spoken Digit Dataset (stages/sounds/digits.py), are
translated to Chinese numerals: the sound is real, the task is a translation word by word and in order. `takes` are the
recordings that a row is joined from.
"""
