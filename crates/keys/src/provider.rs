//! The providers, one file each. The composition root alone names one.

pub mod self_signed;
pub mod stored_certificate;
