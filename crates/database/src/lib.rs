#![doc = include_str!("../README.md")]

mod audit;
mod certificates;
mod config;
mod connect;
mod credential_status;
mod error;
mod job_queue;
mod jobs;
mod kept_values;
mod lease;
mod ledger;
mod packages;
mod records;
mod settle;
mod signatures;
mod splice_codec;
mod sql;
mod wake;
mod writer;

pub use audit::{AuditRow, Intent, IntentId, Outcome};
pub use certificates::{CertificateRecord, NewCertificate};
pub use config::DatabaseConfig;
pub use connect::Database;
pub use credential_status::{CredentialReport, CredentialStatus};
pub use error::{Error, ErrorKind};
pub use job_queue::JobQueue;
pub use jobs::{JobCounts, JobRecord};
pub use kept_values::KeptSignature;
pub use lease::Claim;
pub use ledger::Ledger;
pub use packages::{Deleted, Inserted, NewPackage, PackageFilter};
pub use records::{PackageKey, PackageRecord, PackageView, SignatureSummary};
pub use settle::Settled;
pub use signatures::WriteBack;
