//! Adopting, reading, streaming, writing back.

use crate::{Place, config, content};
use futures::TryStreamExt;
use model::{Code, HashAlgorithm, Segment, Splice};
use object_store::{ObjectStoreExt, local::LocalFileSystem, path::Path as ObjectPath};
use storage::{BlobStore, BlobStream, ErrorKind, Pin, StorageKey};

fn incoming(content: &[u8]) -> StorageKey {
    StorageKey::Incoming(HashAlgorithm::Sha256.digest(content))
}

async fn stored(place: &Place, content: &[u8]) -> (String, Pin) {
    let key = incoming(content);
    let pin = place.store.adopt(&place.spooled(content).await, &key).await.unwrap().pin;
    (key.path(), pin)
}

async fn collect(stream: BlobStream) -> Vec<u8> {
    let (size, chunks) = (stream.size, stream.chunks.try_collect::<Vec<_>>().await.unwrap());
    assert!(chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= 256 * 1024));
    let whole = chunks.concat();
    assert_eq!(whole.len() as u64, size);
    whole
}

fn signed_form(content: &[u8]) -> (Splice, Vec<u8>, StorageKey) {
    let middle = content.len() as u64 / 2;
    let mut splice = Splice::new();
    splice.push_blob(0..middle);
    splice.push_literal(&b"an entry"[..]);
    splice.push_blob(middle..content.len() as u64);
    splice.push_literal(&b"end"[..]);
    let (head, tail) = content.split_at(middle as usize);
    let whole = [head, b"an entry", tail, b"end"].concat();
    let key = StorageKey::Signed {
        unsigned_sha256: HashAlgorithm::Sha256.digest(content),
        p7s_sha256: HashAlgorithm::Sha256.digest(b"an entry"),
    };
    (splice, whole, key)
}

#[tokio::test]
async fn an_adopted_upload_is_a_blob_and_the_spool_is_empty() {
    let place = Place::new().await;
    let bytes = content(700_000);
    let key = incoming(&bytes);
    let spooled = place.spooled(&bytes).await;
    let adopted = place.store.adopt(&spooled, &key).await.unwrap();
    assert!(adopted.created);
    drop(spooled);
    assert!(place.on_the_spool().is_empty());
    let info = place.store.head(&key.path()).await.unwrap().unwrap();
    assert_eq!((info.size, &info.pin), (700_000, &adopted.pin));

    let again = place.store.adopt(&place.spooled(&bytes).await, &key).await.unwrap();
    assert!(!again.created);
    assert_eq!(again.pin, adopted.pin);
    let (_, digests) = place.store.hash(&key.path(), Some(&adopted.pin), &[]).await.unwrap();
    assert_eq!(digests.sha256(), HashAlgorithm::Sha256.digest(&bytes));
}

#[tokio::test]
async fn a_name_keeps_its_bytes() {
    let place = Place::new().await;
    let (path, pin) = stored(&place, b"first").await;
    let key = incoming(b"first");
    assert_eq!(place.store.adopt(&place.spooled(b"another").await, &key).await.unwrap_err().kind(), ErrorKind::Changed);
    assert_eq!(place.store.read_range(&path, 0..5, Some(&pin)).await.unwrap(), "first");
}

#[tokio::test]
async fn our_pin_is_the_tag_that_the_general_interface_gives() {
    let place = Place::new().await;
    let (path, pin) = stored(&place, b"content").await;
    let general = LocalFileSystem::new_with_prefix(place.folder.path().join("blobs")).unwrap();
    assert_eq!(general.head(&ObjectPath::parse(&path).unwrap()).await.unwrap().e_tag.as_deref(), Some(pin.as_str()));
}

