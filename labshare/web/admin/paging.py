"""Pages of a list: `?page=`, from 1."""

from dataclasses import dataclass

from flask import request


@dataclass
class Page:
    """What `pager` needs."""

    number: int
    size: int
    total: int = 0

    @classmethod
    def of_request(cls, size: int = 50) -> "Page":
        number = request.args.get("page", 1, type=int)
        return cls(min(max(number, 1), 1_000_000), size)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size
