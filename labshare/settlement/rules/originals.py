"""What the original of an invoice says (R-PAPER-13): the XML, OFD or PDF of a fully digital invoice (数电发票), as the
tax authority's system gives it out. Fen, tax included; below 0 on a red letter.

The names are those of the public format. Reading proves nothing: whoever can write a file can write this one. What is
read is held against what is recorded, and only ever refuses.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from stdnum.cn import uscc

from labshare.kernel.errors import Problem
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import ZERO, Fen
from labshare.settlement.errors import (
    OriginalOfOtherBuyer,
    OriginalOfOtherSeller,
    OriginalSaysAmount,
    OriginalSaysDay,
    OriginalSaysNumber,
    OriginalSaysTax,
)
from labshare.settlement.rules.cells import read_day, read_fen
from labshare.settlement.rules.invoice_numbers import read_number

NAMES: dict[str, tuple[str, ...]] = {
    "number": (
        "TaxSupervisionInfo/InvoiceNumber",
        "Header/EIid",
        "Info/InvoiceNumber",
        "eInvoice/InvoiceNo",
        "发票号码",
    ),
    "issued_on": ("TaxSupervisionInfo/IssueTime", "Info/IssueTime", "eInvoice/IssueDate", "开票日期"),
    "amount": (
        "BasicInformation/TotalTax-includedAmount",
        "Info/TotalTax-includedAmount",
        "eInvoice/TaxInclusiveTotalAmount",
        "价税合计",
    ),
    "net": (
        "BasicInformation/TotalAmWithoutTax",
        "Info/TotalAmWithoutTax",
        "eInvoice/TaxExclusiveTotalAmount",
        "合计金额",
    ),
    "tax": ("BasicInformation/TotalTaxAm", "Info/TotalTaxAm", "eInvoice/TaxTotalAmount", "合计税额"),
    "seller_uscc": ("SellerInformation/SellerIdNum", "Info/SellerIdNum", "Seller/SellerTaxID", "销售方纳税人识别号"),
    "buyer_uscc": ("BuyerInformation/BuyerIdNum", "Info/BuyerIdNum", "Buyer/BuyerTaxID", "购买方纳税人识别号"),
    "seller": ("SellerInformation/SellerName", "Seller/SellerName"),
    "buyer": ("BuyerInformation/BuyerName", "Buyer/BuyerName"),
}
"""Where each fact stands: parent and element; where a file names its own facts in Chinese, that name."""

_IN_TEXT = {
    "number": re.compile(r"(?<!\d)\d{20}(?!\d)"),
    "day": re.compile(r"\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日"),
    "amount": re.compile(r"[（(]\s*小写\s*[)）]\s*([-−]?[¥￥]?\s*[-−]?[\d,]+\.\d{2})"),
    "yuan": re.compile(r"[-−]?[¥￥]\s*[-−]?[\d,]+\.\d{2}"),
    "code": re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])"),
}


@dataclass(frozen=True, kw_only=True)
class Original:
    """None and empty: not said."""

    number: str
    issued_on: date | None
    amount_fen: Fen | None
    tax_fen: Fen | None
    seller_uscc: str
    buyer_uscc: str
    seller: str = ""
    buyer: str = ""
    from_text: bool = False
    """Read from the words on a page: which code is whose is a guess, and what is missing may stand there."""

    @property
    def whole(self) -> bool:
        """Whether everything that is held against a recording is said."""
        return None not in (self.issued_on, self.amount_fen, self.tax_fen) and "" not in (
            self.seller_uscc,
            self.buyer_uscc,
        )


def read_original(content: Mapping[str, Any]) -> Original | None:
    """What an original says, of the `leaves` and `text` read of it. None where it names no invoice's number, as a scan,
    or where data of the tax authority's format lack what an invoice says."""
    facts = {fact: _found(content["leaves"], names) for fact, names in NAMES.items()}
    amount, net, tax = (read_fen(facts[name]) for name in ("amount", "net", "tax"))
    if amount is None and net is not None and tax is not None:
        amount = Fen(net + tax)
    if tax is None and amount is not None and amount == net:
        tax = ZERO
    number = read_number(facts["number"])
    from_data = Original(
        number=number or "",
        issued_on=read_day(facts["issued_on"]),
        amount_fen=amount,
        tax_fen=tax,
        seller_uscc=uscc.compact(facts["seller_uscc"]),
        buyer_uscc=uscc.compact(facts["buyer_uscc"]),
        seller=facts["seller"],
        buyer=facts["buyer"],
    )
    if number and from_data.whole:
        return from_data
    return _from_text(content["text"])


