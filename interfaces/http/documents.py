"""Documents: the shapes that HTTP adds to those of commands, questions and answers."""

from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ...domain.employee import Role
from ...domain.event import Id, PersonId, PlanId
from ...domain.media import Media

Item = TypeVar("Item")


class Document(BaseModel):
    """Frozen, and nothing beyond what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldError(Document):
    """What is wrong with one field of the body (`pointer`, RFC 6901) or one `parameter`."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(BaseModel):
    """Why a request was not carried out (RFC 9457); `type` is the address of its explanation."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "type": "/api/v1/problems/month-not-met",
                    "title": "Month not met",
                    "status": 409,
                    "detail": "The month of practice is not proved yet; an entry can complete it"
                    " on 2026-04-03.",
                    "details": {"ready_on": "2026-04-03"},
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    details: dict[str, Any] = Field(default={}, description="The facts behind the sentence.")
    errors: tuple[FieldError, ...] = ()


class ProblemKind(Document):
    """What a problem's type means."""

    type: str
    title: str
    status: int
    says: str


class EventDocument(Document):
    """One event that was written; `says` has its plain values, no text."""

    position: int
    name: str
    stream: Id
    version: int
    case: PlanId | None
    says: dict[str, Any]


class ReceiptDocument(Document):
    """What a command has done; no events: it was so already.

    `etag` stands for the resource as the command left it, to be sent as If-Match with the next.
    `made` is the id of what is new; Location says where it is.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "position": 214,
                    "etag": '"9"',
                    "made": None,
                    "events": [
                        {
                            "position": 214,
                            "name": "plan.task_parked.v1",
                            "stream": "3f2a81c9-0a63-4a50-9a5c-3d2cf5a5b0a1",
                            "version": 9,
                            "case": "3f2a81c9-0a63-4a50-9a5c-3d2cf5a5b0a1",
                            "says": {"task": "9b1f04e7-6a1c-4c1e-8a58-6f1f2b7f1d10"},
                        }
                    ],
                }
            ]
        },
    )

    position: int
    etag: str | None
    made: str | None
    events: tuple[EventDocument, ...]


class UploadDocument(Document):
    """A file that has come in and waits for a command to say what it is evidence of."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "upload": "3f2a81c9-0a63-4a50-9a5c-3d2cf5a5b0a1",
                    "size": 48213,
                    "media_type": "application/pdf",
                    "expires": "2026-03-03T09:00:00Z",
                }
            ]
        },
    )

    upload: Id
    size: int
    media_type: Media
    expires: datetime


class UploadsDocument(Document):
    """One's own uploads that wait to be attached."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "upload": "3f2a81c9-0a63-4a50-9a5c-3d2cf5a5b0a1",
                            "size": 48213,
                            "media_type": "application/pdf",
                            "expires": "2026-03-03T09:00:00Z",
                        }
                    ]
                }
            ]
        },
    )

    items: tuple[UploadDocument, ...]


class RehearsalDocument(Document):
    """How many events of each name an import would write."""

    people: int
    would_change: dict[str, int]


class Page(Document, Generic[Item]):
    """A part of a list; `next_cursor` leads to the part after it."""

    items: tuple[Item, ...]
    next_cursor: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`InboxItemPage`: clients that are generated name their classes so."""
        return f"{params[0].__name__}Page"


class NowDocument(Document):
    """Where a watcher stands: everything up to this position is told, as of this day."""

    position: int
    day: date


class MeDocument(Document):
    """Whoever asks, and as what."""

    person: PersonId
    name: str | None
    roles: tuple[Role, ...]
    plan: PlanId | None
    manager: PersonId | None
    time_zone: str
