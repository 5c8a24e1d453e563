"""Data set `speech`: sound to characters. Built-in: synthesised speech; public: spoken digits.

A row is an utterance: `text` is what to write for it, in the characters of its `language` (English words spelled, with
blanks; Mandarin without), `doubled` is whether two neighbouring characters of it are the same, `new_words` whether
one of its words is not in train (of Mandarin: the phrase). `digits` repeats a string of digits as figures. The
sound is `samples[start : start + length]` of the table's array, at 8000 samples a second.

Built-in, tables `train`, `val`, `test`: connected English digits, English words and Mandarin phrases, spoken by
espeak-ng (stages/sounds/synthesis.py) with 168 voices at several levels of loudness and noise. A voice is a timbre with
a pitch, a rate and a length of the vocal tract. Those of val and test are not heard in training, but their timbres
are. Three in ten of the nouns and phrases there are new to training, too; in training three in ten nouns are made-up
names, which it alone has. Each phrase that doubling changes has its plain form beside it, by the same voice.

Public, tables `isolated-*` and `connected-*`: the Free Spoken Digit Dataset one by one, and as strings of three to
seven joined from it (see stages/sounds/digits.py). Training on speakers other than the
one that is tested is a choice of rows by `speaker`; `takes` are the recordings that a row is made of.
"""
