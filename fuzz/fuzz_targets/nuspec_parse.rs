//! Any bytes as a nuspec; and its identity reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::package::{NuGetVersion, PackageId};

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = nupkg::manifest::parse(bytes) else { return };
    let identity = manifest.identity;
    let version = NuGetVersion::parse(&identity.version.normalized()).expect("a normal form is a version");
    assert_eq!(version, identity.version);
    assert_eq!(version.normalized(), identity.version.normalized());
    assert_eq!(PackageId::parse(identity.id.as_str()).expect("an id is an id"), identity.id);
});
