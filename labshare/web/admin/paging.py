"""Pages of a list: `?page=`, from 1."""

from dataclasses import dataclass

from labshare.web.numbers import asked_number


@dataclass
class Page:
    """What `pager` needs."""

    number: int
    size: int
    total: int = 0

    @classmethod
    def of_request(cls, size: int = 50) -> "Page":
        return cls(asked_number("page"), size)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size
