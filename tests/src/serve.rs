//! One `countersign serve`, ended with the value that holds it.

use crate::Answer;
use crate::binary::binary;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// The push key of every test feed.
const KEY: &str = "test-key";
/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(90);

/// A running feed.
#[derive(Debug)]
pub struct Serve {
    process: Child,
    client: reqwest::blocking::Client,
    /// Where HTTP listens.
    pub http: String,
    /// Where gRPC listens.
    pub grpc: String,
    /// Where metrics are.
    pub metrics: String,
    log: PathBuf,
    data: PathBuf,
    environment: Vec<(String, String)>,
}

impl Serve {
    /// Starts one on `data` with this configuration over the tests' usual one (a small key, no time-stamp, one push key). A value of
    /// `-` takes a usual setting away.
    pub fn start(data: &Path, environment: &[(&str, &str)]) -> Self {
        Self::try_start(data, environment).unwrap_or_else(|log| panic!("no ready line: {log}"))
    }

    /// The same; `Err` with the log when it ends instead of getting ready.
    pub fn try_start(data: &Path, environment: &[(&str, &str)]) -> Result<Self, String> {
        Self::try_start_at("127.0.0.1:0", data, environment)
    }

    /// The same, where HTTP listens at `address`.
    pub fn try_start_at(address: &str, data: &Path, environment: &[(&str, &str)]) -> Result<Self, String> {
        std::fs::create_dir_all(data).expect("a data folder can be made");
        let log = data.with_extension("log");
        let file = std::fs::File::options().create(true).append(true).open(&log).expect("a log can be written");
        let mut command = Command::new(binary());
        command.arg("serve").arg("--data").arg(data).args(["--listen", address, "--grpc-listen", "127.0.0.1:0"]);
        command.current_dir(data).stdout(Stdio::piped()).stderr(file);
        let environment = Self::environment(environment);
        clean(&mut command);
        command.envs(environment.iter().map(|(n, v)| (n, v)));
        let mut process = command.spawn().expect("countersign starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output is piped")).read_line(&mut line).expect("its output can be read");
        let word = |name: &str| line.split_whitespace().find_map(|w| w.strip_prefix(&format!("{name}="))).map(str::to_owned);
        let (Some(http), Some(grpc), Some(metrics)) = (word("http"), word("grpc"), word("metrics")) else {
            let _ = process.kill();
            let _ = process.wait();
            return Err(std::fs::read_to_string(&log).unwrap_or_default());
        };
        let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::blocking::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // Whether its certificate is in order is the official client's to say.
            .tls_danger_accept_invalid_certs(true)
            .timeout(LIMIT)
            .build()
            .expect("an HTTP client can be made");
        Ok(Self { process, client, http, grpc, metrics, log, data: data.to_path_buf(), environment })
    }

    /// The tests' usual configuration under this one.
    fn environment(given: &[(&str, &str)]) -> Vec<(String, String)> {
        let usual = [
            ("Feed__PublicBaseUrl", "https://feed.test"),
            ("Signing__Mode", "SelfSigned"),
            ("Signing__TimestampServerUrl", ""),
            ("Signing__SelfSigned__KeySize", "KeySize2048"),
            ("Auth__ApiKeys__0", KEY),
        ];
        let usual = usual.iter().filter(|(name, _)| given.iter().all(|(over, _)| over != name));
        usual.chain(given).filter(|(_, value)| *value != "-").map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    /// Runs another verb of the binary on this feed's data, in its configuration.
    pub fn tool(&self, words: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.args(words).arg("--data").arg(&self.data).current_dir(&self.data);
        clean(&mut command);
        command.envs(self.environment.iter().map(|(n, v)| (n, v))).output().expect("countersign starts")
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What the database answers, read beside the running process.
    pub fn rows(&self, sql: &str) -> Vec<Value> {
        rows(&self.data, sql)
    }

    /// How many private-key operations this process has made, whatever came of them.
    pub fn key_operations(&self) -> f64 {
        self.metric_in_all("countersign_key_operations_total")
    }

    /// One request; an error is a connection that broke.
    pub fn try_ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> reqwest::Result<Answer> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.http)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send()?)
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// GET with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_ask("GET", path, headers, Vec::new()).unwrap_or_else(|e| panic!("GET {path}: {e}; {}", self.log()))
    }

    /// GET until the answer is `status`.
    pub fn get_until(&self, path: &str, status: u16) -> Answer {
        wait_until(&format!("{path} to answer {status}"), || {
            let answer = self.get(path);
            if answer.status == status { Ok(answer) } else { Err(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))) }
        })
    }

    /// Pushes a package's bytes as `dotnet nuget push` does.
    pub fn push(&self, package: &[u8]) -> Answer {
        self.try_push(package).unwrap_or_else(|e| panic!("push: {e}; {}", self.log()))
    }

    /// The same; an error is a connection that broke.
    pub fn try_push(&self, package: &[u8]) -> reqwest::Result<Answer> {
        let mut body = b"--edge\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name=package; filename=package.nupkg\r\n\r\n".to_vec();
        body.extend(package);
        body.extend(b"\r\n--edge--\r\n");
        self.try_ask("PUT", "/api/v2/package", &[("X-NuGet-ApiKey", KEY), ("Content-Type", "multipart/form-data; boundary=\"edge\"")], body)
    }

    /// Where a package is downloaded.
    pub fn path(id: &str, version: &str) -> String {
        let (id, version) = (id.to_lowercase(), version.to_lowercase());
        format!("/v3/package/{id}/{version}/{id}.{version}.nupkg")
    }

    /// Downloads a package as soon as it is served; panics with its status when its job ends badly or nothing comes in time.
    pub fn fetch(&self, id: &str, version: &str) -> Answer {
        wait_until(&format!("{id} {version} to be served"), || {
            let answer = self.get(&Self::path(id, version));
            if answer.status == 200 {
                return Ok(answer);
            }
            let status = self.status(id, version);
            assert!(!matches!(status["state"].as_str(), Some("failed" | "rejected")), "{id} {version}: {status}");
            Err(format!("{} {status}", answer.status))
        })
    }

    /// What `/v3/status` says; null for a stranger.
    pub fn status(&self, id: &str, version: &str) -> Value {
        let answer = self.get(&format!("/v3/status/{}/{}", id.to_lowercase(), version.to_lowercase()));
        if answer.status == 404 { Value::Null } else { answer.json() }
    }

    /// The fingerprints that the repository-signatures document lists.
    pub fn fingerprints(&self) -> Vec<String> {
        let document = self.get("/v3/repository-signatures/index.json").json();
        let listed = document["signingCertificates"].as_array().expect("the document lists certificates");
        listed.iter().map(|c| c["fingerprints"]["2.16.840.1.101.3.4.2.1"].as_str().expect("a SHA-256 fingerprint").to_owned()).collect()
    }

    /// The sum of a metric over all its labels.
    pub fn metric_in_all(&self, name: &str) -> f64 {
        self.metrics()
            .lines()
            .filter_map(|l| l.strip_prefix(name)?.starts_with(['{', ' ']).then(|| l.rsplit(' ').next()?.parse::<f64>().ok())?)
            .sum()
    }

    fn metrics(&self) -> String {
        self.client.get(format!("{}/metrics", self.metrics)).send().and_then(reqwest::blocking::Response::text).expect("metrics are served")
    }

    /// A metric's value, 0 when it has none yet; `name` with its labels as Prometheus spells them.
    pub fn metric(&self, name: &str) -> f64 {
        self.metrics().lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok()).unwrap_or_default()
    }

    /// Ends it with SIGTERM; its exit status.
    pub fn stop(mut self) -> ExitStatus {
        let done = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().expect("kill starts");
        assert!(done.success());
        wait_until("countersign to stop", || {
            self.process.try_wait().expect("its status can be asked").ok_or_else(|| "still running".to_owned())
        })
    }

    /// Ends it with SIGKILL.
    pub fn kill(mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Waits until the process has ended by itself.
    pub fn wait_for_end(mut self) -> ExitStatus {
        wait_until("countersign to end", || {
            self.process.try_wait().expect("its status can be asked").ok_or_else(|| "still running".to_owned())
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// No configuration of the caller's gets through.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().contains("__") {
            command.env_remove(name);
        }
    }
}

/// What the database of a data folder answers: an array a row. Read by Python's SQLite, which is not ours.
pub fn rows(data: &Path, sql: &str) -> Vec<Value> {
    let script = "import json,sqlite3,sys\ndb=sqlite3.connect('file:'+sys.argv[1]+'?mode=ro',uri=True,timeout=60)\nprint(json.dumps(db.execute(sys.argv[2]).fetchall()))";
    let done = Command::new("python3").args(["-c", script]).arg(data.join("countersign.db")).arg(sql).output().expect("python3 starts");
    assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("rows are JSON")
}

/// Asks until there is an answer, at most for a minute and a half; then panics with the last state seen.
pub fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(state) if Instant::now() > end => panic!("waited for {what} in vain; last seen: {state}"),
            Err(_) => std::thread::park_timeout(Duration::from_millis(20)),
        }
    }
}
