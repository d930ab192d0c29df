//! The time-stamping authority for tests: `tools/tsa`, good and bad answers by path, requests counted outside our process.

use crate::shared;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A running authority; ended when dropped.
#[derive(Debug)]
pub struct Tsa {
    process: Child,
    port: u16,
}

impl Tsa {
    /// Starts one on a free port; `None` (with the reason printed) when there is no shared material.
    pub fn start() -> Option<Self> {
        let mut process = Command::new(shared()?.join("tools/tsa")).stdout(Stdio::piped()).spawn().expect("the authority starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output is piped")).read_line(&mut line).expect("it says where it listens");
        let port = line.trim().strip_prefix("listening ").and_then(|p| p.parse().ok()).unwrap_or_else(|| panic!("it said {line:?}"));
        Some(Self { process, port })
    }

    /// The address of an answer: "" for a good one, else a mode such as `wrong-nonce`.
    pub fn url(&self, mode: &str) -> String {
        format!("http://127.0.0.1:{}/{mode}", self.port)
    }

    /// How many requests each path has had.
    pub fn counts(&self) -> Value {
        let answer = self.request("GET");
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap_or_default()).unwrap_or_else(|e| panic!("{answer:?}: {e}"))
    }

    /// How many requests there have been in all.
    pub fn total(&self) -> u64 {
        self.counts().as_object().map_or(0, |o| o.values().filter_map(Value::as_u64).sum())
    }

    /// Sets the counts to nought.
    pub fn reset(&self) {
        self.request("DELETE");
    }

    fn request(&self, method: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the authority listens");
        write!(stream, "{method} /count HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for Tsa {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
