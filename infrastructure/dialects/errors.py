"""The two ways in which a database says no for reasons that its caller can mend."""


class LockTimeout(TimeoutError):
    """Somebody else held the lock for longer than the time-out; nothing was written."""


class HostTransactionUnfit(ValueError):
    """The host's connection can't carry an append; the message names what to do."""
