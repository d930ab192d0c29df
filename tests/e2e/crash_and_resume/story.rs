//! A story: lives of one data folder that each end at a fail point, and the one after them, which must end well.

use super::kept::{Kept, on_database};
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use system_tests::{Serve, sha256, wait_until};
use testkit::{Tsa, shared};

/// What is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cargo {
    /// No signature: it gets our primary one.
    Unsigned,
    /// An author's signature: it gets our countersignature.
    Author,
    /// Another repository's signature: cut out and replaced.
    Foreign,
}

impl Cargo {
    fn file(self) -> PathBuf {
        let corpus = shared().expect("there is shared material").join("corpus");
        match self {
            Self::Unsigned => corpus.join("unsigned/PackageWithContentFile.1.0.nupkg"),
            Self::Author => corpus.join("made/author-timestamp.nupkg"),
            Self::Foreign => corpus.join("made/author-repository.nupkg"),
        }
    }
}

/// How one life goes until it ends at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// The package is pushed.
    Push,
    /// The same, after the blob that an earlier life left has rotted.
    PushOverRottenBlob,
    /// Nothing, but the data folder was restored from a backup: the blob is another file with the same bytes.
    Restored,
    /// The package was pushed while signing was off, and is downloaded.
    DownloadUnsigned,
    /// The package is signed, its signed blob was lost, and it is downloaded.
    DownloadLost,
    /// Nothing: what an earlier life left is enough.
    Nothing,
    /// The package is pushed, and SIGTERM comes while the authority keeps its job waiting.
    StopWhileStamping,
    /// The package is pushed to a process that cannot sign, while another one on the same folder rejects it.
    RejectedByAnother,
}

/// A life that ends at a fail point.
#[derive(Debug, Clone)]
pub(super) struct Life {
    /// The point.
    pub(super) dies_at: &'static str,
    /// A point that fails as the disk would.
    pub(super) fails_at: Option<&'static str>,
    pub(super) deed: Deed,
    /// Configuration of this life alone.
    pub(super) environment: Vec<(&'static str, &'static str)>,
    /// How the authority answers in this life.
    pub(super) authority: &'static str,
}

impl Life {
    pub(super) fn new(dies_at: &'static str, deed: Deed) -> Self {
        Self { dies_at, fails_at: None, deed, environment: Vec::new(), authority: "" }
    }
}

/// How the story must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Signed,
    Refused,
}

/// Lives, and what is to come of them.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) cargo: Cargo,
    /// Whether signatures are time-stamped.
    pub(super) stamped: bool,
    pub(super) lives: Vec<Life>,
    /// Configuration of the last life.
    pub(super) environment: Vec<(&'static str, &'static str)>,
    pub(super) ending: Ending,
    /// Key operations in all lives.
    pub(super) key_operations: usize,
    /// The client pushes again although it was answered.
    pub(super) insists: bool,
}

/// A signed package, to be judged.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) story: String,
    pub(super) file: PathBuf,
    pub(super) fingerprints: Vec<String>,
}

impl Story {
    /// A package that is pushed into one life, which ends at `point`.
    pub(super) fn of(point: &'static str, cargo: Cargo, stamped: bool) -> Self {
        Self::after(Vec::new(), Life::new(point, Deed::Push), cargo, stamped)
    }

    /// The same after other lives.
    pub(super) fn after(mut earlier: Vec<Life>, life: Life, cargo: Cargo, stamped: bool) -> Self {
        earlier.push(life);
        // The key's answer is lost when nothing of it was committed.
        let lost = |life: &&Life| match life.dies_at {
            "worker.key.answered" => true,
            "worker.verified" | "worker.settle.before" => !stamped,
            _ => false,
        };
        let key_operations = 1 + earlier.iter().filter(lost).count();
        Self { cargo, stamped, lives: earlier, environment: Vec::new(), ending: Ending::Signed, key_operations, insists: false }
    }

