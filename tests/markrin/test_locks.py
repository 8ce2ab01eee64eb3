"""A lock across processes."""

import os
import signal
from threading import Timer

import pytest
from django.db import connection

from markrin.db.advisory_locks import advisory_lock

pytestmark = pytest.mark.django_db


def test_one_block_at_a_time_for_each_name():
    with (
        advisory_lock("this") as mine,
        advisory_lock("this") as second,
        advisory_lock("that") as other,
    ):
        assert (mine, second, other) == (True, False, True)
    with advisory_lock("this") as again:
        assert again


def test_an_error_lets_go():
    with pytest.raises(ZeroDivisionError), advisory_lock("this"):
        raise ZeroDivisionError
    with advisory_lock("this") as again:
        assert again


def test_who_comes_next_finds_it_free_however_slow_the_server_is():
    with advisory_lock("this"):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_locks JOIN pg_database AS here ON here.oid = database"
                " WHERE locktype = 'advisory' AND datname = current_database()"
            )
            [(holder,)] = cursor.fetchall()
        os.kill(holder, signal.SIGSTOP)
        Timer(0.5, os.kill, (holder, signal.SIGCONT)).start()
    with advisory_lock("this") as again:
        assert again
