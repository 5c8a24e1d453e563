"""Readers are asked to read damaged inputs, which are made at random from small valid ones."""
