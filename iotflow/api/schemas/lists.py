"""How lists are paged by number."""

from typing import Annotated

from fastapi import Query

Limit = Annotated[int, Query(ge=1, le=1_000, description="The longest page.")]
Offset = Annotated[int, Query(ge=0, le=2**53 - 1, description="How many to pass over.")]
