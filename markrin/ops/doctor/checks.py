"""The list of everything that `manage.py doctor` looks at, in the order in which a person would."""

from collections.abc import Callable, Iterator

from markrin.ops.doctor import database, machine, servers, work
from markrin.ops.doctor.finding import Finding

ALL: tuple[Callable[[], Iterator[Finding]], ...] = (
    machine.check_versions,
    machine.check_settings,
    database.check_database,
    servers.check_cache,
    servers.check_limits,
    servers.check_broker,
    servers.check_mail,
    machine.check_files,
    work.check_work,
    work.check_webhooks,
)
