//! `/v3/certificates/{fingerprint}.crt`: a certificate that the feed signs or has signed with, listed or not.

use crate::state::FrontState;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use model::{Code, Digest, HashAlgorithm, Refusal};
use web::Problem;

pub(super) async fn certificate(State(state): State<FrontState>, Path(file): Path<String>) -> Result<Response, Problem> {
    let not_found = || Refusal::new(Code::CertificateNotFound, "there is no such certificate");
    let fingerprint = fingerprint(&file).ok_or_else(not_found)?;
    let found = state.database().certificate(&fingerprint.to_hex_upper()).await.map_err(|e| state.database_refusal(&e))?;
    let certificate = found.ok_or_else(not_found)?;
    let kind = HeaderValue::from_static("application/pkix-cert");
    Ok(([(header::CONTENT_TYPE, kind)], certificate.der().to_vec()).into_response())
}

/// Reads `{SHA-256}.crt`, in either case.
fn fingerprint(file: &str) -> Option<Digest> {
    let (hex, extension) = file.rsplit_once('.')?;
    extension.eq_ignore_ascii_case("crt").then(|| Digest::from_hex(HashAlgorithm::Sha256, hex)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_and_nothing_else() {
        let hex = "0a".repeat(32);
        let digest = Digest::from_hex(HashAlgorithm::Sha256, &hex);
        assert_eq!(fingerprint(&format!("{hex}.crt")), digest);
        assert_eq!(fingerprint(&format!("{}.CRT", hex.to_uppercase())), digest);
        for file in ["", ".crt", "0a.crt", &hex, &format!("{hex}.cer"), &format!("{}zz.crt", &hex[2..])] {
            assert_eq!(fingerprint(file), None, "{file}");
        }
    }
}
