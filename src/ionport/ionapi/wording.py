"""Sentences for people that a program can show in another language than English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sentence(str):
    """An English sentence, and what it is made of.

    `template` is the English text with named places, the same in every sentence of its kind: the
    key of a translation. `parameters` are what stands in those places, a text or a sentence each.
    It is a text like any other; adding to it or cutting it gives one that is no sentence.
    """

    __slots__ = ("parameters", "template")
    template: str
    parameters: Mapping[str, str]

    def __new__(cls, template: str, parameters: Mapping[str, str]) -> Sentence:
        sentence = super().__new__(cls, template.format_map(parameters))
        sentence.template = template
        sentence.parameters = dict(parameters)
        return sentence

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors with sentences are passed between processes.
        return Sentence, (self.template, self.parameters)


def values_of(*texts: str) -> dict[str, str]:
    """Return the parameters of those texts that are sentences, by name.

    A sentence is any text with `parameters`; of sentences inside a sentence theirs count.
    """
    found: dict[str, str] = {}
    for text in texts:
        for name, value in getattr(text, "parameters", {}).items():
            inner = getattr(value, "parameters", None)
            found |= {name: str(value)} if inner is None else values_of(value)
    return found


def worded(template: str, **parameters: str | int) -> Sentence:
    """Make a sentence; catalogues of translations are made from the calls of this."""
    texts = {name: v if isinstance(v, str) else str(v) for name, v in parameters.items()}
    return Sentence(template, texts)


def joined(*sentences: str) -> str:
    """Join sentences; empty ones do not count."""
    told = list(filter(None, sentences))
    if len(told) < 2:
        return told[0] if told else ""
    names = [f"part_{number}" for number in range(len(told))]
    template = " ".join(f"{{{name}}}" for name in names)
    return Sentence(template, dict(zip(names, told, strict=True)))


def N_(template: str) -> str:  # noqa: N802 (the name that catalogue tools know)
    """Mark a template that a sentence is made of elsewhere."""
    return template
