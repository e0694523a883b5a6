"""Social media enablement as an approval process, with a trail that says why."""

from .application.desk import Actor
from .application.engine import Engine
from .application.ports import Receipt
from .domain.refusals import Refusal
from .infrastructure.assembly import open_engine

__all__ = ["Actor", "Engine", "Receipt", "Refusal", "open_engine"]
