"""How processes speak to whoever runs them."""

import logging

import structlog


def quiet_logs() -> None:
    """One line an event, without personal data; libraries only when something is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # not cached on first use: a command of the same process sends its lines beside what it prints
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
