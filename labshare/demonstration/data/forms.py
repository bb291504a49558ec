"""What labs ask about the samples of some tests, with answers that clients might give: plausible inventions. Nothing must
be answered, so that whatever books knows of no form."""

from decimal import Decimal
from typing import Any

from labshare.booking.rules.answers import written_answers
from labshare.catalogue.rules.sample_form import Option, Question
from labshare.catalogue.terms import FieldKind

CONFIDENTIAL_EACH = 12
"""One booking of so many has confidential samples."""


def _text(label: str, label_en: str, hint: str = "", hint_en: str = "") -> Question:
    return Question(label=label, label_en=label_en, kind=FieldKind.TEXT, required=False, hint=hint, hint_en=hint_en)


def _number(label: str, label_en: str, unit: str, least: int, most: int) -> Question:
    return Question(
        label=label,
        label_en=label_en,
        kind=FieldKind.NUMBER,
        required=False,
        unit=unit,
        least=Decimal(least),
        most=Decimal(most),
    )


def _choice(label: str, label_en: str, *options: tuple[str, str]) -> Question:
    listed = tuple(Option(*each) for each in options)
    return Question(label=label, label_en=label_en, kind=FieldKind.CHOICE, required=False, options=listed)


SURFACE = _choice(
    "表面状态", "Surface", ("磨削", "ground"), ("车削", "turned"), ("抛光", "polished"), ("毛坯", "as forged or cast")
)
TREATMENT = _choice(
    "热处理",
    "Heat treatment",
    ("淬火+回火", "quenched and tempered"),
    ("渗碳", "carburised"),
    ("退火", "annealed"),
    ("未处理", "none"),
)
COATING = _choice(
    "镀层或涂层",
    "Coating",
    ("镀锌钝化", "zinc, passivated"),
    ("锌镍合金", "zinc-nickel"),
    ("达克罗", "zinc flake"),
    ("电泳", "e-coat"),
    ("阳极氧化", "anodised"),
)
DIRECTION = _choice(
    "取样方向", "Direction of the bars", ("纵向", "along"), ("横向", "across"), ("厚度方向", "through the thickness")
)
PHOTO = Question(label="样品照片", label_en="Photo of the sample", kind=FieldKind.PHOTO, required=False)
DRAWING = Question(label="图纸", label_en="Drawing", kind=FieldKind.ATTACHED, required=False)

FORMS: dict[str, tuple[Question, ...]] = {
    "tensile": (DIRECTION, TREATMENT, _number("试样直径", "Diameter of the bar", "mm", 3, 25)),
    "rockwell": (SURFACE, TREATMENT, _number("预期硬度", "Expected hardness", "HRC", 20, 70)),
    "vickers": (SURFACE, TREATMENT, _number("硬化层深度", "Depth of the hardened layer", "mm", 0, 10)),
    "heat": (TREATMENT, _text("材料牌号", "Grade of steel", "如 GCr15", "such as GCr15")),
    "salt_spray": (COATING, _number("膜厚", "Thickness of the coating", "μm", 1, 200), PHOTO),
    "cass": (COATING, _number("膜厚", "Thickness of the coating", "μm", 1, 200)),
    "cmm": (_text("基准", "Datums", "如 A–B，按图纸", "such as A–B, as on the drawing"), DRAWING),
}
"""By test."""
WORDS = {"材料牌号": ("GCr15", "42CrMo", "20CrMnTi"), "基准": ("A–B", "A", "按图纸")}


def invented_answers(test: str, ids: tuple[int, ...], number: int) -> list[dict[str, Any]] | None:
    """What booking `number` of this test answers, as it is kept; `ids` of the form's questions. None without a form."""
    if not ids:
        return None
    asked = [Question(**vars(one) | {"id": id_}) for one, id_ in zip(FORMS[test], ids, strict=True)]
    return written_answers(asked, {one.id or 0: _answer(one, number + place) for place, one in enumerate(asked)})


def _answer(one: Question, number: int) -> str:
    if one.options:
        return one.options[number % len(one.options)].name
    if one.least is not None and one.most is not None:
        return str(int(one.least) + number % (int(one.most - one.least) + 1))
    return WORDS[one.label][number % 3] if one.label in WORDS else ""
