"""Open files: a server may have as many as the system lets it; each connection is one."""

from contextlib import suppress


def raise_limit() -> None:
    """The soft limit to the hard one, where there are limits; a thousand watchers need it."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # not on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
