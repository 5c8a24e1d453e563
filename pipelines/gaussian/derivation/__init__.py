"""Gauss's derivation of the normal law, each step of it executed; and why other laws of error want other estimates."""
