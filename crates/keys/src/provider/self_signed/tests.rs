//! Generations: when one is used, renewed, replaced and left alone.

use super::*;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

fn config() -> SelfSignedConfig {
    // The smallest key that NuGet takes: making one is what costs the time here.
    SelfSignedConfig { key_size: KeySize::Bits2048, ..SelfSignedConfig::default() }
}

fn provider(folder: &std::path::Path, config: SelfSignedConfig) -> SelfSigned {
    SelfSigned::new(config, KeyStore::open(folder.join("keys")).unwrap()).unwrap()
}

async fn current(provider: &SelfSigned, now: OffsetDateTime) -> Digest {
    provider.current(now).await.unwrap().fingerprint()
}

#[tokio::test]
async fn made_once_and_found_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = provider(folder.path(), config());
    let made = current(&first, NOW).await;
    assert_eq!(current(&first, NOW).await, made);
    assert_eq!(current(&provider(folder.path(), config()), NOW).await, made);
}

#[tokio::test]
async fn two_that_start_at_once_end_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let providers = [provider(folder.path(), config()), provider(folder.path(), config()), provider(folder.path(), config())];
    let made = futures(&providers).await;
    assert!(made.iter().all(|m| *m == made[0]), "{made:?}");
}

async fn futures(providers: &[SelfSigned]) -> Vec<Digest> {
    let asked: Vec<_> = providers
        .iter()
        .map(|p| {
            let inner = Arc::clone(&p.inner);
            tokio::task::spawn_blocking(move || fingerprint(&inner.current(NOW).unwrap()))
        })
        .collect();
    let mut made = Vec::new();
    for answer in asked {
        made.push(answer.await.unwrap());
    }
    made
}

#[tokio::test]
async fn a_changed_configuration_makes_the_next_generation() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = current(&provider(folder.path(), config()), NOW).await;
    let subject = SubjectParts { server_name: Some("Other".to_owned()), ..SubjectParts::default() };
    for changed in [
        SelfSignedConfig { subject, ..config() },
        SelfSignedConfig { validity_days: 30, ..config() },
        SelfSignedConfig { hash_algorithm: HashAlgorithm::Sha512, ..config() },
        SelfSignedConfig { key_size: KeySize::Bits3072, ..config() },
    ] {
        let after = current(&provider(folder.path(), changed.clone()), NOW).await;
        assert_ne!(after, before);
        assert_eq!(current(&provider(folder.path(), changed), NOW).await, after);
        before = after;
    }
}

#[tokio::test]
async fn renewed_seven_days_before_its_end_or_a_tenth_of_its_validity() {
    for (validity_days, before_end) in [(3650, Duration::days(7)), (10, Duration::days(1)), (1, Duration::minutes(144))] {
        let folder = tempfile::tempdir().unwrap();
        let provider = provider(folder.path(), SelfSignedConfig { validity_days, ..config() });
        let made = current(&provider, NOW).await;
        let edge = NOW + Duration::days(i64::from(validity_days)) - before_end;
        assert_eq!(current(&provider, edge).await, made, "{validity_days}");
        assert_ne!(current(&provider, edge + Duration::SECOND).await, made, "{validity_days}");
    }
}

#[tokio::test]
async fn a_deleted_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (provider(folder.path(), config()), provider(folder.path(), config()));
    let made = current(&one, NOW).await;
    assert_eq!(current(&other, NOW).await, made);
    std::fs::remove_file(folder.path().join("keys/certs/repository-signing.pfx")).unwrap();
    let again = current(&one, NOW).await;
    assert_ne!(again, made);
    assert_eq!(current(&other, NOW).await, again);
}

#[tokio::test]
async fn a_process_follows_a_generation_made_after_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let old = provider(folder.path(), config());
    let first = current(&old, NOW).await;
    let changed = SelfSignedConfig { hash_algorithm: HashAlgorithm::Sha384, validity_days: 30, ..config() };
    let new = provider(folder.path(), changed);
    let second = current(&new, NOW).await;
    assert_ne!(first, second);
    assert_eq!(current(&old, NOW).await, second);
    // Neither in the days of its renewal; once its time is over, any process makes the next.
    assert_eq!(current(&old, NOW + Duration::days(29)).await, second);
    assert_ne!(current(&old, NOW + Duration::days(30)).await, second);
}

#[tokio::test]
async fn a_password_that_is_added_keeps_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let made = current(&provider(folder.path(), config()), NOW).await;
    let guarded = SelfSignedConfig { password: "hunter2".into(), ..config() };
    assert_eq!(current(&provider(folder.path(), guarded.clone()), NOW).await, made);
    let store = KeyStore::open(folder.path().join("keys")).unwrap();
    assert_eq!(
        SelfSigned::new(config(), store.clone()).unwrap_err().to_string(),
        format!("{} cannot be opened with the configured password", folder.path().join("keys/certs/repository-signing.pfx").display())
    );
    assert_eq!(current(&SelfSigned::new(guarded, store).unwrap(), NOW).await, made);
}

#[tokio::test]
async fn what_is_no_pfx_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let provider = provider(folder.path(), config());
    let path = folder.path().join("keys/certs/repository-signing.pfx");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "notes").unwrap();
    let error = provider.current(NOW).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Misconfigured, format!("{} is not a PFX file that can be read", path.display()))
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"notes");
}

#[tokio::test]
async fn a_clock_before_the_certificate_is_an_error_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let provider = provider(folder.path(), config());
    let made = current(&provider, NOW).await;
    let error = provider.current(NOW - Duration::days(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CertificateUnusable(NuCode(3017)));
    assert_eq!(current(&provider, NOW).await, made);
}

#[test]
fn days_outside_the_range_and_paths_outside_the_store_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::open(folder.path()).unwrap();
    for wrong in [
        SelfSignedConfig { validity_days: 0, ..config() },
        SelfSignedConfig { validity_days: 3651, ..config() },
        SelfSignedConfig { certificate_path: "/etc/a.pfx".to_owned(), ..config() },
    ] {
        assert_eq!(SelfSigned::new(wrong, store.clone()).unwrap_err().kind(), ErrorKind::Misconfigured);
    }
}

#[test]
fn key_sizes_are_read_by_name() {
    assert_eq!(KeySize::from_name("keysize3072"), Some(KeySize::Bits3072));
    assert_eq!(KeySize::from_name("KeySize1024"), None);
    assert_eq!(KeySize::from_name("4096"), None);
}
