"""Writes packages, each odd in one attribute or structure, with the writer of the corpus (`corpus/edge/make.py`).

odd.py PATH-OF-make.py OUT-FOLDER
"""
import os, sys

with open(sys.argv[1]) as f: source = f.read().split('if __name__ == "__main__"')[0]
__file__ = sys.argv[1]
exec(compile(source, sys.argv[1], "exec"))
out = sys.argv[2]
count = 0

def case(name, package):
    global count
    with open(os.path.join(out, f"{name}.nupkg"), "wb") as f: f.write(package)
    count += 1

def tail(der_, more): return der_ + more
def longer(b, by=1):
    """The same element with `by` needless length octets."""
    head, n = (2, b[1]) if b[1] < 0x80 else (2 + (b[1] & 0x7F), int.from_bytes(b[2:2 + (b[1] & 0x7F)], "big"))
    k = max(1, (n.bit_length() + 7) // 8) + by
    return bytes([b[0], 0x80 | k]) + n.to_bytes(k, "big") + b[head:]
def indefinite(b):
    head = 2 if b[1] < 0x80 else 2 + (b[1] & 0x7F)
    return bytes([b[0], 0x80]) + b[head:] + b"\0\0"
def retag(b, tag): return bytes([tag]) + b[1:]
def names(*n): return ess2(A(), names=seq(*n))
good = der(0xA4, A().issuer)

# commitment-type-indication
for n, v in {"twice": [seq(oid(ORIGIN)), seq(oid(ORIGIN))], "none": [], "unknown": [seq(oid("1.2.3"))], "unknown-too": [seq(oid("1.2.3")), seq(oid(ORIGIN))], "empty-qualifiers": [seq(oid(ORIGIN), seq())],
        "qualifier": [seq(oid(ORIGIN), seq(seq(oid("1.2.3"), null())))], "qualifier-bare": [seq(oid(ORIGIN), seq(seq(oid("1.2.3"))))], "qualifier-more": [seq(oid(ORIGIN), seq(seq(oid("1.2.3"), null(), null())))],
        "qualifier-null": [seq(oid(ORIGIN), null())], "trailing": [seq(oid(ORIGIN), seq(seq(oid("1.2.3"))), null())], "both-then-bad": [seq(oid(ORIGIN)), seq(oid(RECEIPT)), null()], "application-tag": [der(0x70, oid(ORIGIN))],
        "context-tag": [der(0xA5, oid(ORIGIN))], "context-oid": [seq(retag(oid(ORIGIN), 0x81))], "set": [der(0x31, oid(ORIGIN))], "primitive": [der(0x10, oid(ORIGIN))], "long-length": [longer(seq(oid(ORIGIN)))],
        "indefinite": [indefinite(seq(oid(ORIGIN)))], "padded-oid": [seq(der(6, b"\x2a\x80\x86\x48\x86\xf7\x0d\x01\x09\x10\x06\x01"))], "empty-oid": [seq(der(6, b""))], "empty": [seq()]}.items():
    case(f"commitment-{n}", au(attrs=swap(1, attr(COMMIT, *v)) + [url()], sort=False))

# signing-certificate-v2, and version 1
for n, v in {"none": [], "two-values": [seq(seq(ess2(A()))), seq(seq(ess2(A()), ess2(A())))], "no-certificates": [seq(seq())], "default-hash": [seq(seq(ess2(A(), algo="default")))], "null-parameters": [seq(seq(ess2(A(), algo=alg(HASH["sha256"], null()))))],
        "sha1": [seq(seq(ess2(A(), "sha1")))], "sha512": [seq(seq(ess2(A(), "sha512")))], "no-serial": [seq(seq(ess2(A(), serial=False)))], "wrong-serial": [seq(seq(ess2(A(), number=integer(5))))], "wrong-hash": [seq(seq(ess2(A(), digest=b"\1" * 32)))],
        "short-hash": [seq(seq(ess2(A(), digest=H("sha256", A().der)[:31])))], "second-other": [seq(seq(ess2(A()), ess2(R())))], "second-first": [seq(seq(ess2(R()), ess2(A())))], "policies": [seq(seq(ess2(A())), seq(seq(oid("1.2.3"))))],
        "policies-empty": [seq(seq(ess2(A())), seq())], "policies-bad": [seq(seq(ess2(A())), null())], "policies-qualifiers-empty": [seq(seq(ess2(A())), seq(seq(oid("1.2.3"), seq())))],
        "any-policy": [seq(seq(ess2(A())), seq(seq(oid("2.5.29.32.0"), seq(seq(oid("1.2.3"))))))], "any-policy-cps": [seq(seq(ess2(A())), seq(seq(oid("2.5.29.32.0"), seq(seq(oid("1.3.6.1.5.5.7.2.1"), ia5("x"))))))],
        "trailing": [seq(seq(ess2(A())), seq(), null())], "two-names": [seq(seq(names(good, good)))], "dns-name": [seq(seq(names(der(0x82, b"a.test"))))], "dns-and-good": [seq(seq(names(der(0x82, b"a.test"), good)))], "other-name": [seq(seq(names(der(0xA0, seq(null())))))],
        "other-name-bad": [seq(seq(names(der(0xA0, b"\x10\x00"))))], "empty-name": [seq(seq(names(der(0xA4))))], "garbage-name": [seq(seq(names(der(0xA4, b"junk"))))], "serial-trailing": [seq(seq(ess2(A(), number=A().serial + null())))],
        "not-sequence": [null()], "empty": [seq()], "octets-tag": [seq(seq(seq(alg(HASH["sha256"]), retag(octets(H("sha256", A().der)), 0x84), seq(seq(good), A().serial))))]}.items():
    case(f"scv2-{n}", au(attrs=swap(2, attr(SC2, *v)), sort=False))
case("scv2-absent", au(attrs=swap(2, None)))
case("scv2-two-attributes", au(attrs=author_attrs(A()) + [sc2(ess2(A()), ess2(R()))]))
case("scv1-too", au(attrs=author_attrs(A()) + [sc1(A())]))
for n, a in {"v1": sc1(A()), "v1-other": sc1(R()), "v1-short": sc1(A(), digest=b"x"), "v1-wrong": sc1(A(), digest=b"x" * 20), "v1-empty": attr(SC1, seq(seq())), "v1-junk": attr(SC1, null()), "v1-none": attr(SC1), "v2": sc2(ess2(A(), serial=False)), "v2-other": sc2(ess2(R())), "v2-none": attr(SC2)}.items():
    case(f"unknown-{n}", au(attrs=[a]))

# signing-time, URL, owners
case("time-absent", au(attrs=swap(0, None)))
case("time-no-value", au(attrs=swap(0, attr(ST))))
case("time-twice", au(attrs=author_attrs(A()) + [attr(ST, utc(NOW))], sort=False))
for n, a in {"absent": [], "none": [attr(URL)], "two": [attr(URL, ia5(INDEX), ia5("https://a.test"))], "utf8": [attr(URL, utf8(INDEX))], "http": [url("http://feed.test")], "relative": [url("/x")], "empty": [url("")], "nul": [url(INDEX + "\0\0")],
        "high": [url(b"https://feed.test/\xff\xfe")], "trailing": [attr(URL, ia5(INDEX), null())], "context": [attr(URL, retag(ia5(INDEX), 0x85))], "long": [attr(URL, longer(ia5(INDEX)))], "constructed": [attr(URL, retag(ia5(INDEX), 0x36))]}.items():
    case(f"url-{n}", re_(*a))
for n, v in {"empty": [seq()], "blank": [seq(utf8("a"), utf8(" \t"))], "blank-wide": [seq(utf8("\u3000\u2028\u0085"))], "zero-width": [seq(utf8("\u200b"))], "nul": [seq(utf8("a\0\0"))], "only-nul": [seq(utf8("\0"))], "repeated": [seq(utf8("a"), utf8("a"))], "none": [], "two": [seq(utf8("a")), seq(utf8("b"))],
        "octets": [seq(octets(b"a"))], "not-sequence": [utf8("a")], "invalid": [seq(utf8(b"\xc3(\xe2\x82"))], "set": [der(0x31, utf8("a"))], "context": [seq(retag(utf8("a"), 0x8C))]}.items():
    case(f"owners-{n}", re_(url(), attr(OWNERS, *v)))
case("owners-two-attributes", re_(url(), owners("a"), owners("b")))

# the CMS itself
def edited(f): return package(lambda t: f(author(t)))
def remade(f): return package(lambda t: der(0x30, oid(SIGNED), der(0xA0, f(children(children(children(author(t))[0][1])[1][1])[0][2]))))
case("cms-trailing", edited(lambda p: p + b"junk"))
case("cms-long-length", edited(longer))
case("cms-indefinite", edited(indefinite))
case("cms-inner-indefinite", remade(indefinite))
case("cms-inner-trailing", remade(lambda s: s + null()))
case("cms-set", remade(lambda s: retag(s, 0x31)))
case("cms-data", package(lambda t: author(t, sd=dict(oid_=DATA))))
case("content-other-type", package(lambda t: author(t, sd=dict(ctype="1.2.3"))))
case("content-absent", package(lambda t: author(t, sd=dict(econtent=False))))
case("version-long", package(lambda t: author(t, version=1 << 40)))
case("digest-with-rsa", package(lambda t: author(t, digest_alg=alg(SHA_RSA["sha256"], null()))))
case("digest-unknown", package(lambda t: author(t, digest_alg=alg("1.2.3"))))
case("signature-sha256-rsa", package(lambda t: author(t, sigalg=alg(SHA_RSA["sha256"]))))
case("signature-sha512-rsa", package(lambda t: author(t, sigalg=alg(SHA_RSA["sha512"], null()))))
case("signature-md5-rsa", package(lambda t: author(t, hash="md5", sigalg=alg("1.2.840.113549.1.1.4", null()))))
case("signature-parameters", package(lambda t: author(t, sigalg=alg(RSA, octets(b"")))))
case("signature-sha1", package(lambda t: author(t, hash="sha1")))
for h in ("sha1", "sha384", "sha512"):
    case(f"pss-{h}", au(hash=h, sigalg=pss_alg(h, salt=len(H(h, b""))), resign=lambda hh, d: key("author").pss(hh, d, b"s" * len(H(hh, b"")))))
case("pss-default", au(hash="sha1", sigalg=alg(PSS, seq()), resign=lambda h, d: key("author").pss(h, d, b"s" * 20)))
case("pss-no-parameters", au(sigalg=alg(PSS), resign=lambda h, d: key("author").pss(h, d, b"s" * 32)))
case("pss-mask-other", au(sigalg=pss_alg("sha256", mgf="sha1"), resign=lambda h, d: key("author").pss(h, d, b"s" * 32)))
case("attributes-unsorted", package(lambda t: author(t, attrs=list(reversed(author_attrs(A()))), sort=False)))
case("attributes-empty", package(lambda t: author(t, attrs=[], md=[], ct=False)))
case("digest-absent", package(lambda t: author(t, md=[])))
case("digest-two-values", package(lambda t: author(t, md=[attr(MD, octets(H("sha256", t)), octets(H("sha256", t)))])))
case("digest-twice-one-wrong", package(lambda t: author(t, md=[attr(MD, octets(H("sha256", t))), attr(MD, octets(b"x"))])))
case("digest-in-parts", package(lambda t: author(t, md=[attr(MD, der(0x24, octets(H("sha256", t)[:9]), octets(H("sha256", t)[9:])))])))
case("value-long-length", package(lambda t: author(t, attrs=author_attrs(A()) + [attr("1.2.3", longer(null()))])))
case("value-high-tag", package(lambda t: author(t, attrs=author_attrs(A()) + [attr("1.2.3", b"\x9f\x81\x00\x01x")])))
case("sid-issuer", package(lambda t: author(t, sid="ias")))
case("sid-issuer-padded-serial", package(lambda t: author(t, sid=seq(A().issuer, der(2, b"\0" + A().serial[2:])))))
case("sid-issuer-other-type", package(lambda t: author(t, sid=seq(name(("2.5.4.6", 0x13, "US"), ("2.5.4.10", 0x13, "Countersign Tests"), ("2.5.4.3", 0x13, "Test Root")), A().serial))))
case("sid-no-signature", package(lambda t: author(t, sid=seq(name(("2.5.4.3", 0x13, "Dummy Signer")), integer(0)))))
case("sid-in-parts", package(lambda t: author(t, sid=der(0xA0, octets(A().ski[:5]), octets(A().ski[5:])))))
case("attribute-certificate", package(lambda t: author(t, certs=[der(0xA2, null()), A().der, cert("root").der])))
case("other-certificate", package(lambda t: author(t, certs=[der(0xA3, oid("1.2.3"), null()), A().der, cert("root").der])))
case("other-certificate-bad", package(lambda t: author(t, certs=[der(0xA3, null()), A().der, cert("root").der])))
case("broken-certificate", package(lambda t: author(t, certs=[A().der, seq(null())])))
case("no-ski", package(lambda t: author(t, issue("leaf", "author", ski=False), sid=der(0x80, hashlib.sha1(key("author").spki).digest()))))
x = issue("leaf", "author", serial=0x90); case("serial-high-bit", package(lambda t: author(t, x)))
y = issue("leaf", "author", serial=-5); case("serial-negative", package(lambda t: author(t, y)))
for n, (tag, v) in {"star": (0x13, b"a*b"), "latin": (0x14, b"caf\xe9"), "bmp": (0x1E, b"\0a\0b"), "bmp-odd": (0x1E, b"\0a\0"), "universal": (0x1C, b"\0\0\0a"), "utf8-bad": (0x0C, b"\xff"), "visible": (0x1A, b"a"), "quotes": (0x0C, b'a "b", c'), "blank": (0x0C, b" a"), "empty": (0x0C, b"")}.items():
    z = issue("leaf", "author", subj=seq(setof(seq(oid("2.5.4.3"), der(tag, v)))), issuer_name=seq(setof(seq(oid("2.5.4.3"), der(tag, v)))))
    case(f"name-{n}", package(lambda t: author(t, z)))
    case(f"name-{n}-by-issuer", package(lambda t: author(t, z, sid="ias")))

# countersignatures
def counted(*cs): return package(lambda t: author(t, usort=False, certs=chain(A(), R()), unsigned=lambda v: [c(v) for c in cs]))
case("counter-not-repository", counted(lambda v: counter(v, attrs=author_attrs(R()))))
case("counter-no-attributes", counted(lambda v: counter(v, attrs=None) if False else attr(COUNTER, signer_info(R(), key("repository"), v, None))))
case("counter-no-values", counted(lambda v: attr(COUNTER)))
case("counter-junk", counted(lambda v: attr(COUNTER, null())))
case("counter-junk-second", counted(lambda v: counter(v), lambda v: attr(COUNTER, null())))
case("counter-two-values", counted(lambda v: attr(COUNTER, *[children(children(counter(v))[0][1])[1][1] for _ in range(2)])))
case("counter-content-type", counted(lambda v: counter(v, ct=True)))
case("counter-bad-owners", counted(lambda v: counter(v, attrs=repository_attrs(R()) + [attr(OWNERS, seq())])))
case("counter-owners", counted(lambda v: counter(v, attrs=repository_attrs(R(), "a", "b"))))
case("counter-bad-then-two", counted(lambda v: counter(v, attrs=author_attrs(R(), RECEIPT)), lambda v: counter(v)))
case("counter-repository-no-url", package(lambda t: repository(t, unsigned=lambda v: [counter(v, attrs=author_attrs(R(), RECEIPT))])))
case("counter-repository-junk", package(lambda t: repository(t, unsigned=lambda v: [attr(COUNTER, null())])))

# time stamps
for n, o in {"plain": {}, "accuracy": dict(accuracy=(1, 2, 3)), "fraction": dict(fraction=".1234567"), "fraction-long": dict(fraction=".123456789012345"), "fraction-zero": dict(fraction=".120"), "fraction-bare": dict(fraction="."), "no-attributes": dict(attrs=[]), "v1": dict(attrs=[sc1(cert("tsa"))]),
        "millis-0": dict(info=None, accuracy=(None, 1000, None)), "other-content": dict(ctype=DATA), "no-signers": dict(md=True), "nonce": dict(nonce=77), "sha1": dict(digest="sha1", hash="sha1"), "ski": dict(sid="ski"), "no-certificates": dict(certs=[])}.items():
    case(f"stamp-{n}", stamped(**o))
long_tsa = lambda: issue("long tsa", "tsa", eku=(EKU_TIME,), eku_critical=True, serial=0x7200, start="20240101000000Z", end="20450101000000Z")
def tst(*parts): return lambda over: seq(integer(1), oid("1.2.3.4.1"), seq(alg(HASH["sha256"], null()), octets(H("sha256", over))), integer(77), *parts)
for n, parts in {"time-minutes": [gentime("202611011200Z")], "time-offset": [gentime("20261101120000+0000")], "time-60": [gentime("20261101120060Z")], "ordering": [gentime(NOW), b"\1\1\xff"], "ordering-odd": [gentime(NOW), b"\1\1\5"], "seconds-negative": [gentime(NOW), seq(integer(-1))],
        "micros-0": [gentime(NOW), seq(der(0x81, b"\0"))], "micros-1000": [gentime(NOW), seq(der(0x81, b"\3\xe8"))], "accuracy-empty": [gentime(NOW), seq()], "accuracy-order": [gentime(NOW), seq(der(0x81, b"\1"), der(0x80, b"\1"))], "tsa-name": [gentime(NOW), der(0xA0, der(0xA4, A().issuer))], "tsa-dns": [gentime(NOW), der(0xA0, der(0x82, b"x"))],
        "tsa-bad": [gentime(NOW), der(0xA0, null())], "extensions": [gentime(NOW), der(0xA1, seq(oid("1.2.3"), octets(b"x")))], "extensions-bad": [gentime(NOW), der(0xA1, null())], "more": [gentime(NOW), null()], "nonce-padded": [gentime(NOW), der(2, b"\0\1")], "long-length": [longer(gentime(NOW))], "utc-time": [utc(NOW)]}.items():
    case(f"tst-{n}", package(lambda t: author(t, unsigned=lambda v: [stamp(token(v, info=tst(*parts)(v)))])))
case("tst-trailing", package(lambda t: author(t, unsigned=lambda v: [stamp(token(v, info=tst(gentime(NOW))(v) + b"xx"))])))
case("stamp-junk", package(lambda t: author(t, unsigned=lambda v: [stamp(null())])))
case("stamp-no-values", package(lambda t: author(t, unsigned=lambda v: [stamp()])))
case("stamp-trailing-attribute", package(lambda t: author(t, unsigned=lambda v: [stamp(token(v)), attr("1.2.3", null())])))
case("stamp-two-signers", package(lambda t: author(t, unsigned=lambda v: [stamp(token(v, more_infos=[signer_info(A(), key("author"), b"x", None)]))])))
case("stamp-countersigned-badly", package(lambda t: author(t, unsigned=lambda v: [stamp(token(v, unsigned=lambda w: [counter(w, A(), k="author")]))])))
print(count)
