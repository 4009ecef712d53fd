"""What a sentence of an answer is made of, for programs that say it in another language."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from ionport.core.sentences import parts_of


class SentenceAnswer(BaseModel):
    """A template and its parameters.

    Source: docs/decisions/0061-stored-sentences.md.
    """

    template: str = Field(description="The English text with named places, such as `{number}`.")
    parameters: Mapping[str, str | SentenceAnswer] = Field(
        {}, description="What stands in the places: texts, or sentences of this form."
    )
    plural: str | None = Field(None, description="The template for other numbers than one.")
    number: int | None = Field(None, description="The number that chooses between the two.")

    @classmethod
    def of(cls, text: str) -> SentenceAnswer | None:
        """Return what a text is made of; None where nothing stands in it."""
        parts = parts_of(text)
        return cls.model_validate(parts) if parts else None


TOLD = Field(
    None, description="What the sentence is made of; null where it is one without parameters."
)
