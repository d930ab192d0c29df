//! A large push is not held in memory. In a process of its own, so that nothing else counts.

use crate::{Ingest, KEY};
use reqwest::Body;
use std::io::Write as _;
use std::process::Command;

const CHILD: &str = "INGEST_MEMORY_CHILD";
/// Size of the package; `INGEST_PUSH_MIB` makes it another.
const MIB: usize = 192;
/// Most that memory may rise by.
const RISE_KIB_MAX: u64 = 64 * 1024;

/// Not a test of its own: what the other runs in a process apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    if std::env::var(CHILD).is_err() {
        return;
    }
    let mib = std::env::var("INGEST_PUSH_MIB").map_or(MIB, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.nupkg");
    large_package(&path, mib);
    let ingest = Ingest::with(|spool| {
        spool.max_package_bytes = 4 << 30;
        spool.max_total_bytes = 8 << 30;
    })
    .await;
    let client = reqwest::Client::new();
    let push = |content: Body| {
        client.put(ingest.url()).header("X-NuGet-ApiKey", KEY).header("Content-Type", "multipart/form-data; boundary=e1a2").body(content)
    };
    // Once with little, so that what is made once is made.
    let small = push(Body::from(crate::form(&crate::package("Small", b"x")))).send().await.unwrap();
    assert_eq!(small.status(), 202);
    let before = peak_kib();
    let file = tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::open(&path).await.unwrap(), 65_536);
    let around = crate::form(b"");
    let (head, tail) = around.split_at(around.len() - b"\r\n--e1a2--\r\n".len());
    let part = |bytes: &[u8]| futures::stream::iter([Ok(bytes::Bytes::copy_from_slice(bytes))]);
    let body = futures::StreamExt::chain(futures::StreamExt::chain(part(head), file), part(tail));
    let begun = std::time::Instant::now();
    let answer = push(Body::wrap_stream(body)).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    println!("{mib} MiB pushed in {:?}, memory rose by {} KiB", begun.elapsed(), peak_kib() - before);
    assert!(peak_kib() - before < RISE_KIB_MAX, "{} KiB", peak_kib() - before);
}

#[test]
fn a_large_push_is_not_held_in_memory() {
    if !std::path::Path::new("/proc/self/status").exists() {
        println!("skipped: there is no /proc");
        return;
    }
    let child =
        Command::new(std::env::current_exe().unwrap()).args(["--exact", "memory::child", "--nocapture"]).env(CHILD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    println!("{said}");
    assert!(child.status.success() && said.contains("memory rose by"), "{said}{}", String::from_utf8_lossy(&child.stderr));
}

/// The most memory that this process has had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

fn large_package(path: &std::path::Path, mib: usize) {
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut writer = zip::ZipWriter::new(std::io::BufWriter::new(std::fs::File::create(path).unwrap()));
    writer.start_file("package.nuspec", stored).unwrap();
    writer.write_all(b"<package><metadata><id>Large</id><version>1.0.0</version><authors>me</authors><description>d</description></metadata></package>").unwrap();
    writer.start_file("content/large.bin", stored).unwrap();
    let block: Vec<u8> = (0..1 << 20_u32).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for _ in 0..mib {
        writer.write_all(&block).unwrap();
    }
    writer.finish().unwrap();
}
