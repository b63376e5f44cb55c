"""CDR-12, M40, M53: signed meter data is kept byte for byte, compared with the rest, and bills."""

import base64
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.flags import BLOCKING_FLAGS, FlagReason
from gateway.domain.ocmf import Span, read_ocmf, with_dataset
from gateway.domain.readings import ReadingContext, SignedReading
from gateway.domain.signed import signed_data_of, too_long
from gateway.domain.usage import charging_periods
from gateway.signatures.ocmf import SignatureState, check_ocmf
from tests.domain.consumption import EXPORT, reading, sample, table, terms, used

BEGIN, END, PERIODIC = ReadingContext.BEGIN, ReadingContext.END, ReadingContext.PERIODIC


def ocmf(*readings: dict[str, object], signature: str = '{"SD":"00"}') -> str:
    return f"OCMF|{json.dumps({'FV': '1.0', 'PG': 'T1', 'RD': list(readings)})}|{signature}"


def value(occasion: str, kwh: float, **more: object) -> dict[str, object]:
    return {"TX": occasion, "RV": kwh, "RI": "1-b:1.8.0", "RU": "kWh", "ST": "G", **more}


def signed(data: str, context: ReadingContext, **more: str) -> SignedReading:
    return SignedReading(data, context, **more)


@pytest.mark.parametrize(
    ("datasets", "wh"),
    [
        ([ocmf(value("B", 10.5)), ocmf(value("E", 12.25))], "1750"),
        ([ocmf(value("B", 10.5), value("E", 12.25))], "1750"),
        ([ocmf(value("B", 10.5), {"TX": "E", "RV": 12.25})], "1750"),
        ([ocmf(value("B", 10.5), value("C", 11), value("L", 12))], "1500"),
        ([ocmf(value("B", 10500, RU="Wh"), value("R", "12000", RU="Wh"))], "1500"),
        ([ocmf(value("B", 1, RI="1-b:2.8.0"), value("B", 10)),
          ocmf(value("E", 5, RI="1-b:2.8.0"), value("E", 12))], "2000"),
        ([ocmf(value("B", 10, RI="01-00:B0.08.00*FF"), value("B", 0, RI="01-00:B2.08.00*FF")),
          ocmf(value("E", 12, RI="01-00:B0.08.00*FF"), value("E", 2, RI="01-00:B2.08.00*FF"))], "2000"),
        ([ocmf(value("B", 10))], None),
        ([ocmf(value("B", 10), value("E", 12, ST="T"))], None),
        ([ocmf(value("B", 10, EF="E"), value("E", 12))], None),
        ([ocmf(value("B", 10, EF="t"), value("E", 12))], "2000"),
        ([ocmf(value("E", 10))], None),
        ([ocmf(value("B", 10), value("E", 12, RU="mOhm"))], None),
        ([ocmf(value("B", "ten"), value("E", 12))], None),
        ([ocmf(value("B", "Infinity"), value("E", 12))], None),
        ([ocmf(value("B", 10), value("E", True))], None),
        (["OCMF|[]|{}", "OCMF|{}|{}", 'OCMF|{"RD":[1]}|{}', "OCMF|{|{}", "OCMF|{}", "EDL|{}|{}"], None),
    ],
)  # fmt: skip
def test_signed_energy(datasets: list[str], wh: str | None) -> None:
    """What OCMF says was charged; nothing where it does not say it clearly."""
    span = Span()
    for data in datasets:
        read = read_ocmf(data)
        span = span if read is None else with_dataset(span, read)
    assert span.wh == (None if wh is None else Decimal(wh))


def test_the_signed_total_bills_and_the_difference_is_flagged() -> None:
    """M40, M53: signed values win; periods add up to them."""
    of = terms()
    samples = [
        sample(0, 1000, signed=(signed(ocmf(value("B", 1)), BEGIN),)),
        sample(50, 6000, signed=(signed("unknown format", PERIODIC),)),
        sample(60, 7000, signed=(signed(ocmf(value("E", 6.5)), END),)),
    ]
    usage = used(of, samples, stop=7000)
    assert usage.energy_wh == 5500
    assert [f.reason for f in usage.flags] == [FlagReason.SIGNED_TOTAL_DIFFERS]
    assert table(charging_periods(usage, of))[0][1]["ENERGY"] == "5.5"


def test_energy_that_comes_back_is_taken_off_a_signed_total() -> None:
    """E09, M42: the signed register is that of the import."""
    samples = [
        sample(0, 1000, reading(500, EXPORT), signed=(signed(ocmf(value("B", 1)), BEGIN),)),
        sample(60, 7000, reading(2500, EXPORT), signed=(signed(ocmf(value("E", 7)), END),)),
    ]
    usage = used(terms(), samples, stop=7000)
    assert (usage.energy_wh, usage.flags) == (4000, ())


@pytest.mark.parametrize("kwh", [0.5, 900_000])
def test_a_signed_total_that_cannot_be_true_waits_for_a_person(kwh: float) -> None:
    """M53: less than nothing, or more than the plug can deliver."""
    samples = [sample(0, 1000), sample(60, 7000, signed=(signed(ocmf(value("B", 1), value("E", kwh)), END),))]
    usage = used(terms(), samples, stop=7000)
    assert usage.energy_wh == 6000
    assert [f.reason for f in usage.flags] == [FlagReason.METER_JUMP]
    assert FlagReason.METER_JUMP in BLOCKING_FLAGS


def test_a_signed_total_that_agrees_is_not_flagged() -> None:
    samples = [sample(0, 1000), sample(60, 7000, signed=(signed(ocmf(value("B", 1), value("E", 7)), END),))]
    usage = used(terms(), samples, stop=7000)
    assert (usage.energy_wh, usage.flags) == (6000, ())


