//! NuGet's own code as a command: `tools/judge`.

use crate::shared;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// One long-lived judge that answers a line for a line. Ended when dropped.
#[derive(Debug)]
pub struct Judge {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Judge {
    /// Starts `judge WORDS… -`; `None` (with the reason printed) when there is no shared material.
    pub fn start(words: &[&str]) -> Option<Self> {
        let mut process = Command::new(shared()?.join("tools/judge"))
            .args(words)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the judge starts");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("the judge's output is piped"));
        Some(Self { process, input, output })
    }

    /// Its answer about one input line.
    pub fn ask(&mut self, line: &str) -> Value {
        let input = self.input.as_mut().expect("the judge's input is open until it is dropped");
        writeln!(input, "{line}").expect("the judge takes a line");
        input.flush().expect("the judge takes a line");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("the judge answers");
        serde_json::from_str(&answer).unwrap_or_else(|e| panic!("the judge answered {answer:?}: {e}"))
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The judge's answers about `files`, in their order; `None` (with the reason printed) when there is no shared material.
pub fn judge<P: AsRef<Path>>(words: &[&str], files: &[P]) -> Option<Vec<Value>> {
    let mut judge = Judge::start(words)?;
    Some(files.iter().map(|f| judge.ask(f.as_ref().to_str().expect("test paths are UTF-8"))).collect())
}
