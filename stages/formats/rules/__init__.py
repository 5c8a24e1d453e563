"""The rules of each kind of users' own data: a module a kind, and `every.py` for what all kinds keep."""
