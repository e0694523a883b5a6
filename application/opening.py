"""Opening: sealed text is looked for where an answer's model may hold any, and nowhere else."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args

from ..domain.event import Value
from ..domain.sealed import Erased, Sealed
from .ports import Answers

Texts = Mapping[Sealed, str | Erased]


def opened(answers: Answers, answer: Any) -> Any:
    """The answer with its sealed text opened, the whole page in one query."""
    found: list[Sealed] = []
    _gather(answer, found)
    return _with_texts(answer, answers.open(found)) if found else answer


@cache
def fields_with_text(kind: type[Value]) -> tuple[str, ...]:
    """The fields of a model that may hold sealed text, themselves or further down."""
    fields = kind.model_fields.items()
    return tuple(name for name, field in fields if _may_hold(field.annotation, ()))


def _may_hold(annotation: Any, within: tuple[Any, ...]) -> bool:
    """Whatever is not said precisely may."""
    if annotation in (Any, object, Sealed):
        return True
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return annotation not in within and _model_may(annotation, (*within, annotation))
    return any(_may_hold(part, within) for part in get_args(annotation))


def _model_may(kind: type[Value], within: tuple[Any, ...]) -> bool:
    """The model, or any that may stand in its place."""
    fields = kind.model_fields.values()
    return any(_may_hold(field.annotation, within) for field in fields) or any(
        _may_hold(each, within) for each in kind.__subclasses__()
    )


def _gather(value: Any, found: list[Sealed]) -> None:
    """All sealed text below a value."""
    if isinstance(value, Sealed):
        found.append(value)
    elif isinstance(value, Value):
        for name in fields_with_text(type(value)):
            if (held := getattr(value, name)) is not None:
                _gather(held, found)
    elif isinstance(value, tuple | list):
        for each in value:
            _gather(each, found)
    elif isinstance(value, dict):
        for each in value.values():
            _gather(each, found)


def _with_texts(value: Any, texts: Texts) -> Any:
    """What holds no text stays the very same object."""
    if isinstance(value, Sealed):
        return texts[value]
    if isinstance(value, Value):
        return _model_with_texts(value, texts)
    if isinstance(value, tuple | list):
        return _each_with_texts(value, texts)
    if isinstance(value, dict):
        return {name: _with_texts(each, texts) for name, each in value.items()}
    return value


def _model_with_texts(value: Value, texts: Texts) -> Value:
    moved: dict[str, Any] = {}
    for name in fields_with_text(type(value)):
        held = getattr(value, name)
        if held is not None and (told := _with_texts(held, texts)) is not held:
            moved[name] = told
    return value.model_copy(update=moved) if moved else value


def _each_with_texts(value: Sequence[Any], texts: Texts) -> Sequence[Any]:
    changed = [_with_texts(each, texts) for each in value]
    if all(new is old for new, old in zip(changed, value, strict=True)):
        return value
    return type(value)(changed)  # type: ignore[call-arg]
