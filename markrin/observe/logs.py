"""structlog and the standard library's logging, on one path: context, time, redaction, one
JSON line; in DEBUG, a readable one."""

import logging
import logging.config
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import structlog
from django.conf import settings
from structlog.typing import EventDict, Processor, WrappedLogger

from markrin.observe import redact
from markrin.observe.lines import Lines, dump_json

lines = Lines()

_muted: set[str] = set()


@contextmanager
def without_lines(*events: str) -> Iterator[None]:
    """Leave these events out of this process's log for a while: of a command that makes many."""
    _muted.update(events)
    try:
        yield
    finally:
        _muted.difference_update(events)


def _drop_muted(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if event.get("event") in _muted:
        raise structlog.DropEvent
    return event


_SHARED: list[Processor] = [
    _drop_muted,
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


class _Writer:
    """The logger at the end of structlog's chain: it gets a rendered line."""

    def msg(self, line: bytes) -> None:
        lines.write(line)

    def now(self, line: bytes) -> None:
        lines.write(line, now=True)

    debug = info = warning = warn = log = msg
    error = critical = exception = fatal = now


class _Handler(logging.Handler):
    """The standard library's records, by the same chain."""

    def __init__(self) -> None:
        super().__init__()
        chain: list[Any] = [
            structlog.stdlib.ExtraAdder(),
            *_SHARED,
            *_exception_endings(),
        ]
        endings: list[Any] = [_drop_noise, chain[-1], _text_of]
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=chain[:-1], processors=endings
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            lines.write(
                self.format(record).encode(), now=record.levelno >= logging.ERROR
            )
        except Exception:
            self.handleError(record)


def configure_logging(*, path: str, level: str) -> None:
    """Set up logging for this process. `path` is a file, or empty for standard output."""
    # the same object, which loggers already hold, on another path
    lines.__init__(path)  # type: ignore[misc]
    sys.excepthook = _log_crash
    structlog.configure(
        processors=[*_SHARED, *_exception_endings()],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=lambda *_: _Writer(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"lines": {"()": _Handler}},
            "root": {"handlers": ["lines"], "level": level},
            "loggers": {
                # The request log has said it, in one line and with more.
                "django.request": {"level": "CRITICAL"},
                "django.server": {"level": "CRITICAL"},
                "django.security.DisallowedHost": {"level": "CRITICAL"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "fontTools": {
                    "level": "WARNING"
                },  # thirty lines for each invoice's font
            },
        }
    )


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Log what ends a process, as Python would print it; on a terminal, where a person
    reads it, leave it as it is.
    """
    if (
        issubclass(kind, KeyboardInterrupt)
        or settings.LOG_FORMAT != "json"
        or sys.stderr.isatty()
    ):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("markrin").critical(
        "crashed", command=sys.argv[:2], exc_info=error
    )
    lines.flush()


def _exception_endings() -> list[Processor]:
    if settings.LOG_FORMAT == "json":
        return [
            structlog.processors.format_exc_info,
            redact.redact_event,
            _json_line,
        ]
    return [
        structlog.processors.format_exc_info,
        redact.redact_event,
        _readable_line,
    ]


def _json_line(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
    return dump_json(event)


def _readable_line(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
    """Return a line for a person: time, level, event, then the rest; a traceback below."""
    at, level, name = (
        str(event.pop("timestamp", ""))[11:19],
        event.pop("level", ""),
        event.pop("event", ""),
    )
    trace = event.pop("exception", "")
    rest = " ".join(
        f"{key}={value}" for key, value in event.items() if value is not None
    )
    return (
        f"{at} {level:<7} {name} {rest}{chr(10) if trace else ''}{trace}".encode()
    )


def _text_of(logger: WrappedLogger, method: str, line: bytes) -> str:
    """The standard library's formatters must return text: given bytes, structlog writes
    their `b'…'`.
    """
    return line.decode()


def _drop_noise(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(
        logger, method, event
    )