#[tokio::test]
async fn ranges_and_tails_are_exact() {
    let place = Place::new().await;
    let bytes = content(1000);
    let (path, pin) = stored(&place, &bytes).await;
    assert_eq!(place.store.read_range(&path, 10..990, Some(&pin)).await.unwrap(), bytes[10..990]);
    assert_eq!(place.store.read_range(&path, 990..1001, None).await.unwrap_err().kind(), ErrorKind::Changed);
    let (info, tail) = place.store.read_tail(&path, 100, Some(&pin)).await.unwrap();
    assert_eq!((info.size, &tail[..]), (1000, &bytes[900..]));
    assert_eq!(place.store.read_tail(&path, 5000, None).await.unwrap().1, bytes);
    assert_eq!(place.store.read_tail("incoming/none", 1, None).await.unwrap_err().code(), Code::BlobMissing);
    assert_eq!(place.store.head("incoming/none").await.unwrap(), None);
    assert_eq!(place.store.head("incoming").await.unwrap(), None);
}

#[tokio::test]
async fn no_path_leads_out_of_the_store() {
    let place = Place::new().await;
    for path in ["../spool/lock", "incoming/../../x", "/etc/passwd/../passwd"] {
        assert_eq!(place.store.head(path).await.unwrap_err().kind(), ErrorKind::Internal, "{path}");
        assert_eq!(place.store.delete(path).await.unwrap_err().kind(), ErrorKind::Internal, "{path}");
    }
}

#[tokio::test]
async fn a_replaced_blob_is_not_the_pinned_one_for_any_reader() {
    let place = Place::new().await;
    let bytes = content(600_000);
    let (path, pin) = stored(&place, &bytes).await;
    let (splice, _, key) = signed_form(&bytes);
    let stream = place.store.stream(&path, 0..600_000, Some(&pin)).await.unwrap();
    let place_on_disk = place.folder.path().join("blobs").join(&path);
    // In place: the inode stays, the time of change does not.
    let file = std::fs::OpenOptions::new().write(true).open(&place_on_disk).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"!", 599_999).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let begun = stream.chunks.try_collect::<Vec<_>>().await.unwrap_err();
    let others = [
        place.store.read_range(&path, 0..1, Some(&pin)).await.unwrap_err(),
        place.store.read_tail(&path, 1, Some(&pin)).await.unwrap_err(),
        place.store.stream(&path, 0..1, Some(&pin)).await.unwrap_err(),
        place.store.stream_splice(&path, &pin, splice.clone()).await.unwrap_err(),
        place.store.write_back(&path, &pin, &splice, &key).await.unwrap_err(),
        place.store.hash(&path, Some(&pin), &[]).await.unwrap_err(),
    ];
    assert!([begun].iter().chain(&others).all(|error| error.kind() == ErrorKind::Changed));
    assert_eq!(place.store.head(&key.path()).await.unwrap(), None);
}

#[tokio::test]
async fn a_splice_streams_as_it_would_be_written() {
    let place = Place::new().await;
    for len in [10, 300_000, 1_500_000] {
        let bytes = content(len);
        let (path, pin) = stored(&place, &bytes).await;
        let (splice, whole, key) = signed_form(&bytes);
        assert!(collect(place.store.stream_splice(&path, &pin, splice.clone()).await.unwrap()).await == whole);
        let part = splice.slice(3..splice.len() - 1);
        assert!(collect(place.store.stream_splice(&path, &pin, part).await.unwrap()).await == whole[3..whole.len() - 1]);

        let written = place.store.write_back(&path, &pin, &splice, &key).await.unwrap();
        assert_eq!(written.size, whole.len() as u64);
        assert_eq!(place.store.head(&key.path()).await.unwrap(), Some(written.clone()));
        assert!(collect(place.store.stream(&key.path(), 0..u64::MAX, Some(&written.pin)).await.unwrap()).await == whole);
        assert!(collect(place.store.stream(&key.path(), 5..9, None).await.unwrap()).await == whole[5..9]);
        // A late second worker changes nothing.
        assert_eq!(place.store.write_back(&path, &pin, &splice, &key).await.unwrap(), written);
        assert!(place.on_the_spool().is_empty());
    }
}

