"""The download room: published files, resumed and verified by digest, from a mirror first."""