    /// The points at which its lives end.
    pub(super) fn points(&self) -> impl Iterator<Item = &'static str> {
        self.lives.iter().map(|life| life.dies_at)
    }

    /// Plays it in `folder` and looks at everything. `None` when the package was refused, as it should be.
    pub(super) fn play(&self, folder: &Path, tsa: &Tsa) -> Option<Outcome> {
        let name = format!("{:?} {} {:?}", self.cargo, if self.stamped { "stamped" } else { "plain" }, self.points().collect::<Vec<_>>());
        let data = folder.join("data");
        let package = std::fs::read(self.cargo.file()).unwrap();
        let root = shared().unwrap().join("corpus/pki/root.pem");
        tsa.reset();
        let mut answered = false;
        for life in &self.lives {
            let (url, root) = (tsa.url(life.authority), root.to_str().unwrap());
            let mut armed = format!("{}=abort", life.dies_at);
            if let Some(point) = life.fails_at {
                armed = format!("{armed},{point}=fail");
            }
            let mut environment = self.usual(&url, root);
            environment.extend(life.environment.iter().copied());
            environment.push(("COUNTERSIGN_FAILPOINTS", &armed));
            answered |= life_until_death(&name, &data, life, &environment, &package, tsa);
            let log = std::fs::read_to_string(data.with_extension("log")).unwrap();
            assert!(log.contains(&format!("the process ends at the fail point {}", life.dies_at)), "{name}: not reached; {log}");
        }
        let before = if data.join("countersign.db").exists() { intents(&data) } else { 0 };

        let url = tsa.url("");
        let mut environment = self.usual(&url, root.to_str().unwrap());
        environment.extend(self.environment.iter().copied());
        let serve = Serve::start(&data, &environment);
        if !answered || self.insists {
            let answer = serve.push(&package);
            let expected: &[u16] = if self.ending == Ending::Refused { &[422] } else { &[201, 202] };
            assert!(expected.contains(&answer.status), "{name}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        match self.ending {
            Ending::Signed => Some(self.signed(name, folder, &data, serve, before, tsa)),
            Ending::Refused => {
                refused(&name, &data, serve);
                None
            }
        }
    }

    fn usual<'a>(&self, url: &'a str, root: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut environment = vec![("Signing__OnFailure", "Unavailable")];
        if self.stamped {
            environment.extend([("Signing__TimestampServerUrl", url), ("Signing__TimestampTrustedRoots__0", root)]);
        }
        environment
    }

    fn signed(&self, story: String, folder: &Path, data: &Path, serve: Serve, intents_before: usize, tsa: &Tsa) -> Outcome {
        let package = wait_until(&format!("{story}: one row"), || {
            let kept = Kept::read(data);
            kept.packages.first().map(|view| view.package.clone()).ok_or_else(|| "none yet".to_owned())
        });
        let downloaded = serve.fetch(package.identity.id.as_str(), &package.identity.version.normalized()).body;
        let kept = wait_until(&format!("{story}: the signed blob"), || {
            let kept = Kept::read(data);
            let written = kept.packages.iter().all(|view| view.signature.as_ref().is_some_and(|s| s.signed.is_some()));
            if written { Ok(kept) } else { Err(format!("{:?}", kept.packages)) }
        });
        // One row, one signature, and the file on the disk is what was served.
        assert_eq!(kept.packages.len(), 1, "{story}");
        assert_eq!(kept.packages[0].job.state.as_str(), "signed", "{story}");
        assert_eq!(kept.published(), 1, "{story}: {:?}", kept.audit);
        let signed = kept.packages[0].signature.as_ref().and_then(|s| s.signed.clone()).unwrap();
        let on_disk = std::fs::read(data.join("packages").join(&signed)).unwrap();
        assert_eq!(sha256(&on_disk), sha256(&downloaded), "{story}");
        // Nothing else is left, neither named nor nameless; the probe of a start that was cut short lies where the sweep looks.
        let probe = |blob: &&String| !blob.starts_with("incoming/link-probe.");
        assert_eq!(kept.blobs.iter().filter(probe).cloned().collect::<BTreeSet<_>>(), kept.named(), "{story}");
        assert_eq!(kept.strays, Vec::<PathBuf>::new(), "{story}");
        assert_eq!(kept.spools, 1, "{story}: only the living process has a folder on the spool");
        // An intent whose process died before it asked the key is no key operation.
        let unasked = self.lives.iter().filter(|life| life.dies_at == "worker.intent.committed").count();
        let earlier = u32::try_from(intents_before - unasked).unwrap();
        let in_all = f64::from(earlier) + serve.metric("countersign_key_operations_total{outcome=\"ok\"}");
        assert!((in_all - self.key_operations as f64).abs() < 0.5, "{story}: {in_all} key operations; {:?}", kept.audit);
        assert_eq!(kept.intents() - unasked, self.key_operations, "{story}: {:?}", kept.audit);
        let stamps = tsa.total();
        assert!(if self.stamped { (1..=2).contains(&stamps) } else { stamps == 0 }, "{story}: {stamps} time stamps were asked for");

        let fingerprints = serve.fingerprints();
        assert_eq!(serve.stop().code(), Some(0), "{story}");
        assert_eq!(Kept::read(data).spools, 0, "{story}");
        let file = folder.join("signed.nupkg");
        std::fs::write(&file, downloaded).unwrap();
        Outcome { story, file, fingerprints }
    }
}

