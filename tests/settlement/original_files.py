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
class InvoiceData:
    seller: Any
    buyer: Any
    number: str = NUMBER
    day: date = date(2026, 6, 20)
    net: str = "943.40"
    tax: str = "56.60"
    whole: str = "1000.00"
    more: str = ""
    """Stands in the XML as it is."""


def invoice_data(world: World, **given: Any) -> InvoiceData:
    return InvoiceData(**{"seller": world.host, "buyer": world.client, **given})


def xml_of(data: InvoiceData, *, head: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<EInvoice><Header><EIid>{data.number}</EIid><EInvoiceTag>SWEI3200</EInvoiceTag></Header>
<EInvoiceData>
<SellerInformation><SellerIdNum>{data.seller.uscc}</SellerIdNum><SellerName>{data.seller.name}</SellerName>
</SellerInformation>
<BuyerInformation><BuyerIdNum>{data.buyer.uscc}</BuyerIdNum><BuyerName>{data.buyer.name}</BuyerName></BuyerInformation>
<BasicInformation><TotalAmWithoutTax>{data.net}</TotalAmWithoutTax><TotalTaxAm>{data.tax}</TotalTaxAm>
<TotalTax-includedAmount>{data.whole}</TotalTax-includedAmount></BasicInformation>
<IssuItemInformation><ItemName>*研发和技术服务*检测费</ItemName><Amount>{data.net}</Amount></IssuItemInformation>{data.more}
</EInvoiceData>
<TaxSupervisionInfo><InvoiceNumber>{data.number}</InvoiceNumber><IssueTime>{data.day}</IssueTime></TaxSupervisionInfo>
</EInvoice>""".encode()


def zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def ofd_of(data: InvoiceData, kind: str = "attached") -> bytes:
    """With its data beside it, with facts of its own, or with nothing but words on its page."""
    page = "".join(f"<ofd:TextObject><ofd:TextCode>{line}</ofd:TextCode></ofd:TextObject>" for line in lines(data))
    facts = {
        "发票号码": data.number,
        "开票日期": f"{data.day:%Y年%m月%d日}",
        "合计金额": data.net,
        "合计税额": data.tax,
        "购买方纳税人识别号": data.buyer.uscc,
        "销售方纳税人识别号": data.seller.uscc,
    }
    custom = "".join(f'<ofd:CustomData Name="{name}">{value}</ofd:CustomData>' for name, value in facts.items())
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    own = custom if kind == "facts" else ""
    parts = {
        "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody>{own}</ofd:DocBody></ofd:OFD>".encode(),
        "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page {space}>{page if kind == 'words' else ''}</ofd:Page>".encode(),
    }
    if kind == "attached":
        parts["Doc_0/Attachs/original_invoice.xml"] = xml_of(data)
    return zipped(parts)


def lines(data: InvoiceData) -> list[str]:
    """As they stand on the page."""
    return [
        "电子发票（增值税专用发票）",
        f"发票号码：{data.number}",
        f"开票日期：{data.day:%Y年%m月%d日}",
        f"购买方 名称：{data.buyer.name}",
        f"统一社会信用代码/纳税人识别号：{data.buyer.uscc}",
        f"销售方 名称：{data.seller.name}",
        f"统一社会信用代码/纳税人识别号：{data.seller.uscc}",
        f"合计 ¥{data.net} ¥{data.tax}",
        f"价税合计（大写） 壹仟圆整 （小写）¥{data.whole}",
    ]


def pdf_of(data: InvoiceData, folder: Path) -> bytes:
    """Set as a page of words; inside the application, whose font it takes."""
    template = folder / "invoice.typ"
    template.write_text(
        '#set text(font: "Noto Sans SC")\n#for line in json(bytes(sys.inputs.data)).lines [#line \\ ]', "utf-8"
    )
    return typeset(template, {"lines": lines(data)}, made_at=datetime(2026, 6, 20, tzinfo=UTC))
