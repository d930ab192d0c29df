//! The whole product as processes; each module is named for what it proves.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code fails by panicking")]

mod certificates;
mod command_line;
mod crash_and_resume;
mod hostile_packages;
mod one_signature;
mod push_to_download;
mod real_client;
mod signing_later;
mod timestamps;
