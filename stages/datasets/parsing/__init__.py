"""Data set `parsing`: sentences and their trees. Built-in: a probabilistic grammar; public: NLTK's sample of the
Penn Treebank.

Tables have a row per sentence: `text`, its words with blanks between; `tree`, in the brackets of the Penn Treebank,
with words; `linear`, what a sequence model writes: labels and tags, each constituent named at both ends. Traces and
function tags are gone, as EVALB removes them before it scores. The sample has no standard split: here files 0001-0159
are train, 0160-0179 val and 0180-0199 test.

Raw: `treebank.zip` as published, or `train.mrg`, `val.mrg`, `test.mrg`, bracketed trees too.
"""
