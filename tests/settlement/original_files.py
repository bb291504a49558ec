"""Invented originals of fully digital invoices (数电发票), in the public format's names: none was ever issued."""

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from labshare.kernel.pdf import typeset
from tests.settlement.world import World

NUMBER = "26332000000000000018"


@dataclass(kw_only=True)
class Said:
    seller: Any
    buyer: Any
    number: str = NUMBER
    day: date = date(2026, 6, 20)
    net: str = "943.40"
    tax: str = "56.60"
    whole: str = "1000.00"
    more: str = ""
    """Stands in the XML as it is."""


def said_of(world: World, **given: Any) -> Said:
    return Said(**{"seller": world.host, "buyer": world.client, **given})


def xml_of(said: Said, *, head: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<EInvoice><Header><EIid>{said.number}</EIid><EInvoiceTag>SWEI3200</EInvoiceTag></Header>
<EInvoiceData>
<SellerInformation><SellerIdNum>{said.seller.uscc}</SellerIdNum><SellerName>{said.seller.name}</SellerName>
</SellerInformation>
<BuyerInformation><BuyerIdNum>{said.buyer.uscc}</BuyerIdNum><BuyerName>{said.buyer.name}</BuyerName></BuyerInformation>
<BasicInformation><TotalAmWithoutTax>{said.net}</TotalAmWithoutTax><TotalTaxAm>{said.tax}</TotalTaxAm>
<TotalTax-includedAmount>{said.whole}</TotalTax-includedAmount></BasicInformation>
<IssuItemInformation><ItemName>*研发和技术服务*检测费</ItemName><Amount>{said.net}</Amount></IssuItemInformation>{said.more}
</EInvoiceData>
<TaxSupervisionInfo><InvoiceNumber>{said.number}</InvoiceNumber><IssueTime>{said.day}</IssueTime></TaxSupervisionInfo>
</EInvoice>""".encode()


def zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def ofd_of(said: Said, kind: str = "attached") -> bytes:
    """With its data beside it, with facts of its own, or with nothing but words on its page."""
    page = "".join(f"<ofd:TextObject><ofd:TextCode>{line}</ofd:TextCode></ofd:TextObject>" for line in words(said))
    facts = {
        "发票号码": said.number,
        "开票日期": f"{said.day:%Y年%m月%d日}",
        "合计金额": said.net,
        "合计税额": said.tax,
        "购买方纳税人识别号": said.buyer.uscc,
        "销售方纳税人识别号": said.seller.uscc,
    }
    custom = "".join(f'<ofd:CustomData Name="{name}">{value}</ofd:CustomData>' for name, value in facts.items())
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    own = custom if kind == "facts" else ""
    parts = {
        "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody>{own}</ofd:DocBody></ofd:OFD>".encode(),
        "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page {space}>{page if kind == 'words' else ''}</ofd:Page>".encode(),
    }
    if kind == "attached":
        parts["Doc_0/Attachs/original_invoice.xml"] = xml_of(said)
    return zipped(parts)


def words(said: Said) -> list[str]:
    """As they stand on the page."""
    return [
        "电子发票（增值税专用发票）",
        f"发票号码：{said.number}",
        f"开票日期：{said.day:%Y年%m月%d日}",
        f"购买方 名称：{said.buyer.name}",
        f"统一社会信用代码/纳税人识别号：{said.buyer.uscc}",
        f"销售方 名称：{said.seller.name}",
        f"统一社会信用代码/纳税人识别号：{said.seller.uscc}",
        f"合计 ¥{said.net} ¥{said.tax}",
        f"价税合计（大写） 壹仟圆整 （小写）¥{said.whole}",
    ]


def pdf_of(said: Said, folder: Path) -> bytes:
    """Set as a page of words; inside the application, whose font it takes."""
    template = folder / "invoice.typ"
    template.write_text(
        '#set text(font: "Noto Sans SC")\n#for line in json(bytes(sys.inputs.data)).lines [#line \\ ]', "utf-8"
    )
    return typeset(template, {"lines": words(said)}, made_at=datetime(2026, 6, 20, tzinfo=UTC))
