"""Examples: a body for every command and an answer for every question, as OpenAPI shows them."""

import json
from pathlib import Path
from typing import Any

ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text("utf-8"))
"""By operation; a test asks for each at a company whose clock and ids are known, and compares."""

PERSON = "7d1c52f0-5f0e-4f8a-8a6e-0d8f7f5b2c11"
OTHER = "1f0a9b3c-2d4e-4c6a-9b8d-7e6f5a4b3c2d"
TASK = "9b1f04e7-6a1c-4c1e-8a58-6f1f2b7f1d10"
UPLOAD = "5e0c7f31-4b8d-4e1a-9c55-2f3a6b7c8d9e"
RESULT = "c4a1e7d2-93b5-4a0f-b2c8-5d6e7f8a9b0c"

WISH = {"title": "Find leads before trade fairs", "need": "three leads a quarter"}
FINDING = {
    "kind": "lead",
    "value": "direct",
    "route": "search",
    "channel": "LinkedIn",
    "what": "a quotation asked for by a pump dealer",
    "confirmable_by": "the sales desk",
}
TOMORROW = {"effective": "2026-03-02"}
FORTNIGHT = {"start": "2026-07-01", "end": "2026-07-15"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "ImportOrganisation": {
        "rows": [
            {"number": "1002", "name": "Ingrid Solheim", "top": True},
            {
                "number": "1042",
                "name": "Lena Brandt",
                "email": "lena@tallis.example",
                "login": "lena",
                "manager": "1002",
                "time_zone": "Europe/Amsterdam",
                "weekdays": [0, 1, 2, 3, 4],
            },
        ],
        "effective": "2026-03-02",
    },
    "RegisterOutsider": {"name": "Vera Lindgard", "email": "vera@board.example"},
    "SetLine": {"manager": PERSON, **TOMORROW},
    "SetTimeZone": {"time_zone": "Europe/Lisbon"},
    "SetWorkingDays": {"weekdays": [0, 1, 3], **TOMORROW},
    "NoteAbsence": FORTNIGHT,
    "AppointStandIn": {"stand_in": OTHER, **FORTNIGHT},
    "EndStandIn": TOMORROW,
    "RecordJobChange": TOMORROW,
    "RecordLeaving": TOMORROW,
    "RecordReturn": TOMORROW,
    "AttachFile": {"upload": UPLOAD, "name": "quotation.pdf", "title": "the quotation"},
    "KeepFile": {"upload": UPLOAD, "name": "how-readers-choose.pdf"},
    "SetPolicy": {"terms": {"rounds": 4}, "reason": "one round more"},
    "SetHolidays": {"days": ["2026-04-03", "2026-04-06"]},
    "ExamineJob": {"activities": ["mail", "calls"], "tasks": [WISH]},
    "RestateTask": WISH | {"value": "direct"},
    "PinpointUse": {
        "point": "the week before a fair",
        "purpose": "to learn who will be there",
        "channels": ["LinkedIn"],
        "frequency": "weekly",
    },
    "KeepSimple": {"actions": ["search the fair's name", "look who says they come"]},
    "LogPractice": {"days": [{"on": "2026-03-03", "note": "two names"}]},
    "CheckResults": {"verdict": "keep", "methods": ["saved searches"]},
    "ReviewActivities": {"activities": ["mail", "calls", "fairs"], "found": [WISH]},
    "Settle": {"outcome": "fine"},
    "CommentNeed": {"comment": "five would be better"},
    "NoteResult": {"task": TASK, "finding": FINDING},
    "AmendResult": {"finding": FINDING},
    "AddEvidence": {"evidence": {"title": "the dealer's mail", "locator": "inbox, 4 April"}},
    "KeepItem": {
        "medium": "article",
        "title": "How readers choose",
        "locator": "https://readers.example/1",
    },
    "DiscardItem": {"because_of_personal_data": True},
    "AcceptTask": {"evidence": 1, "result": RESULT, "value_perceived": "direct"},
    "DeclineTask": {"evidence": 1, "reason": "the sales desk covers these fairs already"},
    "ReturnTask": {"evidence": 1, "missing": "which dealer asked?", "to_step": 6},
    "AskQuestion": {"text": "since when?"},
    "AnswerQuestion": {"text": "since March"},
    "SkipEvent": {"position": 214, "reason": "mended in the next version"},
    "NameApprover": {"level": 2, "approver": OTHER, "reason": "nobody stands above"},
    "ProposeSchedule": {
        "rows": [
            {
                "code": "PR-ENABLE",
                "covers": ["submitted"],
                "trigger": "event",
                "cutoff": "calendar_year",
                "minimum": "P7Y",
                "action": "destroy",
                "words": {"x_authority": "records policy 12"},
            }
        ],
        "reason": "the years for 2027",
    },
    "ConfirmPeriods": {
        "periods": [
            {"series": "PR-ENABLE", "minimum": "P7Y", "authority": "records policy 12"},
        ],
        "reason": "settled by the board",
    },
    "ApproveSchedule": {"version": 2},
    "PlaceHold": {
        "scope": {"persons": [PERSON], "classes": ["process_record"]},
        "matter": "claim 8",
        "authority": "letter of 3 May",
        "review_by": "2027-05-03",
    },
    "ReleaseHold": {"reason": "settled"},
    "DraftDisposal": {"items": [{"kind": "result", "item": RESULT, "stream": RESULT}]},
    "DraftDemotion": {
        "items": [{"kind": "copy", "item": OTHER, "stream": RESULT}],
        "reason": "cited by mistake",
    },
    "DraftErasure": {"person": PERSON, "reason": "request of 3 May"},
    "ApproveDisposal": {"fingerprint": "0123456789abcdef" * 4},
    "AbandonDisposal": {"reason": "not this year"},
    "RecordTransfer": {
        "transfer": {"digest": "0123456789abcdef" * 8, "items": 12, "octets": 48_213},
        "receiver": "city archive",
    },
    "DestroyNext": {"at_most": 50},
}

LOOK_UP: dict[str, Any] = {"known_as": "1042"}

REHEARSED: dict[str, Any] = {
    "people": 2,
    "would_change": {"employee.joined.v1": 2, "employee.line_set.v1": 1},
}
