"""Data set `slots`: label each word of a travel request. Built-in: a grammar; public: ATIS.

Raw layout of both, as ATIS is published: `<split>/seq.in` (words), `seq.out` (an IOB tag per word), `label` (intent),
one utterance per line, and the labels seen in train in `slot_label.txt` and `intent_label.txt`.
"""
