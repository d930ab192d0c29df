//! Chains of many shapes, made by openssl: NuGet's signer refuses one (NU3018) exactly when ours is not valid.

use certificates::{Certificate, Purpose, chain};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::Judge;

/// One certificate of a chain: how it is signed, which key it has, what its extensions are.
#[derive(Debug, Clone)]
struct Link {
    name: &'static str,
    key: &'static str,
    extensions: &'static str,
    /// Words for `openssl x509`: digest and so on.
    words: &'static str,
}

const fn link(name: &'static str, key: &'static str, extensions: &'static str) -> Link {
    Link { name, key, extensions, words: "-sha256" }
}

const CA: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid";
const LEAF: &str = "extendedKeyUsage=codeSigning\nkeyUsage=digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid";
const ROOT: Link = link("/CN=Chain Root/O=Acme", "root", CA);
const MIDDLE: Link = link("/CN=Chain Intermediate/O=Acme", "middle", CA);
const END: Link = link("/CN=Chain Leaf/O=Acme/C=CH", "leaf", LEAF);

/// Root first.
fn shapes() -> Vec<(&'static str, Vec<Link>)> {
    let ca = |extensions: &'static str| Link { extensions, ..MIDDLE };
    let three = |middle: Link| vec![ROOT, middle, END];
    let leaf = |extensions: &'static str| vec![ROOT, MIDDLE, Link { extensions, ..END }];
    vec![
        ("plain", three(MIDDLE)),
        ("two", vec![ROOT, END]),
        ("alone", vec![END]),
        ("alone-ca", vec![ROOT]),
        ("four", vec![ROOT, MIDDLE, link("/CN=Chain Second/O=Acme", "other", CA), END]),
        ("middle-eku-code", three(ca("basicConstraints=critical,CA:TRUE\nextendedKeyUsage=codeSigning,serverAuth"))),
        ("middle-eku-any", three(ca("basicConstraints=critical,CA:TRUE\nextendedKeyUsage=anyExtendedKeyUsage"))),
        ("middle-eku-tls", three(ca("basicConstraints=critical,CA:TRUE\nextendedKeyUsage=serverAuth"))),
        ("middle-no-ca", three(ca("basicConstraints=critical,CA:FALSE"))),
        ("middle-no-constraints", three(ca("subjectKeyIdentifier=hash"))),
        ("middle-no-constraints-key-usage", three(ca("keyUsage=keyCertSign"))),
        ("middle-key-usage", three(ca("basicConstraints=critical,CA:TRUE\nkeyUsage=digitalSignature"))),
        ("middle-critical", three(ca("basicConstraints=critical,CA:TRUE\n1.2.3.4=critical,DER:0500"))),
        ("middle-not-critical", three(ca("basicConstraints=critical,CA:TRUE\n1.2.3.4=DER:0500"))),
        ("middle-pathlen-0", three(ca("basicConstraints=critical,CA:TRUE,pathlen:0"))),
        (
            "pathlen-too-short",
            vec![ROOT, ca("basicConstraints=critical,CA:TRUE,pathlen:0"), link("/CN=Chain Second/O=Acme", "other", CA), END],
        ),
        ("root-eku-tls", vec![Link { extensions: "basicConstraints=CA:TRUE\nextendedKeyUsage=serverAuth", ..ROOT }, MIDDLE, END]),
        ("root-no-extensions", vec![Link { extensions: "", ..ROOT }, ca("basicConstraints=critical,CA:TRUE"), END]),
        (
            "root-key-usage",
            vec![
                Link { extensions: "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature", ..ROOT },
                ca("basicConstraints=critical,CA:TRUE"),
                END,
            ],
        ),
        ("leaf-no-extensions", leaf("")),
        ("leaf-any", leaf("extendedKeyUsage=anyExtendedKeyUsage")),
        ("leaf-any-and-code", leaf("extendedKeyUsage=anyExtendedKeyUsage,codeSigning")),
        ("leaf-tls", leaf("extendedKeyUsage=serverAuth")),
        ("leaf-critical", leaf("extendedKeyUsage=critical,codeSigning\n1.2.3.4=critical,DER:0500")),
        ("leaf-application-policies", leaf("extendedKeyUsage=serverAuth\n1.3.6.1.4.1.311.21.10=DER:300c300a06082b06010505070303")),
        ("leaf-other-application-policies", leaf("extendedKeyUsage=codeSigning\n1.3.6.1.4.1.311.21.10=DER:300c300a06082b06010505070301")),
        ("leaf-wrong-authority", leaf("extendedKeyUsage=codeSigning\n2.5.29.35=DER:301680140102030405060708090a0b0c0d0e0f1011121314")),
        ("leaf-broken-policies", leaf("extendedKeyUsage=codeSigning\n2.5.29.32=DER:30023000")),
        ("middle-broken-policies", three(ca("basicConstraints=critical,CA:TRUE\n2.5.29.32=DER:30023000"))),
        ("middle-broken-eku", three(ca("basicConstraints=critical,CA:TRUE\n2.5.29.37=DER:0500"))),
        ("explicit-policy", three(ca("basicConstraints=critical,CA:TRUE\npolicyConstraints=requireExplicitPolicy:0"))),
        ("explicit-policy-later", three(ca("basicConstraints=critical,CA:TRUE\npolicyConstraints=requireExplicitPolicy:3"))),
        (
            "explicit-policy-no-eku",
            vec![
                ROOT,
                ca("basicConstraints=critical,CA:TRUE\npolicyConstraints=requireExplicitPolicy:0"),
                Link { extensions: "keyUsage=digitalSignature", ..END },
            ],
        ),
        ("names-permitted", three(ca("basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;dirName:permitted"))),
        ("names-not-permitted", three(ca("basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;dirName:elsewhere"))),
        ("names-excluded", three(ca("basicConstraints=critical,CA:TRUE\nnameConstraints=critical,excluded;dirName:permitted"))),
        ("names-dns-only", three(ca("basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:acme.test"))),
        (
            "names-email",
            vec![
                ROOT,
                ca("basicConstraints=critical,CA:TRUE\nnameConstraints=permitted;email:acme.test"),
                Link { name: "/CN=Leaf/emailAddress=a@acme.test", ..END },
            ],
        ),
        (
            "names-other-email",
            vec![
                ROOT,
                ca("basicConstraints=critical,CA:TRUE\nnameConstraints=permitted;email:acme.test"),
                Link { name: "/CN=Leaf/emailAddress=a@other.test", ..END },
            ],
        ),
        ("middle-sha1", three(Link { words: "-sha1", ..MIDDLE })),
        ("middle-md5", three(Link { words: "-md5", ..MIDDLE })),
        ("middle-sha224", three(Link { words: "-sha224", ..MIDDLE })),
        ("middle-pss", three(Link { words: "-sha256 -sigopt rsa_padding_mode:pss", ..MIDDLE })),
        ("middle-pss-salt", three(Link { words: "-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20", ..MIDDLE })),
        ("middle-1024", three(Link { key: "small", ..MIDDLE })),
        ("middle-expired", three(Link { words: "-sha256 -days -1", ..MIDDLE })),
        ("root-p256", vec![Link { key: "p256", ..ROOT }, MIDDLE, END]),
        ("root-p384", vec![Link { key: "p384", ..ROOT }, Link { words: "-sha384", ..MIDDLE }, END]),
        ("root-p521", vec![Link { key: "p521", ..ROOT }, Link { words: "-sha512", ..MIDDLE }, END]),
        ("root-ed25519", vec![Link { key: "ed25519", words: "", ..ROOT }, Link { words: "", ..MIDDLE }, END]),
        ("names-case", vec![ROOT, MIDDLE, Link { name: "/CN=chain  LEAF", ..END }]),
    ]
}

