"""Do the same thing many times at once, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def run_concurrently(times: int, work: Callable[[int], T]) -> list[T | Exception]:
    """Call work(0), work(1), … in threads that start at the same moment; return answers and
    exceptions in that order.

    The test must be marked `django_db(transaction=True)`: the threads see only what is committed.
    """
    gate = threading.Barrier(times)

    def one(number: int) -> T | Exception:
        try:
            connection.ensure_connection()
            gate.wait(timeout=120)
            return work(number)
        except Exception as error:  # it is an answer, and the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=times) as threads:
        return list(threads.map(one, range(times)))
