//! How many packages a second the database takes and gives: `cargo run --release -p database --example drain [PACKAGES [TASKS]]`.
//!
//! Records packages by many concurrent pushes, then drains them as workers do (claims in batches; intent, settle and the name
//! of the blob one by one, concurrently), on a real file with a real `fsync` at each commit. Prints; asserts nothing about time.

use database::{Claim, Database, DatabaseConfig, Inserted, Intent, NewCertificate, NewPackage, Settled};
use model::job::Lane;
use model::{Digests, HashAlgorithm, NuGetVersion, PackageId, PackageIdentity, Splice};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
    let (packages, tasks) = (number(2000)?, number(32)?);
    let folder = tempfile::tempdir_in(".")?;
    let database = Database::connect(&DatabaseConfig::file(&folder.path().join("bench.db"))).await?;
    database.migrate().await?;
    let fingerprint = announce(&database).await?;
    for round in 1..=3 {
        let begun = Instant::now();
        push(&database, round, packages, tasks).await?;
        print("pushes", packages, begun);
        let begun = Instant::now();
        drain(&database, &fingerprint, packages, tasks).await?;
        print("drained: claim, intent, settle, name", packages, begun);
    }
    let begun = Instant::now();
    let reads = packages.min(2000);
    for n in 0..reads {
        database.find_by_key(&format!("package.{n}"), "1.0.1").await?.ok_or("a package is missing")?;
    }
    print("finds, one at a time", reads, begun);
    database.close().await;
    Ok(())
}

fn print(what: &str, count: usize, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    println!("{:>8.0}/s  {what} ({count} in {seconds:.2} s)", f64::from(count) / seconds);
}

async fn announce(database: &Database) -> Result<String, Failure> {
    let fingerprint = HashAlgorithm::Sha256.digest(b"certificate").to_hex_upper();
    let certificate = NewCertificate {
        fingerprint: fingerprint.clone(),
        subject: "CN=Bench".to_owned(),
        issuer: "CN=Bench".to_owned(),
        not_before: time::OffsetDateTime::UNIX_EPOCH,
        not_after: time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(40_000),
        chain: vec![vec![0x30; 1200]],
    };
    database.announce(certificate).await?;
    Ok(fingerprint)
}

async fn push(database: &Database, round: usize, packages: usize, tasks: usize) -> Result<(), Failure> {
    let mut pushing = JoinSet::<Result<(), Failure>>::new();
    for task in 0..tasks {
        let database = database.clone();
        pushing.spawn(async move {
            for n in (task..packages).step_by(tasks) {
                match database.insert_package(package(n, round)?, Lane::Upload).await? {
                    Inserted::New(..) => {}
                    other => return Err(format!("not new: {other:?}").into()),
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = pushing.join_next().await {
        ended??;
    }
    Ok(())
}

fn package(n: usize, round: usize) -> Result<NewPackage, Failure> {
    let sha256 = HashAlgorithm::Sha256.digest(format!("{n} {round}").as_bytes());
    Ok(NewPackage {
        identity: PackageIdentity {
            id: PackageId::parse(&format!("Package.{n}"))?,
            version: NuGetVersion::parse(&format!("1.0.{round}"))?,
        },
        received: sha256,
        unsigned: Digests::new(sha256).ok_or("not SHA-256")?,
        size: 20_000,
        incoming: format!("incoming/{}.nupkg", sha256.to_hex()),
        pin: "123:20000:456".to_owned(),
        arrival: "unsigned".to_owned(),
        nuspec: vec![b'x'; 1500],
        visible: false,
        requested_by: Some("bench".to_owned()),
    })
}

async fn drain(database: &Database, fingerprint: &str, packages: usize, tasks: usize) -> Result<(), Failure> {
    let mut signing = JoinSet::<Result<(), Failure>>::new();
    let mut done = 0;
    while done < packages {
        let free = tasks - signing.len();
        let claims = database.claim(u32::try_from(free)?, Duration::from_secs(60), "bench").await?;
        for claim in claims {
            let (database, fingerprint) = (database.clone(), fingerprint.to_owned());
            signing.spawn(async move { sign(&database, &claim, &fingerprint).await });
        }
        // A quarter of the places, so that claims come in batches.
        while signing.len() > tasks * 3 / 4 || (!signing.is_empty() && done + signing.len() >= packages) {
            if let Some(ended) = signing.join_next().await {
                ended??;
                done += 1;
            }
        }
    }
    Ok(())
}

async fn sign(database: &Database, claim: &Claim, fingerprint: &str) -> Result<(), Failure> {
    let digest = HashAlgorithm::Sha256.digest(b"signed attributes");
    let intent = database.intent(claim, &Intent { fingerprint: fingerprint.to_owned(), digest }).await?;
    let p7s = [claim.package.received.as_bytes(), &[0x30; 4000]].concat();
    let p7s_sha256 = HashAlgorithm::Sha256.digest(&p7s);
    let mut splice = Splice::new();
    splice.push_blob(0..19_000);
    splice.push_literal(vec![1; 44]);
    splice.push_literal(p7s.clone());
    splice.push_blob(19_000..19_978);
    splice.push_literal(vec![2; 80]);
    let settled = Settled { p7s, splice, fingerprint: fingerprint.to_owned(), intent: Some(intent) };
    database.settle_signed(claim, settled).await?;
    let path = format!("signed/{}/{}.nupkg", claim.package.unsigned.sha256().to_hex(), p7s_sha256.to_hex());
    if database.name_signed_blob(claim.package.key, p7s_sha256, &path).await? { Ok(()) } else { Err("not named".into()) }
}
