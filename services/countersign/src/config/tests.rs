//! What configurations are taken, and what is said of those that are not.

use super::*;

fn read(file: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let source =
        Source::new(Some(file), environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())), seed_keys::ROOT_KEYS).unwrap();
    Settings::read(&source, &Overrides::default()).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn nothing_at_all_is_the_built_in_profile() {
    let settings = read("{}", &[]).unwrap();
    assert!(!settings.signing.is_mode_named && settings.signing.is_on());
    assert_eq!(settings.signing.timestamp_url, None);
    assert_eq!(settings.listeners.http.listen.to_string(), "127.0.0.1:5000");
    assert_eq!(settings.stores.keys, PathBuf::from("countersign-data/keys"));
    assert_eq!(settings.limits.package_bytes, 250 << 20);
}

#[test]
fn a_signing_section_brings_the_default_authority_and_an_empty_address_turns_it_off() {
    assert_eq!(
        read(r#"{"Signing": {"Mode": "SelfSigned"}}"#, &[]).unwrap().signing.timestamp_url.as_deref(),
        Some("http://timestamp.digicert.com")
    );
    assert_eq!(read("{}", &[("Signing__TimestampServerUrl", "")]).unwrap().signing.timestamp_url, None);
}

#[test]
fn refusals_name_the_key_and_the_way_out() {
    for (file, environment, says) in [
        (r#"{"Signing": {"Mod": "SelfSigned"}}"#, vec![], "Signing:Mod: there is no such key; the nearest is Signing:Mode"),
        (r#"{"Signing": {"SelfSigned": {"ValidityInDays": 9999}}}"#, vec![], "from 1 to 3650"),
        (r#"{"Signing": {"Mode": "Null", "Provider": "SelfSigned"}}"#, vec![], "two names for one thing"),
        (r#"{"Signing": {"Mode": "AwsKms"}}"#, vec![], "not built yet"),
        (r#"{"Signing": {"Mode": "StoredCertificate"}}"#, vec![], "needs the path of a PFX"),
        (r#"{"Signing": {"CertificatePasswordSecret": "Nowhere:Else"}}"#, vec![], "Nowhere:Else"),
        (r#"{"Feed": {"PublicBaseUrl": "http://feed.test"}}"#, vec![], "is not https"),
        (r#"{"Feed": {"Authentication": {"AllowAnonymousPull": false}}}"#, vec![], "this feed would be open"),
        ("{}", vec![("IsReadOnlyMode", "true")], "pushes would be taken"),
        ("{}", vec![("Http__Listen", "0.0.0.0:80"), ("Feed__PublicBaseUrl", "https://f.test")], "anyone there could push"),
        ("{}", vec![("Http__Listen", "0.0.0.0:80"), ("Auth__ApiKeys__0", "k")], "Feed:PublicBaseUrl"),
        (r#"{"Limits": {"MaxPackageBytes": 2000, "MaxSpoolBytes": 1999}}"#, vec![], "could never be pushed"),
        (r#"{"Storage": {"Type": "Ftp"}}"#, vec![], "is not one of FileSystem"),
        (r#"{"Http": {"Tls": {"KeyPath": "k"}}}"#, vec![], "a key is given, and no certificate"),
    ] {
        let problems = read(file, &environment).unwrap_err();
        assert!(problems.iter().any(|p| p.contains(says)), "{file} {environment:?}: {problems:?}");
    }
}

#[test]
fn secrets_are_found_by_name_and_never_printed() {
    let file = r#"{"Signing": {"CertificatePasswordSecret": "Signing:CertificatePassword"}}"#;
    let settings = read(file, &[("Signing__CertificatePassword", "hunter2"), ("Auth__ApiKeys__0", "hunter3")]).unwrap();
    assert_eq!(settings.signing.certificate_password.as_ref().map(|s| s.expose().to_owned()).as_deref(), Some("hunter2"));
    let printed = format!("{settings:?}");
    assert!(!printed.contains("hunter"), "{printed}");
}

#[test]
fn raising_the_package_limit_raises_the_spool() {
    let settings = read(r#"{"Limits": {"MaxPackageBytes": "3GiB"}}"#, &[]).unwrap();
    assert_eq!(settings.limits.spool_bytes, 12 << 30);
}

#[test]
fn a_file_of_the_seed_system_is_taken() {
    let file = r#"{
        "ApiKey": "key", "PackageDeletionBehavior": "Unlist", "AllowPackageOverwrites": false, "Logging": {"LogLevel": {"Default": "Warning"}},
        "Storage": {"Type": "FileSystem", "Path": "App_Data"}, "Database": {"Type": "Sqlite", "ConnectionString": "Data Source=avanti.db"},
        "Shields": {"ServerName": "My Feed"},
        "Signing": {"Mode": "SelfSigned", "CertificatePasswordSecret": null, "TimestampServerUrl": "http://timestamp.digicert.com", "UpstreamSignature": "ReSign",
                    "SelfSigned": {"Organization": "MyOrg", "Country": "US", "KeySize": "KeySize4096", "ValidityInDays": 3650, "CertificatePath": "certs/repository-signing.pfx"}}
    }"#;
    let settings = read(file, &[]).unwrap();
    assert_eq!(settings.ignored, ["PackageDeletionBehavior", "Logging"]);
    assert_eq!(settings.stores.database, PathBuf::from("avanti.db"));
    let Mode::SelfSigned(own) = &settings.signing.mode else { panic!("{:?}", settings.signing.mode) };
    assert_eq!(own.server_name.as_deref(), Some("My Feed"));
    assert_eq!(settings.auth.keys.len(), 1);
}

#[test]
fn every_key_is_documented() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CONFIGURATION.md")).unwrap();
    let source = Source::new(None, [], &[]).unwrap();
    let reader = Reader::new(&source);
    Settings::from_reader(&reader, &Overrides::default());
    let missing: Vec<String> = reader.known().into_iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert_eq!(missing, Vec::<String>::new(), "keys that docs/CONFIGURATION.md does not name");
}
