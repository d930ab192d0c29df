//! `cargo xtask bench`: what a signature costs, as ratios within one run. Prints a table; `docs/BENCHMARKS.md` keeps one.
//!
//! Needs the outside judges (`COUNTERSIGN_SHARED` or `../shared`), curl and a quiet machine. Absolute figures mean nothing elsewhere.

use crate::{cargo, root, run};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Size of the large package, in bytes.
const LARGE: u64 = 1_000_000_000;
/// Each timing is the median of this many.
const ROUNDS: usize = 5;

pub(crate) fn run_task() -> Result<()> {
    let shared = crate::test::shared();
    let judge = shared.join("tools/judge");
    if !judge.exists() {
        bail!("there is no judge at {}", judge.display());
    }
    run(cargo().args(["build", "--release", "--locked", "--quiet", "--bin", "countersign"]))?;
    let work = root()?.join("target/bench");
    let _gone = fs::remove_dir_all(&work);
    fs::create_dir_all(&work)?;
    let mut table = Vec::new();
    drains(&shared, &judge, &work, &mut table)?;
    sizes(&judge, &work, &mut table)?;
    println!("\n| What | Asked | Measured |\n|---|---|---|");
    for row in table {
        println!("{row}");
    }
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// A queue of small packages, beside the raw key and beside NuGet's own signer.
fn drains(shared: &Path, judge: &Path, work: &Path, table: &mut Vec<String>) -> Result<()> {
    let small = pack(judge, work, "Bench.Small", 8_000)?;
    let drain = |bits: &str| -> Result<Value> {
        let output =
            cargo().args(["bench", "--quiet", "--locked", "--package", "worker", "--bench", "drain", "--", "2000", bits]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find(|l| l.starts_with('{')).with_context(|| format!("the drain printed {text:?}"))?;
        println!("{line}");
        Ok(serde_json::from_str(line)?)
    };
    let four = drain("4096")?;
    table.push(format!(
        "| 2,000 queued small packages, RSA-4096: drained ÷ (2 × raw key rate of a thread) | ≥ 0.75 | {} |",
        four["ofTwiceRaw"]
    ));
    let two = drain("2048")?;
    let pki = shared.join("corpus/pki");
    let output = Command::new(judge)
        .args(["bench-sign", "--password", "test", "--count", "500", "--threads", "2", "--root"])
        .arg(pki.join("root.pem"))
        .arg("--pfx")
        .arg(pki.join("repository.pfx"))
        .arg(&small)
        .output()?;
    let theirs: Value = serde_json::from_slice(&output.stdout).context("the judge's bench answers JSON")?;
    if theirs["failed"] != 0 {
        bail!("NuGet's signer failed: no baseline ({theirs})");
    }
    let (ours, theirs) = (number(&two["drainedPerSecond"])?, number(&theirs["perSecond"])?);
    table.push(format!("| The same at RSA-2048 ÷ NuGet's own in-process signer on two threads | ≥ 3 | {:.1} |", ours / theirs));
    Ok(())
}

/// A package of 1 GB beside one of 20 kB, beside `sha256sum` and `cp`.
fn sizes(judge: &Path, work: &Path, table: &mut Vec<String>) -> Result<()> {
    let (large, small) = (pack(judge, work, "Bench.Large", LARGE)?, pack(judge, work, "Bench.Tiny", 20_000)?);
    let mut pushes = Vec::new();
    let (mut hashes, mut copies, mut write_backs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut signs, mut firsts) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        hashes.push(timed(Command::new("sha256sum").arg(&large).stdout(Stdio::null()))?);
        let copy = work.join("copy");
        copies.push(timed(Command::new("sh").args(["-c", "cp \"$0\" \"$1\" && sync \"$1\""]).arg(&large).arg(&copy))?);
        fs::remove_file(&copy)?;
        let data = work.join(format!("data{round}"));
        // Recorded while signing is off, signed at the first download once it is on: a cold download from end to end.
        let off = Feed::start(&data, "Null")?;
        for package in [&large, &small] {
            let took = timed(
                Command::new("curl")
                    .args(["-sf", "-o", "/dev/null", "-X", "PUT", "-F"])
                    .arg(format!("package=@{}", package.display()))
                    .arg(format!("{}/api/v2/package", off.http)),
            )?;
            if package == &large {
                pushes.push(took);
            }
        }
        drop(off);
        let on = Feed::start(&data, "SelfSigned")?;
        // A first package pays for what a process does once.
        let warm = pack(judge, work, "Bench.Warm", 1_000)?;
        run(Command::new("curl")
            .args(["-sf", "-o", "/dev/null", "-X", "PUT", "-F"])
            .arg(format!("package=@{}", warm.display()))
            .arg(format!("{}/api/v2/package", on.http)))?;
        for (at, id) in [(0, "bench.large"), (1, "bench.tiny")] {
            let before = on.steps(SIGNING)?;
            let output = Command::new("curl")
                .args(["-sf", "-o", "/dev/null", "-w", "%{time_starttransfer}"])
                .arg(format!("{}/v3/package/{id}/1.0.0/{id}.1.0.0.nupkg", on.http))
                .output()?;
            firsts[at]
                .push(String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().context("curl prints the time to the first byte")?);
            signs[at].push(on.steps(SIGNING)? - before);
            if at == 0 {
                write_backs.push(on.write_back()?);
            }
        }
        drop(on);
        fs::remove_dir_all(&data)?;
    }
    let ratio = |over: &[f64], under: &[f64]| median(over) / median(under);
    table.push(format!("| Push of 1 GB ÷ `sha256sum` of the file | ≤ 2 | {:.2} |", ratio(&pushes, &hashes)));
    table.push(format!("| Claim to verified splice, 1 GB ÷ 20 kB | ≤ 2 | {:.2} |", ratio(&signs[0], &signs[1])));
    table.push(format!("| First byte of a cold download, 1 GB ÷ 20 kB | ≤ 2 | {:.2} |", ratio(&firsts[0], &firsts[1])));
    table.push(format!("| Write-back of 1 GB ÷ `cp` and `sync` of the file | ≤ 1.3 | {:.2} |", ratio(&write_backs, &copies)));
    Ok(())
}

/// The steps from claim to settle, as the metric names them.
const SIGNING: &[&str] = &["claim", "read", "intent", "key", "verify", "settle"];

/// A release `serve`, ended when dropped.
struct Feed {
    process: Child,
    http: String,
    metrics: String,
}

impl Feed {
    fn start(data: &Path, mode: &str) -> Result<Self> {
        let mut process = Command::new(binary()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("Signing__Mode", mode)
            .env("Signing__TimestampServerUrl", "")
            .env("Signing__SelfSigned__KeySize", "KeySize4096")
            .env("Limits__MaxPackageBytes", "2000000000")
            .env("Telemetry__Log", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("its output is piped")?).read_line(&mut line)?;
        let word = |name: &str| {
            line.split_whitespace()
                .find_map(|w| w.strip_prefix(name))
                .map(str::to_owned)
                .with_context(|| format!("no ready line: {line:?}"))
        };
        let (http, metrics) = (word("http=")?, word("metrics=")?);
        Ok(Self { process, http, metrics })
    }

    fn metrics(&self) -> Result<String> {
        let output = Command::new("curl").args(["-sf", &format!("{}/metrics", self.metrics)]).output()?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Seconds spent in these steps so far.
    fn steps(&self, steps: &[&str]) -> Result<f64> {
        let text = self.metrics()?;
        Ok(steps.iter().filter_map(|step| sample(&text, &format!("countersign_job_step_seconds_sum{{step=\"{step}\"}}"))).sum())
    }

    /// Waits until the large package has been written back; the seconds that took.
    fn write_back(&self) -> Result<f64> {
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let text = self.metrics()?;
            let (count, sum) =
                ("countersign_job_step_seconds_count{step=\"write_back\"}", "countersign_job_step_seconds_sum{step=\"write_back\"}");
            // The one that warmed up, and this.
            if sample(&text, count).is_some_and(|n| n >= 2.0) {
                return sample(&text, sum).context("a count has its sum");
            }
            if Instant::now() > end {
                bail!("the large package was not written back in two minutes");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let _asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let _ended = self.process.wait();
    }
}

fn sample(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[expect(clippy::disallowed_methods, reason = "cargo's own variable")]
fn binary() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root()?.join("target"), PathBuf::from);
    Ok(target.join("release/countersign"))
}

fn pack(judge: &Path, work: &Path, id: &str, size: u64) -> Result<PathBuf> {
    let out = work.join(format!("{id}.nupkg"));
    if !out.exists() {
        run(Command::new(judge).args(["pack", "--id", id, "--size", &size.to_string(), "--out"]).arg(&out).stdout(Stdio::null()))?;
    }
    Ok(out)
}

fn timed(command: &mut Command) -> Result<f64> {
    let begin = Instant::now();
    run(command)?;
    Ok(begin.elapsed().as_secs_f64())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("{value} is no number"))
}
