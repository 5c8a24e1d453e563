"""Data set `sentences`: short sentences to be put into one vector and written out again. Public: MR and Tatoeba.

The built-in source is about pairs that differ in the order of words alone (see origin/grammar.py). Raw layout: an
archive, here `polarity`: MR's, or for the built-in source one of `train.tsv`, `val.tsv`, `test.tsv`, lines of
`pair<TAB>text`; and, published alone, `cmn-eng.zip`, of which the English side counts.

Of both corpora the sentences of at most 20 words are taken, each once, Tatoeba's written as MR's are. Each keeps the
split that it has elsewhere: MR's as in `sentiment_mr`, Tatoeba's as in `translation`; what both have counts as
Tatoeba's. Column `corpus` is the corpus of a sentence.
"""