/// One life. Whether its push was answered.
fn life_until_death(story: &str, data: &Path, life: &Life, environment: &[(&str, &str)], package: &[u8], tsa: &Tsa) -> bool {
    if life.deed == Deed::RejectedByAnother {
        return rejected_by_another(story, data, environment, package);
    }
    if matches!(life.deed, Deed::PushOverRottenBlob | Deed::Restored) {
        let blobs: Vec<_> = std::fs::read_dir(data.join("packages/incoming")).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(blobs.len(), 1, "{story}");
        let bytes = std::fs::read(&blobs[0]).unwrap();
        std::fs::remove_file(&blobs[0]).unwrap();
        std::fs::write(&blobs[0], if life.deed == Deed::Restored { bytes } else { vec![7; bytes.len()] }).unwrap();
    }
    if matches!(life.deed, Deed::DownloadUnsigned | Deed::DownloadLost) {
        return download(story, data, life, environment, package);
    }
    // It may die before it is ready.
    let Ok(serve) = Serve::try_start(data, environment) else { return false };
    let pushed = std::thread::scope(|scope| {
        let push = (!matches!(life.deed, Deed::Nothing | Deed::Restored)).then(|| scope.spawn(|| serve.try_push(package)));
        if life.deed == Deed::StopWhileStamping {
            wait_until("the authority to be asked", || if tsa.total() > 0 { Ok(()) } else { Err("not asked".to_owned()) });
            assert!(Command::new("kill").args(["-TERM", &serve.id().to_string()]).status().unwrap().success());
        }
        push.map(|push| push.join().unwrap())
    });
    let status = serve.wait_for_end();
    assert_eq!(status.signal(), Some(6), "{story}: {status}");
    matches!(pushed, Some(Ok(answer)) if matches!(answer.status, 201 | 202))
}

