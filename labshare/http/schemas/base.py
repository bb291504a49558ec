"""What all answers share."""

from typing import Any, ClassVar, cast

import marshmallow as ma

from labshare.http.fields import Inside, Text, Unchanging, Whole


class Answer(Unchanging):
    """What goes out: all of its fields are there, but the `optional` ones."""

    class Meta:
        unknown = ma.EXCLUDE  # whoever reads an answer passes over what it may have besides one day

    about: ClassVar[str] = ""
    """The attribute of a row that has what the row itself has not, such as `lab` of a `LabRow`."""
    optional: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[dict[str, Any]] = {}
    """The file of such rows: its fields, each with its heading."""

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        field_obj.required = field_name not in self.optional

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """From the row, an object or a dict, or from what it is about. Does what marshmallow does, sooner: a list has
        thousands of fields."""
        if "." in attr:
            value = super().get_attribute(obj, attr, default)
        elif isinstance(obj, dict):
            value = obj.get(attr, default)
        else:
            value = getattr(obj, attr, default)
        if value is default and self.about and (whole := super().get_attribute(obj, self.about, None)) is not None:
            return super().get_attribute(whole, attr, default)
        return value

    def head(self) -> list[str]:
        """The headings of the file, in the reader's language."""
        return [str(heading) for heading in self.columns.values()]

    def cells(self, row: Any) -> list[Any]:
        """A row of the file, as `to_csv` and `to_xlsx` take it."""
        fields: Any = self.fields
        values = [(fields[name], fields[name].get_value(row, name, self.get_attribute)) for name in self.columns]
        return [None if value is ma.missing else field.cell(value) for field, value in values]


class Named(Answer):
    """Something with a name in both languages."""

    id = Whole()
    name = Text()
    name_en = Text(allow_none=True)


class Listing(Answer):
    """`{"items": […], "next_cursor": …}`."""

    optional = ("next_cursor",)

    next_cursor = Text(allow_none=True)


def listing(of: type[Answer]) -> type[Answer]:
    """A list of such things."""
    return cast("type[Answer]", Listing.from_dict({"items": Inside(of, many=True)}, name=f"{of.__name__}List"))