#[test]
fn chains_are_valid_exactly_when_nugets_signer_takes_them() {
    let Some(shared) = testkit::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(&shared, folder.path());
    let package = shared.join("corpus/made/plain.nupkg");
    let mut different = Vec::new();
    for (shape, links) in shapes() {
        let (root, chain) = make(folder.path(), shape, &links, &keys);
        let pfx = folder.path().join(format!("{shape}.pfx"));
        let others = folder.path().join(format!("{shape}-others.pem"));
        std::fs::write(&others, chain[1..].iter().map(|c| certificates::pem::encode(c)).collect::<String>()).unwrap();
        let leaf = folder.path().join(format!("{shape}-leaf.pem"));
        std::fs::write(&leaf, certificates::pem::encode(&chain[0])).unwrap();
        let key = &keys[links[links.len() - 1].key];
        let mut words = vec!["pkcs12", "-export", "-inkey", text(key), "-in", text(&leaf), "-out", text(&pfx), "-passout", "pass:test"];
        if chain.len() > 1 {
            words.extend(["-certfile", text(&others)]);
        }
        openssl(&words);
        let mut judge = Judge::start(&["sign", "--root", text(&root), "--pfx", text(&pfx), "--password", "test"]).unwrap();
        let answer = judge.ask(&format!("{}\t{}", text(&package), text(&folder.path().join(shape))));

        let parsed: Vec<Certificate> = chain.iter().map(|der| Certificate::parse(der.clone()).unwrap()).collect();
        let now = std::time::SystemTime::now().into();
        let built = chain::build(&parsed[0], &parsed, &parsed[parsed.len() - 1..], Purpose::CodeSigning, now);
        println!("{shape}: {:?} {}", built.statuses, answer);
        if built.is_valid() != answer["ok"].as_bool().unwrap() {
            different.push(format!("{shape}: ours {:?}, NuGet's {answer}", built.statuses));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

type Keys = std::collections::BTreeMap<&'static str, PathBuf>;

fn keys(shared: &Path, folder: &Path) -> Keys {
    let mut keys = Keys::new();
    // RSA keys of the corpus save the time to make some.
    for (name, file) in
        [("root", "root"), ("middle", "author"), ("other", "repository-other"), ("leaf", "repository"), ("small", "repository-1024")]
    {
        let pem = folder.join(format!("{name}.key"));
        openssl(&["pkey", "-inform", "DER", "-in", text(&shared.join(format!("corpus/pki/{file}.key"))), "-out", text(&pem)]);
        keys.insert(name, pem);
    }
    for (name, words) in [
        ("p256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
        ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
        ("p521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        ("ed25519", "-algorithm ED25519"),
    ] {
        let pem = folder.join(format!("{name}.key"));
        openssl(&[&["genpkey"], words.split(' ').collect::<Vec<_>>().as_slice(), &["-out", text(&pem)]].concat());
        keys.insert(name, pem);
    }
    keys
}

/// Makes the certificates; the root's file, and all of them, leaf first.
fn make(folder: &Path, shape: &str, links: &[Link], keys: &Keys) -> (PathBuf, Vec<bytes::Bytes>) {
    let mut issuer: Option<(PathBuf, PathBuf)> = None;
    let mut root = None;
    let mut out = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let file = |suffix: &str| folder.join(format!("{shape}-{index}.{suffix}"));
        let (request, extensions, certificate) = (file("csr"), file("cnf"), file("pem"));
        let key = &keys[link.key];
        let mut config = String::new();
        writeln!(config, "{}\n[permitted]\nO=Acme\n[elsewhere]\nO=Elsewhere", link.extensions).unwrap();
        // A leaf's O stands behind its CN here; directory constraints are a prefix of the name.
        std::fs::write(&extensions, config).unwrap();
        let name = reordered(link.name);
        openssl(&["req", "-new", "-key", text(key), "-subj", &name, "-out", text(&request)]);
        let serial = (index + 1).to_string();
        let mut words = vec!["x509", "-req", "-in", text(&request), "-set_serial", &serial, "-out", text(&certificate)];
        if !link.extensions.is_empty() {
            words.extend(["-extfile", text(&extensions)]);
        }
        if !link.words.contains("-days") {
            words.extend(["-days", "30"]);
        }
        words.extend(link.words.split(' ').filter(|word| !word.is_empty()));
        let issuer_words: Vec<&str> = match &issuer {
            Some((certificate, key)) => vec!["-CA", text(certificate), "-CAkey", text(key)],
            None => vec!["-signkey", text(key)],
        };
        words.extend(issuer_words);
        openssl(&words);
        let der = certificates::pem::parse_all(&std::fs::read_to_string(&certificate).unwrap()).remove(0);
        out.insert(0, der);
        root.get_or_insert_with(|| certificate.clone());
        issuer = Some((certificate, key.clone()));
    }
    (root.unwrap(), out)
}

/// `/CN=x/O=y/C=z` with the CN last, as directory names usually go.
fn reordered(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').skip(1).collect();
    parts.sort_by_key(|part| (part.starts_with("CN="), part.starts_with("C=")));
    parts.iter().map(|part| format!("/{part}")).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn openssl(words: &[&str]) {
    let done = Command::new("openssl").args(words).output().expect("openssl is needed to make test chains");
    assert!(done.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&done.stderr));
}
