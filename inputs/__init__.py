"""Files that users bring, read carefully: tables, pictures, sounds, texts.

Each reader states what it decided, refuses what it cannot read in one way only, and names the file in every error. It
imports neither `stages` nor `pipelines`.
"""