def test_ocmf_in_a_cdr_is_byte_exact() -> None:
    """The payload as it is signed, the whole dataset in Base64, nature by the context; repeats once."""
    start, end = ocmf(value("B", 1)), ocmf(value("E", 2))
    readings = [signed(end, END), signed(start, BEGIN, public_key="abcd"), signed(end, END)]
    data = signed_data_of(readings)
    assert data is not None
    assert (data.encoding_method, data.public_key) == ("OCMF", "abcd")
    assert [v.nature for v in data.signed_values] == ["Start", "End"]
    assert base64.b64decode(data.signed_values[0].signed_data).decode() == start
    assert data.signed_values[0].plain_data == start.split("|")[1]


def test_other_formats_pass_through() -> None:
    """Base64 stays as it came; a named encoding is kept; an intermediate value says so."""
    blob = base64.b64encode(b"signed by something").decode()
    data = signed_data_of([signed(blob, PERIODIC, encoding="EDL40 Mennekes")])
    assert data is not None
    assert (data.encoding_method, data.signed_values[0].nature) == ("EDL40 Mennekes", "Intermediate")
    assert data.signed_values[0].signed_data == blob
    unnamed = signed_data_of([signed("<xml/>", END)])
    assert unnamed is not None
    assert unnamed.encoding_method == "UNKNOWN"


def test_what_does_not_fit_is_left_out_whole() -> None:
    """A dataset or key cut short proves nothing: too long ones stay with the session."""
    long = signed("x" * 5001, END)
    assert too_long(long)
    assert signed_data_of([long, signed("", END)]) is None
    data = signed_data_of([signed("x", END, public_key="k" * 513)])
    assert data is not None
    assert data.public_key is None


CURVES = [
    (ec.SECP192R1(), "secp192r1"),
    (ec.SECP256R1(), "secp256r1"),
    (ec.SECP256K1(), "secp256k1"),
    (ec.SECP384R1(), "secp384r1"),
    (ec.SECP521R1(), "secp521r1"),
    (ec.BrainpoolP256R1(), "brainpoolP256r1"),
    (ec.BrainpoolP384R1(), "brainpool384r1"),
]


def sealed(key: ec.EllipticCurvePrivateKey, algorithm: str | None, *, in_base64: bool = False) -> str:
    payload = ocmf(value("B", 1)).split("|")[1]
    der = key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
    section: dict[str, str] = {"SD": base64.b64encode(der).decode() if in_base64 else der.hex()}
    if algorithm:
        section["SA"] = algorithm
    if in_base64:
        section["SE"] = "base64"
    return f"OCMF|{payload}|{json.dumps(section)}"


@pytest.mark.parametrize(("curve", "name"), CURVES, ids=[n for _, n in CURVES])
def test_signatures_on_every_curve(curve: ec.EllipticCurve, name: str) -> None:
    """OCMF "Signature section": DER keys and bare points, in hex and Base64, and a forged value."""
    key = ec.generate_private_key(curve)
    data = sealed(key, f"ECDSA-{name}-SHA256")
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    for public in (der.hex(), base64.b64encode(der).decode(), point.hex().upper()):
        assert check_ocmf(data, public).state is SignatureState.VALID
    assert check_ocmf(data.replace("1-b:1.8.0", "1-b:1.8.1"), der.hex()).state is SignatureState.INVALID


def test_signature_odds_and_ends() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    other_der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    good = sealed(key, None, in_base64=True)
    payload = good.split("|")[1]
    expected = {
        (good, pem): "VALID",
        (good, other_der): "INVALID",
        (good, None): "NOT_CHECKED",
        (good, "not a key"): "NOT_CHECKED",
        (good, "00ff"): "NOT_CHECKED",
        (good, "-----BEGIN nonsense"): "NOT_CHECKED",
        ("EDL|x", pem): "NOT_CHECKED",
        (sealed(key, "ECDSA-secp999r1-SHA256"), pem): "NOT_CHECKED",
        (sealed(key, "RSA"), pem): "NOT_CHECKED",
        (f"OCMF|{payload}|not json", pem): "INVALID",
        (f"OCMF|{payload}|[]", pem): "INVALID",
        (f"OCMF|{payload}|{{}}", pem): "INVALID",
        (f'OCMF|{payload}|{{"SD":"zz"}}', pem): "INVALID",
        (f'OCMF|{payload}|{{"SD":"00"}}', pem): "INVALID",
    }
    assert {pair: check_ocmf(*pair).state.value for pair in expected} == expected


def test_a_curve_this_machine_cannot_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some builds of OpenSSL leave curves out: then nothing is claimed."""
    key = ec.generate_private_key(ec.SECP256R1())
    data = sealed(key, None)

    class Unsupported:
        curve = ec.SECP256R1()

        def verify(self, *_: object) -> None:
            raise UnsupportedAlgorithm("no such curve")

    monkeypatch.setattr("gateway.signatures.ocmf.read_public_key", lambda *_: Unsupported())
    assert check_ocmf(data, "00").state is SignatureState.NOT_CHECKED


def test_repeated_datasets_change_nothing() -> None:
    first = sample(0, 1000, signed=(signed(ocmf(value("B", 1)), BEGIN),))
    last = sample(60, 7000, signed=(signed(ocmf(value("B", 1), value("E", 7)), END),))
    again = [first, first, replace(last, readings=()), last]
    assert used(terms(), again).energy_wh == used(terms(), [first, last]).energy_wh == 6000
