//! The one place that turns codes into gRPC statuses. (HTTP's is `web::problem`.)

use model::{Category, Refusal};
use std::collections::HashMap;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Whose codes these are.
const DOMAIN: &str = "countersign";

/// A refusal as a status: its reason for people, and for programs the stable code, NuGet's number and when to come again.
pub(crate) fn status(refusal: &Refusal, retry_after: Option<Duration>) -> Status {
    let mut metadata = HashMap::new();
    if let Some(nu) = refusal.nu {
        metadata.insert("nu".to_owned(), nu.to_string());
    }
    let mut details = ErrorDetails::with_error_info(refusal.code.as_str(), DOMAIN, metadata);
    if let Some(delay) = retry_after {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(grpc_code(refusal.code.category()), refusal.to_string(), details)
}

fn grpc_code(category: Category) -> Code {
    match category {
        Category::Invalid => Code::InvalidArgument,
        Category::Unauthenticated => Code::Unauthenticated,
        Category::Forbidden => Code::PermissionDenied,
        Category::NotFound => Code::NotFound,
        Category::MethodNotAllowed => Code::Unimplemented,
        Category::Conflict => Code::AlreadyExists,
        Category::TooLarge | Category::TooMany => Code::ResourceExhausted,
        Category::RangeNotSatisfiable => Code::OutOfRange,
        Category::Unprocessable => Code::FailedPrecondition,
        Category::Unavailable => Code::Unavailable,
        Category::Internal => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Code as Stable;

    #[test]
    fn every_code_keeps_its_word() {
        for code in Stable::ALL {
            let status = status(&Refusal::new(*code, "because"), None);
            let info = status.get_details_error_info().unwrap();
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (code.as_str(), DOMAIN));
            assert_ne!(status.code(), Code::Ok);
            assert_ne!(status.code(), Code::Unknown);
        }
    }

    #[test]
    fn the_number_and_the_delay_are_told() {
        let status = status(&Refusal::nu(Stable::Zip64, 3006, "Zip64 cannot be signed"), Some(Duration::from_secs(7)));
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "NU3006: Zip64 cannot be signed"));
        assert_eq!(status.get_details_error_info().unwrap().metadata["nu"], "NU3006");
        assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_secs(7)));
    }
}
