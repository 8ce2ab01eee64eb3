"""`manage.py cache_stats`: hits, misses and memory of the answer cache."""

import json

import redis
from django.core.management.base import BaseCommand, CommandError, CommandParser

from markrin.cache import shared_cache

HITS = ("hit_memory", "hit_shared", "hit_waited")
MISSES = ("stored", "refused", "bypass")


class Command(BaseCommand):
    help = (
        "Show the answer cache's counters since the cache server started: hits by tier,"
        " misses, what is kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object"
        )

    def handle(self, *args: object, **options: object) -> None:
        try:
            stats, answers, memory = (
                shared_cache.read_stats(),
                shared_cache.count_answers(),
                shared_cache.memory_used(),
            )
        except redis.RedisError as error:
            raise CommandError(
                f"CACHE_URL: the cache server does not answer ({type(error).__name__})."
            ) from error
        counts = {name: stats.get(name, 0) for name in (*HITS, *MISSES)}
        total = sum(counts.values())
        rate = sum(counts[name] for name in HITS) / total if total else None
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {**counts, "hit_rate": rate, "answers": answers, **memory}
                )
            )
            return
        for name, count in counts.items():
            share = f"{count / total:8.2%}" if total else ""
            self.stdout.write(f"{name:<12}{count:>14,}{share}")
        self.stdout.write(
            f"{'hit rate':<12}{'none yet' if rate is None else format(rate, '.2%'):>14}"
        )
        self.stdout.write(f"{'answers':<12}{answers:>14,}")
        limit = f"{memory['max_bytes']:,}" if memory["max_bytes"] else "unlimited"
        self.stdout.write(f"{'bytes':<12}{memory['used_bytes']:>14,} of {limit}")
        self.stdout.write(f"{'eviction':<12}{memory['policy']:>14}")
