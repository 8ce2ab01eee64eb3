"""A password hasher for tests: Argon2, as in the shop, at its cheapest."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 8  # KiB, against 100 MiB
    parallelism = 1
