"""Data set `translation`: English to Chinese. Built-in: a synchronous grammar; public: the Mandarin pairs of Tatoeba.

Tables have a row per pair: `source` in English, `target` in simplified Chinese, and `target_as_written`, where the
published pairs mix traditional and simplified characters: a model is trained on the one column or on the other.
stages/texts/tatoeba.py splits Tatoeba by the English sentence. Another one with the same Chinese sentence may be on
another side; the card counts those.

Raw: `cmn-eng.zip` as published (English, Chinese and attribution, by tabs), or `train.txt`, `val.txt`, `test.txt`.
"""