#[tokio::test]
async fn a_splice_that_does_not_fit_its_source_writes_nothing() {
    let place = Place::new().await;
    let (path, pin) = stored(&place, &content(100)).await;
    let (_, _, key) = signed_form(b"x");
    for segment in [Segment::Blob { offset: 50, len: 51 }, Segment::Blob { offset: u64::MAX - 2, len: 2 }] {
        let splice: Splice = [segment].into_iter().collect();
        assert_eq!(place.store.write_back(&path, &pin, &splice, &key).await.unwrap_err().kind(), ErrorKind::Changed);
        assert_eq!(place.store.stream_splice(&path, &pin, splice).await.unwrap_err().kind(), ErrorKind::Changed);
    }
    assert_eq!(place.store.head(&key.path()).await.unwrap(), None);
}

#[tokio::test]
async fn blobs_are_listed_and_deleted() {
    let place = Place::new().await;
    let (path, pin) = stored(&place, b"some bytes").await;
    let before = place.store.list("incoming").await.unwrap();
    assert_eq!(before.iter().map(|l| (&*l.path, l.size)).collect::<Vec<_>>(), [(&*path, 10)]);
    // Adopted again it is younger, and yet the pinned one.
    place.store.adopt(&place.spooled(b"some bytes").await, &incoming(b"some bytes")).await.unwrap();
    let after = place.store.list("incoming").await.unwrap();
    assert!(after[0].changed >= before[0].changed);
    assert_eq!(place.store.head(&path).await.unwrap().unwrap().pin, pin);
    assert!(place.store.delete(&path).await.unwrap());
    assert!(!place.store.delete(&path).await.unwrap());
    assert!(place.store.list("incoming").await.unwrap().is_empty());
}

#[tokio::test]
async fn two_writers_of_one_blob_agree() {
    let place = Place::new().await;
    let bytes = content(400_000);
    let (path, pin) = stored(&place, &bytes).await;
    let (splice, whole, key) = signed_form(&bytes);
    let writers = (0..8).map(|_| place.store.write_back(&path, &pin, &splice, &key));
    let written = futures::future::join_all(writers).await;
    let pins: std::collections::HashSet<_> = written.into_iter().map(|w| w.unwrap().pin).collect();
    assert_eq!(pins.len(), 1);
    assert!(collect(place.store.stream(&key.path(), 0..u64::MAX, None).await.unwrap()).await == whole);
}

#[tokio::test]
async fn a_spool_on_another_filesystem_is_refused_at_the_start() {
    let (here, there) = (tempfile::tempdir().unwrap(), std::path::Path::new("/dev/shm"));
    let Ok(there) = tempfile::tempdir_in(there) else {
        println!("skipped: there is no second filesystem at /dev/shm");
        return;
    };
    let mut config = config(here.path(), |_| {});
    config.spool.folder = there.path().to_owned();
    assert_eq!(BlobStore::open(config).await.unwrap_err().kind(), ErrorKind::Misconfigured);
}

/// A signed blob that a disk has cut short is in nobody's way: it is written anew.
#[tokio::test]
async fn a_write_back_replaces_a_blob_of_another_size() {
    let place = Place::new().await;
    let (path, pin) = stored(&place, b"a package").await;
    let mut splice = Splice::whole(9);
    splice.push_literal(&b" and its signature"[..]);
    let digest = HashAlgorithm::Sha256.digest(b"a package");
    let key = StorageKey::Signed { unsigned_sha256: digest, p7s_sha256: digest };
    place.store.write_back(&path, &pin, &splice, &key).await.unwrap();
    std::fs::write(place.folder.path().join("blobs").join(key.path()), b"a pack").unwrap();
    place.store.write_back(&path, &pin, &splice, &key).await.unwrap();
    assert_eq!(place.store.read_tail(&key.path(), 100, None).await.unwrap().1, "a package and its signature");
}
