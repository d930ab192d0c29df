//! `kill -9` at any moment while eight clients push two hundred packages: what was acknowledged is there, what was not is pushed again,
//! and every package ends with one signature.

use super::kept::Kept;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write as _;
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};
use system_tests::{Serve, require, wait_until};
use testkit::{judge, shared};

const PACKAGES: usize = 200;
const PUSHERS: usize = 8;
const KILLS: usize = 6;

#[test]
fn what_was_acknowledged_is_there_and_all_are_signed_once_whenever_the_process_was_killed() {
    if shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut chance = Chance::new();
    let waiting = Mutex::new((0..PACKAGES).collect::<VecDeque<usize>>());
    let acknowledged = Mutex::new(BTreeSet::<usize>::new());
    let serving = RwLock::new(Some(Serve::start(&data, &[])));

    std::thread::scope(|scope| {
        for _ in 0..PUSHERS {
            scope.spawn(|| {
                loop {
                    if acknowledged.lock().unwrap().len() == PACKAGES {
                        return;
                    }
                    let next = waiting.lock().unwrap().pop_front();
                    let Some(number) = next else {
                        // Others have the last ones in hand, and may have to give them back.
                        std::thread::park_timeout(Duration::from_millis(20));
                        continue;
                    };
                    // Read while it is pushed: the killer needs no lock.
                    let answer = match &*serving.read().unwrap() {
                        Some(serve) => serve.try_push(&package(number)).map(|a| (a.status, a.body)).ok(),
                        None => None,
                    };
                    match answer {
                        Some((201 | 202, _)) => _ = acknowledged.lock().unwrap().insert(number),
                        Some((503, _)) | None => waiting.lock().unwrap().push_back(number),
                        Some((status, body)) => panic!("{status} {}", String::from_utf8_lossy(&body)),
                    }
                }
            });
        }
        for kill in 1..=KILLS {
            // After a share of the acknowledgements, and somewhat later than one of them.
            let threshold = PACKAGES * kill / (KILLS + 1);
            wait_until("the flow to go on", || {
                let count = acknowledged.lock().unwrap().len();
                if count >= threshold { Ok(()) } else { Err(format!("{count} of {threshold}")) }
            });
            let late = Instant::now() + Duration::from_micros(chance.below(40_000));
            while Instant::now() < late {
                std::thread::yield_now();
            }
            let id = serving.read().unwrap().as_ref().map(Serve::id).unwrap();
            assert!(std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status().unwrap().success());
            // Its pushers hear of it by themselves; the lock is free when the last one has.
            let mut slot = serving.write().unwrap();
            drop(slot.take());
            let known = acknowledged.lock().unwrap().clone();
            let kept = Kept::read(&data);
            let rows: BTreeSet<String> = kept.packages.iter().map(|view| view.package.identity.id.as_str().to_owned()).collect();
            for number in known {
                assert!(
                    rows.contains(&id_of(number)),
                    "{} was acknowledged and is gone after kill {kill}; chance {}",
                    id_of(number),
                    chance.seed
                );
            }
            for view in &kept.packages {
                assert!(kept.blobs.contains(&view.package.incoming), "a row without its blob after kill {kill}; chance {}", chance.seed);
            }
            *slot = Some(Serve::start(&data, &[]));
        }
    });

    let serve = serving.into_inner().unwrap().unwrap();
    let mut files = Vec::new();
    for number in 0..PACKAGES {
        let file = folder.path().join(format!("{number}.nupkg"));
        std::fs::write(&file, serve.fetch(&id_of(number), "1.0.0").body).unwrap();
        files.push(file);
    }
    let kept = wait_until("every signed blob", || {
        let kept = Kept::read(&data);
        let unwritten = kept.packages.iter().filter(|view| view.signature.as_ref().is_none_or(|s| s.signed.is_none())).count();
        if unwritten == 0 { Ok(kept) } else { Err(format!("{unwritten} are not written; chance {}", chance.seed)) }
    });
    assert_eq!((kept.packages.len(), kept.published()), (PACKAGES, PACKAGES), "chance {}", chance.seed);
    assert_eq!(kept.blobs, kept.named(), "chance {}", chance.seed);
    assert_eq!((kept.strays.len(), kept.spools), (0, 1), "{:?}; chance {}", kept.strays, chance.seed);
    // A job is asked for again at most once a kill.
    let mut intents = BTreeMap::<&str, usize>::new();
    for row in kept.audit.iter().filter(|row| row.intent.is_none()) {
        *intents.entry(&row.package_id).or_default() += 1;
    }
    assert!(intents.values().all(|count| *count <= 1 + KILLS), "{intents:?}; chance {}", chance.seed);
    // Only what was between the key's answer and the commit at a kill is signed again: what the worker had in hand.
    assert!(kept.intents() <= PACKAGES + KILLS * 32, "{} intents; chance {}", kept.intents(), chance.seed);

    let words = require(&serve.fingerprints());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for verdict in judge(&words, &files).unwrap() {
        assert_eq!(verdict["valid"], true, "{verdict}");
    }
    println!("{PACKAGES} packages through {KILLS} kills with {} intents", kept.intents());
    assert_eq!(serve.stop().code(), Some(0));
}

fn id_of(number: usize) -> String {
    format!("Killed{number:03}")
}

fn package(number: usize) -> Vec<u8> {
    let nuspec = format!(
        "<?xml version=\"1.0\"?><package><metadata><id>{}</id><version>1.0.0</version><authors>me</authors>\
         <description>for tests</description></metadata></package>",
        id_of(number)
    );
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("package.nuspec", nuspec.as_bytes()), ("lib/netstandard2.0/a.dll", &[7; 20_000])] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Numbers by chance, from a seed that a failure prints.
struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    fn new() -> Self {
        let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0) | 1;
        Self { seed, state: seed }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % end
    }
}