/// Two processes on one folder: the one that takes the push has lost its key, the other one has another policy and rejects the package
/// while the push waits. The first dies while it clears away what it had recorded.
fn rejected_by_another(story: &str, data: &Path, environment: &[(&str, &str)], package: &[u8]) -> bool {
    let keys = data.with_extension("keys");
    let mut first = environment.to_vec();
    first.extend([("Storage__Keys__Path", keys.to_str().unwrap()), ("Feed__PushWaitsForSignature", "60s")]);
    let taking = Serve::start(data, &first);
    let key = keys.join("certs/repository-signing.pfx");
    wait_until("the key", || if key.exists() { Ok(()) } else { Err("no file".to_owned()) });
    std::fs::write(&key, b"not a key any more").unwrap();
    wait_until("the loss of the key to be noticed", || {
        let troubles = on_database(data, async |database| database.credential_status().await.unwrap());
        let noticed = troubles.iter().any(|status| status.report.trouble.is_some());
        if noticed { Ok(()) } else { Err(format!("{troubles:?}")) }
    });
    let rejecting: Vec<_> = environment.iter().copied().filter(|(name, _)| *name != "COUNTERSIGN_FAILPOINTS").collect();
    let rejecting = Serve::start(data, &[rejecting, vec![("Signing__UpstreamSignature", "Reject")]].concat());
    // The first may still claim a job that it was about to take when its key was lost, and put it off; then the push is accepted. Or it signs with
    // the credential it had at hand, and there is nothing left to reject: then all begins anew.
    let broke = wait_until("the push to break", || match taking.try_push(package) {
        Err(_broken) => Ok(true),
        Ok(answer) if answer.status == 201 => Ok(false),
        Ok(answer) => Err(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))),
    });
    if !broke {
        taking.kill();
        rejecting.kill();
        for folder in [data, keys.as_path()] {
            std::fs::remove_dir_all(folder).unwrap();
        }
        return rejected_by_another(story, data, environment, package);
    }
    let status = taking.wait_for_end();
    assert_eq!(status.signal(), Some(6), "{story}: {status}");
    rejecting.kill();
    false
}

/// A life in good order, and one that dies of a download.
fn download(story: &str, data: &Path, life: &Life, environment: &[(&str, &str)], package: &[u8]) -> bool {
    let mut good: Vec<_> = environment.iter().copied().filter(|(name, _)| *name != "COUNTERSIGN_FAILPOINTS").collect();
    if life.deed == Deed::DownloadUnsigned {
        good.push(("Signing__Mode", "Null"));
    }
    let serve = Serve::start(data, &good);
    assert_eq!(serve.push(package).status, 201, "{story}");
    let mut signed = None;
    if life.deed == Deed::DownloadLost {
        signed = Some(wait_until(&format!("{story}: the signed blob"), || {
            let kept = Kept::read(data);
            kept.packages[0].signature.as_ref().and_then(|s| s.signed.clone()).ok_or_else(|| format!("{:?}", kept.packages))
        }));
    }
    assert_eq!(serve.stop().code(), Some(0), "{story}");
    if let Some(signed) = signed {
        std::fs::remove_file(data.join("packages").join(signed)).unwrap();
    }
    let identity = Kept::read(data).packages[0].package.identity.clone();
    let serve = Serve::start(data, environment);
    let path = Serve::path(identity.id.as_str(), &identity.version.normalized());
    let answer = serve.try_ask("GET", &path, &[], Vec::new());
    assert!(answer.is_err(), "{story}: {answer:?}");
    let status = serve.wait_for_end();
    assert_eq!(status.signal(), Some(6), "{story}: {status}");
    true
}

fn refused(story: &str, data: &Path, serve: Serve) {
    wait_until(&format!("{story}: no job waits"), || {
        let kept = Kept::read(data);
        let waits = kept.packages.iter().any(|view| view.job.state.as_str() == "pending");
        if waits { Err(format!("{:?}", kept.packages)) } else { Ok(()) }
    });
    let kept = Kept::read(data);
    assert!(
        kept.packages.iter().all(|view| view.job.state.as_str() == "rejected" && !view.package.visible),
        "{story}: {:?}",
        kept.packages
    );
    assert!(kept.packages.len() <= 1, "{story}");
    assert_eq!((kept.published(), kept.intents()), (0, 0), "{story}");
    // What the dead process could not clear away lies where the sweep looks.
    assert!(kept.blobs.len() <= 1 && kept.blobs.iter().all(|blob| blob.starts_with("incoming/")), "{story}: {:?}", kept.blobs);
    assert_eq!(kept.strays, Vec::<PathBuf>::new(), "{story}");
    assert_eq!(serve.stop().code(), Some(0), "{story}");
}

fn intents(data: &Path) -> usize {
    // A death before the schema was there leaves no table to count in.
    on_database(data, async |database| {
        if database.pending_migrations().await.unwrap().is_empty() {
            database.audit(0, 1_000_000).await.unwrap().iter().filter(|row| row.intent.is_none()).count()
        } else {
            0
        }
    })
}