def _found(leaves: Mapping[str, str], names: Sequence[str]) -> str:
    for name in names:
        if "/" in name:
            if name in leaves:
                return leaves[name]
        else:
            for leaf, text in leaves.items():
                if leaf.rpartition("/")[2] == name:
                    return text
    return ""


def _from_text(text: str) -> Original | None:
    """Of the words on the pages: the buyer's code stands before the seller's; the tax is what makes the whole of the
    rest."""
    number = _IN_TEXT["number"].search(text)
    if number is None:
        return None
    day = _IN_TEXT["day"].search(text)
    whole = _IN_TEXT["amount"].search(text)
    amount = _yuan(whole[1]) if whole else None
    amounts = [fen for each in _IN_TEXT["yuan"].findall(text) if (fen := _yuan(each)) is not None]
    taxes = [
        tax for tax in amounts if amount is not None and Fen(amount - tax) in amounts and abs(tax) <= abs(amount - tax)
    ]
    codes = list(dict.fromkeys(each for each in _IN_TEXT["code"].findall(text) if uscc.is_valid(each)))
    return Original(
        number=number[0],
        issued_on=read_day(re.sub(r"\s", "", day[0])) if day else None,
        amount_fen=amount,
        tax_fen=taxes[0] if taxes else None,
        buyer_uscc=codes[0] if codes else "",
        seller_uscc=codes[1] if len(codes) > 1 else "",
        from_text=True,
    )


def _yuan(text: str) -> Fen | None:
    return read_fen(re.sub(r"\s", "", text).replace("−", "-"))


def wrong_parties(original: Original, *, seller: tuple[str, str], buyer: tuple[str, str]) -> Iterator[Problem]:
    """Whether the parties are others than those of the bookings, each given by credit code and name."""
    codes = {original.seller_uscc, original.buyer_uscc} - {""}
    if original.from_text:
        wrong_seller = len(codes) > 1 and seller[0] not in codes
        wrong_buyer = len(codes) > 1 and buyer[0] not in codes
    else:
        wrong_seller, wrong_buyer = original.seller_uscc != seller[0], original.buyer_uscc != buyer[0]
    if wrong_seller:
        yield OriginalOfOtherSeller(code=original.seller_uscc, name=original.seller, own=" ".join(seller))
    if wrong_buyer:
        yield OriginalOfOtherBuyer(code=original.buyer_uscc, name=original.buyer, client=" ".join(buyer))


def wrong_original(
    original: Original, *, number: str, issued_on: date, amount_fen: Fen, tax_fen: Fen, in_parts: bool
) -> Iterator[Problem]:
    """What the original says otherwise than is recorded of the invoice in all, each at its field. `in_parts`: more may
    be recorded of it later, so that less than it says is right."""
    if number != original.number:
        yield OriginalSaysNumber(said=original.number)
    if original.issued_on is not None and issued_on != original.issued_on:
        yield OriginalSaysDay(said=original.issued_on.isoformat())
    for printed, recorded, problem in (
        (original.amount_fen, amount_fen, OriginalSaysAmount),
        (original.tax_fen, tax_fen, OriginalSaysTax),
    ):
        if printed is None or printed == recorded:
            continue
        if not (in_parts and printed * recorded >= 0 and abs(recorded) < abs(printed)):
            yield problem(said=plain_money(printed), here=plain_money(recorded))
