//! Every write has a named fail point: held against the source, as far as a reader of text can.
//!
//! A function of the push or job path that writes to the disk passes a point; one that commits to the database passes one before and one
//! after. The exceptions stand here with their reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use testkit::workspace_root;

/// Where a push and a job write.
const FOLDERS: &[&str] =
    &["crates/storage/src", "crates/keys/src", "crates/intake/src", "services/ingest/src", "services/worker/src", "services/front/src"];

/// What a write to the disk looks like.
const DISK: &[&str] = &[
    "hard_link(",
    "fs::rename(",
    "remove_file(",
    "remove_dir_all(",
    "create_dir(",
    "create_dir_all(",
    ".create(folder)",
    ".create(true)",
    ".create_new(true)",
    ".tempdir_in(",
    ".sync_all(",
    ".write_all(",
    "io::copy(",
    "set_permissions(",
    ".set_len(",
    "objects.delete(",
    "objects.put",
];

/// Functions that write and pass no point of their own.
const EXCEPT: &[(&str, &str)] = &[
    ("storage/src/local.rs link_new", "its callers pass one after it"),
    ("storage/src/local.rs make_folder", "folders of a store that nothing is in yet"),
    ("storage/src/folder_sync.rs sync", "its callers pass one after it"),
    ("storage/src/hold.rs open", "a folder of lock files"),
    ("storage/src/hold.rs file", "an empty lock file"),
    ("storage/src/scratch.rs open", "a process's own folder: the next start sweeps it"),
    ("storage/src/scratch.rs create", "its callers pass one after it"),
    ("storage/src/scratch.rs drop", "a process's own files: the next start sweeps them"),
    ("storage/src/scratch.rs lock_file", "an empty lock file"),
    ("storage/src/scratch.rs sweep", "a folder that a dead process left: half of it is swept as the whole is"),
    ("keys/src/store.rs lock", "an empty lock file"),
    ("keys/src/store.rs make_folder", "folders of a store that nothing is in yet"),
    ("keys/src/store.rs narrow", "a mode alone, looked at again at every start"),
    ("worker/src/driver.rs keep_lease", "a lease that was or was not made longer ends all the same"),
    ("worker/src/driver.rs claim", "the point after it is the first of each job: worker.claimed"),
];

#[test]
fn every_write_of_a_push_or_a_job_has_a_fail_point() {
    let commits = commits();
    assert!(commits.contains("settle_signed") && commits.contains("insert_package") && commits.len() > 20, "{commits:?}");
    let (mut wrong, mut needless) = (Vec::new(), EXCEPT.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>());
    for function in FOLDERS.iter().flat_map(|folder| functions(&workspace_root().join(folder))) {
        let points = function.body.matches("reach(\"").count() + function.body.matches("pass(\"").count();
        let disk = DISK.iter().find(|write| function.body.contains(*write));
        let commit = commits.iter().find(|name| {
            let call = format!(".{name}(");
            function.body.contains(&format!("database{call}")) || function.body.contains(&format!("db{call}"))
        });
        let fault = match (disk, commit) {
            (Some(write), None) if points == 0 => format!("{write} without a point"),
            (_, Some(name)) if points < 2 => format!("{name} without a point before and one after"),
            _ => continue,
        };
        if EXCEPT.iter().any(|(name, _)| *name == function.name) {
            needless.remove(&*function.name);
        } else {
            wrong.push(format!("{}: {fault}", function.name));
        }
    }
    assert!(wrong.is_empty(), "writes without a fail point:\n  {}", wrong.join("\n  "));
    assert!(needless.is_empty(), "exceptions that nothing needs: {needless:?}");
}

#[test]
fn every_point_in_the_source_is_listed_and_every_listed_one_is_in_the_source() {
    let mut listed = BTreeSet::new();
    let mut passed = BTreeMap::<String, usize>::new();
    for file in FOLDERS.iter().flat_map(|folder| files(&workspace_root().join(folder))) {
        // However the formatter has broken the lines.
        let text =
            without_tests(&std::fs::read_to_string(&file).unwrap()).split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"");
        if let Some((_, list)) = text.split_once("POINTS: &[&str] = &[") {
            for name in list.split(']').next().unwrap_or_default().split('"').skip(1).step_by(2) {
                assert!(listed.insert(name.to_owned()), "{name} is listed twice");
            }
        }
        for call in ["reach(\"", "pass(\""] {
            for rest in text.split(call).skip(1) {
                *passed.entry(rest.split('"').next().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
    }
    assert_eq!(listed, passed.into_keys().collect());
}

/// The functions of `database` that commit.
fn commits() -> BTreeSet<String> {
    let functions = functions(&workspace_root().join("crates/database/src"));
    let writes = |body: &str| ["self.write(", "self.write_atomic(", "self.claim_by("].iter().any(|write| body.contains(write));
    functions.into_iter().filter(|f| writes(&f.body)).filter_map(|f| f.name.rsplit(' ').next().map(str::to_owned)).collect()
}

struct Function {
    /// `crate/src/file.rs name`.
    name: String,
    body: String,
}

/// The functions below `folder`, tests apart: each from its `fn` to the next.
fn functions(folder: &Path) -> Vec<Function> {
    let mut found = Vec::<Function>::new();
    for file in files(folder) {
        let short = file.strip_prefix(workspace_root()).unwrap().components().skip(1).collect::<PathBuf>();
        let mut inside = false;
        for line in without_tests(&std::fs::read_to_string(&file).unwrap()).lines().filter(|line| !line.trim_start().starts_with("//")) {
            let words = line.trim_start().split_inclusive("fn ").collect::<Vec<_>>();
            let heads = words.first().is_some_and(|head| head.ends_with("fn ") && head.split(' ').all(|w| MODIFIERS.contains(&w)));
            if heads && let Some(name) = words.get(1).and_then(|rest| rest.split(['(', '<']).next()) {
                found.push(Function { name: format!("{} {name}", short.display()), body: String::new() });
                inside = true;
            } else if inside && let Some(function) = found.last_mut() {
                function.body.push_str(line);
                function.body.push('\n');
            }
        }
    }
    // A method chain that was broken over lines reads as one line.
    for function in &mut found {
        function.body = function.body.lines().map(str::trim).collect::<String>();
    }
    found
}

const MODIFIERS: &[&str] = &["", "pub", "pub(crate)", "pub(super)", "async", "const", "fn"];

fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
