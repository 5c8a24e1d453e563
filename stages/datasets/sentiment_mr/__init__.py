"""Data set `sentiment_mr`: is a sentence favourable? Built-in: stages/texts/reviews.py; public: MR (Pang and Lee 2005).

Raw layout of both: one archive, here `polarity`, with `rt-polarity.pos` and `rt-polarity.neg`, a sentence per line.
There is no published split; stages/texts/polarity.py makes ten folds. Column `fold` allows to do without ours.
"""
