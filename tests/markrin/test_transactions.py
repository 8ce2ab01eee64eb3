"""One decorator for services, one for the steps inside of them."""

import pytest
from django.db import OperationalError, connection, transaction

from markrin.db import transactions

pytestmark = pytest.mark.django_db(transaction=True)


def get_setting(name):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return cursor.fetchone()[0]


def test_a_durable_service_is_one_transaction_with_short_waits():
    @transactions.durable
    def serve(number):
        assert connection.in_atomic_block
        return number, get_setting("lock_timeout"), get_setting("statement_timeout")

    assert serve(7) == (7, "2s", "5s")
    assert not connection.in_atomic_block
    assert get_setting("lock_timeout") == "0"


def test_a_durable_service_refuses_to_be_a_step():
    @transactions.durable
    def serve():
        raise AssertionError("never reached")

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        serve()


def test_a_deadlock_runs_the_service_again_and_anything_else_does_not():
    import psycopg

    tries = []

    @transactions.durable
    def serve(error):
        tries.append(error)
        if len(tries) < 3:
            raise OperationalError from error
        return "done"

    assert serve(psycopg.errors.DeadlockDetected()) == "done"
    assert len(tries) == 3
    tries.clear()
    with pytest.raises(OperationalError):
        serve(psycopg.errors.LockNotAvailable())
    assert len(tries) == 1


def test_a_step_needs_its_callers_transaction():
    @transactions.requires_transaction
    def write():
        return "written"

    with pytest.raises(transaction.TransactionManagementError, match="write"):
        write()
    with transaction.atomic():
        assert write() == "written"
