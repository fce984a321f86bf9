"""Numbers under retail barcodes: EAN-13, UPC-A, EAN-8, UPC-E and GTIN-14, brought to one form. Pure.

The form is what GS1 calls a GTIN without its leading zeros' ambiguity: 13 digits (a UPC-A gets a zero in front), 8 for
an EAN-8, 14 for the number of a case that holds several.
"""

from askcam.server.given_names import quoted

LENGTHS = (8, 12, 13, 14)


def check_digit(digits: str) -> str:
    """What follows `digits` (all but the last) of a number of any of these kinds."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def plain(text: str) -> str:
    """`text` without the blanks and hyphens that people write into numbers."""
    return "".join(char for char in text if char not in " -\u00a0\u2010\u2011")


def normal(text: str) -> str | None:
    """The number in its one form; None for what is no such number, or whose check digit is wrong."""
    digits = plain(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) in LENGTHS):
        return None
    if check_digit(digits[:-1]) != digits[-1]:
        return None
    if len(digits) == 14 and digits[0] == "0":
        digits = digits[1:]
    return "0" + digits if len(digits) == 12 else digits


def problem(text: str) -> str | None:
    """Why `text` is no number that a retail barcode holds, in a few words; None if it is one."""
    digits = plain(text)
    if not (digits.isascii() and digits.isdigit()):
        return f"the barcode {quoted(text)} holds other signs than digits"
    if len(digits) not in LENGTHS:
        return f"the barcode {quoted(text)} has {len(digits)} digits; EAN and UPC have 8, 12, 13 or 14"
    wanted = check_digit(digits[:-1])
    if wanted != digits[-1]:
        return f"the barcode {quoted(text)} ends in {digits[-1]}, its check digit is {wanted}"
    return None


def from_upc_e(text: str) -> str | None:
    """The same number as a UPC-E writes it (8 digits: system, six, check), in its one form."""
    digits = plain(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) == 8 and digits[0] in "01"):
        return None
    system, six, check = digits[0], digits[1:7], digits[7]
    match six[5]:
        case "0" | "1" | "2" as last:
            body = f"{six[:2]}{last}0000{six[2:5]}"
        case "3":
            body = f"{six[:3]}00000{six[3:5]}"
        case "4":
            body = f"{six[:4]}00000{six[4]}"
        case last:
            body = f"{six[:5]}0000{last}"
    return normal(system + body + check)


def from_link(text: str) -> str | None:
    """The number within a GS1 Digital Link, as QR codes on goods hold it: "https://id.example/01/09506000134352"."""
    head, found, rest = text.partition("/01/")
    digits = rest[:14]
    return normal(digits) if found and head.startswith(("https://", "http://")) else None
